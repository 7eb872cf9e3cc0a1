//! `cargo xtask bench failover`: what a client sees of each failure, with us and with the peers.
//!
//! ```text
//! keel lab rehearse FILE --engine both --runs N --json ──► medians ──► figures against limits
//! ```
//!
//! Both engines stand on the same machines, take the same files and suffer the same faults in
//! turn. The figures of the peers are shown only; ours have limits.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::{Outcome, cargo, complete, root};

/// Runs of each engine; the median counts.
const RUNS: u32 = 5;
/// The engine that is ours, and the one beside it.
const ENGINES: [&str; 2] = ["keel", "peers"];
/// Programs that the peers need.
const PEERS: [&str; 2] = ["haproxy", "keepalived"];

/// A pair of machines, and what each fault may cost it.
struct Pair {
    title: &'static str,
    file: &'static str,
    limits: &'static [Limit],
}

/// What a fault may cost at most, as a median.
struct Limit {
    fault: &'static str,
    gap_ms: f64,
    two_holders_ms: Option<f64>,
    failed_after: Option<f64>,
}

impl Limit {
    const fn gap(fault: &'static str, gap_ms: f64) -> Self {
        Self {
            fault,
            gap_ms,
            two_holders_ms: None,
            failed_after: None,
        }
    }
}

/// What is ours to answer for costs the same in either protocol; where a machine falls silent
/// (`silence_gap_ms`) the protocol's own times are what is allowed.
const fn limits(silence_gap_ms: f64) -> [Limit; 5] {
    [
        Limit::gap("balancer killed", 100.0),
        Limit {
            two_holders_ms: Some(100.0),
            ..Limit::gap("address keeper killed -9", 100.0)
        },
        Limit {
            failed_after: Some(0.0),
            ..Limit::gap("SIGTERM", 50.0)
        },
        Limit::gap("node dies", silence_gap_ms),
        Limit::gap("link cut", silence_gap_ms),
    ]
}

const PAIRS: [Pair; 2] = [
    Pair {
        title: "VRRPv2, an advertisement every second (the seeds' files)",
        file: "examples/landlord/lab.toml",
        limits: &limits(3_700.0),
    },
    Pair {
        title: "VRRPv3, an advertisement every 10 ms",
        file: "examples/landlord-v3/lab.toml",
        limits: &limits(50.0),
    },
];

/// What `keel lab rehearse --json` prints for several runs.
#[derive(Deserialize)]
struct Runs {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    engine: String,
    faults: Vec<Cost>,
}

#[derive(Clone, Deserialize)]
struct Cost {
    fault: String,
    longest_gap_ms: f64,
    two_holders_ms: f64,
    failed_after: f64,
}

/// Runs the bench: `[--runs N] [--pair v2|v3] [--no-peers]`.
pub fn run(arguments: &[String]) -> Outcome {
    let (mut runs, mut peers, mut only) = (RUNS, true, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--no-peers" => peers = false,
            "--runs" => {
                let value = arguments.next().and_then(|value| value.parse().ok());
                runs = value
                    .filter(|runs| *runs > 0)
                    .ok_or("--runs needs a number above 0")?;
            }
            "--pair" => match arguments.next().map(String::as_str) {
                Some("v2") => only = Some(0),
                Some("v3") => only = Some(1),
                _ => return Err("--pair is v2 or v3".to_owned()),
            },
            unknown => return Err(format!("unknown option '{unknown}'")),
        }
    }
    for program in PEERS {
        if peers && testing_support::find_command(program).is_none() {
            println!("{program} is not installed (sudo apt-get install {program}): only ours runs");
            peers = false;
        }
    }
    complete(
        cargo().args(["build", "--release", "--bin", "keel"]),
        "building keel",
    )?;
    let mut over = Vec::new();
    for (index, pair) in PAIRS.iter().enumerate() {
        if only.is_none_or(|only| only == index) {
            let costs = rehearse(pair, runs, peers)?;
            let (table, exceeded) = judge(pair, &costs);
            println!("\n{}, medians of {runs}\n{table}", pair.title);
            over.extend(exceeded);
        }
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!("over the limit:\n  {}", over.join("\n  ")))
    }
}

fn rehearse(pair: &Pair, runs: u32, peers: bool) -> Result<Runs, String> {
    let mut command = Command::new(keel());
    command
        .current_dir(root())
        .args(["lab", "rehearse", pair.file, "--json"])
        .args(["--engine", if peers { "both" } else { ENGINES[0] }])
        // One run alone is printed in a shorter form.
        .args(["--runs", &runs.max(if peers { 1 } else { 2 }).to_string()])
        .stdout(Stdio::piped());
    for limit in pair.limits {
        command.args(["--fault", limit.fault]);
    }
    let output = command
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .map_err(|error| format!("keel lab could not be started: {error}"))?;
    // A single run over its limit is a failure there; here the medians are judged.
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("keel lab rehearse {}: {error}", pair.file))
}

fn keel() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(target).join("release/keel")
}

/// The table, and the limits that ours exceeds.
fn judge(pair: &Pair, runs: &Runs) -> (String, Vec<String>) {
    let mut table = format!(
        "{:<26} {:>10} {:>10} {:>7} {:>9}  {}\n",
        "fault", "keel", "peers", "ratio", "limit", "two holders, failed after it: keel | peers"
    );
    let mut exceeded = Vec::new();
    for limit in pair.limits {
        let [ours, theirs] = ENGINES.map(|engine| medians(runs, engine, limit.fault));
        let Some(ours) = ours else {
            exceeded.push(format!("{}: not measured", limit.fault));
            continue;
        };
        let (gap, ratio) = theirs
            .as_ref()
            .map_or(("-".to_owned(), "-".to_owned()), |theirs| {
                let ratio = ours.longest_gap_ms / theirs.longest_gap_ms;
                (milliseconds(theirs.longest_gap_ms), format!("{ratio:.3}"))
            });
        let beside = |cost: &Cost| {
            let two = milliseconds(cost.two_holders_ms);
            format!("{two}, {}", cost.failed_after)
        };
        let _ = writeln!(
            table,
            "{:<26} {:>10} {gap:>10} {ratio:>7} {:>9}  {} | {}",
            limit.fault,
            milliseconds(ours.longest_gap_ms),
            milliseconds(limit.gap_ms),
            beside(&ours),
            theirs.as_ref().map_or("-".to_owned(), beside),
        );
        for (what, found, allowed) in [
            ("longest gap (ms)", ours.longest_gap_ms, Some(limit.gap_ms)),
            (
                "two holders (ms)",
                ours.two_holders_ms,
                limit.two_holders_ms,
            ),
            ("failed after it", ours.failed_after, limit.failed_after),
        ] {
            if let Some(allowed) = allowed.filter(|allowed| found > *allowed) {
                let pair = pair.title.split(',').next().unwrap_or_default();
                let fault = limit.fault;
                exceeded.push(format!(
                    "{pair}, {fault}: {what} {found:.1}, allowed {allowed}"
                ));
            }
        }
    }
    (table, exceeded)
}

/// The medians of one fault under one engine; `None` where it was not measured.
fn medians(runs: &Runs, engine: &str, fault: &str) -> Option<Cost> {
    let costs: Vec<&Cost> = runs
        .runs
        .iter()
        .filter(|run| run.engine == engine)
        .flat_map(|run| &run.faults)
        .filter(|cost| cost.fault == fault)
        .collect();
    let middle = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<f64> = costs.iter().map(|cost| figure(cost)).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied()
    };
    Some(Cost {
        fault: fault.to_owned(),
        longest_gap_ms: middle(|cost| cost.longest_gap_ms)?,
        two_holders_ms: middle(|cost| cost.two_holders_ms)?,
        failed_after: middle(|cost| cost.failed_after)?,
    })
}

fn milliseconds(figure: f64) -> String {
    if figure < 100.0 {
        format!("{figure:.1} ms")
    } else {
        format!("{figure:.0} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_ours_is_held_to_the_limit() {
        let run = |engine: &str, gap| Run {
            engine: engine.to_owned(),
            faults: vec![Cost {
                fault: "SIGTERM".to_owned(),
                longest_gap_ms: gap,
                two_holders_ms: 0.0,
                failed_after: 0.0,
            }],
        };
        const PAIR: Pair = Pair {
            title: "a pair",
            file: "",
            limits: &[Limit::gap("SIGTERM", 50.0)],
        };
        for (ours, expected) in [
            ([5.0, 50.0, 900.0], vec![]),
            (
                [5.0, 51.0, 900.0],
                vec!["a pair, SIGTERM: longest gap (ms) 51.0, allowed 50".to_owned()],
            ),
        ] {
            let mut runs: Vec<Run> = ours.iter().map(|gap| run("keel", *gap)).collect();
            runs.push(run("peers", 612.0));
            let (table, exceeded) = judge(&PAIR, &Runs { runs });
            assert_eq!(exceeded, expected);
            assert!(table.contains("612 ms"), "{table}");
        }
        let (_, exceeded) = judge(&PAIR, &Runs { runs: Vec::new() });
        assert_eq!(exceeded, ["SIGTERM: not measured"]);
    }
}
