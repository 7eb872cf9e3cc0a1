//! Changes of scores, with their causes, and scores in the words of `crm_simulate -s`.

use cib::Score;

use crate::model::journal::Change;
use crate::model::{Candidates, Cause, Finding, Plan, ResourceId};

/// Replaces the scores of `resource` and notes why those that changed did.
pub(super) fn set_scores(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    after: Candidates,
    cause: impl FnOnce() -> Cause,
) {
    let before = std::mem::replace(&mut plan.resources[resource].allowed, after);
    if !plan.journal.enabled {
        return;
    }
    let cause = cause();
    for new in plan.resources[resource].allowed.iter() {
        let old = before.get(new.node).map_or(Score::ZERO, |old| old.score);
        if new.score != old {
            let change = Change::between(old, new.score);
            plan.journal
                .note_change(resource, new.node, change, || cause.clone());
        }
    }
}

/// Notes the scores of `resource` and of all its parts for the nodes that they are allowed on, where
/// scores are to be shown. Removed resources are left out.
pub fn show_scores(plan: &mut Plan<'_>, resource: ResourceId, step: &'static str) {
    if plan.show_scores {
        let mut findings = std::mem::take(&mut plan.findings);
        find_scores(plan, resource, step, &mut findings);
        plan.findings = findings;
    }
}

fn find_scores(
    plan: &Plan<'_>,
    resource: ResourceId,
    step: &'static str,
    findings: &mut Vec<Finding>,
) {
    let of = &plan.resources[resource];
    if of.removed {
        return;
    }
    for &node in &plan.nodes_by_name {
        if let Some(candidate) = of.allowed.get(node) {
            findings.push(Finding::Score {
                step,
                resource,
                node,
                score: candidate.score,
            });
        }
    }
    for &child in &of.children {
        find_scores(plan, child, step, findings);
    }
}

/// Notes the promotion score of `instance` on the node that it is assigned to, where scores are to
/// be shown.
pub(super) fn show_promotion_score(plan: &mut Plan<'_>, instance: ResourceId) {
    if !plan.show_scores {
        return;
    }
    let finding = Finding::Promotion {
        resource: instance,
        node: super::assigned_node(plan, instance),
        score: plan.resources[instance].promotion_priority,
    };
    plan.findings.push(finding);
}
