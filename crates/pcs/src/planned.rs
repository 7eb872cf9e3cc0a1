//! The cluster's state as its CIB tells it.

use cib::schema::{self, Schema, SchemaError};
use cib::time::DateTime;
use cib::xml::Document;
use scheduler::{Plan, Wishes, expansion};

/// Does something with what the scheduler reads from `cib`, before anything is decided.
///
/// # Errors
/// A CIB that follows no schema that is known.
pub(crate) fn with_plan<T>(
    cib: &Document,
    now: DateTime,
    act: impl FnOnce(&mut Plan<'_>) -> T,
) -> Result<T, SchemaError> {
    let mut cib = cib.clone();
    if cib.root().child("status").is_none() {
        let root = cib.root().xml_id();
        cib.append(root, "status");
    }
    if let Ok(Schema::Version(_)) = schema::claimed(&cib) {
        schema::upgrade(&mut cib)?;
    }
    let expanded = expansion::expand(&cib);
    let mut plan = scheduler::read(&expanded, now, Wishes::default());
    Ok(act(&mut plan))
}
