//! Chunked bodies for clients that know no chunks (HTTP/1.0).

/// Takes the data out of a chunked body, buffer by buffer. The body's form was checked by
/// `http1::BodyScanner` before; anything left over is ignored here.
#[derive(Debug, Default)]
pub(crate) struct Unchunk {
    state: State,
    /// The chunk's size while it is read, then how much of its data is still to come.
    left: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the digits of a size.
    #[default]
    Size,
    /// In what follows them, up to the line's end.
    SizeLine,
    /// In the data.
    Data,
    /// In the line's end after the data.
    DataEnd,
    /// After the last chunk.
    Trailers,
}

impl Unchunk {
    /// Appends the data among `bytes`.
    pub fn append_data(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let [byte, rest @ ..] = bytes {
            match self.state {
                State::Data => {
                    let len = usize::try_from(self.left)
                        .map_or(bytes.len(), |left| left.min(bytes.len()));
                    out.extend_from_slice(&bytes[..len]);
                    self.left -= len as u64;
                    if self.left == 0 {
                        self.state = State::DataEnd;
                    }
                    bytes = &bytes[len..];
                    continue;
                }
                State::Size => match char::from(*byte).to_digit(16) {
                    Some(digit) => self.left = self.left.wrapping_mul(16) + u64::from(digit),
                    None => {
                        self.state = State::SizeLine;
                        continue;
                    }
                },
                State::SizeLine if *byte == b'\n' => {
                    self.state = if self.left == 0 {
                        State::Trailers
                    } else {
                        State::Data
                    };
                }
                State::DataEnd if *byte == b'\n' => {
                    self.state = State::Size;
                }
                State::SizeLine | State::DataEnd => {}
                State::Trailers => return,
            }
            bytes = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_the_same_however_the_body_is_cut() {
        let body = b"5\r\nhello\r\n1;x=\"y\"\r\n,\r\n00A\r\n0123456789\r\n0\r\nT: x\r\n\r\n";
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let mut unchunk = Unchunk::default();
                let mut out = Vec::new();
                for part in [&body[..first], &body[first..second], &body[second..]] {
                    unchunk.append_data(part, &mut out);
                }
                assert_eq!(out, b"hello,0123456789");
            }
        }
    }
}
