//! The form of the files.
//!
//! ```text
//! <!-- evenkeel-cib 1 position=3.17 promised=3 version=0.5.0 chain=… length=… sha256=… -->
//! <!-- history 0.4.0:CHAIN:NODE.INCARNATION.NUMBER … -->
//! <cib …>
//! ```
//!
//! Length and hash are of everything after the first line. Whoever edits a file by hand breaks the
//! hash, as with Pacemaker's `.sig` files: changes go through the cluster.

use std::fmt::Write;

use cib::CibVersion;
use cib::xml::Document;
use membership::{Incarnation, Member, NodeId};
use sha2::{Digest, Sha256};

use crate::copy::{CibCopy, Position};
use crate::history::{Chain, ChangeId, History, Made};
use crate::limits::{HISTORY, MAX_CIB_BYTES};
use crate::output::Generation;

/// How long a file may be, in bytes: indentation included.
pub(super) const MAX_FILE_BYTES: usize = 4 * MAX_CIB_BYTES;

/// What the first line begins with. The number is the format's.
const MAGIC: &str = "<!-- evenkeel-cib 1 ";

/// What a promise begins with.
const PROMISE_MAGIC: &str = "evenkeel-promise 1 ";

/// Why a file is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The disk says so.
    #[error("{0}")]
    Unreadable(String),
    /// The first line is not what it should be.
    #[error("its first line is not understood: {0}")]
    Header(&'static str),
    /// There is more or less than the first line says.
    #[error("it has {found} bytes after the first line, not {expected}")]
    Length {
        /// What the first line says.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// The contents are not what was written.
    #[error("its contents do not have the hash that the first line names")]
    Hash,
    /// The line of the history is not what it should be.
    #[error("its second line, the history, is not understood")]
    History,
    /// The XML is not what it should be.
    #[error("its XML cannot be read: {0}")]
    Xml(String),
    /// The CIB has another version than the first line says.
    #[error("its CIB has another version than the first line says")]
    Version,
}

/// The file of a generation.
#[must_use]
pub fn write_generation(generation: &Generation) -> Vec<u8> {
    let mut document = Document::clone(&generation.document);
    let status = document.root().child("status").map(|it| it.xml_id());
    if let Some(status) = status {
        document.clear(status);
    }
    let mut rest = String::from("<!-- history");
    for made in generation.history.iter() {
        let Member { node, incarnation } = made.id.member;
        // Writing to a String cannot fail.
        let _ = write!(
            rest,
            " {}:{}:{}.{}.{}",
            made.version, made.chain, node.0, incarnation.0, made.id.number
        );
    }
    let _ = write!(rest, " -->\n{document}");
    let header = format!(
        "{MAGIC}position={} promised={} version={} chain={} length={} sha256={} -->\n",
        generation.position,
        generation.promised,
        CibVersion::of(document.root()),
        generation.chain,
        rest.len(),
        hash(rest.as_bytes())
    );
    [header, rest].concat().into_bytes()
}

/// The copy in the file of a generation, and the highest term that was promised by then.
///
/// # Errors
/// Anything but what [`write_generation`] makes.
pub fn read_generation(bytes: &[u8]) -> Result<(CibCopy, u64), FileError> {
    let end = bytes.iter().take(1024).position(|&byte| byte == b'\n');
    let (line, rest) = bytes.split_at(end.ok_or(FileError::Header("it has no end"))? + 1);
    let header = Header::parse(line)?;
    if rest.len() != header.length {
        return Err(FileError::Length {
            expected: header.length,
            found: rest.len(),
        });
    }
    if hash(rest) != header.sha256 {
        return Err(FileError::Hash);
    }
    let text = std::str::from_utf8(rest).map_err(|error| FileError::Xml(error.to_string()))?;
    let (history, xml) = text.split_once('\n').ok_or(FileError::History)?;
    let history = parse_history(history).ok_or(FileError::History)?;
    let document = Document::parse(xml).map_err(|error| FileError::Xml(error.to_string()))?;
    if document.root().name() != "cib" {
        return Err(FileError::Xml("it is no <cib>".to_owned()));
    }
    if CibVersion::of(document.root()) != header.version {
        return Err(FileError::Version);
    }
    let copy = CibCopy::new(document, header.position, header.chain, history);
    Ok((copy, header.promised))
}

struct Header {
    position: Position,
    promised: u64,
    version: CibVersion,
    chain: Chain,
    length: usize,
    sha256: String,
}

impl Header {
    fn parse(line: &[u8]) -> Result<Self, FileError> {
        let line = std::str::from_utf8(line).map_err(|_| FileError::Header("it is no text"))?;
        let fields = line
            .strip_prefix(MAGIC)
            .and_then(|it| it.strip_suffix(" -->\n"))
            .ok_or(FileError::Header("it is of another format"))?;
        let mut fields = fields.split(' ');
        let mut field = |name: &'static str| {
            let field = fields.next().and_then(|it| it.split_once('='));
            let (found, value) = field.ok_or(FileError::Header(name))?;
            if found == name {
                Ok(value)
            } else {
                Err(FileError::Header(name))
            }
        };
        let wrong = FileError::Header;
        let position = field("position")?.split_once('.');
        let (term, seq) = position.ok_or(wrong("position"))?;
        Ok(Self {
            position: Position {
                term: term.parse().map_err(|_| wrong("position"))?,
                seq: seq.parse().map_err(|_| wrong("position"))?,
            },
            promised: field("promised")?.parse().map_err(|_| wrong("promised"))?,
            version: parse_version(field("version")?).ok_or(wrong("version"))?,
            chain: Chain::parse(field("chain")?).ok_or(wrong("chain"))?,
            length: field("length")?.parse().map_err(|_| wrong("length"))?,
            sha256: field("sha256")?.to_owned(),
        })
    }
}

pub(super) fn parse_version(text: &str) -> Option<CibVersion> {
    let mut parts = text.split('.').map(|part| {
        let number = part.parse::<i64>().ok()?;
        (number >= 0).then_some(number)
    });
    let mut part = || parts.next().flatten();
    let version = CibVersion {
        admin_epoch: part()?,
        epoch: part()?,
        num_updates: part()?,
    };
    parts.next().is_none().then_some(version)
}

fn parse_history(line: &str) -> Option<History> {
    let entries = line.strip_prefix("<!-- history")?.strip_suffix(" -->")?;
    let mut history = History::default();
    for (count, entry) in entries.split_ascii_whitespace().enumerate() {
        if count == HISTORY {
            return None;
        }
        let mut fields = entry.split(':');
        let version = parse_version(fields.next()?)?;
        let chain = Chain::parse(fields.next()?)?;
        let mut id = fields.next()?.split('.');
        let member = Member {
            node: NodeId(id.next()?.parse().ok()?),
            incarnation: Incarnation(id.next()?.parse().ok()?),
        };
        let number = id.next()?.parse().ok()?;
        history.push(Made {
            chain,
            version,
            id: ChangeId { member, number },
        });
    }
    Some(history)
}

/// The file of a promise.
#[must_use]
pub fn write_promise(term: u64) -> Vec<u8> {
    let text = format!("{PROMISE_MAGIC}term={term}");
    let hash = hash(text.as_bytes());
    format!("{text} sha256={hash}\n").into_bytes()
}

/// The term in the file of a promise.
///
/// # Errors
/// Anything but what [`write_promise`] makes.
pub fn read_promise(bytes: &[u8]) -> Result<u64, FileError> {
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::Header("it is no text"))?;
    let (text, found) = text
        .trim_end_matches('\n')
        .split_once(" sha256=")
        .ok_or(FileError::Header("sha256"))?;
    if hash(text.as_bytes()) != found {
        return Err(FileError::Hash);
    }
    let term = text
        .strip_prefix(PROMISE_MAGIC)
        .and_then(|it| it.strip_prefix("term="))
        .ok_or(FileError::Header("it is of another format"))?;
    term.parse().map_err(|_| FileError::Header("term"))
}

fn hash(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
