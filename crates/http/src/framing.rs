//! Content-Length and Transfer-Encoding while a head is read (RFC 9112, 6).

use crate::header::{tokens, trim};
use crate::{Body, Refusal};

/// What the lines seen so far say about the body.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Framing {
    length: Option<u64>,
    encoding: Option<Encoding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// Codings were named, `chunked` not yet.
    Open { unknown: bool },
    /// `chunked` was the last.
    Chunked { unknown: bool },
}

/// What a repeated Content-Length does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// The line is the first.
    No,
    /// The line says the same as one before.
    Same,
}

impl Framing {
    /// Takes the value of a Content-Length line.
    pub(crate) fn content_length(&mut self, value: &[u8]) -> Result<Repeated, Refusal> {
        let length = decimal(value).ok_or(Refusal::InvalidLength)?;
        match self.length.replace(length) {
            None => Ok(Repeated::No),
            Some(other) if other == length => Ok(Repeated::Same),
            Some(_) => Err(Refusal::RepeatedLength),
        }
    }

    /// Takes the value of a Transfer-Encoding line.
    pub(crate) fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let mut encoding = self.encoding.unwrap_or(Encoding::Open { unknown: false });
        let mut named = false;
        for coding in tokens(value) {
            named = true;
            encoding = match encoding {
                Encoding::Chunked { .. } => return Err(Refusal::InvalidEncoding),
                Encoding::Open { unknown } if coding.eq_ignore_ascii_case(b"chunked") => {
                    Encoding::Chunked { unknown }
                }
                Encoding::Open { .. } => Encoding::Open { unknown: true },
            };
        }
        if !named || trim(value).ends_with(b",") {
            return Err(Refusal::InvalidEncoding);
        }
        self.encoding = Some(encoding);
        Ok(())
    }

    /// Whether both were seen.
    pub(crate) fn is_contradictory(&self) -> bool {
        self.length.is_some() && self.encoding.is_some()
    }

    /// Whether Transfer-Encoding was seen.
    pub(crate) fn has_encoding(&self) -> bool {
        self.encoding.is_some()
    }

    /// How the body ends, with Transfer-Encoding over Content-Length; none where neither was seen.
    pub(crate) fn body(&self) -> Result<Option<Body>, Refusal> {
        match (self.encoding, self.length) {
            (Some(Encoding::Chunked { unknown: false }), _) => Ok(Some(Body::Chunked)),
            (Some(Encoding::Chunked { unknown: true }), _) => Err(Refusal::UnsupportedEncoding),
            (Some(Encoding::Open { .. }), _) => Err(Refusal::InvalidEncoding),
            (None, Some(length)) => Ok(Some(Body::Length(length))),
            (None, None) => Ok(None),
        }
    }
}

/// Below 2^63, so that sums of two never overflow.
const MAX_LENGTH: u64 = i64::MAX as u64;

fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value
        .iter()
        .try_fold(0_u64, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            sum.checked_mul(10)?.checked_add(digit)
        })
        .filter(|length| *length <= MAX_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_plain_decimal_numbers() {
        for (value, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("9223372036854775807", Some(MAX_LENGTH)),
            ("9223372036854775808", None),
            ("99999999999999999999999", None),
            ("", None),
            ("+5", None),
            ("-5", None),
            ("5,5", None),
            ("5 5", None),
            ("0x5", None),
        ] {
            assert_eq!(decimal(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn encodings_end_in_exactly_one_chunked() {
        for (values, expected) in [
            (vec!["chunked"], Ok(Some(Body::Chunked))),
            (vec!["Chunked"], Ok(Some(Body::Chunked))),
            (vec!["chunked, chunked"], Err(Refusal::InvalidEncoding)),
            (vec!["chunked", "chunked"], Err(Refusal::InvalidEncoding)),
            (vec!["chunked, gzip"], Err(Refusal::InvalidEncoding)),
            (
                vec!["chunked, gzip, chunked"],
                Err(Refusal::InvalidEncoding),
            ),
            (vec!["gzip"], Err(Refusal::InvalidEncoding)),
            (vec!["chunked;q=1"], Err(Refusal::InvalidEncoding)),
            (vec!["chunked,"], Err(Refusal::InvalidEncoding)),
            (vec![""], Err(Refusal::InvalidEncoding)),
            (vec!["gzip, chunked"], Err(Refusal::UnsupportedEncoding)),
            (vec!["gzip", "chunked"], Err(Refusal::UnsupportedEncoding)),
            (vec![], Ok(None)),
        ] {
            let mut framing = Framing::default();
            let found = values
                .iter()
                .try_for_each(|value| framing.transfer_encoding(value.as_bytes()))
                .and_then(|()| framing.body());
            assert_eq!(found, expected, "{values:?}");
        }
    }
}
