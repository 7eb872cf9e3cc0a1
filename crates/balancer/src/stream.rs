//! A connected socket as the data plane uses it: a buffered reading half, a writing half, and the
//! deadline that ends a wait of either.
//!
//! ```text
//! kernel ──recv──► Reader ── Input (bytes not yet used) ──► http1, or straight to a Writer
//! kernel ◄──send── Writer ◄── ranges of any buffer, given and returned
//! ```
//!
//! A read, once begun, stays begun: dropping the future of [`Reader::fill`] leaves it with the
//! reader, so that no byte is lost when something else was ready first.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use compio::buf::{BufResult, IntoInner, IoBuf, Slice};
use compio::driver::op::{Connect, Recv, RecvFlags, Send, SendFlags};
use compio::driver::{Extra, PollFirst, SharedFd};
use compio::runtime::{Attacher, Submit};
use socket2::{SockAddr, Socket};

use crate::input::Input;
use crate::timeouts::{Deadline, DeadlineGuard, Timeouts};

/// A socket that operations in flight share.
pub(crate) type SharedSocket = SharedFd<Socket>;

/// Where plaintext bytes come from: a socket, or TLS over one.
pub(crate) trait ByteSource {
    /// What was received and not used yet. Empty while a read is in flight.
    fn input(&mut self) -> &mut Input;

    /// The bytes of the input.
    fn bytes(&self) -> &[u8];

    /// Waits for more bytes; 0 is the end of the stream. Nothing is lost when the future is
    /// dropped.
    async fn fill(&mut self) -> io::Result<usize>;
}

/// Where plaintext bytes go.
pub(crate) trait ByteSink {
    /// Sends all of a range of a buffer, and gives the buffer back.
    async fn send(&mut self, bytes: Vec<u8>, start: usize, end: usize)
    -> (io::Result<()>, Vec<u8>);

    /// Says that nothing more will be sent.
    async fn finish(&mut self);
}

/// Both halves of a connection and what is known of it.
pub(crate) struct Peer<R, W> {
    /// From there.
    pub reader: R,
    /// To there.
    pub writer: W,
    /// Ends a wait.
    pub deadline: DeadlineGuard,
}

/// A connection without TLS.
pub(crate) type PlainPeer = Peer<Reader, Writer>;

impl PlainPeer {
    /// Takes over a connected socket.
    pub fn new(socket: Socket, buffer_size: usize, timeouts: &Rc<Timeouts>) -> io::Result<Self> {
        let socket = Attacher::new(socket)?.into_inner();
        let deadline = Deadline::register(timeouts, socket.clone());
        Ok(Self {
            reader: Reader::new(socket.clone(), buffer_size, timeouts),
            writer: Writer {
                socket,
                timeouts: Rc::clone(timeouts),
            },
            deadline,
        })
    }

    /// The socket itself, for its options.
    pub fn socket(&self) -> &Socket {
        &self.writer.socket
    }
}

/// A read in flight, with the memory it reads into.
type Receiving = Submit<Recv<Slice<Vec<u8>>, SharedSocket>, Extra>;

/// A send in flight, with the memory it sends from.
pub(crate) type Transmitting = Submit<Send<Slice<Vec<u8>>, SharedSocket>>;

/// The reading half of a socket.
pub(crate) struct Reader {
    socket: SharedSocket,
    input: Input,
    in_flight: Option<Receiving>,
    /// The last read left nothing behind: let the next one wait first instead of trying in vain.
    drained: bool,
    timeouts: Rc<Timeouts>,
}

impl Reader {
    fn new(socket: SharedSocket, buffer_size: usize, timeouts: &Rc<Timeouts>) -> Self {
        Self {
            socket,
            input: Input::new(buffer_size),
            in_flight: None,
            drained: true,
            timeouts: Rc::clone(timeouts),
        }
    }

    /// Begins a read if none is in flight, without waiting for it.
    fn begin(&mut self) {
        if self.in_flight.is_none() {
            let (buffer, start) = self.input.lend();
            let end = buffer.len();
            let mut operation = Recv::new(
                self.socket.clone(),
                buffer.slice(start..end),
                RecvFlags::empty(),
            );
            if self.drained {
                operation.poll_first();
            }
            self.in_flight = Some(compio::runtime::submit(operation).with_extra());
        }
    }

    /// Whether an idle connection can still be used: a read is put in flight, and must not have
    /// ended. What a server sends without being asked makes it unusable too.
    pub fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.input.is_empty() && self.poll_fill(&mut context).is_pending()
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.begin();
        let Some(in_flight) = &mut self.in_flight else {
            return Poll::Ready(Ok(0));
        };
        let (BufResult(result, operation), extra) = ready!(Pin::new(in_flight).poll(context));
        self.in_flight = None;
        self.timeouts.tick();
        let received = result.as_ref().copied().unwrap_or(0);
        self.input
            .take_back(operation.into_inner().into_inner(), received);
        self.drained = !extra.sock_nonempty().unwrap_or(true);
        Poll::Ready(result)
    }
}

impl ByteSource for Reader {
    fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    fn bytes(&self) -> &[u8] {
        self.input.bytes()
    }

    async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|context| self.poll_fill(context)).await
    }
}

/// The writing half of a socket.
pub(crate) struct Writer {
    socket: SharedSocket,
    timeouts: Rc<Timeouts>,
}

impl Writer {
    /// Begins to send a whole buffer without being woken up when that has ended: for who waits for
    /// an answer to it anyway. io_uring sends all of it; the epoll fallback would have to be woken
    /// up for the rest.
    pub fn send_unattended(&self, bytes: Vec<u8>) -> Unattended {
        let operation = Send::new(self.socket.clone(), bytes.slice(..), SEND_FLAGS);
        Unattended::look(compio::runtime::submit(operation))
    }

    /// What a layer above needs to write by itself.
    pub fn into_parts(self) -> (SharedSocket, Rc<Timeouts>) {
        (self.socket, self.timeouts)
    }
}

impl ByteSink for Writer {
    async fn send(
        &mut self,
        mut bytes: Vec<u8>,
        mut start: usize,
        end: usize,
    ) -> (io::Result<()>, Vec<u8>) {
        while start < end {
            let operation = Send::new(self.socket.clone(), bytes.slice(start..end), SEND_FLAGS);
            let BufResult(result, operation) = compio::runtime::submit(operation).await;
            self.timeouts.tick();
            bytes = operation.into_inner().into_inner();
            match result {
                Ok(0) => return (Err(io::ErrorKind::WriteZero.into()), bytes),
                Ok(sent) => start += sent,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (Err(error), bytes),
            }
        }
        (Ok(()), bytes)
    }

    async fn finish(&mut self) {
        // A connection that is already gone needs no end.
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}

/// A send that nobody waits for; dropping it takes it back as far as it can be.
pub(crate) enum Unattended {
    /// It has not ended.
    InFlight(Transmitting),
    /// It has, and this was sent, or could not be.
    Ended(Vec<u8>),
}

impl Unattended {
    fn look(mut sending: Transmitting) -> Self {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(&mut sending).poll(&mut context) {
            Poll::Ready(BufResult(_, operation)) => {
                Self::Ended(operation.into_inner().into_inner())
            }
            Poll::Pending => Self::InFlight(sending),
        }
    }

    /// The memory; none if the send has not ended, so that its connection cannot be used again.
    /// Whether it failed is seen in what is read from the connection.
    pub fn reclaim(self) -> Option<Vec<u8>> {
        match self {
            Self::Ended(bytes) => Some(bytes),
            Self::InFlight(sending) => match Self::look(sending) {
                Self::Ended(bytes) => Some(bytes),
                Self::InFlight(_) => None,
            },
        }
    }
}

/// No signal when the other side is gone; one completion for the whole of a range.
pub(crate) const SEND_FLAGS: SendFlags =
    SendFlags::from_bits_retain((nix::libc::MSG_NOSIGNAL | nix::libc::MSG_WAITALL) as u32);

/// Connects a socket; the future may be dropped to give up.
pub(crate) async fn connect(socket: Socket, address: &SockAddr) -> io::Result<Socket> {
    let shared = Attacher::new(socket)?.into_inner();
    let BufResult(result, operation) =
        compio::runtime::submit(Connect::new(shared.clone(), address.clone())).await;
    drop(operation);
    result?;
    shared
        .try_unwrap()
        .map_err(|_| io::Error::other("the socket is still in use"))
}

#[cfg(test)]
mod tests {
    use compio::runtime::Runtime;
    use socket2::{Domain, Type};

    use super::*;
    use crate::server_connection::is_polling;

    /// Larger than any socket buffer.
    const UNTAKEN_BYTES: usize = 64 * 1_024 * 1_024;

    async fn pair() -> (PlainPeer, PlainPeer) {
        let (near, far) = Socket::pair(Domain::UNIX, Type::STREAM, None).unwrap();
        for socket in [&near, &far] {
            socket.set_nonblocking(is_polling()).unwrap();
        }
        let timeouts = Timeouts::new();
        let peer = |socket| PlainPeer::new(socket, 16, &timeouts).unwrap();
        (peer(near), peer(far))
    }

    #[test]
    fn memory_of_an_unattended_send_comes_back_once_the_other_side_can_have_it_all() {
        Runtime::new().unwrap().block_on(async {
            let (near, mut far) = pair().await;
            let sending = near.writer.send_unattended(b"request".to_vec());
            assert_eq!(far.reader.fill().await.unwrap(), 7);
            assert_eq!(far.reader.bytes(), b"request");
            assert_eq!(sending.reclaim().as_deref(), Some(&b"request"[..]));
        });
    }

    #[test]
    fn memory_of_an_unattended_send_stays_away_while_the_other_side_takes_too_little() {
        Runtime::new().unwrap().block_on(async {
            if is_polling() {
                return;
            }
            let (near, mut far) = pair().await;
            let sending = near.writer.send_unattended(vec![0; UNTAKEN_BYTES]);
            assert_eq!(far.reader.fill().await.unwrap(), 16);
            assert_eq!(sending.reclaim(), None);
        });
    }
}
