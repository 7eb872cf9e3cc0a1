//! Links and paths as they stand, for people and `--json`.

use std::net::SocketAddr;

use serde::Serialize;

use super::link::LinkState;
use super::path::Path;
use super::settings::LinkNumber;
use super::shared::Shared;
use crate::NodeId;

pub use super::counters::Refused;

/// One link of this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkStatus {
    /// Its number.
    pub link: LinkNumber,
    /// This node's address on it.
    pub listen: SocketAddr,
    /// At the start, the address was not one of this machine's.
    pub address_missing: bool,
    /// The peers on it.
    pub paths: Vec<PathStatus>,
    /// Connections that were refused.
    pub refused: Refused,
}

/// The path to one peer over one link. The counts are of all its connections so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathStatus {
    /// The peer.
    pub peer: NodeId,
    /// Its configured address.
    pub address: SocketAddr,
    /// Whether it can be reached.
    pub connected: bool,
    /// The address from which it has connected.
    pub connected_address: Option<SocketAddr>,
    /// The number of its process.
    pub incarnation: Option<u64>,
    /// For how long it has been connected.
    pub connected_ms: Option<u64>,
    /// The time to the peer and back, smoothed (RFC 9002, 5.3).
    pub round_trip_us: Option<u64>,
    /// The largest packet that the way takes, in bytes of UDP payload.
    pub packet_bytes: Option<u16>,
    /// Packets that were sent and not acknowledged, on this connection.
    pub lost_packets: u64,
    /// Connections so far.
    pub connections: u64,
    /// Frames that went out.
    pub sent_frames: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Frames that came in.
    pub received_frames: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Frames not sent: there was no connection.
    pub dropped_not_connected: u64,
    /// Frames not sent: there was no room.
    pub dropped_full: u64,
    /// Frames not sent: too large.
    pub dropped_too_large: u64,
    /// Frames that came in above a limit.
    pub dropped_by_limit: u64,
    /// Why the path is not connected, or was not before.
    pub last_error: Option<String>,
}

/// The snapshot of all links, by number.
pub(super) fn links(shared: &Shared) -> Vec<LinkStatus> {
    shared.links.values().map(|link| of_link(link)).collect()
}

fn of_link(link: &LinkState) -> LinkStatus {
    LinkStatus {
        link: link.number,
        listen: link.listen,
        address_missing: link.address_missing,
        paths: link.paths().iter().map(|path| of_path(path)).collect(),
        refused: link.refused.read(),
    }
}

fn of_path(path: &Path) -> PathStatus {
    let live = path.current();
    let stats = live.as_ref().map(|live| live.connection.stats().path);
    let counters = &path.counters;
    PathStatus {
        peer: path.peer,
        address: path.address,
        connected: live.is_some(),
        connected_address: live.as_ref().map(|live| live.connection.remote_address()),
        incarnation: live.as_ref().map(|live| live.incarnation),
        connected_ms: live.as_ref().map(|live| millis(live.since.elapsed())),
        round_trip_us: stats.map(|stats| stats.rtt.as_micros() as u64),
        packet_bytes: stats.map(|stats| stats.current_mtu),
        lost_packets: stats.map_or(0, |stats| stats.lost_packets),
        connections: counters.connections.read(),
        sent_frames: counters.sent_frames.read(),
        sent_bytes: counters.sent_bytes.read(),
        received_frames: counters.received_frames.read(),
        received_bytes: counters.received_bytes.read(),
        dropped_not_connected: counters.dropped_not_connected.read(),
        dropped_full: counters.dropped_full.read(),
        dropped_too_large: counters.dropped_too_large.read(),
        dropped_by_limit: counters.dropped_by_limit.read(),
        last_error: path.last_error(),
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
