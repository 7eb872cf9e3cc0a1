//! `pcs`: the cluster's configuration, in the words of pcs 0.9 to 0.11 (pcs(8)).
//!
//! ```text
//! words ─► options, grammar ─► an edit of a copy of the CIB ─► store ─► file, or the daemon
//!                                        │
//!                       agents' metadata ┘
//! ```
//!
//! Owns: the commands' grammar, what each does to a CIB, and their texts. An edit is a function of the
//! CIB, the words and the agents' metadata alone: should somebody else change the cluster's CIB
//! meanwhile, it is played once more on the newer one ([`crate::store`]).
//!
//! Must never: accept an option or a command that has no effect here.

mod acl;
pub mod agents;
mod alert;
mod cib_edit;
mod cluster_config;
mod cluster_life;
mod cluster_node;
mod cluster_setup;
mod commands;
mod config_text;
mod constraint;
mod constraint_text;
mod debugging;
mod defaults;
mod fencing;
mod fencing_levels;
mod grammar;
mod host_auth;
pub mod hosts;
mod location;
mod location_rules;
mod node;
mod operations;
mod options;
mod pairs;
mod property;
mod quorum;
mod relations;
mod resource;
mod resource_create;
mod resource_history;
mod resource_move;
mod resource_sets;
mod resource_state;
mod resource_structure;
mod resource_update;
mod rules;
mod session;
mod status;
mod stonith;
mod support;
mod tag;
mod waiting;

pub(crate) use fencing::line as fencing_line;
pub(crate) use resource_state::update_meta;
pub use support::support_table;

use ::cib::time::DateTime;

use crate::store::{MAX_ATTEMPTS, StoreError, Target, Written};
use crate::{ExitCode, Files, Outcome};
use agents::Agents;
use grammar::{Action, Command};
use hosts::Hosts;
use options::Options;
use session::Session;

/// What a command has to work with.
pub struct Machine<'m> {
    /// Files and the environment.
    pub files: &'m mut dyn Files,
    /// The agents of this machine.
    pub agents: &'m mut dyn Agents,
    /// The machines of the cluster, this one among them.
    pub hosts: &'m mut dyn Hosts,
    /// The current time.
    pub now: DateTime,
}

/// Runs the command with `arguments` (without its own name).
#[must_use]
pub fn run(arguments: &[String], machine: &mut Machine<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(problem) => {
            outcome.fail(&format!("Error: {problem}"), ExitCode::ERROR);
            return outcome;
        }
    };
    if options.has("--version") {
        outcome.standard_output = format!("{}\n", env!("CARGO_PKG_VERSION"));
        return outcome;
    }
    match grammar::find(&options.words) {
        Ok((command, rest)) => perform(command, rest, &options, machine, &mut outcome),
        Err(text) if options.has("--help") || text.is_help => outcome.standard_output = text.text,
        Err(text) => outcome.fail(text.text.trim_end(), ExitCode::ERROR),
    }
    outcome
}

fn perform(
    command: &'static Command,
    rest: &[String],
    options: &Options,
    machine: &mut Machine<'_>,
    outcome: &mut Outcome,
) {
    if options.has("--help") {
        outcome.standard_output = command.usage_text();
        return;
    }
    if let Action::Refused(reason) = command.action {
        let text = format!("Error: 'pcs {}' is refused: {reason}", command.words);
        outcome.fail(&text, ExitCode::ERROR);
        return;
    }
    if let Some(problem) = unsupported(command, options) {
        outcome.fail(&format!("Error: {problem}"), ExitCode::ERROR);
        return;
    }
    let session = match command.action {
        Action::Machine(act) => {
            let mut session = Session::without_cib(options, machine);
            let result = act(&mut session, rest);
            session.finish(command, result)
        }
        Action::Cib(act) => match on_cib(command, act, rest, options, machine) {
            Ok(done) => done,
            Err(error) => {
                outcome.fail(&format!("Error: {error}"), ExitCode::ERROR);
                return;
            }
        },
        Action::Refused(_) => return,
    };
    *outcome = session;
}

/// Options that the command does not have, or that cannot be kept.
fn unsupported(command: &Command, options: &Options) -> Option<String> {
    let is_machine = matches!(command.action, Action::Machine(_));
    for name in options.names() {
        let is_known = match name {
            "-f" => !is_machine,
            "--corosync_conf" => !is_machine || command.options.contains(&name),
            "--force" | "--debug" | "--request-timeout" => true,
            _ => command.options.contains(&name),
        };
        if !is_known {
            return Some(format!(
                "Specified option '{name}' is not supported in this command"
            ));
        }
    }
    let waits_for_resources = options.has("--wait") && !is_machine;
    if waits_for_resources && options.value("-f").is_some() {
        return Some("Cannot use '-f' together with '--wait'".to_owned());
    }
    None
}

/// Plays the edit on the CIB, and again on a newer one where somebody else was faster.
fn on_cib(
    command: &Command,
    act: grammar::Act,
    rest: &[String],
    options: &Options,
    machine: &mut Machine<'_>,
) -> Result<Outcome, StoreError> {
    let mut target = match options.value("-f") {
        Some(path) => Target::File(path.to_owned()),
        None => Target::of(machine.files),
    };
    let limit = waiting::limit(options).and_then(|limit| match target {
        Target::File(_) if limit.is_some() => {
            Err("'--wait' waits for the running cluster, not for a file".to_owned())
        }
        _ => Ok(limit),
    });
    let limit = match limit {
        Ok(limit) => limit,
        Err(problem) => {
            let mut outcome = Outcome::default();
            outcome.fail(&format!("Error: {problem}"), ExitCode::ERROR);
            return Ok(outcome);
        }
    };
    for _ in 0..MAX_ATTEMPTS {
        let before = target.read(machine.files)?;
        let edits = before.edits();
        let mut session = Session::new(before.clone(), options, machine);
        session.status = target.cluster().and_then(|it| it.last_status().cloned());
        let result = act(&mut session, rest);
        let keeps = result.is_ok() || session.keeps_in_spite;
        let after = session.take_cib();
        let is_done = result.is_ok();
        let mut outcome = session.finish(command, result);
        if !keeps
            || after.edits() == edits
            || target.write(machine.files, &before, after)? == Written::Done
        {
            if let Some(limit) = limit.filter(|_| is_done) {
                let (files, now) = (&mut *machine.files, machine.now);
                waiting::after(command, rest, &mut target, files, now, limit, &mut outcome);
            }
            return Ok(outcome);
        }
    }
    Err(StoreError::Contended(MAX_ATTEMPTS))
}
