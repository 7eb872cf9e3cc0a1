//! TLS over a client's connection: the same two halves as a plain one, with rustls in between.
//!
//! ```text
//! kernel ──► Reader (ciphertext) ──► rustls ──► Input (plaintext) ──► the HTTP engine
//! kernel ◄── ciphertext in flight ◄── rustls ◄── TlsWriter::send ◄──┘
//! ```
//!
//! Both halves belong to one task. Either may push ciphertext out (an answer, or a message of the
//! protocol itself), so what is in flight belongs to neither of them but to the session.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use compio::buf::{BufResult, IntoInner, IoBuf};
use compio::driver::op::Send;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::input::Input;
use crate::policy::TlsFacts;
use crate::stream::{
    ByteSink, ByteSource, Peer, PlainPeer, Reader, SEND_FLAGS, SharedSocket, Transmitting,
};
use crate::timeouts::{Expiry, Timeouts};

/// Time for the handshake where `timeout client` sets none.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);

/// A connection with TLS.
pub(crate) type TlsPeer = Peer<TlsReader, TlsWriter>;

/// Makes the handshake; None where the client does not get through it.
pub(crate) async fn accept(
    peer: PlainPeer,
    config: &Arc<ServerConfig>,
    buffer_size: usize,
    limit: Option<Duration>,
) -> Option<(TlsPeer, TlsFacts)> {
    peer.deadline
        .set(Some(limit.unwrap_or(HANDSHAKE_TIME)), Expiry::Both);
    let PlainPeer {
        reader,
        writer,
        deadline,
    } = peer;
    let (socket, timeouts) = writer.into_parts();
    let session = Rc::new(Session {
        rustls: RefCell::new(ServerConnection::new(Arc::clone(config)).ok()?),
        sending: RefCell::new(Sending {
            in_flight: None,
            buffer: Vec::new(),
        }),
        socket,
        timeouts,
    });
    let mut reader = TlsReader {
        raw: reader,
        session: Rc::clone(&session),
        input: Input::new(buffer_size),
    };
    while session.rustls.borrow().is_handshaking() {
        reader.advance().await.ok().filter(|advanced| *advanced)?;
    }
    deadline.clear();
    let facts = {
        let rustls = session.rustls.borrow();
        TlsFacts {
            server_name: rustls.server_name().map(str::to_owned),
            version: match rustls.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "",
            },
        }
    };
    Some((
        Peer {
            reader,
            writer: TlsWriter { session },
            deadline,
        },
        facts,
    ))
}

/// What both halves share.
struct Session {
    rustls: RefCell<ServerConnection>,
    sending: RefCell<Sending>,
    socket: SharedSocket,
    timeouts: Rc<Timeouts>,
}

/// Ciphertext on its way out. Once begun a send stays begun, whoever waited for it.
struct Sending {
    in_flight: Option<(Transmitting, usize)>,
    buffer: Vec<u8>,
}

impl Session {
    /// Sends everything that rustls has to say.
    async fn flush(&self) -> io::Result<()> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sending = self.sending.borrow_mut();
        loop {
            if let Some((in_flight, start)) = &mut sending.in_flight {
                let BufResult(result, operation) = ready!(Pin::new(in_flight).poll(context));
                let mut next = *start;
                let buffer = operation.into_inner().into_inner();
                sending.in_flight = None;
                self.timeouts.tick();
                match result {
                    Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Ok(sent) => next += sent,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Poll::Ready(Err(error)),
                }
                if next < buffer.len() {
                    sending.in_flight = Some((self.begin(buffer, next), next));
                    continue;
                }
                sending.buffer = buffer;
            }
            let mut buffer = std::mem::take(&mut sending.buffer);
            buffer.clear();
            let mut rustls = self.rustls.borrow_mut();
            while rustls.wants_write() {
                rustls.write_tls(&mut buffer)?;
            }
            if buffer.is_empty() {
                sending.buffer = buffer;
                return Poll::Ready(Ok(()));
            }
            sending.in_flight = Some((self.begin(buffer, 0), 0));
        }
    }

    fn begin(&self, buffer: Vec<u8>, start: usize) -> Transmitting {
        let operation = Send::new(self.socket.clone(), buffer.slice(start..), SEND_FLAGS);
        compio::runtime::submit(operation)
    }
}

/// The reading half.
pub(crate) struct TlsReader {
    raw: Reader,
    session: Rc<Session>,
    input: Input,
}

impl TlsReader {
    /// Feeds rustls with ciphertext and lets it answer; false at the end of the stream.
    async fn advance(&mut self) -> io::Result<bool> {
        if self.raw.input().is_empty() && self.raw.fill().await? == 0 {
            return Ok(false);
        }
        let processed = {
            let mut rustls = self.session.rustls.borrow_mut();
            let mut bytes = self.raw.bytes();
            let before = bytes.len();
            rustls.read_tls(&mut bytes)?;
            let used = before - bytes.len();
            self.raw.input().consume(used);
            rustls.process_new_packets()
        };
        // An error is told to the client too (an alert), if it can be.
        let flushed = self.session.flush().await;
        processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        flushed.map(|()| true)
    }
}

impl ByteSource for TlsReader {
    fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    fn bytes(&self) -> &[u8] {
        self.input.bytes()
    }

    async fn fill(&mut self) -> io::Result<usize> {
        loop {
            let read = self
                .input
                .append_with(|free| self.session.rustls.borrow_mut().reader().read(free));
            match read {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            // Bodies say themselves where they end, so a missing close_notify harms nobody.
            if !self.advance().await? {
                return Ok(0);
            }
        }
    }
}

/// The writing half.
pub(crate) struct TlsWriter {
    session: Rc<Session>,
}

impl ByteSink for TlsWriter {
    async fn send(
        &mut self,
        bytes: Vec<u8>,
        mut start: usize,
        end: usize,
    ) -> (io::Result<()>, Vec<u8>) {
        while start < end {
            let written = self
                .session
                .rustls
                .borrow_mut()
                .writer()
                .write(&bytes[start..end]);
            match written {
                Ok(count) => start += count,
                Err(error) => return (Err(error), bytes),
            }
            if let Err(error) = self.session.flush().await {
                return (Err(error), bytes);
            }
        }
        (Ok(()), bytes)
    }

    async fn finish(&mut self) {
        self.session.rustls.borrow_mut().send_close_notify();
        // A client that is gone needs no goodbye.
        let _ = self.session.flush().await;
        let _ = self.session.socket.shutdown(Shutdown::Write);
    }
}
