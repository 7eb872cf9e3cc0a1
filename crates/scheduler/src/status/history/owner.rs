//! Whose history it is: from the name in `<lrm_resource>` to a resource of ours.
//!
//! 1. The resource with that id, or the first instance (`:0`) of an anonymous clone of that name.
//!    Something that is not a primitive any more is not it. What was made from history (see 4) comes
//!    after the instances that history on another node has called so.
//! 2. Instances of anonymous clones are interchangeable, and history names them without their
//!    number, so which instance it is has to be decided, in this order:
//!    - the instance that is active (or has an action pending) on the node already, as when
//!      another member of its group was found there; but where that very resource was found there
//!      before, under another name, this history is of a surplus instance;
//!    - the first instance that is active nowhere, is not blocked, and has nothing pending on
//!      another node;
//!    - a new, surplus instance.
//!
//!    Where the resource does not need fencing, and there are not enough instances for all nodes,
//!    what seems to run on a node that is down or unclean is surplus: its number is free for
//!    another node. (Guest nodes are fenced by stopping their guest, so this is not for them.)
//! 3. In a bundle, it is the instance in the replica that is the node.
//! 4. All else was removed from the configuration: a resource is made from what history knows. It
//!    is stopped if `stop-orphan-resources` allows, otherwise left alone.

use cib::Score;
use cib::xml::Element;

use super::index::histories;
use crate::configuration;
use crate::constraints;
use crate::model::queries::find::{Match, base_name};
use crate::model::{Candidate, Cause, NodeId, NodeKind, Plan, ResourceId};

/// The resource that history on `node` calls `name`.
pub(super) fn find<'c>(plan: &mut Plan<'c>, node: NodeId, name: &str) -> Option<ResourceId> {
    let base = base_name(name);
    let known = match plan.resource_by_id(name) {
        Some(resource) if !plan.is_primitive(resource) => return None,
        Some(resource) if plan.resources[resource].removed => {
            instance_known_as(plan, name, base).unwrap_or(resource)
        }
        Some(resource) => resource,
        None => first_instance(plan, base).filter(|&first| !plan.resources[first].unique)?,
    };
    let clone = plan.top(known, false);
    let owner = if !plan.is_anonymous_clone(clone) {
        known
    } else if plan.is_bundled(clone) {
        let bundle = plan.resources[clone].parent?;
        plan.replica_on(bundle, node)?.child?
    } else {
        anonymous_instance(plan, node, clone, base)?
    };
    let of = &mut plan.resources[owner];
    if of.id != name && of.history_id.as_deref() != Some(name) {
        of.history_id = Some(name.to_owned());
    }
    Some(owner)
}

fn first_instance(plan: &Plan<'_>, base: &str) -> Option<ResourceId> {
    plan.resource_by_id(&format!("{base}:0"))
}

/// The instance that history calls `name` on some node.
fn instance_known_as(plan: &Plan<'_>, name: &str, base: &str) -> Option<ResourceId> {
    let clone = plan.top(first_instance(plan, base)?, false);
    let how = Match {
        history: true,
        ..Match::default()
    };
    plan.find_part(clone, name, None, how)
}

fn anonymous_instance(
    plan: &mut Plan<'_>,
    node: NodeId,
    clone: ResourceId,
    base: &str,
) -> Option<ResourceId> {
    let is_usable = |&instance: &ResourceId| {
        plan.resources[instance].needs_fencing
            || (plan.nodes[node].online && !plan.nodes[node].unclean)
            || plan.is_guest(node)
            || has_instance_for_each_node(plan, clone)
    };
    if let Some(instance) = existing_instance(plan, node, clone, base).filter(is_usable) {
        return Some(instance);
    }
    let surplus = configuration::add_instance(plan, clone)?;
    member_called(plan, surplus, base)
}

/// The instance that is on the node, or else one that is free.
fn existing_instance(
    plan: &Plan<'_>,
    node: NodeId,
    clone: ResourceId,
    base: &str,
) -> Option<ResourceId> {
    let mut free = None;
    let mut is_surplus = false;
    for &instance in &plan.resources[clone].children {
        match first_place(plan, instance) {
            Some(place) if place == node => {
                if let Some(member) = member_called(plan, instance, base) {
                    if plan.resources[member].active_on.is_empty() {
                        return Some(member);
                    }
                    is_surplus = true;
                }
            }
            Some(_) => {}
            None if free.is_none() && !is_surplus && !plan.resources[instance].blocked => {
                free = member_called(plan, instance, base).filter(|&member| {
                    let pending = plan.resources[member].pending_node;
                    pending.is_none_or(|pending| pending == node)
                });
            }
            None => {}
        }
    }
    free.filter(|_| !is_surplus)
}

/// The first node where `instance` (or a member of it) is active or has an action pending.
fn first_place(plan: &Plan<'_>, instance: ResourceId) -> Option<NodeId> {
    let of = &plan.resources[instance];
    if of.children.is_empty() {
        return of.active_on.first().copied().or(of.pending_node);
    }
    of.children
        .iter()
        .find_map(|&member| first_place(plan, member))
}

/// The resource in `instance`, itself included, that the configuration calls `base`.
fn member_called(plan: &Plan<'_>, instance: ResourceId, base: &str) -> Option<ResourceId> {
    let how = Match {
        clone_only: true,
        ..Match::default()
    };
    plan.find_part(instance, base, None, how)
}

fn has_instance_for_each_node(plan: &Plan<'_>, clone: ResourceId) -> bool {
    plan.clone_data(clone)
        .is_some_and(|data| data.max == plan.nodes.len())
}

/// Makes a resource that is no longer configured from its history on `node`.
pub(super) fn add_removed<'c>(
    plan: &mut Plan<'c>,
    history: Element<'c>,
    name: &'c str,
) -> Option<ResourceId> {
    let resource = configuration::add_resource(plan, history, None)?;
    if plan.resources[resource].is_remote_connection {
        // The connection is gone from the configuration, so its node has to go as well.
        let node = plan
            .node_by_name(name)
            .unwrap_or_else(|| configuration::add_node(plan, name, name, NodeKind::Remote));
        configuration::link_remote_node(plan, resource);
        plan.nodes[node].shutdown = true;
    }
    let of = &mut plan.resources[resource];
    of.removed = true;
    of.removed_launched = history.attribute("container").is_some();
    if plan.options.stop_removed_resources {
        let cause = || Cause::Other("it was removed from the configuration".to_owned());
        constraints::add_score(plan, resource, None, Score::MINUS_INFINITY, cause);
    } else {
        of.managed = false;
    }
    Some(resource)
}

/// Attaches removed resources on a node to what launched them, as far as that is still configured.
pub(super) fn attach_removed_to_launchers(plan: &mut Plan<'_>, state: Element<'_>) {
    for history in histories(state) {
        let launcher = history
            .attribute("container")
            .and_then(|id| plan.resource_by_id(id));
        let launched = history.id().and_then(|id| plan.resource_by_id(id));
        let (Some(launcher), Some(launched)) = (launcher, launched) else {
            continue;
        };
        let of = &mut plan.resources[launched];
        if of.launcher.is_none() && of.removed_launched {
            of.launcher = Some(launcher);
            plan.resources[launcher].launched.push(launched);
        }
    }
}

/// Forbids `resource` on all nodes, whatever was said of it before; if it is an instance of an
/// anonymous clone, the whole clone.
pub(super) fn ban_everywhere(plan: &mut Plan<'_>, resource: ResourceId, why: &str) {
    let top = plan.top(resource, false);
    let banned = if plan.is_anonymous_clone(top) {
        top
    } else {
        resource
    };
    forbid_all_nodes(plan, banned, why);
}

/// Forbids this very resource on all nodes, whatever was said of it before.
pub(in crate::status) fn forbid_all_nodes(plan: &mut Plan<'_>, resource: ResourceId, why: &str) {
    let forbidden = |node| Candidate {
        score: Score::MINUS_INFINITY,
        ..plan.nodes[node].as_candidate(node)
    };
    plan.resources[resource].allowed = plan.nodes.ids().map(forbidden).collect();
    for node in plan.nodes.ids() {
        plan.journal
            .note(resource, node, Score::MINUS_INFINITY, || {
                Cause::Other(why.to_owned())
            });
    }
}

#[cfg(test)]
mod tests {
    use cib::time::DateTime;
    use cib::xml::Document;

    use crate::{Wishes, expansion, read};

    fn state(node: &str, remote: &str, active: &[(&str, &str)]) -> String {
        let history: String = active
            .iter()
            .map(|(id, agent)| {
                format!(
                    r#"<lrm_resource id="{id}" {agent}><lrm_rsc_op id="{id}_last_0" operation="start"
                       operation_key="{id}_start_0" interval="0" call-id="1" rc-code="0" op-status="0"
                       transition-magic="0:0;1:1:0:x" transition-key="1:1:0:x"/></lrm_resource>"#
                )
            })
            .collect();
        format!(
            r#"<node_state id="{node}" uname="{node}" in_ccm="true" crmd="online" join="member"
               expected="member" {remote}><lrm id="{node}"><lrm_resources>{history}</lrm_resources>
               </lrm></node_state>"#
        )
    }

    #[test]
    fn what_is_left_over_takes_no_history_of_instances() {
        const OWN: &str = r#"class="ocf" provider="test" type="p""#;
        const CONTAINER: &str = r#"class="ocf" provider="heartbeat" type="docker""#;
        const CONNECTION: &str = r#"class="ocf" provider="pacemaker" type="remote""#;
        let states = [
            state(
                "m",
                "",
                &[
                    ("b-docker-0", CONTAINER),
                    ("b-0", CONNECTION),
                    ("b-docker-1", CONTAINER),
                    ("b-1", CONNECTION),
                ],
            ),
            state("b-0", r#"remote_node="true""#, &[("p", OWN)]),
            // Once, there was a resource p of its own.
            state("n", "", &[("p", OWN)]),
            state("b-1", r#"remote_node="true""#, &[("p", OWN)]),
        ];
        let text = format!(
            r#"<cib have-quorum="1"><configuration><crm_config/>
               <nodes><node id="m" uname="m"/><node id="n" uname="n"/></nodes>
               <resources><bundle id="b"><docker image="i" replicas="2"/>
               <network control-port="3121"/><primitive id="p" {OWN}/></bundle></resources>
               <constraints/></configuration><status>{}</status></cib>"#,
            states.concat()
        );
        let cib = Document::parse(&text).expect("the test's CIB is well-formed");
        let cib = expansion::expand(&cib);
        let plan = read(&cib, DateTime::from_epoch_s(1), Wishes::default());
        let places: Vec<String> = ["p:0", "p:1", "p"]
            .into_iter()
            .filter_map(|id| plan.resource_by_id(id))
            .map(|resource| {
                let of = &plan.resources[resource];
                let nodes: Vec<&str> = of.active_on.iter().map(|&it| plan.nodes[it].name).collect();
                format!("{}@{}", of.id, nodes.join(","))
            })
            .collect();
        assert_eq!(places, ["p:0@b-0", "p:1@b-1", "p@n"]);
    }
}
