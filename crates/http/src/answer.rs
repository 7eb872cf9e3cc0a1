//! The proxy's own answers.

use std::borrow::Cow;

use crate::Version;

/// A whole response that the proxy makes itself: an error page, a redirection, a fixed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header lines, each ended by CR LF, without Content-Length and Connection.
    pub headers: Cow<'static, [u8]>,
    /// The body.
    pub body: Cow<'static, [u8]>,
    /// The connection ends with it whatever the client asked: the request was not understood, or
    /// did not come in time.
    pub closes: bool,
}

impl Answer {
    /// An answer without body and header lines.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Cow::Borrowed(b""),
            body: Cow::Borrowed(b""),
            closes: false,
        }
    }

    /// The error page of a status, with HAProxy's text; the status alone where there is no page.
    #[must_use]
    pub fn error(status: u16) -> Self {
        match error_page(status) {
            Some(page) => Self {
                headers: Cow::Borrowed(b"Cache-Control: no-cache\r\nContent-Type: text/html\r\n"),
                body: Cow::Borrowed(page.as_bytes()),
                closes: matches!(status, 400 | 408),
                ..Self::new(status)
            },
            None => Self::new(status),
        }
    }

    /// Adds a header line. Returns false, and adds nothing, where the name is not a token or the
    /// value holds a control character.
    pub fn add_header(&mut self, name: &[u8], value: &[u8]) -> bool {
        let fits = !name.is_empty()
            && name.iter().copied().all(crate::header::is_token_byte)
            && value.iter().copied().all(crate::header::is_value_byte);
        if fits {
            let lines = self.headers.to_mut();
            for part in [name, b": ", value, b"\r\n"] {
                lines.extend_from_slice(part);
            }
        }
        fits
    }

    /// Appends the whole response. `client` is the request's version, `persistent` whether the
    /// client's connection stays open, `head_only` whether the request was HEAD.
    pub fn encode_into(
        &self,
        out: &mut Vec<u8>,
        client: Version,
        persistent: bool,
        head_only: bool,
    ) {
        let length = self.body.len();
        let reason = reason_phrase(self.status);
        out.extend_from_slice(b"HTTP/1.1 ");
        push_number(usize::from(self.status), out);
        for part in [" ", reason, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        if !matches!(self.status, 100..=199 | 204) {
            out.extend_from_slice(b"Content-Length: ");
            push_number(length, out);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(&self.headers);
        if !persistent || self.closes {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if client == Version::Http10 {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        out.extend_from_slice(b"\r\n");
        if !head_only {
            out.extend_from_slice(&self.body);
        }
    }
}

/// Appends a decimal number.
fn push_number(number: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = number;
    loop {
        out.push(b'0' + u8::try_from(rest % 10).expect("a digit is below ten"));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out[start..].reverse();
}

/// The body of the page for a status that the proxy answers by itself, as HAProxy has it.
#[must_use]
pub const fn error_page(status: u16) -> Option<&'static str> {
    Some(match status {
        200 => "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n",
        400 => {
            "<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n"
        }
        401 => {
            "<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n"
        }
        403 => {
            "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n"
        }
        404 => {
            "<html><body><h1>404 Not Found</h1>\nThe resource could not be found.\n</body></html>\n"
        }
        405 => {
            "<html><body><h1>405 Method Not Allowed</h1>\nA request was made of a resource using a request method not supported by that resource.\n</body></html>\n"
        }
        407 => {
            "<html><body><h1>407 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n"
        }
        408 => {
            "<html><body><h1>408 Request Time-out</h1>\nYour browser didn't send a complete request in time.\n</body></html>\n"
        }
        410 => {
            "<html><body><h1>410 Gone</h1>\nThe resource is no longer available and will not be available again.\n</body></html>\n"
        }
        413 => {
            "<html><body><h1>413 Payload Too Large</h1>\nThe request entity exceeds the maximum allowed.\n</body></html>\n"
        }
        414 => {
            "<html><body><h1>414 URI Too Long</h1>\nThe URI provided was too long for the server to process.\n</body></html>\n"
        }
        421 => {
            "<html><body><h1>421 Misdirected Request</h1>\nRequest sent to a non-authoritative server.\n</body></html>\n"
        }
        422 => {
            "<html><body><h1>422 Unprocessable Content</h1>\nThe server cannot process the contained instructions.\n</body></html>\n"
        }
        425 => {
            "<html><body><h1>425 Too Early</h1>\nYour browser sent early data.\n</body></html>\n"
        }
        429 => {
            "<html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html>\n"
        }
        431 => {
            "<html><body><h1>431 Request Header Fields Too Large</h1>\nRequest Header Fields Too Large.\n</body></html>\n"
        }
        500 => {
            "<html><body><h1>500 Internal Server Error</h1>\nAn internal server error occurred.\n</body></html>\n"
        }
        501 => {
            "<html><body><h1>501 Not Implemented</h1>\nThe server does not support the functionality required to fulfill the request.\n</body></html>\n"
        }
        502 => {
            "<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n"
        }
        503 => {
            "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
        }
        504 => {
            "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n"
        }
        _ => return None,
    })
}

/// The usual reason of a status, HAProxy's spelling where it has its own.
#[must_use]
pub const fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Required",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_what_haproxy_says() {
        let mut out = Vec::new();
        Answer::error(400).encode_into(&mut out, Version::Http11, true, false);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "HTTP/1.1 400 Bad request\r\nContent-Length: 90\r\nCache-Control: no-cache\r\n\
             Content-Type: text/html\r\nConnection: close\r\n\r\n\
             <html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n\
             </body></html>\n"
        );
    }

    #[test]
    fn the_connection_line_follows_version_and_intent() {
        for (status, client, persistent, head_only, expected) in [
            (404, Version::Http11, true, true, ""),
            (404, Version::Http11, false, true, "Connection: close\r\n"),
            (
                404,
                Version::Http10,
                true,
                true,
                "Connection: keep-alive\r\n",
            ),
            (404, Version::Http10, false, true, "Connection: close\r\n"),
            (408, Version::Http11, true, true, "Connection: close\r\n"),
        ] {
            let mut out = Vec::new();
            Answer::error(status).encode_into(&mut out, client, persistent, head_only);
            let text = String::from_utf8(out).unwrap();
            let after = text.split_once("text/html\r\n").unwrap().1;
            assert_eq!(after, format!("{expected}\r\n"), "{status}");
        }
    }
}
