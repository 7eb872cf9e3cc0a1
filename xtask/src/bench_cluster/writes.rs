//! Changes of the CIB, each on the disks of all nodes before it is acknowledged.

use std::time::Instant;

use cluster_api::{Answer, Durability};
use cluster_lab::change_attribute;

use super::Bench;
use super::engine::{Engine, Kind};
use crate::figures::{Row, Times};

const NODES: u32 = 3;
/// Changes of a run.
const CHANGES: u32 = 200;

/// Ours only: corosync keeps nothing.
pub fn changes(bench: &Bench, engine: Engine) -> Result<Vec<Row>, String> {
    if engine.kind == Kind::Corosync || engine.title.contains("tuned") {
        return Ok(Vec::new());
    }
    let running = bench.together(engine, NODES, 1)?;
    let Some(cluster) = running.keel() else {
        return Ok(Vec::new());
    };
    let mut times = Times::default();
    for run in 0..bench.runs {
        let mut client = cluster
            .client(1 + run % NODES)
            .map_err(|error| error.to_string())?;
        for number in 0..CHANGES {
            let change = change_attribute("bench", &format!("{run}.{number}"), None);
            let began = Instant::now();
            match client.ask(&change).map_err(|error| error.to_string())? {
                Answer::Changed(made) if made.durability == Durability::ExclusiveQuorum => {
                    times.add(began.elapsed().as_secs_f64() * 1000.0);
                }
                other => return Err(format!("the change was not made: {other:?}")),
            }
        }
    }
    Ok(vec![Row {
        case: "CIB change acknowledged, 3 disks synced".to_owned(),
        engine: engine.title,
        figure: times.percentiles(),
        aim: engine.aim("p50 ≤ 5 ms"),
    }])
}
