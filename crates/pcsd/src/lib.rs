//! `keel pcsd`: the daemon by which machines are made nodes of a cluster, started and stopped, from
//! any one of them and without ssh.
//!
//! Owns: the port 2224, the right to use it (password, tokens), the files that make a machine a node,
//! and the life of the cluster's daemon. Must never: take part in the cluster's decisions, or take the
//! cluster down with itself: a pcsd that is killed leaves the cluster's daemon alone, and the next one
//! finds it.
//!
//! ```text
//!  pcs (another machine) ─ TLS, port 2224 ─► server ─► requests ─┬─► node_files: conf, keys
//!  pcs (this machine) ──── unix socket ───►   │ rights           └─► daemon ── starts, pidfd, Leave
//!                                        tokens, password                │
//!  Client: the other end of the same                          keel cluster run
//! ```
//!
//! # Decisions
//!
//! **The authority's key is on every node.** As with the key that pcs gives to all nodes of a corosync
//! cluster, root of any node can add a node from there, and nothing is lost with the machine on which
//! the cluster was set up. Who is to be shut out for good is shut out by new keys
//! (`keel cluster keys create`).
//!
//! **The cluster's daemon is known by its socket.** Who listens there is told by the kernel, and a
//! pidfd tells of its end: there is no file with a number that could be wrong.
//!
//! **Trust begins with a password.** The certificate that a host shows when its password is given is
//! the one that it must show from then on, as with pcs and ssh.

mod attempts;
mod client;
mod command_line;
mod daemon;
mod files;
mod known_hosts;
mod node_files;
mod own_certificate;
mod pace;
mod password;
mod place;
mod requests;
mod server;
mod service;
mod tokens;

pub use client::{ask_host, ask_local, authenticate};
pub use command_line::command_line;
pub use known_hosts::{read_known_hosts, write_known_hosts};
pub use place::Place;
pub use service::{CLUSTER_SERVICES, service};
pub use tokens::random_digits;
