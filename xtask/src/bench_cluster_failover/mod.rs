//! `cargo xtask bench cluster-failover`: what a client sees of a cluster's failures, and what an
//! operator waits for, beside corosync, Pacemaker and pcs on machines of the same lab.
//!
//! ```text
//! case ──► Machines (ours or the peers') ──► pcs … ──► fault ──► probe through the address ──► table
//! ```

mod bmc;
mod commands;
mod faults;
mod machines;
mod outage;
mod peer;
mod scale;
mod service;

use std::path::PathBuf;

use crate::figures::{self, Row};
use crate::{Outcome, cargo, complete, root};
use machines::{Kind, Machines};

/// Runs of each case; the median counts.
const RUNS: u32 = 5;

/// What can be measured.
const CASES: [(&str, Measure); 8] = [
    ("death", faults::death),
    ("fencing", faults::fencing),
    ("cut", faults::cut),
    ("leaving", faults::leaving),
    ("address", faults::address),
    ("service", service::deaths),
    ("commands", commands::commands),
    ("scale", scale::from_nothing),
];

/// Measures a case; no rows where somebody has nothing to do with it.
type Measure = fn(&Bench, Kind) -> Result<Vec<Row>, String>;

/// What all cases need.
struct Bench {
    /// The `keel` executable.
    keel: PathBuf,
    runs: u32,
    is_verbose: bool,
}

/// Runs the bench: `[--runs N] [--case NAME]… [--no-peer] [--write] [--verbose]
/// [--keel FILE]`.
pub fn run(arguments: &[String]) -> Outcome {
    let (mut runs, mut peer, mut write, mut is_verbose) = (RUNS, true, false, false);
    let mut profile = "release";
    let mut keel = None;
    let mut chosen: Vec<String> = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = arguments.as_slice().first();
        let needed = || format!("{argument} needs a value");
        match argument.as_str() {
            "--no-peer" => peer = false,
            "--write" => write = true,
            "--verbose" => is_verbose = true,
            // To try the bench, not to measure.
            "--debug" => profile = "debug",
            "--runs" => {
                let number = value.and_then(|value| value.parse().ok());
                runs = number
                    .filter(|runs| *runs > 0)
                    .ok_or("--runs needs a number above 0")?;
                arguments.next();
            }
            "--keel" => {
                keel = Some(PathBuf::from(value.ok_or_else(needed)?));
                arguments.next();
            }
            "--case" => {
                chosen.push(value.ok_or_else(needed)?.clone());
                arguments.next();
            }
            unknown => return Err(format!("unknown option '{unknown}'")),
        }
    }
    let names: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = chosen.iter().find(|case| !names.contains(&case.as_str())) {
        return Err(format!("no case '{unknown}': {}", names.join(", ")));
    }
    if let Some(why) = peer::missing().filter(|_| peer) {
        println!("{why}: only ours runs");
        peer = false;
    }
    let bench = Bench {
        keel: match keel {
            Some(keel) => keel,
            None => build(profile)?,
        },
        runs,
        is_verbose,
    };
    let kinds = if peer {
        &[Kind::Keel, Kind::Peer][..]
    } else {
        &[Kind::Keel]
    };
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|case| case == name);
    let (rows, failures) = bench.measure(kinds, is_chosen);
    println!("\n{}", figures::table(&rows));
    if write {
        figures::write("cluster-failover", &rows)?;
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("not measured:\n{}", failures.join("\n")))
}

fn build(profile: &str) -> Result<PathBuf, String> {
    let cargo_profile = if profile == "debug" { "dev" } else { profile };
    let mut command = cargo();
    command.args(["build", "--profile", cargo_profile, "--package", "keel"]);
    complete(&mut command, "building keel")?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(root().join(target).join(profile).join("keel"))
}

impl Bench {
    /// All cases that are chosen: their rows, and why others have none.
    fn measure(&self, kinds: &[Kind], is_chosen: impl Fn(&str) -> bool) -> (Vec<Row>, Vec<String>) {
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        for (name, measure) in CASES.iter().filter(|(name, _)| is_chosen(name)) {
            for kind in kinds {
                self.say(&format!("{name}, {}", kind.title()));
                match measure(self, *kind) {
                    Ok(measured) => {
                        for row in &measured {
                            println!("{}, {}: {}", row.case, row.engine, row.figure);
                        }
                        rows.extend(measured);
                    }
                    Err(why) => {
                        println!("{name}, {}: {why}", kind.title());
                        failures.push(format!("{name}, {}: {why}", kind.title()));
                    }
                }
            }
        }
        (rows, failures)
    }

    /// Something for whoever watches.
    fn say(&self, text: &str) {
        if self.is_verbose {
            println!("{text}");
        }
    }

    /// A cluster whose nodes are together.
    fn start(&self, kind: Kind, nodes: u32) -> Result<Machines, String> {
        Machines::start(&self.keel, kind, nodes, Vec::new())
    }

    /// A cluster without fencing that keeps an address.
    fn configured(&self, kind: Kind, nodes: u32) -> Result<Machines, String> {
        let machines = self.start(kind, nodes)?;
        machines.do_not_fence()?;
        machines.configure()?;
        Ok(machines)
    }
}
