//! The language of the cluster daemon's local socket, and a client for command lines.
//!
//! Owns: the requests, answers and events, their bytes, and the way to the socket. Must never: decide
//! anything, or know what a CIB means.
//!
//! ```text
//! command line ── Client::ask ──► frame ── unix socket ──► daemon
//!              ◄─ Answer, Event ── frame ◄────────────────┘
//! ```
//!
//! A frame is its length (u32, little-endian), its kind, and its content: JSON for everything that
//! people may want to read on the wire, plain bytes for the messages of the group.

mod answer;
mod client;
mod frame;
mod request;
mod status;

pub use answer::{
    Acknowledged, Answer, CibText, Durability, Event, FencingEntry, FencingState, Refusal,
};
pub use client::{Client, ClientError};
pub use frame::{Frame, FrameError, MAX_FRAME_BYTES, read_frame};
pub use request::{Access, Change, Edit, Fence, Request, Topic};
pub use status::{
    CibStatus, Life, LinkStatus, MemberStatus, PathStatus, QuorumStatus, Status, ViewStatus,
    WitnessStatus,
};

/// Where the daemon listens, unless `KEEL_CLUSTER_SOCKET` says otherwise.
pub const SOCKET: &str = "/run/keel/cluster.sock";

/// The variable of the environment that names another socket.
pub const SOCKET_VARIABLE: &str = "KEEL_CLUSTER_SOCKET";
