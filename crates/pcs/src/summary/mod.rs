//! The summary of a transition: what happens to nodes and resources, each in one line.
//!
//! What happens to a primitive that is managed and is, or is to be, somewhere:
//!
//! | its role | and | is |
//! | --- | --- | --- |
//! | stays | it can migrate | Migrate |
//! | | a reload was scheduled | Reload |
//! | | it need not start, but is demoted and promoted | Re-promote |
//! | | it need not start | nothing |
//! | | it cannot start | Stop |
//! | | it goes to another node | Recover if it failed, otherwise Move |
//! | | it stays where it is | Recover if it failed, otherwise Restart |
//! | changes | it is to be stopped, or stops and cannot start | Stop, on each node it is active on |
//! | | it failed and has to stop for that | Recover |
//! | | it goes to another node | Move |
//! | | a reload was scheduled | Reload |
//! | | it must stop | Restart |
//! | | it was promoted | Demote |
//! | | it is to be promoted | Promote |
//! | | it was stopped | Start |

mod lines;

pub(crate) use lines::lines;

use scheduler::Plan;
use scheduler::model::{Action, ActionId, NodeId, ResourceId, Role, Task, Variant};

/// Something that happens in a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Node(NodeChange),
    Resource(ResourceChange),
}

/// A node that is fenced or shut down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeChange {
    /// `Shutdown`, or `Fence` with the operation.
    pub task: String,
    /// The node, with what makes it where that is a resource.
    pub node: String,
    pub reason: String,
}

/// A primitive that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceChange {
    /// Start, Stop, Move and so on.
    pub action: &'static str,
    pub resource: String,
    pub movement: Movement,
    pub reason: Option<String>,
    /// Whether it cannot be done.
    pub blocked: bool,
}

/// Where a resource comes from and goes to, and in which roles, as far as that is of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Movement {
    /// It starts.
    Start { node: String },
    /// It starts in a role.
    StartAs {
        role: Role,
        next_role: Role,
        node: String,
    },
    /// It stops.
    Stop { node: String },
    /// It stops in a role.
    StopAs { role: Role, node: String },
    /// It stays.
    Stay { node: String },
    /// It stays in its role.
    StayAs { role: Role, node: String },
    /// It moves.
    Move { from: String, to: String },
    /// It moves in its role.
    MoveAs {
        role: Role,
        from: String,
        to: String,
    },
    /// It changes its role.
    Become {
        role: Role,
        next_role: Role,
        node: String,
    },
    /// It moves and changes its role.
    MoveAndBecome {
        role: Role,
        from: String,
        next_role: Role,
        to: String,
    },
}

/// All changes: of nodes, the one made last first, then of resources, in the order of the plan.
pub(crate) fn changes(plan: &Plan<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = plan
        .actions
        .values()
        .rev()
        .filter_map(|action| node_change(plan, action))
        .map(Change::Node)
        .collect();
    for &root in &plan.roots {
        add_changes(plan, root, &mut changes);
    }
    changes
}

fn node_change(plan: &Plan<'_>, action: &Action<'_>) -> Option<NodeChange> {
    if action.resource.is_some() || action.optional {
        return None;
    }
    let task = match action.task {
        Task::Shutdown => "Shutdown".to_owned(),
        Task::Fence => {
            let operation = action.meta.get("stonith_action").unwrap_or_default();
            format!("Fence ({operation})")
        }
        _ => return None,
    };
    let node = action.node.map_or_else(String::new, |node| {
        let name = plan.nodes[node].name;
        match plan.launcher_of_node(node).filter(|_| plan.is_guest(node)) {
            Some(launcher) => format!("{name} (resource: {})", plan.resources[launcher].id),
            None => name.to_owned(),
        }
    });
    // What happens to a node for no particular reason is for the log only.
    let reason = action.reason.clone()?;
    Some(NodeChange { task, node, reason })
}

fn add_changes(plan: &Plan<'_>, resource: ResourceId, changes: &mut Vec<Change>) {
    let of = &plan.resources[resource];
    match &of.variant {
        Variant::Bundle(bundle) => {
            for replica in &bundle.replicas {
                let parts = [
                    replica.ip,
                    Some(replica.container),
                    replica.remote,
                    replica.child,
                ];
                for part in parts.into_iter().flatten() {
                    add_changes(plan, part, changes);
                }
            }
        }
        _ if !of.children.is_empty() => {
            for &child in &of.children {
                add_changes(plan, child, changes);
            }
        }
        _ => Primitive::new(plan, resource).add_changes(changes),
    }
}

/// A primitive, with what decides how its change is called.
struct Primitive<'p, 'c> {
    plan: &'p Plan<'c>,
    resource: ResourceId,
    current: Option<NodeId>,
    next: Option<NodeId>,
    role: Role,
    next_role: Role,
    start: Option<ActionId>,
    stop: Option<ActionId>,
    promote: Option<ActionId>,
    demote: Option<ActionId>,
}

impl<'p, 'c> Primitive<'p, 'c> {
    fn new(plan: &'p Plan<'c>, resource: ResourceId) -> Self {
        let of = &plan.resources[resource];
        let current = plan.active_node(resource);
        let next = of.assigned_to;
        let mut primitive = Self {
            plan,
            resource,
            current,
            next,
            // What is being recovered may have been taken for stopped meanwhile.
            role: match of.role {
                Role::Stopped if current.is_some() => Role::Started,
                role => role,
            },
            next_role: of.next_role,
            start: None,
            stop: None,
            promote: None,
            demote: None,
        };
        primitive.start = primitive.action("start", next);
        let stopped_on = current.filter(|_| primitive.is_runnable(primitive.start));
        primitive.stop = primitive.action("stop", stopped_on).or_else(|| {
            // It is not stopped where it counts as active, but where it should not be.
            of.stop_unexpected.then(|| primitive.action("stop", None))?
        });
        primitive.promote = primitive.action("promote", next);
        primitive.demote = primitive.action("demote", next);
        primitive
    }

    fn add_changes(&self, changes: &mut Vec<Change>) {
        let of = &self.plan.resources[self.resource];
        let is_nowhere = self.current.is_none() && self.next.is_none();
        if !of.managed || is_nowhere || (self.current.is_none() && of.removed) {
            return;
        }
        if self.role == self.next_role {
            changes.extend(self.unchanged_role().map(Change::Resource));
        } else if self.stop.is_some()
            && (self.next_role == Role::Stopped || self.is_unrunnable(self.start))
        {
            let stops = of.active_on.iter().map(|&node| self.stop_on(node));
            changes.extend(stops.map(Change::Resource));
        } else {
            changes.extend(self.changed_role().map(Change::Resource));
        }
    }

    fn unchanged_role(&self) -> Option<ResourceChange> {
        let of = &self.plan.resources[self.resource];
        let (current, next) = (self.current, Some(self.next?));
        let migration = self.action("migrate_from", next);
        let change = if current.is_some() && self.is_runnable(migration) {
            self.change("Migrate", current, next, self.start, None)
        } else if of.reload {
            self.change("Reload", current, next, self.start, None)
        } else if !self.is_required(self.start) {
            if !self.is_required(self.demote) || !self.is_required(self.promote) {
                return None;
            }
            self.change("Re-promote", current, next, self.promote, self.demote)
        } else if self.is_unrunnable(self.start) {
            let has_reason = self
                .stop
                .is_some_and(|stop| self.plan.actions[stop].reason.is_some());
            let reason = if has_reason { self.stop } else { self.start };
            self.change("Stop", current, None, self.stop, reason)
        } else if self.is_moving() {
            let action = if of.failed { "Recover" } else { "Move" };
            self.change(action, current, next, self.stop, None)
        } else if of.failed {
            self.change("Recover", current, None, self.stop, None)
        } else {
            self.change("Restart", current, next, self.start, None)
        };
        Some(change)
    }

    fn changed_role(&self) -> Option<ResourceChange> {
        let of = &self.plan.resources[self.resource];
        let (current, next) = (self.current, self.next);
        let change = if self.stop.is_some() && of.failed && of.stop_if_failed {
            self.change("Recover", current, next, self.stop, self.start)
        } else if self.is_moving() {
            self.change("Move", current, next, self.stop, None)
        } else if of.reload {
            self.change("Reload", current, next, self.start, None)
        } else if self.is_required(self.stop) {
            self.change("Restart", current, next, self.start, None)
        } else if self.role == Role::Promoted {
            self.change("Demote", current, next, self.demote, None)
        } else if self.next_role == Role::Promoted {
            self.change("Promote", current, next, self.promote, None)
        } else if self.role == Role::Stopped && self.next_role > Role::Stopped {
            self.change("Start", current, next, self.start, None)
        } else {
            return None;
        };
        Some(change)
    }

    fn stop_on(&self, node: NodeId) -> ResourceChange {
        let stop = self.action("stop", Some(node));
        let has_reason = stop.is_some_and(|stop| self.plan.actions[stop].reason.is_some());
        let reason = if has_reason { stop } else { self.start };
        self.change("Stop", Some(node), None, stop, reason)
    }

    /// A change that `action` carries out, and whose reason is that of `reason` (or else its own).
    fn change(
        &self,
        name: &'static str,
        origin: Option<NodeId>,
        destination: Option<NodeId>,
        action: Option<ActionId>,
        reason: Option<ActionId>,
    ) -> ResourceChange {
        let reason = reason
            .or(action)
            .and_then(|action| self.plan.actions[action].reason.clone());
        ResourceChange {
            action: name,
            resource: self.plan.resources[self.resource].id.clone(),
            movement: self.movement(origin, destination),
            reason,
            blocked: self.is_unrunnable(action),
        }
    }

    fn movement(&self, origin: Option<NodeId>, destination: Option<NodeId>) -> Movement {
        let (role, next_role) = (self.role, self.next_role);
        let shows_role = role > Role::Started || next_role > Role::Unpromoted;
        let same_role = role == next_role;
        let name = |node: NodeId| self.plan.nodes[node].name.to_owned();
        match (origin, destination) {
            (None, None) => Movement::Stay {
                node: String::new(),
            },
            (None, Some(node)) if shows_role => Movement::StartAs {
                role,
                next_role,
                node: name(node),
            },
            (None, Some(node)) => Movement::Start { node: name(node) },
            (Some(node), None) if shows_role => Movement::StopAs {
                role,
                node: name(node),
            },
            (Some(node), None) => Movement::Stop { node: name(node) },
            (Some(from), Some(to)) if from == to => {
                let node = name(from);
                match (same_role, shows_role) {
                    (true, true) => Movement::StayAs { role, node },
                    (true, false) => Movement::Stay { node },
                    (false, _) => Movement::Become {
                        role,
                        next_role,
                        node,
                    },
                }
            }
            (Some(from), Some(to)) => {
                let (from, to) = (name(from), name(to));
                match (same_role, shows_role) {
                    (true, true) => Movement::MoveAs { role, from, to },
                    (true, false) => Movement::Move { from, to },
                    (false, _) => Movement::MoveAndBecome {
                        role,
                        from,
                        next_role,
                        to,
                    },
                }
            }
        }
    }

    fn is_moving(&self) -> bool {
        self.current.is_some() && self.next.is_some() && self.current != self.next
    }

    /// The first action of that task that was made for `node` (or any) or for none in particular.
    fn action(&self, task: &str, node: Option<NodeId>) -> Option<ActionId> {
        let actions = &self.plan.actions;
        self.plan.resources[self.resource]
            .actions
            .iter()
            .copied()
            .find(|&id| {
                let action = &actions[id];
                action.interval_ms == 0
                    && action.task_name == task
                    && (node.is_none() || action.node.is_none() || action.node == node)
            })
    }

    fn is_runnable(&self, action: Option<ActionId>) -> bool {
        action.is_some_and(|action| self.plan.actions[action].runnable)
    }

    fn is_unrunnable(&self, action: Option<ActionId>) -> bool {
        action.is_some_and(|action| !self.plan.actions[action].runnable)
    }

    fn is_required(&self, action: Option<ActionId>) -> bool {
        action.is_some_and(|action| !self.plan.actions[action].optional)
    }
}
