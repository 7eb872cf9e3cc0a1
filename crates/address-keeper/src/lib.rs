//! The vrrp role's shell: sockets, addresses, scripts, notifications.
//!
//! Owns: the VRRP and hello sockets, the virtual addresses, tracking and notify scripts, and the
//! role's command line. Must never: decide an election (that is `vrrp`), keep an address that it
//! can no longer vouch for, or add one before the supervisor has its testament.
//!
//! ```text
//! keepalived.conf ─► plan ─► routers ◄─► vrrp::Instance (decides)
//!                              ▲   │ commands
//!  sockets, network changes,   │   ▼
//!  scripts, supervisor ─► keeper ─► addresses, announcements, adverts, notify scripts, testament
//! ```
//!
//! One thread, one loop: each turn takes every packet that waits before it looks at the timers, so
//! that a process that stood still hears first what happened meanwhile.

pub mod command_line;
pub mod configuration;
pub mod log;
pub mod role;
pub mod supervision;

mod addresses;
mod executable;
mod keeper;
mod network;
mod notify;
mod plan;
mod router;
mod scripts;
mod sockets;
mod testament;
mod tracking;
