//! What is to happen, by time; what was put in first comes first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use cluster_node::{Fencing, Ticket};
use quorum::witness::Request;

use crate::node::Input;

/// Something that happens.
#[derive(Debug)]
pub(crate) enum Event {
    /// A node's process goes round its loop.
    Wake { node: usize },
    /// A life of a node learns something; any life where none is named.
    Input {
        node: usize,
        life: Option<u64>,
        input: Input,
    },
    /// A request comes to the witness.
    Witness { node: usize, request: Request },
    /// A process begins.
    Start { node: usize },
    /// A process stands still from now on.
    Stall { node: usize, duration: Duration },
    /// An agent on a machine has done what it does.
    AgentEnds { node: usize, number: u64 },
    /// A fence device that a life of a node called has done what it does, and whether it worked.
    FencingEnds {
        node: usize,
        life: u64,
        what: Box<(Ticket, Fencing, bool)>,
    },
    /// A node has a message to submit.
    Workload,
}

#[derive(Debug)]
struct Entry {
    at: Duration,
    number: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// The list.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BinaryHeap<Reverse<Entry>>,
    added: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Duration, event: Event) {
        self.added += 1;
        let number = self.added;
        self.entries.push(Reverse(Entry { at, number, event }));
    }

    /// The next event up to `end`.
    pub(crate) fn next(&mut self, end: Duration) -> Option<(Duration, Event)> {
        if self.entries.peek()?.0.at > end {
            return None;
        }
        self.entries
            .pop()
            .map(|Reverse(entry)| (entry.at, entry.event))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
