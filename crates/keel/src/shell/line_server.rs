//! Clients of a listening socket that send one line and get one answer.
//!
//! Clients, their lines and their time are bounded; none can make the supervisor wait.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use socket2::Socket;

use crate::supervision::Time;

/// At most this many clients at once; later ones wait in the kernel's queue.
pub const CLIENTS_MAX: usize = 16;

/// A client that neither asks nor reads within this is dropped.
pub const CLIENT_LIMIT: Duration = Duration::from_secs(5);

/// A longer line is refused.
pub const LINE_BYTES_MAX: usize = 4_096;

/// Names a client for a later answer.
pub type ClientId = u64;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Root, and the user that this process runs as.
    OwnUser,
    /// Whoever may connect.
    Anyone,
}

#[derive(Debug)]
struct Client {
    id: ClientId,
    stream: Socket,
    state: State,
    since: Time,
}

#[derive(Debug)]
enum State {
    Asking(Vec<u8>),
    /// Its answer takes time.
    Waiting,
    Answering(Vec<u8>),
    Done,
}

/// A listening socket and its clients.
#[derive(Debug)]
pub struct LineServer {
    listener: Socket,
    guard: Guard,
    /// What a client gets that may not ask, or asks too much.
    refusal: &'static str,
    clients: Vec<Client>,
    next_id: ClientId,
}

impl LineServer {
    /// Serves a listening socket.
    ///
    /// # Errors
    ///
    /// The system's word.
    pub fn new(listener: OwnedFd, guard: Guard, refusal: &'static str) -> io::Result<Self> {
        let listener = Socket::from(listener);
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            guard,
            refusal,
            clients: Vec::new(),
            next_id: 1,
        })
    }

    /// What to wait for: descriptors, and whether each is to be written.
    pub fn descriptors(&self) -> Vec<(BorrowedFd<'_>, bool)> {
        let room = self.clients.len() < CLIENTS_MAX;
        let listener = room.then(|| (self.listener.as_fd(), false));
        let clients = self.clients.iter().filter_map(|client| match client.state {
            State::Asking(_) => Some((client.stream.as_fd(), false)),
            State::Answering(_) => Some((client.stream.as_fd(), true)),
            State::Waiting | State::Done => None,
        });
        listener.into_iter().chain(clients).collect()
    }

    /// When the next client's time is over.
    pub fn deadline(&self) -> Option<Time> {
        let patient = self
            .clients
            .iter()
            .filter(|client| !matches!(client.state, State::Waiting));
        patient.map(|client| client.since + CLIENT_LIMIT).min()
    }

    /// Does what can be done without waiting; the lines that are complete, each to be answered.
    pub fn round(&mut self, now: Time) -> Vec<(ClientId, String)> {
        self.accept(now);
        let mut lines = Vec::new();
        for client in &mut self.clients {
            client.read(now, self.refusal, &mut lines);
            client.write();
            let late = now >= client.since + CLIENT_LIMIT;
            if late && !matches!(client.state, State::Waiting) {
                client.state = State::Done;
            }
        }
        self.drop_done();
        lines
    }

    fn accept(&mut self, now: Time) {
        while self.clients.len() < CLIENTS_MAX {
            let Ok((stream, _)) = self.listener.accept() else {
                return;
            };
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            let mut client = Client {
                id: self.next_id,
                stream,
                state: State::Asking(Vec::new()),
                since: now,
            };
            self.next_id += 1;
            if self.guard == Guard::OwnUser && !client.is_own_user() {
                client.answer(now, self.refusal.as_bytes());
            }
            self.clients.push(client);
        }
    }

    /// Answers a client, if it is still there, and parts from it.
    pub fn answer(&mut self, now: Time, id: ClientId, text: &[u8]) {
        if let Some(client) = self.clients.iter_mut().find(|client| client.id == id) {
            client.answer(now, text);
        }
        self.drop_done();
    }

    fn drop_done(&mut self) {
        self.clients
            .retain(|client| !matches!(client.state, State::Done));
    }
}

impl Client {
    fn is_own_user(&self) -> bool {
        getsockopt(&self.stream, PeerCredentials)
            .is_ok_and(|peer| peer.uid() == 0 || peer.uid() == nix::unistd::geteuid().as_raw())
    }

    fn read(&mut self, now: Time, refusal: &str, lines: &mut Vec<(ClientId, String)>) {
        let State::Asking(text) = &mut self.state else {
            return;
        };
        let mut buffer = [0; LINE_BYTES_MAX];
        match (&self.stream).read(&mut buffer) {
            Ok(0) => self.state = State::Done,
            Ok(length) => {
                text.extend_from_slice(&buffer[..length]);
                if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line = String::from_utf8_lossy(&text[..end]);
                    lines.push((self.id, line.trim_end().to_owned()));
                    self.state = State::Waiting;
                } else if text.len() >= LINE_BYTES_MAX {
                    self.answer(now, refusal.as_bytes());
                }
            }
            Err(error) if is_early(&error) => {}
            Err(_) => self.state = State::Done,
        }
    }

    fn answer(&mut self, now: Time, text: &[u8]) {
        self.state = State::Answering(text.to_vec());
        self.since = now;
        self.write();
    }

    fn write(&mut self) {
        while let State::Answering(text) = &mut self.state {
            if text.is_empty() {
                self.state = State::Done;
                return;
            }
            match (&self.stream).write(text) {
                Ok(length) => {
                    text.drain(..length);
                }
                Err(error) if is_early(&error) => return,
                Err(_) => self.state = State::Done,
            }
        }
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::PathBuf;

    use super::*;

    const START: Time = Duration::ZERO;

    struct Place {
        _folder: tempfile::TempDir,
        path: PathBuf,
        server: LineServer,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        Place {
            _folder: folder,
            path,
            server: LineServer::new(listener.into(), Guard::OwnUser, "no\n").unwrap(),
        }
    }

    fn read(mut stream: UnixStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_line_in_pieces_is_answered_later() {
        let mut place = place();
        let mut client = UnixStream::connect(&place.path).unwrap();
        client.write_all(b"rel").unwrap();
        assert_eq!(place.server.round(START), []);
        client.write_all(b"oad\r\nmore").unwrap();
        assert_eq!(place.server.round(START), [(1, "reload".to_owned())]);
        assert_eq!(
            place.server.round(START + CLIENT_LIMIT * 2),
            [],
            "it may wait"
        );
        place.server.answer(START, 1, b"done\n");
        let mut answer = [0; 5];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"done\n");
    }

    #[test]
    fn an_endless_line_is_refused_and_who_says_nothing_is_dropped() {
        let mut place = place();
        let mut endless = UnixStream::connect(&place.path).unwrap();
        endless.write_all(&[b'x'; LINE_BYTES_MAX]).unwrap();
        let silent = UnixStream::connect(&place.path).unwrap();
        place.server.round(START);
        assert_eq!(read(endless), "no\n");
        assert_eq!(place.server.deadline(), Some(START + CLIENT_LIMIT));
        place.server.round(START + CLIENT_LIMIT);
        assert_eq!(read(silent), "");
    }

    #[test]
    fn more_clients_than_the_bound_wait_their_turn() {
        let mut place = place();
        let mut clients: Vec<UnixStream> = (0..=CLIENTS_MAX)
            .map(|_| UnixStream::connect(&place.path).unwrap())
            .collect();
        place.server.round(START);
        assert_eq!(place.server.clients.len(), CLIENTS_MAX);
        assert_eq!(
            place.server.descriptors().len(),
            CLIENTS_MAX,
            "and no listener"
        );
        let last = clients.pop();
        drop(clients);
        place.server.round(START);
        place.server.round(START);
        assert_eq!(place.server.clients.len(), 1);
        drop(last);
    }
}
