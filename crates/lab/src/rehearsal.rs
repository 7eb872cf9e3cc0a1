//! Plays a plan's faults one by one and says what each cost.
//!
//! ```text
//! settle ──► probe ──► fault ──► observe until steady ──► account ──► heal ──┐
//!   ▲                                                                        │
//!   └────────────────────────────────────────────────────────────────────────┘
//! ```

mod disks;
mod fault;
mod settle;
mod steps;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::clock::{self, Nanoseconds};
use crate::holders::Holders;
use crate::plan::{CLIENT, Engine, Fault, Limits, Plan};
use crate::power::{self, Power, PowerSwitches};
use crate::probe::{Failures, Report};
use crate::{Error, Lab, LabBuilder, Result};
use disks::Disks;

/// How often the observation looks whether all is steady again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How many lines of a failed command's log are shown.
const LAST_WORDS: usize = 12;
/// Under which name a power switch's state is among the disks.
const BMC_STATE: &str = "state";

/// What one fault cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The fault.
    pub fault: String,
    /// Requests sent while it was watched.
    pub sent: u64,
    /// Requests that failed.
    pub failed: u64,
    /// The longest time without an answer.
    pub longest_gap_ms: f64,
    /// Who held the address when the fault struck: a name, names joined by `+`, or `nobody`.
    pub holder_before: String,
    /// Who held it at the end of the watch.
    pub holder_after: String,
    /// For how long more than one node held it.
    pub two_holders_ms: f64,
    /// What does not belong to the table.
    #[serde(skip)]
    pub details: Details,
}

/// More about what a fault cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// The failures by their kind.
    pub failures: Failures,
    /// Failed requests among those sent after the fault.
    pub failed_after: u64,
    /// For how long no node held the address, in milliseconds.
    pub no_holder_ms: f64,
    /// The limits that were exceeded, in words.
    pub exceeded: Vec<String>,
}

/// A plan on its machines, under one engine.
pub struct Rehearsal<'a> {
    plan: &'a Plan,
    engine: &'a Engine,
    lab: Arc<Lab>,
    _power: Option<PowerSwitches>,
    _disks: Disks,
}

impl<'a> Rehearsal<'a> {
    /// Starts the machines and everything on them. `program` is the `keel` executable.
    ///
    /// # Errors
    ///
    /// [`Error::NotInstalled`], [`Error::NotAllowed`], [`Error::Refused`].
    pub fn start(plan: &'a Plan, engine: &'a Engine, program: &Path) -> Result<Self> {
        for needed in &engine.needs {
            require(needed)?;
        }
        if !plan.bmcs.is_empty() {
            require("ipmi_sim")?;
        }
        let disks = Disks::create()?;
        let mut builder = LabBuilder::new(program);
        for switch in &plan.switches {
            builder = builder.switch(switch);
        }
        for node in &plan.nodes {
            let mut node = node.clone();
            if engine.stands_on(&node.name) {
                node.files.extend(engine.files.clone());
                node.links.clone_from(&engine.links);
            }
            for folder in plan.kept.get(&node.name).into_iter().flatten() {
                disks.keep(&mut node, folder)?;
            }
            if let Some(bmc) = plan.bmcs.iter().find(|bmc| bmc.name == node.name) {
                power::prepare(&mut node, bmc, &disks.of(&bmc.name, BMC_STATE))?;
            }
            builder = builder.node(node);
        }
        let lab = Arc::new(builder.start()?);
        let rehearsal = Self {
            plan,
            engine,
            _power: (!plan.bmcs.is_empty()).then(|| {
                let machines = plan.bmcs.iter().map(|bmc| {
                    let commands = plan.commands_of(&bmc.node, engine);
                    Power::of(&bmc.node, disks.of(&bmc.name, BMC_STATE), commands)
                });
                PowerSwitches::watch(machines.collect(), &lab)
            }),
            lab,
            _disks: disks,
        };
        for node in &plan.nodes {
            rehearsal.start_commands(&node.name)?;
        }
        Ok(rehearsal)
    }

    /// The machines.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Runs the engine's steps; `say` is told each before it is run.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where one ends otherwise than it should.
    pub fn prepare(&self, say: &dyn Fn(&str)) -> Result<()> {
        steps::run_all(self, say)
    }

    /// Waits until the address is at home and answers.
    ///
    /// # Errors
    ///
    /// [`Error::TooLate`].
    pub fn settle(&self) -> Result<String> {
        settle::settle(self)
    }

    /// Plays one fault, from a settled lab to one that heals.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the fault cannot be played here.
    pub fn play(&self, fault: &Fault) -> Result<Cost> {
        let probe = self.lab.probe(CLIENT, &self.plan.probe)?;
        thread::sleep(self.plan.times.lead + settle::random_pause());
        let holder = self.holders()?.now();
        let node = match (&fault.node, holder.first()) {
            (Some(node), _) => node.clone(),
            (None, Some(holder)) => holder.clone(),
            (None, None) => {
                return Err(Error::Refused {
                    what: fault.name.clone(),
                    reason: format!("nobody holds {}", self.plan.address),
                });
            }
        };
        let before = self.commands_ended()?;
        let hit = fault::commands_hit(self, &fault.action, &node)?;
        let struck = fault::strike(self, &fault.action, &node)?;
        self.observe(fault, struck, &probe)?;
        let observed = clock::now();
        let report = probe.stop()?;
        let cost = self.account(fault, struck, observed, &report)?;
        fault::heal(self, &fault.action, &node, &hit, &before)?;
        Ok(cost)
    }

    /// Watches until the client has been answered steadily and the holder has not changed for a
    /// while, within the fault's own bounds.
    fn observe(
        &self,
        fault: &Fault,
        struck: Nanoseconds,
        probe: &crate::probe::RunningProbe,
    ) -> Result<()> {
        let steady = self.plan.times.steady;
        loop {
            thread::sleep(LOOK_AGAIN);
            let since = |moment| Duration::from_nanos(clock::now().saturating_sub(moment));
            if since(struck) >= fault.at_most {
                return Ok(());
            }
            if since(struck) < fault.observe {
                continue;
            }
            let holders = self.holders()?;
            let answered = probe.status()?.and_then(|status| status.steady_since);
            if holders.now().len() == 1
                && holders.unchanged_for() >= steady
                && answered.is_some_and(|moment| since(moment) >= steady)
            {
                return Ok(());
            }
        }
    }

    fn account(
        &self,
        fault: &Fault,
        struck: Nanoseconds,
        observed: Nanoseconds,
        report: &Report,
    ) -> Result<Cost> {
        let holders = self.holders()?;
        let failed_after = report.failed_sent_at.iter().filter(|at| **at >= struck);
        let mut cost = Cost {
            fault: fault.name.clone(),
            sent: report.sent,
            failed: report.failed,
            longest_gap_ms: rounded(report.longest_gap),
            holder_before: names(&holders.at(struck.saturating_sub(1))),
            holder_after: names(&holders.at(observed)),
            two_holders_ms: rounded(holders.time_with_two(struck, observed)),
            details: Details {
                failures: report.failures,
                failed_after: u64::try_from(failed_after.count()).unwrap_or(u64::MAX),
                no_holder_ms: rounded(holders.time_with_none(struck, observed)),
                exceeded: Vec::new(),
            },
        };
        cost.details.exceeded = exceeded(&fault.limits, &cost);
        Ok(cost)
    }

    fn holders(&self) -> Result<Holders> {
        Ok(Holders::of(self.plan.address, &self.lab.address_events(0)?))
    }

    /// Starts all commands of a machine.
    fn start_commands(&self, node: &str) -> Result<()> {
        for command in self.plan.commands_of(node, self.engine) {
            self.lab.node(node).spawn(&command.name, &command.argv)?;
        }
        Ok(())
    }

    /// What has ended against expectation, with its last words; `None` while all run.
    fn what_failed(&self) -> Result<Option<Error>> {
        for name in self.lab.node_names() {
            let node = self.lab.node(name);
            for state in node.commands()? {
                let failed = state.ended.filter(|ended| ended != "exit 0");
                let is_step = state.command.starts_with(steps::LOG_PREFIX);
                if let Some(ended) = failed
                    && !is_step
                    && !state.command.starts_with(crate::probe::LOG_PREFIX)
                {
                    let log = node.log(&state.command)?;
                    let lines: Vec<&str> = log.lines().collect();
                    let last = lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n  ");
                    return Ok(Some(Error::Refused {
                        what: format!("{} on {name} ended ({ended})", state.command),
                        reason: format!("its last words are\n  {last}"),
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The commands that have ended, by node and name.
    fn commands_ended(&self) -> Result<Vec<(String, String)>> {
        let mut ended = Vec::new();
        for node in self.lab.node_names() {
            for command in self.lab.node(node).commands()? {
                if command.ended.is_some() {
                    ended.push((node.to_owned(), command.command));
                }
            }
        }
        Ok(ended)
    }
}

/// A program that must be on this computer.
fn require(program: &str) -> Result<()> {
    let path = crate::node_search_path();
    if path
        .split(':')
        .any(|folder| Path::new(folder).join(program).is_file())
    {
        return Ok(());
    }
    Err(Error::NotInstalled {
        program: program.to_owned(),
        install: format!("sudo apt-get install {program}"),
    })
}

fn names(holders: &[String]) -> String {
    if holders.is_empty() {
        "nobody".to_owned()
    } else {
        holders.join("+")
    }
}

/// Milliseconds to the microsecond.
fn rounded(span: Nanoseconds) -> f64 {
    clock::milliseconds(span / 1_000 * 1_000)
}

fn exceeded(limits: &Limits, cost: &Cost) -> Vec<String> {
    let over = |what: &str, found: f64, limit: Option<f64>, unit: &str| {
        limit
            .filter(|limit| found > *limit)
            .map(|limit| format!("{what} {found:.0}{unit}, allowed {limit:.0}{unit}"))
    };
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let number = |count: u64| count as f64;
    [
        over("gap", cost.longest_gap_ms, limits.max_gap_ms, " ms"),
        over(
            "failed",
            number(cost.failed),
            limits.max_failed.map(number),
            "",
        ),
        over(
            "failed after the fault",
            number(cost.details.failed_after),
            limits.max_failed_after.map(number),
            "",
        ),
        over(
            "two holders for",
            cost.two_holders_ms,
            limits.max_two_holders_ms,
            " ms",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_exceeded_only_beyond_it() {
        let cost = Cost {
            fault: String::new(),
            sent: 100,
            failed: 3,
            longest_gap_ms: 100.0,
            holder_before: String::new(),
            holder_after: String::new(),
            two_holders_ms: 5.0,
            details: Details {
                failures: Failures::default(),
                failed_after: 1,
                no_holder_ms: 0.0,
                exceeded: Vec::new(),
            },
        };
        let none = Limits::default();
        for (limits, expected) in [
            (none, &[][..]),
            (
                Limits {
                    max_gap_ms: Some(100.0),
                    ..none
                },
                &[],
            ),
            (
                Limits {
                    max_gap_ms: Some(99.0),
                    ..none
                },
                &["gap 100 ms, allowed 99 ms"],
            ),
            (
                Limits {
                    max_failed: Some(2),
                    ..none
                },
                &["failed 3, allowed 2"],
            ),
            (
                Limits {
                    max_failed_after: Some(1),
                    ..none
                },
                &[],
            ),
            (
                Limits {
                    max_failed_after: Some(0),
                    max_two_holders_ms: Some(1.0),
                    ..none
                },
                &[
                    "failed after the fault 1, allowed 0",
                    "two holders for 5 ms, allowed 1 ms",
                ],
            ),
        ] {
            assert_eq!(exceeded(&limits, &cost), expected);
        }
    }
}
