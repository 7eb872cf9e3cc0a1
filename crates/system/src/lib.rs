//! The kernel, for everybody else: message channels, processes, addresses, routes, announcements,
//! echoes, VRRP sockets, namespaces, mounts, folders, the time zone.
//!
//! Owns: every system call that the standard library does not offer safely; this is the one crate
//! with `unsafe`. Must never: decide anything, read a configuration, keep state between calls
//! beyond a descriptor, or start another program to get at the kernel.
//!
//! ```text
//! supervisor, address keeper, balancer, lab
//!    │  typed requests                ▲  typed results, events
//!    ▼                                │
//! channel  process  netlink(address, link, route, monitor)  announce  echo  vrrp_socket
//!    │        │              │      namespace  mounts  folder_events   │      │       │
//!    └────────┴──────────────┴──────────────── kernel ───────────┴─────┴──────┴───────┘
//! ```
//!
//! Nothing here needs a runtime; what can be waited for offers `AsFd` for `poll`, and
//! [`awaited::Awaited`] for tokio.
#![allow(unsafe_code)]

pub mod address;
pub mod announce;
pub mod awaited;
pub mod channel;
pub mod echo;
pub mod folder_events;
pub mod link;
pub mod listening;
pub mod local_zone;
pub mod monitor;
pub mod mounts;
pub mod namespace;
pub mod netlink;
pub mod password;
pub mod process;
pub mod route;
pub mod service_manager;
pub mod terminal;
pub mod vrrp_socket;
