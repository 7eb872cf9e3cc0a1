//! What only groups have: members.

use cib::literal::parse_boolean;

use super::presence::Presence;
use super::resource;
use crate::model::resource::Group;
use crate::model::{Plan, ResourceId, Variant};

/// Reads the members of `group`. A group needs at least one.
pub(super) fn unpack(plan: &mut Plan<'_>, group: ResourceId, presence: &mut Presence) -> bool {
    let data = Group {
        ordered: option(plan, group, "ordered"),
        colocated: option(plan, group, "collocated"),
    };
    let of = &mut plan.resources[group];
    of.variant = Variant::Group(data);
    let (element, instance) = (of.xml, of.instance);
    for member in element.children_named("primitive") {
        if let Some(member) = resource::unpack(plan, member, Some(group), instance, presence) {
            plan.resources[group].children.push(member);
        }
    }
    let has_members = !plan.resources[group].children.is_empty();
    if !has_members {
        let text = format!("Group {} has no members", plan.resources[group].id);
        plan.configuration_error(text);
    }
    has_members
}

/// Whether a property that groups have by default is left to it.
fn option(plan: &mut Plan<'_>, group: ResourceId, name: &str) -> bool {
    let value = plan.resources[group].meta.get(name);
    let is_on = value.and_then(parse_boolean).unwrap_or(true);
    if !is_on {
        plan.configuration_warning(format!(
            "Support for the '{name}' group meta-attribute is deprecated and will be removed in a \
             future release (use a resource set instead)"
        ));
    }
    is_on
}
