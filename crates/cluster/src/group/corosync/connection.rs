//! A connection with CPG, used without waiting.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;

use bytes::Bytes;
use corosync_group::Process;
use membership::NodeId;
use rust_corosync::cpg::{self, Guarantee, Handle, Model1Data, Model1Flags, ModelData};
use rust_corosync::{CsError, DispatchFlags};
use system::awaited::{Awaited, Duplicate};

use super::libraries::explain;

/// How often in a row CPG may have work that tells nothing before others have their turn.
const SILENT_DISPATCHES: usize = 16;

/// What CPG tells.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message of a process.
    Message(Process, Bytes),
    /// These processes are in the group now.
    Configuration(Vec<Process>),
    /// The ring has this number now.
    Ring(u64),
}

thread_local! {
    /// The library calls back functions without a place for anything of ours. They run in the thread
    /// that dispatches, and there is one connection at a time.
    static HEARD: RefCell<VecDeque<Heard>> = const { RefCell::new(VecDeque::new()) };
}

/// Why there is no connection any more.
pub(super) struct Lost(pub String);

/// A connection with CPG.
pub(super) struct Connection {
    handle: Handle,
    descriptor: Awaited<Duplicate>,
}

/// What CPG is to call.
pub(super) fn callbacks() -> ModelData {
    ModelData::ModelV1(Model1Data {
        flags: Model1Flags::None,
        deliver_fn: Some(|_, _, node, pid, message, _| {
            let from = Process {
                node: NodeId(node.into()),
                pid,
            };
            hear(Heard::Message(from, Bytes::copy_from_slice(message)));
        }),
        confchg_fn: Some(|_, _, members, _, _| {
            let processes = members.iter().map(|member| Process {
                node: NodeId(member.nodeid.into()),
                pid: member.pid,
            });
            hear(Heard::Configuration(processes.collect()));
        }),
        totem_confchg_fn: Some(|_, ring, _| hear(Heard::Ring(ring.seq))),
    })
}

fn hear(heard: Heard) {
    HEARD.with_borrow_mut(|queue| queue.push_back(heard));
}

impl Connection {
    /// Takes over a connection that was made elsewhere.
    pub(super) fn new(handle: Handle) -> io::Result<Self> {
        HEARD.with_borrow_mut(VecDeque::clear);
        let descriptor = cpg::fd_get(&handle).map_err(|error| io::Error::other(explain(error)))?;
        let descriptor = Awaited::new(Duplicate::of(descriptor)?)?;
        Ok(Self { handle, descriptor })
    }

    /// Waits until there is something to take.
    pub(super) async fn ready(&self) {
        let look = |_: &Duplicate| match self.dispatch() {
            Ok(false) => Err(io::ErrorKind::WouldBlock.into()),
            // What has failed fails again when it is taken.
            Ok(true) | Err(_) => Ok(()),
        };
        if self.descriptor.read(look).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What has come.
    pub(super) fn take(&self) -> Result<Option<Heard>, Lost> {
        let next = || HEARD.with_borrow_mut(VecDeque::pop_front);
        if let Some(heard) = next() {
            return Ok(Some(heard));
        }
        self.dispatch()?;
        Ok(next())
    }

    /// Lets CPG call back, if it has something. Whether there is something to take.
    fn dispatch(&self) -> Result<bool, Lost> {
        for _ in 0..SILENT_DISPATCHES {
            let is_there = HEARD.with_borrow(|queue| !queue.is_empty());
            if is_there {
                return Ok(true);
            }
            match cpg::dispatch(&self.handle, DispatchFlags::OneNonblocking) {
                Ok(()) => {}
                Err(CsError::CsErrTryAgain) => return Ok(false),
                Err(error) => return Err(Lost(explain(error))),
            }
        }
        Ok(HEARD.with_borrow(|queue| !queue.is_empty()))
    }

    /// Multicasts in agreed order, if CPG has room: whether it had.
    pub(super) fn send(&self, frame: &[u8]) -> Result<bool, Lost> {
        match cpg::mcast_joined(&self.handle, Guarantee::TypeAgreed, frame) {
            Ok(()) => Ok(true),
            Err(CsError::CsErrTryAgain) => Ok(false),
            Err(error) => Err(Lost(explain(error))),
        }
    }

    /// The library's own handle, to be given back.
    pub(super) fn into_handle(self) -> Handle {
        self.handle
    }
}
