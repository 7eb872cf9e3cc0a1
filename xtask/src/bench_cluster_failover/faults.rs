//! A node dies, is cut off, leaves, stands by, or loses its address to somebody's hand.

use std::time::Duration;

use cluster_lab::name;
use lab::LinkState;

use super::Bench;
use super::bmc::Bmcs;
use super::machines::{ADDRESS, Kind, LIMIT, Machines, said};
use super::outage::{Fault, Outages, Over, echo, outages, row};
use crate::Outcome;
use crate::figures::{Row, Times};

/// How long is watched who has the address after a cut, at least.
const CUT: Duration = Duration::from_secs(12);
/// How long is waited for an address to come back in place.
const IN_PLACE: Duration = Duration::from_secs(3);

/// A node dies, and is taken for dead.
pub fn death(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    let machines = bench.configured(kind, 2)?;
    let outages = outages(bench, &machines, &echo(), &DEATH)?;
    Ok(vec![outages.row("node dies, no fencing", kind, "≤ 650 ms")])
}

/// A node dies, and is fenced by its BMC before anything moves.
pub fn fencing(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    if let Some(why) = Bmcs::missing() {
        println!("fencing is not measured: {why}");
        return Ok(Vec::new());
    }
    let bmcs = Bmcs::of(NODES_WITH_FENCING);
    let machines = Machines::start(&bench.keel, kind, NODES_WITH_FENCING, bmcs.machines()?)?;
    let _switches = bmcs.run(&machines)?;
    bmcs.configure(&machines)?;
    machines.configure()?;
    let mut alone = Times::default();
    for _ in 0..bench.runs {
        alone.add(bmcs.agent_alone(&machines)?);
    }
    let dies = outages(bench, &machines, &echo(), &DEATH)?;
    let cut = outages(bench, &machines, &echo(), &CUT_AND_FENCED)?;
    let alone = alone.median_and_worst();
    Ok(vec![
        row(
            "the fence agent alone (fence_ipmilan, reboot)",
            kind,
            alone,
            "",
        ),
        dies.row(
            "node dies, fencing by simulated IPMI",
            kind,
            "≤ 650 ms + the agent's",
        ),
        two_holders(
            "link cut, 3 nodes, fencing",
            kind,
            &cut,
            "never two holders",
        ),
    ])
}

const NODES_WITH_FENCING: u32 = 3;

/// A node is cut off, without fencing: by lease where there is a majority, and not at all with two.
pub fn cut(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (nodes, case, aim) in [
        (3, "link cut, 3 nodes, no fencing", "never two holders"),
        (2, "link cut, 2 nodes, no fencing", ""),
    ] {
        let machines = bench.configured(kind, nodes)?;
        let cut = outages(bench, &machines, &echo(), &CUT_OFF)?;
        rows.push(two_holders(case, kind, &cut, aim));
    }
    Ok(rows)
}

fn two_holders(case: &str, kind: Kind, outages: &Outages, aim: &'static str) -> Row {
    let figure = format!(
        "two holders: {}; outage: {}",
        outages.two_ms.median_and_worst(),
        outages.gaps.median_and_worst()
    );
    row(case, kind, figure, aim)
}

/// A node leaves, and a node stands by.
pub fn leaving(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    let machines = bench.configured(kind, 2)?;
    let stop = Fault {
        strike: &|machines, node| machines.leave(node),
        over: Over::Moved,
        heal: &|machines, node| {
            machines.left(node)?;
            machines.run_daemons(node)
        },
    };
    let standby = Fault {
        strike: &|machines, node| {
            let words = ["node", "standby", &name(node)];
            machines.pcs(node, &words).map(drop)
        },
        over: Over::Moved,
        heal: &|machines, node| {
            let words = ["node", "unstandby", &name(node)];
            machines.pcs(node, &words).map(drop)
        },
    };
    let stopped = outages(bench, &machines, &echo(), &stop)?;
    let stood_by = outages(bench, &machines, &echo(), &standby)?;
    Ok(vec![
        stopped.row("a node leaves (pcs cluster stop)", kind, "≤ 20 ms"),
        stood_by.row("pcs node standby", kind, "≤ 20 ms"),
    ])
}

/// Somebody deletes the address.
pub fn address(bench: &Bench, kind: Kind) -> Result<Vec<Row>, String> {
    let machines = bench.configured(kind, 2)?;
    let deleted = Fault {
        strike: &|machines, node| {
            let address = format!("{}/24", ADDRESS);
            let words = ["ip", "address", "del", &address, "dev", "eth0"];
            let output = machines.node(node).run(&words, LIMIT).map_err(said)?;
            if output.success() {
                return Ok(());
            }
            Err(output.stderr)
        },
        over: Over::After(IN_PLACE),
        heal: &|machines, _| machines.forget_failures(),
    };
    let outages = outages(bench, &machines, &echo(), &deleted)?;
    Ok(vec![outages.row(
        "address deleted by hand, monitored each second",
        kind,
        "≤ 20 ms",
    )])
}

const DEATH: Fault<'_> = Fault {
    strike: &kill,
    over: Over::Moved,
    heal: &revive,
};

const CUT_OFF: Fault<'_> = Fault {
    strike: &cut_off,
    over: Over::After(CUT),
    heal: &|machines, _| machines.lab().mend().map(drop).map_err(said),
};

const CUT_AND_FENCED: Fault<'_> = Fault {
    strike: &cut_off,
    over: Over::Moved,
    heal: &|machines, node| {
        machines.lab().mend().map_err(said)?;
        revive(machines, node)
    },
};

fn kill(machines: &Machines, node: u32) -> Outcome {
    machines
        .lab()
        .kill_node(&name(node))
        .map(drop)
        .map_err(said)
}

fn cut_off(machines: &Machines, node: u32) -> Outcome {
    let state = LinkState::Cut;
    let cut = machines.lab().set_link(&name(node), None, state);
    cut.map(drop).map_err(said)
}

fn revive(machines: &Machines, node: u32) -> Outcome {
    // Whoever fenced it may have switched it on again.
    if machines.node(node).first_process().is_err() {
        machines.lab().start_node(&name(node)).map_err(said)?;
    }
    machines.run_cluster(node)
}
