//! Many resources on many nodes, from nothing to all started.

use std::thread;
use std::time::{Duration, Instant};

use cluster_api::{Answer, Change, Edit, Request};

use super::Bench;
use super::machines::{Kind, LIMIT};
use super::outage::row;
use crate::figures::{Row, Times};

const NODES: u32 = 16;
const RESOURCES: usize = 1000;
/// How often is counted how many have started.
const PACE: Duration = Duration::from_millis(100);

/// Ours only.
pub fn from_nothing(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    if kind == Kind::Peer {
        return Ok(Vec::new());
    }
    let mut times = Times::default();
    for run in 0..bench.runs {
        let machines = bench.start(kind, NODES)?;
        machines.do_not_fence()?;
        let Some(cluster) = machines.keel() else {
            return Ok(Vec::new());
        };
        let ask = |request: &Request| -> Result<Answer, String> {
            let mut client = cluster.client(1).map_err(|error| error.to_string())?;
            let limit = client.limit(Some(LIMIT));
            limit.map_err(|error| error.to_string())?;
            client.ask(request).map_err(|error| error.to_string())
        };
        let began = Instant::now();
        match ask(&load())? {
            Answer::Changed(_) => {}
            other => return Err(format!("the resources were not loaded: {other:?}")),
        }
        let mut started = 0;
        while started < RESOURCES {
            if began.elapsed() > LIMIT {
                return Err(format!("only {started} of {RESOURCES} have started"));
            }
            thread::sleep(PACE);
            started = count_started(&machines.cib(1)?);
            bench.say(&format!(
                "  run {run}: {:.1} s: {started}",
                began.elapsed().as_secs_f64()
            ));
        }
        times.add(began.elapsed().as_secs_f64() * 1000.0);
    }
    let case = format!("{NODES} nodes × {RESOURCES} Dummy resources: from nothing to all started");
    Ok(vec![row(&case, kind, times.median_and_worst(), "≤ 20 s")])
}

/// All of them in one change.
fn load() -> Request {
    let resources: String = (0..RESOURCES)
        .map(|number| {
            format!(
                "<primitive id=\"dummy-{number}\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\">\
                 <operations><op id=\"dummy-{number}-monitor-interval-10s\" name=\"monitor\" \
                 interval=\"10s\" timeout=\"20s\"/></operations></primitive>"
            )
        })
        .collect();
    Request::Change(Change {
        if_version: None,
        edits: vec![Edit::Modify {
            xml: format!("<resources>{resources}</resources>"),
            may_create: true,
        }],
    })
}

/// How many starts the CIB has that went well.
fn count_started(cib: &str) -> usize {
    let operations = cib.split("<lrm_rsc_op ").skip(1);
    let started = operations.filter(|operation| {
        let attributes = operation.split('>').next().unwrap_or_default();
        attributes.contains("operation=\"start\"") && attributes.contains(" rc-code=\"0\"")
    });
    started.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_starts_that_went_well_are_counted() {
        let cib = "<lrm_rsc_op id=\"a\" operation=\"start\" rc-code=\"0\"/>\
                   <lrm_rsc_op id=\"b\" operation=\"start\" rc-code=\"-1\"/>\
                   <lrm_rsc_op id=\"c\" operation=\"monitor\" rc-code=\"0\"/>";
        assert_eq!(count_started(cib), 1);
        assert_eq!(count_started("<cib/>"), 0);
    }
}
