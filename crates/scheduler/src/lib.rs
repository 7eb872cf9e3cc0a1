//! The scheduler: from a CIB and the time to placements, actions, and the order of actions.
//!
//! ```text
//! CIB ─► expansion ─► configuration ─► status ─► constraints ─► assignment ─► transition ─► ordering ─► graph
//!        templates,   options, nodes,  history,  location,      which node,   which        what waits   XML,
//!        bundles      resources        failures  colocation,    which role    actions      for what     dot
//!                                                order, tickets
//! ```
//!
//! Owns: the decision what the cluster should do next. `LIFECYCLE.md` tells the whole way.
//!
//! Must never: read a clock, a file or a global; depend on anything but its arguments; panic,
//! whatever the CIB says.

pub mod actions;
pub mod assignment;
pub mod configuration;
pub mod constraints;
pub mod expansion;
pub mod explain;
pub mod graph;
pub mod model;
pub mod notifications;
pub mod ordering;
pub mod record;
pub mod simulation;
pub mod status;
pub mod transition;
pub mod walk;

pub use graph::Transition;
pub use model::Plan;

use cib::time::DateTime;
use cib::xml::Document;

/// What the caller wants besides the plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Scores in `Plan::findings`.
    pub show_scores: bool,
    /// Utilization in `Plan::findings`.
    pub show_utilization: bool,
    /// Causes of scores in `Plan::journal`.
    pub explain: bool,
    /// The input may come from a report in which secrets are masked: parameters that differ in
    /// nothing else are taken as unchanged.
    pub sanitized: bool,
}

/// What is to be done for a cluster as its `cib` says it is now. A graph that is too large for a
/// document is none: nothing is done.
#[must_use]
pub fn graph_for(cib: &Document, now: DateTime) -> Document {
    let expanded = expansion::expand(cib);
    let mut plan = read(&expanded, now, Wishes::default());
    let transition = decide(&mut plan);
    let graph = transition.to_document(&plan);
    graph.unwrap_or_else(|_| Document::new("transition_graph"))
}

/// Reads what `cib` (expanded, see [`expansion::expand`]) says, without deciding anything but what
/// has to be fenced.
#[must_use]
pub fn read(cib: &Document, now: DateTime, wishes: Wishes) -> Plan<'_> {
    let mut plan = configuration::unpack(|| Plan::new(cib.root(), now, wishes));
    status::unpack(&mut plan);
    plan
}

/// Decides: fills in everything of a plan that [`read`] left open, and gives the graph.
pub fn decide(plan: &mut Plan<'_>) -> Transition {
    constraints::apply_node_health(plan);
    constraints::unpack(plan);
    constraints::apply_node_criteria(plan);
    constraints::imply(plan);
    status::apply_configuration_changes(plan);
    assignment::assign_all(plan);
    status::check_parameters(plan);
    transition::schedule(plan);
    ordering::apply(plan);
    graph::build(plan)
}
