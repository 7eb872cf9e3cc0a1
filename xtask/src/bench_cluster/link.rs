//! One link of two is cut while messages flow.

use std::thread;
use std::time::{Duration, Instant};

use cluster_api::{Frame, Request};
use cluster_lab::{LabCluster, name};
use lab::LinkState;

use super::Bench;
use super::engine::{Engine, Kind, said};
use crate::figures::{Row, figure};

const NODES: u32 = 3;
/// Messages of a run, one each millisecond; the link is cut in the middle.
const MESSAGES: u32 = 1000;
const PACE: Duration = Duration::from_millis(1);

/// Ours only: corosync has no word for a message that is lost on the way to a client.
pub fn cut_of_two(bench: &Bench, engine: Engine) -> Result<Vec<Row>, String> {
    if engine.kind != Kind::Keel || engine.title.contains("tuned") {
        return Ok(Vec::new());
    }
    let running = bench.together(engine, NODES, 2)?;
    let Some(cluster) = running.keel() else {
        return Ok(Vec::new());
    };
    let counter = || cluster.status(NODES).map(|status| status.view.counter);
    let (mut lost, mut gap_ms, mut changes) = (0, 0.0_f64, 0);
    for run in 0..bench.runs {
        let before = counter();
        let link = if run % 2 == 0 { "eth0" } else { "eth1" };
        let (missing, gap) = stream(cluster, link)?;
        lost += missing;
        gap_ms = gap_ms.max(gap.as_secs_f64() * 1000.0);
        thread::sleep(Duration::from_secs(2));
        changes += u64::from(counter() != before);
        cluster.lab().mend().map_err(said)?;
        thread::sleep(Duration::from_secs(2));
    }
    Ok(vec![Row {
        case: "link 1 of 2 cut".to_owned(),
        engine: engine.title,
        figure: format!(
            "{changes} view changes, {lost} messages lost; longest gap {} ms",
            figure(gap_ms)
        ),
        aim: "0, 0",
    }])
}

/// How many messages are missing or out of order, and the longest time without one.
fn stream(cluster: &LabCluster, link: &str) -> Result<(u32, Duration), String> {
    let join = |node| -> Result<cluster_api::Client, String> {
        let mut client = cluster.client(node).map_err(|error| error.to_string())?;
        client
            .ask(&Request::Join)
            .map_err(|error| error.to_string())?;
        Ok(client)
    };
    let (mut listener, mut sender) = (join(NODES)?, join(2)?);
    thread::scope(|scope| {
        let heard = scope.spawn(move || {
            let (mut missing, mut gap, mut last) = (0, Duration::ZERO, Instant::now());
            for number in 0..MESSAGES {
                let Ok(Frame::Message(content)) = listener.receive() else {
                    return (MESSAGES - number, gap);
                };
                missing += u32::from(!content.ends_with(&number.to_le_bytes()));
                gap = gap.max(last.elapsed());
                last = Instant::now();
            }
            (missing, gap)
        });
        for number in 0..MESSAGES {
            if number == MESSAGES / 2 {
                let lab = cluster.lab();
                lab.set_link(&name(2), Some(link), LinkState::Silent)
                    .map_err(said)?;
            }
            sender
                .send(&Frame::Message(number.to_le_bytes().to_vec()))
                .map_err(|error| error.to_string())?;
            thread::sleep(PACE);
        }
        heard.join().map_err(|_| "the listener died".to_owned())
    })
}
