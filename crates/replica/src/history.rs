//! Which copy comes from which: a chain of hashes, one link for each change.
//!
//! A digest of the whole text would cost as much as writing it, for each change. A chain costs as
//! much as the change: each link is the hash of the link before and of what was done. Copies with the
//! same link have gone the same way and are the same; a copy whose link is in another's history is its
//! ancestor.

use std::collections::VecDeque;
use std::fmt;

use cib::CibVersion;
use membership::Member;
use sha2::{Digest, Sha256};

use crate::limits::HISTORY;
use crate::wire::{Reader, WireError, Writer};

/// A link of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain(pub [u8; 16]);

impl Chain {
    /// Where every chain begins: a copy to which nothing was done.
    pub const START: Self = Self([0; 16]);

    /// The link after this one.
    #[must_use]
    pub fn next(self, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut link = [0; 16];
        link.copy_from_slice(&hash.finalize()[..16]);
        Self(link)
    }

    /// The link that `text` shows, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        let mut link = [0; 16];
        for (byte, at) in link.iter_mut().zip((0..32).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
        }
        Some(Self(link))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The name of a change: who submitted it, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId {
    /// Who.
    pub member: Member,
    /// Rising for each change of that member.
    pub number: u64,
}

/// A change that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The link that it led to.
    pub chain: Chain,
    /// The version that it led to.
    pub version: CibVersion,
    /// Which it was.
    pub id: ChangeId,
}

/// The latest changes, the last one at the end; at most [`HISTORY`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(VecDeque<Made>);

impl History {
    /// Adds one, and forgets the oldest if there are too many.
    pub fn push(&mut self, made: Made) {
        if self.0.len() == HISTORY {
            self.0.pop_front();
        }
        self.0.push_back(made);
    }

    /// The change of that name, if it is remembered.
    #[must_use]
    pub fn find(&self, id: ChangeId) -> Option<&Made> {
        self.0.iter().rev().find(|made| made.id == id)
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Made> {
        self.0.iter()
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.count(self.0.len());
        for made in &self.0 {
            out.raw(&made.chain.0);
            out.version(made.version);
            out.member(made.id.member);
            out.number(made.id.number);
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Result<Self, WireError> {
        let count = from.count(HISTORY)?;
        let mut made = VecDeque::with_capacity(count);
        for _ in 0..count {
            made.push_back(Made {
                chain: Chain(from.array()?),
                version: from.version()?,
                id: ChangeId {
                    member: from.member()?,
                    number: from.number()?,
                },
            });
        }
        Ok(Self(made))
    }
}
