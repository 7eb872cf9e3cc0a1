//! Statistics: what `show stat`, `show info`, the CSV and the HTML page say.
//!
//! ```text
//! Snapshot (counters, health) ── collect ──► rows ──► CSV, typed, JSON
//!                                              └────► HTML page ◄── request (auth, scope, admin)
//! ```
//!
//! Collecting reads atomics and short locks of the control thread; rendering is pure.

pub mod collect;
pub mod column;
pub mod info;
pub mod rates;
pub mod table;

mod admin;
mod page;
mod request;

use std::sync::Arc;

use crate::log_record::LogQueue;
use crate::stats_hook::StatsHandler;
use rates::Rates;

/// The handler that workers call for requests under a `stats uri`.
#[must_use]
pub fn handler(log: LogQueue, rates: Arc<Rates>) -> StatsHandler {
    Arc::new(move |asked| request::answer(asked, &log, &rates))
}
