//! A node as the room knows it: its processes, its network, the conversation with its pid 1.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;

use crate::node::{Birth, view};
use crate::protocol::{ANSWER_LIMIT, Answer, NodeSpec, Wire};

use super::watch::{AddressRecord, Watch};

pub(super) struct Machine {
    first: Pid,
    parent: Child,
    wire: Wire,
    watch: Watch,
}

impl Machine {
    /// Starts the node, without interfaces yet. Whatever address it gets goes to the record.
    pub(super) fn start(
        spec: &NodeSpec,
        rootless: bool,
        record: &AddressRecord,
    ) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut parent = Command::new(format!("{}/keel", view::PROGRAM_FOLDER))
            .args(["lab", "node"])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()?;
        let mut wire = Wire::new(ours);
        let started = Self::greet(&mut wire, spec, rootless).and_then(|first| {
            Ok((
                first,
                Watch::start(&spec.name, &network_of(first)?, record)?,
            ))
        });
        match started {
            Ok((first, watch)) => Ok(Self {
                first,
                parent,
                wire,
                watch,
            }),
            Err(error) => {
                let _ = parent.kill();
                let _ = parent.wait();
                Err(io::Error::new(
                    error.kind(),
                    format!("node {} could not be started: {error}", spec.name),
                ))
            }
        }
    }

    fn greet(wire: &mut Wire, spec: &NodeSpec, rootless: bool) -> io::Result<Pid> {
        let birth = Birth {
            spec: spec.clone(),
            rootless,
        };
        // The pid comes from the process that makes the namespaces; the node itself says nothing
        // before it is told what it is.
        wire.set_limit(ANSWER_LIMIT)?;
        let first = match wire.receive()? {
            Some(Answer::Pid(pid)) => Pid::from_raw(pid),
            Some(other) => return Err(unexpected(other)),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        };
        match wire.ask(&birth, ANSWER_LIMIT)? {
            Answer::Ready { .. } => Ok(first),
            other => Err(unexpected(other)),
        }
    }

    pub(super) fn ask(&mut self, request: &impl Serialize, limit: Duration) -> io::Result<Answer> {
        self.wire.ask(request, limit)
    }

    /// The node's network namespace.
    pub(super) fn network(&self) -> io::Result<OwnedFd> {
        network_of(self.first)
    }

    pub(super) fn pid(&self) -> i32 {
        self.first.as_raw()
    }

    /// Kills everything on the node and waits until it is gone.
    pub(super) fn kill(mut self) -> io::Result<()> {
        kill(self.first, Signal::SIGKILL)?;
        self.parent.wait()?;
        self.watch.stop();
        Ok(())
    }
}

fn network_of(first: Pid) -> io::Result<OwnedFd> {
    Ok(File::open(format!("/proc/{first}/ns/net"))?.into())
}

fn unexpected(answer: Answer) -> io::Error {
    match answer {
        Answer::Failed(reason) => io::Error::other(reason),
        other => io::Error::other(format!("unexpected answer {other:?}")),
    }
}
