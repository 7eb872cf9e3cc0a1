//! A client that sends ordered messages and counts those that are delivered: over the socket of `keel
//! cluster run`, or over corosync's CPG, in the same way.
//!
//! Owns: the load and its figures. Must never: know what cluster it is in.
//!
//! ```text
//! window ──► send ──► group ──► deliver ──► count; own: latency, room in the window
//! ```
//!
//! `cluster-load keel SOCKET | corosync, BYTES WINDOW SECONDS` prints one line of JSON.

#[cfg(feature = "corosync")]
mod corosync;
mod keel;

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What comes before the time that counts.
const WARM_UP: Duration = Duration::from_secs(1);
/// Who sent a message, and when: two numbers of eight bytes.
const STAMP_BYTES: usize = 16;

/// A group that delivers messages in one order.
trait Group {
    /// Sends a message, unless there is no room for it now.
    fn send(&mut self, message: &[u8]) -> io::Result<bool>;
    /// Waits for messages, of which so many own ones will come, and passes the beginning of each on.
    fn receive(&mut self, outstanding: usize, take: &mut dyn FnMut(&[u8])) -> io::Result<()>;
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cluster-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> io::Result<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (mut group, numbers): (Box<dyn Group>, _) = match words[..] {
        ["keel", socket, ref numbers @ ..] => {
            (Box::new(keel::Socket::open(socket.as_ref())?), numbers)
        }
        #[cfg(feature = "corosync")]
        ["corosync", ref numbers @ ..] => (Box::new(corosync::Cpg::join()?), numbers),
        _ => {
            return Err(io::Error::other(
                "which group? keel SOCKET, or corosync (a feature of the build)",
            ));
        }
    };
    let numbers: Vec<usize> = numbers
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [bytes, window, seconds] = numbers[..] else {
        return Err(io::Error::other("BYTES WINDOW SECONDS are three numbers"));
    };
    let load = Load {
        bytes: bytes.max(STAMP_BYTES),
        window,
        length: Duration::from_secs(seconds as u64),
    };
    load.put_on(group.as_mut())
}

struct Load {
    bytes: usize,
    window: usize,
    length: Duration,
}

impl Load {
    fn put_on(&self, group: &mut dyn Group) -> io::Result<String> {
        let began = Instant::now();
        let me = u64::from(std::process::id()) ^ began_nanoseconds();
        let mut message = vec![0; self.bytes];
        message[..8].copy_from_slice(&me.to_le_bytes());
        let (mut outstanding, mut delivered, mut latencies_us) = (0_usize, 0_u64, Vec::new());
        let end = WARM_UP + self.length;
        while began.elapsed() < end {
            while outstanding < self.window {
                message[8..16].copy_from_slice(&nanoseconds(began).to_le_bytes());
                if !group.send(&message)? {
                    break;
                }
                outstanding += 1;
            }
            let counts = began.elapsed() >= WARM_UP;
            let awaited = outstanding;
            group.receive(awaited, &mut |message| {
                let Some((stamp, _)) = message.split_first_chunk::<STAMP_BYTES>() else {
                    return;
                };
                let number = |from| {
                    let mut bytes = [0; 8];
                    bytes.copy_from_slice(&stamp[from..from + 8]);
                    u64::from_le_bytes(bytes)
                };
                delivered += u64::from(counts);
                if number(0) == me {
                    outstanding -= 1;
                    if counts {
                        latencies_us.push((nanoseconds(began) - number(8)) / 1000);
                    }
                }
            })?;
        }
        let seconds = (began.elapsed() - WARM_UP).as_secs_f64();
        latencies_us.sort_unstable();
        let at = |share: usize| latencies_us.get(latencies_us.len() * share / 1000).copied();
        let line = serde_json::json!({
            "delivered": delivered,
            "seconds": seconds,
            "p50_us": at(500),
            "p99_us": at(990),
            "worst_us": latencies_us.last(),
        });
        Ok(line.to_string())
    }
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Machines of a lab have process numbers of their own: the time tells two clients apart.
fn began_nanoseconds() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(0)
}
