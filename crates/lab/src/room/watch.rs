//! Who has which address, and when that changed: read from the kernel's own messages, which arrive
//! as the change happens, and not by asking again and again.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use rtnetlink::packet_core::{NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use crate::clock::{self, Nanoseconds};
use crate::protocol::{AddressChange, AddressEvent};

/// `RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR` (rtnetlink.h).
const ADDRESS_GROUPS: u32 = 0x10 | 0x100;
/// The largest message read, in bytes; the kernel's are below 8 KiB.
const MAX_MESSAGE_BYTES: usize = 32 * 1024;
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
    pub(super) fn start(node: &str, network: &OwnedFd, record: &AddressRecord) -> io::Result<Self> {
        let (stopped, stop) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        let socket = socket_in(network.try_clone()?)?;
        let (node, record) = (node.to_owned(), record.clone());
        let reader = thread::Builder::new()
            .name(format!("watch {node}"))
            .spawn(move || read(&node, &socket, &stopped, &record))?;
        Ok(Self { stop, reader })
    }

    pub(super) fn stop(self) {
        drop(self.stop);
        let _ = self.reader.join();
    }
}

/// A socket belongs to the namespace that its thread was in when it was made.
fn socket_in(network: OwnedFd) -> io::Result<Socket> {
    let made = thread::spawn(move || {
        setns(network, CloneFlags::CLONE_NEWNET)?;
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, ADDRESS_GROUPS))?;
        socket.set_non_blocking(true)?;
        Ok(socket)
    });
    made.join()
        .unwrap_or_else(|_| Err(io::Error::other("the watching thread failed")))
}

fn read(node: &str, socket: &Socket, stopped: &OwnedFd, record: &AddressRecord) {
    let mut buffer = Vec::with_capacity(MAX_MESSAGE_BYTES);
    loop {
        let mut waiting = [
            PollFd::new(socket.as_fd(), PollFlags::POLLIN),
            PollFd::new(stopped.as_fd(), PollFlags::POLLIN),
        ];
        if poll(&mut waiting, PollTimeout::NONE).is_err() {
            continue;
        }
        if waiting[1].any().unwrap_or(true) {
            return;
        }
        let at = clock::now();
        buffer.clear();
        while socket.recv(&mut buffer, 0).is_ok() {
            for change in changes(&buffer) {
                record.add(node, at, change);
            }
            buffer.clear();
        }
    }
}

fn changes(mut bytes: &[u8]) -> Vec<AddressChange> {
    let mut found = Vec::new();
    while let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes) {
        match &message.payload {
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(message)) => {
                found.extend(address(message).map(AddressChange::Added));
            }
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelAddress(message)) => {
                found.extend(address(message).map(AddressChange::Removed));
            }
            _ => {}
        }
        // Messages are aligned to four bytes (netlink(7)).
        let len = (message.header.length as usize).next_multiple_of(4);
        match bytes.get(len..) {
            Some(rest) if len > 0 => bytes = rest,
            _ => break,
        }
    }
    found
}

/// The address itself: `IFA_LOCAL` where there is one, `IFA_ADDRESS` for IPv6.
fn address(message: &AddressMessage) -> Option<IpAddr> {
    let mut whole = None;
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(address) => return Some(*address),
            AddressAttribute::Address(address) => whole = Some(*address),
            _ => {}
        }
    }
    whole
}
