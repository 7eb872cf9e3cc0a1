//! The attributes of an action: what its agent is given.
//!
//! In case of a conflict, the first of these wins:
//! 1. what an action says of its resource's place in the cluster ([`transition::graph_meta`]);
//! 2. the feature set;
//! 3. instance attributes of the operation;
//! 4. instance attributes of the resource as they hold on the action's node;
//! 5. the node;
//! 6. meta-attributes of the operation, each `NAME` as `CRM_meta_NAME` (not those with `#` or `:`).
//!
//! Attributes are sorted by name. A parameter whose name begins with a digit cannot be an XML
//! attribute and becomes a `<param>`.

use std::borrow::Cow;
use std::cmp::Ordering;

use cib::Values;

use super::FEATURE_SET;
use super::text::Text;
use crate::configuration::{parameters, parameters_may_vary};
use crate::model::{Action, NodeId, Plan, ResourceId};
use crate::{status, transition};

/// What is put before the names of meta-attributes.
const META_PREFIX: &str = "CRM_meta_";

/// Writes attributes, and remembers parameters that are the same on all nodes.
#[derive(Debug, Default)]
pub(super) struct Attributes<'c> {
    known: Option<(ResourceId, Values<'c>)>,
}

/// The name of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name<'a> {
    /// As it is.
    Plain(&'a str),
    /// With the prefix, and underscores instead of hyphens.
    Meta(&'a str),
}

impl Name<'_> {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        let (prefix, name, hyphen) = match self {
            Self::Plain(name) => ("", name, b'-'),
            Self::Meta(name) => (META_PREFIX, name, b'_'),
        };
        let own = name
            .bytes()
            .map(move |byte| if byte == b'-' { hyphen } else { byte });
        prefix.bytes().chain(own)
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Plain(name), Self::Plain(other)) => name.cmp(other),
            _ => self.bytes().cmp(other.bytes()),
        }
    }

    fn write(&self, text: &mut Text) {
        match self {
            Self::Plain(name) => text.name(&[name]),
            Self::Meta(name) if name.contains('-') => {
                text.name(&[META_PREFIX, &name.replace('-', "_")]);
            }
            Self::Meta(name) => text.name(&[META_PREFIX, name]),
        }
    }
}

impl<'c> Attributes<'c> {
    /// Writes the attributes of `action`. `node` is where it is done, if it says so.
    pub fn write(
        &mut self,
        text: &mut Text,
        plan: &Plan<'c>,
        action: &Action<'c>,
        node: Option<NodeId>,
    ) {
        let fresh;
        let parameters = match self.known_parameters(plan, action) {
            Some(known) => known,
            None => {
                fresh = parameters_of(plan, action);
                &fresh
            }
        };
        let place = transition::graph_meta(plan, action);
        let mut pairs: Vec<(Name<'_>, &str)> = Vec::with_capacity(16 + parameters.len());
        pairs.extend(
            place
                .iter()
                .map(|(name, value)| (Name::Plain(name), &**value)),
        );
        pairs.push((Name::Plain("crm_feature_set"), FEATURE_SET));
        let own = action.extra.iter().chain(parameters.iter());
        pairs.extend(
            own.filter(|(name, _)| !begins_with_digit(name))
                .map(|(name, value)| (Name::Plain(name), value)),
        );
        if let Some(node) = node {
            let of = &plan.nodes[node];
            pairs.push((Name::Meta("on_node"), of.name));
            pairs.push((Name::Meta("on_node_uuid"), of.uuid));
        }
        pairs.extend(
            action
                .meta
                .iter()
                .filter(|(name, _)| !name.contains(['#', ':']))
                .map(|(name, value)| (Name::Meta(name), value)),
        );
        // The sort is stable, so that the first of several with one name stays the first.
        pairs.sort_by(|(name, _), (other, _)| name.compare(other));
        pairs.dedup_by(|(name, _), (kept, _)| name.compare(kept) == Ordering::Equal);

        text.start("attributes");
        for (name, value) in pairs {
            name.write(text);
            text.value(value);
        }
        for (name, value) in parameters
            .iter()
            .filter(|(name, _)| begins_with_digit(name))
        {
            text.start("param");
            text.attribute("name", name);
            text.attribute("value", value);
            text.end("param");
        }
        text.end("attributes");
    }

    /// The parameters of the action's resource, if they are the same wherever it is done.
    fn known_parameters(&mut self, plan: &Plan<'c>, action: &Action<'c>) -> Option<&Values<'c>> {
        let resource = action.resource?;
        if !plan.is_primitive(resource) {
            return None;
        }
        if self
            .known
            .as_ref()
            .is_none_or(|(known, _)| *known != resource)
        {
            if parameters_may_vary(plan, resource) {
                return None;
            }
            self.known = Some((resource, parameters_of(plan, action)));
        }
        self.known.as_ref().map(|(_, values)| values)
    }
}

fn begins_with_digit(name: &str) -> bool {
    name.starts_with(|character: char| character.is_ascii_digit())
}

/// The parameters of the action's resource: where it is done, or, for a primitive, in general.
fn parameters_of<'c>(plan: &Plan<'c>, action: &Action<'c>) -> Values<'c> {
    match (action.resource, action.node) {
        (Some(resource), Some(node)) => {
            let mut values = parameters(plan, resource, Some(node));
            if values.get("addr") == Some("#uname")
                && let Some(address) = status::container_host(plan, resource)
            {
                values.set("addr", Cow::Borrowed(address));
            }
            values
        }
        (Some(resource), None) if plan.is_primitive(resource) => parameters(plan, resource, None),
        _ => Values::new(),
    }
}
