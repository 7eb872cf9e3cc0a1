//! Bytes to text: in which encoding is a document?
//!
//! As XML 1.0 has it (appendix F): a byte order mark decides, failing that the declaration, failing
//! that it is UTF-8. Understood are UTF-8, UTF-16, ISO 8859-1 and ASCII.

use std::borrow::Cow;

/// Why bytes are not the text of an XML document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are not what the encoding allows.
    #[error("byte {at} is not {encoding}")]
    Malformed {
        /// The name of the encoding.
        encoding: &'static str,
        /// How many bytes come before it, a byte order mark not counted.
        at: usize,
    },
    /// The encoding is not one that is understood.
    #[error("encoding \"{0}\" is not supported")]
    Unsupported(String),
}

/// The text that `bytes` stand for, without a byte order mark.
///
/// # Errors
/// Bytes that their encoding does not allow, and encodings that are not understood.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0, b'<', 0, b'?', ..] => utf16(bytes, u16::from_be_bytes).map(Cow::Owned),
        [b'<', 0, b'?', 0, ..] => utf16(bytes, u16::from_le_bytes).map(Cow::Owned),
        _ => match declared(bytes).to_ascii_lowercase().as_str() {
            "" | "utf-8" | "utf8" => utf8(bytes),
            "us-ascii" | "ascii" => ascii(bytes),
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" => Ok(latin1(bytes)),
            // Not so: its first characters would not be readable as they are.
            "utf-16" | "utf16" => Err(DecodeError::Malformed {
                encoding: "UTF-16",
                at: 0,
            }),
            name => Err(DecodeError::Unsupported(name.to_owned())),
        },
    }
}

/// The encoding that the declaration names; nothing if there is none.
fn declared(bytes: &[u8]) -> &str {
    const LONGEST_DECLARATION: usize = 256;
    let start = &bytes[..bytes.len().min(LONGEST_DECLARATION)];
    let ascii = start
        .split(|byte| !byte.is_ascii())
        .next()
        .unwrap_or_default();
    let text = std::str::from_utf8(ascii).unwrap_or_default();
    let declaration = text
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"));
    let value = declaration.and_then(|(declaration, _)| {
        let (_, value) = declaration.split_once("encoding")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        let quote = value
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))?;
        value[1..].split(quote).next()
    });
    value.unwrap_or_default()
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| DecodeError::Malformed {
            encoding: "UTF-8",
            at: error.valid_up_to(),
        })
}

fn ascii(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    match bytes.iter().position(|byte| !byte.is_ascii()) {
        Some(at) => Err(DecodeError::Malformed {
            encoding: "ASCII",
            at,
        }),
        None => utf8(bytes),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DecodeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for (index, decoded) in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))).enumerate() {
        text.push(decoded.map_err(|_| DecodeError::Malformed {
            encoding: "UTF-16",
            at: 2 * index,
        })?);
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(DecodeError::Malformed {
            encoding: "UTF-16",
            at: bytes.len() - 1,
        })
    }
}

/// Every byte stands for the character of that number.
fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn the_encoding_is_found() {
        let check = |bytes: &[u8], expected: Result<&str, &str>| {
            let decoded = decode(bytes).map_err(|error| error.to_string());
            let decoded = decoded.as_deref().map_err(String::as_str);
            assert_eq!(decoded, expected, "{bytes:?}");
        };
        check("<a b='ü'/>".as_bytes(), Ok("<a b='ü'/>"));
        check("\u{feff}<a/>".as_bytes(), Ok("<a/>"));
        check(b"<a b='\xfc'/>", Err("byte 6 is not UTF-8"));
        let declared = "<?xml encoding='utf-16'?><ü/>";
        check(&utf16(declared, u16::to_le_bytes), Ok(declared));
        check(declared.as_bytes(), Err("byte 0 is not UTF-16"));
        check(&utf16("\u{feff}<ü/>", u16::to_be_bytes), Ok("<ü/>"));
        check(b"\xff\xfe<\0\0\xd8", Err("byte 2 is not UTF-16"));
        check(b"\xff\xfe<\0/", Err("byte 2 is not UTF-16"));
        check(
            b"<?xml encoding = 'ISO-8859-1'?><a b='\xfc'/>",
            Ok("<?xml encoding = 'ISO-8859-1'?><a b='ü'/>"),
        );
        check(
            b"<?xml encoding=\"us-ascii\"?><a b='\xfc'/>",
            Err("byte 33 is not ASCII"),
        );
        check(
            b"<?xml encoding='KOI8-R'?><a/>",
            Err("encoding \"koi8-r\" is not supported"),
        );
        check(b"", Ok(""));
    }
}
