//! An explanation for people.
//!
//! First the answer in one sentence, then the nodes as a table, then what scores are made of, then
//! what will be done. What says nothing is left out.

use std::fmt::Write as _;

use scheduler::explain::{ActionView, Explanation, Origin, Part, Placement, Wait};

use super::outcomes::{circumstance, headline, promotion, verdict, whole};
use super::sources::{advice, amount, obstacle_advice, source};
use super::steps;

/// The whole text.
pub fn text(explanation: &Explanation) -> String {
    let mut text = String::new();
    if let Some(words) = whole(explanation) {
        text.push_str(&words);
        text.push_str("\n\n");
    }
    for (index, placement) in explanation.placements.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = write_placement(&mut text, placement);
    }
    text
}

fn write_placement(text: &mut String, placement: &Placement) -> std::fmt::Result {
    writeln!(text, "{}", headline(placement))?;
    for found in &placement.circumstances {
        writeln!(text, "{}", circumstance(found, &placement.resource))?;
    }
    if let Some(found) = &placement.promotion {
        writeln!(text, "{}", promotion(found))?;
        let width = amount_width(&found.parts);
        for part in &found.parts {
            let (amount, source) = (amount(part), source(&part.source));
            writeln!(text, "    {amount:>width$}  {source}")?;
        }
    }
    write_table(text, placement)?;
    write_parts(text, placement)?;
    write_actions(text, placement)
}

/// How wide the column of the parts' amounts is.
fn amount_width(parts: &[Part]) -> usize {
    let widths = parts.iter().map(|part| amount(part).len());
    widths.max().unwrap_or(0)
}

fn write_table(text: &mut String, placement: &Placement) -> std::fmt::Result {
    let width = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or(0);
    let score = |view: &scheduler::explain::NodeView| {
        view.score
            .map_or_else(|| "-".to_owned(), |score| score.to_string())
    };
    let node_width = width(&mut placement.nodes.iter().map(|view| view.node.chars().count()));
    let score_width = width(&mut placement.nodes.iter().map(|view| score(view).len())).max(5);
    let node_width = node_width.max(4);
    writeln!(
        text,
        "\n    {:<node_width$}  {:>score_width$}  verdict",
        "node", "score"
    )?;
    for view in &placement.nodes {
        let mark = if placement.next.as_ref() == Some(&view.node) {
            "->"
        } else {
            "  "
        };
        writeln!(
            text,
            " {mark} {:<node_width$}  {:>score_width$}  {}",
            view.node,
            score(view),
            verdict(view, placement)
        )?;
    }
    Ok(())
}

fn write_parts(text: &mut String, placement: &Placement) -> std::fmt::Result {
    let with_parts = placement.nodes.iter().filter(|view| {
        let has_advice = view
            .obstacles
            .iter()
            .any(|&found| obstacle_advice(found, &view.node).is_some());
        !view.parts.is_empty() || has_advice
    });
    for (index, view) in with_parts.enumerate() {
        if index == 0 {
            writeln!(text, "\nWhat the scores are made of:")?;
        }
        let width = amount_width(&view.parts);
        writeln!(text, "    {}", view.node)?;
        for part in &view.parts {
            writeln!(
                text,
                "        {:>width$}  {}",
                amount(part),
                source(&part.source)
            )?;
            if let Some(advice) = advice(&part.source, &placement.resource, &view.node) {
                writeln!(text, "        {:>width$}  ({advice})", "")?;
            }
        }
        for &found in &view.obstacles {
            if let Some(advice) = obstacle_advice(found, &view.node) {
                writeln!(text, "        ({advice})")?;
            }
        }
    }
    Ok(())
}

fn write_actions(text: &mut String, placement: &Placement) -> std::fmt::Result {
    if placement.actions.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nWhat will be done:")?;
    for action in &placement.actions {
        write_action(text, action)?;
    }
    Ok(())
}

fn write_action(text: &mut String, action: &ActionView) -> std::fmt::Result {
    write!(text, "    {}", steps::title(action))?;
    // What is in its way says more than the reason, which is then the same in short.
    if let (Some(reason), None) = (&action.reason, &action.blocker) {
        write!(text, ", because {}", steps::reason(reason))?;
    }
    writeln!(text)?;
    if let Some(blocker) = &action.blocker {
        writeln!(text, "        cannot be done: {}", steps::blocker(blocker))?;
    }
    for wait in action.waits.iter().filter(|wait| is_news(wait, action)) {
        writeln!(
            text,
            "        after {} ({})",
            steps::step(&wait.step),
            steps::origin(&wait.origin)
        )?;
    }
    if action.more_waits > 0 {
        writeln!(text, "        and after {} more actions", action.more_waits)?;
    }
    Ok(())
}

/// Whether it is worth a line that `action` waits for something: that monitors come after the
/// start of what they watch is not.
fn is_news(wait: &Wait, action: &ActionView) -> bool {
    let same = wait.step.resource == action.step.resource;
    !(same && action.step.interval_ms > 0 && wait.origin == Origin::Sequence)
}
