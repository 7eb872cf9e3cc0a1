//! Schema versions: validation, and upgrade of old syntax to the current one.
//!
//! ```text
//! validate-with="pacemaker-1.x" ──► 2.0: ACLs ──► 3.0: options, meta-attributes ──► 4.0: current
//! ```
//!
//! - A CIB says which version it follows. A version is valid in all later ones up to the next major
//!   one (only the number changes); from one major version to the next, [`upgrade`] rewrites what
//!   the new one does not have any more.
//! - What follows no known version is refused, what is not to be checked (`none`) is left as it is.

mod upgrade;
mod version;

pub use version::{Schema, Version};

use crate::xml::Document;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// The meaning may have changed.
    Warning,
    /// Something was left out that had a meaning once.
    Info,
    /// Something has another name now.
    Debug,
}

/// What an upgrade did, in Pacemaker's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub importance: Importance,
    /// The text.
    pub text: String,
}

/// Why a CIB cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It does not say which schema it follows.
    #[error("Cannot validate CIB with missing validate-with (manually edit to use a known schema)")]
    Missing,
    /// It says that it follows a schema that there is not.
    #[error("Cannot validate CIB with unknown validate-with (manually edit to use a known schema)")]
    Unknown,
}

/// Which schema `cib` says it follows.
///
/// # Errors
/// None, or one that there is not.
pub fn claimed(cib: &Document) -> Result<Schema, SchemaError> {
    let name = cib
        .root()
        .attribute("validate-with")
        .ok_or(SchemaError::Missing)?;
    Schema::parse(name).ok_or(SchemaError::Unknown)
}

/// Rewrites `cib`, which follows the version that it claims, to the current syntax.
///
/// # Errors
/// A `validate-with` that is missing or unknown.
pub fn upgrade(cib: &mut Document) -> Result<Vec<Notice>, SchemaError> {
    Ok(match claimed(cib)? {
        Schema::Version(version) => upgrade::run(cib, version),
        Schema::Unchecked => Vec::new(),
    })
}
