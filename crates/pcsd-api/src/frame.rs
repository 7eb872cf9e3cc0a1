//! Frames: a length and JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest frame: a configuration of the greatest size, keys, and every known host.
pub const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

/// The longest frame from somebody who has not shown a token: a password, or a token with a request.
pub const MAX_GREETING_BYTES: usize = 64 * 1024;

/// The length of a frame's length.
const HEADER_BYTES: usize = 4;

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than is allowed.
    #[error("a frame of {len_bytes} bytes is longer than {max_bytes}")]
    TooLong {
        /// What was announced.
        len_bytes: usize,
        /// What is allowed.
        max_bytes: usize,
    },
    /// Something else than what is expected.
    #[error("it is not understood: {0}")]
    Json(#[from] serde_json::Error),
}

/// A value as the bytes of a frame.
///
/// # Errors
/// Where it would be longer than [`MAX_FRAME_BYTES`].
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; HEADER_BYTES];
    serde_json::to_writer(&mut bytes, value)?;
    let len_bytes = bytes.len() - HEADER_BYTES;
    match u32::try_from(len_bytes) {
        Ok(len) if len_bytes <= MAX_FRAME_BYTES => {
            bytes[..HEADER_BYTES].copy_from_slice(&len.to_le_bytes());
            Ok(bytes)
        }
        _ => Err(FrameError::TooLong {
            len_bytes,
            max_bytes: MAX_FRAME_BYTES,
        }),
    }
}

/// How many bytes follow a frame's first four.
///
/// # Errors
/// Where that is more than `max_bytes`; nothing that follows can be understood then.
pub fn length(header: [u8; HEADER_BYTES], max_bytes: usize) -> Result<usize, FrameError> {
    let len_bytes = u32::from_le_bytes(header) as usize;
    if len_bytes > max_bytes {
        return Err(FrameError::TooLong {
            len_bytes,
            max_bytes,
        });
    }
    Ok(len_bytes)
}

/// What the bytes behind a frame's length say.
///
/// # Errors
/// Where they say something else than a `T`.
pub fn decode<T: DeserializeOwned>(content: &[u8]) -> Result<T, FrameError> {
    Ok(serde_json::from_slice(content)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Call, Request, Secret};

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let call = Call {
            token: Some(Secret::new("ü")),
            request: Request::Stop,
        };
        let bytes = encode(&call).unwrap();
        let (header, content) = bytes.split_first_chunk().unwrap();
        assert_eq!(length(*header, MAX_FRAME_BYTES).unwrap(), content.len());
        assert_eq!(decode::<Call>(content).unwrap(), call);
        assert!(decode::<Call>(&content[1..]).is_err());
        assert!(decode::<Call>(br#"{"request":"stop","tokn":"x"}"#).is_err());
    }

    #[test]
    fn the_limit_holds_on_both_sides() {
        let header = |len: usize| u32::try_from(len).unwrap().to_le_bytes();
        assert!(length(header(MAX_GREETING_BYTES), MAX_GREETING_BYTES).is_ok());
        assert!(length(header(MAX_GREETING_BYTES + 1), MAX_GREETING_BYTES).is_err());
        // Two quotes around the text.
        let text = "x".repeat(MAX_FRAME_BYTES - 2);
        assert!(encode(&text).is_ok());
        assert!(encode(&format!("{text}x")).is_err());
    }
}
