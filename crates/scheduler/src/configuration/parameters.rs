//! Parameters of resources: their instance attributes, and those of what they are part of.
//!
//! What is said nearest to the resource wins. Rules may ask for attributes of the node; without a
//! node, such rules do not hold.
//!
//! Parameters are read anew whenever they are needed. What is wrong with their rules is noted once,
//! when the resource is read. When they may come to another result counts only where something is
//! decided by them (see `note_changes`), not where they are only handed on to the agent.

use cib::rules::{Findings, Input};
use cib::xml::Element;
use cib::{Values, nvset};

use crate::model::{NodeId, Plan, ResourceId};
use crate::status::{note_findings, recheck_at};

/// The name of the sets that parameters are in.
const SETS: &str = "instance_attributes";

/// Notes what is wrong with the rules of `resource`'s own parameters.
pub(super) fn check_rules(plan: &mut Plan<'_>, resource: ResourceId) {
    let element = plan.resources[resource].xml;
    let mut sets = element.children_named(SETS);
    if !sets.any(|set| set.child("rule").is_some() || set.attribute("id-ref").is_some()) {
        return;
    }
    let input = Input {
        now: plan.now,
        ..Input::default()
    };
    let mut findings = Findings::default();
    let mut values = Values::new();
    nvset::collect(element, SETS, None, &input, &mut values, &mut findings);
    findings.next_change = None;
    note_findings(plan, findings);
}

/// Notes when the parameters of `resource` on `node` may be others than now. To be called before
/// something is decided by them.
pub fn note_changes(plan: &mut Plan<'_>, resource: ResourceId, node: Option<NodeId>) {
    if !parameters_may_vary(plan, resource) {
        return;
    }
    let mut findings = Findings::default();
    evaluate(plan, resource, node, &mut findings);
    if let Some(next_change) = findings.next_change {
        recheck_at(plan, next_change.epoch_s());
    }
}

/// The parameters (instance attributes) of `resource` as they hold on `node`.
#[must_use]
pub fn parameters<'c>(plan: &Plan<'c>, resource: ResourceId, node: Option<NodeId>) -> Values<'c> {
    evaluate(plan, resource, node, &mut Findings::default())
}

fn evaluate<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    node: Option<NodeId>,
    findings: &mut Findings,
) -> Values<'c> {
    let input = Input {
        now: plan.now,
        node_attributes: node.map(|node| &plan.nodes[node].attributes),
        ..Input::default()
    };
    let mut values = Values::new();
    let mut at = Some(resource);
    while let Some(whole) = at {
        let of = &plan.resources[whole];
        nvset::collect(of.xml, SETS, None, &input, &mut values, findings);
        at = of.parent;
    }
    values
}

/// Whether the parameters of `resource` may be others on another node: whether a rule has a say in
/// them. Sets that are written elsewhere count as if they had one.
#[must_use]
pub fn parameters_may_vary(plan: &Plan<'_>, resource: ResourceId) -> bool {
    std::iter::successors(Some(resource), |&at| plan.resources[at].parent)
        .flat_map(|at| plan.resources[at].xml.children_named("instance_attributes"))
        .flat_map(Element::descendants)
        .any(|element| element.name() == "rule" || element.attribute("id-ref").is_some())
}
