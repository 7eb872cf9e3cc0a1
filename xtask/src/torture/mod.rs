//! `cargo xtask lab torture`: three machines that run the cluster's daemon, random faults, and clients
//! who remember what they were told.
//!
//! ```text
//! round: all together ──► faults + clients ──► heal ──► all together? ──► judge ──► next round
//!                               │ history                                   ▲
//!                               └───────────────────────────────────────────┘
//! ```
//!
//! A round takes about a minute and is judged alone, so that neither memory nor disk grow with the
//! hours.

mod clients;
mod faults;
mod health;
mod history;
mod judge;
mod options;
mod resources;
mod summary;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cluster_lab::{LabCluster, Shape};
use dice::Dice;

use crate::{Outcome, cargo, complete, root};
use faults::Faults;
use health::{Health, Watch};
use history::History;
use options::Options;
use summary::Summary;

/// The machines. With more, one fault means less.
const NODES: u32 = 3;
/// For how long faults strike in a round.
const ROUND: Duration = Duration::from_secs(45);
/// After the last fault is healed, the cluster is whole again within this: a pause may have made it
/// wait for as long as the longest time-outs.
const WHOLE_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked at.
const PACE: Duration = Duration::from_millis(20);
/// The logs of the machines are emptied beyond this, in bytes: what led to a failure is in the last
/// round.
const MAX_LOG_BYTES: u64 = 8 * 1024 * 1024;
/// A machine's disk, in MiB.
const DISK_MIB: u32 = 16;

/// Runs the torture: `torture [--hours H] [--minutes M] [--seed S] [--debug]`.
pub fn run(arguments: &[String]) -> Outcome {
    let options = options::read(arguments)?;
    let program = build(options.is_debug)?;
    let folder = root().join(format!("target/torture-{}", options.seed));
    let _ = fs::remove_dir_all(&folder);
    let shape = Shape {
        links: 2,
        disk_mib: Some(DISK_MIB),
        keel: "generations: 5".to_owned(),
        ..Shape::of(NODES)
    };
    let cluster = LabCluster::start(&program, &folder, shape).map_err(|error| error.to_string())?;
    println!("seed {}, logs in {}", options.seed, folder.display());
    match torture(&cluster, &options) {
        Ok(summary) => {
            drop(cluster);
            let _ = fs::remove_dir_all(&folder);
            println!("\n{summary}");
            Ok(())
        }
        Err(violation) => Err(format!(
            "{violation}\nlogs and history are in {}; for faults like these: \
             cargo xtask lab torture --seed {}",
            folder.display(),
            options.seed
        )),
    }
}

fn build(is_debug: bool) -> Result<PathBuf, String> {
    let mut command = cargo();
    command.args(["build", "--package", "keel"]);
    if !is_debug {
        command.arg("--release");
    }
    complete(&mut command, "building keel")?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let kind = if is_debug { "debug" } else { "release" };
    Ok(root().join(target).join(kind).join("keel"))
}

fn torture(cluster: &LabCluster, options: &Options) -> Result<Summary, String> {
    let mut dice = Dice::new(options.seed);
    let end = Instant::now() + options.length;
    let health = Arc::new(Health::new(NODES));
    let watch = Watch::start(cluster, &health);
    let mut faults = Faults::new(cluster, &health)?;
    let mut summary = Summary::default();
    cluster.run_all().map_err(|error| error.to_string())?;
    while Instant::now() < end {
        summary.rounds += 1;
        let result = round(cluster, &mut faults, &mut dice, &mut summary);
        summary.without_quorum = watch.longest();
        summary.faults.clone_from(faults.counts());
        if let Err(violation) = result {
            println!("{summary}");
            return Err(violation);
        }
        println!("{}", summary.last_round());
        shorten_logs(cluster);
    }
    Ok(summary)
}

fn round(
    cluster: &LabCluster,
    faults: &mut Faults<'_>,
    dice: &mut Dice,
    summary: &mut Summary,
) -> Outcome {
    summary.whole_after(wait_until_whole(cluster, faults)?);
    resources::configure(cluster)?;
    resources::refresh(cluster)?;
    resources::wait_until_settled(cluster)?;
    judge::clear(cluster)?;
    let history = Arc::new(History::new(summary.rounds));
    let clients = clients::Clients::start(cluster, &history, dice.throw());
    let end = Instant::now() + ROUND;
    let struck = strike_until(end, faults, dice);
    clients.stop();
    struck?;
    faults.heal_all()?;
    summary.whole_after(wait_until_whole(cluster, faults)?);
    resources::refresh(cluster)?;
    summary.settled_after(resources::wait_until_settled(cluster)?);
    let judgement = judge::judge(cluster, &history);
    summary.add(&history);
    if judgement.is_err() {
        let file = cluster.folder().join("history.txt");
        fs::write(&file, history.render()).map_err(|error| error.to_string())?;
    }
    judgement
}

fn strike_until(end: Instant, faults: &mut Faults<'_>, dice: &mut Dice) -> Outcome {
    while Instant::now() < end {
        faults.turn(dice)?;
        thread::sleep(PACE);
    }
    Ok(())
}

/// Waits until all nodes are in one view with quorum and one CIB; how long it took.
fn wait_until_whole(cluster: &LabCluster, faults: &mut Faults<'_>) -> Result<Duration, String> {
    let all: Vec<u32> = cluster.ids().collect();
    let began = Instant::now();
    while began.elapsed() < WHOLE_WITHIN {
        faults.restart_ended()?;
        if cluster.is_together(&all) {
            return Ok(began.elapsed());
        }
        thread::sleep(PACE);
    }
    Err(format!(
        "the cluster is not whole again {} s after everything was healed",
        WHOLE_WITHIN.as_secs()
    ))
}

/// The daemons append to their logs: they go on behind the cut.
fn shorten_logs(cluster: &LabCluster) {
    for node in cluster.ids() {
        let path: PathBuf = cluster
            .folder()
            .join(format!("{}.log", cluster_lab::name(node)));
        if len(&path) > MAX_LOG_BYTES
            && let Ok(file) = fs::OpenOptions::new().write(true).open(&path)
        {
            let _ = file.set_len(0);
        }
    }
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
