//! Keys that a node makes itself, with the authority that its configuration brings along.

use std::path::Path;

use super::{
    AUTHORITY_CERTIFICATES, Authority, Keys, KeysError, certificates, issue, write_authority,
    write_node,
};
use crate::NodeId;

/// Makes the keys of `node` of `cluster` with `authority`, unless `folder` has keys of that node that
/// this authority, or one beside it, has issued. Whether they were made.
///
/// # Errors
///
/// Where the authority cannot issue them, or they cannot be written.
pub fn provide(
    folder: &Path,
    authority: &Authority,
    cluster: &str,
    node: NodeId,
    name: &str,
) -> Result<bool, KeysError> {
    if Keys::read(folder, cluster, node).is_ok() && has_authority(folder, authority)? {
        return Ok(false);
    }
    let issued = issue(authority, cluster, node, name)?;
    let key = Some(authority.key_pem.as_str());
    write_authority(folder, &authority.certificates_pem, key)?;
    write_node(folder, &issued)?;
    Ok(true)
}

/// Whether the folder trusts this authority already: it may trust another one as well, for a while.
fn has_authority(folder: &Path, authority: &Authority) -> Result<bool, KeysError> {
    let wanted = certificates(&authority.certificates_pem, AUTHORITY_CERTIFICATES)?;
    let text = super::folder::read_text(&folder.join(AUTHORITY_CERTIFICATES))?;
    let present = certificates(&text, AUTHORITY_CERTIFICATES)?;
    Ok(wanted
        .iter()
        .all(|certificate| present.contains(certificate)))
}
