//! Frames on the socket.

use std::io::{self, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest frame: a CIB of the greatest size that is replicated, with room for escapes.
pub const MAX_FRAME_BYTES: usize = 160 * 1024 * 1024;

/// Length and kind.
const HEADER_BYTES: usize = 5;

/// What a client and the daemon send each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A request, answer or event.
    Json(Vec<u8>),
    /// A message of the group: from a client to be ordered, to a client as delivered.
    Message(Vec<u8>),
}

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Beyond [`MAX_FRAME_BYTES`].
    #[error("a frame of {0} bytes is longer than {MAX_FRAME_BYTES}")]
    TooLong(usize),
    /// Neither JSON nor a message.
    #[error("frames of kind {0} are not known")]
    Kind(u8),
    /// JSON that does not say what is expected.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A message where an answer was expected, or the other way round.
    #[error("a frame of another kind was expected")]
    Unexpected,
}

impl Frame {
    /// A value as JSON.
    #[must_use]
    pub fn json<T: Serialize>(value: &T) -> Self {
        Self::Json(serde_json::to_vec(value).expect("keys are strings"))
    }

    /// The bytes on the socket.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, content) = match self {
            Frame::Json(content) => (0, content),
            Frame::Message(content) => (1, content),
        };
        let mut bytes = Vec::with_capacity(HEADER_BYTES + content.len());
        let len = u32::try_from(content.len()).expect("frames are limited");
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(content);
        bytes
    }

    /// The frame at the beginning of `bytes` and how many bytes it takes, or nothing where it has not
    /// come as a whole.
    ///
    /// # Errors
    /// Where the bytes are no frame; nothing that follows can be understood then.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let (len, kind) = split_header(*header)?;
        let Some(content) = rest.get(..len) else {
            return Ok(None);
        };
        Ok(Some((
            Self::of(kind, content.to_vec())?,
            HEADER_BYTES + len,
        )))
    }

    fn of(kind: u8, content: Vec<u8>) -> Result<Self, FrameError> {
        match kind {
            0 => Ok(Frame::Json(content)),
            1 => Ok(Frame::Message(content)),
            kind => Err(FrameError::Kind(kind)),
        }
    }

    /// What the JSON says.
    ///
    /// # Errors
    /// Where it says something else than a `T`, or the frame is a message.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        match self {
            Frame::Json(content) => Ok(serde_json::from_slice(content)?),
            Frame::Message(_) => Err(FrameError::Unexpected),
        }
    }
}

fn split_header(header: [u8; HEADER_BYTES]) -> Result<(usize, u8), FrameError> {
    let [a, b, c, d, kind] = header;
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    if len > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong(len));
    }
    Ok((len, kind))
}

/// Reads one frame, waiting for it.
///
/// # Errors
/// Where the other side has gone, or sends no frames.
pub fn read_frame(from: &mut impl Read) -> io::Result<Frame> {
    let mut header = [0; HEADER_BYTES];
    from.read_exact(&mut header)?;
    let (len, kind) = split_header(header).map_err(io::Error::other)?;
    // What is announced and never comes must not be paid for.
    let mut content = Vec::new();
    from.take(len as u64).read_to_end(&mut content)?;
    if content.len() < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Frame::of(kind, content).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_socket() {
        for frame in [
            Frame::json(&vec!["a", "ü"]),
            Frame::Message(vec![0, 255]),
            Frame::Message(vec![]),
        ] {
            let bytes = frame.encode();
            let (read, len) = Frame::decode(&bytes)
                .expect("it is a frame")
                .expect("it is whole");
            assert_eq!((&read, len), (&frame, bytes.len()));
            assert_eq!(read_frame(&mut &bytes[..]).expect("it is whole"), frame);
            for cut in 0..bytes.len() {
                assert!(matches!(Frame::decode(&bytes[..cut]), Ok(None)));
                assert!(read_frame(&mut &bytes[..cut]).is_err());
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let too_long = u32::try_from(MAX_FRAME_BYTES + 1)
            .expect("it fits")
            .to_le_bytes();
        let mut bytes = too_long.to_vec();
        bytes.push(0);
        assert!(matches!(Frame::decode(&bytes), Err(FrameError::TooLong(_))));
        assert!(matches!(
            Frame::decode(&[0, 0, 0, 0, 7]),
            Err(FrameError::Kind(7))
        ));
    }
}
