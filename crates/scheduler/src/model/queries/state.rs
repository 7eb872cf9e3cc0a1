//! What holds for a resource and its parts, and how many resources there are.

use crate::model::ids::ResourceId;
use crate::model::plan::Plan;
use crate::model::resource::{Replica, Resource, Variant};
use crate::model::role::Role;

/// How many instances of resources there are; primitives only, each instance for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstanceCounts {
    /// All that are configured, or active.
    pub all: usize,
    /// Those that `target-role` keeps from being active (or promoted).
    pub disabled: usize,
    /// Those that nothing may be done to, because of a failure.
    pub blocked: usize,
}

impl<'c> Plan<'c> {
    /// Whether `test` holds for `resource` or any part of it.
    #[must_use]
    pub fn any_part(&self, resource: ResourceId, test: impl Fn(&Resource<'c>) -> bool) -> bool {
        self.any_part_by(resource, &test)
    }

    fn any_part_by(&self, resource: ResourceId, test: &dyn Fn(&Resource<'c>) -> bool) -> bool {
        let of = &self.resources[resource];
        test(of)
            || of
                .children
                .iter()
                .any(|&child| self.any_part_by(child, test))
    }

    /// Carries out `change` on `resource` and all its parts.
    pub fn for_all_parts(
        &mut self,
        resource: ResourceId,
        change: &mut dyn FnMut(&mut Resource<'c>),
    ) {
        change(&mut self.resources[resource]);
        for index in 0..self.resources[resource].children.len() {
            self.for_all_parts(self.resources[resource].children[index], change);
        }
    }

    /// How many instances of resources there are, for status texts.
    #[must_use]
    pub fn instance_counts(&self) -> InstanceCounts {
        let mut counts = InstanceCounts::default();
        for &root in &self.roots {
            self.count_instances(root, &mut counts);
        }
        counts
    }

    fn count_instances(&self, resource: ResourceId, counts: &mut InstanceCounts) {
        let of = &self.resources[resource];
        match &of.variant {
            Variant::Bundle(bundle) => {
                for part in bundle.replicas.iter().flat_map(Replica::parts) {
                    self.count_instances(part, counts);
                }
            }
            _ if !of.children.is_empty() => {
                for &child in &of.children {
                    self.count_instances(child, counts);
                }
            }
            _ if of.removed && of.role <= Role::Stopped => {}
            _ => {
                counts.all += 1;
                counts.disabled += usize::from(self.is_disabled(resource));
                counts.blocked += usize::from(of.blocked);
            }
        }
    }
}
