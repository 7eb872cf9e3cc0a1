//! Each operation.

use cib::query::Query;
use cib::xml::{Document, Element, XmlId};
use cib::{CibVersion, patch, schema};

use super::ChangeError;
use super::edit::{Editor, VERSION_ATTRIBUTES, is_same};
use crate::change::Operation;

/// Carries out one operation; `before` is the version before the whole change.
pub(super) fn perform(
    editor: &mut Editor<'_>,
    operation: &Operation,
    before: CibVersion,
) -> Result<(), ChangeError> {
    match operation {
        Operation::Create { parent, element } => create(editor, parent, element),
        Operation::Modify {
            place,
            element,
            may_create,
        } => modify(editor, place.as_deref(), element, *may_create),
        Operation::Replace {
            place,
            element,
            is_forced,
        } => replace(editor, place.as_deref(), element, *is_forced, before),
        Operation::DeleteMatching { element } => delete_matching(editor, element),
        Operation::Delete { query, all } => delete(editor, query, *all),
        Operation::Patch { patch } => apply_patch(editor, patch),
        Operation::Upgrade => upgrade(editor),
        Operation::Erase => {
            erase(editor);
            Ok(())
        }
        Operation::Bump => {
            editor.effect.configuration = true;
            Ok(())
        }
    }
}

fn parse(text: &str) -> Result<Document, ChangeError> {
    Document::parse(text).map_err(|error| ChangeError::Xml(error.to_string()))
}

fn described(element: Element<'_>) -> String {
    match element.id() {
        Some(id) => format!("<{} id=\"{id}\">", element.name()),
        None => format!("<{}>", element.name()),
    }
}

fn first(document: &Document, query: &str) -> Result<XmlId, ChangeError> {
    let found = Query::parse(query)?.select(document)?;
    let first = found.first().map(|it| it.xml_id());
    first.ok_or_else(|| ChangeError::NotFound(format!("element at {query}")))
}

/// The element that `wanted` names: what is found at `place`, or else the first such element in it.
fn named(
    document: &Document,
    place: Option<&str>,
    wanted: Element<'_>,
) -> Result<Option<XmlId>, ChangeError> {
    let top = match place {
        Some(place) => document.element(first(document, place)?),
        None => document.root(),
    };
    let found = top.descendants().find(|it| is_same(*it, wanted));
    Ok(found.map(Element::xml_id))
}

fn create(editor: &mut Editor<'_>, parent: &str, element: &str) -> Result<(), ChangeError> {
    let source = parse(element)?;
    let source = source.root();
    let parent = first(editor.document, parent)?;
    let siblings = editor.document.element(parent).children();
    if siblings.into_iter().any(|it| is_same(it, source)) {
        return Err(ChangeError::Exists(described(source)));
    }
    editor.append_copy(parent, source);
    Ok(())
}

fn modify(
    editor: &mut Editor<'_>,
    place: Option<&str>,
    element: &str,
    may_create: bool,
) -> Result<(), ChangeError> {
    let source = parse(element)?;
    let source = source.root();
    match (named(editor.document, place, source)?, place) {
        (Some(target), _) => editor.merge(target, source),
        (None, Some(place)) if may_create => {
            let parent = first(editor.document, place)?;
            editor.append_copy(parent, source);
        }
        (None, _) => return Err(ChangeError::NotFound(described(source))),
    }
    Ok(())
}

fn replace(
    editor: &mut Editor<'_>,
    place: Option<&str>,
    element: &str,
    is_forced: bool,
    before: CibVersion,
) -> Result<(), ChangeError> {
    let source = parse(element)?;
    let source = source.root();
    let target = named(editor.document, place, source)?
        .ok_or_else(|| ChangeError::NotFound(described(source)))?;
    if target != editor.root() {
        editor.exchange(target, source);
        return Ok(());
    }
    let (given, current) = (CibVersion::of(source), before);
    if !is_forced && (given.admin_epoch, given.epoch) < (current.admin_epoch, current.epoch) {
        return Err(ChangeError::Older { given, current });
    }
    replace_whole(editor, source, given >= current || is_forced);
    Ok(())
}

fn replace_whole(editor: &mut Editor<'_>, source: Element<'_>, with_status: bool) {
    let root = editor.root();
    let gone: Vec<String> = (editor.document.root().attributes())
        .map(|(name, _)| name)
        .filter(|name| source.attribute(name).is_none() && !VERSION_ATTRIBUTES.contains(name))
        .map(str::to_owned)
        .collect();
    for name in gone {
        editor.unset(root, &name);
    }
    for (name, value) in source.attributes() {
        editor.set(root, name, value);
    }
    if configuration_text(source) != configuration_text(editor.document.root()) {
        editor.effect.configuration = true;
        let old: Vec<XmlId> = (editor.document.root().children())
            .filter(|it| it.name() != "status")
            .map(Element::xml_id)
            .collect();
        for child in old {
            editor.document.remove(child);
        }
        for child in source.children().filter(|it| it.name() != "status") {
            editor.document.append_copy(root, child);
        }
    }
    let status = editor.document.root().child("status").map(Element::xml_id);
    match (status, source.child("status").filter(|_| with_status)) {
        (Some(old), Some(new)) => editor.exchange(old, new),
        (None, Some(new)) => editor.append_copy(root, new),
        (_, None) => {}
    }
    if let Some(status) = editor.document.root().child("status").map(Element::xml_id) {
        editor.document.move_into(status, root);
    }
}

/// Everything in the root but the status.
fn configuration_text(root: Element<'_>) -> String {
    let children = root.children().filter(|it| it.name() != "status");
    children.map(Element::to_compact_text).collect()
}

fn delete_matching(editor: &mut Editor<'_>, element: &str) -> Result<(), ChangeError> {
    let wanted = parse(element)?;
    let wanted = wanted.root();
    let has_all = |it: &Element<'_>| {
        let mut attributes = wanted.attributes();
        it.name() == wanted.name()
            && attributes.all(|(name, value)| it.attribute(name) == Some(value))
    };
    let found = editor.document.root().descendants().find(has_all);
    match found.map(Element::xml_id) {
        Some(root) if root == editor.root() => Err(ChangeError::Root),
        Some(found) => {
            editor.remove(found);
            Ok(())
        }
        None => Ok(()),
    }
}

fn delete(editor: &mut Editor<'_>, query: &str, all: bool) -> Result<(), ChangeError> {
    let found = Query::parse(query)?.select(editor.document)?;
    let count = if all { found.len() } else { 1 };
    let found: Vec<XmlId> = found.into_iter().take(count).map(Element::xml_id).collect();
    for element in found {
        if element == editor.root() {
            return Err(ChangeError::Root);
        }
        // It may have gone with one above it.
        if editor.document.contains(element) {
            editor.remove(element);
        }
    }
    Ok(())
}

fn apply_patch(editor: &mut Editor<'_>, text: &str) -> Result<(), ChangeError> {
    let changes = parse(text)?;
    let attributes = |document: &Document| -> Vec<(String, String)> {
        let attributes = document.root().attributes();
        attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let before = attributes(editor.document);
    patch::apply(editor.document, &changes)?;
    let after = attributes(editor.document);
    let differs = |one: &[(String, String)], other: &(String, String)| !one.contains(other);
    let changed: Vec<&str> = (before.iter().filter(|it| differs(&after, it)))
        .chain(after.iter().filter(|it| differs(&before, it)))
        .map(|(name, _)| name.as_str())
        .collect();
    for name in changed {
        editor.touch_root_attribute(name);
    }
    for change in changes.root().children_named("change") {
        let path = change.attribute("path").unwrap_or("");
        let is_of_root = path == "/cib" && change.attribute("operation") == Some("modify");
        if path == "/cib/status" || path.starts_with("/cib/status/") {
            editor.effect.status = true;
        } else if !is_of_root {
            editor.effect.configuration = true;
        }
    }
    Ok(())
}

fn upgrade(editor: &mut Editor<'_>) -> Result<(), ChangeError> {
    let before = editor.document.edits();
    schema::upgrade(editor.document)?;
    editor.effect.configuration |= editor.document.edits() != before;
    Ok(())
}

fn erase(editor: &mut Editor<'_>) {
    let root = editor.root();
    editor.effect.configuration = true;
    editor.effect.status = true;
    editor.document.clear(root);
    crate::copy::append_sections(editor.document);
}
