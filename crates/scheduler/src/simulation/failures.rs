//! Fail counts: transient attributes of nodes that count failures of resources.

use cib::xml::{Element, XmlId, sanitized_id};

use super::events::Event;
use super::status_section::StatusSection;

/// A failure, as fail counts see it.
pub(super) struct CountedFailure<'a> {
    pub resource: &'a str,
    pub task: &'a str,
    pub interval_ms: u32,
    pub result: i32,
    /// Whether it counts as infinitely many.
    pub is_fatal: bool,
    pub at_s: i64,
}

/// Counts a failure on the node with this state: success is none, nor is a probe that found the
/// resource not running.
pub(super) fn count_failure(
    status: &mut StatusSection<'_>,
    state: XmlId,
    failure: &CountedFailure<'_>,
) -> Vec<Event> {
    const NOT_RUNNING: i32 = 7;
    if failure.result == 0 || (failure.result == NOT_RUNNING && failure.interval_ms == 0) {
        return Vec::new();
    }
    let CountedFailure {
        resource,
        task,
        interval_ms,
        ..
    } = failure;
    let suffix = format!("{resource}#{task}_{interval_ms}");
    let count_name = format!("fail-count-{suffix}");
    let count = if failure.is_fatal {
        "INFINITY".to_owned()
    } else {
        let recorded = transient_attribute(status.document().element(state), &count_name)
            .and_then(crate::status::number::parse_i32)
            .unwrap_or(0);
        recorded.saturating_add(1).to_string()
    };
    let time_name = format!("last-failure-{suffix}");
    [(count_name, count), (time_name, failure.at_s.to_string())]
        .map(|(name, value)| status.set_transient_attribute(state, name, value))
        .into()
}

fn transient_attribute<'d>(state: Element<'d>, name: &str) -> Option<&'d str> {
    let mut pairs = state
        .children_named("transient_attributes")
        .flat_map(Element::descendants)
        .filter(|pair| pair.name() == "nvpair" && pair.attribute("name") == Some(name));
    let pair = pairs.next()?;
    // Of several, none counts.
    pairs.next().is_none().then_some(pair)?.attribute("value")
}

impl StatusSection<'_> {
    fn set_transient_attribute(&mut self, state: XmlId, name: String, value: String) -> Event {
        let node_uuid = self
            .document()
            .element(state)
            .id()
            .unwrap_or_default()
            .to_owned();
        let attributes = self.child_or_new(state, "transient_attributes", Some(&node_uuid));
        let set = self.child_or_new(attributes, "instance_attributes", Some(&node_uuid));
        let cib = self.document_mut();
        let set_id = cib.element(set).id().unwrap_or("nvpair");
        let id = sanitized_id(&format!("{set_id}-{name}"));
        let existing = cib
            .element(set)
            .children()
            .find(|pair| pair.id() == Some(&*id))
            .map(Element::xml_id);
        let pair = existing.unwrap_or_else(|| {
            let pair = cib.append(set, "nvpair");
            cib.set(pair, "id", &id);
            pair
        });
        cib.set(pair, "name", &name);
        cib.set(pair, "value", &value);
        Event::Attribute {
            name,
            value,
            node_uuid,
        }
    }
}
