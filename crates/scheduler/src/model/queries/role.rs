//! Roles of resources: what they are, and what the operator wants them to be.

use crate::model::ids::ResourceId;
use crate::model::plan::Plan;
use crate::model::resource::Variant;
use crate::model::role::Role;

impl Plan<'_> {
    /// The role of a resource at the start (`current`) or to be reached: of a group or clone, the
    /// highest of its parts; a bundle has none.
    #[must_use]
    pub fn role(&self, resource: ResourceId, current: bool) -> Role {
        let of = &self.resources[resource];
        match &of.variant {
            Variant::Primitive if current => of.role,
            Variant::Primitive => of.next_role,
            Variant::Group(_) | Variant::Clone(_) => of
                .children
                .iter()
                .map(|&child| self.role(child, current))
                .max()
                .unwrap_or_default(),
            Variant::Bundle(_) => Role::Unknown,
        }
    }

    /// Sets the role that `resource` is to reach, and why.
    pub fn set_next_role(&mut self, resource: ResourceId, role: Role, reason: &str) {
        let of = &mut self.resources[resource];
        if of.next_role != role {
            of.next_role = role;
            of.next_role_reason = Some(reason.to_owned());
        }
    }

    /// Whether `target-role` keeps `resource` from being active, or a promotable one from being
    /// promoted.
    #[must_use]
    pub fn is_disabled(&self, resource: ResourceId) -> bool {
        match self.resources[resource]
            .meta
            .get("target-role")
            .and_then(Role::parse)
        {
            Some(Role::Stopped) => true,
            Some(Role::Unpromoted) => self.resources[self.top(resource, false)].promotable,
            _ => false,
        }
    }
}
