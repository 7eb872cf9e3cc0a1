//! Request targets (RFC 9112, 3.2) and what Host says (RFC 9110, 7.2).

use std::ops::Range;

use crate::{Method, Refusal};

/// Which of the four forms a target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TargetForm {
    /// `/path?query`.
    #[default]
    Origin,
    /// `http://host/path?query`.
    Absolute,
    /// `host:port`, for CONNECT alone.
    Authority,
    /// `*`, for OPTIONS alone.
    Asterisk,
}

/// Where the parts of a target are, as ranges of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The form.
    pub form: TargetForm,
    /// Host and port without user information; empty in the origin form.
    pub authority: Range<usize>,
    /// From the first `/` up to the `?`; empty where there is none.
    pub path: Range<usize>,
    /// After the `?`, which stands one before; empty where there is none.
    pub query: Range<usize>,
}

impl Target {
    /// Takes a target apart.
    ///
    /// # Errors
    /// [`Refusal::InvalidTargetByte`], [`Refusal::InvalidTarget`].
    pub fn parse(method: Method, text: &[u8]) -> Result<Self, Refusal> {
        // A fragment never belongs into a request, and servers disagree what to do with one.
        if !text
            .iter()
            .all(|byte| byte.is_ascii_graphic() && *byte != b'#')
        {
            return Err(Refusal::InvalidTargetByte);
        }
        let target = match (method, text) {
            (Method::Connect, _) => Self::authority(text),
            (Method::Options, b"*") => Some(Self {
                form: TargetForm::Asterisk,
                ..Self::default()
            }),
            (_, [b'/', ..]) => Some(Self::default().with_path(text, 0)),
            _ => Self::absolute(text),
        };
        target.ok_or(Refusal::InvalidTarget)
    }

    fn authority(text: &[u8]) -> Option<Self> {
        let (host, port) = split_port(text)?;
        (!host.is_empty() && !port.is_empty()).then(|| Self {
            form: TargetForm::Authority,
            authority: 0..text.len(),
            ..Self::default()
        })
    }

    fn absolute(text: &[u8]) -> Option<Self> {
        let scheme = text.iter().position(|byte| *byte == b':')?;
        let is_scheme = text[..scheme].iter().enumerate().all(|(at, byte)| {
            byte.is_ascii_alphabetic()
                || at > 0 && (byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'))
        });
        let start = scheme + 3;
        if scheme == 0 || !is_scheme || text.get(scheme..start) != Some(b"://") {
            return None;
        }
        let end = text[start..]
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?'))
            .map_or(text.len(), |at| start + at);
        let host = text[start..end]
            .iter()
            .rposition(|byte| *byte == b'@')
            .map_or(start, |at| start + at + 1);
        if host == end || split_port(&text[host..end]).is_none() {
            return None;
        }
        Some(
            Self {
                form: TargetForm::Absolute,
                authority: host..end,
                ..Self::default()
            }
            .with_path(text, end),
        )
    }

    fn with_path(self, text: &[u8], start: usize) -> Self {
        let mark = memchr::memchr(b'?', &text[start..]).map_or(text.len(), |at| start + at);
        Self {
            path: start..mark,
            query: (mark + 1).min(text.len())..text.len(),
            ..self
        }
    }
}

/// A host and its port without the colon (empty where none), or `None` where the bytes are not
/// `host [ ":" port ]`: a name, an address, or an IPv6 address in brackets; an empty host is one.
pub(crate) fn split_port(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = match text {
        [b'[', rest @ ..] => {
            let close = rest.iter().position(|byte| *byte == b']')? + 1;
            let address = std::str::from_utf8(&text[1..close]).ok()?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            close + 1
        }
        _ => memchr::memchr(b':', text).unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(end);
    let port = match port {
        [] => port,
        [b':', digits @ ..] => digits,
        _ => return None,
    };
    let is_host = host.first() == Some(&b'[') || host.iter().copied().all(is_name_byte);
    let is_port = port.len() <= MAX_PORT_DIGITS && port.iter().all(u8::is_ascii_digit);
    (is_host && is_port).then_some((host, port))
}

/// 65535 has five digits.
const MAX_PORT_DIGITS: usize = 5;

/// `reg-name` of RFC 3986, 3.2.2.
const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'%'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
}

/// Whether a target and Host name the same host and port. A port that is the scheme's own may be
/// left out on either side; for CONNECT both 80 and 443 may.
#[must_use]
pub fn host_matches(target: &Target, text: &[u8], host: &[u8]) -> bool {
    let own_ports: &[&[u8]] = match target.form {
        TargetForm::Origin | TargetForm::Asterisk => return true,
        TargetForm::Authority => &[b"80", b"443"],
        TargetForm::Absolute if starts_with_scheme(text, b"http:") => &[b"80"],
        TargetForm::Absolute if starts_with_scheme(text, b"https:") => &[b"443"],
        TargetForm::Absolute => &[],
    };
    let authority = text.get(target.authority.clone()).unwrap_or(b"");
    let (Some((name, port)), Some((other_name, other_port))) =
        (split_port(authority), split_port(host))
    else {
        return false;
    };
    let may_be_left_out = |port: &[u8]| port.is_empty() || own_ports.contains(&port);
    name.eq_ignore_ascii_case(other_name)
        && (port == other_port
            || (port.is_empty() || other_port.is_empty())
                && may_be_left_out(port)
                && may_be_left_out(other_port))
}

fn starts_with_scheme(text: &[u8], scheme: &[u8]) -> bool {
    text.get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_apart_by_form_and_method() {
        use Method::{Connect, Get, Options};
        let part = |text: &'static str, range: &Range<usize>| &text[range.clone()];
        for (method, text, expected) in [
            (Get, "/", Ok(("", "/", ""))),
            (Get, "/a/b?c=d?e", Ok(("", "/a/b", "c=d?e"))),
            (Get, "/a?", Ok(("", "/a", ""))),
            (Get, "//x", Ok(("", "//x", ""))),
            (Get, "http://h", Ok(("h", "", ""))),
            (Get, "http://u:p@h:80/a?b", Ok(("h:80", "/a", "b"))),
            (Get, "HTTPS://[::1]:8443?q", Ok(("[::1]:8443", "", "q"))),
            (Options, "*", Ok(("", "", ""))),
            (Options, "/", Ok(("", "/", ""))),
            (Connect, "h:80", Ok(("h:80", "", ""))),
            (Connect, "[::1]:80", Ok(("[::1]:80", "", ""))),
            (Get, "*", Err(Refusal::InvalidTarget)),
            (Options, "*/a", Err(Refusal::InvalidTarget)),
            (Get, "", Err(Refusal::InvalidTarget)),
            (Get, "h:80", Err(Refusal::InvalidTarget)),
            (Get, "admin/a", Err(Refusal::InvalidTarget)),
            (Get, "://h/", Err(Refusal::InvalidTarget)),
            (Get, "1http://h/", Err(Refusal::InvalidTarget)),
            (Get, "http:///a", Err(Refusal::InvalidTarget)),
            (Get, "http://u@/a", Err(Refusal::InvalidTarget)),
            (Get, "http://h:x/", Err(Refusal::InvalidTarget)),
            (Get, "http://[::g]/", Err(Refusal::InvalidTarget)),
            (Connect, "h", Err(Refusal::InvalidTarget)),
            (Connect, "/", Err(Refusal::InvalidTarget)),
            (Connect, ":80", Err(Refusal::InvalidTarget)),
            (Connect, "http://h:80", Err(Refusal::InvalidTarget)),
            (Get, "/a#b", Err(Refusal::InvalidTargetByte)),
            (Get, "/\u{e9}", Err(Refusal::InvalidTargetByte)),
            (Get, "/\u{1}", Err(Refusal::InvalidTargetByte)),
            (Get, "/a b", Err(Refusal::InvalidTargetByte)),
        ] {
            let found = Target::parse(method, text.as_bytes()).map(|target| {
                (
                    part(text, &target.authority),
                    part(text, &target.path),
                    part(text, &target.query),
                )
            });
            assert_eq!(found, expected, "{method:?} {text}");
        }
    }

    #[test]
    fn host_and_authority_agree_up_to_the_schemes_own_port() {
        use Method::{Connect, Get};
        for (method, text, host, expected) in [
            (Get, "/", "anything", true),
            (Get, "http://A/", "a", true),
            (Get, "http://a/", "b", false),
            (Get, "http://a:80/", "a", true),
            (Get, "http://a/", "a:80", true),
            (Get, "http://a:80/", "a:", true),
            (Get, "http://a:8080/", "a", false),
            (Get, "http://a:8080/", "a:8080", true),
            (Get, "http://a:80/", "a:443", false),
            (Get, "https://a:443/", "a", true),
            (Get, "https://a:80/", "a", false),
            (Get, "https://a:80/", "a:80", true),
            (Connect, "a:80", "a", true),
            (Connect, "a:443", "a:", true),
            (Connect, "a:8443", "a", false),
        ] {
            let target = Target::parse(method, text.as_bytes()).unwrap();
            let found = host_matches(&target, text.as_bytes(), host.as_bytes());
            assert_eq!(found, expected, "{text} {host}");
        }
    }

    #[test]
    fn hosts_are_names_or_addresses_with_a_port() {
        for (text, valid) in [
            ("", true),
            ("a", true),
            ("a.example_x:8080", true),
            ("[2001:db8::1]:80", true),
            ("a:", true),
            ("a:123456", false),
            ("a:8o", false),
            ("a b", false),
            ("a/b", false),
            ("a@b", false),
            ("[::1", false),
            ("[::1]x", false),
            ("::1", false),
        ] {
            assert_eq!(split_port(text.as_bytes()).is_some(), valid, "{text}");
        }
    }
}
