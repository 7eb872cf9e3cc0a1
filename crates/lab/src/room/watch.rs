//! Who has which address, and when that changed: read from the kernel's own messages, which arrive
//! as the change happens, and not by asking again and again.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use system::monitor::{NetworkEvent, NetworkMonitor};
use system::namespace::within_network_of;
use system::process::Pidfd;

use crate::clock::{self, Nanoseconds};
use crate::protocol::{AddressChange, AddressEvent};

/// The most changes kept; later ones are dropped.
const MAX_EVENTS: usize = 1_000_000;

/// Every change of an address in the lab, in the order read.
#[derive(Clone, Default)]
pub(super) struct AddressRecord {
    events: Arc<Mutex<Vec<AddressEvent>>>,
}

impl AddressRecord {
    pub(super) fn since(&self, from: usize) -> Vec<AddressEvent> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.get(from..).unwrap_or_default().to_vec()
    }

    pub(super) fn died(&self, node: &str, at: Nanoseconds) {
        self.add(node, at, AddressChange::Died);
    }

    fn add(&self, node: &str, at: Nanoseconds, change: AddressChange) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < MAX_EVENTS {
            events.push(AddressEvent {
                at,
                node: node.to_owned(),
                change,
            });
        }
    }
}

/// A thread that reads one node's changes until it is stopped.
pub(super) struct Watch {
    stop: OwnedFd,
    reader: JoinHandle<()>,
}

impl Watch {
    /// Returns once no later change can be missed.
    pub(super) fn start(node: &str, first: &Pidfd, record: &AddressRecord) -> io::Result<Self> {
        let (stopped, stop) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        let monitor = within_network_of(first, NetworkMonitor::open)??;
        let (node, record) = (node.to_owned(), record.clone());
        let reader = thread::Builder::new()
            .name(format!("watch {node}"))
            .spawn(move || read(&node, &monitor, &stopped, &record))?;
        Ok(Self { stop, reader })
    }

    pub(super) fn stop(self) {
        drop(self.stop);
        let _ = self.reader.join();
    }
}

fn read(node: &str, monitor: &NetworkMonitor, stopped: &OwnedFd, record: &AddressRecord) {
    loop {
        let mut waiting = [
            PollFd::new(monitor.as_fd(), PollFlags::POLLIN),
            PollFd::new(stopped.as_fd(), PollFlags::POLLIN),
        ];
        if poll(&mut waiting, PollTimeout::NONE).is_err() {
            continue;
        }
        if waiting[1].any().unwrap_or(true) {
            return;
        }
        let at = clock::now();
        for event in monitor.read().unwrap_or_default() {
            let change = match event {
                NetworkEvent::Address(address) => AddressChange::Added(address.address),
                NetworkEvent::AddressGone(address) => AddressChange::Removed(address.address),
                // Links are the room's own doing; a lab has far too few addresses to lose changes.
                _ => continue,
            };
            record.add(node, at, change);
        }
    }
}
