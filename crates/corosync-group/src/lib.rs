//! Views, numbered messages and commitment on top of a running corosync: what its closed process
//! groups (CPG) and its votequorum tell becomes what [`membership::Group`] would tell. `PROTOCOL.md`
//! says how and why.
//!
//! Owns: the view, the place of each message in it, who has acknowledged what, own messages until
//! they come back in order. Must never: have a clock or a socket, speak to corosync itself, or decide
//! about quorum: it passes on what votequorum decided, at one place of the order.
//!
//! ```text
//! CPG: configuration, deliver ─►┌──────────────┐──► frame      to be multicast
//! votequorum: quorum ──────────►│ CorosyncGroup│──► View, Deliver, Committed
//! messages: submit, acknowledge►│              │──► Judged     quorum, as all see it
//! time: tick ──────────────────►└──────────────┘──► Broken     corosync lost something: join anew
//! ```

mod beats;
mod group;
pub mod limits;
mod order;
mod quorum_state;
mod submissions;
mod wire;

pub use group::{CorosyncGroup, Joined, Output, Settings, Trouble};
pub use quorum_state::{Device, Judgement, QuorumState};
pub use wire::{Garbled, VERSION};

use membership::NodeId;

/// A process of the group, as CPG names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Its node.
    pub node: NodeId,
    /// Its number on that node.
    pub pid: u32,
}
