//! The group under the daemon: ours over our own links, or corosync's.

#[cfg(feature = "corosync")]
mod corosync;
mod embedded;

use std::time::Duration;

use bytes::Bytes;
use cluster_api::LinkStatus;
use membership::{Delivery, NodeId, Note, Refused, View, ViewId, Votes};

#[cfg(feature = "corosync")]
pub use corosync::Corosync;
pub use embedded::{Embedded, EmbeddedError};

/// What a group tells.
#[derive(Debug)]
pub enum GroupEvent {
    /// A view begins.
    View(View),
    /// The next message of the view.
    Deliver(Delivery),
    /// Everything up to this message of the view is committed.
    Committed(u64),
    /// To the leader: everything up to this message was acknowledged by all.
    AcknowledgedByAll(u64),
    /// Where the group brings quorum along: what it says about the view, at this place of the order.
    Verdict(quorum::Verdict),
    /// For the log, in the group's own terms.
    Note(Note),
    /// For the log, in a sentence.
    Said(String),
}

/// A group, as the daemon drives it: wait until it is ready, let it take in what has come, ask it for
/// events, tell it what to do, and flush. The methods are those of [`membership::Group`], where they
/// are explained; a group that is made by somebody else means the same by them.
pub trait GroupService {
    /// Waits until there is something to take in. May be given up and called again.
    fn ready(&mut self) -> impl Future<Output = ()>;
    /// Takes in what has come, up to a limit.
    fn take_in(&mut self, now: Duration);
    /// Time has passed.
    fn tick(&mut self, now: Duration);
    /// When to tick next, at the latest.
    fn deadline(&self) -> Duration;
    /// What has happened.
    fn poll(&mut self) -> Option<GroupEvent>;
    /// Submits a message.
    ///
    /// # Errors
    /// Where it is too long, or there are too many.
    fn submit(&mut self, payload: Bytes) -> Result<(), Refused>;
    /// Acknowledges messages of a view.
    fn acknowledge(&mut self, view: ViewId, seq: u64);
    /// Says what votes the view has.
    fn set_votes(&mut self, votes: Votes);
    /// Says what is brought along to the next views.
    fn set_attachment(&mut self, attachment: Bytes);
    /// Sends what has gathered.
    fn flush(&mut self, now: Duration);
    /// Leaves.
    fn leave(&mut self, now: Duration);
    /// For how long the votes of the view are surely there.
    fn lease(&self, now: Duration) -> Option<Duration>;
    /// The present view.
    fn view(&self) -> &View;
    /// Whether nobody is about to change it.
    fn is_operating(&self) -> bool;
    /// When a peer was last heard.
    fn heard_at(&self, node: NodeId) -> Option<Duration>;
    /// After what silence a peer is taken for dead.
    fn patience(&self, node: NodeId) -> Option<Duration>;
    /// The links.
    fn links(&self, now: Duration) -> Vec<LinkStatus>;
    /// Reads the keys again.
    ///
    /// # Errors
    /// Why they are not used; nothing has changed then.
    fn reload_keys(&mut self) -> Result<(), String>;
    /// Ends, once what was sent last is on its way.
    fn shutdown(self) -> impl Future<Output = ()>;
}
