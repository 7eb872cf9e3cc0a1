//! The client's side of the socket, for command lines: it waits for its answers.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::answer::{Answer, Event};
use crate::frame::{Frame, FrameError, read_frame};
use crate::request::Request;
use crate::{SOCKET, SOCKET_VARIABLE};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("the cluster does not run on this machine: {}: {error}", path.display())]
    NotRunning {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The daemon went away or is silent.
    #[error("the cluster's daemon does not answer: {0}")]
    Silent(#[from] io::Error),
    /// It says something that is not understood.
    #[error("the cluster's daemon sends something odd: {0}")]
    Odd(#[from] FrameError),
}

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the daemon of this machine.
    ///
    /// # Errors
    /// Where none listens.
    pub fn connect() -> Result<Self, ClientError> {
        let path =
            std::env::var_os(SOCKET_VARIABLE).map_or_else(|| PathBuf::from(SOCKET), PathBuf::from);
        Self::connect_to(&path)
    }

    /// Connects to a daemon's socket.
    ///
    /// # Errors
    /// Where none listens there.
    pub fn connect_to(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path).map_err(|error| ClientError::NotRunning {
            path: path.to_path_buf(),
            error,
        })?;
        Ok(Self { stream })
    }

    /// How long an answer may take; for ever where none.
    ///
    /// # Errors
    /// Where the limit is zero.
    pub fn limit(&self, limit: Option<Duration>) -> Result<(), ClientError> {
        Ok(self.stream.set_read_timeout(limit)?)
    }

    /// Asks, and waits for the answer. Events that come before it are left out.
    ///
    /// # Errors
    /// Where the daemon goes away or does not answer in time.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, ClientError> {
        self.send(&Frame::json(request))?;
        loop {
            match self.receive()? {
                Frame::Message(_) => {}
                frame => match frame.parse()? {
                    Answer::Event(_) => {}
                    answer => return Ok(answer),
                },
            }
        }
    }

    /// Waits for the next event, after [`Request::Subscribe`].
    ///
    /// # Errors
    /// Where the daemon goes away.
    pub fn next_event(&mut self) -> Result<Event, ClientError> {
        loop {
            if let Frame::Json(content) = self.receive()?
                && let Answer::Event(event) = Frame::Json(content).parse()?
            {
                return Ok(event);
            }
        }
    }

    /// Sends a frame as it is.
    ///
    /// # Errors
    /// Where the daemon has gone.
    pub fn send(&mut self, frame: &Frame) -> Result<(), ClientError> {
        Ok(self.stream.write_all(&frame.encode())?)
    }

    /// Waits for the next frame, whatever it is.
    ///
    /// # Errors
    /// Where the daemon has gone.
    pub fn receive(&mut self) -> Result<Frame, ClientError> {
        Ok(read_frame(&mut self.stream)?)
    }

    /// A second handle on the same connection, for another thread.
    ///
    /// # Errors
    /// Where the system has no more descriptors.
    pub fn second(&self) -> Result<Self, ClientError> {
        Ok(Self {
            stream: self.stream.try_clone()?,
        })
    }
}
