//! Carrying through what relations imply.
//!
//! To *settle* an action is to look at each of its relations to actions before it, from the one
//! made last to the one made first, and to apply what it means to both ([`super::pair`]):
//!
//! * A relation that holds only on the same node is emptied where the nodes differ.
//! * A relation to an action of a collective resource outside its own is moved to the point where
//!   all parts are done: after `clone_running` rather than after `clone_start`; with notifications,
//!   after these have been confirmed.
//! * Mere order after an action of a primitive means nothing else, and is passed over.
//! * Where the first action changed, all that come after it, and itself, are settled at once.
//! * Where the settled action changed, it is settled again, and then all that come after it. If it
//!   cannot run any more, that holds back what must be with it.
//!
//! The order in which changes are followed is visible in the reasons that actions give, so it is
//! depth first, as Pacemaker does it. Changes deeper than [`MAX_DEPTH`] wait until the ones before
//! them are done. Settling stops for good after [`UPDATES_PER_RELATION`] rounds, which only
//! orderings that contradict each other can need.

use crate::actions::{find, notification_key, operation_key, order, parse_operation_key};
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Task, Variant};
use crate::transition::{ActionFlags, action_flags};

/// How deep changes are followed before they have to wait.
const MAX_DEPTH: usize = 256;

/// How many times, on average, each relation may be looked at.
const UPDATES_PER_RELATION: usize = 200;

/// Which of the two actions of a relation changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changed {
    pub first: bool,
    pub then: bool,
}

impl std::ops::BitOrAssign for Changed {
    fn bitor_assign(&mut self, other: Self) {
        self.first |= other.first;
        self.then |= other.then;
    }
}

/// The state of an action that others may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub optional: bool,
    pub runnable: bool,
    pub pseudo: bool,
    pub migratable: bool,
    pub always_in_graph: bool,
}

/// Something that changes may lead to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    /// An action is to be settled.
    Settle(ActionId),
    /// An action may have to hold back what must be with its resource.
    BlockDependents(ActionId),
}

/// A plan while changes are carried through.
pub(super) struct Propagation<'p, 'c> {
    pub plan: &'p mut Plan<'c>,
    depth: usize,
    deferred: Vec<Work>,
    updates_left: usize,
}

impl<'p, 'c> Propagation<'p, 'c> {
    pub fn new(plan: &'p mut Plan<'c>) -> Self {
        let relations: usize = plan
            .actions
            .values()
            .map(|action| action.before.len())
            .sum();
        let updates_left = (relations + plan.actions.len()).saturating_mul(UPDATES_PER_RELATION);
        Self {
            plan,
            depth: 0,
            deferred: Vec::new(),
            updates_left,
        }
    }

    /// Settles `action`, and all that changes because of it, at once or (too deep) later.
    pub fn settle(&mut self, action: ActionId) {
        self.follow(Work::Settle(action));
    }

    /// Holds back what must be with the resource of `action`, where that cannot run.
    pub fn block_colocation_dependents(&mut self, action: ActionId) {
        if !self.plan.actions[action].runnable {
            self.follow(Work::BlockDependents(action));
        }
    }

    fn follow(&mut self, work: Work) {
        if self.depth >= MAX_DEPTH {
            self.deferred.push(work);
            return;
        }
        self.carry_out(work);
        while self.depth == 0
            && let Some(work) = self.deferred.pop()
        {
            self.carry_out(work);
        }
    }

    fn carry_out(&mut self, work: Work) {
        self.depth += 1;
        match work {
            Work::Settle(action) => self.settle_now(action),
            Work::BlockDependents(action) => self.block_dependents_now(action),
        }
        self.depth -= 1;
    }

    pub fn state(&self, action: ActionId) -> State {
        let of = &self.plan.actions[action];
        State {
            optional: of.optional,
            runnable: of.runnable,
            pseudo: of.pseudo,
            migratable: of.migratable,
            always_in_graph: of.always_in_graph,
        }
    }

    /// Settles all that comes after `action`.
    pub fn settle_after(&mut self, action: ActionId) {
        for index in (0..self.plan.actions[action].after.len()).rev() {
            let after = self.plan.actions[action].after[index].action;
            self.settle(after);
        }
    }

    fn settle_now(&mut self, then: ActionId) {
        let before = self.state(then);
        let counts = self.plan.actions[then].required_runnable_before > 0;
        if counts {
            let of = &mut self.plan.actions[then];
            of.runnable_before = 0;
            of.runnable = false;
        }
        let mut changed = Changed::default();
        let is_collective = self.plan.actions[then].is_collective;
        let mut any_passed_over = false;
        for index in (0..self.plan.actions[then].before.len()).rev() {
            let input = &self.plan.actions[then].before[index];
            if input.relation == Relation::ORDERED && !input.is_collective {
                any_passed_over = true;
                continue;
            }
            let Some(left) = self.updates_left.checked_sub(1) else {
                return;
            };
            self.updates_left = left;
            self.apply_input(then, index, &mut changed);
        }
        if is_collective && any_passed_over {
            // What the parts make of it is asked at least once.
            action_flags(self.plan, then, None);
        }
        if counts {
            changed.then = before != self.state(then);
        }
        if changed.then {
            if before.runnable && !self.plan.actions[then].runnable {
                self.block_colocation_dependents(then);
            }
            self.settle(then);
            self.settle_after(then);
        }
    }

    /// Applies the relation number `index` of those before `then`.
    fn apply_input(&mut self, then: ActionId, index: usize, changed: &mut Changed) {
        let input = self.plan.actions[then].before[index];
        let input_first = input.action;
        let first_node = self.node_of(input_first);
        let then_node = self.node_of(then);
        if input.relation.contains(Relation::IF_ON_SAME_NODE)
            && let (Some(first_node), Some(then_node)) = (first_node, then_node)
            && first_node != then_node
        {
            self.plan.actions[then].before[index].relation = Relation::empty();
            return;
        }
        changed.first = false;
        if input.relation.contains(Relation::THEN_CANCELS_FIRST)
            && !self.plan.actions[then].optional
        {
            self.cancel(input_first);
        }
        let first = self.end_of_collective(input_first, then);
        if first == input_first {
            let first_flags = self.flags_for_ordering(first, then_node);
            let then_flags = self.flags_for_ordering(then, first_node);
            *changed |= self.apply_pair(first, then, first_flags, then_flags, index);
        } else if order(self.plan, first, then, input.relation) {
            changed.then = true;
            self.plan.actions[then].before[index].relation = Relation::empty();
        }
        if changed.first {
            self.settle_after(first);
            self.settle(first);
        }
    }

    /// Makes `first`, an action of a resource, unneeded after all.
    fn cancel(&mut self, first: ActionId) {
        let of = &mut self.plan.actions[first];
        if let Some(resource) = of.resource {
            of.optional = true;
            if of.task_name == "reload-agent" {
                self.plan.resources[resource].reload = false;
            }
        }
    }

    /// Where `action` takes place; for the start of a group, where all members are to run.
    fn node_of(&self, action: ActionId) -> Option<NodeId> {
        let of = &self.plan.actions[action];
        match of.resource {
            Some(resource)
                if of.is_collective && of.task == Task::Start && self.plan.is_group(resource) =>
            {
                self.plan.location(resource, false)
            }
            _ => of.node,
        }
    }

    /// What counts of `action` in an ordering with an action on `node`. Of a clone, the parts on
    /// that node count; but whether it can run, is asked of all parts.
    fn flags_for_ordering(&mut self, action: ActionId, node: Option<NodeId>) -> ActionFlags {
        let of = &self.plan.actions[action];
        let Some(resource) = of.resource.filter(|_| of.is_collective) else {
            return ActionFlags {
                optional: of.optional,
                runnable: of.runnable,
                pseudo: of.pseudo,
                migratable: of.migratable,
            };
        };
        let anywhere = action_flags(self.plan, action, None);
        if node.is_none() || !self.plan.is_clone(resource) {
            return anywhere;
        }
        let there = action_flags(self.plan, action, node);
        ActionFlags {
            runnable: anywhere.runnable || there.runnable,
            ..there
        }
    }

    /// What `then` really has to wait for when it is ordered after `first`.
    fn end_of_collective(&self, first: ActionId, then: ActionId) -> ActionId {
        let of = &self.plan.actions[first];
        let (Some(resource), Some(then_resource)) = (of.resource, self.plan.actions[then].resource)
        else {
            return first;
        };
        if !of.is_collective
            || resource == then_resource
            || self.plan.is_part_of(then_resource, resource)
        {
            return first;
        }
        self.key_of_end(resource, &of.key)
            .and_then(|key| find(self.plan, resource, Some(&key), None, None))
            .unwrap_or(first)
    }

    /// The key of the point at which all parts of `resource` have done what `key` says.
    fn key_of_end(&self, resource: ResourceId, key: &str) -> Option<String> {
        if key.contains("notify") {
            return None;
        }
        let (name, task, interval_ms) = parse_operation_key(key)?;
        let end = end_of_task(Task::parse(task)).filter(|_| interval_ms == 0)?;
        let has_rounds = matches!(self.plan.resources[resource].variant, Variant::Clone(_))
            || self.plan.is_bundled(resource);
        Some(if self.plan.resources[resource].notify && has_rounds {
            notification_key(name, "confirmed-post", end.name())
        } else {
            operation_key(name, end.name(), 0)
        })
    }
}

/// The task that says that all parts have done `task`.
fn end_of_task(task: Task) -> Option<Task> {
    match task {
        Task::Stop | Task::Stopped => Some(Task::Stopped),
        Task::Start | Task::Started => Some(Task::Started),
        Task::Notify | Task::Notified => Some(Task::Notified),
        Task::Promote | Task::Promoted => Some(Task::Promoted),
        Task::Demote | Task::Demoted => Some(Task::Demoted),
        Task::Monitor | Task::Shutdown | Task::Fence | Task::Other => None,
    }
}
