//! The cluster role's shell: links to the other nodes, and the keys that say who they are.
//!
//! Owns: the cluster's certificates on this machine and the sockets to the other nodes. Must never:
//! decide who is in the cluster (that is `membership`) or who may act (`quorum`), nor read a byte
//! from somebody who has not proven to be a node of this cluster.
//!
//! ```text
//!  /etc/keel/cluster ─► keys ─────────┐ who is who
//!                                     ▼
//!  the layer above ── send(frame) ► transport ◄──── QUIC, one UDP socket a link ────► other nodes
//!                 ◄── Event ─────────┘
//! ```

pub mod clients;
pub mod clock;
mod commands;
pub mod daemon;
pub mod disk;
pub mod group;
pub mod keys;
mod lives;
pub mod log;
pub mod setup;
pub mod transport;
pub mod witness;
pub mod writer;

pub use commands::{command_line, witness_command_line};

/// A node's number, as `nodeid` in corosync.conf(5): 1 or more, the same for the node's whole life.
pub type NodeId = u32;
