//! The vrrp role's shell: sockets, scripts, notifications.
//!
//! Owns: the VRRP sockets, the virtual addresses, tracking and notify scripts. Must never: decide
//! an election (that is `vrrp`), or keep an address that it can no longer vouch for.
//!
//! ```text
//! packets, link and address events, scripts, supervisor ──► vrrp (decides) ──► commands ──► system
//! ```

pub mod supervision;
