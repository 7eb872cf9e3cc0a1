//! `cargo xtask bench balancer`: what one request costs the balancer, and what it costs HAProxy.
//!
//! ```text
//! wrk (CPU 1) ──HTTP/1.1 keep-alive──► proxy, one worker thread (CPU 0) ──► origin (CPU 1)
//! ```
//!
//! The figure is CPU time, user and system, of the proxy's whole process tree for each request,
//! over a fixed time; ours and the peer's runs alternate, and the medians are compared. Neither
//! logs.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::{Outcome, cargo, complete, root};

/// The processor of the proxy.
const PROXY_CPU: usize = 0;
/// The processor of the load generator and the origin.
const LOAD_CPU: usize = 1;
/// Connections at once, one row each.
const CONNECTIONS: [u32; 2] = [32, 128];
/// Runs of each proxy and row; the median counts.
const RUNS: u32 = 3;
/// Length of one measurement.
const SECONDS: u32 = 3;
/// Load before each measurement, in seconds.
const WARM_UP_SECONDS: u32 = 1;
/// Ours may cost at most this share of the peer's.
const RATIO_LIMIT: f64 = 0.85;
/// How long a proxy may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(10);
/// The response's body.
const BODY: &str = "The origin answers with 35 bytes.\r\n";

/// One proxy under test.
struct Contender {
    name: &'static str,
    port: u16,
    process: Child,
}

impl Drop for Contender {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the bench: `[--json] [--runs N] [--seconds N] [--no-peer]`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let option = |name: &str| {
        arguments
            .iter()
            .position(|argument| argument == name)
            .and_then(|at| arguments.get(at + 1))
            .and_then(|value| value.parse().ok())
    };
    let runs: u32 = option("--runs").unwrap_or(RUNS);
    let seconds: u32 = option("--seconds").unwrap_or(SECONDS);
    let with_peer = !arguments.iter().any(|argument| argument == "--no-peer");
    let as_json = arguments.iter().any(|argument| argument == "--json");

    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let origin_port = start_origin()?;
    let mut contenders = vec![start_ours(folder.path(), origin_port)?];
    if with_peer {
        contenders.push(start_haproxy(folder.path(), origin_port)?);
    }
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let mut samples: Vec<Vec<Sample>> = contenders.iter().map(|_| Vec::new()).collect();
        for _ in 0..runs {
            for (contender, samples) in contenders.iter().zip(&mut samples) {
                samples.push(measure(contender, connections, seconds)?);
            }
        }
        rows.push((connections, samples));
    }
    report(&contenders, &rows, as_json)
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
struct Sample {
    microseconds_per_request: f64,
    requests_per_second: f64,
}

fn measure(contender: &Contender, connections: u32, seconds: u32) -> Result<Sample, String> {
    load(contender.port, connections, WARM_UP_SECONDS)?;
    let before = cpu_time(contender.process.id());
    let started = Instant::now();
    let requests = load(contender.port, connections, seconds)?;
    let elapsed = started.elapsed();
    let spent = cpu_time(contender.process.id()).saturating_sub(before);
    if requests == 0 {
        return Err(format!("{} answered nothing", contender.name));
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let requests = requests as f64;
    Ok(Sample {
        microseconds_per_request: spent.as_secs_f64() * 1e6 / requests,
        requests_per_second: requests / elapsed.as_secs_f64(),
    })
}

/// Puts load on a port; returns how many requests were answered.
fn load(port: u16, connections: u32, seconds: u32) -> Result<u64, String> {
    let output = Command::new("taskset")
        .args(["-c", &LOAD_CPU.to_string(), "wrk", "-t1"])
        .args([format!("-c{connections}"), format!("-d{seconds}s")])
        .arg(format!("http://127.0.0.1:{port}/"))
        .output()
        .map_err(|error| format!("wrk is needed (apt-get install wrk): {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = |what| {
        format!(
            "wrk {what}:\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    };
    if text.contains("Socket errors") || text.contains("Non-2xx") {
        return Err(failed("saw failures"));
    }
    text.lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .and_then(|(count, _)| count.trim().parse().ok())
        .ok_or_else(|| failed("printed no count"))
}

/// CPU time of a process with all its threads and descendants.
fn cpu_time(process: u32) -> Duration {
    let tasks = PathBuf::from(format!("/proc/{process}/task"));
    let mut total = Duration::ZERO;
    for task in std::fs::read_dir(tasks).into_iter().flatten().flatten() {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        let nanoseconds = read("schedstat")
            .split_whitespace()
            .next()
            .and_then(|field| field.parse().ok())
            .unwrap_or(0);
        total += Duration::from_nanos(nanoseconds);
        for child in read("children").split_whitespace() {
            total += child.parse().map_or(Duration::ZERO, cpu_time);
        }
    }
    total
}

fn start_ours(folder: &Path, origin: u16) -> Result<Contender, String> {
    complete(
        cargo().args(["build", "--quiet", "--release", "--package", "keel"]),
        "building keel",
    )?;
    let binary = root().join("target/release/keel");
    start("keel", Path::new("keel.cfg"), folder, origin, |file| {
        let mut command = pinned(&binary);
        command.args(["haproxy", "-db", "-q", "-f"]).arg(file);
        command
    })
}

fn start_haproxy(folder: &Path, origin: u16) -> Result<Contender, String> {
    start(
        "haproxy",
        Path::new("haproxy.cfg"),
        folder,
        origin,
        |file| {
            let mut command = pinned(Path::new("haproxy"));
            command.args(["-db", "-q", "-f"]).arg(file);
            command
        },
    )
}

/// A command that stays on the proxy's processor.
fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["-c", &PROXY_CPU.to_string()])
        .arg(program)
        .stderr(Stdio::null());
    command
}

fn start(
    name: &'static str,
    file: &Path,
    folder: &Path,
    origin: u16,
    command: impl FnOnce(&Path) -> Command,
) -> Result<Contender, String> {
    let port = free_port()?;
    let file = folder.join(file);
    std::fs::write(&file, configuration(port, origin)).map_err(|error| error.to_string())?;
    let process = command(&file)
        .spawn()
        .map_err(|error| format!("{name} could not be started: {error}"))?;
    ready(Contender {
        name,
        port,
        process,
    })
}

/// The same for both.
fn configuration(port: u16, origin: u16) -> String {
    format!(
        "global\n  nbthread 1\n  maxconn 4000\ndefaults\n  mode http\n  timeout connect 5s\n  \
         timeout client 50s\n  timeout server 50s\nfrontend front\n  bind 127.0.0.1:{port}\n  \
         default_backend back\nbackend back\n  server origin 127.0.0.1:{origin}\n"
    )
}

fn ready(mut contender: Contender) -> Result<Contender, String> {
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", contender.port)).is_err() {
        if let Ok(Some(status)) = contender.process.try_wait() {
            return Err(format!("{} ended: {status}", contender.name));
        }
        if started.elapsed() > START_LIMIT {
            return Err(format!("{} does not listen", contender.name));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(contender)
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn report(contenders: &[Contender], rows: &[(u32, Vec<Vec<Sample>>)], as_json: bool) -> Outcome {
    let mut json_rows = Vec::new();
    let mut text = String::from("CPU time per request, medians\n\n");
    let mut worst: Option<f64> = None;
    for (connections, samples) in rows {
        let costs: Vec<f64> = samples
            .iter()
            .map(|samples| median(samples, |s| s.microseconds_per_request))
            .collect();
        let _ = write!(text, "{connections:>4} connections");
        let mut row = json!({ "connections": connections });
        for ((contender, samples), cost) in contenders.iter().zip(samples).zip(&costs) {
            let rate = median(samples, |sample| sample.requests_per_second);
            let _ = write!(text, "   {} {cost:6.2} µs ({rate:.0}/s)", contender.name);
            row[contender.name] = json!({
                "cpu_us_per_request": cost,
                "requests_per_second": rate,
                "runs_us": samples.iter().map(|s| s.microseconds_per_request).collect::<Vec<_>>(),
            });
        }
        if let [ours, theirs] = costs[..] {
            let ratio = ours / theirs;
            let _ = write!(text, "   ratio {ratio:.2}");
            row["ratio"] = json!(ratio);
            worst = Some(worst.map_or(ratio, |worst| worst.max(ratio)));
        }
        text.push('\n');
        json_rows.push(row);
    }
    if as_json {
        let document: Value =
            json!({ "bench": "balancer", "limit": RATIO_LIMIT, "rows": json_rows });
        println!("{document:#}");
    } else {
        print!("{text}");
    }
    match worst {
        Some(ratio) if ratio > RATIO_LIMIT => Err(format!(
            "the ratio {ratio:.2} is above the limit {RATIO_LIMIT}"
        )),
        _ => Ok(()),
    }
}

/// A server that answers every request head with the same 35 bytes, on a thread of its own for as
/// long as this process lives.
fn start_origin() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener
        .local_addr()
        .map_err(|error| error.to_string())?
        .port();
    std::thread::spawn(move || {
        let mut processors = CpuSet::new();
        // Without a second processor the origin runs wherever it may.
        if processors.set(LOAD_CPU).is_ok() {
            let _ = sched_setaffinity(Pid::from_raw(0), &processors);
        }
        if let Err(error) = serve_origin(&listener) {
            eprintln!("xtask: the origin failed: {error}");
        }
    });
    Ok(port)
}

fn serve_origin(listener: &TcpListener) -> std::io::Result<()> {
    /// The listener's mark among the events; connections count from 0.
    const LISTENER: u64 = u64::MAX;
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(
        listener.as_fd(),
        EpollEvent::new(EpollFlags::EPOLLIN, LISTENER),
    )?;
    let mut connections: Vec<Option<TcpStream>> = Vec::new();
    let mut events = [EpollEvent::empty(); 256];
    let mut buffer = [0; 16_384];
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..count] {
            if event.data() == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                let mark = u64::try_from(connections.len()).unwrap_or(LISTENER - 1);
                epoll.add(stream.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, mark))?;
                connections.push(Some(stream));
                continue;
            }
            let Some(slot) = usize::try_from(event.data())
                .ok()
                .and_then(|index| connections.get_mut(index))
            else {
                continue;
            };
            let Some(stream) = slot else { continue };
            let read = stream.read(&mut buffer).unwrap_or(0);
            let requests = buffer[..read]
                .windows(4)
                .filter(|bytes| *bytes == b"\r\n\r\n")
                .count();
            let answered = (0..requests).all(|_| stream.write_all(response.as_bytes()).is_ok());
            if read == 0 || !answered {
                *slot = None;
            }
        }
    }
}
