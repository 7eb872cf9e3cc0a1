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
//! - What is right by a later version than it claims is taken for that one.

mod compile;
mod grammar;
mod pattern;
mod upgrade;
mod validate;
mod version;

pub use validate::{MAX_VIOLATIONS, Violation};
pub use version::{Schema, Version};

use std::fmt;

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

/// What an upgrade did, in Pacemaker's words. `crm_simulate` and `crm_verify` show all of them on
/// standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters; the upgrade to 2.0 does not say.
    pub importance: Option<Importance>,
    /// The text.
    pub text: String,
}

impl fmt::Display for Notice {
    /// As Pacemaker shows it: `INFO: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.importance {
            Some(Importance::Warning) => "WARNING: ",
            Some(Importance::Info) => "INFO: ",
            Some(Importance::Debug) => "DEBUG: ",
            None => "",
        })?;
        f.write_str(&self.text)
    }
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
    /// It is not what the schema allows that it claims to follow, nor what a later one does.
    #[error(
        "Cannot upgrade configuration (claiming {claimed} schema) to at least {} because it does \
         not validate with any schema from {claimed} to the latest",
        Version::CURRENT
    )]
    Invalid {
        /// The schema that it claims to follow.
        claimed: Version,
        /// What that schema does not allow.
        violations: Vec<Violation>,
    },
}

/// A CIB that can be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Whether it was checked: not where it says that it follows no schema.
    pub is_checked: bool,
    /// What had to be changed.
    pub notices: Vec<Notice>,
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

/// What is wrong with `cib` by the schema that it claims to follow: nothing, or at most
/// [`MAX_VIOLATIONS`] things.
///
/// # Errors
/// A `validate-with` that is missing or unknown.
pub fn validate(cib: &Document) -> Result<Vec<Violation>, SchemaError> {
    Ok(match claimed(cib)? {
        Schema::Version(version) => validate::run(cib, version),
        Schema::Unchecked => Vec::new(),
    })
}

/// Makes `cib` ready to be worked on, as Pacemaker's tools do: checks that it follows the schema that
/// it claims, or else the next later one that it does follow, and upgrades it to the current one.
///
/// # Errors
/// A `validate-with` that is missing or unknown; a CIB that follows none of these schemas.
pub fn prepare(cib: &mut Document) -> Result<Prepared, SchemaError> {
    let Schema::Version(claimed) = claimed(cib)? else {
        return Ok(Prepared {
            is_checked: false,
            notices: Vec::new(),
        });
    };
    let violations = validate::run(cib, claimed);
    let followed = if violations.is_empty() {
        Some(claimed)
    } else {
        Version::all()
            .filter(|&version| version > claimed)
            .find(|&version| validate::run(cib, version).is_empty())
    };
    match followed {
        Some(version) => Ok(Prepared {
            is_checked: true,
            notices: upgrade::run(cib, version),
        }),
        None => Err(SchemaError::Invalid {
            claimed,
            violations,
        }),
    }
}

#[cfg(test)]
mod tests;
