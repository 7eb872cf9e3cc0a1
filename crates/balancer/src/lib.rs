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
pub mod check;
pub mod cli;
mod client;
pub mod command_line;
mod dispatch;
mod exchange;
mod failure;
mod forward;
pub mod health;
mod input;
mod lane;
pub mod listen;
mod listener;
pub mod load;
pub mod log;
pub mod log_record;
mod persistence;
mod policy;
mod pool;
pub mod privileges;
pub mod proxy_protocol;
mod queue;
mod request;
mod response;
pub mod role;
mod server_connection;
pub mod snapshot;
pub mod state;
pub mod stats;
pub mod stats_hook;
mod stream;
pub mod supervision;
mod tcp;
mod timeouts;
pub mod tls;
mod tls_stream;
mod tunnel;
mod unchunk;
mod upload;
pub mod worker;
