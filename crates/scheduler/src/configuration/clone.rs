//! What only clones have: instances.
//!
//! - A clone has as many instances as there are nodes, if `clone-max` says nothing else; with
//!   `clone-max="0"` it has one, which counts as removed, so that history finds its place.
//! - Instances are numbered from 0. Those that history makes beyond `clone-max` are removed ones.
//! - Clones are a little sticky (1), so that instances are not moved about for nothing.
//! - An instance shares the configuration of the others; `clone-max` and its own number are among
//!   its meta-attributes.

use cib::literal::parse_boolean;
use cib::xml::Element;

use super::number::parse_count;
use super::presence::{Presence, note_base_scores};
use super::resource;
use super::resources::register;
use crate::model::resource::Clone_;
use crate::model::{Plan, ResourceId, Variant};

/// The most instances that are made of one clone, whatever `clone-max` says. What the clone does is
/// worked out from all of them, again and again, so that their cost grows with the square.
const MAX_INSTANCES: usize = 1_000;
/// How many resources there may be before clones get no more than one instance each.
const MAX_RESOURCES: usize = 200_000;

/// Reads the properties of `clone` and makes its instances.
pub(super) fn unpack(plan: &mut Plan<'_>, clone: ResourceId, presence: &mut Presence) -> bool {
    let mut data = read(plan, clone, presence);
    let of = &mut plan.resources[clone];
    if !of.unique && data.node_max > 1 {
        let text = format!(
            "Ignoring clone-node-max of {} for {} because anonymous clones support only one \
             instance per node",
            data.node_max, of.id
        );
        data.node_max = 1;
        plan.configuration_error(text);
    }
    let of = &mut plan.resources[clone];
    of.variant = Variant::Clone(Box::new(data));
    let unique = if of.unique { "true" } else { "false" };
    of.meta.set("globally-unique", unique);
    if cloned(of.xml).is_none() {
        let text = format!("{} has nothing to clone", of.id);
        plan.configuration_error(text);
        return false;
    }
    of.meta.set_default("resource-stickiness", "1");

    // The first instance may lower the number (see `primitive`).
    let mut made = 0;
    while made < max(plan, clone).max(1) {
        if made > 0 && (made >= MAX_INSTANCES || plan.resources.len() >= MAX_RESOURCES) {
            let id = &plan.resources[clone].id;
            let text = format!("Making only {made} of the instances of {id}: there are too many");
            plan.configuration_error(text);
            break;
        }
        if make_instance(plan, clone, presence).is_none() {
            return false;
        }
        made += 1;
    }
    true
}

fn read(plan: &mut Plan<'_>, clone: ResourceId, presence: &Presence) -> Clone_ {
    let promotable = plan.resources[clone].promotable;
    let mut data = Clone_ {
        node_max: count(plan, clone, "clone-node-max", None, 1),
        max: count(plan, clone, "clone-max", None, presence.count().max(1)),
        ..Clone_::default()
    };
    if promotable {
        data.promoted_max = count(plan, clone, "promoted-max", Some("master-max"), 1);
        data.promoted_node_max =
            count(plan, clone, "promoted-node-max", Some("master-node-max"), 1);
    }
    let is = |name| plan.resources[clone].meta.get(name).and_then(parse_boolean) == Some(true);
    data.ordered = is("ordered");
    data.interleave = is("interleave");
    data
}

/// The count that a meta-attribute says: `default` where it is missing, 0 where it is none.
fn count(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    name: &str,
    legacy_name: Option<&str>,
    default: usize,
) -> usize {
    let of = &plan.resources[clone];
    if let Some(value) = of.meta.get(name) {
        return parse_count(value, 0);
    }
    let Some((legacy_name, value)) = legacy_name.and_then(|name| Some((name, of.meta.get(name)?)))
    else {
        return default;
    };
    let count = parse_count(value, 0);
    let text = format!(
        "Support for the {legacy_name} meta-attribute (such as in {}) is deprecated and will be \
         removed in a future release. Use the {name} meta-attribute instead.",
        of.id
    );
    plan.configuration_warning(text);
    count
}

/// The element of what a clone is made of.
fn cloned<'c>(clone: Element<'c>) -> Option<Element<'c>> {
    clone
        .children()
        .find(|child| matches!(child.name(), "primitive" | "group"))
}

fn max(plan: &Plan<'_>, clone: ResourceId) -> usize {
    plan.clone_data(clone).map_or(0, |data| data.max)
}

/// Adds one more instance to `clone`, numbered after those that it has.
pub fn add_instance(plan: &mut Plan<'_>, clone: ResourceId) -> Option<ResourceId> {
    let mut presence = Presence::all(plan);
    let first = plan.resources.next_id();
    let instance = make_instance(plan, clone, &mut presence)?;
    note_base_scores(plan, first);
    register(plan, instance);
    Some(instance)
}

fn make_instance(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    presence: &mut Presence,
) -> Option<ResourceId> {
    let element = cloned(plan.resources[clone].xml)?;
    let number = plan.clone_data(clone)?.total;
    let is_surplus = number >= max(plan, clone);
    let instance = resource::unpack(plan, element, Some(clone), Some(number), presence)?;

    let max = max(plan, clone);
    let of = &mut plan.resources[clone];
    of.children.push(instance);
    if let Variant::Clone(data) = &mut of.variant {
        data.total += 1;
    }
    plan.resources[instance]
        .meta
        .set("clone-max", max.to_string());
    if is_surplus {
        plan.for_all_parts(instance, &mut |part| part.removed = true);
    }
    Some(instance)
}
