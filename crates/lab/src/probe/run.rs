//! `keel lab probe`: the probe's own process.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;

use super::ask::Asker;
use super::tally::{Outcome, Tally};
use super::{Question, Target};

/// How often the probe says what it has seen.
const STATUS_EVERY: Duration = Duration::from_millis(50);
/// The most requests under way at once; one more fails at once.
const MAX_IN_FLIGHT: usize = 4_096;
/// A probe that nobody stops ends by itself.
const LONGEST_PROBE: Duration = Duration::from_secs(30 * 60);

/// Reads `--http ADDR --host H --path P | --udp ADDR`, `--pace-us N`, `--timeout-ms N`.
pub(crate) fn parse(words: &[String]) -> Result<Target, String> {
    let (mut http, mut udp, mut host, mut path) = (None, None, None, "/".to_owned());
    let (mut pace, mut timeout) = (Duration::from_millis(2), Duration::from_millis(250));
    let number = |word: &str| word.parse().map_err(|_| format!("'{word}' is no number"));
    let mut words = words.iter();
    while let Some(option) = words.next() {
        let value = words.next().ok_or(format!("{option} needs a value"))?;
        let address = || {
            value
                .parse()
                .map_err(|_| format!("'{value}' is no ADDRESS:PORT"))
        };
        match option.as_str() {
            "--http" => http = Some(address()?),
            "--udp" => udp = Some(address()?),
            "--host" => host = Some(value.clone()),
            "--path" => path = value.clone(),
            "--pace-us" => pace = Duration::from_micros(number(value)?),
            "--timeout-ms" => timeout = Duration::from_millis(number(value)?),
            unknown => return Err(format!("unknown option '{unknown}'")),
        }
    }
    let question = match (http, udp) {
        (Some(address), None) => Question::Http {
            address,
            host: host.unwrap_or_else(|| address.to_string()),
            path,
        },
        (None, Some(address)) => Question::Echo(address),
        _ => return Err("give one of --http ADDRESS:PORT and --udp ADDRESS:PORT".to_owned()),
    };
    if pace.is_zero() {
        return Err("--pace-us is at least 1".to_owned());
    }
    Ok(Target {
        question,
        pace,
        timeout,
    })
}

/// Asks until SIGTERM or SIGINT, then prints the report as the last line.
pub(crate) fn run(target: Target) -> io::Result<()> {
    let _ = nix::sys::prctl::set_name(c"probe");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, ask_until_stopped(target))
}

async fn ask_until_stopped(target: Target) -> io::Result<()> {
    let (mut terminated, mut interrupted) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let asker = Rc::new(Asker::new(target.question, target.timeout).await?);
    let tally = Rc::new(RefCell::new(Tally::new(clock::now())));
    let mut under_way = JoinSet::new();
    let mut pace = interval(target.pace);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut status = interval(STATUS_EVERY);
    let end = tokio::time::sleep(LONGEST_PROBE);
    tokio::pin!(end);
    loop {
        tokio::select! {
            biased;
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
            () = &mut end => break,
            _ = pace.tick() => {
                while under_way.try_join_next().is_some() {}
                let sent = clock::now();
                tally.borrow_mut().sent(sent);
                if under_way.len() >= MAX_IN_FLIGHT {
                    tally.borrow_mut().ended(sent, sent, Outcome::Other);
                    continue;
                }
                let (asker, tally) = (Rc::clone(&asker), Rc::clone(&tally));
                under_way.spawn_local(async move {
                    let outcome = asker.ask().await;
                    tally.borrow_mut().ended(sent, clock::now(), outcome);
                });
            }
            _ = status.tick() => say(&tally.borrow().status(clock::now()))?,
        }
    }
    while under_way.join_next().await.is_some() {}
    drop(under_way);
    let tally = tally.replace(Tally::new(0));
    say(&tally.close())
}

fn say(word: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(word)?;
    line.push(b'\n');
    io::stdout().write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::super::arguments;
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_the_probe_reads() {
        for question in [
            Question::Http {
                address: "192.0.2.1:80".parse().unwrap(),
                host: "example.net".to_owned(),
                path: "/x?y".to_owned(),
            },
            Question::Echo("[2001:db8::1]:7".parse().unwrap()),
        ] {
            let target = Target {
                question,
                pace: Duration::from_micros(1500),
                timeout: Duration::from_millis(250),
            };
            assert_eq!(parse(&arguments(&target)), Ok(target));
        }
    }

    #[test]
    fn a_wrong_command_line_says_what_is_wrong() {
        for (words, expected) in [
            (&["--http", "x"][..], "'x' is no ADDRESS:PORT"),
            (&["--pace-us"], "--pace-us needs a value"),
            (&["--what", "1"], "unknown option '--what'"),
            (
                &["--pace-us", "1"],
                "give one of --http ADDRESS:PORT and --udp ADDRESS:PORT",
            ),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(parse(&words), Err(expected.to_owned()));
        }
    }
}
