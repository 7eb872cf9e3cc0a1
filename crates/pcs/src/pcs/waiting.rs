//! `--wait[=N]`: the command ends when the cluster is settled, and says where its resources are.

use std::time::Duration;

use ::cib::time::{DateTime, parse_interval_ms};
use ::cib::xml::Document;
use scheduler::Plan;
use scheduler::model::{ResourceId, Role};

use super::grammar::Command;
use super::options::Options;
use crate::planned::with_plan;
use crate::settle::{self, DEFAULT_LIMIT, Ending};
use crate::store::Target;
use crate::{ExitCode, Files, Outcome};

/// For how long is waited, where that is wanted.
pub(super) fn limit(options: &Options) -> Result<Option<Duration>, String> {
    let Some(text) = options.value("--wait") else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(Some(DEFAULT_LIMIT));
    }
    let limit_ms = parse_interval_ms(text).filter(|it| *it > 0);
    let limit_ms =
        limit_ms.ok_or_else(|| format!("'{text}' is not a valid number of seconds to wait"))?;
    Ok(Some(Duration::from_millis(u64::from(limit_ms))))
}

/// Waits until the cluster is settled. Gives whether it is.
pub(super) fn wait(
    target: &mut Target,
    files: &mut dyn Files,
    now: DateTime,
    limit: Duration,
    outcome: &mut Outcome,
) -> bool {
    match settle::wait(target, files, now, limit) {
        Ok(Ending::Settled) => true,
        Ok(ending @ Ending::TimedOut(_)) => {
            outcome.fail(
                "Error: waiting timeout; the change was made, and this is waited for:",
                ExitCode::TIMEOUT,
            );
            ending.lines().iter().for_each(|line| outcome.say(line));
            false
        }
        Err(failure) => {
            outcome.fail(
                &format!("Error: unable to wait: {}", failure.text),
                ExitCode::ERROR,
            );
            false
        }
    }
}

/// What a command wants of the resources that it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Runs,
    DoesNotRun,
    Nothing,
}

/// Waits after a command, and says where its resources are then.
pub(super) fn after(
    command: &Command,
    rest: &[String],
    target: &mut Target,
    files: &mut dyn Files,
    now: DateTime,
    limit: Duration,
    outcome: &mut Outcome,
) {
    if !wait(target, files, now, limit, outcome) {
        return;
    }
    let Ok(cib) = target.read(files) else { return };
    let (wish, named): (Wish, &[String]) = match command.words {
        "resource enable" | "stonith enable" => (Wish::Runs, rest),
        "resource disable" | "stonith disable" => (Wish::DoesNotRun, rest),
        "resource create" | "stonith create" => (Wish::Runs, rest.get(..1).unwrap_or(rest)),
        words if words.starts_with("resource ") => (Wish::Nothing, rest.get(..1).unwrap_or(rest)),
        _ => return,
    };
    for id in named {
        if super::cib_edit::resource(&cib, id).is_none() {
            continue;
        }
        let (sentence, is_running) = whereabouts(&cib, now, id);
        match (wish, is_running) {
            (Wish::Runs, false) if command.words.ends_with("create") => outcome.fail(
                &format!(
                    "Error: unable to start: '{id}', please check logs for failure information"
                ),
                ExitCode::ERROR,
            ),
            (Wish::Runs, false) => outcome.fail(
                &format!(
                    "Error: unable to start: '{id}', please check logs for failure information"
                ),
                ExitCode::ERROR,
            ),
            (Wish::DoesNotRun, true) => outcome.fail(
                &format!(
                    "Error: unable to stop: '{id}', please check logs for failure information"
                ),
                ExitCode::ERROR,
            ),
            _ => {}
        }
        outcome.say(&sentence);
    }
}

/// Where a resource is, in a sentence, and whether it is anywhere.
pub(super) fn whereabouts(cib: &Document, now: DateTime, id: &str) -> (String, bool) {
    let places = with_plan(cib, now, |plan| places(plan, id)).unwrap_or_default();
    let told: Vec<String> = places
        .iter()
        .filter(|(_, nodes)| !nodes.is_empty())
        .map(|(role, nodes)| {
            let plural = if nodes.len() == 1 { "" } else { "s" };
            let names: Vec<String> = nodes.iter().map(|it| format!("'{it}'")).collect();
            format!("{role} on node{plural} {}", names.join(", "))
        })
        .collect();
    match told.is_empty() {
        true => (format!("resource '{id}' is not running on any node"), false),
        false => (format!("resource '{id}' is {}", told.join("; ")), true),
    }
}

/// Nodes by role.
type Places = [(&'static str, Vec<String>); 3];

fn places(plan: &Plan<'_>, id: &str) -> Places {
    let mut places = [
        ("running", Vec::new()),
        ("promoted", Vec::new()),
        ("unpromoted", Vec::new()),
    ];
    let mut below: Vec<ResourceId> = plan
        .resources
        .iter()
        .filter(|(it, of)| of.id == id || plan.printable_id(*it) == id)
        .map(|(it, _)| it)
        .collect();
    while let Some(resource) = below.pop() {
        let of = &plan.resources[resource];
        below.extend(&of.children);
        if !of.children.is_empty() {
            continue;
        }
        let at = match crate::status::resources::displayed_role(plan, resource) {
            Role::Promoted => 1,
            Role::Unpromoted => 2,
            _ => 0,
        };
        for &node in &of.active_on {
            let name = plan.nodes[node].name.to_owned();
            if !places[at].1.contains(&name) {
                places[at].1.push(name);
            }
        }
    }
    for (_, nodes) in &mut places {
        nodes.sort();
    }
    places
}
