//! `keel pcs`, `keel crm_mon` and Pacemaker's other tools: the command lines of its world.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use cib::time::DateTime;
use pcs::crm_mon::Screen;
use pcs::pcs::Machine;
use pcs::pcs::agents::MachineAgents;
use pcs::{MachineFiles, Outcome};
use system::local_zone::local_zone;

use super::hosts::{self, MachineHosts};

/// How is the cluster?
pub fn crm_mon(words: &[String]) -> ExitCode {
    let mut out = std::io::stdout();
    let is_terminal = out.is_terminal();
    let mut screen = Screen {
        out: &mut out,
        is_terminal,
    };
    finish(&pcs::crm_mon::run(
        words,
        &now,
        &mut MachineFiles,
        &mut screen,
    ))
}

/// One of the small tools.
pub fn tool(name: &str, words: &[String]) -> ExitCode {
    let small = pcs::TOOLS.iter().find(|(tool, _)| *tool == name);
    if let Some((_, run)) = small {
        return finish(&run(words, now(), &mut MachineFiles));
    }
    let other = pcs::AGENT_TOOLS.iter().find(|(tool, _)| *tool == name);
    match other {
        Some((_, run)) => finish(&run(
            words,
            now(),
            &mut MachineFiles,
            &mut MachineAgents::default(),
        )),
        None => ExitCode::FAILURE,
    }
}

/// What would the cluster do?
pub fn crm_simulate(words: &[String]) -> ExitCode {
    finish(&pcs::crm_simulate::run(words, now, &mut MachineFiles))
}

/// Is a configuration right?
pub fn crm_verify(words: &[String]) -> ExitCode {
    finish(&pcs::crm_verify::run(words, now, &mut MachineFiles))
}

/// The cluster's configuration.
pub fn pcs(words: &[String]) -> ExitCode {
    let mut machine = Machine {
        files: &mut MachineFiles,
        agents: &mut MachineAgents::default(),
        hosts: &mut MachineHosts::new(),
        now: now(),
    };
    finish(&pcs::pcs::run(words, &mut machine))
}

/// A cluster.conf of CMAN.
pub fn ccs(words: &[String]) -> ExitCode {
    let mut make = hosts::make_authority;
    finish(&pcs::ccs::run(words, &mut MachineFiles, &mut make))
}

/// The current time, as the local clock shows it.
fn now() -> DateTime {
    let now = jiff::Timestamp::now();
    let offset = local_zone().to_offset(now);
    DateTime::from_epoch_s(now.as_second()).with_offset_s(offset.seconds())
}

/// Says what came of a command.
fn finish(outcome: &Outcome) -> ExitCode {
    // What there is to say about the input stands before what came of it, where both go to the same
    // place. Whoever closes the pipe early has seen enough.
    let _ = std::io::stderr().write_all(outcome.standard_error.as_bytes());
    let _ = std::io::stdout().write_all(outcome.standard_output.as_bytes());
    ExitCode::from(outcome.exit_code.0)
}
