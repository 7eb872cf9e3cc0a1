//! What is run before the first fault: an operator's commands, in order.

use std::thread;
use std::time::{Duration, Instant};

use super::{LOOK_AGAIN, Rehearsal};
use crate::plan::Step;
use crate::{Error, Result};

/// How the names of steps' logs begin.
pub(super) const LOG_PREFIX: &str = "step-";
/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(120);

pub(super) fn run_all(rehearsal: &Rehearsal<'_>, say: &dyn Fn(&str)) -> Result<()> {
    for (number, step) in (1..).zip(&rehearsal.engine.steps) {
        let command = format!("{LOG_PREFIX}{number}");
        let nodes = match &step.node {
            Some(node) => vec![node.clone()],
            None => rehearsal.engine.nodes.clone(),
        };
        for node in &nodes {
            say(&format!("{node}# {}", words(&step.argv)));
            rehearsal.lab.node(node).spawn(&command, &step.argv)?;
        }
        for node in &nodes {
            settle(rehearsal, node, &command, step)?;
        }
    }
    Ok(())
}

/// Waits for the end of a step's command. What does not say yet what it should is asked again.
fn settle(rehearsal: &Rehearsal<'_>, node: &str, command: &str, step: &Step) -> Result<()> {
    let machine = rehearsal.lab.node(node);
    let deadline = Instant::now() + rehearsal.plan.times.settle;
    let mut known = 0;
    loop {
        let ended = machine.wait_for_end(command, LIMIT)?;
        let log = machine.log(command)?;
        let said = log.get(known..).unwrap_or_default();
        let ends_well = ended == format!("exit {}", step.exit);
        let says = step.says.as_ref();
        if ends_well && says.is_none_or(|text| squeezed(said).contains(&squeezed(text))) {
            return Ok(());
        }
        if says.is_none() || Instant::now() >= deadline {
            let expected = says.map_or_else(String::new, |text| format!(", and '{text}'"));
            return Err(Error::Refused {
                what: format!("'{}' on {node}", words(&step.argv)),
                reason: format!(
                    "exit {} was expected{expected}; it is {ended}:\n{}",
                    step.exit,
                    said.trim_end()
                ),
            });
        }
        known = log.len();
        thread::sleep(LOOK_AGAIN);
        machine.spawn(command, &step.argv)?;
    }
}

/// As it was written.
fn words(argv: &[String]) -> String {
    match argv {
        [shell, option, text] if shell == "sh" && option == "-c" => text.clone(),
        _ => argv.join(" "),
    }
}

/// With one blank for each run of blanks: tables are aligned differently by each version.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
