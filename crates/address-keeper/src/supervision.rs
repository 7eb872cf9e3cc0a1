//! What the supervisor and the address keeper say to each other.
//!
//! Each message is one frame of `system::channel`: this JSON, no descriptors.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// How often the keeper says that it is alive.
pub const HEARTBEAT_INTERVAL_MS: u64 = 50;

/// From the supervisor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToKeeper {
    /// Whether this machine's balancer can serve. Sent at start and at each change, only where a
    /// balancer is supervised beside the keeper.
    Balancer {
        /// Whether it can.
        serving: bool,
        /// Why not, for the log and the status.
        reason: String,
    },
    /// Read the configuration again.
    Reload,
    /// Leave: announce priority 0, withdraw the addresses, exit 0.
    Stop,
    /// Say `Status` now.
    Report,
}

/// From the address keeper.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FromKeeper {
    /// The configuration is in force.
    Ready,
    /// The configuration was refused; on a reload the one before keeps running.
    Refused {
        /// What to show to the operator.
        reason: String,
    },
    /// The keeper's loop went round.
    Heartbeat,
    /// What the supervisor does should the keeper die. Replaces the one before.
    Testament(Testament),
    /// The answer to `Report`, and sent at each change of state.
    Status(Vec<InstanceStatus>),
}

/// What is to be undone and said for a keeper that died.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Testament {
    /// Addresses to remove from the machine.
    pub addresses: Vec<HeldAddress>,
    /// Packets to send after that: VRRP priority 0, and the hello that names this machine as gone.
    pub farewells: Vec<Farewell>,
}

/// A virtual address on an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldAddress {
    /// The interface's index.
    pub interface_index: u32,
    /// The address.
    pub address: IpAddr,
    /// Its prefix length.
    pub prefix_len: u8,
}

/// A packet ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// The interface to send on.
    pub interface_index: u32,
    /// The source address.
    pub source: IpAddr,
    /// A multicast group or a unicast peer.
    pub destination: IpAddr,
    /// What carries it.
    pub transport: FarewellTransport,
    /// The payload after the IP (and UDP) header.
    pub payload: Vec<u8>,
}

/// What carries a farewell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FarewellTransport {
    /// A raw IP protocol, TTL or hop limit 255: 112 is VRRP.
    Ip {
        /// The protocol number.
        protocol: u8,
    },
    /// UDP to that port, TTL or hop limit 255.
    Udp {
        /// The destination port.
        port: u16,
    },
}

/// One VRRP instance as the operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// The instance's name.
    pub name: String,
    /// `MASTER`, `BACKUP`, `FAULT` or `INIT`.
    pub state: String,
    /// Seconds since the epoch of the last change of state.
    pub since_unix_s: f64,
    /// Why it is in that state, in words.
    pub reason: String,
    /// The interface.
    pub interface: String,
    /// The virtual router id.
    pub virtual_router_id: u8,
    /// The configured priority.
    pub base_priority: u8,
    /// The priority in force after tracking.
    pub effective_priority: u8,
    /// The virtual addresses.
    pub addresses: Vec<String>,
    /// Who is master, where another router is: its address.
    pub master: Option<String>,
    /// Other routers of ours seen by their hello: address and priority.
    pub peers: Vec<(String, u8)>,
    /// Adverts that did not count since the start: why, and how many.
    pub refused_adverts: Vec<(String, u64)>,
}
