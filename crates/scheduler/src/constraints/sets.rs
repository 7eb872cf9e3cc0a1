//! Who a constraint is about: one or two resources, or sets of resources.
//!
//! Sets are written out (`<resource_set>`), or stand behind the name of a template or tag in place
//! of a resource's:
//!
//! * A name in a set that is a template's or tag's stands for all resources that it refers to, in
//!   place. If any name of a constraint's sets means nothing, none is replaced. Sets that are only
//!   referred to (`id-ref`) are taken as they are.
//! * A template or tag in place of a resource makes a set without an order of its own
//!   (`sequential="false"`). A resource on the other side then makes a set of one. Role or action
//!   move from the constraint to the set.

use cib::xml::Element;

use super::reading::{Named, Reader};
use crate::model::ResourceId;

/// One name in a set.
pub(super) struct Member<'c> {
    /// The name.
    pub name: &'c str,
    /// The resource, if there is one.
    pub resource: Option<ResourceId>,
}

/// A set of resources. Attributes are as configured; see each kind of constraint for what they
/// mean and what holds where they are missing.
pub(super) struct ResourceSet<'c> {
    /// `id`.
    pub id: Option<&'c str>,
    /// The members, in order.
    pub members: Vec<Member<'c>>,
    /// `role`.
    pub role: Option<&'c str>,
    /// `action`.
    pub action: Option<&'c str>,
    /// `sequential`.
    pub sequential: Option<&'c str>,
    /// The `<resource_set>`, if it was written out.
    element: Option<Element<'c>>,
}

impl<'c> ResourceSet<'c> {
    /// An attribute that only a set that was written out can have.
    pub fn attribute(&self, name: &str) -> Option<&'c str> {
        self.element?.attribute(name)
    }

    /// The `<resource_set>`, if it was written out.
    pub fn element(&self) -> Option<Element<'c>> {
        self.element
    }

    /// The set's id for messages.
    pub fn name(&self) -> &'c str {
        self.id.unwrap_or(MISSING)
    }
}

/// How Pacemaker prints what is not there.
pub(super) const MISSING: &str = "(null)";

/// A place in a constraint for a resource's name.
#[derive(Clone, Copy)]
pub(super) struct Side {
    /// The attribute with the name.
    pub name: &'static str,
    /// The attribute with the role or action of that resource.
    pub detail: &'static str,
}

/// Who a constraint is about.
pub(super) enum Parties<'c> {
    /// The resources named in its attributes.
    Attributes,
    /// Sets; those before the first one that cannot be read.
    Sets(Vec<ResourceSet<'c>>),
}

/// Reads who constraint `id` is about. `detail_is_action`: the details of `sides` are actions
/// rather than roles. `None`, with an error, if it has to be ignored.
pub(super) fn parties<'c>(
    reader: &mut Reader<'_, 'c>,
    constraint: Element<'c>,
    id: &'c str,
    sides: &[Side],
    detail_is_action: bool,
) -> Option<Parties<'c>> {
    if constraint.child("resource_set").is_some() {
        return Some(Parties::Sets(written_sets(reader, constraint, id)));
    }
    let mut named = Vec::with_capacity(sides.len());
    for side in sides {
        let Some(name) = constraint.attribute(side.name) else {
            return Some(Parties::Attributes);
        };
        named.push((side, name));
    }
    let mut found = Vec::with_capacity(sides.len());
    for (side, name) in named {
        let Some(meaning) = reader.named(name) else {
            reader.plan.configuration_error(format!(
                "Ignoring constraint '{id}' because '{name}' is not a valid resource or tag"
            ));
            return None;
        };
        found.push((side, name, meaning));
    }
    if found
        .iter()
        .all(|(_, _, meaning)| matches!(meaning, Named::Resource(_)))
    {
        return Some(Parties::Attributes);
    }
    let sets = found.into_iter().map(|(side, name, meaning)| {
        let detail = constraint.attribute(side.detail);
        let (role, action) = if detail_is_action {
            (None, detail)
        } else {
            (detail, None)
        };
        let (members, sequential) = match meaning {
            Named::Resource(resource) => (
                vec![Member {
                    name,
                    resource: Some(resource),
                }],
                None,
            ),
            Named::Tag(names) => (members(reader, names.into_iter()), Some("false")),
        };
        ResourceSet {
            id: Some(name),
            members,
            role,
            action,
            sequential,
            element: None,
        }
    });
    Some(Parties::Sets(sets.collect()))
}

fn members<'c>(reader: &Reader<'_, 'c>, names: impl Iterator<Item = &'c str>) -> Vec<Member<'c>> {
    names
        .map(|name| Member {
            name,
            resource: reader.resource(name),
        })
        .collect()
}

/// The names in a set.
fn references<'c>(set: Element<'c>) -> impl Iterator<Item = &'c str> {
    set.children_named("resource_ref")
        .map(|reference| reference.id().unwrap_or(MISSING))
}

fn written_sets<'c>(
    reader: &mut Reader<'_, 'c>,
    constraint: Element<'c>,
    id: &str,
) -> Vec<ResourceSet<'c>> {
    let expand = all_names_mean_something(reader, constraint, id);
    let mut sets = Vec::new();
    for element in constraint.children_named("resource_set") {
        let Some(target) = reader.resolve(element) else {
            break;
        };
        let mut names = Vec::new();
        for name in references(target) {
            let meaning = if expand && target == element && reader.resource(name).is_none() {
                reader.named(name)
            } else {
                None
            };
            match meaning {
                Some(Named::Tag(tagged)) => names.extend(tagged),
                Some(Named::Resource(_)) | None => names.push(name),
            }
        }
        sets.push(ResourceSet {
            id: target.id(),
            members: members(reader, names.into_iter()),
            role: target.attribute("role"),
            action: target.attribute("action"),
            sequential: target.attribute("sequential"),
            element: Some(target),
        });
    }
    sets
}

fn all_names_mean_something<'c>(
    reader: &mut Reader<'_, 'c>,
    constraint: Element<'c>,
    id: &str,
) -> bool {
    for name in constraint
        .children_named("resource_set")
        .flat_map(references)
    {
        if reader.named(name).is_none() {
            reader.plan.configuration_error(format!(
                "Ignoring resource sets for constraint '{id}' because '{name}' is not a valid \
                 resource or tag"
            ));
            return false;
        }
    }
    true
}
