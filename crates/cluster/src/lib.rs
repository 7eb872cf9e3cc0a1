//! The cluster role's shell: the daemon of a node, and what it needs of the machine.
//!
//! Owns: the sockets to the other nodes, to the witness and to local clients, the cluster's
//! certificates and the CIB's files on this machine. Must never: decide who is in the cluster (that is
//! `membership`), who may act (`quorum`) or what the CIB is (`replica`), nor read a byte from somebody
//! who has not proven to be a node of this cluster.
//!
//! ```text
//! corosync.conf ─► setup ──┐
//!                          ▼
//!  other nodes ◄─► transport ◄─► group ◄─► daemon ◄─► clients ◄─► command lines
//!                     ▲ keys                 │  ▲
//!  third machine ◄────┴─ witness ◄───────────┤  │ cluster-node decides
//!                                     writer ┴──┴─► disk
//! ```

pub mod clients;
pub mod clock;
mod commands;
pub mod daemon;
pub mod disk;
mod fencing;
pub mod group;
pub mod keys;
mod lives;
pub mod log;
mod resources;
pub mod setup;
pub mod transport;
pub mod witness;
pub mod writer;

pub use commands::{command_line, witness_command_line};

/// A node's number, as `nodeid` in corosync.conf(5): 1 or more, the same for the node's whole life.
pub type NodeId = u32;
