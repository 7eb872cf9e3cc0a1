//! Sample fetches (configuration.txt, 7.3.2 to 7.3.6): from a name and arguments to a value.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use http1::{Headers, KnownHeader, Version};

use crate::session::Facts;
use crate::value::{Type, Value};

/// Which message a header or cookie is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Response,
    /// `hdr` and `cook`'s old forms: the one that the rules are for.
    Current,
}

/// Which of a header's values is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurrence {
    /// Each in turn for an ACL, the last one elsewhere.
    Any,
    /// From 1, or from the last with -1.
    At(i64),
}

/// A header of one side by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) side: Side,
    /// Empty is "every header" for counting, and never found otherwise.
    pub(crate) name: Box<[u8]>,
    pub(crate) occurrence: Occurrence,
    /// The whole line's value, not its comma-separated parts.
    pub(crate) full: bool,
}

/// A value of the environment or the file, known when compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constant {
    Boolean(bool),
    Integer(i64),
    Address(IpAddr),
    Text(Box<[u8]>),
    Binary(Box<[u8]>),
}

/// A compiled fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fetch {
    Constant(Constant),
    // The request.
    Path,
    PathAndQuery,
    Query {
        with_mark: bool,
    },
    Url,
    Base,
    BaseAndQuery,
    Method,
    RequestVersion,
    IsHttp,
    UrlParameter {
        name: Box<[u8]>,
        delimiter: u8,
        any_case: bool,
    },
    // Either message.
    Header(Header),
    HeaderCount(Header),
    HeaderAddress(Header),
    HeaderInteger(Header),
    HeaderNames {
        side: Side,
        delimiter: Box<[u8]>,
    },
    Cookie {
        side: Side,
        name: Box<[u8]>,
    },
    CookieCount {
        side: Side,
        name: Box<[u8]>,
    },
    CookieInteger {
        side: Side,
        name: Box<[u8]>,
    },
    // The response.
    Status,
    ResponseVersion,
    // The connection.
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    IsTls,
    TlsServerName,
    TlsVersion,
    FrontendName,
    BackendName,
    ServerName,
    // The proxy; `None` is the backend or frontend at hand, resolved when compiled.
    ServersUp(usize),
    BackendConnections(usize),
    FrontendConnections(usize),
    Queued(usize),
}

impl Fetch {
    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Constant(Constant::Boolean(_)) | Self::IsHttp | Self::IsTls => Type::Boolean,
            Self::Constant(Constant::Integer(_))
            | Self::HeaderCount(_)
            | Self::HeaderInteger(_)
            | Self::CookieCount { .. }
            | Self::CookieInteger { .. }
            | Self::Status
            | Self::SourcePort
            | Self::DestinationPort
            | Self::ServersUp(_)
            | Self::BackendConnections(_)
            | Self::FrontendConnections(_)
            | Self::Queued(_) => Type::Integer,
            Self::Constant(Constant::Address(_))
            | Self::HeaderAddress(_)
            | Self::Source
            | Self::Destination => Type::Address,
            Self::Constant(Constant::Binary(_)) => Type::Binary,
            _ => Type::Text,
        }
    }

    /// The message that it can only be taken from.
    pub(crate) fn side(&self) -> Option<Side> {
        match self {
            Self::Path
            | Self::PathAndQuery
            | Self::Query { .. }
            | Self::Url
            | Self::Base
            | Self::BaseAndQuery
            | Self::IsHttp
            | Self::UrlParameter { .. } => Some(Side::Request),
            Self::Header(header)
            | Self::HeaderCount(header)
            | Self::HeaderAddress(header)
            | Self::HeaderInteger(header) => Some(header.side),
            Self::HeaderNames { side, .. }
            | Self::Cookie { side, .. }
            | Self::CookieCount { side, .. }
            | Self::CookieInteger { side, .. } => Some(*side),
            Self::Status | Self::ResponseVersion => Some(Side::Response),
            _ => None,
        }
    }

    /// Whether it needs a parsed message, so that rules on bare connections never see it.
    pub(crate) fn needs_message(&self) -> bool {
        self.side().is_some() || matches!(self, Self::Method | Self::RequestVersion)
    }

    /// Shows each value to `visit` until it says true; returns whether it did.
    pub(crate) fn each<'a>(
        &'a self,
        facts: &Facts<'a>,
        visit: &mut dyn FnMut(Value<'a>) -> bool,
    ) -> bool {
        match self {
            Self::Header(header) => header.each(facts, &mut |text| visit(Value::text(text))),
            Self::HeaderAddress(header) => header.each(facts, &mut |text| {
                address(text).is_some_and(|address| visit(Value::Address(address)))
            }),
            Self::HeaderInteger(header) => header.each(facts, &mut |text| {
                visit(Value::Integer(leading_integer(text)))
            }),
            Self::Cookie { side, name } => {
                each_cookie(facts, *side, name, &mut |text| visit(Value::text(text)))
            }
            Self::CookieInteger { side, name } => each_cookie(facts, *side, name, &mut |text| {
                visit(Value::Integer(leading_integer(text)))
            }),
            Self::UrlParameter {
                name,
                delimiter,
                any_case,
            } => {
                let Some(request) = facts.request else {
                    return false;
                };
                parameters(request.head.query(request.original), *delimiter).any(
                    |(other, value)| {
                        let same = if *any_case {
                            other.eq_ignore_ascii_case(name)
                        } else {
                            *other == **name
                        };
                        (same || name.is_empty()) && visit(Value::text(value))
                    },
                )
            }
            _ => self.one(facts).is_some_and(visit),
        }
    }

    /// The value where one is wanted: the last of a header without occurrence, else the first.
    pub(crate) fn sample<'a>(&'a self, facts: &Facts<'a>) -> Option<Value<'a>> {
        let last = matches!(self,
            Self::Header(header) | Self::HeaderAddress(header) | Self::HeaderInteger(header)
                if header.occurrence == Occurrence::Any);
        let mut found = None;
        self.each(facts, &mut |value| {
            found = Some(value);
            !last
        });
        found
    }

    fn one<'a>(&'a self, facts: &Facts<'a>) -> Option<Value<'a>> {
        let session = facts.session;
        let request = || {
            facts
                .request
                .map(|request| (request.head, request.original))
        };
        let integer = |value: u64| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
        let name = |name: &'a str| Value::text(name.as_bytes());
        let port = |address: SocketAddr| Value::Integer(i64::from(address.port()));
        Some(match self {
            Self::Constant(constant) => constant.value(),
            Self::Path => {
                let (head, original) = request()?;
                Value::text(Some(head.path(original)).filter(|path| !path.is_empty())?)
            }
            Self::PathAndQuery => {
                let (head, original) = request()?;
                Value::text(Some(path_and_query(head, original)).filter(|it| !it.is_empty())?)
            }
            Self::Query { with_mark } => {
                let (head, original) = request()?;
                let query = head.target().query.clone();
                let marked = query.start > head.target().path.end;
                let start = query.start - usize::from(*with_mark && marked);
                Value::text(head.target_text(original).get(start..query.end)?)
            }
            Self::Url => {
                let (head, original) = request()?;
                Value::text(head.target_text(original))
            }
            Self::Base | Self::BaseAndQuery => {
                let (head, original) = request()?;
                let host = head
                    .headers
                    .first(original, KnownHeader::Host)
                    .unwrap_or(b"");
                let path = if *self == Self::Base {
                    head.path(original)
                } else {
                    path_and_query(head, original)
                };
                Value::Text(Cow::Owned([host, path].concat()))
            }
            Self::Method => Value::text(facts.method()?),
            Self::RequestVersion => Value::text(version_text(facts.version()?)),
            Self::ResponseVersion => Value::text(version_text(facts.response?.head.version())),
            Self::IsHttp => Value::Boolean(facts.request.is_some()),
            Self::HeaderCount(header) => {
                let mut count = 0;
                header.each(facts, &mut |_| {
                    count += 1;
                    false
                });
                Value::Integer(count)
            }
            Self::HeaderNames { side, delimiter } => {
                let (headers, original) = message(facts, *side)?;
                let names: Vec<&[u8]> =
                    headers.iter(original).map(|(_, _, name, _)| name).collect();
                Value::Text(Cow::Owned(names.join(&delimiter[..]).to_ascii_lowercase()))
            }
            Self::CookieCount { side, name } => {
                let mut count = 0;
                each_cookie(facts, *side, name, &mut |_| {
                    count += 1;
                    false
                });
                Value::Integer(count)
            }
            Self::Status => Value::Integer(i64::from(facts.response?.head.status())),
            Self::Source => Value::Address(session.client?.ip().to_canonical()),
            Self::SourcePort => port(session.client?),
            Self::Destination => Value::Address(session.local?.ip().to_canonical()),
            Self::DestinationPort => port(session.local?),
            Self::IsTls => Value::Boolean(session.tls.is_some()),
            Self::TlsServerName => name(session.tls?.server_name?),
            Self::TlsVersion => name(session.tls?.version),
            Self::FrontendName => name(session.frontend),
            // A frontend's own name until a backend is chosen, as with HAProxy.
            Self::BackendName => name(session.backend.unwrap_or(session.frontend)),
            Self::ServerName => name(session.server?),
            Self::ServersUp(backend) => integer(u64::from(session.live.servers_up(*backend))),
            Self::BackendConnections(backend) => {
                integer(session.live.backend_connections(*backend))
            }
            Self::FrontendConnections(frontend) => {
                integer(session.live.frontend_connections(*frontend))
            }
            Self::Queued(backend) => integer(session.live.queued(*backend)),
            Self::Header(_)
            | Self::HeaderAddress(_)
            | Self::HeaderInteger(_)
            | Self::Cookie { .. }
            | Self::CookieInteger { .. }
            | Self::UrlParameter { .. } => return None,
        })
    }
}

impl Constant {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Boolean(value) => Value::Boolean(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Address(value) => Value::Address(*value),
            Self::Text(value) => Value::text(value),
            Self::Binary(value) => Value::Binary(Cow::Borrowed(value)),
        }
    }
}

impl Header {
    fn each<'a>(&self, facts: &Facts<'a>, visit: &mut dyn FnMut(&'a [u8]) -> bool) -> bool {
        let Some((headers, original)) = message(facts, self.side) else {
            return false;
        };
        match self.occurrence {
            Occurrence::Any => self.values(headers, original, visit),
            Occurrence::At(wanted) => {
                let mut values = Vec::new();
                self.values(headers, original, &mut |value| {
                    values.push(value);
                    false
                });
                let index = match wanted {
                    1.. => usize::try_from(wanted - 1).ok(),
                    _ => usize::try_from(wanted.unsigned_abs())
                        .ok()
                        .and_then(|back| values.len().checked_sub(back)),
                };
                index
                    .and_then(|index| values.get(index))
                    .is_some_and(|value| visit(value))
            }
        }
    }

    fn values<'a>(
        &self,
        headers: &'a Headers,
        original: &'a [u8],
        visit: &mut dyn FnMut(&'a [u8]) -> bool,
    ) -> bool {
        headers.iter(original).any(|(_, known, name, value)| {
            let same = self.name.is_empty() || name.eq_ignore_ascii_case(&self.name);
            if !same {
                return false;
            }
            // Dates hold a comma of their own.
            if self.full || known == KnownHeader::Date {
                return visit(value);
            }
            let mut parts = http1::tokens(value).peekable();
            if parts.peek().is_none() {
                return visit(b"");
            }
            parts.any(&mut *visit)
        })
    }
}

/// The headers of a side.
pub(crate) fn message<'a>(facts: &Facts<'a>, side: Side) -> Option<(&'a Headers, &'a [u8])> {
    let request = || {
        facts
            .request
            .map(|request| (&request.head.headers, request.original))
    };
    let response = || {
        facts
            .response
            .map(|response| (&response.head.headers, response.original))
    };
    match side {
        Side::Request => request(),
        Side::Response => response(),
        Side::Current => response().or_else(request),
    }
}

fn each_cookie<'a>(
    facts: &Facts<'a>,
    side: Side,
    name: &[u8],
    visit: &mut dyn FnMut(&'a [u8]) -> bool,
) -> bool {
    let Some((headers, original)) = message(facts, side) else {
        return false;
    };
    let in_response = side == Side::Response || side == Side::Current && facts.response.is_some();
    if in_response {
        headers
            .values(original, KnownHeader::SetCookie)
            .filter_map(|(_, value)| http1::set_cookie_pair(value))
            .any(|(other, value)| (name.is_empty() || other == name) && visit(value))
    } else {
        headers
            .values(original, KnownHeader::Cookie)
            .flat_map(|(_, value)| http1::cookies(value))
            .any(|(other, value)| (name.is_empty() || other == name) && visit(value))
    }
}

fn parameters(query: &[u8], delimiter: u8) -> impl Iterator<Item = (&[u8], &[u8])> {
    query
        .split(move |byte| *byte == b'&' || *byte == delimiter && delimiter != b'?')
        .filter_map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((&pair[..equals], &pair[equals + 1..]))
        })
}

pub(crate) fn path_and_query<'a>(head: &'a http1::RequestHead, original: &'a [u8]) -> &'a [u8] {
    let target = head.target();
    if target.path.is_empty() && target.query.is_empty() {
        return head.path(original);
    }
    head.target_text(original)
        .get(target.path.start..target.query.end)
        .unwrap_or(b"")
}

fn version_text(version: Version) -> &'static [u8] {
    match version {
        Version::Http10 => b"1.0",
        Version::Http11 => b"1.1",
    }
}

fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(text, |(inside, _)| inside);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

/// The digits at the start, as HAProxy reads a header's number; 0 where there are none.
fn leading_integer(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let value = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0_i64, |sum, byte| {
            sum.saturating_mul(10)
                .saturating_add(i64::from(byte - b'0'))
        });
    if negative { -value } else { value }
}
