//! Paths of elements, such as `/cib/configuration/resources/primitive[@id='a']`.

use crate::xml::{Document, Element, XmlId};

/// The path of `element`.
pub(super) fn path_of(element: Element<'_>) -> String {
    let mut parts = Vec::new();
    let mut at = Some(element);
    while let Some(element) = at {
        parts.push(match element.id() {
            Some(id) => format!("/{}[@id='{id}']", element.name()),
            None => format!("/{}", element.name()),
        });
        at = element.parent();
    }
    parts.reverse();
    parts.concat()
}

/// What a path leads to.
pub(super) enum Target {
    Element(XmlId),
    Comment(XmlId),
}

/// What stands at `path`; a comment only if it is at `position` among its siblings.
pub(super) fn find(cib: &Document, path: &str, position: Option<usize>) -> Option<Target> {
    let mut parts = parts(path)?.into_iter();
    let (name, id) = parts.next()?;
    let mut element = Some(cib.root()).filter(|it| matches(*it, name, id))?;
    while let Some((name, id)) = parts.next() {
        let next = element.children().find(|it| matches(*it, name, id));
        match next {
            Some(next) => element = next,
            None if name == "comment" && parts.len() == 0 => {
                return cib
                    .comment_at(element.xml_id(), position?)
                    .map(Target::Comment);
            }
            None => return None,
        }
    }
    Some(Target::Element(element.xml_id()))
}

fn matches(element: Element<'_>, name: &str, id: Option<&str>) -> bool {
    element.name() == name && id.is_none_or(|id| element.id() == Some(id))
}

/// The names in a path, each with the id if it has one; none for what is no path.
fn parts(path: &str) -> Option<Vec<(&str, Option<&str>)>> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('/')?;
        let end = rest.find(['/', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let mut id = None;
        rest = after;
        if let Some(predicate) = after.strip_prefix("[@id='") {
            // An id may hold anything; its end is followed by the next part, or by nothing.
            let end = predicate
                .match_indices("']")
                .map(|(at, _)| at)
                .find(|&at| matches!(predicate.as_bytes().get(at + 2), None | Some(b'/')))?;
            id = Some(&predicate[..end]);
            rest = &predicate[end + 2..];
        }
        if name.is_empty() {
            return None;
        }
        parts.push((name, id));
    }
    Some(parts)
}
