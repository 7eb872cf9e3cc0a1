//! The language of `keel pcsd`: what the machines of a cluster ask each other while it is set up,
//! started and stopped.
//!
//! Owns: requests, answers, their bytes, and the list of hosts that a machine knows. Must never: open
//! a socket or a file, or decide who may ask what.
//!
//! ```text
//! pcs ── Call ── frame ── TLS, port 2224 ──► pcsd of another machine
//!    └── Call ── frame ── unix socket ─────► pcsd of this machine
//! ```
//!
//! A frame is its length (u32, little-endian) and JSON. The language is our own: the ruby and python
//! daemons of pcs do not speak it, nor does `keel` speak theirs.

mod answer;
mod frame;
mod known_hosts;
mod request;
mod secret;

pub use answer::{Answer, CallError, Member, NodeStatus, Quorum, Refusal, RefusalKind};
pub use frame::{FrameError, MAX_FRAME_BYTES, MAX_GREETING_BYTES, decode, encode, length};
pub use known_hosts::{Destination, KnownHost, KnownHosts, MAX_KNOWN_HOSTS};
pub use request::{Bundle, Call, NodeKeys, Replaces, Request};
pub use secret::Secret;

/// The port of pcsd, as pcs has it.
pub const PORT: u16 = 2224;

/// The user whose password opens pcsd, as with pcs.
pub const USER: &str = "hacluster";

/// Where pcsd listens for this machine's own commands, unless `KEEL_PCSD_SOCKET` says otherwise.
pub const SOCKET: &str = "/run/keel/pcsd.sock";

/// The variable of the environment that names another socket.
pub const SOCKET_VARIABLE: &str = "KEEL_PCSD_SOCKET";

/// Where pcsd keeps what it is to remember, unless `KEEL_PCSD_FOLDER` says otherwise.
pub const FOLDER: &str = "/var/lib/keel/pcsd";

/// The variable of the environment that names another folder.
pub const FOLDER_VARIABLE: &str = "KEEL_PCSD_FOLDER";
