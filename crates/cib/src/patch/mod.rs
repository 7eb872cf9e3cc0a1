//! Patches: what changed between two versions of a CIB, in Pacemaker's form.
//!
//! ```text
//! <diff format="2" digest="…">
//!   <version> <source …/> <target …/> </version>
//!   <change operation="delete" path="/cib/…/x[@id='a']"/>
//!   <change operation="modify" path="…"> <change-list/> <change-result/> </change>
//!   <change operation="create" path="… of the parent" position="0"> the element </change>
//!   <change operation="move" path="…" position="2"/>
//! </diff>
//! ```
//!
//! - Elements are told apart by name and id. Those without an id have the same path as others of the
//!   same name beside them; if these differ, they are deleted and created anew.
//! - Deletions come first. Creations and moves are carried out last, by position, which counts
//!   elements, comments and instructions from 0 and is the one in the result.
//! - A patch is refused by a CIB of another version than its source, and where the result has another
//!   digest than it says.

mod apply;
mod diff;
mod path;

pub use apply::apply;
pub use diff::diff;

use crate::version::CibVersion;
use crate::xml::{Document, Element, XmlId};

/// Why a patch cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// It has another form.
    #[error("Unknown patch format: {0}")]
    Format(String),
    /// Its versions cannot be read.
    #[error("The patch has a version that is incomplete")]
    Version,
    /// The CIB is older than what the patch was made from.
    #[error("The CIB has version {current}, the patch needs {source_version}")]
    TooOld {
        /// The CIB's version.
        current: CibVersion,
        /// The version that the patch applies to.
        source_version: CibVersion,
    },
    /// The CIB is newer than what the patch was made from, or has the patch already.
    #[error("The CIB has version {current} already, the patch leads to {target}")]
    TooNew {
        /// The CIB's version.
        current: CibVersion,
        /// The version that the patch leads to.
        target: CibVersion,
    },
    /// What is to be changed is not there.
    #[error("There is nothing to {operation} at {path}")]
    NoMatch {
        /// What was to be done.
        operation: String,
        /// Where.
        path: String,
    },
    /// A change that is not understood, or lacks something.
    #[error("The patch has a change that is not understood: {0}")]
    Change(String),
    /// The result is not what it should be.
    #[error("The result of the patch has the digest {found}, not {expected}")]
    Digest {
        /// What the patch says.
        expected: String,
        /// What came of it.
        found: String,
    },
}

/// The versions that a patch leads from and to, as far as it says.
///
/// # Errors
/// A patch of another form, or with versions that are incomplete.
pub fn versions(
    patch: Element<'_>,
) -> Result<(Option<CibVersion>, Option<CibVersion>), PatchError> {
    let format = patch.attribute("format").unwrap_or("1");
    if format != "2" || patch.name() != "diff" {
        return Err(PatchError::Format(format.to_owned()));
    }
    let read = |name| {
        let element = patch.child("version").and_then(|it| it.child(name));
        element
            .map(|it| CibVersion::read(it).ok_or(PatchError::Version))
            .transpose()
    };
    Ok((read("source")?, read("target")?))
}

/// Makes a patch hold for a CIB of any version: what it changes must be there as it was, no more.
pub fn remove_versions(patch: &mut Document) {
    let versions: Vec<XmlId> = patch
        .root()
        .children_named("version")
        .map(Element::xml_id)
        .collect();
    for version in versions {
        patch.remove(version);
    }
}

/// Whether a patch changes the element of this path or anything in it.
#[must_use]
pub fn touches(patch: &Document, path: &str) -> bool {
    let mut changes = patch.root().children_named("change");
    changes.any(|change| {
        let rest = change
            .attribute("path")
            .and_then(|it| it.strip_prefix(path));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
    })
}

#[cfg(test)]
mod tests;
