//! Who a constraint is about: one or two resources, or sets of resources.
//!
//! Sets are written out (`<resource_set>`), or stand behind the name of a template or tag in place
//! of a resource's:
//!
//! * A name in a set that is a template's or tag's stands for all that it refers to, in place, which
//!   may be tags again. If any name of a constraint's sets, or of such a tag, means nothing, none is
//!   replaced. Sets that are only referred to (`id-ref`) are taken as they are.
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

/// How many resources a set may have: tags of tags could make more than there is memory for.
const MAX_MEMBERS: usize = 1 << 16;

/// How deep tags may refer to tags.
const MAX_DEPTH: usize = 64;

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
    let mut replaced = Vec::new();
    let mut replace = true;
    for set in constraint.children_named("resource_set") {
        let mut names = Vec::new();
        replace = replace
            && references(set).all(|name| {
                let mut meanings = Meanings {
                    reader: &mut *reader,
                    within: Vec::new(),
                    names: &mut names,
                };
                meanings.add(name, id)
            });
        replaced.push(names);
    }
    let mut sets = Vec::new();
    for (element, names) in constraint.children_named("resource_set").zip(replaced) {
        let Some(target) = reader.resolve(element) else {
            break;
        };
        let members = if replace && target == element {
            members(reader, names.into_iter())
        } else {
            members(reader, references(target))
        };
        sets.push(ResourceSet {
            id: target.id(),
            members,
            role: target.attribute("role"),
            action: target.attribute("action"),
            sequential: target.attribute("sequential"),
            element: Some(target),
        });
    }
    sets
}

/// What the names in a set stand for, one after the other.
struct Meanings<'m, 'p, 'c> {
    reader: &'m mut Reader<'p, 'c>,
    /// The templates and tags that are being replaced.
    within: Vec<&'c str>,
    names: &'m mut Vec<&'c str>,
}

impl<'c> Meanings<'_, '_, 'c> {
    /// Adds the resources that `name`, in a set of constraint `id`, stands for. `false`, with an
    /// error, if it means nothing.
    fn add(&mut self, name: &'c str, id: &str) -> bool {
        if self.reader.resource(name).is_some() {
            self.names.push(name);
            return self.names.len() <= MAX_MEMBERS;
        }
        let tagged = match self.reader.named(name) {
            // Pacemaker does not come to an end with a tag that refers to itself.
            Some(Named::Tag(tagged)) if self.may_enter(name) => tagged,
            _ => {
                self.reader.plan.configuration_error(format!(
                    "Ignoring resource sets for constraint '{id}' because '{name}' is not a valid \
                     resource or tag"
                ));
                return false;
            }
        };
        self.within.push(name);
        let all_are_known = tagged.into_iter().all(|name| self.add(name, id));
        self.within.pop();
        all_are_known
    }

    fn may_enter(&self, name: &str) -> bool {
        self.within.len() < MAX_DEPTH && !self.within.contains(&name)
    }
}
