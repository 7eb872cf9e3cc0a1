//! Messages over the socket of `keel cluster run`.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use cluster_api::{Answer, Frame, Request};

use crate::Group;

/// How much is read at once.
const READ_BYTES: usize = 256 * 1024;
/// Before what the group passes on stands who sent it.
const SENDER_BYTES: usize = 4;

/// A client that has joined.
pub struct Socket {
    stream: UnixStream,
    to_send: Vec<u8>,
    received: Vec<u8>,
}

impl Socket {
    /// Joins.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut stream = UnixStream::connect(path)?;
        stream.write_all(&Frame::json(&Request::Join).encode())?;
        let answer = cluster_api::read_frame(&mut stream)?;
        match answer.parse() {
            Ok(Answer::Done) => Ok(Self {
                stream,
                to_send: Vec::new(),
                received: Vec::new(),
            }),
            other => Err(io::Error::other(format!("it cannot join: {other:?}"))),
        }
    }
}

impl Group for Socket {
    fn send(&mut self, message: &[u8]) -> io::Result<bool> {
        let frame = Frame::Message(message.to_vec());
        self.to_send.extend(frame.encode());
        Ok(true)
    }

    fn receive(&mut self, _: usize, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.stream.write_all(&self.to_send)?;
        self.to_send.clear();
        let old = self.received.len();
        self.received.resize(old + READ_BYTES, 0);
        let count = self.stream.read(&mut self.received[old..])?;
        self.received.truncate(old + count);
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut from = 0;
        while let Some((frame, len)) =
            Frame::decode(&self.received[from..]).map_err(io::Error::other)?
        {
            from += len;
            if let Frame::Message(content) = frame {
                take(content.get(SENDER_BYTES..).unwrap_or_default());
            }
        }
        self.received.drain(..from);
        Ok(())
    }
}
