//! Reading what the command line and the configuration name.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use diagnostics::Diagnostic;
use haproxy_config::{Reference, ReferenceKind};

/// The largest file read, in bytes: a bundle must fit into one message of the channel.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The most files taken from a folder.
pub const MAX_FOLDER_FILES: usize = 10_000;

/// Files beside a certificate in a folder that belong to it and are no certificate of their own.
const COMPANION_SUFFIXES: &[&str] = &[
    ".key", ".ocsp", ".issuer", ".sctl", ".dh", ".dsa", ".ecdsa", ".rsa",
];

/// Contents of files, by the path that the configuration names them with.
#[derive(Debug, Clone, Default)]
pub struct Files {
    contents: BTreeMap<PathBuf, Vec<u8>>,
}

impl Files {
    /// The files of a bundle.
    #[must_use]
    pub fn new(files: &[(String, Vec<u8>)]) -> Self {
        Self {
            contents: files
                .iter()
                .map(|(path, content)| (PathBuf::from(path), content.clone()))
                .collect(),
        }
    }

    /// A file's content.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<&[u8]> {
        self.contents.get(path).map(Vec::as_slice)
    }

    /// The files directly inside a folder, by name.
    pub fn in_folder<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = (&'a Path, &'a [u8])> {
        self.contents
            .range(folder.to_owned()..)
            .take_while(move |(path, _)| path.starts_with(folder))
            .filter(move |(path, _)| path.parent() == Some(folder))
            .map(|(path, content)| (path.as_path(), content.as_slice()))
    }
}

/// Reads the configuration files in order; of a folder, its `*.cfg` files by name, as HAProxy does.
///
/// # Errors
///
/// One message per file that cannot be had.
pub(super) fn read_configuration(
    paths: &[PathBuf],
) -> Result<Vec<(String, String)>, Vec<Diagnostic>> {
    let mut texts = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let files = match configuration_files(path) {
            Ok(files) => files,
            Err(error) => {
                problems.push(cannot_open(path, &error));
                continue;
            }
        };
        for file in files {
            match read_limited(&file) {
                // Old files hold comments in other encodings; a word that matters in them is
                // refused by the parser with its place.
                Ok(content) => texts.push((
                    file.display().to_string(),
                    String::from_utf8_lossy(&content).into_owned(),
                )),
                Err(error) => problems.push(cannot_open(&file, &error)),
            }
        }
    }
    if problems.is_empty() {
        Ok(texts)
    } else {
        Err(problems)
    }
}

fn configuration_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = folder_files(path)?;
    files.retain(|file| {
        let hidden = file
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        !hidden && file.extension().is_some_and(|extension| extension == "cfg")
    });
    Ok(files)
}

/// The regular files of a folder, sorted by bytes (LC_COLLATE=C).
fn folder_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            if files.len() == MAX_FOLDER_FILES {
                return Err(io::Error::other(format!(
                    "the folder has more than {MAX_FOLDER_FILES} files"
                )));
            }
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file, or for certificates a folder of files, into the bundle's list.
///
/// # Errors
///
/// A message that points at the path as written.
pub(super) fn read_reference(
    reference: &Reference,
    into: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Diagnostic> {
    let path = &reference.path.value;
    let known = |into: &[(String, Vec<u8>)], path: &Path| {
        into.iter().any(|(known, _)| Path::new(known) == path)
    };
    let mut read = |path: &Path| -> Result<(), Diagnostic> {
        if known(into, path) {
            return Ok(());
        }
        let content = read_limited(path).map_err(|error| unreadable(reference, path, &error))?;
        into.push((path.display().to_string(), content));
        Ok(())
    };
    if reference.kind != ReferenceKind::Certificate {
        return read(path);
    }
    if path.is_dir() {
        let files = folder_files(path).map_err(|error| unreadable(reference, path, &error))?;
        return files.iter().try_for_each(|file| read(file));
    }
    read(path)?;
    let key = key_beside(path);
    if key.is_file() {
        read(&key)?;
    }
    Ok(())
}

/// Where the key of a certificate without one lies: `site.pem.key`, as HAProxy looks for it.
pub(crate) fn key_beside(certificate: &Path) -> PathBuf {
    let mut name = certificate.as_os_str().to_owned();
    name.push(".key");
    name.into()
}

/// Whether a file of a certificate folder belongs to another one beside it.
pub(crate) fn is_companion(path: &Path) -> bool {
    let name = path.to_string_lossy();
    COMPANION_SUFFIXES
        .iter()
        .any(|suffix| name.ends_with(suffix))
}

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!(
            "the file is larger than {} MiB",
            MAX_FILE_BYTES / (1024 * 1024)
        )));
    }
    Ok(content)
}

fn cannot_open(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!(
        "cannot open configuration file {}: {}",
        path.display(),
        reason(error)
    ))
}

fn unreadable(reference: &Reference, path: &Path, error: &io::Error) -> Diagnostic {
    let what = match reference.kind {
        ReferenceKind::Certificate => "certificate",
        ReferenceKind::ErrorFile => "error file",
        ReferenceKind::Patterns => "pattern file",
    };
    let reason = reason(error);
    Diagnostic::error(format!(
        "unable to load {what} {}: {reason}",
        path.display()
    ))
    .at(reference.span())
    .label(reason)
}

/// An I/O error without the "(os error 2)" at its end.
pub(crate) fn reason(error: &io::Error) -> String {
    let mut text = error.to_string();
    if let Some(end) = text.find(" (os error") {
        text.truncate(end);
    }
    text
}
