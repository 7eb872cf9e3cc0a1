//! The status section: tickets, the state of nodes, and what history says of resources.

use cib::Score;
use cib::xml::Element;

use crate::model::{NodeId, Plan, ResourceId};

/// Reads the status section into `plan`.
pub fn unpack(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Decides that `node` has to be fenced (or a guest node recovered) because of `reason`.
pub fn fence_node(plan: &mut Plan<'_>, node: NodeId, reason: &str, priority_delay: bool) {
    let _ = (plan, node, reason, priority_delay);
    todo!()
}

/// Which failures are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailCountScope {
    /// Leave out failures that have expired.
    pub effective: bool,
    /// Add the failures of what the resource launches.
    pub launched: bool,
}

/// Failures of a resource on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailCount {
    /// How many.
    pub count: Score,
    /// When the last one happened, in seconds since 1970; 0 for never.
    pub last_s: i64,
}

/// The failures of `resource` on `node`; `entry`, where given, is the history entry of a failure
/// whose block must not expire.
pub fn fail_count<'c>(
    plan: &mut Plan<'c>,
    node: NodeId,
    resource: ResourceId,
    scope: FailCountScope,
    entry: Option<Element<'c>>,
) -> FailCount {
    let _ = (plan, node, resource, scope, entry);
    todo!()
}

/// Whether `resource` must leave `node` because it failed there too often; the resource that is to
/// be banned (its group, or its anonymous clone).
pub fn threshold_reached(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
) -> Option<ResourceId> {
    let _ = (plan, resource, node);
    todo!()
}

/// Compares what history says of active resources with the configuration: what was removed is
/// cancelled, changed parameters lead to a reload or restart.
pub fn apply_configuration_changes(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Carries out the comparisons that were put off in `plan.parameter_checks`.
pub fn check_parameters(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Digests that were computed already.
#[derive(Clone, Debug, Default)]
pub struct DigestCache;
