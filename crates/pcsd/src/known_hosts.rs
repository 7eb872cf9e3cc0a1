//! The file of known hosts, in JSON.

use std::io;

use pcsd_api::KnownHosts;

use crate::Place;
use crate::files::{self, SECRET};

const FILE: &str = "known-hosts";
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The hosts that this machine knows; none where there is no file.
///
/// # Errors
/// Where the file cannot be read, or is none of ours.
pub fn read_known_hosts(place: &Place) -> io::Result<KnownHosts> {
    let path = place.file(FILE);
    match files::read(&path, MAX_FILE_BYTES)? {
        None => Ok(KnownHosts::default()),
        Some(text) => {
            serde_json::from_str(&text).map_err(|error| files::at(&path, io::Error::other(error)))
        }
    }
}

/// Makes these the hosts that this machine knows. Nobody but the owner can read the file.
///
/// # Errors
/// Where it cannot be written.
pub fn write_known_hosts(place: &Place, known: &KnownHosts) -> io::Result<()> {
    let text = serde_json::to_string_pretty(known).map_err(io::Error::other)?;
    files::secret_folder(&place.folder)?;
    files::replace(&place.file(FILE), &text, SECRET)
}
