//! Actions that answer in the server's place: `deny`, `tarpit`, `return`, `redirect`, `auth`.

use std::borrow::Cow;

use http1::{Answer, KnownHeader};

use crate::fetch::path_and_query;
use crate::format::Format;
use crate::session::Facts;

/// A compiled `deny`, `tarpit` or `return`.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) payload: Payload,
    pub(crate) headers: Vec<(Box<[u8]>, Format)>,
}

/// The body of a [`Reply`].
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// None.
    Empty,
    /// The page of the status.
    Page,
    /// A text and its type.
    Text { kind: Box<[u8]>, text: Format },
}

impl Reply {
    pub(crate) fn is_page(&self) -> bool {
        matches!(self.payload, Payload::Page)
    }

    pub(crate) fn answer(&self, facts: &Facts<'_>) -> Answer {
        let mut answer = match &self.payload {
            Payload::Empty => Answer::new(self.status),
            Payload::Page => return Answer::error(self.status),
            Payload::Text { kind, text } => {
                let mut answer = Answer::new(self.status);
                answer.add_header(b"Content-Type", kind);
                answer.body = Cow::Owned(text.text(facts).into_owned());
                answer
            }
        };
        for (name, value) in &self.headers {
            let value = value.text(facts);
            // As HAProxy has it, here and not in rules that add or set a header.
            if !value.is_empty() {
                answer.add_header(name, &value);
            }
        }
        answer
    }
}

/// A compiled `redirect`.
#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) kind: RedirectKind,
    pub(crate) to: Format,
    pub(crate) status: u16,
    pub(crate) drop_query: bool,
    pub(crate) append_slash: bool,
    pub(crate) keep_query: bool,
    pub(crate) ignore_empty: bool,
    /// The value of a Set-Cookie line.
    pub(crate) set_cookie: Option<Format>,
}

/// Where a redirection leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RedirectKind {
    Location,
    Prefix,
    Scheme,
}

impl Redirect {
    /// The answer; none where `ignore-empty` asks to go on.
    pub(crate) fn answer(&self, facts: &Facts<'_>) -> Option<Answer> {
        let to = self.to.text(facts);
        if self.ignore_empty && to.is_empty() {
            return None;
        }
        let location = match self.kind {
            RedirectKind::Location => self.location(&to, facts),
            RedirectKind::Prefix => {
                let prefix: &[u8] = if *to == *b"/" { b"" } else { &to };
                [prefix, &self.uri(facts)].concat()
            }
            RedirectKind::Scheme => {
                let host = facts
                    .request
                    .and_then(|it| it.head.headers.first(it.original, KnownHeader::Host));
                [&to[..], b"://", host.unwrap_or(b""), &self.uri(facts)].concat()
            }
        };
        let mut answer = Answer::new(self.status);
        answer.add_header(b"Location", &location);
        if !matches!(self.status, 301 | 308) {
            answer.add_header(b"Cache-Control", b"no-cache");
        }
        if let Some(cookie) = &self.set_cookie {
            answer.add_header(b"Set-Cookie", &cookie.text(facts));
        }
        Some(answer)
    }

    fn location(&self, to: &[u8], facts: &Facts<'_>) -> Vec<u8> {
        let query = facts
            .request
            .map_or(&b""[..], |it| it.head.query(it.original));
        if !self.keep_query || query.is_empty() {
            return to.to_vec();
        }
        let joint: &[u8] = if to.contains(&b'?') { b"&" } else { b"?" };
        [to, joint, query].concat()
    }

    /// The path, with the query where it stays.
    fn uri(&self, facts: &Facts<'_>) -> Vec<u8> {
        let Some(request) = facts.request else {
            return b"/".to_vec();
        };
        let path = if self.drop_query {
            request.head.path(request.original)
        } else {
            path_and_query(request.head, request.original)
        };
        let mut uri = if path.is_empty() { b"/" } else { path }.to_vec();
        if self.drop_query && self.append_slash && uri.last() != Some(&b'/') {
            uri.push(b'/');
        }
        uri
    }
}

/// The answer of `auth`: a page and a challenge.
pub(crate) fn challenge(realm: &str) -> Answer {
    let mut answer = Answer::error(401);
    let realm = realm.replace(['"', '\\'], "");
    answer.add_header(
        b"WWW-Authenticate",
        format!("Basic realm=\"{realm}\"").as_bytes(),
    );
    answer
}
