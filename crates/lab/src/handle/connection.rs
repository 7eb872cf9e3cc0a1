//! The conversation with the room, and the room's life.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use system::process::{Child, Pidfd, RoleCommand, Signal, Stream};

use crate::clock::Nanoseconds;
use crate::protocol::{ANSWER_LIMIT, Answer, NodeRequest, Request, Wire};
use crate::{Error, Result};

/// How long the end of everything in a lab may take.
const END_LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Connection {
    wire: Wire,
    /// Held from a request to its answer.
    turn: Mutex<()>,
    process: Child,
    pub(super) probes: AtomicU32,
}

impl Connection {
    pub(super) fn open(program: &Path) -> Result<(Self, bool)> {
        let (wire, theirs) = Wire::pair()?;
        // A process group of its own: Ctrl-C is for the caller, who then ends the lab in order.
        let process = RoleCommand::program(program, "keel")
            .arguments(["lab", "room"])
            .streams(Stream::Null, Stream::Inherit, Stream::Inherit)
            .channel(theirs)
            .own_group()
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", program.display()))
            })?;
        let connection = Self {
            wire,
            turn: Mutex::default(),
            process,
            probes: AtomicU32::default(),
        };
        let greeting = connection.wire.receive();
        match greeting? {
            Some(Answer::Ready { rootless }) => Ok((connection, rootless)),
            Some(Answer::NotAllowed { reason, enable }) => {
                Err(Error::NotAllowed { reason, enable })
            }
            Some(Answer::Failed(reason)) => Err(Error::Refused {
                what: "start a lab".to_owned(),
                reason,
            }),
            Some(other) => Err(unexpected("a lab", &other)),
            None => Err(Error::Gone(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    pub(super) fn ask(&self, request: &Request) -> Result<Answer> {
        let limit = ANSWER_LIMIT * 2 + allowed(request);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match self.wire.ask(request, limit)? {
            Answer::Failed(reason) => Err(Error::Refused {
                what: describe(request),
                reason,
            }),
            answer => Ok(answer),
        }
    }

    pub(super) fn done(&self, request: &Request) -> Result<Nanoseconds> {
        moment(&self.ask(request)?)
    }

    pub(super) fn process(&self) -> &Pidfd {
        self.process.pidfd()
    }

    /// The room's first process ends when its caller hangs up, the kernel then ends everything
    /// below it, and only after that its parent, this process's child, ends too. Should that take
    /// too long, killing the child has the same effect, without being able to wait for it.
    pub(super) fn end(&self) {
        let _ = self.wire.hang_up();
        if let Ok(None) = self.process.wait_within(END_LIMIT) {
            let _ = self.process.signal(Signal::SIGKILL);
            let _ = self.process.wait();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end();
    }
}

/// The time that a request itself asks for.
fn allowed(request: &Request) -> Duration {
    match request {
        Request::Node {
            request: NodeRequest::Run { timeout_ms, .. },
            ..
        } => Duration::from_millis(*timeout_ms),
        _ => Duration::ZERO,
    }
}

fn describe(request: &Request) -> String {
    match request {
        Request::AddSwitch { name } => format!("switch {name}"),
        Request::StartNode(spec) => format!("start node {}", spec.name),
        Request::KillNode { node } => format!("kill node {node}"),
        Request::SetLink { node, .. } => format!("link of {node}"),
        Request::Partition { .. } => "partition".to_owned(),
        Request::Mend => "mend".to_owned(),
        Request::AddressEvents { .. } => "address events".to_owned(),
        Request::NodePid { node } | Request::Log { node, .. } => format!("node {node}"),
        Request::Logs => "logs".to_owned(),
        Request::Node { node, request } => match request {
            NodeRequest::Spawn { command, .. } => format!("{command} on {node}"),
            NodeRequest::Run { argv, .. } => format!("'{}' on {node}", argv.join(" ")),
            NodeRequest::FillDisk { .. } => format!("fill a disk of {node}"),
            _ => format!("node {node}"),
        },
    }
}

pub(super) fn moment(answer: &Answer) -> Result<Nanoseconds> {
    match answer {
        Answer::Done { at } => Ok(*at),
        other => Err(unexpected("a request", other)),
    }
}

pub(super) fn unexpected(what: &str, answer: &Answer) -> Error {
    Error::Refused {
        what: what.to_owned(),
        reason: format!("unexpected answer {answer:?}"),
    }
}
