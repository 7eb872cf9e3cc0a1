//! A patch to a document.

use super::path::{Target, find};
use super::{PatchError, versions};
use crate::digest;
use crate::number::parse_integer;
use crate::version::CibVersion;
use crate::xml::{Document, Element, XmlId};

/// Carries out `patch` on `cib`. Where it cannot be carried out in full, `cib` stays as it was.
///
/// # Errors
/// A patch that is not understood, that was made from another version of the CIB, or that leads to
/// something else than it says.
pub fn apply(cib: &mut Document, patch: &Document) -> Result<(), PatchError> {
    let root = patch.root();
    check_versions(cib, root)?;
    let mut result = cib.clone();
    let mut placements = Vec::new();
    for change in root.children_named("change") {
        prepare(&mut result, change, &mut placements)?;
    }
    placements.sort_by_key(|placement| placement.position);
    for placement in placements {
        placement.carry_out(&mut result);
    }
    if let Some(expected) = root.attribute("digest") {
        let found = digest::of_content(result.root());
        if !found.eq_ignore_ascii_case(expected) {
            let expected = expected.to_owned();
            return Err(PatchError::Digest { expected, found });
        }
    }
    *cib = result;
    Ok(())
}

/// A patch applies to its source version alone, and leads to a newer one. What it does not say is the
/// CIB's own version, and the next one.
fn check_versions(cib: &Document, patch: Element<'_>) -> Result<(), PatchError> {
    let current = CibVersion::of(cib.root());
    let (source, target) = versions(patch)?;
    let source_version = source.unwrap_or(current);
    let target = target.unwrap_or_else(|| current.next(false));
    if current < source_version {
        return Err(PatchError::TooOld {
            current,
            source_version,
        });
    }
    if current > source_version || target <= source_version {
        return Err(PatchError::TooNew { current, target });
    }
    Ok(())
}

/// Something that gets its place when everything else is done.
struct Placement<'p> {
    position: usize,
    parent: XmlId,
    node: Placed<'p>,
}

enum Placed<'p> {
    New(Element<'p>),
    Moved(XmlId),
}

/// Carries out a change but for creations and moves, which are put off.
fn prepare<'p>(
    cib: &mut Document,
    change: Element<'p>,
    placements: &mut Vec<Placement<'p>>,
) -> Result<(), PatchError> {
    let attribute = |name| {
        let lacks = || PatchError::Change(format!("{name} is missing"));
        change.attribute(name).ok_or_else(lacks)
    };
    let operation = attribute("operation")?;
    let path = attribute("path")?;
    let position = change
        .attribute("position")
        .and_then(parse_integer)
        .and_then(|number| usize::try_from(number).ok());
    let no_match = || PatchError::NoMatch {
        operation: operation.to_owned(),
        path: path.to_owned(),
    };
    let target = find(cib, path, position);
    match (operation, target) {
        ("delete", Some(Target::Element(id) | Target::Comment(id))) => cib.remove(id),
        // What is to be deleted and is not there is deleted.
        ("delete", None) => {}
        ("create", Some(Target::Element(parent))) => placements.push(Placement {
            position: position.unwrap_or(0),
            parent,
            node: Placed::New(change),
        }),
        ("move", Some(Target::Element(id))) => {
            let parent = cib.element(id).parent().ok_or_else(no_match)?.xml_id();
            // Out of the way of what stays.
            cib.move_into(id, parent);
            placements.push(Placement {
                position: position.unwrap_or(0),
                parent,
                node: Placed::Moved(id),
            });
        }
        ("modify", Some(Target::Element(id))) => {
            let result = change
                .child("change-result")
                .and_then(|it| it.children().next())
                .ok_or_else(|| PatchError::Change("change-result is missing".to_owned()))?;
            cib.set_attributes(id, result.attributes());
        }
        ("create" | "move" | "modify", _) => return Err(no_match()),
        (other, _) => return Err(PatchError::Change(other.to_owned())),
    }
    Ok(())
}

impl Placement<'_> {
    fn carry_out(self, cib: &mut Document) {
        let node = match self.node {
            Placed::New(change) => cib.append_first_content(self.parent, change),
            Placed::Moved(id) => Some(id),
        };
        if let Some(node) = node {
            cib.place(node, self.parent, self.position);
        }
    }
}
