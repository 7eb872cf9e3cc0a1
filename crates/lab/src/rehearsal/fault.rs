//! Breaking something, and putting it right again.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::clock::{self, Nanoseconds};
use crate::plan::{Action, CLIENT};
use crate::protocol::{CommandState, LinkState, Target};
use crate::{Error, Result};

use super::Rehearsal;

/// Signals that usually end a process.
const ENDING: [Signal; 4] = [
    Signal::SIGKILL,
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGQUIT,
];
/// How long a command of a fault may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// The name of a fault's own command.
pub(super) const FAULT_COMMAND: &str = "fault";
/// How long a command that was asked to end may take for it.
const ENDING_LIMIT: Duration = Duration::from_secs(10);
/// The table of packet filters that a fault makes on a node.
const DROP_TABLE: &str = "keel_lab";

/// Does it, and returns the moment of its beginning.
pub(super) fn strike(
    rehearsal: &Rehearsal<'_>,
    action: &Action,
    node: &str,
) -> Result<Nanoseconds> {
    let lab = &rehearsal.lab;
    let machine = lab.node(node);
    let began = clock::now();
    match action {
        Action::Signal { part, signal } => {
            let (at, processes) = machine.signal(&target(rehearsal, part)?, *signal)?;
            if processes == 0 {
                return Err(Error::Refused {
                    what: format!("{signal} to {part} on {node}"),
                    reason: "no such process runs".to_owned(),
                });
            }
            return Ok(at);
        }
        Action::Pause { part: Some(part) } => {
            return Ok(machine
                .signal(&target(rehearsal, part)?, Signal::SIGSTOP)?
                .0);
        }
        Action::Pause { part: None } => {
            lab.set_link(node, None, LinkState::Silent)?;
            machine.signal(&Target::Everything, Signal::SIGSTOP)?;
        }
        Action::NodeDeath => return lab.kill_node(node),
        Action::LinkCut { interface } => {
            lab.set_link(node, interface.as_deref(), LinkState::Cut)?;
        }
        Action::LinkFlap {
            interface,
            times,
            down,
            up,
        } => {
            for _ in 0..*times {
                lab.set_link(node, interface.as_deref(), LinkState::Cut)?;
                thread::sleep(*down);
                lab.set_link(node, interface.as_deref(), LinkState::Up)?;
                thread::sleep(*up);
            }
        }
        Action::Partition { groups } => {
            lab.partition(groups)?;
        }
        Action::Drop {
            percent: 100,
            matching: None,
        } => {
            lab.set_link(node, None, LinkState::Silent)?;
        }
        Action::Drop { percent, matching } => {
            run(
                rehearsal,
                node,
                &drop_packets(*percent, matching.as_deref()),
            )?;
        }
        Action::FillDisk { path } => {
            machine.fill_disk(path)?;
        }
        Action::Run { argv, .. } => run(rehearsal, node, argv)?,
    }
    Ok(began)
}

/// The commands of a node that a signal will reach, by name.
pub(super) fn commands_hit(
    rehearsal: &Rehearsal<'_>,
    action: &Action,
    node: &str,
) -> Result<Vec<String>> {
    let Action::Signal { part, .. } = action else {
        return Ok(Vec::new());
    };
    let target = target(rehearsal, part)?;
    let machine = rehearsal.lab.node(node);
    let processes = machine.processes()?;
    let is_hit = |state: &CommandState| match &target {
        Target::Command(name) => state.command == *name,
        Target::Process(name) => processes
            .iter()
            .any(|process| process.pid == state.pid && process.name == *name),
        Target::Everything => true,
    };
    let commands = machine.commands()?;
    Ok(commands
        .into_iter()
        .filter(|state| state.ended.is_none() && is_hit(state))
        .map(|state| state.command)
        .collect())
}

/// Puts right what the fault broke, and starts again whatever ended because of it.
pub(super) fn heal(
    rehearsal: &Rehearsal<'_>,
    action: &Action,
    node: &str,
    hit: &[String],
    ended_before: &[(String, String)],
) -> Result<()> {
    let lab = &rehearsal.lab;
    match action {
        Action::NodeDeath => {
            // Whoever fenced it may have switched it on again.
            return match lab.start_node(node) {
                Ok(_) => rehearsal.start_commands(node),
                Err(_) if lab.node(node).first_process().is_ok() => Ok(()),
                Err(error) => Err(error),
            };
        }
        Action::Run { undo, .. } if !undo.is_empty() => run(rehearsal, node, undo)?,
        Action::Signal { signal, .. } if ENDING.contains(signal) => {
            for command in hit {
                // One that goes on needs no new start.
                match lab.node(node).wait_for_end(command, ENDING_LIMIT) {
                    Ok(_) | Err(Error::TooLate { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Action::Pause { .. } => {
            lab.node(node)
                .signal(&Target::Everything, Signal::SIGCONT)?;
        }
        Action::FillDisk { path } => {
            lab.node(node).empty_disk(path)?;
        }
        Action::Drop { .. }
            if !matches!(
                action,
                Action::Drop {
                    percent: 100,
                    matching: None
                }
            ) =>
        {
            run(
                rehearsal,
                node,
                &["nft", "delete", "table", "inet", DROP_TABLE].map(str::to_owned),
            )?;
        }
        _ => {}
    }
    lab.mend()?;
    restart_ended(rehearsal, ended_before)
}

fn restart_ended(rehearsal: &Rehearsal<'_>, ended_before: &[(String, String)]) -> Result<()> {
    for (node, name) in rehearsal.commands_ended()? {
        let known = ended_before.iter().any(|(n, c)| *n == node && *c == name);
        if known || node == CLIENT {
            continue;
        }
        let commands = rehearsal.plan.commands_of(&node, rehearsal.engine);
        if let Some(command) = commands.into_iter().find(|command| command.name == name) {
            rehearsal.lab.node(&node).spawn(&name, &command.argv)?;
        }
    }
    Ok(())
}

fn target(rehearsal: &Rehearsal<'_>, part: &str) -> Result<Target> {
    let found = rehearsal.engine.parts.get(part).cloned();
    found.ok_or_else(|| Error::Refused {
        what: part.to_owned(),
        reason: "the engine has no such part".to_owned(),
    })
}

/// An nftables command that loses packets in both directions before anything else sees them.
fn drop_packets(percent: u8, matching: Option<&str>) -> Vec<String> {
    let matching = matching.unwrap_or_default();
    let dice = if percent == 100 {
        String::new()
    } else {
        format!("numgen random mod 100 < {percent}")
    };
    let mut script = format!("add table inet {DROP_TABLE}");
    for (chain, hook) in [("in", "input"), ("out", "output")] {
        script.push_str(&format!(
            "; add chain inet {DROP_TABLE} {chain} {{ type filter hook {hook} priority -300 ; }}\
             ; add rule inet {DROP_TABLE} {chain} {matching} {dice} drop"
        ));
    }
    vec!["nft".to_owned(), script]
}

/// Runs a command to its end. Meanwhile others may have the lab do something.
fn run(rehearsal: &Rehearsal<'_>, node: &str, argv: &[String]) -> Result<()> {
    let machine = rehearsal.lab.node(node);
    let known = machine.log(FAULT_COMMAND).map_or(0, |log| log.len());
    machine
        .spawn(FAULT_COMMAND, argv)
        .map_err(|error| match error {
            Error::Refused { what, reason } if argv.first().is_some_and(|p| p == "nft") => {
                Error::Refused {
                    what,
                    reason: format!("{reason} (to install it: sudo apt-get install nftables)"),
                }
            }
            other => other,
        })?;
    let ended = machine.wait_for_end(FAULT_COMMAND, COMMAND_LIMIT)?;
    if ended == "exit 0" {
        return Ok(());
    }
    let log = machine.log(FAULT_COMMAND)?;
    Err(Error::Refused {
        what: format!("'{}' on {node}", argv.join(" ")),
        reason: format!("{ended}: {}", log.get(known..).unwrap_or_default().trim()),
    })
}
