//! Ordered messages: how many a second, and how long one takes.

use std::time::Duration;

use cluster_lab::name;
use serde::Deserialize;

use super::Bench;
use super::engine::{Engine, Running, said};
use crate::figures::{Row, figure, median};

const NODES: u32 = 3;
/// For how long is counted, in seconds.
const SECONDS: u32 = 5;
/// Sizes, with how many messages of a client are under way where many are wanted.
const SIZES: [(&str, &str, u32, u32); 2] = [
    (
        "ordered messages of 100 B",
        "one message of 100 B",
        100,
        256,
    ),
    (
        "ordered messages of 10 KiB",
        "one message of 10 KiB",
        10 * 1024,
        64,
    ),
];

/// What the load prints.
#[derive(Debug, Deserialize)]
struct Printed {
    delivered: f64,
    seconds: f64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
}

/// A client on every node sends as much as it can; then one sends one message after the other.
pub fn messages(bench: &Bench, engine: Engine) -> Result<Vec<Row>, String> {
    if engine.title.contains("tuned") {
        return Ok(Vec::new());
    }
    let running = bench.together(engine, NODES, 1)?;
    let mut rows = Vec::new();
    for (many, one, bytes, window) in SIZES {
        let mut rates = Vec::new();
        for _ in 0..bench.runs {
            let printed = load(bench, &running, &running.all(), bytes, window)?;
            let of_each = printed.iter().map(|it| it.delivered / it.seconds);
            rates.push(median(of_each.collect()));
        }
        let worst = rates.iter().copied().fold(f64::INFINITY, f64::min);
        rows.push(Row {
            case: many.to_owned(),
            engine: engine.title,
            figure: format!("{:.0} a second, worst {worst:.0}", median(rates)),
            aim: engine.aim("corosync's"),
        });
        let mut latencies = (Vec::new(), Vec::new());
        for _ in 0..bench.runs {
            for printed in load(bench, &running, &[2], bytes, 1)? {
                latencies.0.extend(printed.p50_us);
                latencies.1.extend(printed.p99_us);
            }
        }
        rows.push(Row {
            case: one.to_owned(),
            engine: engine.title,
            figure: format!(
                "p50 {} µs, p99 {} µs",
                figure(median(latencies.0)),
                figure(median(latencies.1))
            ),
            aim: engine.aim("corosync's"),
        });
    }
    Ok(rows)
}

/// Runs the load on some nodes at once.
fn load(
    bench: &Bench,
    running: &Running,
    nodes: &[u32],
    bytes: u32,
    window: u32,
) -> Result<Vec<Printed>, String> {
    const COMMAND: &str = "load";
    let limit = Duration::from_secs(u64::from(SECONDS) + 20);
    for node in nodes {
        let mut words = vec![bench.load.display().to_string()];
        match running.keel() {
            Some(cluster) => {
                words.push("keel".to_owned());
                words.push(cluster.socket(*node).display().to_string());
            }
            None => words.push("corosync".to_owned()),
        }
        words.extend([bytes, window, SECONDS].map(|number| number.to_string()));
        running
            .lab()
            .node(&name(*node))
            .spawn(COMMAND, &words)
            .map_err(said)?;
    }
    let mut printed = Vec::new();
    for node in nodes {
        let machine = running.lab().node(&name(*node));
        let end = machine.wait_for_end(COMMAND, limit).map_err(said)?;
        // The last line may still be on its way to the log.
        std::thread::sleep(Duration::from_millis(50));
        let log = machine.log(COMMAND).map_err(said)?;
        let line = log.lines().last().unwrap_or_default();
        let parsed = serde_json::from_str(line);
        printed.push(parsed.map_err(|_| format!("the load on node{node}: {end}: {line}"))?);
    }
    Ok(printed)
}
