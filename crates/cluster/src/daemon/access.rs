//! Access control lists (`enable-acl`): what a client may see and change of the CIB.
//!
//! Root, the daemon's own user and `hacluster` are asked for nothing, as with Pacemaker.

use cib::rules::Findings;
use cib::views::access::{Access, Permission, permissions};
use cib::views::boolean_option;
use cib::xml::Document;
use replica::Change;

use crate::clients::User;

/// What a user may do with this CIB; none: everything.
pub(super) fn limits(cib: &Document, user: &User) -> Option<Vec<Permission>> {
    if user.is_exempt || boolean_option(cib, "enable-acl") != Some(true) {
        return None;
    }
    let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
    let mut findings = Findings::default();
    Some(permissions(cib, &user.name, &groups, &mut findings))
}

/// What of a CIB a user may see.
pub(super) fn readable(cib: &Document, permissions: &[Permission]) -> Result<Document, String> {
    let access = Access::new(cib, permissions).map_err(|error| error.to_string())?;
    let copy = access.readable_copy(cib);
    copy.ok_or_else(|| "permission denied: nothing of the CIB may be read".to_owned())
}

/// Whether a change of a CIB is one that a user may make.
pub(super) fn check(
    cib: &Document,
    change: &Change,
    permissions: &[Permission],
) -> Result<(), String> {
    let mut after = cib.clone();
    replica::execute::execute(&mut after, change).map_err(|error| error.to_string())?;
    let access = |document| Access::new(document, permissions).map_err(|error| error.to_string());
    let forbidden = Access::forbidden_change(
        (cib.root(), &access(cib)?),
        (after.root(), &access(&after)?),
    );
    match forbidden {
        Some(what) => Err(format!("permission denied: {what} may not be changed")),
        None => Ok(()),
    }
}
