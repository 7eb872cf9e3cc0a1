//! A node as the room knows it: its first process, and the conversation with that.

use std::io;
use std::time::Duration;

use serde::Serialize;
use system::namespace::{Namespaces, spawn_in_new};
use system::process::{Child, Pid, RoleCommand, Signal, Stream};

use crate::node::{Birth, view};
use crate::protocol::{ANSWER_LIMIT, Answer, NodeSpec, Wire};

use super::watch::{AddressRecord, Watch};

pub(super) struct Machine {
    first: Child,
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
        Self::try_start(spec, rootless, record).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("node {} could not be started: {error}", spec.name),
            )
        })
    }

    fn try_start(spec: &NodeSpec, rootless: bool, record: &AddressRecord) -> io::Result<Self> {
        let (wire, theirs) = Wire::pair()?;
        let command = RoleCommand::program(view::PROGRAM, "keel")
            .arguments(["lab", "node"])
            .streams(Stream::Null, Stream::Inherit, Stream::Inherit)
            .channel(theirs);
        let first = spawn_in_new(command, Namespaces::MACHINE)?;
        let watched = greet(&wire, spec, rootless)
            .and_then(|()| Watch::start(&spec.name, first.pidfd(), record));
        match watched {
            Ok(watch) => Ok(Self { first, wire, watch }),
            Err(error) => {
                first.signal(Signal::SIGKILL)?;
                first.wait()?;
                Err(error)
            }
        }
    }

    pub(super) fn ask(&self, request: &impl Serialize, limit: Duration) -> io::Result<Answer> {
        self.wire.ask(request, limit)
    }

    /// Its first process, in the room's numbering.
    pub(super) fn pid(&self) -> Pid {
        self.first.pid()
    }

    /// Kills everything on the node and waits until it is gone.
    pub(super) fn kill(self) -> io::Result<()> {
        self.first.signal(Signal::SIGKILL)?;
        self.first.wait()?;
        self.watch.stop();
        Ok(())
    }
}

/// Tells the node what it is, and waits until it is that.
fn greet(wire: &Wire, spec: &NodeSpec, rootless: bool) -> io::Result<()> {
    let birth = Birth {
        spec: spec.clone(),
        rootless,
    };
    match wire.ask(&birth, ANSWER_LIMIT)? {
        Answer::Ready { .. } => Ok(()),
        Answer::Failed(reason) => Err(io::Error::other(reason)),
        other => Err(io::Error::other(format!("unexpected answer {other:?}"))),
    }
}
