//! The rest of a request's body, from the client to the server, while the response may already be
//! on its way.

use std::time::Duration;

use http1::{BodyScanner, Refusal};

use crate::stream::{ByteSink, ByteSource, Writer};
use crate::timeouts::{Deadline, Expiry};

/// A body on its way to a server.
pub(crate) struct Upload<'a, R> {
    /// From the client.
    pub reader: &'a mut R,
    /// The client's deadline.
    pub client_deadline: &'a Deadline,
    /// `timeout client`.
    pub client_limit: Option<Duration>,
    /// To the server.
    pub writer: &'a mut Writer,
    /// The server's deadline.
    pub server_deadline: &'a Deadline,
    /// `timeout server`.
    pub server_limit: Option<Duration>,
    /// Follows the body.
    pub scanner: &'a mut BodyScanner,
    /// Bytes moved so far.
    pub moved: u64,
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadEnd {
    /// The whole body is sent.
    Finished,
    /// The client ended in the middle.
    ClientGone,
    /// The client sent nothing for too long.
    ClientTimedOut,
    /// The server takes no more; it may still answer.
    ServerGone,
    /// The body is none.
    Refused(Refusal),
}

impl<R: ByteSource> Upload<'_, R> {
    /// Moves the body to its end.
    pub async fn run(&mut self) -> UploadEnd {
        while !self.scanner.is_finished() {
            if self.reader.input().is_empty() {
                self.client_deadline.set(self.client_limit, Expiry::Read);
                match self.reader.fill().await {
                    Ok(1..) => {}
                    Ok(_) | Err(_) if self.client_deadline.has_expired() => {
                        return UploadEnd::ClientTimedOut;
                    }
                    Ok(_) | Err(_) => return UploadEnd::ClientGone,
                }
            }
            let scanned = match self.scanner.scan(self.reader.bytes()) {
                Ok(scanned) => scanned,
                Err(refusal) => return UploadEnd::Refused(refusal),
            };
            let (bytes, start, end) = self.reader.input().take_front(scanned.len);
            // What the client sends shows that the exchange is alive.
            self.server_deadline.set(self.server_limit, Expiry::Both);
            let (sent, bytes) = self.writer.send(bytes, start, end).await;
            self.reader.input().give_back(bytes);
            self.reader.input().consume(scanned.len);
            if sent.is_err() {
                return UploadEnd::ServerGone;
            }
            self.moved += scanned.len as u64;
        }
        self.client_deadline.clear();
        UploadEnd::Finished
    }
}
