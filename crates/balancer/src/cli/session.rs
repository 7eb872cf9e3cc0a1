//! One connection to a stats socket.

use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

use compio::runtime::fd::PollFd;
use compio::time::timeout;
use haproxy_config::model::CliLevel;
use socket2::Socket;

use super::words;
use super::{IDLE_TIMEOUT_DEFAULT, Shared};
use crate::cli::command;

/// The longest line, and the longest payload, in bytes (tune.bufsize's default).
const LINE_BYTES_MAX: usize = 16_384;

/// What one session remembers between commands.
pub(super) struct Session {
    /// What it may do; `user` and `operator` lower it.
    pub(super) level: CliLevel,
    /// Stays open after a line and shows a prompt.
    pub(super) interactive: bool,
    /// Shows the prompt while interactive.
    pub(super) prompt: bool,
    /// `set timeout cli`.
    pub(super) idle_timeout: Duration,
    /// `quit`.
    pub(super) ended: bool,
}

/// Counts a session for as long as it lives.
struct Seat(Rc<Shared>);

impl Seat {
    fn take(shared: &Rc<Shared>) -> Self {
        shared.sessions.set(shared.sessions.get() + 1);
        Self(Rc::clone(shared))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.sessions.set(self.0.sessions.get() - 1);
    }
}

/// Serves a client until it leaves, is idle for too long, or (not interactive) had its line
/// answered.
pub(super) async fn serve(shared: Rc<Shared>, client: Socket, level: CliLevel) {
    let _seat = Seat::take(&shared);
    // A client that disappears ends its session; nobody else needs to know.
    let _ = talk(&shared, client, level).await;
}

async fn talk(shared: &Rc<Shared>, client: Socket, level: CliLevel) -> io::Result<()> {
    client.set_nonblocking(true)?;
    let mut wire = Wire {
        stream: PollFd::new(client)?,
        received: Vec::new(),
        ended: false,
    };
    let configured = shared.snapshot().config.global.stats_timeout;
    let mut session = Session {
        level,
        interactive: false,
        prompt: false,
        idle_timeout: configured.unwrap_or(IDLE_TIMEOUT_DEFAULT),
        ended: false,
    };
    while !session.ended {
        let Some(line) = wire.line(session.idle_timeout).await? else {
            return Ok(());
        };
        let (line, payload) = match words::payload(&line) {
            Some((command, mark)) => {
                let payload = wire.payload(mark, session.idle_timeout).await?;
                (command.to_owned(), Some(payload))
            }
            None => (line, None),
        };
        for command in words::commands(&line) {
            let words = words::words(command);
            let answer = command::execute(shared, &mut session, &words, payload.as_deref());
            let end = if session.interactive && session.prompt {
                "\n> "
            } else {
                "\n"
            };
            wire.send(&answer, session.idle_timeout).await?;
            wire.send(end, session.idle_timeout).await?;
            if session.ended {
                break;
            }
        }
        if !session.interactive {
            break;
        }
    }
    Ok(())
}

/// The bytes of a session.
struct Wire {
    stream: PollFd<Socket>,
    received: Vec<u8>,
    ended: bool,
}

impl Wire {
    /// The next line without its end; none where the client has left. A last line without an end
    /// counts, as `echo -n … | socat` sends it.
    async fn line(&mut self, limit: Duration) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.received) {
                let line: Vec<u8> = self.received.drain(..=at).collect();
                let line = String::from_utf8_lossy(&line[..at]);
                return Ok(Some(line.trim_end_matches('\r').to_owned()));
            }
            if self.ended {
                if self.received.is_empty() {
                    return Ok(None);
                }
                let line = std::mem::take(&mut self.received);
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
            if self.received.len() > LINE_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.receive(limit).await?;
        }
    }

    /// The lines up to `mark` (an empty line where `mark` is empty).
    async fn payload(&mut self, mark: &str, limit: Duration) -> io::Result<String> {
        let mut payload = String::new();
        while let Some(line) = self.line(limit).await? {
            if line == mark {
                break;
            }
            if payload.len() + line.len() > LINE_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            payload.push_str(&line);
            payload.push('\n');
        }
        Ok(payload)
    }

    async fn receive(&mut self, limit: Duration) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let mut socket: &Socket = &self.stream;
            match socket.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(read) => {
                    self.received.extend_from_slice(&buffer[..read]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    timeout(limit, self.stream.read_ready())
                        .await
                        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn send(&self, text: &str, limit: Duration) -> io::Result<()> {
        let mut bytes = text.as_bytes();
        while !bytes.is_empty() {
            match self.stream.send(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    timeout(limit, self.stream.write_ready())
                        .await
                        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
