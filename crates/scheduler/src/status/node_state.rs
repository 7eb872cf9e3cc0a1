//! What `<node_state>` says of a node itself; its histories are read later, see [`super::history`].
//!
//! - A cluster node is clean as soon as any state of it is recorded; from there on its membership
//!   decides ([`super::membership`]).
//! - Transient attributes replace permanent ones of the same name.
//! - A node that is not online, or shutting down, has score minus infinity for every resource.
//! - Of a remote node, only whether it was fenced is read at first: whether it is online follows
//!   from the history of its connection. Its attributes are read when its turn comes.
//! - `#resource-discovery-enabled="false"` is for guest nodes, and for remote nodes where fencing
//!   is enabled; cluster nodes are always probed.

use cib::Score;
use cib::literal::parse_boolean;
use cib::number::parse_integer;
use cib::xml::Element;

use super::fencing::fence_node;
use super::membership::{Membership, Verdict, is};
use super::recheck::recheck_at;
use crate::configuration::add_node_attributes;
use crate::model::{NoQuorumPolicy, NodeId, Plan};

/// The attribute that turned probes off on a node.
const DISCOVERY: &str = "resource-discovery-enabled";

/// Reads one `<node_state>` in the first pass.
pub(super) fn unpack<'c>(plan: &mut Plan<'c>, state: Element<'c>) {
    let Some(id) = state.id() else {
        plan.configuration_error("Ignoring invalid node_state entry without id");
        return;
    };
    let Some(node) = find(plan, state) else {
        let name = state.attribute("uname").unwrap_or("unknown");
        plan.notice(format!(
            "Ignoring recorded state for removed node with name {name} and id {id}"
        ));
        return;
    };
    if plan.is_remote_or_guest(node) {
        plan.nodes[node].remote_fenced = is_positive(state, "node_fenced");
        return;
    }
    add_transient_attributes(plan, node, state);
    let of = &mut plan.nodes[node];
    (of.unclean, of.seen) = (false, true);
    judge_membership(plan, node, state);
    if !plan.options.quorate
        && plan.nodes[node].online
        && plan.options.no_quorum_policy == NoQuorumPolicy::Fence
    {
        fence_node(plan, node, "cluster does not have quorum", false);
    }
}

/// The node that a `<node_state>` is about: by identity, or else by name.
pub(super) fn find(plan: &Plan<'_>, state: Element<'_>) -> Option<NodeId> {
    let by_name = || plan.node_by_name(state.attribute("uname")?);
    plan.node_by_uuid(state.id()?).or_else(by_name)
}

/// Reads what the `<node_state>` of a remote or guest node says of its attributes.
pub(super) fn unpack_remote<'c>(plan: &mut Plan<'c>, node: NodeId, state: Element<'c>) {
    let of = &mut plan.nodes[node];
    of.remote_maintenance = is_positive(state, "node_in_maintenance");
    if !of.remote_reset {
        (of.unclean, of.seen) = (false, true);
    }
    add_node_attributes(plan, node, state.child("transient_attributes"), true);

    if shutdown_requested(plan, node) {
        plan.nodes[node].shutdown = true;
    }
    if is_set(plan, node, "standby") {
        plan.nodes[node].standby = true;
    }
    let is_unmanaged = plan.nodes[node]
        .connection
        .is_some_and(|connection| !plan.resources[connection].managed);
    if is_unmanaged || is_set(plan, node, "maintenance") {
        plan.nodes[node].maintenance = true;
    }
    if discovery_is_disabled(plan, node) {
        if plan.is_remote(node) && !plan.options.fencing_enabled {
            let text = format!(
                "Ignoring {DISCOVERY} attribute on Pacemaker Remote node {} because fencing is \
                 disabled",
                plan.nodes[node].name
            );
            plan.configuration_warning(text);
        } else {
            plan.nodes[node].probes_allowed = false;
        }
    }
}

fn add_transient_attributes<'c>(plan: &mut Plan<'c>, node: NodeId, state: Element<'c>) {
    add_node_attributes(plan, node, state.child("transient_attributes"), true);
    if is_set(plan, node, "standby") {
        plan.nodes[node].standby = true;
    }
    if is_set(plan, node, "maintenance") {
        plan.nodes[node].maintenance = true;
    }
    if discovery_is_disabled(plan, node) {
        let text = format!(
            "Ignoring {DISCOVERY} attribute for {} because disabling resource discovery is not \
             allowed for cluster nodes",
            plan.nodes[node].name
        );
        plan.configuration_warning(text);
    }
}

fn judge_membership<'c>(plan: &mut Plan<'c>, node: NodeId, state: Element<'c>) {
    let now_s = plan.now_s();
    let (mut membership, problems) = Membership::read(state, now_s);
    for problem in problems {
        plan.warning(problem);
    }
    membership.shutting_down = shutdown_requested(plan, node);
    let of = &mut plan.nodes[node];
    of.shutdown = membership.shutting_down;
    of.expected_up |= !membership.shutting_down && is(membership.expected, "member");

    let verdict = if plan.options.fencing_enabled {
        membership.termination_requested = termination_requested(plan, node);
        membership.judge_with_fencing(plan.options.node_pending_timeout_ms, now_s)
    } else {
        membership.judge_without_fencing()
    };
    apply(plan, node, verdict);
}

fn apply(plan: &mut Plan<'_>, node: NodeId, verdict: Verdict) {
    if let Some(moment_s) = verdict.recheck_at_s {
        recheck_at(plan, moment_s);
    }
    if let Some(reason) = verdict.fence {
        fence_node(plan, node, reason, verdict.priority_delay);
    }
    let of = &mut plan.nodes[node];
    if verdict.pending {
        (of.standby, of.pending) = (true, true);
    }
    if verdict.online {
        of.online = true;
    }
    if !verdict.online || of.shutdown {
        of.base_score = Score::MINUS_INFINITY;
    }
    if of.unclean {
        let text = format!("{} is unclean", of.name);
        plan.warning(text);
    }
}

/// Whether the node was asked to shut down: the attribute holds the time of the request.
fn shutdown_requested(plan: &Plan<'_>, node: NodeId) -> bool {
    plan.nodes[node]
        .attributes
        .get("shutdown")
        .is_some_and(|value| value != "0")
}

/// Whether the fencing of the node was asked for: by a boolean, or the time of the request.
fn termination_requested(plan: &mut Plan<'_>, node: NodeId) -> bool {
    let of = &plan.nodes[node];
    let Some(value) = of.attributes.get("terminate") else {
        return false;
    };
    let requested =
        parse_boolean(value).or_else(|| parse_integer(value).map(|since_s| since_s > 0));
    if requested.is_none() {
        let text = format!(
            "Ignoring unrecognized value '{value}' for terminate node attribute for {}",
            of.name
        );
        plan.warning(text);
    }
    requested.unwrap_or(false)
}

fn discovery_is_disabled(plan: &Plan<'_>, node: NodeId) -> bool {
    plan.nodes[node]
        .attributes
        .get(DISCOVERY)
        .is_some_and(|value| parse_boolean(value) != Some(true))
}

fn is_set(plan: &Plan<'_>, node: NodeId, attribute: &str) -> bool {
    let value = plan.nodes[node].attributes.get(attribute);
    value.and_then(parse_boolean) == Some(true)
}

fn is_positive(state: Element<'_>, attribute: &str) -> bool {
    let value = state.attribute(attribute).and_then(parse_integer);
    value.is_some_and(|value| value > 0)
}
