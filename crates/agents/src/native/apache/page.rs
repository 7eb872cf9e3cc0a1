//! A page of the server, asked for over the loopback interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, lookup_host};

/// How much of a page is looked at.
const MAX_PAGE_BYTES: u64 = 1024 * 1024;

/// How many redirections are followed.
const MAX_REDIRECTIONS: usize = 10;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// Only a program of the machine can ask for it.
    #[error("{0} is not an http URL")]
    Scheme(String),
    /// Nobody is there, or the connection broke.
    #[error("{url}: {error}")]
    Io {
        /// What was asked for.
        url: String,
        /// What happened.
        error: std::io::Error,
    },
    /// Something answered, but not in HTTP.
    #[error("{0} answers in no HTTP")]
    Garbled(String),
    /// One redirection after the other.
    #[error("{0} is redirected without end")]
    Redirections(String),
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// How to ask.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asking<'a> {
    pub(super) is_ipv6: bool,
    /// A user and a password.
    pub(super) credentials: Option<(&'a str, &'a str)>,
}

/// Asks for a page, redirections followed. In HTTP/1.0: the page then ends with the connection, and
/// comes in one piece.
///
/// # Errors
/// [`PageError`]. A status that is no success is none.
pub(super) async fn page(url: &str, asking: Asking<'_>) -> Result<Page, PageError> {
    let mut target = url.to_owned();
    for _ in 0..MAX_REDIRECTIONS {
        let parts = UrlParts::of(&target).ok_or_else(|| PageError::Scheme(target.clone()))?;
        let answer = ask(&parts, asking).await;
        let answer = answer.map_err(|error| PageError::Io {
            url: target.clone(),
            error,
        })?;
        let (page, location) = read(answer).ok_or_else(|| PageError::Garbled(target.clone()))?;
        match location.filter(|_| (300..400).contains(&page.status)) {
            Some(location) => target = parts.relative(&location),
            None => return Ok(page),
        }
    }
    Err(PageError::Redirections(url.to_owned()))
}

/// `http://HOST[:PORT][/PATH]`.
#[derive(Debug, PartialEq, Eq)]
struct UrlParts {
    host: String,
    port: u16,
    path: String,
}

impl UrlParts {
    fn of(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority, ""),
        };
        let port = if port.is_empty() {
            80
        } else {
            port.parse().ok()?
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(Self {
            host: host.to_owned(),
            port,
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        })
    }

    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn relative(&self, location: &str) -> String {
        if location.contains("://") {
            return location.to_owned();
        }
        let folder = &self.path[..=self.path.rfind('/').unwrap_or(0)];
        let path = if location.starts_with('/') {
            location.to_owned()
        } else {
            format!("{folder}{location}")
        };
        format!("http://{}{path}", self.authority())
    }

    /// Any address of the own machine, where the server listens on all.
    fn wildcard(&self) -> bool {
        matches!(self.host.as_str(), "*" | "0.0.0.0" | "::" | "")
    }
}

async fn ask(parts: &UrlParts, asking: Asking<'_>) -> std::io::Result<Vec<u8>> {
    let host = if parts.wildcard() {
        "localhost"
    } else {
        &parts.host
    };
    let is_ipv6 = asking.is_ipv6 || (host.contains(':') && !parts.wildcard());
    let addresses = lookup_host((host, parts.port)).await?;
    let address = addresses
        .into_iter()
        .find(|address| address.is_ipv6() == is_ipv6)
        .ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let (socket, own): (_, IpAddr) = if is_ipv6 {
        (TcpSocket::new_v6()?, Ipv6Addr::LOCALHOST.into())
    } else {
        (TcpSocket::new_v4()?, Ipv4Addr::LOCALHOST.into())
    };
    // Servers tell their status to the machine itself only.
    socket.bind(SocketAddr::new(own, 0))?;
    let mut stream = socket.connect(address).await?;
    let authorization = asking
        .credentials
        .map_or_else(String::new, |(user, password)| {
            let encoded = STANDARD.encode(format!("{user}:{password}"));
            format!("Authorization: Basic {encoded}\r\n")
        });
    let (path, authority) = (&parts.path, parts.authority());
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {authority}\r\n{authorization}User-Agent: keel\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_PAGE_BYTES).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// The page, and where it is to be looked for instead.
fn read(answer: Vec<u8>) -> Option<(Page, Option<String>)> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let is_http = first.next()?.starts_with("HTTP/");
    let status = first.next()?.parse().ok().filter(|_| is_http)?;
    let mut headers = lines.filter_map(|line| line.split_once(':'));
    let location = headers
        .find(|(name, _)| name.eq_ignore_ascii_case("location"))
        .map(|(_, value)| value.trim().to_owned());
    let body = answer[end + 4..].to_vec();
    Some((Page { status, body }, location))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (url, expected) in [
            (
                "http://localhost/server-status",
                Some("localhost:80 /server-status"),
            ),
            ("http://localhost:", Some("localhost:80 /")),
            ("http://127.0.0.1:8080?auto", Some("127.0.0.1:8080 /?auto")),
            ("http://[::1]:81/x#y", Some("[::1]:81 /x")),
            ("http://[::1]", Some("[::1]:80 /")),
            ("http://*:80/", Some("*:80 /")),
            ("https://localhost/", None),
            ("http://localhost:x/", None),
            ("localhost", None),
        ] {
            let found = UrlParts::of(url).map(|it| format!("{} {}", it.authority(), it.path));
            assert_eq!(found.as_deref(), expected, "{url}");
        }
        let parts = UrlParts::of("http://h:81/a/b").unwrap();
        for (location, expected) in [
            ("/c", "http://h:81/c"),
            ("c", "http://h:81/a/c"),
            ("https://h/", "https://h/"),
        ] {
            assert_eq!(parts.relative(location), expected);
        }
    }

    #[test]
    fn answers_are_read_and_nonsense_is_none() {
        let (page, location) =
            read(b"HTTP/1.1 301 Moved\r\nlocation: /x \r\n\r\nbody".to_vec()).unwrap();
        assert_eq!((page.status, page.body.as_slice()), (301, &b"body"[..]));
        assert_eq!(location.as_deref(), Some("/x"));
        for answer in [
            "",
            "\r\n\r\n",
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 x\r\n\r\n",
        ] {
            assert!(read(answer.as_bytes().to_vec()).is_none(), "{answer}");
        }
    }
}
