//! Scores in the words of `crm_simulate -s`.

use crate::model::{Plan, ResourceId};

/// Notes the scores of `resource` and of all its parts for the nodes that they are allowed on, as
/// `COMMENT: RESOURCE allocation score on NODE: SCORE`, where scores are to be shown. Removed
/// resources are left out.
pub fn show_scores(plan: &mut Plan<'_>, resource: ResourceId, comment: &str) {
    if plan.show_scores {
        let mut lines = std::mem::take(&mut plan.score_lines);
        write_scores(plan, resource, comment, &mut lines);
        plan.score_lines = lines;
    }
}

fn write_scores(plan: &Plan<'_>, resource: ResourceId, comment: &str, lines: &mut Vec<String>) {
    let of = &plan.resources[resource];
    if of.removed {
        return;
    }
    for &node in &plan.nodes_by_name {
        if let Some(candidate) = of.allowed.get(node) {
            let (id, name, score) = (&of.id, plan.nodes[node].name, candidate.score);
            lines.push(format!(
                "{comment}: {id} allocation score on {name}: {score}"
            ));
        }
    }
    for &child in &of.children {
        write_scores(plan, child, comment, lines);
    }
}

/// Notes the promotion score of `instance` on the node that it is assigned to, where scores are to
/// be shown.
pub(super) fn show_promotion_score(plan: &mut Plan<'_>, instance: ResourceId) {
    if !plan.show_scores {
        return;
    }
    let (id, score) = (
        &plan.resources[instance].id,
        plan.resources[instance].promotion_priority,
    );
    let line = match super::assigned_node(plan, instance) {
        Some(node) => format!("{id} promotion score on {}: {score}", plan.nodes[node].name),
        None => format!("{id} promotion score (inactive): {score}"),
    };
    plan.score_lines.push(line);
}
