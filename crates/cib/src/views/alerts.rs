//! Alerts: programs that are told of events.
//!
//! - An alert without recipients is told once, one with recipients once for each, with what the
//!   recipient says instead of what the alert says.
//! - Without a selection, it is told of nodes, fencing and resources, not of attributes.

use crate::literal::parse_boolean;
use crate::nvset;
use crate::rules::{Findings, Input};
use crate::time::{DateTime, parse_ms};
use crate::values::Values;
use crate::xml::{Document, Element};

/// How long the program may take.
pub const DEFAULT_TIMEOUT_MS: u32 = 30_000;

/// How the time is told to it.
pub const DEFAULT_TIMESTAMP_FORMAT: &str = "%H:%M:%S.%06N";

/// What a program is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection<'c> {
    /// Nodes that come and go.
    pub nodes: bool,
    /// Fencing.
    pub fencing: bool,
    /// What is done with resources.
    pub resources: bool,
    /// Changes of node attributes: none, or those with these names, or all if there are no names.
    pub attributes: Option<Vec<&'c str>>,
}

/// One program and whom it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert<'c> {
    /// The alert's id.
    pub id: &'c str,
    /// The program.
    pub path: &'c str,
    /// Whom it tells.
    pub recipient: Option<&'c str>,
    /// How long it may take.
    pub timeout_ms: u32,
    /// How the time is told to it.
    pub timestamp_format: &'c str,
    /// What it is told of.
    pub selection: Selection<'c>,
    /// What its environment holds besides.
    pub environment: Values<'c>,
}

/// All alerts that are enabled, in document order. Rules in their meta-attributes are evaluated at
/// `now`; what is wrong with the configuration is added to `findings`.
#[must_use]
pub fn alerts<'c>(cib: &'c Document, now: DateTime, findings: &mut Findings) -> Vec<Alert<'c>> {
    let section = cib
        .root()
        .child("configuration")
        .and_then(|it| it.child("alerts"));
    let elements = section.into_iter().flat_map(|it| it.children());
    let mut alerts = Vec::new();
    for element in elements.filter(|it| it.name() == "alert") {
        let Some(id) = element.id() else {
            findings.error("Ignoring invalid alert without id");
            continue;
        };
        let Some(path) = element.attribute("path") else {
            findings.error(format!("Ignoring invalid alert {id} without path"));
            continue;
        };
        let mut alert = Alert {
            id,
            path,
            recipient: None,
            timeout_ms: DEFAULT_TIMEOUT_MS,
            timestamp_format: DEFAULT_TIMESTAMP_FORMAT,
            selection: selection(element),
            environment: Values::new(),
        };
        if !alert.refine(element, now, findings) {
            continue;
        }
        let mut recipients = element.children_named("recipient").peekable();
        if recipients.peek().is_none() {
            alerts.push(alert);
            continue;
        }
        for recipient in recipients {
            let mut told = alert.clone();
            told.recipient = recipient.attribute("value");
            if told.refine(recipient, now, findings) {
                alerts.push(told);
            }
        }
    }
    alerts
}

impl<'c> Alert<'c> {
    /// Takes over what `element`, an alert or recipient, says. Says whether it is enabled.
    fn refine(&mut self, element: Element<'c>, now: DateTime, findings: &mut Findings) -> bool {
        let parameters = element.child("instance_attributes");
        let pairs = parameters.into_iter().flat_map(|set| set.children());
        for pair in pairs.filter(|pair| pair.name() == "nvpair") {
            if let Some(name) = pair.attribute("name") {
                let value = pair.attribute("value").unwrap_or_default();
                self.environment.set(name, value);
            }
        }
        let mut meta = Values::new();
        let input = Input {
            now,
            ..Input::default()
        };
        nvset::collect(
            element,
            "meta_attributes",
            None,
            &input,
            &mut meta,
            findings,
        );
        if meta
            .get("enabled")
            .is_some_and(|it| parse_boolean(it) != Some(true))
        {
            return false;
        }
        if let Some(text) = meta.get("timeout") {
            let timeout_ms = parse_ms(text);
            self.timeout_ms = timeout_ms
                .filter(|&timeout_ms| timeout_ms > 0)
                .map_or(DEFAULT_TIMEOUT_MS, |it| {
                    u32::try_from(it).unwrap_or(u32::MAX)
                });
            if timeout_ms.is_none_or(|timeout_ms| timeout_ms < 0) {
                findings.warning(format!(
                    "Using default timeout (30s) for alert {} because '{text}' is not a valid \
                     timeout",
                    self.id
                ));
            }
        }
        if let Some(std::borrow::Cow::Borrowed(format)) = meta.get_cow("timestamp-format") {
            self.timestamp_format = format;
        }
        true
    }
}

fn selection(alert: Element<'_>) -> Selection<'_> {
    let select = alert.child("select");
    let has = |name| select.is_some_and(|it| it.child(name).is_some());
    let attributes = select.and_then(|it| it.child("select_attributes"));
    let selection = Selection {
        nodes: has("select_nodes"),
        fencing: has("select_fencing"),
        resources: has("select_resources"),
        attributes: attributes.map(|it| {
            let elements = it.children().filter(|child| child.name() == "attribute");
            elements.filter_map(|it| it.attribute("name")).collect()
        }),
    };
    let is_empty = !selection.nodes && !selection.fencing && !selection.resources;
    if is_empty && selection.attributes.is_none() {
        return Selection {
            nodes: true,
            fencing: true,
            resources: true,
            attributes: None,
        };
    }
    selection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs() {
        let cib = Document::parse(
            "<cib><configuration><alerts><alert id='a' path='/x'>\
             <meta_attributes id='m'><nvpair id='n' name='timeout' value='5s'/></meta_attributes>\
             <instance_attributes id='i'><nvpair id='j' name='k' value='v'/></instance_attributes>\
             <select><select_nodes/><select_attributes><attribute id='s' name='load'/>\
             </select_attributes></select>\
             <recipient id='r' value='me'/>\
             <recipient id='t' value='you'><meta_attributes id='u'>\
             <nvpair id='w' name='enabled' value='false'/></meta_attributes></recipient></alert>\
             <alert id='b' path='/y'><meta_attributes id='o'>\
             <nvpair id='p' name='timeout' value='soon'/></meta_attributes></alert>\
             <alert id='c'/></alerts></configuration></cib>",
        )
        .expect("well-formed");
        let mut findings = Findings::default();
        let found = alerts(&cib, DateTime::default(), &mut findings);
        let [first, second] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!((first.recipient, first.timeout_ms), (Some("me"), 5000));
        assert_eq!(first.environment.get("k"), Some("v"));
        assert_eq!(first.selection.attributes, Some(vec!["load"]));
        assert!(first.selection.nodes && !first.selection.resources);
        assert_eq!(
            (second.recipient, second.timeout_ms),
            (None, DEFAULT_TIMEOUT_MS)
        );
        assert!(second.selection.resources && second.selection.attributes.is_none());
        assert_eq!(findings.problems.len(), 2);
    }
}
