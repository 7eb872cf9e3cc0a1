//! Messages over corosync's closed process groups (`cpg_overview(3)`).

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use rust_corosync::{CsError, DispatchFlags, NodeId, cpg};

use crate::{Group, STAMP_BYTES};

/// The group's name.
const NAME: &str = "cluster-load";
/// How long to wait before it is tried again to send, where nothing is under way.
const PAUSE: Duration = Duration::from_micros(100);
/// How long a daemon that has just begun may refuse clients.
const JOIN_TRIES: u32 = 100;

thread_local! {
    /// The beginnings of messages: the library's callback has no place for a value of ours.
    static DELIVERED: RefCell<Vec<[u8; STAMP_BYTES]>> = const { RefCell::new(Vec::new()) };
}

/// A member of the group.
pub struct Cpg {
    handle: cpg::Handle,
}

impl Cpg {
    /// Joins.
    pub fn join() -> io::Result<Self> {
        let model = cpg::ModelData::ModelV1(cpg::Model1Data {
            flags: cpg::Model1Flags::None,
            deliver_fn: Some(deliver),
            confchg_fn: None,
            totem_confchg_fn: None,
        });
        let handle = cpg::initialize(&model, 0).map_err(failed)?;
        let mut tries = 0;
        while let Err(error) = cpg::join(&handle, NAME) {
            tries += 1;
            if tries == JOIN_TRIES || !matches!(error, CsError::CsErrTryAgain) {
                return Err(failed(error));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { handle })
    }
}

impl Group for Cpg {
    fn send(&mut self, message: &[u8]) -> io::Result<bool> {
        match cpg::mcast_joined(&self.handle, cpg::Guarantee::TypeAgreed, message) {
            Ok(()) => Ok(true),
            Err(CsError::CsErrTryAgain) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    fn receive(&mut self, outstanding: usize, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        if outstanding == 0 {
            std::thread::sleep(PAUSE);
        } else {
            dispatch(&self.handle, DispatchFlags::One)?;
        }
        dispatch(&self.handle, DispatchFlags::All)?;
        DELIVERED.with_borrow_mut(|messages| {
            messages.drain(..).for_each(|message| take(&message));
        });
        Ok(())
    }
}

fn dispatch(handle: &cpg::Handle, flags: DispatchFlags) -> io::Result<()> {
    match cpg::dispatch(handle, flags) {
        Ok(()) | Err(CsError::CsErrTryAgain) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn deliver(_: &cpg::Handle, _: String, _: NodeId, _: u32, message: &[u8], _: usize) {
    if let Some((stamp, _)) = message.split_first_chunk() {
        DELIVERED.with_borrow_mut(|messages| messages.push(*stamp));
    }
}

fn failed(error: CsError) -> io::Error {
    io::Error::other(format!("corosync: {error}"))
}
