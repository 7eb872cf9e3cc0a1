//! The unix socket that answers `keel status` and `keel reload`.
//!
//! Who may ask: root, and the user that the supervisor runs as. Clients, their requests and their
//! time are bounded; none can make the supervisor wait.

use std::fs::{DirBuilder, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

use crate::supervision::Time;
use crate::wire::{Answer, REQUEST_BYTES_MAX, Request, SOCKET_EXTENSION};

/// At most this many clients at once; later ones wait in the kernel's queue.
const CLIENTS_MAX: usize = 16;

/// A client that neither asks nor reads within this is dropped.
const CLIENT_LIMIT: Duration = Duration::from_secs(5);

/// Names a client for a later answer.
pub type ClientId = u64;

#[derive(Debug)]
struct Client {
    id: ClientId,
    stream: UnixStream,
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

/// The socket and its clients.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    clients: Vec<Client>,
    next_id: ClientId,
}

impl ControlSocket {
    /// Listens in that folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// The system's word.
    pub fn open(folder: &Path, name: &str) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(folder)?;
        let path = folder.join(format!("{name}-{}.{SOCKET_EXTENSION}", std::process::id()));
        // The number is ours: whoever had it before is gone, or lives in another namespace that
        // shares the folder by mistake; such a one answers and keeps its socket.
        if UnixStream::connect(&path).is_err() {
            let _ = std::fs::remove_file(&path);
        }
        let listener = UnixListener::bind(&path)?;
        listener.set_nonblocking(true)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self {
            listener,
            path,
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

    /// Does what can be done without waiting; answers the requests that are complete.
    pub fn round(&mut self, now: Time) -> Vec<(ClientId, Request)> {
        self.accept(now);
        let mut requests = Vec::new();
        for client in &mut self.clients {
            client.read(now, &mut requests);
            client.write();
            let late = now >= client.since + CLIENT_LIMIT;
            if late && !matches!(client.state, State::Waiting) {
                client.state = State::Done;
            }
        }
        self.drop_done();
        requests
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
            if !client.is_allowed() {
                client.answer(
                    now,
                    &Answer::Refused("only root and the supervisor's own user may ask".to_owned()),
                );
            }
            self.clients.push(client);
        }
    }

    /// Answers a client, if it is still there.
    pub fn answer(&mut self, now: Time, id: ClientId, answer: &Answer) {
        if let Some(client) = self.clients.iter_mut().find(|client| client.id == id) {
            client.answer(now, answer);
        }
        self.drop_done();
    }

    fn drop_done(&mut self) {
        self.clients
            .retain(|client| !matches!(client.state, State::Done));
    }
}

impl Client {
    fn is_allowed(&self) -> bool {
        getsockopt(&self.stream, PeerCredentials)
            .is_ok_and(|peer| peer.uid() == 0 || peer.uid() == nix::unistd::geteuid().as_raw())
    }

    fn read(&mut self, now: Time, requests: &mut Vec<(ClientId, Request)>) {
        let State::Asking(text) = &mut self.state else {
            return;
        };
        let mut buffer = [0; REQUEST_BYTES_MAX];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.state = State::Done,
            Ok(length) => {
                text.extend_from_slice(&buffer[..length]);
                let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let complete = line.len() < text.len();
                let request = Request::parse(&String::from_utf8_lossy(line));
                match request {
                    Some(request) if complete => {
                        self.state = State::Waiting;
                        requests.push((self.id, request));
                    }
                    _ if complete || text.len() > REQUEST_BYTES_MAX => {
                        let text = "unknown request: ask 'status' or 'reload'";
                        self.answer(now, &Answer::Refused(text.to_owned()));
                    }
                    _ => {}
                }
            }
            Err(error) if is_early(&error) => {}
            Err(_) => self.state = State::Done,
        }
    }

    fn answer(&mut self, now: Time, answer: &Answer) {
        let mut text = serde_json::to_vec(answer).expect("answers have string keys only");
        text.push(b'\n');
        self.state = State::Answering(text);
        self.since = now;
        self.write();
    }

    fn write(&mut self) {
        while let State::Answering(text) = &mut self.state {
            match self.stream.write(text) {
                Ok(length) => {
                    text.drain(..length);
                    if text.is_empty() {
                        self.state = State::Done;
                    }
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

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Duration::ZERO;

    fn open(folder: &Path) -> (ControlSocket, PathBuf) {
        let socket = ControlSocket::open(folder, "test").unwrap();
        let path = socket.path.clone();
        (socket, path)
    }

    fn read(mut stream: UnixStream) -> Answer {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_request_in_pieces_is_answered_later() {
        let folder = tempfile::tempdir().unwrap();
        let (mut socket, path) = open(folder.path());
        let mut client = UnixStream::connect(&path).unwrap();
        client.write_all(b"rel").unwrap();
        assert_eq!(socket.round(START), []);
        client.write_all(b"oad\n").unwrap();
        let [(id, Request::Reload)] = socket.round(START)[..] else {
            panic!("one request is expected");
        };
        assert_eq!(socket.round(START + CLIENT_LIMIT * 2), [], "it may wait");
        let answer = Answer::Reload(Ok("done".to_owned()));
        socket.answer(START, id, &answer);
        assert_eq!(read(client), answer);
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_request_is_refused_and_who_says_nothing_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (mut socket, path) = open(folder.path());
        let mut wrong = UnixStream::connect(&path).unwrap();
        wrong.write_all(b"launch\n").unwrap();
        let mut endless = UnixStream::connect(&path).unwrap();
        endless.write_all(&[b'x'; REQUEST_BYTES_MAX + 1]).unwrap();
        let silent = UnixStream::connect(&path).unwrap();
        socket.round(START);
        socket.round(START);
        for client in [wrong, endless] {
            assert!(matches!(read(client), Answer::Refused(_)));
        }
        assert_eq!(socket.deadline(), Some(START + CLIENT_LIMIT));
        socket.round(START + CLIENT_LIMIT);
        let mut text = String::new();
        assert_eq!((&silent).read_to_string(&mut text).unwrap(), 0);
    }

    #[test]
    fn more_clients_than_the_bound_wait_their_turn() {
        let folder = tempfile::tempdir().unwrap();
        let (mut socket, path) = open(folder.path());
        let mut clients: Vec<UnixStream> = (0..=CLIENTS_MAX)
            .map(|_| UnixStream::connect(&path).unwrap())
            .collect();
        socket.round(START);
        assert_eq!(socket.clients.len(), CLIENTS_MAX);
        assert_eq!(socket.descriptors().len(), CLIENTS_MAX, "and no listener");
        let last = clients.pop();
        drop(clients);
        socket.round(START);
        socket.round(START);
        assert_eq!(socket.clients.len(), 1);
        drop(last);
    }
}
