//! `cargo xtask bench cluster`: how fast a cluster notices, orders and remembers, beside corosync on
//! the same machines of the lab.
//!
//! ```text
//! case ──► Engine::start ──► Running (keel or corosync in the lab) ──► figures ──► table
//! ```

mod engine;
mod failover;
mod idle;
mod link;
mod load;
mod writes;

use std::path::{Path, PathBuf};

use crate::figures::{self, Row};
use crate::{Outcome, cargo, complete, root};
use engine::{ENGINES, Engine, Kind};

/// Runs of each case that is about one moment; the median counts.
const RUNS: u32 = 5;

/// What can be measured.
const CASES: [(&str, Measure); 7] = [
    ("start", failover::start),
    ("death", failover::death),
    ("cut", failover::cut),
    ("link", link::cut_of_two),
    ("messages", load::messages),
    ("writes", writes::changes),
    ("idle", idle::idle),
];

/// Measures a case for one engine; no rows where it has nothing to do with it.
type Measure = fn(&Bench, Engine) -> Result<Vec<Row>, String>;

/// What all cases need.
struct Bench {
    /// The `keel` executable.
    keel: PathBuf,
    /// The load.
    load: PathBuf,
    runs: u32,
}

/// Runs the bench: `[--runs N] [--case NAME]… [--no-peer] [--write] [--saturate-minutes M]`.
pub fn run(arguments: &[String]) -> Outcome {
    let (mut runs, mut peer, mut write, mut saturate) = (RUNS, true, false, None);
    let mut profile = "release";
    let mut chosen: Vec<String> = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next().cloned();
            value.ok_or_else(|| format!("{argument} needs a value"))
        };
        let number = |text: String| {
            let number = text.parse().ok().filter(|number| *number > 0);
            number.ok_or_else(|| format!("{argument} needs a number above 0"))
        };
        match argument.as_str() {
            "--no-peer" => peer = false,
            "--write" => write = true,
            // To try the bench, not to measure.
            "--debug" => profile = "debug",
            "--runs" => runs = number(value()?)?,
            "--saturate-minutes" => saturate = Some(number(value()?)?),
            "--case" => chosen.push(value()?),
            unknown => return Err(format!("unknown option '{unknown}'")),
        }
    }
    let names: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = chosen.iter().find(|case| !names.contains(&case.as_str())) {
        return Err(format!("no case '{unknown}': {}", names.join(", ")));
    }
    let peer = peer && has_corosync();
    let bench = build(runs, peer, profile)?;
    if let Some(minutes) = saturate {
        return idle::saturate(&bench, minutes);
    }
    let mut rows = Vec::new();
    for (name, measure) in CASES {
        if !chosen.is_empty() && !chosen.iter().any(|case| case == name) {
            continue;
        }
        for engine in ENGINES {
            if engine.kind == Kind::Keel || peer {
                let measured = measure(&bench, engine)?;
                for row in &measured {
                    println!("{}, {}: {}", row.case, row.engine, row.figure);
                }
                rows.extend(measured);
            }
        }
    }
    println!("\n{}", figures::table(&rows));
    if write {
        figures::write("cluster", &rows)?;
    }
    Ok(())
}

fn has_corosync() -> bool {
    let found = testing_support::find_command("corosync").is_some();
    if !found {
        println!("corosync is not installed (sudo apt-get install corosync): only ours runs");
    }
    found
}

fn build(runs: u32, peer: bool, profile: &str) -> Result<Bench, String> {
    let cargo_profile = if profile == "debug" { "dev" } else { profile };
    let build = |package| {
        let mut command = cargo();
        command.args(["build", "--profile", cargo_profile, "--package", package]);
        command
    };
    let mut keel = build("keel");
    if peer {
        keel.args(["--features", "corosync"]);
    }
    let libraries = "corosync's libraries: sudo apt-get install libcpg-dev libcfg-dev libcmap-dev \
                     libquorum-dev libvotequorum-dev";
    complete(&mut keel, &format!("building keel ({libraries})"))?;
    let mut load = build("cluster-load");
    if peer {
        load.args(["--features", "corosync"]);
    }
    complete(&mut load, &format!("building the load ({libraries})"))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let built = |name: &str| root().join(&target).join(profile).join(name);
    Ok(Bench {
        keel: built("keel"),
        load: built("cluster-load"),
        runs,
    })
}

impl Bench {
    fn start(&self, engine: Engine, nodes: u32, links: u8) -> Result<engine::Running, String> {
        engine.start(Path::new(&self.keel), nodes, links)
    }

    /// A cluster whose nodes are together.
    fn together(&self, engine: Engine, nodes: u32, links: u8) -> Result<engine::Running, String> {
        let running = self.start(engine, nodes, links)?;
        for node in running.all() {
            running.run(node)?;
        }
        running.together(&running.all())?;
        Ok(running)
    }
}
