//! A large cluster with nothing to do; and a small one on a computer that has too much to do.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::Bench;
use super::engine::{ENGINES, Engine, Kind};
use crate::Outcome;
use crate::figures::{Row, figure, median};

/// A small cluster, one of the size that corosync is recommended for at most, and the largest.
const SIZES: [u32; 3] = [8, 16, 32];
/// For how long CPU time is counted, and how long it is quiet before.
const COUNTED: Duration = Duration::from_secs(20);
const QUIET: Duration = Duration::from_secs(5);
/// Loops for each core.
const LOOPS: usize = 2;
/// `sysconf(_SC_CLK_TCK)` is 100 on Linux.
const TICK_MS: f64 = 10.0;

/// CPU time and memory of each daemon.
pub fn idle(bench: &Bench, engine: Engine) -> Result<Vec<Row>, String> {
    if engine.title.contains("tuned") || engine.kind == Kind::OnCorosync {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for nodes in SIZES {
        match figure_of(bench, engine, nodes) {
            Ok(text) => rows.push(row(engine, nodes, text)),
            // The computer does not carry so many of them.
            Err(error) if engine.kind == Kind::Corosync => {
                let error = error.lines().next().unwrap_or_default().to_owned();
                rows.push(row(engine, nodes, error));
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

fn figure_of(bench: &Bench, engine: Engine, nodes: u32) -> Result<String, String> {
    let running = bench.together(engine, nodes, 1)?;
    thread::sleep(QUIET);
    let processes = daemons(engine)?;
    let before: Vec<f64> = processes.iter().map(|pid| cpu_ms(*pid)).collect();
    thread::sleep(COUNTED);
    let cpu = processes
        .iter()
        .zip(before)
        .map(|(pid, before)| (cpu_ms(*pid) - before) / COUNTED.as_secs_f64() / TICK_MS);
    let cpu: Vec<f64> = cpu.collect();
    let memory: Vec<f64> = processes.iter().map(|pid| memory_mib(*pid)).collect();
    drop(running);
    let worst = cpu.iter().copied().fold(0.0, f64::max);
    Ok(format!(
        "CPU {} %, busiest {} %; memory {} MiB ({} daemons)",
        figure(median(cpu)),
        figure(worst),
        figure(median(memory)),
        processes.len()
    ))
}

fn row(engine: Engine, nodes: u32, figure: String) -> Row {
    Row {
        case: format!("{nodes} nodes idle, for each"),
        engine: engine.title,
        figure,
        aim: engine.aim("corosync's"),
    }
}

/// The daemons of the lab, as this computer counts: no others run when figures are taken.
fn daemons(engine: Engine) -> Result<Vec<u32>, String> {
    let words: &[u8] = match engine.kind {
        Kind::Keel | Kind::OnCorosync => b"keel\0cluster\0run\0",
        Kind::Corosync => b"corosync\0-f\0",
    };
    let entries = fs::read_dir("/proc").map_err(|error| error.to_string())?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(numbers
        .filter(|pid: &u32| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(words))
        })
        .collect())
}

/// User and system time of a process (proc_pid_stat(5), fields 14 and 15).
fn cpu_ms(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() * TICK_MS
}

/// What is in memory of a process (proc_pid_status(5), VmRSS).
fn memory_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Loops that take all CPU time there is, until dropped.
struct Busy(Vec<Child>);

impl Busy {
    fn start() -> Result<Self, String> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut busy = Self(Vec::new());
        for _ in 0..cores * LOOPS {
            let child = Command::new("sh")
                .args(["-c", "while :; do :; done"])
                .stdin(Stdio::null())
                .spawn();
            busy.0.push(child.map_err(|error| error.to_string())?);
        }
        Ok(busy)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Three nodes while all cores are saturated: no node may be taken for dead.
pub fn saturate(bench: &Bench, minutes: u32) -> Outcome {
    let engine = ENGINES[0];
    let running = bench.together(engine, 3, 1)?;
    let cluster = running.keel().ok_or("this is ours")?;
    let views = || [1, 2, 3].map(|node| cluster.status(node).map(|it| it.view.counter));
    let lapses = || -> usize {
        let said = [1, 2, 3].map(|node| cluster.said(node));
        said.iter()
            .map(|said| said.matches("this node may not act").count())
            .sum()
    };
    let (before, lapses_before) = (views(), lapses());
    let busy = Busy::start()?;
    thread::sleep(Duration::from_secs(60) * minutes);
    let (after, lapses_after) = (views(), lapses());
    drop(busy);
    println!(
        "{minutes} minutes of {} busy loops: views {before:?} before, {after:?} after; {} times a \
         node did not act for a while",
        thread::available_parallelism().map_or(1, usize::from) * LOOPS,
        lapses_after - lapses_before
    );
    if before == after {
        Ok(())
    } else {
        let said = [1, 2, 3].map(|node| cluster.said(node)).join("\n");
        Err(format!("a node was taken for dead:\n{said}"))
    }
}
