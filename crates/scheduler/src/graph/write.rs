//! The graph as the controller reads it (`<transition_graph>`).

use std::fmt;

use cib::literal::{parse_integer, parse_milliseconds};
use cib::xml::{Document, ParseError};

use super::attributes::Attributes;
use super::text::Text;
use super::{Transition, element};
use crate::model::{ActionId, Plan};

/// After how many bytes what has been written is handed on.
const CHUNK_BYTES: usize = 1 << 16;

impl Transition {
    /// Writes the graph as XML.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_xml(&self, plan: &Plan<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
        let mut text = Text::default();
        let mut attributes = Attributes::default();
        text.start("transition_graph");
        write_header(&mut text, plan);
        for (number, &action) in self.actions().iter().enumerate() {
            write_synapse(&mut text, &mut attributes, plan, number, action);
            if text.buffer.len() > CHUNK_BYTES {
                out.write_str(&text.buffer)?;
                text.buffer.clear();
            }
        }
        text.end("transition_graph");
        out.write_str(&text.buffer)
    }

    /// The graph as XML.
    #[must_use]
    pub fn to_xml(&self, plan: &Plan<'_>) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_xml(plan, &mut text);
        text
    }

    /// The graph as an XML tree.
    ///
    /// # Errors
    /// The graph is too large for one document.
    pub fn to_document(&self, plan: &Plan<'_>) -> Result<Document, ParseError> {
        Document::parse(&self.to_xml(plan))
    }
}

/// What holds for all of the graph.
fn write_header(text: &mut Text, plan: &Plan<'_>) {
    let option = |name: &str, default, is_valid: fn(&str) -> bool| {
        plan.options
            .all
            .get(name)
            .filter(|value| is_valid(value))
            .unwrap_or(default)
    };
    let is_duration = |value: &str| value.starts_with('P') || parse_milliseconds(value).is_some();
    let is_integer = |value: &str| parse_integer(value).is_some();
    let start_failure = if plan.options.start_failure_is_fatal {
        "INFINITY"
    } else {
        "1"
    };
    text.attribute("cluster-delay", option("cluster-delay", "60s", is_duration));
    text.attribute(
        "fencing-timeout",
        option("fencing-timeout", "60s", is_duration),
    );
    text.attribute("failed-stop-offset", "INFINITY");
    text.attribute("failed-start-offset", start_failure);
    text.attribute("batch-limit", option("batch-limit", "0", is_integer));
    text.attribute("transition_id", "1");
    let migration_limit = option("migration-limit", "-1", is_integer);
    if parse_integer(migration_limit).is_some_and(|limit| limit > 0) {
        text.attribute("migration-limit", migration_limit);
    }
    if let Some(recheck_by_s) = plan.recheck_by_s {
        text.attribute("recheck-by", &recheck_by_s.to_string());
    }
}

fn write_synapse<'p>(
    text: &mut Text,
    attributes: &mut Attributes<'p>,
    plan: &Plan<'p>,
    number: usize,
    action: ActionId,
) {
    let of = &plan.actions[action];
    text.start("synapse");
    text.number("id", number);
    let of_resource = of
        .resource
        .map_or(0, |resource| plan.resources[resource].priority);
    let priority = usize::try_from(of.priority.max(of_resource)).unwrap_or(0);
    if priority > 0 {
        text.number("priority", priority);
    }
    text.start("action_set");
    element::write(text, plan, action, Some(attributes));
    text.end("action_set");
    text.start("inputs");
    for input in of.before.iter().filter(|input| input.graphed) {
        text.start("trigger");
        element::write(text, plan, input.action, None);
        text.end("trigger");
    }
    text.end("inputs");
    text.end("synapse");
}
