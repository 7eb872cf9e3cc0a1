//! What a member brings to a view change, and what it keeps over a restart.

use crate::bytes::{DecodeError, Reader, Writer};
use crate::electorate::Electorate;
use crate::options::Options;
use crate::{MAX_ATTACHMENT_BYTES, MAX_OPEN, ViewId};

const VERSION: u8 = 1;

/// Whether a node knows what it took part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// It never took part: it votes under the configuration, and under nothing that came later.
    New,
    /// Its record is unreadable: it has no vote until it is with a quorum, or with all nodes.
    Lost,
    /// It knows.
    Kept,
}

/// What a node knows of electorates: its record over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The newest one that was formed; none: the configuration.
    pub formed: Option<Electorate>,
    /// Newer ones that may have been formed, at most [`MAX_OPEN`].
    pub open: Vec<Electorate>,
    /// One that an operator set without a quorum: he vouched that no other partition is active.
    pub asserted: Option<Electorate>,
    /// The highest `expected_votes` ever seen (`expected_votes_tracking`).
    pub tracked: u32,
}

impl Record {
    /// The number of the newest electorate in it.
    #[must_use]
    pub fn newest_number(&self) -> u64 {
        let all = self.formed.iter().chain(&self.open).chain(&self.asserted);
        all.map(|electorate| electorate.number).max().unwrap_or(0)
    }

    /// The number of the newest one that was formed.
    pub(crate) fn formed_number(&self) -> u64 {
        self.formed.as_ref().map_or(0, |formed| formed.number)
    }

    /// The bytes for the disk. Whoever stores them adds a digest of his own.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.u8(VERSION);
        self.write(&mut to);
        to.0
    }

    /// The record in `bytes`.
    ///
    /// # Errors
    /// Where it is none: the node starts with [`Memory::Lost`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes, MAX_ATTACHMENT_BYTES)?;
        from.version(VERSION)?;
        let record = Self::read(&mut from)?;
        from.end()?;
        Ok(record)
    }

    fn write(&self, to: &mut Writer) {
        let write = |to: &mut Writer, electorate: &Electorate| electorate.write(to);
        to.option(self.formed.as_ref(), write);
        to.len(self.open.len());
        for electorate in &self.open {
            electorate.write(to);
        }
        to.option(self.asserted.as_ref(), write).u32(self.tracked);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            formed: from.option("formed", Electorate::read)?,
            open: {
                let len = from.len(MAX_OPEN, "open")?;
                (0..len)
                    .map(|_| Electorate::read(from))
                    .collect::<Result<_, _>>()?
            },
            asserted: from.option("asserted", Electorate::read)?,
            tracked: from.expected_votes()?,
        })
    }
}

/// What one member brings to a view change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its options, which should be those of every node.
    pub options: Options,
    /// Its votes.
    pub votes: u32,
    /// Whether it still waits for all nodes (`wait_for_all`).
    pub waiting: bool,
    /// Whether it leaves in order.
    pub leaving: bool,
    /// Whether it knows what it took part in.
    pub memory: Memory,
    /// What it knows.
    pub record: Record,
    /// The last view in which it had quorum.
    pub last_quorate: Option<ViewId>,
    /// It leads its view and has the witness' vote for it. It keeps that in a later view that it
    /// leads: nobody else could use it.
    pub witness: bool,
}

impl Attachment {
    /// The bytes, at most [`MAX_ATTACHMENT_BYTES`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.u8(VERSION);
        self.options.write(&mut to);
        to.votes(self.votes).flag(self.waiting).flag(self.leaving);
        to.u8(match self.memory {
            Memory::New => 0,
            Memory::Lost => 1,
            Memory::Kept => 2,
        });
        self.record.write(&mut to);
        to.option(self.last_quorate.as_ref(), |to, view| view.write(to));
        to.flag(self.witness);
        debug_assert!(to.0.len() <= MAX_ATTACHMENT_BYTES);
        to.0
    }

    /// The attachment in `bytes`.
    ///
    /// # Errors
    /// Where it is none of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes, MAX_ATTACHMENT_BYTES)?;
        from.version(VERSION)?;
        let attachment = Self {
            options: Options::read(&mut from)?,
            votes: from.node_votes()?,
            waiting: from.flag("waiting")?,
            leaving: from.flag("leaving")?,
            memory: match from.u8()? {
                0 => Memory::New,
                1 => Memory::Lost,
                2 => Memory::Kept,
                _ => return Err(DecodeError::Field("memory")),
            },
            record: Record::read(&mut from)?,
            last_quorate: from.option("last view", ViewId::read)?,
            witness: from.flag("witness")?,
        };
        from.end()?;
        Ok(attachment)
    }
}
