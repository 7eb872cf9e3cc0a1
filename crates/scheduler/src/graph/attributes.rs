//! The attributes of an action: what its agent is given.
//!
//! They come from several places ([`Rank`]) and are sorted by name. A parameter whose name begins
//! with a digit cannot be an XML attribute and becomes a `<param>`.

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

/// Where an attribute comes from. In case of a conflict the first one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The resource's place in the cluster ([`transition::graph_meta`]).
    Place,
    /// The feature set.
    FeatureSet,
    /// Instance attributes of the operation.
    Operation,
    /// Instance attributes of the resource as they hold on the action's node.
    Resource,
    /// The node itself.
    Node,
    /// Meta-attributes of the operation, each `NAME` as `CRM_meta_NAME` (not those with `#` or
    /// `:`).
    Meta,
}

impl Name<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Plain(name), Self::Plain(other)) => name.cmp(other),
            (Self::Meta(name), Self::Meta(other)) => {
                with_underscores(name).cmp(with_underscores(other))
            }
            (Self::Plain(name), Self::Meta(other)) => name.bytes().cmp(prefixed(other)),
            (Self::Meta(name), Self::Plain(other)) => prefixed(name).cmp(other.bytes()),
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

fn with_underscores(name: &str) -> impl Iterator<Item = u8> {
    name.bytes()
        .map(|byte| if byte == b'-' { b'_' } else { byte })
}

fn prefixed(name: &str) -> impl Iterator<Item = u8> {
    META_PREFIX.bytes().chain(with_underscores(name))
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
        let mut pairs: Vec<(Name<'_>, Rank, &str)> = Vec::with_capacity(16 + parameters.len());
        // In about the order of names, which is less to sort.
        if let Some(node) = node {
            let of = &plan.nodes[node];
            pairs.push((Name::Meta("on_node"), Rank::Node, of.name));
            pairs.push((Name::Meta("on_node_uuid"), Rank::Node, of.uuid));
        }
        if let Some(expected) = action.expected_result {
            pairs.push((Name::Meta("op_target_rc"), Rank::Meta, expected));
        }
        for (name, value) in action.meta.iter() {
            if !name.contains(['#', ':']) {
                pairs.push((Name::Meta(name), Rank::Meta, value));
            }
        }
        for (name, value) in &place {
            pairs.push((Name::Plain(name), Rank::Place, value));
        }
        let feature_set = Name::Plain("crm_feature_set");
        pairs.push((feature_set, Rank::FeatureSet, FEATURE_SET));
        for (values, rank) in [
            (&action.extra, Rank::Operation),
            (parameters, Rank::Resource),
        ] {
            for (name, value) in values.iter().filter(|(name, _)| !begins_with_digit(name)) {
                pairs.push((Name::Plain(name), rank, value));
            }
        }
        pairs.sort_unstable_by(|(name, rank, _), (other, other_rank, _)| {
            name.compare(other).then(rank.cmp(other_rank))
        });
        pairs.dedup_by(|(name, ..), (kept, ..)| name.compare(kept) == Ordering::Equal);

        text.start("attributes");
        for (name, _, value) in pairs {
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
    let resource = action
        .resource
        .filter(|&resource| action.node.is_some() || plan.is_primitive(resource));
    let Some(resource) = resource else {
        return Values::new();
    };
    let mut values = parameters(plan, resource, action.node);
    if values.get("addr") == Some("#uname")
        && let Some(address) = status::container_host(plan, resource)
    {
        values.set("addr", Cow::Borrowed(address));
    }
    values
}
