//! A node dies or is cut off: how long until the others have a view with quorum. And the beginning of
//! all.

use std::thread;
use std::time::Duration;

use cluster_lab::name;
use lab::{LinkState, clock};

use super::Bench;
use super::engine::{Engine, Running, said};
use crate::figures::{Row, Times};

/// The machines.
const NODES: u32 = 3;
/// How long the cluster is left alone before a fault: every sort of start-up is over.
const QUIET: Duration = Duration::from_millis(1500);

/// Three nodes from nothing to quorum.
pub fn start(bench: &Bench, engine: Engine) -> Result<Vec<Row>, String> {
    let mut times = Times::default();
    for _ in 0..bench.runs {
        let running = bench.start(engine, NODES, 1)?;
        let began = clock::now();
        for node in running.all() {
            running.run(node)?;
        }
        let together = running.together(&running.all())?;
        times.add(clock::milliseconds(together - began));
    }
    Ok(vec![Row {
        case: "3 nodes from nothing to quorum".to_owned(),
        engine: engine.title,
        figure: times.median_and_worst(),
        aim: engine.aim("≤ 1 s"),
    }])
}

/// A machine loses its power.
pub fn death(bench: &Bench, engine: Engine) -> Result<Vec<Row>, String> {
    let times = times(bench, engine, &|running, victim, is_on| {
        let lab = running.lab();
        if is_on {
            return lab.kill_node(&name(victim)).map_err(said);
        }
        let at = lab.start_node(&name(victim)).map_err(said)?;
        running.run(victim)?;
        Ok(at)
    })?;
    Ok(vec![row("node dies: new view with quorum", engine, &times)])
}

/// A machine is cut off.
pub fn cut(bench: &Bench, engine: Engine) -> Result<Vec<Row>, String> {
    let times = times(bench, engine, &|running, victim, is_on| {
        let state = if is_on {
            LinkState::Silent
        } else {
            LinkState::Up
        };
        let lab = running.lab();
        lab.set_link(&name(victim), None, state).map_err(said)
    })?;
    Ok(vec![row(
        "node cut off: new view with quorum",
        engine,
        &times,
    )])
}

fn row(case: &'static str, engine: Engine, times: &Times) -> Row {
    Row {
        case: case.to_owned(),
        engine: engine.title,
        figure: times.median_and_worst(),
        aim: match engine.title {
            "keel" => "≤ 400 ms",
            "keel, tuned" => "≤ 60 ms",
            _ => "",
        },
    }
}

/// Strikes (true) or heals (false) a node; when.
type Fault<'a> = &'a dyn Fn(&Running, u32, bool) -> Result<clock::Nanoseconds, String>;

/// The first node leads, with us and with corosync: each second time it is the one that goes.
fn times(bench: &Bench, engine: Engine, fault: Fault<'_>) -> Result<Times, String> {
    let running = bench.together(engine, NODES, 1)?;
    let mut times = Times::default();
    for run in 0..bench.runs {
        let victim = if run % 2 == 0 { 1 } else { NODES };
        let others: Vec<u32> = running
            .all()
            .into_iter()
            .filter(|node| *node != victim)
            .collect();
        thread::sleep(QUIET);
        let mark = running.mark(&others)?;
        let struck = fault(&running, victim, true)?;
        let agreed = mark.view()?;
        times.add(clock::milliseconds(agreed.saturating_sub(struck)));
        fault(&running, victim, false)?;
        running.together(&running.all())?;
    }
    Ok(times)
}
