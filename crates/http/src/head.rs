//! What the heads of requests and responses have in common: how far they reach, and their lines.

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::diagnose::{FirstLine, first_fault};
use crate::headers::Piece;
use crate::{Refusal, Version};

/// How large a head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, the empty line included: `tune.bufsize` less `tune.maxrewrite`.
    pub head_bytes: usize,
    /// Header lines: `tune.http.maxhdr`.
    pub header_lines: usize,
}

impl Default for Limits {
    /// HAProxy's: 16384 less 1024 bytes, 101 lines.
    fn default() -> Self {
        Self {
            head_bytes: 16_384 - 1024,
            header_lines: 101,
        }
    }
}

/// How far a parse came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// The head ends after `len` bytes (empty lines before it included); the body starts there.
    Complete {
        /// Bytes from the start of the buffer.
        len: usize,
    },
    /// Nothing wrong so far, but the empty line is still to come. Parse again, from the start,
    /// with more bytes.
    Partial,
}

/// Why a head was not taken.
pub(crate) enum Stop {
    /// The parser's word, which does not say where.
    Parser(httparse::Error),
    /// What was parsed is refused.
    Refused(Refusal),
}

impl From<httparse::Error> for Stop {
    fn from(error: httparse::Error) -> Self {
        Self::Parser(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Reads a head from the start of `original`, after empty lines (RFC 9112, 2.2). `take` gets where
/// its first line starts, the text from there on, and room for the header lines; it answers how
/// long the head is. Inlined: a twentieth of the time that a head costs (`--example head_speed`).
#[inline(always)]
pub(crate) fn read<'b>(
    original: &'b [u8],
    limits: &Limits,
    first: FirstLine,
    take: impl FnOnce(
        usize,
        &'b [u8],
        &mut [MaybeUninit<httparse::Header<'b>>],
    ) -> Result<httparse::Status<usize>, Stop>,
) -> Result<Parsed, Refusal> {
    let allowed = &original[..original.len().min(limits.head_bytes)];
    let partial = || {
        if original.len() >= limits.head_bytes {
            Err(Refusal::HeadTooLarge {
                limit: limits.head_bytes,
            })
        } else {
            Ok(Parsed::Partial)
        }
    };
    let Some(start) = first_line(allowed)? else {
        return partial();
    };
    let text = &allowed[start..];
    with_slots(limits.header_lines, |slots| {
        match take(start, text, slots) {
            Ok(httparse::Status::Complete(len)) => Ok(Parsed::Complete { len: start + len }),
            Ok(httparse::Status::Partial) => partial(),
            Err(Stop::Parser(httparse::Error::TooManyHeaders)) => Err(Refusal::TooManyHeaders {
                limit: limits.header_lines,
            }),
            Err(Stop::Parser(_)) => Err(first_fault(text, first)),
            Err(Stop::Refused(refusal)) => Err(refusal),
        }
    })
}

/// Where the first line starts after empty ones; none where there are only empty ones yet.
fn first_line(text: &[u8]) -> Result<Option<usize>, Refusal> {
    let mut start = 0;
    loop {
        match &text[start..] {
            [] | [b'\r'] => return Ok(None),
            [b'\r', b'\n', ..] => start += 2,
            [b'\r', ..] => return Err(Refusal::BareCarriageReturn),
            [b'\n', ..] => return Err(Refusal::BareLineFeed),
            _ => return Ok(Some(start)),
        }
    }
}

/// The parser accepts LF alone; a head has CR LF before each header line and twice at its end.
pub(crate) fn check_line_ends(
    original: &[u8],
    head: Range<usize>,
    headers: &[httparse::Header<'_>],
) -> Result<(), Refusal> {
    let ends_with = |end: usize, bytes: &[u8]| {
        original
            .get(head.start..end)
            .is_some_and(|text| text.ends_with(bytes))
    };
    let clean = ends_with(head.end, b"\r\n\r\n")
        && headers
            .iter()
            .all(|header| ends_with(offset(original, header.name.as_bytes()), b"\r\n"));
    clean.then_some(()).ok_or(Refusal::BareLineFeed)
}

/// Most header lines for which the parser's room is on the stack.
const STACK_SLOTS: usize = 128;

#[inline(always)]
fn with_slots<'b, R>(
    lines: usize,
    parse: impl FnOnce(&mut [MaybeUninit<httparse::Header<'b>>]) -> R,
) -> R {
    if lines <= STACK_SLOTS {
        let mut slots = [const { MaybeUninit::uninit() }; STACK_SLOTS];
        parse(&mut slots[..lines])
    } else {
        let mut slots: Vec<_> = std::iter::repeat_with(MaybeUninit::uninit)
            .take(lines)
            .collect();
        parse(&mut slots)
    }
}

pub(crate) fn version(minor: Option<u8>) -> Version {
    match minor {
        Some(0) => Version::Http10,
        _ => Version::Http11,
    }
}

/// Where a slice that the parser returned lies in the buffer. The parser's empty slices may lie
/// elsewhere; they count as lying at its start.
fn offset(original: &[u8], part: &[u8]) -> usize {
    let at = (part.as_ptr() as usize).wrapping_sub(original.as_ptr() as usize);
    if at <= original.len() { at } else { 0 }
}

pub(crate) fn piece(original: &[u8], part: &[u8]) -> Piece {
    Piece::original(offset(original, part), part.len())
}
