//! `target-role`: the role that the operator wants.
//!
//! `Started` (and `Promoted` for promotable clones) is what happens anyway, and so says nothing.
//! `Unpromoted` and `Promoted` are for promotable clones only.

use super::resource::warn_of_default;
use crate::model::{Plan, ResourceId, Role};

/// What `target-role` comes to.
enum Wish<'v> {
    /// Nothing that would not happen anyway.
    Usual,
    /// Nothing, in an old way.
    ExplicitDefault,
    /// A role below the usual one.
    Role(Role),
    /// Not a role.
    Invalid(&'v str),
    /// A role of promotable clones, elsewhere.
    OnlyPromotable(&'v str),
}

/// The role that the operator wants `resource` to have, if it is below the one that it would reach.
#[must_use]
pub fn target_role(plan: &Plan<'_>, resource: ResourceId) -> Option<Role> {
    match wish(plan, resource) {
        Wish::Role(role) => Some(role),
        _ => None,
    }
}

/// Sets the next role of `resource` to what the operator wants, and says what is wrong with that.
pub(super) fn read(plan: &mut Plan<'_>, resource: ResourceId) {
    let value = plan.resources[resource].meta.get("target-role");
    if let Some(value) = value.map(str::to_owned) {
        plan.note_old_role(&value);
    }
    let id = &plan.resources[resource].id;
    match wish(plan, resource) {
        Wish::Usual => {}
        Wish::ExplicitDefault => warn_of_default(plan, "target-role"),
        Wish::Role(role) => plan.set_next_role(resource, role, "target-role"),
        Wish::Invalid(value) => {
            let text = format!("Ignoring 'target-role' for {id} because '{value}' is not valid");
            plan.configuration_error(text);
        }
        Wish::OnlyPromotable(value) => {
            let text = format!(
                "Ignoring 'target-role' for {id} because '{value}' only makes sense for \
                 promotable clones"
            );
            plan.configuration_error(text);
        }
    }
}

fn wish<'v>(plan: &'v Plan<'_>, resource: ResourceId) -> Wish<'v> {
    let Some(value) = plan.resources[resource].meta.get("target-role") else {
        return Wish::Usual;
    };
    if value.eq_ignore_ascii_case("default") {
        return Wish::ExplicitDefault;
    }
    match Role::parse(value) {
        None | Some(Role::Unknown) => Wish::Invalid(value),
        Some(Role::Started) => Wish::Usual,
        Some(role @ Role::Stopped) => Wish::Role(role),
        Some(Role::Unpromoted | Role::Promoted)
            if !plan.resources[plan.top(resource, false)].promotable =>
        {
            Wish::OnlyPromotable(value)
        }
        Some(Role::Promoted) => Wish::Usual,
        Some(role @ Role::Unpromoted) => Wish::Role(role),
    }
}
