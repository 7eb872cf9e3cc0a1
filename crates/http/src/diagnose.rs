//! Why the parser stopped: names the first fault of a head that was refused, off the fast path.

use crate::Refusal;
use crate::header::{is_token_byte, is_value_byte};

/// What the first line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstLine {
    Request,
    Status,
}

/// The refusal for a head that the parser stopped in: the first line with a fault decides. The
/// last line may be unfinished, and its fault is then named from what came so far.
pub(crate) fn first_fault(text: &[u8], first: FirstLine) -> Refusal {
    let fallback = match first {
        FirstLine::Request => Refusal::InvalidRequestLine,
        FirstLine::Status => Refusal::InvalidStatusLine,
    };
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let (content, ended) = match line {
            [content @ .., b'\r', b'\n'] => (content, None),
            [content @ .., b'\n'] => (content, Some(Refusal::BareLineFeed)),
            [content @ .., b'\r'] => (content, None),
            content => (content, None),
        };
        let unfinished = !line.ends_with(b"\n");
        let fault = match (number, first) {
            (0, FirstLine::Request) => request_line(content, unfinished),
            (0, FirstLine::Status) => status_line(content, unfinished),
            _ => header_line(content, unfinished),
        };
        if let Some(refusal) = fault.or(ended) {
            return refusal;
        }
    }
    fallback
}

fn request_line(line: &[u8], unfinished: bool) -> Option<Refusal> {
    if line.contains(&b'\r') {
        return Some(Refusal::BareCarriageReturn);
    }
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or(b"");
    if method.is_empty() || !method.iter().copied().all(is_token_byte) {
        return Some(Refusal::InvalidMethod);
    }
    let Some(target) = words.next() else {
        return (!unfinished).then_some(Refusal::InvalidRequestLine);
    };
    if !target.iter().all(u8::is_ascii_graphic) {
        return Some(Refusal::InvalidTargetByte);
    }
    let Some(version) = words.next() else {
        return (!unfinished || target.is_empty()).then_some(Refusal::InvalidRequestLine);
    };
    if target.is_empty() || version.is_empty() || words.next().is_some() {
        return Some(Refusal::InvalidRequestLine);
    }
    version_word(version, unfinished, Refusal::InvalidRequestLine)
}

fn status_line(line: &[u8], unfinished: bool) -> Option<Refusal> {
    if line.contains(&b'\r') {
        return Some(Refusal::BareCarriageReturn);
    }
    let version = line.split(|byte| *byte == b' ').next().unwrap_or(b"");
    version_word(version, unfinished, Refusal::InvalidStatusLine)
        .or((!unfinished && !is_status_line(line)).then_some(Refusal::InvalidStatusLine))
}

fn is_status_line(line: &[u8]) -> bool {
    match line.get(8..) {
        Some([b' ', status @ ..]) => {
            status.len() >= 3
                && status[..3].iter().all(u8::is_ascii_digit)
                && status[3..].first().is_none_or(|byte| *byte == b' ')
                && status[3..].iter().copied().all(is_value_byte)
        }
        _ => false,
    }
}

fn version_word(word: &[u8], unfinished: bool, otherwise: Refusal) -> Option<Refusal> {
    match word {
        b"HTTP/1.0" | b"HTTP/1.1" => None,
        _ if unfinished && (b"HTTP/1.0".starts_with(word) || b"HTTP/1.1".starts_with(word)) => None,
        _ if word.starts_with(b"HTTP/") => Some(Refusal::UnsupportedVersion),
        _ => Some(otherwise),
    }
}

fn header_line(line: &[u8], unfinished: bool) -> Option<Refusal> {
    if line.is_empty() {
        return None;
    }
    if matches!(line[0], b' ' | b'\t') {
        return Some(Refusal::FoldedLine);
    }
    let colon = line.iter().position(|byte| *byte == b':');
    let (name, value) = match colon {
        Some(0) => return Some(Refusal::EmptyHeaderName),
        Some(colon) => (&line[..colon], &line[colon + 1..]),
        None => (line, &b""[..]),
    };
    if let Some(at) = name.iter().position(|byte| !is_token_byte(*byte)) {
        let rest = &name[at..];
        return Some(if rest.contains(&b'\r') && rest[0] == b'\r' {
            Refusal::BareCarriageReturn
        } else if rest.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            Refusal::SpaceBeforeColon
        } else {
            Refusal::InvalidHeaderName
        });
    }
    if colon.is_none() && !unfinished {
        return Some(Refusal::InvalidHeaderName);
    }
    match value.iter().find(|byte| !is_value_byte(**byte)) {
        Some(b'\r') => Some(Refusal::BareCarriageReturn),
        Some(_) => Some(Refusal::InvalidHeaderValue),
        None => None,
    }
}
