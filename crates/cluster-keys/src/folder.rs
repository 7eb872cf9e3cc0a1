//! The folder of keys, and how files in it are replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{Authority, Issued, Keys, KeysError, MAX_FILE_BYTES};
use crate::NodeId;

/// Where keys are kept unless the operator says otherwise.
pub const FOLDER: &str = "/etc/keel/cluster";

/// The certificates of the trusted authorities: one, or two and more while keys are rotated.
pub const AUTHORITY_CERTIFICATES: &str = "authority.pem";

/// The key of the authority, only on the machine where nodes are made.
pub const AUTHORITY_KEY: &str = "authority.key";

/// This node's certificate.
pub const NODE_CERTIFICATE: &str = "node.pem";

/// This node's key.
pub const NODE_KEY: &str = "node.key";

/// What is added to the name of a file that is to take another one's place.
const SUCCESSOR: &str = ".new";

/// The mode of a key: its owner's alone.
const SECRET: u32 = 0o600;

/// The mode of a certificate: there is nothing secret in it.
const PUBLIC: u32 = 0o644;

impl Keys {
    /// Reads the keys of `node` of `cluster` from `folder`.
    ///
    /// A certificate and its key are two files and cannot be replaced in one step: where
    /// [`write_node`] was interrupted between the two, the step is finished here.
    ///
    /// # Errors
    ///
    /// As [`Keys::from_pem`]; and where a file cannot be read, is too large, or where others can
    /// read the key.
    pub fn read(folder: &Path, cluster: &str, node: NodeId) -> Result<Self, KeysError> {
        let authorities = read_text(&folder.join(AUTHORITY_CERTIFICATES))?;
        let key = read_secret(&folder.join(NODE_KEY))?;
        let certificate_path = folder.join(NODE_CERTIFICATE);
        let certificate = read_text(&certificate_path)?;
        let read = Self::from_pem(cluster, node, &authorities, &certificate, &key);
        let successor = successor(&certificate_path);
        if !matches!(read, Err(KeysError::Mismatch)) || !successor.exists() {
            return read;
        }
        let certificate = read_text(&successor)?;
        let keys = Self::from_pem(cluster, node, &authorities, &certificate, &key)?;
        rename(&successor, &certificate_path)?;
        sync_folder(folder)?;
        Ok(keys)
    }
}

/// Reads the authority with which certificates are issued.
///
/// # Errors
///
/// Where a file cannot be read, is too large, or where others can read the key.
pub fn read_authority(folder: &Path) -> Result<Authority, KeysError> {
    Ok(Authority {
        certificates_pem: read_text(&folder.join(AUTHORITY_CERTIFICATES))?,
        key_pem: read_secret(&folder.join(AUTHORITY_KEY))?,
    })
}

/// Writes the certificates of the trusted authorities, and the key of the one that issues where it
/// is to be kept here. The folder is made if it is not there.
///
/// # Errors
///
/// What the system says; the files are then as they were.
pub fn write_authority(
    folder: &Path,
    certificates_pem: &str,
    key_pem: Option<&str>,
) -> Result<(), KeysError> {
    let mut files = Vec::new();
    if let Some(key) = key_pem {
        files.push((AUTHORITY_KEY, key, SECRET));
    }
    files.push((AUTHORITY_CERTIFICATES, certificates_pem, PUBLIC));
    replace(folder, &files)
}

/// Writes a node's certificate and key. The folder is made if it is not there.
///
/// # Errors
///
/// What the system says; [`Keys::read`] then finds either the files before or those after.
pub fn write_node(folder: &Path, issued: &Issued) -> Result<(), KeysError> {
    replace(
        folder,
        &[
            (NODE_KEY, &issued.key_pem, SECRET),
            (NODE_CERTIFICATE, &issued.certificate_pem, PUBLIC),
        ],
    )
}

/// All successors are on disk before the first takes its place.
fn replace(folder: &Path, files: &[(&str, &str, u32)]) -> Result<(), KeysError> {
    fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    for (name, text, mode) in files {
        let path = successor(&folder.join(name));
        write_new(&path, text, *mode).map_err(|error| at(&path, error))?;
    }
    sync_folder(folder)?;
    for (name, ..) in files {
        let path = folder.join(name);
        rename(&successor(&path), &path)?;
    }
    sync_folder(folder)
}

fn successor(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SUCCESSOR);
    name.into()
}

fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A file of its own with its mode from the start: at no instant can others read it.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn rename(from: &Path, to: &Path) -> Result<(), KeysError> {
    fs::rename(from, to).map_err(|error| at(to, error))
}

fn sync_folder(folder: &Path) -> Result<(), KeysError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| at(folder, error))
}

pub(super) fn read_text(path: &Path) -> Result<String, KeysError> {
    read_file(path, File::open(path).map_err(|error| at(path, error))?)
}

/// Reads a key, unless anybody but its owner can; the owner must be who we are, or root.
fn read_secret(path: &Path) -> Result<String, KeysError> {
    let file = File::open(path).map_err(|error| at(path, error))?;
    let metadata = file.metadata().map_err(|error| at(path, error))?;
    let ours = [0, nix::unistd::geteuid().as_raw()].contains(&metadata.uid());
    if metadata.mode() & 0o077 != 0 || !ours {
        return Err(KeysError::Exposed {
            path: path.to_owned(),
            mode: metadata.mode() & 0o7777,
            owner: metadata.uid(),
        });
    }
    read_file(path, file)
}

fn read_file(path: &Path, file: File) -> Result<String, KeysError> {
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| at(path, error))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(KeysError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

fn at(path: &Path, error: io::Error) -> KeysError {
    KeysError::File {
        path: path.to_owned(),
        error,
    }
}
