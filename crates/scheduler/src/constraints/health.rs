//! Node health (Pacemaker Explained, "Tracking Node Health").
//!
//! A node's health is the sum of all its attributes whose names begin with `#health`, and of
//! `node-health-base` where the strategy is `progressive`. Unless it is 0, each resource gets it as
//! a location constraint; a negative one only where the resource does not have
//! `allow-unhealthy-nodes`. What the colours are worth is settled with the options.

use std::borrow::Cow;

use cib::Score;

use super::location;
use super::reading::parse_score;
use crate::model::{Candidate, Location, NodeId, Plan, ProbeMode, Role};

/// Adds node health to the location constraints of all resources.
pub fn apply_node_health(plan: &mut Plan<'_>) {
    let strategy = plan.options.node_health_strategy;
    let is = |name: &str| strategy.eq_ignore_ascii_case(name);
    let base = match () {
        () if is("progressive") => plan
            .options
            .all
            .get("node-health-base")
            .and_then(|text| parse_score(plan, text))
            .unwrap_or_default(),
        () if is("migrate-on-red") || is("only-green") || is("custom") => Score::ZERO,
        () => return,
    };
    let nodes: Vec<NodeId> = plan.nodes.ids().collect();
    let healths: Vec<Candidate> = nodes
        .into_iter()
        .map(|node| Candidate::new(node, health(plan, node, base)))
        .filter(|health| health.score != Score::ZERO)
        .collect();
    for index in 0..plan.roots.len() {
        let resource = plan.roots[index];
        let immune = plan.resources[resource]
            .meta
            .get("allow-unhealthy-nodes")
            .and_then(cib::literal::parse_boolean)
            .unwrap_or(false);
        let nodes: Vec<Candidate> = healths
            .iter()
            .filter(|health| !immune || health.score > Score::ZERO)
            .copied()
            .collect();
        if !nodes.is_empty() {
            let location = Location {
                id: Cow::Borrowed(strategy),
                resource,
                role: Role::Unknown,
                probe_mode: ProbeMode::Always,
                nodes,
            };
            location::add(plan, location);
        }
    }
}

fn health(plan: &mut Plan<'_>, node: NodeId, base: Score) -> Score {
    let mut sum = base;
    let mut invalid = Vec::new();
    let of = &plan.nodes[node];
    let attributes = of
        .attributes
        .iter()
        .filter(|(name, _)| name.starts_with("#health"));
    for (name, value) in attributes {
        match parse_score(plan, value) {
            Some(score) => sum = sum.plus(score),
            None => invalid.push(format!(
                "Ignoring {name} for {} because '{value}' is not a valid value: Bad input value \
                 provided",
                of.name
            )),
        }
    }
    for text in invalid {
        plan.warning(text);
    }
    sum
}
