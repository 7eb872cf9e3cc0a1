//! A machine of a running lab, in the hands of whoever started it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::LOOK_AGAIN;
use super::connection::{Connection, moment, unexpected};
use crate::clock::Nanoseconds;
use crate::protocol::{Answer, CommandState, NodeRequest, Output, Process, Request, Target};
use crate::{Error, Result};

/// A machine of a running lab.
#[derive(Clone)]
pub struct Node {
    pub(super) name: String,
    pub(super) connection: Arc<Connection>,
}

impl Node {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a command to its end, at most for `limit`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where it cannot be started.
    pub fn run<S: AsRef<str>>(&self, argv: &[S], limit: Duration) -> Result<Output> {
        let request = NodeRequest::Run {
            argv: owned(argv),
            timeout_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        match self.ask(request)? {
            Answer::Output(output) => Ok(output),
            other => Err(unexpected("a command", &other)),
        }
    }

    /// Starts a command under a name, its output going to the log of that name; returns its
    /// process number on the node.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where it cannot be started.
    pub fn spawn<S: AsRef<str>>(&self, command: &str, argv: &[S]) -> Result<i32> {
        let request = NodeRequest::Spawn {
            command: command.to_owned(),
            argv: owned(argv),
            environment: BTreeMap::new(),
        };
        match self.ask(request)? {
            Answer::Pid(pid) => Ok(pid),
            other => Err(unexpected("a command", &other)),
        }
    }

    /// Sends a signal to every process that is meant; returns when, and to how many.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn signal(&self, target: &Target, signal: Signal) -> Result<(Nanoseconds, usize)> {
        let request = NodeRequest::Signal {
            target: target.clone(),
            signal: signal as i32,
        };
        match self.ask(request)? {
            Answer::Signalled { at, processes } => Ok((at, processes)),
            other => Err(unexpected("a signal", &other)),
        }
    }

    /// The commands that were spawned, the latest of each name, and how they ended.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn commands(&self) -> Result<Vec<CommandState>> {
        match self.ask(NodeRequest::Commands)? {
            Answer::Commands(commands) => Ok(commands),
            other => Err(unexpected("commands", &other)),
        }
    }

    /// Waits until a spawned command has ended; returns how (`exit 0`, `signal 9`).
    ///
    /// # Errors
    ///
    /// [`Error::TooLate`].
    pub fn wait_for_end(&self, command: &str, limit: Duration) -> Result<String> {
        let deadline = Instant::now() + limit;
        loop {
            let found = self.commands()?.into_iter().find(|c| c.command == command);
            if let Some(end) = found.and_then(|state| state.ended) {
                return Ok(end);
            }
            if Instant::now() >= deadline {
                return Err(Error::TooLate {
                    what: format!("the end of {command} on {}", self.name),
                    limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// All processes of the node but its own first one.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn processes(&self) -> Result<Vec<Process>> {
        match self.ask(NodeRequest::Processes)? {
            Answer::Processes(processes) => Ok(processes),
            other => Err(unexpected("processes", &other)),
        }
    }

    /// What a spawned command has written so far; also after the node's death.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn log(&self, command: &str) -> Result<String> {
        let request = Request::Log {
            node: self.name.clone(),
            command: command.to_owned(),
        };
        match self.connection.ask(&request)? {
            Answer::Log(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
            other => Err(unexpected("a log", &other)),
        }
    }

    /// Writes a file that only this node sees.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the path is not absolute.
    pub fn write_file(&self, path: &str, content: &[u8]) -> Result<()> {
        self.ask(NodeRequest::WriteFile {
            path: path.to_owned(),
            content: content.to_vec(),
        })
        .map(drop)
    }

    /// Fills one of the node's own disks.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where `path` is not on such a disk.
    pub fn fill_disk(&self, path: &str) -> Result<Nanoseconds> {
        let path = path.to_owned();
        moment(&self.ask(NodeRequest::FillDisk { path })?)
    }

    /// Gives the space back.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the file cannot be removed.
    pub fn empty_disk(&self, path: &str) -> Result<Nanoseconds> {
        let path = path.to_owned();
        moment(&self.ask(NodeRequest::EmptyDisk { path })?)
    }

    /// The number of the node's first process, as the lab's first process counts.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn first_process(&self) -> Result<i32> {
        let node = self.name.clone();
        match self.connection.ask(&Request::NodePid { node })? {
            Answer::Pid(pid) => Ok(pid),
            other => Err(unexpected("a process number", &other)),
        }
    }

    fn ask(&self, request: NodeRequest) -> Result<Answer> {
        self.connection.ask(&Request::Node {
            node: self.name.clone(),
            request,
        })
    }
}

fn owned<S: AsRef<str>>(argv: &[S]) -> Vec<String> {
    argv.iter().map(|word| word.as_ref().to_owned()).collect()
}
