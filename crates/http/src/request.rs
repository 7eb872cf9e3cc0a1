//! Request heads.

use std::ops::Range;

use crate::connection::{ConnectionOptions, protocols};
use crate::diagnose::FirstLine;
use crate::framing::{Framing, Repeated};
use crate::head::{self, Limits, Parsed, check_line_ends, piece, version};
use crate::header::KnownHeader;
use crate::headers::{Headers, Piece, keep};
use crate::target::{Target, TargetForm, host_matches, split_port};
use crate::{Body, Method, Refusal, Version};

/// The head of a request: what was parsed, as ranges of the caller's buffer, and what rules
/// changed. Reused for every request of a connection.
///
/// Methods that read take the buffer (`original`) that was parsed, unchanged since.
#[derive(Debug, Clone, Default)]
pub struct RequestHead {
    /// The header lines, for reading and editing.
    pub headers: Headers,
    method: Method,
    method_text: Piece,
    target: Target,
    target_text: Piece,
    version: Version,
    body: Body,
    connection: ConnectionOptions,
    expects_continue: bool,
}

impl RequestHead {
    /// An empty head.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a head from the start of `original`. Empty lines before it are skipped (RFC 9112,
    /// 2.2).
    ///
    /// # Errors
    /// Everything that two readers could understand differently is refused; see [`Refusal`].
    pub fn parse(&mut self, original: &[u8], limits: &Limits) -> Result<Parsed, Refusal> {
        self.headers.clear();
        head::read(
            original,
            limits,
            FirstLine::Request,
            |start, text, slots| {
                let mut request = httparse::Request::new(&mut []);
                let status = request.parse_with_uninit_headers(text, slots)?;
                if let httparse::Status::Complete(len) = status {
                    self.take(original, start..start + len, &request)?;
                }
                Ok(status)
            },
        )
    }

    fn take(
        &mut self,
        original: &[u8],
        head: Range<usize>,
        request: &httparse::Request<'_, '_>,
    ) -> Result<(), Refusal> {
        check_line_ends(original, head, request.headers)?;
        let method = request.method.unwrap_or("").as_bytes();
        let path = request.path.unwrap_or("").as_bytes();
        self.method = Method::recognise(method);
        self.method_text = piece(original, method);
        self.target = Target::parse(self.method, path)?;
        self.target_text = piece(original, path);
        self.version = version(request.version);
        self.connection = ConnectionOptions::default();
        self.expects_continue = false;

        let mut framing = Framing::default();
        let mut host: Option<&[u8]> = None;
        let (mut websocket, mut websocket_key) = (false, false);
        for header in request.headers.iter() {
            let name = header.name.as_bytes();
            let value = header.value;
            self.headers
                .push_original(original, piece(original, name), piece(original, value));
            match self.headers.last_known() {
                KnownHeader::Host => match host {
                    None if split_port(value).is_none() => return Err(Refusal::InvalidHost),
                    None => host = Some(value),
                    Some(other) if other == value => self.headers.pop(),
                    Some(_) => return Err(Refusal::RepeatedHost),
                },
                KnownHeader::ContentLength => match framing.content_length(value)? {
                    Repeated::No => {}
                    Repeated::Same => return Err(Refusal::RepeatedLength),
                },
                KnownHeader::TransferEncoding => framing.transfer_encoding(value)?,
                KnownHeader::Connection => self.connection.read(value),
                KnownHeader::Expect => {
                    self.expects_continue |= value.eq_ignore_ascii_case(b"100-continue");
                }
                KnownHeader::Upgrade => {
                    for protocol in protocols(value) {
                        self.connection.has_upgrade = true;
                        websocket |= protocol.eq_ignore_ascii_case(b"websocket");
                    }
                }
                KnownHeader::SecWebSocketKey => websocket_key = true,
                _ => {}
            }
        }
        if framing.is_contradictory() {
            return Err(Refusal::LengthAndEncoding);
        }
        if framing.has_encoding() && self.version == Version::Http10 {
            return Err(Refusal::EncodingInHttp10);
        }
        self.body = framing.body()?.unwrap_or(Body::None);
        if host.is_some_and(|host| !host_matches(&self.target, path, host)) {
            return Err(Refusal::HostMismatch);
        }
        if websocket && self.connection.wants_upgrade() && !websocket_key {
            return Err(Refusal::MissingWebSocketKey);
        }
        Ok(())
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The method as written.
    #[must_use]
    pub fn method_text<'a>(&'a self, original: &'a [u8]) -> &'a [u8] {
        self.method_text.of(original, &self.headers.arena)
    }

    /// The version that the client speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// How the body ends.
    #[must_use]
    pub fn body(&self) -> Body {
        self.body
    }

    /// What the client asked for about its connection.
    #[must_use]
    pub fn connection(&self) -> ConnectionOptions {
        self.connection
    }

    /// Whether the client keeps its connection open after this request.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        self.connection.is_persistent(self.version)
    }

    /// `Expect: 100-continue`: the client waits for an interim response before it sends its body.
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        self.expects_continue && self.version == Version::Http11
    }

    /// The parts of the target.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The whole target.
    #[must_use]
    pub fn target_text<'a>(&'a self, original: &'a [u8]) -> &'a [u8] {
        self.target_text.of(original, &self.headers.arena)
    }

    /// The path without the query; `/` for an absolute target without one (HAProxy's `path`), and
    /// empty where the form has none.
    #[must_use]
    pub fn path<'a>(&'a self, original: &'a [u8]) -> &'a [u8] {
        if self.target.path.is_empty() && self.target.form == TargetForm::Absolute {
            return b"/";
        }
        self.target_text(original)
            .get(self.target.path.clone())
            .unwrap_or(b"")
    }

    /// The query without its `?`.
    #[must_use]
    pub fn query<'a>(&'a self, original: &'a [u8]) -> &'a [u8] {
        self.target_text(original)
            .get(self.target.query.clone())
            .unwrap_or(b"")
    }

    /// The host and port asked for: the target's authority, or else Host.
    #[must_use]
    pub fn authority<'a>(&'a self, original: &'a [u8]) -> Option<&'a [u8]> {
        match self
            .target_text(original)
            .get(self.target.authority.clone())
        {
            Some([]) | None => self.headers.first(original, KnownHeader::Host),
            authority => authority,
        }
    }

    /// Replaces the whole target.
    ///
    /// # Errors
    /// As for parsing one; nothing changes then.
    pub fn set_target(&mut self, text: &[u8]) -> Result<(), Refusal> {
        self.target = Target::parse(self.method, text)?;
        self.target_text = keep(&mut self.headers.arena, text);
        Ok(())
    }

    /// Replaces the path and keeps authority and query.
    ///
    /// # Errors
    /// As for parsing a target; nothing changes then.
    pub fn set_path(&mut self, original: &[u8], path: &[u8]) -> Result<(), Refusal> {
        self.has_path()?;
        let text = self.target_text(original);
        let (before, after) = (
            &text[..self.target.path.start],
            &text[self.target.path.end..],
        );
        let target = [before, path, after].concat();
        self.set_target(&target)
    }

    /// Replaces path and query and keeps the authority.
    ///
    /// # Errors
    /// As for parsing a target; nothing changes then.
    pub fn set_path_and_query(&mut self, original: &[u8], text: &[u8]) -> Result<(), Refusal> {
        self.has_path()?;
        let before = &self.target_text(original)[..self.target.path.start];
        let target = [before, text].concat();
        self.set_target(&target)
    }

    /// CONNECT and `*` have none to replace.
    fn has_path(&self) -> Result<(), Refusal> {
        match self.target.form {
            TargetForm::Origin | TargetForm::Absolute => Ok(()),
            TargetForm::Authority | TargetForm::Asterisk => Err(Refusal::InvalidTarget),
        }
    }

    /// Replaces the query (without its `?`); an empty one removes the `?` too.
    ///
    /// # Errors
    /// As for parsing a target; nothing changes then.
    pub fn set_query(&mut self, original: &[u8], query: &[u8]) -> Result<(), Refusal> {
        self.has_path()?;
        let before = &self.target_text(original)[..self.target.path.end];
        let mark: &[u8] = if query.is_empty() { b"" } else { b"?" };
        let target = [before, mark, query].concat();
        self.set_target(&target)
    }

    /// Makes Host say what an absolute target's authority says, so that no server can understand
    /// them differently.
    pub fn set_host_to_authority(&mut self, original: &[u8]) {
        if self.target.form != TargetForm::Absolute {
            return;
        }
        let authority = self.authority(original).unwrap_or(b"").to_vec();
        let host = self.headers.values(original, KnownHeader::Host).next();
        match host.map(|(index, _)| index) {
            Some(index) => self.headers.replace(index, &authority),
            None => self.headers.add_known(KnownHeader::Host, &authority),
        };
    }

    /// Replaces the method. Returns false, and changes nothing, where the name is not a token.
    pub fn set_method(&mut self, name: &[u8]) -> bool {
        if name.is_empty() || !name.iter().copied().all(crate::header::is_token_byte) {
            return false;
        }
        self.method = Method::recognise(name);
        self.method_text = keep(&mut self.headers.arena, name);
        true
    }

    /// Appends the head as edited, the empty line included. The version stays the client's.
    pub fn encode_into(&self, original: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(self.method_text(original));
        out.push(b' ');
        out.extend_from_slice(self.target_text(original));
        out.push(b' ');
        out.extend_from_slice(self.version.as_bytes());
        out.extend_from_slice(b"\r\n");
        self.headers.encode_into(original, out);
        out.extend_from_slice(b"\r\n");
    }
}
