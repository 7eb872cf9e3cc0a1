//! What a client sees of a fault: it asks through the address at a fixed pace.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use lab::probe::{Question, Target};
use lab::{CLIENT, Holders, clock};

use super::Bench;
use super::machines::{ADDRESS, ECHO_PORT, Kind, Machines, said};
use crate::Outcome;
use crate::figures::{Row, Times, figure};

/// The time between two questions.
const PACE: Duration = Duration::from_millis(1);
/// An answer that comes later is none.
const TIMEOUT: Duration = Duration::from_millis(250);
/// How long the probe runs before the fault, and after everything is well again.
const BEFORE: Duration = Duration::from_millis(300);
const AFTER: Duration = Duration::from_millis(500);
/// Each machine's changes of addresses are read by a thread of its own: two holders for a shorter time
/// are none.
const SAME_MOMENT_MS: f64 = 1.0;
/// A fault comes at another moment of a second in each run, as monitors look each second.
const SECOND_MS: u64 = 1000;
const PHASE_MS: u64 = 370;

/// A fault and what follows.
pub struct Fault<'a> {
    /// Strikes the node that has the address.
    pub strike: &'a dyn Fn(&Machines, u32) -> Outcome,
    /// When it is over.
    pub over: Over,
    /// Makes the cluster whole again.
    pub heal: &'a dyn Fn(&Machines, u32) -> Outcome,
}

/// When a fault is over.
#[derive(Clone, Copy, Debug)]
pub enum Over {
    /// Another node has the address.
    Moved,
    /// After that time.
    After(Duration),
}

/// What several runs of a fault have cost.
#[derive(Default)]
pub struct Outages {
    /// The longest time without an answer.
    pub gaps: Times,
    /// How long two nodes had the address.
    pub two_ms: Times,
}

impl Outages {
    /// For the table.
    pub fn row(&self, case: &str, kind: Kind, aim: &'static str) -> Row {
        let mut measured = self.gaps.median_and_worst();
        if let Some(worst) = self.two_ms.worst().filter(|worst| *worst > SAME_MOMENT_MS) {
            measured += &format!("; two holders for {} ms", figure(worst));
        }
        row(case, kind, measured, aim)
    }
}

/// A row; the aim is ours alone.
pub fn row(case: &str, kind: Kind, figure: String, aim: &'static str) -> Row {
    Row {
        case: case.to_owned(),
        engine: kind.title(),
        figure,
        aim: if kind == Kind::Keel { aim } else { "" },
    }
}

/// The echo under the address.
pub fn echo() -> Question {
    Question::Echo(SocketAddr::from((ADDRESS, ECHO_PORT)))
}

/// Strikes and heals as often as the bench wants.
pub fn outages(
    bench: &Bench,
    machines: &Machines,
    question: &Question,
    fault: &Fault<'_>,
) -> Result<Outages, String> {
    let mut outages = Outages::default();
    for run in 0..bench.runs {
        machines.together()?;
        let holder = machines.holder()?;
        thread::sleep(Duration::from_millis(u64::from(run) * PHASE_MS % SECOND_MS));
        let (gap_ms, two_ms) = one(machines, question, fault, holder)?;
        bench.say(&format!(
            "  run {run}: {gap_ms:.1} ms, two holders {two_ms:.1} ms"
        ));
        outages.gaps.add(gap_ms);
        outages.two_ms.add(two_ms);
        (fault.heal)(machines, holder)?;
    }
    Ok(outages)
}

fn one(
    machines: &Machines,
    question: &Question,
    fault: &Fault<'_>,
    holder: u32,
) -> Result<(f64, f64), String> {
    let lab = machines.lab();
    let target = Target {
        question: question.clone(),
        pace: PACE,
        timeout: TIMEOUT,
    };
    let probe = lab.probe(CLIENT, &target).map_err(said)?;
    let is_answered = || {
        let status = probe.status().ok().flatten();
        status.is_some_and(|status| status.steady_since.is_some())
    };
    machines.until("the probe is answered", is_answered)?;
    thread::sleep(BEFORE);
    let began = clock::now();
    (fault.strike)(machines, holder)?;
    match fault.over {
        Over::Moved => {
            machines.until("the address moves", || machines.has_moved_from(holder))?;
        }
        Over::After(time) => thread::sleep(time),
    }
    machines.until("the probe is answered again", is_answered)?;
    thread::sleep(AFTER);
    let ended = clock::now();
    let report = probe.stop().map_err(said)?;
    let events = lab.address_events(0).map_err(said)?;
    let two = Holders::of(ADDRESS.into(), &events).time_with_two(began, ended);
    let gap_ms = clock::milliseconds(report.longest_gap);
    Ok((gap_ms, clock::milliseconds(two)))
}
