//! The view as the membership agreed it.

use std::collections::{BTreeMap, BTreeSet};

use crate::NodeId;
use crate::attachment::Attachment;
use crate::bytes::{DecodeError, Reader, Writer};

/// A view's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewId {
    /// Rises from view to view on every node.
    pub counter: u64,
    /// Who leads it.
    pub leader: NodeId,
}

impl ViewId {
    pub(crate) fn write(&self, to: &mut Writer) {
        to.u64(self.counter).u32(self.leader);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            counter: from.u64()?,
            leader: from.node("leader")?,
        })
    }
}

/// The members of a view with what each brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub id: ViewId,
    /// Its members.
    pub members: BTreeMap<NodeId, Attachment>,
}

impl View {
    /// The members' ids.
    #[must_use]
    pub fn nodes(&self) -> BTreeSet<NodeId> {
        self.members.keys().copied().collect()
    }
}
