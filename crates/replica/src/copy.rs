//! One node's copy of the CIB, with where it comes from.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cib::CibVersion;
use cib::schema::Version;
use cib::xml::Document;

use crate::change::{Change, Operation};
use crate::execute::{ChangeError, Effect, execute};
use crate::history::{Chain, ChangeId, History, Made};
use crate::limits::{EDITS_BEFORE_COMPACTION, MAX_CIB_BYTES};
use crate::wire::{Reader, WireError, Writer};

/// What of the exclusive order of changes a copy has: everything up to this.
///
/// A term is one establishment of a view that had exclusive quorum. Every later such view has a
/// greater term than all that came before (see [`crate::exchange`]), so that of two copies the one
/// with the greater position has every change that was ever acknowledged to a client there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The term.
    pub term: u64,
    /// The message of the view, by its number.
    pub seq: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.term, self.seq)
    }
}

/// What a copy is, in short: those with the same are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The version.
    pub version: CibVersion,
    /// The way of the configuration.
    pub chain: Chain,
    /// The way of the status since it was empty.
    pub status_chain: Chain,
}

/// A copy.
#[derive(Clone, Debug)]
pub struct CibCopy {
    /// The tree.
    pub document: Arc<Document>,
    /// What of the exclusive order it has.
    pub position: Position,
    /// The way of the configuration.
    pub chain: Chain,
    /// The way of the status since it was empty.
    pub status_chain: Chain,
    /// The latest changes of the configuration; kept on disk.
    pub history: History,
    /// The latest changes of the status alone; not kept on disk.
    pub recent: History,
    /// Whether it was read from disk, without its status, and still has the version that it had with
    /// it: a version that may name two contents.
    pub is_restarted: bool,
    /// The length of the text, or more.
    len_bound: usize,
    /// The edits of the tree when it was copied last.
    compact_edits: u64,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was changed.
    pub effect: Effect,
    /// The version afterwards.
    pub version: CibVersion,
    /// Whether the change had been made before, to this version: it came a second time.
    pub is_repeated: bool,
}

impl CibCopy {
    /// A copy that nothing was done to: the empty CIB, as `cibadmin --empty` shows it.
    #[must_use]
    pub fn empty() -> Self {
        let mut document = Document::new("cib");
        let root = document.root().xml_id();
        document.set(root, "crm_feature_set", "3.20.5");
        document.set(root, "validate-with", &Version::CURRENT.to_string());
        let version = CibVersion {
            epoch: 1,
            ..CibVersion::default()
        };
        version.write(&mut document);
        append_sections(&mut document);
        Self::new(
            document,
            Position::default(),
            Chain::START,
            History::default(),
        )
    }

    /// A copy as it is read from disk: its status is empty.
    #[must_use]
    pub fn new(document: Document, position: Position, chain: Chain, history: History) -> Self {
        let mut document = Document::copy_of(document.root());
        let root = document.root().xml_id();
        let status = document.root().child("status").map(|it| it.xml_id());
        match status {
            Some(status) => document.clear(status),
            None => {
                document.append(root, "status");
            }
        }
        let len_bound = document.root().to_compact_text().len();
        Self {
            compact_edits: document.edits(),
            document: Arc::new(document),
            position,
            chain,
            status_chain: Chain::START,
            history,
            recent: History::default(),
            is_restarted: true,
            len_bound,
        }
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> CibVersion {
        CibVersion::of(self.document.root())
    }

    /// What the copy is, in short.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            version: self.version(),
            chain: self.chain,
            status_chain: self.status_chain,
        }
    }

    /// The change of that name and what it led to, if it was made here.
    #[must_use]
    pub fn made(&self, id: ChangeId) -> Option<&Made> {
        self.history.find(id).or_else(|| self.recent.find(id))
    }

    /// Makes the change `id`, whose encoded form is `encoded`, unless it was made before.
    ///
    /// # Errors
    /// A change that cannot be made. The copy stays as it was.
    pub fn make(
        &mut self,
        id: ChangeId,
        change: &Change,
        encoded: &[u8],
    ) -> Result<Outcome, ChangeError> {
        if let Some(made) = self.made(id) {
            return Ok(Outcome {
                effect: Effect::default(),
                version: made.version,
                is_repeated: true,
            });
        }
        let mut document = Document::clone(&self.document);
        let effect = execute(&mut document, change)?;
        let len_bound = self.checked_len(&document, change, encoded.len())?;
        let version = CibVersion::of(document.root());
        if effect.is_any() {
            self.len_bound = len_bound;
            if document.edits().saturating_sub(self.compact_edits) > EDITS_BEFORE_COMPACTION {
                document = Document::copy_of(document.root());
                self.compact_edits = document.edits();
            }
            self.document = Arc::new(document);
            self.lengthen(id, version, effect, encoded);
        }
        Ok(Outcome {
            effect,
            version,
            is_repeated: false,
        })
    }

    fn lengthen(&mut self, id: ChangeId, version: CibVersion, effect: Effect, encoded: &[u8]) {
        let name = [
            u64::from(id.member.node.0).to_le_bytes(),
            id.member.incarnation.0.to_le_bytes(),
            id.number.to_le_bytes(),
        ]
        .concat();
        let before = self.chain;
        if effect.configuration {
            // The version tells apart what different programs make of one change.
            self.chain = before.next(&[&name, version.to_string().as_bytes(), encoded]);
        }
        if effect.status {
            self.status_chain = self.status_chain.next(&[&before.0, &name, encoded]);
        }
        let made = Made {
            chain: self.chain,
            version,
            id,
        };
        if effect.configuration {
            self.history.push(made);
        } else {
            self.recent.push(made);
        }
    }

    /// A bound for the length of the text after `change`, exact if it is near the limit.
    fn checked_len(
        &self,
        document: &Document,
        change: &Change,
        encoded_len: usize,
    ) -> Result<usize, ChangeError> {
        let is_hard_to_say = |it: &Operation| matches!(it, Operation::Upgrade | Operation::Erase);
        // One byte becomes six at most (`&quot;`).
        let bound = self
            .len_bound
            .saturating_add(encoded_len.saturating_mul(6) + 1024);
        if bound <= MAX_CIB_BYTES && !change.operations.iter().any(is_hard_to_say) {
            return Ok(bound);
        }
        let len = document.root().to_compact_text().len();
        if len > MAX_CIB_BYTES {
            return Err(ChangeError::TooLarge);
        }
        Ok(len)
    }

    /// Gives the copy another version.
    pub fn raise(&mut self, version: CibVersion) {
        version.write(Arc::make_mut(&mut self.document));
    }

    /// Everything, to be sent to another member.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Writer::default();
        out.number(self.position.term);
        out.number(self.position.seq);
        out.raw(&self.chain.0);
        out.raw(&self.status_chain.0);
        self.history.write(&mut out);
        self.recent.write(&mut out);
        out.text(&self.document.root().to_compact_text());
        out.finish()
    }

    /// What [`CibCopy::encode`] made.
    ///
    /// # Errors
    /// Bytes that are none, among them XML that is not well-formed.
    pub fn decode(bytes: Bytes) -> Result<Self, WireError> {
        let mut from = Reader::new(bytes);
        let position = Position {
            term: from.number()?,
            seq: from.number()?,
        };
        let chain = Chain(from.array()?);
        let status_chain = Chain(from.array()?);
        let history = History::read(&mut from)?;
        let recent = History::read(&mut from)?;
        // A copy that grew by less than it is checked for may be a little longer.
        let text = from.text(MAX_CIB_BYTES + MAX_CIB_BYTES / 8)?;
        from.end()?;
        let document = Document::parse(&text).map_err(|_| WireError::Text)?;
        if document.root().name() != "cib" {
            return Err(WireError::Kind);
        }
        Ok(Self {
            compact_edits: document.edits(),
            document: Arc::new(document),
            position,
            chain,
            status_chain,
            history,
            recent,
            is_restarted: false,
            len_bound: text.len(),
        })
    }
}

/// Adds the sections that every CIB has to the root of `document`.
pub(crate) fn append_sections(document: &mut Document) {
    let root = document.root().xml_id();
    let configuration = document.append(root, "configuration");
    for section in ["crm_config", "nodes", "resources", "constraints"] {
        document.append(configuration, section);
    }
    document.append(root, "status");
}
