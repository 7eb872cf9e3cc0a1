//! What is said of an action for the purposes of an ordering.
//!
//! For a primitive that is what the action itself says. For the others, what the parts make of it:
//!
//! | resource | required if | can be done if |
//! | --- | --- | --- |
//! | group | the like action of any member is | every member has the like action (not for stop and demote); and, for the completion of an action, every member's action can be done |
//! | clone, bundle | the like action of any instance is | the like action of any instance can be done |
//!
//! What follows for the whole is also noted in its action, so that asking changes the answer of
//! later questions.
//!
//! The instances of a bundle are its containers; for promotion, demotion, notification and
//! unknown tasks, the instances of the clone inside.

use crate::actions;
use crate::model::{ActionId, NodeId, Plan, ResourceId, Task, Variant};
use crate::ordering::original_task;

/// What is said of an action for the purposes of an ordering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionFlags {
    /// It need not be done.
    pub optional: bool,
    /// It can be done.
    pub runnable: bool,
    /// No agent is asked.
    pub pseudo: bool,
    /// It may be part of a live migration.
    pub migratable: bool,
}

impl ActionFlags {
    /// What is assumed of the action of a collective resource before its parts are asked.
    const WHOLE: Self = Self {
        optional: true,
        runnable: true,
        pseudo: true,
        migratable: false,
    };
}

/// The flags of `action`, limited to what happens on `node` where given: for the action of a
/// collective resource, what its parts make of it.
pub fn action_flags(plan: &mut Plan<'_>, action: ActionId, node: Option<NodeId>) -> ActionFlags {
    let own = &plan.actions[action];
    match own.resource.map(|of| (of, &plan.resources[of].variant)) {
        Some((group, Variant::Group(_))) => of_group(plan, action, group, node),
        Some((whole, Variant::Clone(_))) => {
            let instances = plan.resources[whole].children.clone();
            of_instances(plan, action, &instances, node)
        }
        Some((bundle, Variant::Bundle(_))) => {
            let instances = instances_for(plan, bundle, own.task);
            of_instances(plan, action, &instances, node)
        }
        Some((_, Variant::Primitive)) | None => ActionFlags {
            optional: own.optional,
            runnable: own.runnable,
            pseudo: own.pseudo,
            migratable: own.migratable,
        },
    }
}

/// What the parts of a bundle are that do `task`.
fn instances_for(plan: &Plan<'_>, bundle: ResourceId, task: Task) -> Vec<ResourceId> {
    match plan.bundled_resource(bundle) {
        Some(inside) if is_done_inside(task) => plan.resources[inside].children.clone(),
        _ => plan.containers(bundle).collect(),
    }
}

const fn is_done_inside(task: Task) -> bool {
    matches!(
        task,
        Task::Other
            | Task::Notify
            | Task::Notified
            | Task::Promote
            | Task::Promoted
            | Task::Demote
            | Task::Demoted
    )
}

/// The task that a primitive does for a `task` of the whole: the completion of an action is the
/// action.
const fn atomic(task: Task) -> Task {
    match task {
        Task::Stopped => Task::Stop,
        Task::Started => Task::Start,
        Task::Promoted => Task::Promote,
        Task::Demoted => Task::Demote,
        other => other,
    }
}

fn of_group(
    plan: &mut Plan<'_>,
    action: ActionId,
    group: ResourceId,
    node: Option<NodeId>,
) -> ActionFlags {
    let mut flags = ActionFlags::WHOLE;
    let task = plan.actions[action].task;
    for index in 0..plan.resources[group].children.len() {
        let member = plan.resources[group].children[index];
        let like = if plan.is_primitive(member) {
            atomic(task)
        } else {
            task
        };
        match find_task(plan, member, like, node) {
            Some(of_member) => {
                let of_member = action_flags(plan, of_member, node);
                let own = &mut plan.actions[action];
                if flags.optional && !of_member.optional {
                    flags.optional = false;
                    own.optional = false;
                }
                if like.name() != own.task_name && flags.runnable && !of_member.runnable {
                    flags.runnable = false;
                    own.runnable = false;
                }
            }
            None if matches!(like, Task::Stop | Task::Demote) => {}
            None => flags.runnable = false,
        }
    }
    flags
}

fn of_instances(
    plan: &mut Plan<'_>,
    action: ActionId,
    instances: &[ResourceId],
    node: Option<NodeId>,
) -> ActionFlags {
    let mut flags = ActionFlags::WHOLE;
    let task = original_task(plan, action);
    let mut any_runnable = false;
    for &instance in instances {
        // The members of a cloned group may be anywhere.
        let limit = node.filter(|_| plan.is_primitive(instance));
        let Some(of_instance) = find_task(plan, instance, task, limit) else {
            continue;
        };
        let of_instance = action_flags(plan, of_instance, node);
        if flags.optional && !of_instance.optional {
            flags.optional = false;
            plan.actions[action].optional = false;
        }
        any_runnable |= of_instance.runnable;
    }
    if !any_runnable {
        flags.runnable = false;
        if node.is_none() {
            plan.actions[action].runnable = false;
        }
    }
    flags
}

fn find_task(
    plan: &Plan<'_>,
    resource: ResourceId,
    task: Task,
    node: Option<NodeId>,
) -> Option<ActionId> {
    if task == Task::Other {
        return None;
    }
    actions::find(plan, resource, None, Some(task.name()), node)
}
