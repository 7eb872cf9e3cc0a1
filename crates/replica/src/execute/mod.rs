//! A change carried out on a tree: the same on every replica.
//!
//! | what | rule |
//! | --- | --- |
//! | configuration changed | epoch + 1, num_updates = 0 |
//! | only status, or attributes of the root that are no configuration, changed | num_updates + 1 |
//! | nothing changed | the version stays |
//! | the change writes a version itself | a higher admin_epoch is taken as it comes; within one, a higher epoch is; a version never goes back |
//! | a whole CIB replaces ours | refused if its (admin_epoch, epoch) is lower, unless forced; its status is taken only if its num_updates is not behind either, as status moves on while an administrator edits |
//!
//! A result that the schema does not allow is refused. Only the configuration is validated: the schema
//! allows any status.

mod edit;
mod operations;

use cib::patch::PatchError;
use cib::query::QueryError;
use cib::schema::SchemaError;
use cib::xml::Document;
use cib::{CibVersion, schema};

use crate::change::{Change, Expectation, Operation, Origin};
use crate::limits::{MAX_VERSION_PART, MAX_VIOLATIONS};
use edit::Editor;

/// Why a change was not made. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The precondition does not hold.
    #[error("the CIB has version {found}, which is not what the change is meant for")]
    Unexpected {
        /// The version there is.
        found: CibVersion,
    },
    /// What was given is no XML.
    #[error("the element that was given cannot be read: {0}")]
    Xml(String),
    /// A query that is not understood or that takes too long.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// There is no such element.
    #[error("there is no {0}")]
    NotFound(String),
    /// There is such an element.
    #[error("there is {0} already")]
    Exists(String),
    /// The root element cannot be removed or exchanged.
    #[error("the root element can be replaced by another <cib> only, and not be removed")]
    Root,
    /// A whole CIB that is older than the one there is.
    #[error("the CIB that was given has version {given}, which is older than {current}")]
    Older {
        /// Its version.
        given: CibVersion,
        /// Ours.
        current: CibVersion,
    },
    /// A patch that does not apply.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A schema that is missing or unknown.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The result is not what the schema allows.
    #[error("the result does not follow its schema: {}", .0.join("; "))]
    Invalid(Vec<String>),
    /// A part of a version is too large.
    #[error("a version's parts end at {MAX_VERSION_PART}")]
    Version,
    /// The result is longer than a CIB may be.
    #[error("the CIB would be longer than {} bytes", crate::limits::MAX_CIB_BYTES)]
    TooLarge,
}

/// What a change did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Whether the configuration changed, or its version by hand.
    pub configuration: bool,
    /// Whether the status, or an attribute of the root that is no configuration, changed.
    pub status: bool,
}

impl Effect {
    /// Whether anything changed.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.configuration || self.status
    }
}

/// Carries out `change` on `document`, writes the new version to it and validates the result.
///
/// # Errors
/// A change that cannot be made; `document` is then in no state to be used.
pub fn execute(document: &mut Document, change: &Change) -> Result<Effect, ChangeError> {
    let before = CibVersion::of(document.root());
    check(before, change.expectation)?;
    let mut effect = perform(document, &change.operations, before)?;
    effect.configuration |= is_raised(before, document);
    let version = next_version(before, document, effect)?;
    if effect.configuration
        && let Some(origin) = &change.origin
    {
        write_origin(document, origin);
    }
    version.write(document);
    if effect.configuration {
        validate(document)?;
    }
    Ok(effect)
}

/// Carries out `change` once more, which is known to succeed and to lead to `version`.
pub(crate) fn repeat(
    document: &mut Document,
    change: &Change,
    effect: Effect,
    version: CibVersion,
) {
    let before = CibVersion::of(document.root());
    let repeated = perform(document, &change.operations, before);
    debug_assert!(
        repeated.is_ok(),
        "what worked once works again: {repeated:?}"
    );
    if effect.configuration
        && let Some(origin) = &change.origin
    {
        write_origin(document, origin);
    }
    version.write(document);
}

fn check(found: CibVersion, expectation: Option<Expectation>) -> Result<(), ChangeError> {
    let holds = match expectation {
        None => true,
        Some(Expectation::Version(version)) => version == found,
        Some(Expectation::Configuration { admin_epoch, epoch }) => {
            (admin_epoch, epoch) == (found.admin_epoch, found.epoch)
        }
    };
    if holds {
        Ok(())
    } else {
        Err(ChangeError::Unexpected { found })
    }
}

fn perform(
    document: &mut Document,
    operations: &[Operation],
    before: CibVersion,
) -> Result<Effect, ChangeError> {
    let mut editor = Editor::new(document);
    for operation in operations {
        operations::perform(&mut editor, operation, before)?;
    }
    Ok(editor.effect)
}

/// What of a version names a configuration.
fn configuration_version(version: CibVersion) -> (i64, i64) {
    (version.admin_epoch, version.epoch)
}

/// Whether the change itself wrote a greater version.
fn is_raised(before: CibVersion, document: &Document) -> bool {
    configuration_version(CibVersion::of(document.root())) > configuration_version(before)
}

fn next_version(
    before: CibVersion,
    document: &Document,
    effect: Effect,
) -> Result<CibVersion, ChangeError> {
    let written = CibVersion::of(document.root());
    let parts = [written.admin_epoch, written.epoch, written.num_updates];
    if is_raised(before, document) && parts.iter().any(|&part| part > MAX_VERSION_PART) {
        return Err(ChangeError::Version);
    }
    if written.admin_epoch > before.admin_epoch {
        return Ok(written);
    }
    let mut version = if effect.is_any() {
        before.next(effect.configuration)
    } else {
        before
    };
    if written.admin_epoch == before.admin_epoch {
        version.epoch = version.epoch.max(written.epoch);
    }
    Ok(version)
}

fn write_origin(document: &mut Document, origin: &Origin) {
    let root = document.root().xml_id();
    let attributes = [
        ("cib-last-written", &origin.time),
        ("update-origin", &origin.node),
        ("update-client", &origin.client),
        ("update-user", &origin.user),
    ];
    let known = attributes.iter().filter(|(_, value)| !value.is_empty());
    for (name, value) in known {
        document.set(root, name, value);
    }
}

fn validate(document: &Document) -> Result<(), ChangeError> {
    let violations = schema::validate(document)?;
    if violations.is_empty() {
        return Ok(());
    }
    let told = violations.iter().take(MAX_VIOLATIONS);
    Err(ChangeError::Invalid(
        told.map(ToString::to_string).collect(),
    ))
}
