//! What only primitives have: an agent, whose standard may limit what a clone of it can be.

use super::presence::Presence;
use crate::model::{Plan, ResourceId, Variant};

/// Whether `resource`, a primitive, can be what the clone around it wants it to be.
///
/// - Only agents of standard `ocf` (and fencing devices) can be unique instances; a clone of others
///   becomes anonymous, with a warning.
/// - Only agents of standard `ocf` can be promoted; a promotable clone of others is refused.
pub(super) fn check(plan: &mut Plan<'_>, resource: ResourceId, presence: &Presence) -> bool {
    let standard = plan.resources[resource].xml.attribute("class");
    let is = |name: &str| standard.is_some_and(|standard| standard.eq_ignore_ascii_case(name));
    let clone = plan.top(resource, false);

    let can_be_unique = is("ocf") || is("stonith");
    if !can_be_unique && plan.resources[resource].unique && plan.is_clone(clone) {
        make_anonymous(plan, clone, resource, standard.unwrap_or_default());
        limit_instances(plan, clone, presence.count());
    }
    if !is("ocf") && plan.resources[clone].promotable {
        let text = format!(
            "Resource {} is of type {} and therefore cannot be used as a promotable clone resource",
            plan.resources[resource].id,
            standard.unwrap_or_default()
        );
        plan.configuration_error(text);
        return false;
    }
    true
}

/// Makes `clone`, and all that it is made of so far, anonymous.
fn make_anonymous(plan: &mut Plan<'_>, clone: ResourceId, resource: ResourceId, standard: &str) {
    let text = format!(
        "Ignoring globally-unique for {} because {standard} resources such as {} can be used only \
         as anonymous clones",
        plan.resources[clone].id, plan.resources[resource].id
    );
    plan.configuration_warning(text);
    for part in [clone, resource] {
        plan.for_all_parts(part, &mut |part| {
            part.unique = false;
            part.meta.set("globally-unique", "false");
        });
    }
}

/// Leaves `clone` one instance a node, of which `nodes` are there.
fn limit_instances(plan: &mut Plan<'_>, clone: ResourceId, nodes: usize) {
    if let Variant::Clone(data) = &mut plan.resources[clone].variant {
        data.node_max = 1;
        data.max = data.max.min(nodes);
    }
}
