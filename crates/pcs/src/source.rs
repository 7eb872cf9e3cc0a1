//! Where a CIB comes from, and how it is read.
//!
//! A file whose name ends in `.bz2` is taken for compressed. Instead of the running cluster, a file
//! can be named in the environment, as for all of Pacemaker's tools: `CIB_shadow` names a working
//! copy, `CIB_file` any file.

use std::io::{self, Read};

use bzip2::read::BzDecoder;
use cib::xml::{Document, ParseError, decode};

use crate::files::reason;
use crate::store::{ClusterStore, Store as _, StoreError};
use crate::{ExitCode, Files};

/// How large a compressed CIB may become.
const MAX_UNPACKED_BYTES: u64 = 1 << 28;

/// What Pacemaker's tools say where no cluster runs.
pub(crate) const NOT_CONNECTED: &str =
    "Could not connect to the CIB: Transport endpoint is not connected";

/// Where a CIB comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    #[default]
    StandardInput,
    /// A file.
    File(String),
    /// The command line itself.
    Text(String),
    /// The running cluster, or what the environment names instead.
    Live,
}

/// Why there is no CIB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The input is not what it should be.
    Input(String),
    /// There is nothing to connect to.
    Connection(String, ExitCode),
}

impl Source {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(path) => Some(path),
            Self::StandardInput | Self::Text(_) | Self::Live => None,
        }
    }

    /// Reads the CIB.
    pub(crate) fn read(&self, files: &mut dyn Files) -> Result<Document, Unreadable> {
        let bytes = match self {
            Self::StandardInput => files.read_standard_input(),
            Self::File(path) => contents(path, files),
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Live => return live(files),
        };
        let bytes = bytes.map_err(|error| Unreadable::Input(reason(&error)))?;
        let document = match self {
            Self::Text(_) => parse(&bytes, Document::parse),
            _ => parse(&bytes, Document::parse_without_text),
        };
        document.map_err(Unreadable::Input)
    }
}

fn live(files: &mut dyn Files) -> Result<Document, Unreadable> {
    let Some(path) = file_for_cluster(files) else {
        let read = ClusterStore::at(files.daemon()).read();
        return read.map_err(|error| match error {
            StoreError::NotRunning => {
                Unreadable::Connection(NOT_CONNECTED.to_owned(), ExitCode::DISCONNECTED)
            }
            other => Unreadable::Connection(other.to_string(), ExitCode::ERROR),
        });
    };
    let refused = |reason: &str, exit_code| {
        let text = format!("Could not connect to the CIB: {path}: {reason}");
        Unreadable::Connection(text, exit_code)
    };
    let bytes = contents(&path, files).map_err(|error| {
        let exit_code = match ExitCode::of(&error) {
            ExitCode::ERROR => ExitCode::CONFIGURATION,
            exit_code => exit_code,
        };
        refused(&reason(&error), exit_code)
    })?;
    parse(&bytes, Document::parse_without_text)
        .map_err(|reason| refused(&reason, ExitCode::CONFIGURATION))
}

/// The file that the environment names instead of the running cluster.
pub(crate) fn file_for_cluster(files: &dyn Files) -> Option<String> {
    let Some(name) = files.variable("CIB_shadow") else {
        return files.variable("CIB_file");
    };
    let folder = files.variable("CIB_shadow_dir").unwrap_or_else(|| {
        // Working copies of the superuser lie with the cluster's own CIB.
        match files.variable("HOME") {
            Some(home) if home != "/root" => format!("{home}/.cib"),
            _ => "/var/lib/pacemaker/cib".to_owned(),
        }
    });
    Some(format!("{folder}/shadow.{name}"))
}

fn contents(path: &str, files: &mut dyn Files) -> io::Result<Vec<u8>> {
    let bytes = files.read(path)?;
    if is_compressed(path) {
        unpack(&bytes, MAX_UNPACKED_BYTES)
    } else {
        Ok(bytes)
    }
}

/// Whether the name of a file says that it is compressed.
pub(crate) fn is_compressed(path: &str) -> bool {
    path.ends_with(".bz2")
}

/// What `packed` was made of, unless that is more than `max_bytes`. What follows the first stream is
/// ignored.
fn unpack(packed: &[u8], max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    let mut stream = BzDecoder::new(packed).take(max_bytes.saturating_add(1));
    stream.read_to_end(&mut unpacked)?;
    if stream.limit() == 0 {
        let problem = format!("it unpacks to more than {max_bytes} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(unpacked)
}

fn parse(bytes: &[u8], read: fn(&str) -> Result<Document, ParseError>) -> Result<Document, String> {
    let text = decode(bytes).map_err(|error| error.to_string())?;
    read(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use bzip2::Compression;
    use bzip2::write::BzEncoder;

    use super::*;
    use crate::MemoryFiles;

    const CIB: &str = "<cib/>";

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = BzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compressed_files_are_unpacked() {
        let whole = packed(CIB.as_bytes());
        let mut files = MemoryFiles::default();
        for (path, bytes) in [
            ("good.bz2", whole.clone()),
            ("more.bz2", [&whole[..], b"junk"].concat()),
            ("cut.bz2", whole[..whole.len() - 6].to_vec()),
            ("plain.bz2", CIB.into()),
            ("packed.xml", whole),
        ] {
            files.files.insert(path.to_owned(), bytes);
        }
        for (path, is_readable) in [
            ("good.bz2", true),
            ("more.bz2", true),
            ("cut.bz2", false),
            ("plain.bz2", false),
            ("packed.xml", false),
            ("none.bz2", false),
        ] {
            let read = Source::File(path.to_owned()).read(&mut files);
            assert_eq!(read.is_ok(), is_readable, "{path}: {:?}", read.err());
        }
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let bomb = packed(&vec![b' '; 1_000_000]);
        assert!(bomb.len() < 1000);
        assert_eq!(unpack(&bomb, 1_000_000).unwrap().len(), 1_000_000);
        let error = unpack(&bomb, 999_999).unwrap_err();
        assert_eq!(error.to_string(), "it unpacks to more than 999999 bytes");
    }

    #[test]
    fn the_environment_may_stand_for_the_cluster() {
        let check = |variables: &[(&str, &str)], expected: Option<&str>| {
            let variables = variables
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let files = MemoryFiles {
                variables,
                ..MemoryFiles::default()
            };
            assert_eq!(file_for_cluster(&files).as_deref(), expected);
        };
        check(&[], None);
        check(&[("CIB_file", "a")], Some("a"));
        check(
            &[
                ("CIB_file", "a"),
                ("CIB_shadow", "b"),
                ("CIB_shadow_dir", "c"),
            ],
            Some("c/shadow.b"),
        );
        check(
            &[("CIB_shadow", "b"), ("HOME", "/home/me")],
            Some("/home/me/.cib/shadow.b"),
        );
        check(
            &[("CIB_shadow", "b"), ("HOME", "/root")],
            Some("/var/lib/pacemaker/cib/shadow.b"),
        );
    }
}
