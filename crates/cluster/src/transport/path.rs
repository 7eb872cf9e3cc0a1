//! A path: the way to one peer over one link, with the connection that serves it now.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use quinn::SendDatagramError;
use tokio::sync::Notify;

use super::connection::{Code, Live};
use super::counters::PathCounters;
use super::event::{Class, Dropped, Event, Lost, Sent};
use super::locked::locked;
use super::quic::LARGEST_PACKET_BYTES;
use super::record::MAX_FRAME_BYTES;
use super::settings::LinkNumber;
use crate::NodeId;

/// See above.
pub(super) struct Path {
    pub(super) link: LinkNumber,
    pub(super) peer: NodeId,
    /// Where the peer is configured to be.
    pub(super) address: SocketAddr,
    pub(super) counters: PathCounters,
    /// Told when the dialler has something to do: the connection is gone, or keys have changed.
    pub(super) to_dial: Notify,
    /// Held while a change of the connection is told, so that changes are told in their order.
    pub(super) telling: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// The path is not configured any more.
pub(super) struct Retired;

#[derive(Default)]
struct State {
    live: Option<Arc<Live>>,
    wants_redial: bool,
    /// No connection may serve this path any more.
    retired: bool,
    last_error: Option<String>,
}

impl Path {
    pub(super) fn new(link: LinkNumber, peer: NodeId, address: SocketAddr) -> Self {
        Self {
            link,
            peer,
            address,
            counters: PathCounters::default(),
            to_dial: Notify::new(),
            telling: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// The connection that serves this path now.
    pub(super) fn current(&self) -> Option<Arc<Live>> {
        self.state().live.clone()
    }

    /// From here on `live` serves the path; the one that did before.
    ///
    /// # Errors
    ///
    /// Where the path is retired.
    pub(super) fn install(&self, live: Arc<Live>) -> Result<Option<Arc<Live>>, Retired> {
        let mut state = self.state();
        if state.retired {
            return Err(Retired);
        }
        self.counters.connections.add(1);
        state.last_error = None;
        Ok(state.live.replace(live))
    }

    /// Ends the path for good.
    pub(super) fn retire(&self) {
        let live = {
            let mut state = self.state();
            state.retired = true;
            state.live.clone()
        };
        if let Some(live) = live {
            live.close(Code::Refused, "not configured here any more");
        }
    }

    /// `live` is gone for the reason `why`; whether it served the path until now.
    pub(super) fn remove(&self, live: &Arc<Live>, why: &impl ToString) -> bool {
        let mut state = self.state();
        if !state.live.as_ref().is_some_and(|at| Arc::ptr_eq(at, live)) {
            return false;
        }
        state.live = None;
        state.last_error = Some(why.to_string());
        drop(state);
        self.to_dial.notify_one();
        true
    }

    /// The connection is to be replaced by a new one.
    pub(super) fn want_redial(&self) {
        self.state().wants_redial = true;
        self.to_dial.notify_one();
    }

    /// Whether the dialler has something to do. A wish to dial again is taken with the answer.
    pub(super) fn take_reason_to_dial(&self) -> bool {
        let mut state = self.state();
        std::mem::take(&mut state.wants_redial) || state.live.is_none()
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.state().last_error.clone()
    }

    /// Keeps `error` for the status; whether it is another one than before.
    pub(super) fn note_error(&self, error: String) -> bool {
        let mut state = self.state();
        let changed = state.last_error.as_ref() != Some(&error);
        state.last_error = Some(error);
        changed
    }

    /// The event that says that the path was lost.
    pub(super) fn disconnected(&self, why: Lost) -> Event {
        Event::Disconnected {
            peer: self.peer,
            link: self.link,
            why,
        }
    }

    /// See [`Transport::send`](super::Transport::send).
    pub(super) fn send(&self, frame: Bytes) -> Sent {
        let len_bytes = frame.len();
        let sent = self.try_send(frame);
        let counters = &self.counters;
        match sent {
            Sent::As(_) => {
                counters.sent_frames.add(1);
                counters.sent_bytes.add(len_bytes);
            }
            Sent::Dropped(Dropped::NotConnected) => counters.dropped_not_connected.add(1),
            Sent::Dropped(Dropped::TooLarge) => counters.dropped_too_large.add(1),
            Sent::Dropped(Dropped::Full | Dropped::NoSuchPath) => counters.dropped_full.add(1),
        }
        sent
    }

    fn try_send(&self, frame: Bytes) -> Sent {
        if frame.len() > MAX_FRAME_BYTES {
            return Sent::Dropped(Dropped::TooLarge);
        }
        let state = self.state();
        let Some(live) = &state.live else {
            return Sent::Dropped(Dropped::NotConnected);
        };
        if frame.len() > LARGEST_PACKET_BYTES.into() {
            return live.enqueue(frame);
        }
        // Without room QUIC would make some by dropping what has waited longest, uncounted.
        if live.connection.datagram_send_buffer_space() < frame.len() {
            return Sent::Dropped(Dropped::Full);
        }
        match live.connection.send_datagram(frame.clone()) {
            Ok(()) => Sent::As(Class::Datagram),
            Err(SendDatagramError::TooLarge) => live.enqueue(frame),
            Err(_) => Sent::Dropped(Dropped::NotConnected),
        }
    }
}
