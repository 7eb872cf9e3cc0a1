//! Where a body ends.

use crate::{ChunkScanner, Refusal};

/// How the end of a body is found (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Body {
    /// There is none: the message ends with its head.
    #[default]
    None,
    /// So many bytes follow.
    Length(u64),
    /// Chunks follow, then trailers.
    Chunked,
    /// Everything until the server closes; responses only.
    UntilClose,
}

/// What [`BodyScanner::scan`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// How many of the bytes belong to the body, from the first.
    pub len: usize,
    /// Whether the body is complete with them. Always false for [`Body::UntilClose`].
    pub finished: bool,
}

/// Follows a body through the buffers it comes in, so that they are forwarded as they are.
#[derive(Debug, Clone)]
pub enum BodyScanner {
    /// So many bytes are still to come.
    Length(u64),
    /// Inside chunks or trailers.
    Chunked(ChunkScanner),
    /// Everything belongs to the body.
    UntilClose,
}

impl BodyScanner {
    /// Before the first byte of a body.
    #[must_use]
    pub fn new(body: Body) -> Self {
        match body {
            Body::None => Self::Length(0),
            Body::Length(len) => Self::Length(len),
            Body::Chunked => Self::Chunked(ChunkScanner::new()),
            Body::UntilClose => Self::UntilClose,
        }
    }

    /// Whether the body is complete.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_finished(),
            Self::UntilClose => false,
        }
    }

    /// Takes the next bytes that came in.
    ///
    /// # Errors
    /// The refusals of chunks and trailers; the connection cannot be used any more then.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<Scanned, Refusal> {
        let len = match self {
            Self::Length(left) => {
                let len = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= len as u64;
                len
            }
            Self::Chunked(chunks) => chunks.scan(bytes)?,
            Self::UntilClose => bytes.len(),
        };
        Ok(Scanned {
            len,
            finished: self.is_finished(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_body_ends_where_it_should() {
        for (body, bytes, len, finished) in [
            (Body::None, "abc", 0, true),
            (Body::Length(2), "abc", 2, true),
            (Body::Length(4), "abc", 3, false),
            (Body::Chunked, "1\r\na\r\n0\r\n\r\nGET", 11, true),
            (Body::Chunked, "1\r\na", 4, false),
            (Body::UntilClose, "abc", 3, false),
        ] {
            let mut scanner = BodyScanner::new(body);
            let found = scanner.scan(bytes.as_bytes());
            assert_eq!(found, Ok(Scanned { len, finished }), "{body:?} {bytes}");
            assert_eq!(scanner.is_finished(), finished);
        }
    }
}
