//! One machine with its process: the real group, what waits for it, and how it fares.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use membership::{Group, Incarnation, Member, NodeId, ViewId};
use quorum::witness::{Answer, Holder};
use replica::Request;
use replica::store::MemoryDisk;

use crate::clock::Clock;
use crate::service::Service;

/// Frames that wait in a node's sockets; the newest are lost beyond.
pub(crate) const SOCKET_QUEUE: usize = 512;

/// What a process learns when it wakes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    Frame {
        from: NodeId,
        link: u8,
        bytes: Bytes,
    },
    /// The disk has written everything up to here.
    Written { view: ViewId, seq: u64 },
    /// The transport has made or lost a connection.
    Link {
        peer: NodeId,
        link: u8,
        connected: bool,
    },
    /// The disk has done what was asked for first.
    WriteEnds,
    /// The witness has an answer.
    WitnessAnswers(Answer),
    /// A client asks for something; the number is the client's own.
    Ask(usize, Request),
    /// The workload submits a message.
    Submit,
    /// It brings something else along from now on.
    Attach(Bytes),
    /// What it is told about resources, by number.
    Resource(u64),
    /// Its operator stops it.
    Leave,
    /// Its operator wants it to leave when nothing runs on it any more.
    WantLeave,
}

impl Input {
    /// It would not come once all faults have ended.
    pub(crate) fn is_fault(&self) -> bool {
        let disconnects = matches!(self, Self::Link { connected, .. } if !connected);
        disconnects || matches!(self, Self::Leave | Self::WantLeave)
    }
}

/// A machine.
#[derive(Debug)]
pub(crate) struct Node {
    pub id: NodeId,
    pub clock: Clock,
    /// The latest life.
    pub incarnation: u64,
    pub process: Option<Process>,
    /// The counter that is on its disk.
    pub stored_counter: u64,
    pub paused_until: Duration,
    pub slow_until: Duration,
    /// How long it takes to wake up while it is slow, at most.
    pub slowness: Duration,
    pub disk_stalls_until: Duration,
    /// While no process has it.
    pub disk: MemoryDisk,
}

/// A life.
#[derive(Debug)]
pub(crate) struct Process {
    pub group: Group,
    pub inbox: VecDeque<Input>,
    /// Frames among them.
    pub frames_waiting: usize,
    pub wake_at: Option<Duration>,
    /// It has been round its loop.
    pub woken: bool,
    /// As far as outputs have been carried out.
    pub view: ViewId,
    /// It dies when so many more outputs have been carried out.
    pub dies_after: Option<u64>,
    /// What runs on top of the group, where anything does.
    pub service: Option<Service>,
    /// Messages that were submitted.
    pub submitted: u64,
    /// It wanted to be woken at once, without anything new, so many times in a row.
    pub spins: u32,
    /// Frames that were sent since the beginning of a second of its own.
    pub sent: (u64, u64),
}

impl Node {
    pub(crate) fn member(&self) -> Member {
        Member {
            node: self.id,
            incarnation: Incarnation(self.incarnation),
        }
    }

    pub(crate) fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// Gives the process something to learn. Whether it is to be woken for it.
    pub(crate) fn tell(&mut self, input: Input) -> bool {
        let Some(process) = &mut self.process else {
            return false;
        };
        if matches!(input, Input::Frame { .. }) {
            if process.frames_waiting >= SOCKET_QUEUE {
                return false;
            }
            process.frames_waiting += 1;
        }
        process.inbox.push_back(input);
        true
    }

    /// Whether the process may act: its view has quorum, and it may rely on that now.
    pub(crate) fn is_quorate(&self, now: Duration) -> bool {
        let local = self.clock.local(now);
        let service = self.process.as_ref().and_then(|it| it.service.as_ref());
        service.is_some_and(|it| it.node.is_quorate(local)) && self.has_lease(now)
    }

    /// Whether it is in an established view and may act.
    pub(crate) fn is_established(&self, now: Duration) -> bool {
        let service = self.process.as_ref().and_then(|it| it.service.as_ref());
        let replica = service.map(|it| it.node.replica());
        let standing = replica.and_then(|it| it.established());
        standing.is_some_and(|(_, standing)| standing.exclusive) && self.is_quorate(now)
    }

    /// Its view, and whether that excludes that another part of the cluster has quorum.
    pub(crate) fn standing(&self) -> Option<(ViewId, bool)> {
        let process = self.process.as_ref()?;
        let verdict = process.service.as_ref()?.node.verdict();
        Some((process.group.view().id, verdict.exclusive))
    }

    /// What runs on top of its group, where anything does.
    pub(crate) fn service(&mut self) -> Option<&mut Service> {
        self.process.as_mut()?.service.as_mut()
    }

    /// Its files, wherever they are.
    pub(crate) fn disk(&mut self) -> &mut MemoryDisk {
        let service = self.process.as_mut().and_then(|it| it.service.as_mut());
        service.map_or(&mut self.disk, |service| service.store.disk())
    }

    /// Whether the process's view surely has its votes, by its own clock and word.
    pub(crate) fn has_lease(&self, now: Duration) -> bool {
        let local = self.clock.local(now);
        let process = self.process.as_ref();
        process.is_some_and(|process| process.group.lease(local).is_some())
    }
}

/// A node's place in lists.
pub(crate) fn index(node: NodeId) -> usize {
    usize::try_from(node.0).expect("a small number") - 1
}

/// The node of a place.
pub(crate) fn id(index: usize) -> NodeId {
    NodeId(u32::try_from(index).expect("a small number") + 1)
}

impl Process {
    /// When it has something to do, by its own clock.
    pub(crate) fn deadline(&self) -> Duration {
        let service = self.service.as_ref().and_then(|it| it.node.deadline());
        let holder = self.service.as_ref().and_then(|it| it.holder.as_ref());
        let own = service.into_iter().chain(holder.map(Holder::deadline));
        own.min()
            .unwrap_or(Duration::MAX)
            .min(self.group.deadline())
    }
}
