//! Numbers and texts in messages: little-endian, texts with their length before them.

use bytes::{BufMut, Bytes, BytesMut};
use cib::CibVersion;
use membership::{Incarnation, Member, NodeId, ViewId};

/// Why bytes are no message of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// They end too early.
    #[error("the message ends too early")]
    Short,
    /// They go on after the end.
    #[error("the message goes on after its end")]
    Long,
    /// They are of another format, or of a kind that is not known.
    #[error("the message is of a format or kind that is not known")]
    Kind,
    /// A text is no UTF-8.
    #[error("a text in the message is not UTF-8")]
    Text,
    /// A number is beyond its limit.
    #[error("a number in the message is beyond its limit")]
    Range,
}

/// Bytes on their way out.
#[derive(Default)]
pub(crate) struct Writer(BytesMut);

impl Writer {
    pub(crate) fn byte(&mut self, value: u8) {
        self.0.put_u8(value);
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.0.put_u8(u8::from(value));
    }

    pub(crate) fn number(&mut self, value: u64) {
        self.0.put_u64_le(value);
    }

    pub(crate) fn count(&mut self, value: usize) {
        self.number(value as u64);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.put_slice(bytes);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn optional_text(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(crate) fn version(&mut self, version: CibVersion) {
        for part in [version.admin_epoch, version.epoch, version.num_updates] {
            self.0.put_i64_le(part);
        }
    }

    pub(crate) fn member(&mut self, member: Member) {
        self.0.put_u32_le(member.node.0);
        self.number(member.incarnation.0);
    }

    pub(crate) fn view(&mut self, view: ViewId) {
        self.number(view.counter);
        self.member(view.leader);
    }

    pub(crate) fn finish(self) -> Bytes {
        self.0.freeze()
    }
}

/// Bytes on their way in.
pub(crate) struct Reader(Bytes);

impl Reader {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<Bytes, WireError> {
        if len > self.0.len() {
            return Err(WireError::Short);
        }
        Ok(self.0.split_to(len))
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let taken = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(&taken);
        Ok(array)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn flag(&mut self) -> Result<bool, WireError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError::Range),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A number of things, at most `limit`.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize, WireError> {
        let count = usize::try_from(self.number()?).map_err(|_| WireError::Range)?;
        if count > limit {
            return Err(WireError::Range);
        }
        Ok(count)
    }

    pub(crate) fn bytes(&mut self, limit: usize) -> Result<Bytes, WireError> {
        let len = self.count(limit)?;
        self.take(len)
    }

    pub(crate) fn text(&mut self, limit: usize) -> Result<String, WireError> {
        let bytes = self.bytes(limit)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| WireError::Text)?;
        Ok(text.to_owned())
    }

    pub(crate) fn optional_text(&mut self, limit: usize) -> Result<Option<String>, WireError> {
        Ok(if self.flag()? {
            Some(self.text(limit)?)
        } else {
            None
        })
    }

    pub(crate) fn version(&mut self) -> Result<CibVersion, WireError> {
        let mut part = || {
            let part = i64::from_le_bytes(self.array()?);
            if part < 0 {
                return Err(WireError::Range);
            }
            Ok(part)
        };
        Ok(CibVersion {
            admin_epoch: part()?,
            epoch: part()?,
            num_updates: part()?,
        })
    }

    pub(crate) fn member(&mut self) -> Result<Member, WireError> {
        Ok(Member {
            node: NodeId(u32::from_le_bytes(self.array()?)),
            incarnation: Incarnation(self.number()?),
        })
    }

    pub(crate) fn view(&mut self) -> Result<ViewId, WireError> {
        Ok(ViewId {
            counter: self.number()?,
            leader: self.member()?,
        })
    }

    /// Refuses what is left over.
    pub(crate) fn end(self) -> Result<(), WireError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(WireError::Long)
        }
    }
}
