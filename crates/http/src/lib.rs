//! HTTP/1 messages: bytes → head, edits, bytes.
//!
//! Owns: what a well-formed HTTP/1 message is (stricter than RFC 9112 asks where laxness is how
//! requests are smuggled), where its head and its body end, what becomes of the connection after
//! it, cookies, and the proxy's own answers. Must never: touch a socket, a clock or a file, know a
//! configuration, or panic on any input.
//!
//! A head is parsed as ranges of the caller's buffer; values that rules write go to an arena of
//! the head. Both are reused: once warm, parsing, editing and writing a head allocates nothing.
//!
//! ```text
//! buffer ── RequestHead::parse ──► Complete { len } ── edits ──► encode_into ──► buffer
//!              │        │                  │
//!              │        └► Partial         └► BodyScanner: how many of the next bytes belong to it
//!              └► Refusal: the status to answer, one sentence for the log
//! ```

mod answer;
mod body;
mod chunked;
mod connection;
mod cookie;
mod diagnose;
mod framing;
mod head;
mod header;
mod headers;
mod method;
mod refusal;
mod request;
mod response;
mod target;

pub use answer::{Answer, error_page, reason_phrase};
pub use body::{Body, BodyScanner, Scanned};
pub use chunked::ChunkScanner;
pub use connection::{ConnectionMode, ConnectionOptions, ServerSide, edit_request, edit_response};
pub use cookie::{
    cookie_value, cookies, remove_cookie, rewrite_set_cookie, set_cookie_pair, strip_cookie_prefix,
};
pub use head::{Limits, Parsed};
pub use header::{KnownHeader, tokens};
pub use headers::{HeaderIndex, Headers};
pub use method::{Method, Version};
pub use refusal::{Fault, Refusal};
pub use request::RequestHead;
pub use response::ResponseHead;
pub use target::{Target, TargetForm, host_matches};
