//! Response heads.

use std::ops::Range;

use crate::connection::{ConnectionOptions, protocols};
use crate::diagnose::FirstLine;
use crate::framing::{Framing, Repeated};
use crate::head::{self, Limits, Parsed, check_line_ends, piece, version};
use crate::header::KnownHeader;
use crate::headers::{Headers, Piece, keep};
use crate::{Body, Method, Refusal, Version};

/// The head of a response. Reused for every response of a connection; see
/// [`crate::RequestHead`], whose ways it shares.
#[derive(Debug, Clone, Default)]
pub struct ResponseHead {
    /// The header lines, for reading and editing.
    pub headers: Headers,
    status: u16,
    reason: Piece,
    version: Version,
    body: Body,
    connection: ConnectionOptions,
    is_ambiguous: bool,
}

impl ResponseHead {
    /// An empty head.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a head from the start of `original`; `method` is the request's, for where the body
    /// ends. Where Content-Length and Transfer-Encoding are both present the length is dropped, as
    /// HAProxy does and RFC 9112, 6.3 asks.
    ///
    /// # Errors
    /// See [`Refusal`]; the client is then answered 502.
    pub fn parse(
        &mut self,
        original: &[u8],
        method: Method,
        limits: &Limits,
    ) -> Result<Parsed, Refusal> {
        self.headers.clear();
        head::read(original, limits, FirstLine::Status, |start, text, slots| {
            let mut response = httparse::Response::new(&mut []);
            let status = httparse::ParserConfig::default().parse_response_with_uninit_headers(
                &mut response,
                text,
                slots,
            )?;
            if let httparse::Status::Complete(len) = status {
                self.take(original, start..start + len, method, &response)?;
            }
            Ok(status)
        })
    }

    fn take(
        &mut self,
        original: &[u8],
        head: Range<usize>,
        method: Method,
        response: &httparse::Response<'_, '_>,
    ) -> Result<(), Refusal> {
        check_line_ends(original, head.clone(), response.headers)?;
        self.version = version(response.version);
        self.status = response.code.unwrap_or(0);
        if !(100..=999).contains(&self.status) {
            return Err(Refusal::InvalidStatusLine);
        }
        self.reason = reason(original, head.start);
        self.connection = ConnectionOptions::default();

        let mut framing = Framing::default();
        for header in response.headers.iter() {
            let value = header.value;
            self.headers.push_original(
                original,
                piece(original, header.name.as_bytes()),
                piece(original, value),
            );
            match self.headers.last_known() {
                KnownHeader::ContentLength => match framing.content_length(value)? {
                    Repeated::No => {}
                    Repeated::Same => self.headers.pop(),
                },
                KnownHeader::TransferEncoding => framing.transfer_encoding(value)?,
                KnownHeader::Connection => self.connection.read(value),
                KnownHeader::Upgrade => {
                    self.connection.has_upgrade |= protocols(value).next().is_some();
                }
                _ => {}
            }
        }
        self.is_ambiguous =
            framing.is_contradictory() || framing.has_encoding() && self.version == Version::Http10;
        if framing.is_contradictory() {
            self.headers.remove_known(KnownHeader::ContentLength);
        }
        let said = framing.body()?.unwrap_or(Body::UntilClose);
        self.body = if has_no_body(method, self.status) {
            Body::None
        } else {
            said
        };
        Ok(())
    }

    /// The status, 100 to 999.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether another response to the same request follows: 1xx but 101.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }

    /// The reason after the status, possibly empty.
    #[must_use]
    pub fn reason<'a>(&'a self, original: &'a [u8]) -> &'a [u8] {
        self.reason.of(original, &self.headers.arena)
    }

    /// The version that the server speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// How the body ends. For 101, and for 2xx to CONNECT, none: bytes of a tunnel follow.
    #[must_use]
    pub fn body(&self) -> Body {
        self.body
    }

    /// What the server said about its connection.
    #[must_use]
    pub fn connection(&self) -> ConnectionOptions {
        self.connection
    }

    /// Whether the server keeps its connection open after this response, and may be asked again
    /// over it: not where the body ends by closing or where its length was ambiguous.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        self.connection.is_persistent(self.version)
            && self.body != Body::UntilClose
            && !self.is_ambiguous
    }

    /// Whether Transfer-Encoding came with Content-Length or in an HTTP/1.0 response. Other readers
    /// may see another end of the body: both connections close after it (RFC 9112, 6.1).
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.is_ambiguous
    }

    /// Replaces status and reason; an empty reason becomes the usual one.
    pub fn set_status(&mut self, status: u16, reason: &[u8]) {
        let reason = if reason.is_empty() {
            crate::reason_phrase(status).as_bytes()
        } else {
            reason
        };
        self.status = status;
        self.reason = keep(&mut self.headers.arena, reason);
    }

    /// Appends the head as edited, the empty line included. The version written is HTTP/1.1
    /// whatever the server speaks: a proxy answers with its own (RFC 9110, 6.2).
    pub fn encode_into(&self, original: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"HTTP/1.1 ");
        for place in [100, 10, 1] {
            let digit = u8::try_from(self.status / place % 10).unwrap_or(0);
            out.push(b'0' + digit);
        }
        out.push(b' ');
        out.extend_from_slice(self.reason(original));
        out.extend_from_slice(b"\r\n");
        self.headers.encode_into(original, out);
        out.extend_from_slice(b"\r\n");
    }
}

/// RFC 9112, 6.3, 1 and 2.
fn has_no_body(method: Method, status: u16) -> bool {
    method == Method::Head
        || matches!(status, 100..=199 | 204 | 304)
        || method == Method::Connect && matches!(status, 200..=299)
}

/// The reason: what stands after `HTTP/1.x NNN ` up to the line's end. The parser gives none where
/// it holds bytes that are not ASCII.
fn reason(original: &[u8], start: usize) -> Piece {
    let from = start + "HTTP/1.1 200 ".len();
    let len = original
        .get(from..)
        .and_then(|rest| memchr::memchr(b'\r', rest))
        .unwrap_or(0);
    let is_empty = original.get(from - 1) != Some(&b' ');
    Piece::original(from, if is_empty { 0 } else { len })
}
