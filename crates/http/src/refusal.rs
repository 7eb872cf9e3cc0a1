//! Why a message is not accepted.

use thiserror::Error;

/// A message that is not forwarded, and why. Its text is one sentence for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Refusal {
    /// The head is longer than the buffer's room for heads.
    #[error("the head is larger than {limit} bytes (tune.bufsize less tune.maxrewrite)")]
    HeadTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More header lines than `tune.http.maxhdr`.
    #[error("the head has more than {limit} header lines (tune.http.maxhdr)")]
    TooManyHeaders {
        /// The limit, in lines.
        limit: usize,
    },
    /// The request line has no method, or the method holds a byte that no token has.
    #[error("the method is not a token")]
    InvalidMethod,
    /// The request line does not have exactly three words with one space between them.
    #[error("the request line is not a method, a target and a version with one space between each")]
    InvalidRequestLine,
    /// The status line is not a version, three digits and a reason.
    #[error("the status line is not a version, a status of three digits and a reason")]
    InvalidStatusLine,
    /// The target holds a control character, a byte that is not ASCII, or a fragment.
    #[error("the target holds a character that no target may hold")]
    InvalidTargetByte,
    /// The target has none of the four forms of RFC 9112, 3.2, or one that its method may not use.
    #[error("the target has a form that its method does not allow")]
    InvalidTarget,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1")]
    UnsupportedVersion,
    /// A line that ends in LF without CR.
    #[error("a line ends in LF without CR")]
    BareLineFeed,
    /// A CR that no LF follows.
    #[error("a CR stands without LF")]
    BareCarriageReturn,
    /// A header line that starts with a space or a tab.
    #[error("a header line is folded (starts with a space or a tab)")]
    FoldedLine,
    /// A space or a tab between a header's name and its colon.
    #[error("a space or tab stands before a header's colon")]
    SpaceBeforeColon,
    /// A header line without a name.
    #[error("a header has an empty name")]
    EmptyHeaderName,
    /// A header name with a byte that no token has, or a line without a colon.
    #[error("a header's name is not a token, or the line has no colon")]
    InvalidHeaderName,
    /// A control character in a header's value.
    #[error("a header's value holds a control character")]
    InvalidHeaderValue,
    /// Both Content-Length and Transfer-Encoding in a request.
    #[error("both Content-Length and Transfer-Encoding are present")]
    LengthAndEncoding,
    /// More than one Content-Length in a request, or different ones in a response.
    #[error("Content-Length is present more than once")]
    RepeatedLength,
    /// A Content-Length that is not a plain decimal number below 2^63.
    #[error("Content-Length is not a plain decimal number, or too large")]
    InvalidLength,
    /// A Transfer-Encoding in which `chunked` is not the last and only coding of its name.
    #[error("Transfer-Encoding does not end in exactly one chunked")]
    InvalidEncoding,
    /// A Transfer-Encoding with a coding other than `chunked`.
    #[error("Transfer-Encoding names a coding other than chunked")]
    UnsupportedEncoding,
    /// Transfer-Encoding in a message of HTTP/1.0, which does not know it.
    #[error("Transfer-Encoding is present in an HTTP/1.0 message")]
    EncodingInHttp10,
    /// More than one Host that differ.
    #[error("Host is present more than once with different values")]
    RepeatedHost,
    /// A Host that is not a host and a port.
    #[error("Host is not a host name or address with an optional port")]
    InvalidHost,
    /// A target whose authority is not what Host says.
    #[error("the target's authority and Host differ")]
    HostMismatch,
    /// A request that asks for an upgrade to WebSocket without its key.
    #[error("an upgrade to WebSocket lacks Sec-WebSocket-Key")]
    MissingWebSocketKey,
    /// A chunk size that is not hexadecimal or has too many digits.
    #[error("a chunk's size is not hexadecimal, or too large")]
    InvalidChunkSize,
    /// A chunk extension with a control character, or longer than its limit.
    #[error("a chunk's extension is too long or holds a control character")]
    InvalidChunkExtension,
    /// A chunk that CR LF does not follow.
    #[error("a chunk's data is not followed by CR LF")]
    InvalidChunkEnd,
    /// Trailers that are not header lines, or longer than their limit.
    #[error("the trailers are too long or not header lines")]
    InvalidTrailer,
}

/// Whose message was refused: decides the status that the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The request was bad.
    Client,
    /// The response was bad.
    Server,
}

impl Refusal {
    /// The status to answer the client with: 400 for a request (422 for a coding that is
    /// well-formed but not known, as HAProxy 3.5), 502 for a response.
    #[must_use]
    pub const fn status(self, fault: Fault) -> u16 {
        match (fault, self) {
            (Fault::Server, _) => 502,
            (Fault::Client, Self::UnsupportedEncoding) => 422,
            (Fault::Client, _) => 400,
        }
    }
}
