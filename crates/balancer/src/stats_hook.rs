//! How a worker asks for a statistics page: the page itself is written elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::snapshot::Snapshot;

/// A request whose target lies under a `stats uri`.
#[derive(Debug, Clone, Copy)]
pub struct StatsRequest<'a> {
    /// The configuration in force.
    pub snapshot: &'a Arc<Snapshot>,
    /// Position in `Config::proxies` of the section whose page is asked for.
    pub proxy: usize,
    /// `GET`, `HEAD` or `POST`.
    pub method: &'a str,
    /// The request target as received, query included.
    pub target: &'a str,
    /// The value of `Authorization`, if any.
    pub authorization: Option<&'a str>,
    /// The request's body (`POST`), at most one buffer.
    pub body: &'a [u8],
    /// Whether a `stats admin` condition of the section holds.
    pub admin: bool,
    /// The client.
    pub client: Option<SocketAddr>,
}

/// A whole response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsResponse {
    /// The status, for the log and the counters.
    pub status: u16,
    /// Header lines without their line ends, such as `Content-Type: text/html`; `Content-Length`
    /// and `Connection` are added by the worker.
    pub headers: Vec<String>,
    /// The body; left out towards `HEAD`.
    pub body: Vec<u8>,
}

/// Answers requests for statistics pages. Called on a worker thread: it must not wait for anything.
pub type StatsHandler = Arc<dyn Fn(&StatsRequest<'_>) -> StatsResponse + Send + Sync>;
