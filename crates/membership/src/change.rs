//! A change of view, as its proposer keeps track of it, and as its other members do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use crate::wire::{Entry, Install};
use crate::{Member, NodeId, ViewId};

/// What a node is doing about its view.
#[derive(Debug)]
pub(crate) enum Phase {
    /// The view works.
    Operating,
    /// This node has invited others to a new view.
    Proposing(Proposal),
    /// This node has accepted an invitation and waits for the view.
    Accepted(Promise),
}

/// An invitation that was accepted, or will be once the old view has been received to its end.
#[derive(Debug)]
pub(crate) struct Promise {
    pub proposal: ViewId,
    /// How many members the proposer's view had.
    pub weight: u32,
    /// The last message of the old view, which is received before the invitation is answered.
    pub end: u64,
    /// Whether the leader of the old view comes along and still answers for its messages.
    pub led: bool,
    /// When the answer was last sent.
    pub answered_at: Option<Duration>,
    /// When the invitation was accepted.
    pub since: Duration,
    /// A leader that brings its members along.
    pub brings: bool,
    /// Given up after this.
    pub until: Duration,
    /// The view, when it has come and something of the old view is still missing.
    pub install: Option<Install>,
}

/// A view to be.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub id: ViewId,
    pub weight: u32,
    /// Whether the proposer leads the old view and can vouch for its end.
    pub led: bool,
    /// The last message of the old view, as far as the proposer knows.
    pub end: u64,
    /// Whoever has not answered yet. Leaders of other views bring theirs along.
    pub awaited: BTreeSet<NodeId>,
    /// Leaders of other views.
    pub absorbs: BTreeSet<NodeId>,
    /// Their members, each with the leader that brings it. They may still believe in the quorum of
    /// their view, even those that once left ours: nobody goes on without them before the time is
    /// over.
    pub brought: BTreeMap<NodeId, NodeId>,
    pub accepted: BTreeMap<NodeId, Acceptance>,
    /// Messages of the old view that somebody has received and the proposer has not yet.
    pub wanted_end: u64,
    /// Without the others after this.
    pub deadline: Duration,
    pub resend_at: Duration,
    /// When the invitations were last sent.
    pub invited_at: Duration,
}

/// Somebody who comes.
#[derive(Clone, Debug)]
pub(crate) struct Acceptance {
    pub member: Member,
    pub from_view: ViewId,
    pub received: u64,
    pub attachment: Bytes,
}

/// A view that was installed here, while some of its members may not know it yet; with what they
/// may lack of the view before.
#[derive(Debug)]
pub(crate) struct Handover {
    pub install: Install,
    pub unaware: BTreeMap<NodeId, Unaware>,
    pub resend_at: Duration,
}

/// A member that has not shown yet that it knows its new view.
#[derive(Debug)]
pub(crate) struct Unaware {
    /// The old view's messages that it lacks, with the place of the first one.
    pub tail: Option<(ViewId, u64, Vec<Entry>)>,
}

impl Proposal {
    /// Nobody is missing any more.
    pub(crate) fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }
}
