//! Finding actions of a resource.
//!
//! | question | looks at |
//! | --- | --- |
//! | [`find`] | the action made last that fits |
//! | [`find_all`] | all that fit, in order of creation; with a node, only those placed there |
//! | [`find_once`] | all that do a task once, in order of creation |
//! | [`adopt_all`] | as `find_all`, but what has no place yet is placed on the node |

use crate::model::ids::Id;
use crate::model::resource::ActionMark;
use crate::model::{ActionId, NodeId, Plan, Resource, ResourceId, Task};

/// The action of `resource` made last that has this key or task (or both), limited to `node` where
/// given.
#[must_use]
pub fn find(
    plan: &Plan<'_>,
    resource: ResourceId,
    key: Option<&str>,
    task: Option<&str>,
    node: Option<NodeId>,
) -> Option<ActionId> {
    let of = &plan.resources[resource];
    let key = key.map(|key| (key, hash(key)));
    let task = task.map(|task| (task, Task::parse(task)));
    of.actions
        .iter()
        .zip(&of.action_marks)
        .rev()
        .find(|&(&action, mark)| {
            key.is_none_or(|(_, hash)| mark.key_hash == hash)
                && task.is_none_or(|(_, kind)| mark.task == kind)
                && (node.is_none() || mark.node == node)
                && key.is_none_or(|(key, _)| *plan.actions[action].key == *key)
                && task.is_none_or(|(name, kind)| {
                    kind != Task::Other || plan.actions[action].task_name == name
                })
        })
        .map(|(&action, _)| action)
}

/// All actions of `resource` with this key, in order of creation; where `node` is given, only
/// those that are placed there.
#[must_use]
pub fn find_all(
    plan: &Plan<'_>,
    resource: ResourceId,
    key: &str,
    node: Option<NodeId>,
) -> Vec<ActionId> {
    let of = &plan.resources[resource];
    let key_hash = hash(key);
    of.actions
        .iter()
        .zip(&of.action_marks)
        .filter(|&(&action, mark)| {
            mark.key_hash == key_hash
                && (node.is_none() || mark.node == node)
                && *plan.actions[action].key == *key
        })
        .map(|(&action, _)| action)
        .collect()
}

/// All actions of `resource` that do `task` once (interval 0), in order of creation: those that
/// `find_all` finds for their key, which need not be made for that.
#[must_use]
pub fn find_once(plan: &Plan<'_>, resource: ResourceId, task: &str) -> Vec<ActionId> {
    let of = &plan.resources[resource];
    let parts = [of.id.as_str(), "_", task, "_0"];
    let key_hash = hash_parts(&parts);
    let has_key = |key: &str| {
        let rest = parts
            .iter()
            .try_fold(key, |rest, part| rest.strip_prefix(part));
        rest.is_some_and(str::is_empty)
    };
    of.actions
        .iter()
        .zip(&of.action_marks)
        .filter(|&(&action, mark)| mark.key_hash == key_hash && has_key(&plan.actions[action].key))
        .map(|(&action, _)| action)
        .collect()
}

/// All actions of `resource` with this key that are placed on `node` or nowhere; the latter are
/// placed there now.
pub fn adopt_all(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    key: &str,
    node: NodeId,
) -> Vec<ActionId> {
    let mut found = Vec::new();
    each_matching(plan, resource, key, Some(node), |action| found.push(action));
    found
}

/// The one action of `resource` with this key on `node` (one without a place is placed there) or,
/// without a node, the first one made.
pub(super) fn existing(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    key: &str,
    node: Option<NodeId>,
) -> Option<ActionId> {
    if let Some(node) = node {
        let of = &plan.resources[resource];
        let is_placed = of.action_nodes & node_bit(node) != 0;
        if !is_placed && of.unplaced_actions & key_bit(hash(key)) == 0 {
            return None;
        }
    }
    let mut found = None;
    each_matching(plan, resource, key, node, |action| {
        found.get_or_insert(action);
    });
    found
}

fn each_matching(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    key: &str,
    node: Option<NodeId>,
    mut visit: impl FnMut(ActionId),
) {
    let of = &mut plan.resources[resource];
    let key_hash = hash(key);
    for (&action, mark) in of.actions.iter().zip(&mut of.action_marks) {
        let place_fits = node.is_none() || mark.node.is_none() || mark.node == node;
        if mark.key_hash != key_hash || !place_fits || *plan.actions[action].key != *key {
            continue;
        }
        if node.is_some() && mark.node.is_none() {
            mark.node = node;
            plan.actions[action].node = node;
            of.action_nodes |= node.map_or(0, node_bit);
        }
        visit(action);
    }
}

/// Notes that `resource` has got `action`, called `key`.
pub(super) fn add(
    resource: &mut Resource<'_>,
    action: ActionId,
    key: &str,
    task: Task,
    node: Option<NodeId>,
) {
    let key_hash = hash(key);
    match node {
        Some(node) => resource.action_nodes |= node_bit(node),
        None => resource.unplaced_actions |= key_bit(key_hash),
    }
    resource.actions.push(action);
    resource.action_marks.push(ActionMark {
        key_hash,
        task,
        node,
    });
}

/// The bit of [`Resource::action_nodes`] that stands for `node`.
fn node_bit(node: NodeId) -> u64 {
    1 << (node.index() % 64)
}

/// The bit of [`Resource::unplaced_actions`] that stands for a key.
fn key_bit(key_hash: u32) -> u64 {
    1 << (key_hash % 64)
}

/// Places `action` on `node`.
pub fn place(plan: &mut Plan<'_>, action: ActionId, node: Option<NodeId>) {
    plan.actions[action].node = node;
    if let Some(resource) = plan.actions[action].resource {
        let of = &mut plan.resources[resource];
        // Actions are numbered as they are made, so the list is sorted.
        if let Ok(index) = of.actions.binary_search(&action) {
            let mark = &mut of.action_marks[index];
            mark.node = node;
            match node {
                Some(node) => of.action_nodes |= node_bit(node),
                None => of.unplaced_actions |= key_bit(mark.key_hash),
            }
        }
    }
}

/// FNV-1a: short keys, no adversary to fear (a collision costs a comparison).
fn hash(key: &str) -> u32 {
    hash_parts(&[key])
}

/// The hash of a key that is made of parts.
fn hash_parts(parts: &[&str]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
