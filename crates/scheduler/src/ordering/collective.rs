//! What a relation means for the parts of collective resources.
//!
//! On behalf of
//! * a primitive: only what it means for the two actions;
//! * a group: that, and then the same for the like action of each member (of `then`'s resource);
//! * a clone or bundle that is interleaved with another: each instance of `then` with the matching
//!   instance of `first` ([`super::interleave`]);
//! * any other clone or bundle: for the two actions, and then for the like action of each instance
//!   (or container) that can run; what comes after these is settled at once.

use super::pair::Pair;
use super::propagation::{Changed, Propagation};
use crate::actions::find;
use crate::model::{Plan, Relation, ResourceId, Variant};
use crate::transition::action_flags;

impl Propagation<'_, '_> {
    /// Applies the flag of `pair` on behalf of `resource`.
    pub(super) fn update(&mut self, resource: ResourceId, pair: Pair) -> Changed {
        match &self.plan.resources[resource].variant {
            Variant::Primitive => self.affect(pair),
            // Between the parts of what is not cloned, mere order means nothing.
            Variant::Group(_) if !acts_on_parts(pair.relation) => Changed::default(),
            Variant::Group(_) => self.update_members(pair),
            Variant::Clone(_) | Variant::Bundle(_) => self.update_instances(pair),
        }
    }

    fn update_members(&mut self, pair: Pair) -> Changed {
        let mut changed = self.affect(pair);
        for member in self.parts_of_then(pair) {
            changed |= self.update_like_action(member, pair);
        }
        changed
    }

    /// Applies `pair` to the like action of `member`, if it has one.
    fn update_like_action(&mut self, member: ResourceId, pair: Pair) -> Changed {
        let task = &self.plan.actions[pair.then].task_name;
        match find(self.plan, member, None, Some(task), pair.node) {
            Some(then) => self.update(member, Pair { then, ..pair }),
            None => Changed::default(),
        }
    }

    fn update_instances(&mut self, pair: Pair) -> Changed {
        if self.plan.actions[pair.then].resource.is_none() {
            return Changed::default();
        }
        if self.can_interleave(pair) {
            return self.update_interleaved(pair);
        }
        let mut changed = self.affect(pair);
        for instance in self.parts_of_then(pair) {
            changed |= self.update_instance(instance, pair);
        }
        changed
    }

    fn update_instance(&mut self, instance: ResourceId, pair: Pair) -> Changed {
        let task = &self.plan.actions[pair.then].task_name;
        let Some(then) = find(self.plan, instance, None, Some(task), pair.node) else {
            return Changed::default();
        };
        if !action_flags(self.plan, then, pair.node).runnable {
            return Changed::default();
        }
        let changed = self.update(instance, Pair { then, ..pair });
        if changed.then {
            self.settle_after(then);
        }
        changed
    }

    fn parts_of_then(&self, pair: Pair) -> Vec<ResourceId> {
        self.plan.actions[pair.then]
            .resource
            .map_or_else(Vec::new, |resource| instances(self.plan, resource))
    }
}

/// Whether a flag does anything but order.
fn acts_on_parts(relation: Relation) -> bool {
    !(Relation::ORDERED | Relation::MIN_RUNNABLE).contains(relation)
}

/// The instances of a clone, the members of a group, the containers of a bundle.
pub(super) fn instances(plan: &Plan<'_>, resource: ResourceId) -> Vec<ResourceId> {
    let of = &plan.resources[resource];
    match &of.variant {
        Variant::Bundle(_) => plan.containers(resource).collect(),
        Variant::Primitive | Variant::Group(_) | Variant::Clone(_) => of.children.clone(),
    }
}
