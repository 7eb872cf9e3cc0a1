//! VRRP: packets and election, without I/O.
//!
//! Owns: the wire formats (VRRPv2 of RFC 3768, VRRPv3 of RFC 5798 and RFC 9568, and the hello by
//! which two `keel`s know each other), the checks a packet must pass, and the election of one
//! virtual router (`Instance`). Must never: use a clock, a socket, a file, a thread or randomness.
//! Time comes in as a `Duration` since a start of the caller's choice, and must never run back.
//!
//! ```text
//!  adverts, hellos ─┐
//!  tracking, links ─┼─► Instance::handle(event, now) ──► [Command]: send, add, remove, announce,
//!  timer, stop     ─┘        │                                      notify, log
//!                            └─► Instance::deadline(): when it wants Event::Timer
//! ```
//!
//! States carry keepalived's names: INIT, BACKUP, MASTER, FAULT. What an event does in which state
//! is in `LIFECYCLE.md` beside this crate; each event has a test file under `tests/`.

mod acceptance;
mod counters;
mod hello;
mod instance;
mod packet;
mod peers;
mod settings;
mod timing;

pub use acceptance::{Received, Reject};
pub use counters::Counters;
pub use hello::{Hello, HelloError, HelloKey};
pub use instance::{Command, Event, Instance, Notification, State};
pub use packet::{Advert, Authentication, Family, PacketError, Version, encode};
pub use peers::{MAX_PEERS, Peer};
pub use settings::{Announcements, Settings, Tracked};

/// The IP protocol number of VRRP (IANA).
pub const IP_PROTOCOL: u8 = 112;

/// The TTL or hop limit of every packet here; a router in between would have lowered it
/// (RFC 5798 section 5.1.1.3).
pub const HOP_LIMIT: u8 = 255;

/// The group that VRRP routers join over IPv4 (RFC 5798 section 5.1.1.2).
pub const MULTICAST_GROUP_V4: std::net::Ipv4Addr = std::net::Ipv4Addr::new(224, 0, 0, 18);

/// The group that VRRP routers join over IPv6 (RFC 5798 section 5.1.2.2).
pub const MULTICAST_GROUP_V6: std::net::Ipv6Addr =
    std::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// The UDP port of the hello between `keel`s: in IANA's private range and above Linux's default
/// range of ephemeral ports.
pub const HELLO_PORT: u16 = 61_112;
