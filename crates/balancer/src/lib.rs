//! The data plane: listeners, streams, server pools, timers (one thread per core).
//!
//! Owns: client and server connections, health of servers, counters, the stats page and socket,
//! the log. Must never: wait for another thread on the request path, look back at configuration
//! text, or change an address of the machine.
//!
//! ```text
//! supervisor ──Configure──► role ──► load ──► snapshot ──► workers (one thread each)
//!                                                │            │  read state, write own counters
//!            checks, stats socket ──write──► state ◄──────────┘
//! ```

mod input;
pub mod check;
pub mod command_line;
pub mod health;
pub mod listen;
pub mod load;
pub mod log;
pub mod log_record;
pub mod privileges;
pub mod role;
pub mod snapshot;
pub mod state;
pub mod stats;
pub mod stats_hook;
mod stream;
pub mod supervision;
mod timeouts;
pub mod tls;
pub mod worker;
