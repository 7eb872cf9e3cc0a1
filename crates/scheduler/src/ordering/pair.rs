//! What one relation means for its two actions.
//!
//! Each flag of a relation has an effect ([`super::effects`]), carried out on behalf of the resource
//! of one of the two actions, because a collective resource passes it on to its parts
//! ([`super::collective`]). Where that action has no resource, some flags act directly.

use super::propagation::{Changed, Propagation};
use crate::model::{ActionId, NodeId, Plan, Relation, Task};
use crate::transition::ActionFlags;

/// Which facts an effect may change or depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub optional: bool,
    pub runnable: bool,
}

const OPTIONAL: Scope = Scope {
    optional: true,
    runnable: false,
};
const RUNNABLE: Scope = Scope {
    optional: false,
    runnable: true,
};
const BOTH: Scope = Scope {
    optional: true,
    runnable: true,
};

/// The flags with their scope, in the order in which they are applied. All act on behalf of `then`
/// except [`Relation::THEN_IMPLIES_FIRST`].
const FLAGS: [(Relation, Scope); 11] = [
    (Relation::FIRST_IMPLIES_THEN, OPTIONAL),
    (Relation::INTERMEDIATE_STOP, BOTH),
    (Relation::THEN_IMPLIES_FIRST, OPTIONAL),
    (Relation::PROMOTED_THEN_IMPLIES_FIRST, OPTIONAL),
    (Relation::MIN_RUNNABLE, RUNNABLE),
    (Relation::NESTED_REMOTE_PROBE, RUNNABLE),
    (Relation::UNRUNNABLE_FIRST_BLOCKS, RUNNABLE),
    (Relation::UNMIGRATABLE_THEN_BLOCKS, OPTIONAL),
    (Relation::FIRST_ELSE_THEN, OPTIONAL),
    (Relation::ORDERED, RUNNABLE),
    (Relation::ASYMMETRIC, RUNNABLE),
];

/// Two actions, and what is asked of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub first: ActionId,
    pub then: ActionId,
    /// The only node that counts, where parts of collective resources are matched.
    pub node: Option<NodeId>,
    /// What counts of `first`.
    pub first_flags: ActionFlags,
    pub scope: Scope,
    /// The one flag that is applied.
    pub relation: Relation,
}

impl Propagation<'_, '_> {
    /// Applies the relation number `index` of those before `then`, whose action is `first`.
    pub(super) fn apply_pair(
        &mut self,
        first: ActionId,
        then: ActionId,
        first_flags: ActionFlags,
        then_flags: ActionFlags,
        index: usize,
    ) -> Changed {
        let mut changed = Changed::default();
        let mut node = self.plan.actions[then].node;
        let mut relation = self.plan.actions[then].before[index].relation;
        if relation.contains(Relation::FIRST_IMPLIES_SAME_NODE_THEN) {
            // After the unfencing of a node, only what is on that node restarts.
            relation -= Relation::FIRST_IMPLIES_SAME_NODE_THEN;
            relation |= Relation::FIRST_IMPLIES_THEN;
            node = self.plan.actions[first].node;
        }
        if relation.contains(Relation::NESTED_REMOTE_PROBE)
            && self.is_void_probe(first, then, first_flags)
        {
            relation = Relation::empty();
        }
        self.plan.actions[then].before[index].relation = relation;

        for (flag, scope) in FLAGS {
            if relation.contains(flag) {
                changed |= self.apply_flag(Pair {
                    first,
                    then,
                    node,
                    first_flags,
                    scope,
                    relation: flag,
                });
            }
        }
        self.mark_graphed(first, then, first_flags, then_flags, relation);
        if relation.intersects(
            Relation::FIRST_IMPLIES_THEN
                | Relation::THEN_IMPLIES_FIRST
                | Relation::INTERMEDIATE_STOP,
        ) && is_blocked_stop(self.plan, first)
            && self.plan.actions[then].runnable
        {
            self.plan.actions[then].runnable = false;
            changed.then = true;
        }
        changed
    }

    /// Whether `first` is the start of a container that cannot run while the container is active: a
    /// probe of the connection into it need not wait then.
    fn is_void_probe(&self, first: ActionId, then: ActionId, first_flags: ActionFlags) -> bool {
        let first_resource = self.plan.actions[first].resource;
        self.plan.actions[then].resource.is_some()
            && !first_flags.runnable
            && first_resource.is_some_and(|rsc| !self.plan.resources[rsc].active_on.is_empty())
    }

    /// Applies one flag, on behalf of a resource or, where there is none, directly.
    fn apply_flag(&mut self, mut pair: Pair) -> Changed {
        let side = match pair.relation {
            Relation::THEN_IMPLIES_FIRST => pair.first,
            _ => pair.then,
        };
        if let Some(resource) = self.plan.actions[side].resource {
            if pair.relation == Relation::NESTED_REMOTE_PROBE {
                pair.relation = Relation::UNRUNNABLE_FIRST_BLOCKS;
            }
            return self.update(resource, pair);
        }
        let mut changed = Changed::default();
        match pair.relation {
            Relation::FIRST_IMPLIES_THEN => {
                let then = &mut self.plan.actions[pair.then];
                if !pair.first_flags.optional && then.optional {
                    then.optional = false;
                    changed.then = true;
                }
            }
            // A first action without a resource that is required cannot run: as Pacemaker has it.
            Relation::THEN_IMPLIES_FIRST => {
                let first = &mut self.plan.actions[pair.first];
                if !pair.first_flags.optional && first.runnable {
                    first.runnable = false;
                    changed.first = true;
                }
            }
            Relation::MIN_RUNNABLE if pair.first_flags.runnable => {
                let then = &mut self.plan.actions[pair.then];
                then.runnable_before += 1;
                if then.runnable_before >= then.required_runnable_before && !then.runnable {
                    then.runnable = true;
                    changed.then = true;
                }
            }
            Relation::UNRUNNABLE_FIRST_BLOCKS => {
                let then = &mut self.plan.actions[pair.then];
                if !pair.first_flags.runnable && then.runnable {
                    then.runnable = false;
                    changed.then = true;
                }
            }
            _ => {}
        }
        changed
    }

    /// Marks what is in the graph because the other is. That alone is no change.
    fn mark_graphed(
        &mut self,
        first: ActionId,
        then: ActionId,
        first_flags: ActionFlags,
        then_flags: ActionFlags,
        relation: Relation,
    ) {
        if relation.contains(Relation::FIRST_IMPLIES_THEN_GRAPHED)
            && self.plan.actions[first].runnable
            && !first_flags.optional
        {
            self.plan.actions[then].always_in_graph = true;
        }
        if relation.contains(Relation::THEN_IMPLIES_FIRST_GRAPHED) && !then_flags.optional {
            self.plan.actions[first].always_in_graph = true;
        }
    }
}

/// Whether `action` is a stop that cannot run, of a resource that is blocked and not managed.
fn is_blocked_stop(plan: &Plan<'_>, action: ActionId) -> bool {
    let of = &plan.actions[action];
    of.task == Task::Stop
        && !of.runnable
        && of.resource.is_some_and(|resource| {
            let of = &plan.resources[resource];
            !of.managed && of.blocked
        })
}
