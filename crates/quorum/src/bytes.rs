//! The writing and reading of bounded bytes: big-endian numbers, lists with their length in front.

use std::collections::BTreeSet;
use std::time::Duration;

use thiserror::Error;

use crate::{MAX_EXPECTED_VOTES, MAX_NODES, MAX_VOTES, NodeId};

/// Why bytes have no meaning here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// They end too early.
    #[error("the bytes end too early")]
    Truncated,
    /// They go on after the end.
    #[error("there are bytes after the end")]
    Trailing,
    /// They are longer than the named limit of their kind.
    #[error("longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// They were written by a version that is not known here.
    #[error("version {0} is not known")]
    Version(u8),
    /// A field has a value without meaning.
    #[error("{0} has a value without meaning")]
    Field(&'static str),
}

/// Bytes being written.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub Vec<u8>);

impl Writer {
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn flag(&mut self, value: bool) -> &mut Self {
        self.u8(value.into())
    }

    /// A list's length. No list here is longer than [`MAX_NODES`], which fits.
    pub fn len(&mut self, len: usize) -> &mut Self {
        debug_assert!(len <= MAX_NODES);
        self.u8(len as u8)
    }

    pub fn nodes<'a>(&mut self, nodes: impl ExactSizeIterator<Item = &'a NodeId>) -> &mut Self {
        self.len(nodes.len());
        for node in nodes {
            self.u32(*node);
        }
        self
    }

    /// One node's votes: at most [`MAX_VOTES`], which fits.
    pub fn votes(&mut self, votes: u32) -> &mut Self {
        debug_assert!(votes <= MAX_VOTES);
        self.u16(votes as u16)
    }

    pub fn duration(&mut self, value: Duration) -> &mut Self {
        self.u64(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX))
    }

    pub fn option<T>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) -> &mut Self {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
        self
    }
}

/// Bytes being read.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], limit_bytes: usize) -> Result<Self, DecodeError> {
        if bytes.len() > limit_bytes {
            return Err(DecodeError::TooLong { limit_bytes });
        }
        Ok(Self(bytes))
    }

    pub fn take(&mut self, len_bytes: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .0
            .split_at_checked(len_bytes)
            .ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn flag(&mut self, name: &'static str) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Field(name)),
        }
    }

    /// The version, which must be the one that is known.
    pub fn version(&mut self, known: u8) -> Result<(), DecodeError> {
        match self.u8()? {
            version if version == known => Ok(()),
            version => Err(DecodeError::Version(version)),
        }
    }

    /// A list's length, within `limit`.
    pub fn len(&mut self, limit: usize, name: &'static str) -> Result<usize, DecodeError> {
        let len = usize::from(self.u8()?);
        if len > limit {
            return Err(DecodeError::Field(name));
        }
        Ok(len)
    }

    pub fn node(&mut self, name: &'static str) -> Result<NodeId, DecodeError> {
        match self.u32()? {
            0 => Err(DecodeError::Field(name)),
            node => Ok(node),
        }
    }

    /// Nodes in the order in which they were written.
    pub fn node_list(&mut self, name: &'static str) -> Result<Vec<NodeId>, DecodeError> {
        let len = self.len(MAX_NODES, name)?;
        (0..len).map(|_| self.node(name)).collect()
    }

    /// Nodes without order; one form only, so that equal sets are equal bytes.
    pub fn nodes(&mut self, name: &'static str) -> Result<BTreeSet<NodeId>, DecodeError> {
        let list = self.node_list(name)?;
        if !list.is_sorted_by(|a, b| a < b) {
            return Err(DecodeError::Field(name));
        }
        Ok(list.into_iter().collect())
    }

    /// One node's votes.
    pub fn node_votes(&mut self) -> Result<u32, DecodeError> {
        match self.u16()?.into() {
            votes if votes > MAX_VOTES => Err(DecodeError::Field("votes")),
            votes => Ok(votes),
        }
    }

    /// The votes of several.
    pub fn expected_votes(&mut self) -> Result<u32, DecodeError> {
        match self.u32()? {
            votes if votes > MAX_EXPECTED_VOTES => Err(DecodeError::Field("votes")),
            votes => Ok(votes),
        }
    }

    pub fn duration(&mut self) -> Result<Duration, DecodeError> {
        self.u64().map(Duration::from_nanos)
    }

    pub fn option<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        self.flag(name)?.then(|| read(self)).transpose()
    }

    pub fn end(self) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing)
        }
    }
}
