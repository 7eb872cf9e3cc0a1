//! Which colocations concern a resource, in which order, and what they bear on.
//!
//! A resource has the colocations that name it and some of those of what it is part of:
//!
//! | for | colocations *with* it | colocations *of* it |
//! | --- | --- | --- |
//! | a primitive | its own, its parent's | its own, its parent's |
//! | a group, its last (*with*) or first (*of*) member | the group's, the clone's around it, explicit ones of all members (if the group is colocated) | the same |
//! | a later member, where an earlier one is not managed | – | the group's mandatory ones |
//! | a clone, its instances | the clone's, and those of the bundle around it | the same |
//! | a bundle, its containers | the bundle's | the same |
//! | what is inside a bundle, if it is promotable | the bundle's, once roles are being chosen | the same |
//!
//! Other members of a group get theirs through the colocations between the members.
//!
//! The order is that of the other resource: higher priority first, then bundles before clones
//! before groups before primitives, then promotable clones before others, then by id.

use super::location::{bundled_resource, role_bearer};
use crate::constraints::compare_others;
use crate::model::{Colocation, ColocationId, Plan, ResourceId, Role, Variant};

/// The end of a colocation that a list is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The resource is followed: colocations *with* it.
    Primary,
    /// The resource follows: colocations *of* it.
    Dependent,
}

impl End {
    /// The colocations that name `resource` at this end.
    fn own<'p>(self, plan: &'p Plan<'_>, resource: ResourceId) -> &'p [ColocationId] {
        let of = &plan.resources[resource];
        match self {
            Self::Primary => &of.with_this,
            Self::Dependent => &of.this_with,
        }
    }

    /// The resource at the other end.
    fn other(self, colocation: &Colocation<'_>) -> ResourceId {
        match self {
            Self::Primary => colocation.dependent,
            Self::Dependent => colocation.primary,
        }
    }
}

/// Colocations of other resources with `resource`, those of its parents included, in the order in
/// which they apply.
#[must_use]
pub fn colocations_with(plan: &Plan<'_>, resource: ResourceId) -> Vec<ColocationId> {
    collect(plan, resource, End::Primary)
}

/// Colocations of `resource` with others, those of its parents included, in the order in which they
/// apply.
#[must_use]
pub fn colocations_of(plan: &Plan<'_>, resource: ResourceId) -> Vec<ColocationId> {
    collect(plan, resource, End::Dependent)
}

fn collect(plan: &Plan<'_>, resource: ResourceId, end: End) -> Vec<ColocationId> {
    let mut list = List {
        plan,
        wanted_by: resource,
        end,
        entries: Vec::new(),
    };
    list.add_from(resource);
    list.entries
}

struct List<'p, 'c> {
    plan: &'p Plan<'c>,
    wanted_by: ResourceId,
    end: End,
    entries: Vec<ColocationId>,
}

impl List<'_, '_> {
    fn add_from(&mut self, source: ResourceId) {
        match &self.plan.resources[source].variant {
            Variant::Primitive if source == self.wanted_by => {
                self.add_own(source);
                self.add_from_parent(source);
            }
            Variant::Primitive => self.add_explicit(source),
            Variant::Group(group) => self.add_from_group(source, group.colocated),
            Variant::Clone(_) => {
                self.add_own(source);
                self.add_from_parent(source);
            }
            Variant::Bundle(_) => self.add_from_bundle(source),
        }
    }

    fn add_from_parent(&mut self, source: ResourceId) {
        if let Some(parent) = self.plan.resources[source].parent {
            self.add_from(parent);
        }
    }

    /// Adds the colocations that name `source`.
    ///
    /// Pacemaker (3.0.2) slips here, and its results show it: to a list that is not empty it adds
    /// the first of them as often as there are any, and none of the others.
    fn add_own(&mut self, source: ResourceId) {
        let own = self.end.own(self.plan, source);
        if self.entries.is_empty() {
            self.entries.extend_from_slice(own);
        } else if let Some(&first) = own.first() {
            for _ in own {
                self.insert(first);
            }
        }
    }

    fn add_explicit(&mut self, source: ResourceId) {
        for &colocation in self.end.own(self.plan, source) {
            if self.plan.colocations[colocation].explicit {
                self.insert(colocation);
            }
        }
    }

    fn add_from_group(&mut self, group: ResourceId, colocated: bool) {
        let members = &self.plan.resources[group].children;
        let speaker = match self.end {
            End::Primary => members.last(),
            End::Dependent => members.first(),
        };
        let Some(&speaker) = speaker else {
            return;
        };
        if self.wanted_by != group && self.wanted_by != speaker {
            if self.end == End::Dependent {
                self.add_for_later_member(group);
            }
            return;
        }
        self.add_own(group);
        self.add_from_parent(group);
        if colocated {
            for &member in members {
                if member != self.wanted_by {
                    self.add_from(member);
                }
            }
        }
    }

    /// Members follow the group's colocations by following the member before. Where one of those is
    /// not managed, that chain is broken.
    fn add_for_later_member(&mut self, group: ResourceId) {
        let earlier_unmanaged = self.plan.resources[group]
            .children
            .iter()
            .take_while(|&&member| member != self.wanted_by)
            .any(|&member| !self.plan.resources[member].managed);
        if earlier_unmanaged {
            for &colocation in self.end.own(self.plan, group) {
                if self.plan.colocations[colocation].score == cib::Score::INFINITY {
                    self.insert(colocation);
                }
            }
        }
    }

    fn add_from_bundle(&mut self, bundle: ResourceId) {
        let wanted_by = &self.plan.resources[self.wanted_by];
        if self.wanted_by == bundle || wanted_by.replica_container {
            self.add_own(bundle);
            return;
        }
        let Some(inside) = bundled_resource(self.plan, bundle) else {
            return;
        };
        if !self.plan.resources[inside].promotable || self.plan.top(self.wanted_by, false) != inside
        {
            return;
        }
        let choosing_roles = if self.wanted_by == inside {
            self.plan
                .clone_data(inside)
                .is_some_and(|clone| clone.promotion_constrained)
        } else {
            // Instances have been assigned before their roles are chosen.
            !wanted_by.unassigned
        };
        if choosing_roles {
            self.add_own(bundle);
        }
    }

    fn insert(&mut self, colocation: ColocationId) {
        let other = |id: ColocationId| self.end.other(&self.plan.colocations[id]);
        let place = self
            .entries
            .iter()
            .position(|&entry| compare_others(self.plan, other(colocation), other(entry)).is_le())
            .unwrap_or(self.entries.len());
        self.entries.insert(place, colocation);
    }
}

/// What a colocation bears on at this point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// On nothing: it is too early, too late, or the roles differ.
    Nothing,
    /// On where the dependent is assigned.
    Location,
    /// On which role the dependent gets.
    Role,
}

/// What `colocation` bears on for these two resources, which may be parts of those that it names.
/// `preview` takes both as not assigned yet.
#[must_use]
pub fn effect(
    plan: &Plan<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: ColocationId,
    preview: bool,
) -> Effect {
    if !preview && plan.resources[primary].unassigned {
        return Effect::Nothing;
    }
    let colocation = &plan.colocations[colocation];
    let bearer = &plan.resources[role_bearer(plan, dependent)];
    let parent_promotable = bearer
        .parent
        .is_some_and(|parent| plan.resources[parent].promotable);
    if colocation.dependent_role >= Role::Unpromoted && parent_promotable && !bearer.unassigned {
        return Effect::Role;
    }
    if !preview && !plan.resources[dependent].unassigned {
        return Effect::Nothing;
    }
    let primary_bearer = &plan.resources[role_bearer(plan, primary)];
    let has_role = |wanted: Role, next: Role| wanted == Role::Unknown || wanted == next;
    if has_role(colocation.dependent_role, bearer.next_role)
        && has_role(colocation.primary_role, primary_bearer.next_role)
    {
        Effect::Location
    } else {
        Effect::Nothing
    }
}

/// Whether the dependent of `colocation` has a say in where the primary goes; `primary` is the part
/// that is asked for, or what the colocation names.
///
/// It has where the colocation says so (`influence`), or while the primary is not active. The
/// connection to a bundle's replica never moves a container that runs well: to move a connection is
/// cheap, to move a container interrupts its service.
pub(super) fn has_influence(
    plan: &Plan<'_>,
    colocation: ColocationId,
    primary: Option<ResourceId>,
) -> bool {
    let colocation = &plan.colocations[colocation];
    let primary = &plan.resources[primary.unwrap_or(colocation.primary)];
    let nested = plan.resources[colocation.dependent].remote_nesting_allowed;
    if nested && !primary.failed && primary.active_on.len() == 1 {
        return false;
    }
    colocation.influence || primary.active_on.is_empty()
}
