//! Finding and making parts of a CIB, with the ids that pcs gives them.

use ::cib::xml::{Document, Element, XmlId};

use super::pairs::Pairs;

/// What a resource can be.
pub(crate) const RESOURCES: &[&str] = &["primitive", "group", "clone", "master", "bundle"];

/// The section of the configuration that is called `name`, which is made where there is none.
pub(crate) fn section(cib: &mut Document, name: &str) -> XmlId {
    let root = cib.root().xml_id();
    let found = cib.root().child("configuration").map(Element::xml_id);
    let configuration = found.unwrap_or_else(|| cib.append(root, "configuration"));
    child(cib, configuration, name)
}

/// The child of `parent` that is called `name`, which is made where there is none.
pub(crate) fn child(cib: &mut Document, parent: XmlId, name: &str) -> XmlId {
    let found = cib.element(parent).child(name).map(Element::xml_id);
    found.unwrap_or_else(|| cib.append(parent, name))
}

/// The elements of a section of the configuration.
pub(crate) fn in_section<'d>(cib: &'d Document, name: &str) -> impl Iterator<Item = Element<'d>> {
    let section = cib
        .root()
        .child("configuration")
        .and_then(|it| it.child(name));
    section.into_iter().flat_map(Element::children)
}

/// All resources, parents before what they hold.
pub(crate) fn resources(cib: &Document) -> impl Iterator<Item = Element<'_>> {
    let section = cib
        .root()
        .child("configuration")
        .and_then(|it| it.child("resources"));
    let all = section.into_iter().flat_map(Element::descendants);
    all.filter(|it| RESOURCES.contains(&it.name()))
}

/// The resource called `id`.
pub(crate) fn resource<'d>(cib: &'d Document, id: &str) -> Option<Element<'d>> {
    resources(cib).find(|it| it.id() == Some(id))
}

/// The resource called `id`, if it is of that kind.
pub(crate) fn resource_of<'d>(cib: &'d Document, id: &str, kind: &str) -> Option<Element<'d>> {
    resource(cib, id).filter(|it| it.name() == kind)
}

/// Whether an element is a clone, by its new or its old name.
pub(crate) fn is_clone(element: Element<'_>) -> bool {
    matches!(element.name(), "clone" | "master")
}

/// The clone that `resource` stands in, directly or through its group.
pub(crate) fn clone_of(resource: Element<'_>) -> Option<Element<'_>> {
    let parent = resource.parent()?;
    match parent.name() {
        "group" => clone_of(parent),
        _ => Some(parent).filter(|it| is_clone(*it)),
    }
}

/// The group that `resource` stands in.
pub(crate) fn group_of(resource: Element<'_>) -> Option<Element<'_>> {
    resource.parent().filter(|it| it.name() == "group")
}

/// The constraints.
pub(crate) fn constraints(cib: &Document) -> impl Iterator<Item = Element<'_>> {
    in_section(cib, "constraints")
}

/// Whether any element of the CIB has this id.
pub(crate) fn id_exists(cib: &Document, id: &str) -> bool {
    let mut found = cib.with_id(id);
    found.any(|it| it.name() != "resource_ref" && it.name() != "obj_ref")
}

/// `wanted`, with a number behind it where that id is taken.
pub(crate) fn free_id(cib: &Document, wanted: &str) -> String {
    if !id_exists(cib, wanted) {
        return wanted.to_owned();
    }
    let mut numbered = (1..).map(|number: u64| format!("{wanted}-{number}"));
    numbered.find(|id| !id_exists(cib, id)).unwrap_or_default()
}

/// `text` without what an id must not hold.
pub(crate) fn as_id(text: &str) -> String {
    let begins = |it: char| it.is_alphabetic() || it == '_';
    let continues = |it: char| begins(it) || it.is_numeric() || matches!(it, '-' | '.');
    let text = text.trim_start_matches(|it| !begins(it));
    text.chars().filter(|it| continues(*it)).collect()
}

/// The character of `id` that it must not hold, and whether it is the first.
pub(crate) fn bad_character(id: &str) -> Option<(char, bool)> {
    let begins = |it: char| it.is_alphabetic() || it == '_';
    let mut characters = id.chars();
    let first = characters.next()?;
    if !begins(first) {
        return Some((first, true));
    }
    let bad = characters.find(|it| !(begins(*it) || it.is_numeric() || matches!(it, '-' | '.')));
    bad.map(|it| (it, false))
}

/// Adds a set of pairs called `kind` to `parent`.
pub(crate) fn add_set(
    cib: &mut Document,
    parent: XmlId,
    kind: &str,
    id: &str,
    pairs: &Pairs,
) -> XmlId {
    let set = cib.append(parent, kind);
    let id = free_id(cib, id);
    cib.set(set, "id", &id);
    set_pairs(cib, set, pairs);
    set
}

/// Sets pairs of a set; what is set to nothing is taken out.
pub(crate) fn set_pairs(cib: &mut Document, set: XmlId, pairs: &Pairs) {
    for (name, value) in pairs {
        let found = pair(cib.element(set), name).map(Element::xml_id);
        match found {
            Some(pair) if value.is_empty() => cib.remove(pair),
            Some(pair) => cib.set(pair, "value", value),
            None if value.is_empty() => {}
            None => {
                let prefix = cib.element(set).id().unwrap_or("").to_owned();
                let id = free_id(cib, &as_id(&format!("{prefix}-{name}")));
                let pair = cib.append(set, "nvpair");
                cib.set(pair, "id", &id);
                cib.set(pair, "name", name);
                cib.set(pair, "value", value);
            }
        }
    }
}

/// The pair called `name` of a set.
pub(crate) fn pair<'d>(set: Element<'d>, name: &str) -> Option<Element<'d>> {
    let mut pairs = set.children_named("nvpair");
    pairs.find(|it| it.attribute("name") == Some(name))
}

/// The first set called `kind` of `owner`.
pub(crate) fn first_set(cib: &Document, owner: XmlId, kind: &str) -> Option<XmlId> {
    cib.element(owner).child(kind).map(Element::xml_id)
}

/// The value of a pair in the first set called `kind` of `owner`.
pub(crate) fn value<'d>(owner: Element<'d>, kind: &str, name: &str) -> Option<&'d str> {
    let set = owner.child(kind)?;
    pair(set, name).and_then(|it| it.attribute("value"))
}

/// Sets pairs in the first set called `kind` of `owner`, which is made where there is none.
pub(crate) fn update_set(cib: &mut Document, owner: XmlId, kind: &str, pairs: &Pairs) {
    match first_set(cib, owner, kind) {
        Some(set) => set_pairs(cib, set, pairs),
        None if pairs.iter().all(|(_, value)| value.is_empty()) => {}
        None => {
            let id = format!("{}-{kind}", cib.element(owner).id().unwrap_or(""));
            add_set(cib, owner, kind, &id, pairs);
        }
    }
}
