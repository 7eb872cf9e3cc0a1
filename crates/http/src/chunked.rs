//! Chunked bodies (RFC 9112, 7.1): found, not decoded, so that they are forwarded as they came.

use crate::Refusal;
use crate::header::{is_token_byte, is_value_byte};

/// A chunk's size has at most so many digits: 60 bits, as HAProxy counts a chunk in 64 bits less
/// room for an overflow check.
pub const MAX_SIZE_DIGITS: u8 = 15;
/// Blanks and extensions after one chunk's size, in bytes; nobody uses them in earnest.
pub const MAX_EXTENSION_BYTES: u16 = 256;
/// All trailer lines together, in bytes; the default room for a head.
pub const MAX_TRAILER_BYTES: u16 = 15_360;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a chunk's size, this many digits read.
    Size {
        digits: u8,
    },
    /// After the size: blanks only, or an extension once a semicolon came.
    AfterSize {
        extension: bool,
    },
    /// The CR after size and extension came.
    SizeLineFeed,
    /// In the data; `left` counts it.
    Data,
    /// After the data.
    DataReturn,
    DataLineFeed,
    /// At the start of a line after the last chunk.
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLineFeed,
    /// The CR of the empty line came.
    LastLineFeed,
    Finished,
}

/// Follows a chunked body through the buffers it comes in.
///
/// Lines end in CR LF only; sizes, extensions and trailers are bounded.
#[derive(Debug, Clone)]
pub struct ChunkScanner {
    state: State,
    /// The size being read, then the data still to come, in bytes.
    left: u64,
    /// Bytes of the current extension or of all trailers.
    spent: u16,
}

impl Default for ChunkScanner {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkScanner {
    /// Before the first chunk.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Size { digits: 0 },
            left: 0,
            spent: 0,
        }
    }

    /// Whether the last chunk and the trailers are complete.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// Takes the next bytes that came in and returns how many belong to the body: all of them,
    /// unless it ends among them.
    ///
    /// # Errors
    /// [`Refusal::InvalidChunkSize`], [`Refusal::InvalidChunkExtension`],
    /// [`Refusal::InvalidChunkEnd`], [`Refusal::InvalidTrailer`], [`Refusal::BareLineFeed`].
    pub fn scan(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Finished {
            if self.state == State::Data {
                let rest = bytes.len() - at;
                let len = usize::try_from(self.left).map_or(rest, |left| left.min(rest));
                self.left -= len as u64;
                at += len;
                if self.left == 0 {
                    self.state = State::DataReturn;
                }
                continue;
            }
            self.state = self.step(bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8) -> Result<State, Refusal> {
        match (self.state, byte) {
            (State::Size { digits }, _) if byte.is_ascii_hexdigit() => {
                if digits == MAX_SIZE_DIGITS {
                    return Err(Refusal::InvalidChunkSize);
                }
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                self.left = self.left << 4 | u64::from(digit);
                Ok(State::Size { digits: digits + 1 })
            }
            (State::Size { digits: 0 }, _) => Err(Refusal::InvalidChunkSize),
            (State::Size { .. } | State::AfterSize { .. }, b'\r') => Ok(State::SizeLineFeed),
            (State::Size { .. } | State::AfterSize { .. }, b'\n') => Err(Refusal::BareLineFeed),
            (State::Size { .. } | State::AfterSize { extension: false }, b' ' | b'\t') => {
                self.spend(MAX_EXTENSION_BYTES, Refusal::InvalidChunkExtension)?;
                Ok(State::AfterSize { extension: false })
            }
            (State::Size { .. } | State::AfterSize { .. }, b';') => {
                self.spend(MAX_EXTENSION_BYTES, Refusal::InvalidChunkExtension)?;
                Ok(State::AfterSize { extension: true })
            }
            (State::AfterSize { extension: true }, _) if is_value_byte(byte) => {
                self.spend(MAX_EXTENSION_BYTES, Refusal::InvalidChunkExtension)?;
                Ok(State::AfterSize { extension: true })
            }
            (State::AfterSize { extension: true }, _) => Err(Refusal::InvalidChunkExtension),
            (State::Size { .. } | State::AfterSize { extension: false }, _) => {
                Err(Refusal::InvalidChunkSize)
            }
            (State::SizeLineFeed, b'\n') => {
                self.spent = 0;
                Ok(if self.left == 0 {
                    State::TrailerStart
                } else {
                    State::Data
                })
            }
            (State::SizeLineFeed, _) => Err(Refusal::BareCarriageReturn),
            (State::DataReturn, b'\r') => Ok(State::DataLineFeed),
            (State::DataLineFeed, b'\n') => Ok(State::Size { digits: 0 }),
            (State::DataReturn | State::DataLineFeed, _) => Err(Refusal::InvalidChunkEnd),
            (State::LastLineFeed, b'\n') => Ok(State::Finished),
            (State::TrailerStart, b'\r') => Ok(State::LastLineFeed),
            (state, _) => {
                self.spend(MAX_TRAILER_BYTES, Refusal::InvalidTrailer)?;
                trailer(state, byte).ok_or(Refusal::InvalidTrailer)
            }
        }
    }

    fn spend(&mut self, limit: u16, refusal: Refusal) -> Result<(), Refusal> {
        if self.spent == limit {
            return Err(refusal);
        }
        self.spent += 1;
        Ok(())
    }
}

fn trailer(state: State, byte: u8) -> Option<State> {
    match (state, byte) {
        (State::TrailerName, b':') => Some(State::TrailerValue),
        (State::TrailerStart | State::TrailerName, _) => {
            is_token_byte(byte).then_some(State::TrailerName)
        }
        (State::TrailerValue, b'\r') => Some(State::TrailerLineFeed),
        (State::TrailerValue, _) => is_value_byte(byte).then_some(State::TrailerValue),
        (State::TrailerLineFeed, b'\n') => Some(State::TrailerStart),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pieces: &[&[u8]]) -> Result<(usize, bool), Refusal> {
        let mut scanner = ChunkScanner::new();
        let mut total = 0;
        for piece in pieces {
            total += scanner.scan(piece)?;
        }
        Ok((total, scanner.is_finished()))
    }

    #[test]
    fn a_body_ends_at_its_own_end_however_it_is_cut() {
        for (text, len, finished) in [
            ("0\r\n\r\n", 5, true),
            ("5\r\nhello\r\n0\r\n\r\nrest", 15, true),
            ("A\r\n0123456789\r\n00\r\n\r\n", 21, true),
            ("1;a=b;c=\"d\"\r\nx\r\n0\r\n\r\n", 21, true),
            ("1 \t\r\nx\r\n0 ;e\r\n\r\n", 16, true),
            ("0\r\nX-T: 1\r\nY:\r\n\r\nrest", 17, true),
            ("5\r\nhel", 6, false),
            ("", 0, false),
        ] {
            let bytes = text.as_bytes();
            for cut in 0..=bytes.len() {
                let (first, second) = bytes.split_at(cut);
                assert_eq!(
                    scan(&[first, second]),
                    Ok((len, finished)),
                    "{text:?} {cut}"
                );
            }
        }
    }

    #[test]
    fn lax_chunks_are_refused() {
        for (text, refusal) in [
            ("\r\n", Refusal::InvalidChunkSize),
            (" 5\r\n", Refusal::InvalidChunkSize),
            ("-1\r\n", Refusal::InvalidChunkSize),
            ("0x5\r\n", Refusal::InvalidChunkSize),
            ("5 5\r\n", Refusal::InvalidChunkSize),
            ("1234567890abcdef\r\n", Refusal::InvalidChunkSize),
            ("5\nhello", Refusal::BareLineFeed),
            ("5;a\nhello", Refusal::BareLineFeed),
            ("5\rhello", Refusal::BareCarriageReturn),
            ("5;\x01\r\n", Refusal::InvalidChunkExtension),
            ("5\r\nhelloX", Refusal::InvalidChunkEnd),
            ("5\r\nhello\n", Refusal::InvalidChunkEnd),
            ("5\r\nhello\rX", Refusal::InvalidChunkEnd),
            ("0\r\n\n", Refusal::InvalidTrailer),
            ("0\r\n\rX", Refusal::InvalidTrailer),
            ("0\r\n X: 1\r\n", Refusal::InvalidTrailer),
            ("0\r\nX : 1\r\n", Refusal::InvalidTrailer),
            ("0\r\nX: 1\n", Refusal::InvalidTrailer),
            ("0\r\nX: \0\r\n", Refusal::InvalidTrailer),
        ] {
            assert_eq!(scan(&[text.as_bytes()]), Err(refusal), "{text:?}");
        }
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let extension = |len: u16| format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(usize::from(len)));
        assert!(scan(&[extension(MAX_EXTENSION_BYTES - 1).as_bytes()]).is_ok());
        assert_eq!(
            scan(&[extension(MAX_EXTENSION_BYTES).as_bytes()]),
            Err(Refusal::InvalidChunkExtension)
        );
        let trailer = |len: u16| format!("0\r\nX:{}\r\n\r\n", "v".repeat(usize::from(len) - 4));
        assert!(scan(&[trailer(MAX_TRAILER_BYTES).as_bytes()]).is_ok());
        assert_eq!(
            scan(&[trailer(MAX_TRAILER_BYTES + 1).as_bytes()]),
            Err(Refusal::InvalidTrailer)
        );
        let digits = usize::from(MAX_SIZE_DIGITS);
        assert!(scan(&[format!("{}\r\n", "f".repeat(digits)).as_bytes()]).is_ok());
        assert!(scan(&[format!("{}\r\n", "f".repeat(digits + 1)).as_bytes()]).is_err());
    }

    #[test]
    fn chunks_of_any_size_are_scanned() {
        for len in [1_usize, 15, 16, 255, 256, 70_000] {
            let text = format!("{len:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(len));
            assert_eq!(scan(&[text.as_bytes()]), Ok((text.len(), true)));
        }
    }
}
