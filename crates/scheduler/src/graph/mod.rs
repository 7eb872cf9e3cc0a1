//! The transition graph: required actions, each with what it waits for.

use cib::xml::Document;

use crate::model::Plan;

/// The graph as the controller reads it (`<transition_graph>`).
pub fn build(plan: &mut Plan<'_>) -> Document {
    let _ = plan;
    todo!()
}

/// The graph for Graphviz; with all actions rather than those that happen where `all_actions`.
#[must_use]
pub fn to_dot(plan: &Plan<'_>, all_actions: bool, verbose: bool) -> String {
    let _ = (plan, all_actions, verbose);
    todo!()
}

/// Whether the relation number `index` of those before `action` closes a circle.
pub fn has_loop(plan: &mut Plan<'_>, action: crate::model::ActionId, index: usize) -> bool {
    let _ = (plan, action, index);
    todo!()
}
