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

mod agent_commands;
mod alerts;
mod cables;
pub mod clients;
pub mod clock;
mod commands;
pub mod daemon;
pub mod disk;
mod fencing;
pub mod group;
mod lives;
pub mod log;
mod resources;
pub mod setup;
pub mod transport;
pub mod witness;
pub mod writer;

pub use cluster_keys as keys;
pub use cluster_keys::NodeId;
pub use commands::{command_line, witness_command_line};
