//! Nodes that must not use a device: "if a location constraint with a negative score prevents a
//! specific node from running a fence device, then that node will never be chosen".

use std::collections::{BTreeMap, BTreeSet};

use cib::nvset;
use cib::rules::{self, Findings, Input};
use cib::time::DateTime;
use cib::xml::Element;
use cib::{Score, Values};
use regex::Regex;

use crate::device::is_symmetric;

/// The nodes with a negative score for a resource whose id, or whose group's or clone's, is one of
/// `ids`; where `symmetric-cluster` is off, those without any score, too.
pub(crate) fn banned(
    configuration: Element<'_>,
    ids: &[&str],
    nodes: &BTreeMap<String, Values<'_>>,
    now: DateTime,
    findings: &mut Findings,
) -> BTreeSet<String> {
    let constraints = configuration.child("constraints");
    let locations: Vec<Element<'_>> = constraints
        .into_iter()
        .flat_map(|it| it.children_named("rsc_location"))
        .filter(|it| concerns(*it, ids))
        .collect();
    let mut properties = Values::new();
    let input = Input {
        now,
        ..Input::default()
    };
    if let Some(options) = configuration.child("crm_config") {
        let set = "cluster_property_set";
        nvset::collect(options, set, None, &input, &mut properties, findings);
    }
    let symmetric = is_symmetric(properties.get("symmetric-cluster"));
    let mut banned = BTreeSet::new();
    for (node, attributes) in nodes {
        let mut attributes = attributes.clone();
        attributes.set("#uname", node.clone());
        let input = Input {
            node_attributes: Some(&attributes),
            ..input
        };
        let mut scores = locations
            .iter()
            .filter_map(|location| score(*location, node, &input, findings))
            .peekable();
        let is_named = scores.peek().is_some();
        let score = scores.fold(Score::ZERO, Score::plus);
        if score < Score::ZERO || (!symmetric && !is_named) {
            banned.insert(node.clone());
        }
    }
    banned
}

fn concerns(location: Element<'_>, ids: &[&str]) -> bool {
    if let Some(resource) = location.attribute("rsc") {
        return ids.contains(&resource);
    }
    if let Some(pattern) = location.attribute("rsc-pattern") {
        let (pattern, wanted) = match pattern.strip_prefix('!') {
            Some(pattern) => (pattern, false),
            None => (pattern, true),
        };
        let matches = |regex: Regex| ids.iter().any(|id| regex.is_match(id)) == wanted;
        return Regex::new(pattern).is_ok_and(matches);
    }
    let sets = location.children_named("resource_set");
    let mut named = sets.flat_map(|set| set.children().filter_map(Element::id));
    named.any(|id| ids.contains(&id))
}

/// What a constraint says of a node.
fn score(
    location: Element<'_>,
    node: &str,
    input: &Input<'_>,
    findings: &mut Findings,
) -> Option<Score> {
    if let Some(named) = location.attribute("node") {
        let is_meant = named.eq_ignore_ascii_case(node);
        return is_meant.then(|| Score::parse_or(location.attribute("score"), Score::ZERO));
    }
    let mut scores = Vec::new();
    for rule in location.children_named("rule") {
        let Some(rule) = findings.resolve(rule) else {
            continue;
        };
        if rules::evaluate(rule, input, findings).holds() {
            let of_attribute = rule.attribute("score-attribute").and_then(|name| {
                let attributes = input.node_attributes?;
                attributes.get(name)
            });
            scores.push(Score::parse_or(
                rule.attribute("score").or(of_attribute),
                Score::ZERO,
            ));
        }
    }
    scores.into_iter().reduce(Score::plus)
}
