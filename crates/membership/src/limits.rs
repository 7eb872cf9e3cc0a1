//! Every limit of the group, by name.

use std::time::Duration;

/// Nodes that a cluster may have.
pub const MAX_NODES: usize = 64;
/// Links between two nodes (`ring0_addr` to `ring7_addr` of `corosync.conf(5)`).
pub const MAX_LINKS: usize = 8;
/// What a member may bring along to a view.
pub const MAX_ATTACHMENT_BYTES: usize = 4096;
/// One message of the layer above.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// Messages that this node has submitted and has not yet seen in order: in bytes, and in number.
/// Beyond, [`crate::Full`] is the answer.
pub const MAX_PENDING_BYTES: usize = 8 * 1024 * 1024;
/// See [`MAX_PENDING_BYTES`].
pub const MAX_PENDING_MESSAGES: usize = 65_536;
/// Messages in order that some member has not yet received: the leader orders no more beyond.
pub const WINDOW_BYTES: usize = 8 * 1024 * 1024;
/// See [`WINDOW_BYTES`].
pub const WINDOW_MESSAGES: u64 = 65_536;
/// The shortest interval between heartbeats.
pub const MIN_HEARTBEAT: Duration = Duration::from_millis(1);
