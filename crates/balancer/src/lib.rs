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

mod answer;
mod balance;
mod client;
mod dispatch;
mod exchange;
mod input;
mod lane;
mod listener;
pub mod log_record;
mod persistence;
mod pool;
mod proxy_protocol;
mod queue;
mod request;
mod response;
mod server_connection;
pub mod snapshot;
pub mod state;
pub mod stats_hook;
mod stream;
pub mod supervision;
mod tcp;
mod timeouts;
mod tunnel;
mod upload;
pub mod worker;
