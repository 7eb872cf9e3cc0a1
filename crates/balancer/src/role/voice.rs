//! Speaking with the supervisor without ever holding a worker up.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use compio::runtime::fd::PollFd;
use futures_util::task::AtomicWaker;
use system::channel::{Channel, Received};

use crate::supervision::FromBalancer;

/// The channel's balancer end, and what the workers have to say beside it.
pub(super) struct Voice {
    channel: Arc<Channel>,
    /// How many workers have drained.
    drained: AtomicUsize,
    /// How many workers there are; 0 before the start.
    workers: AtomicUsize,
    /// A worker thread died.
    lost: AtomicBool,
    changed: AtomicWaker,
}

impl Voice {
    pub(super) fn new(channel: Channel) -> io::Result<Self> {
        channel.set_nonblocking(true)?;
        Ok(Self {
            channel: Arc::new(channel),
            drained: AtomicUsize::new(0),
            workers: AtomicUsize::new(0),
            lost: AtomicBool::new(false),
            changed: AtomicWaker::new(),
        })
    }

    /// The next message; none once the supervisor is gone.
    pub(super) async fn receive(&self) -> io::Result<Option<Received>> {
        let readable = PollFd::new(Arc::clone(&self.channel))?;
        loop {
            match self.channel.receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    readable.read_ready().await?;
                }
                // No message: the channel goes on.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
                result => return result,
            }
        }
    }

    /// Says something that must arrive. A supervisor that is gone is noticed by `receive`.
    pub(super) async fn say(&self, message: &FromBalancer) {
        let Ok(body) = serde_json::to_vec(message) else {
            return;
        };
        while let Err(error) = self.channel.send(&body, &[]) {
            if error.kind() != io::ErrorKind::WouldBlock {
                return;
            }
            let Ok(writable) = PollFd::new(Arc::clone(&self.channel)) else {
                return;
            };
            if writable.write_ready().await.is_err() {
                return;
            }
        }
    }

    /// A worker says that it is alive. Where the supervisor does not keep up the word is lost: the
    /// worker must not wait, and the next one follows.
    pub(super) fn heartbeat(&self, worker: u16) {
        if let Ok(body) = serde_json::to_vec(&FromBalancer::Heartbeat { worker }) {
            let _ = self.channel.send(&body, &[]);
        }
    }

    pub(super) fn workers_are(&self, workers: usize) {
        self.workers.store(workers, Ordering::Release);
    }

    /// A worker's last connection is gone after `Drain`.
    pub(super) fn worker_drained(&self) {
        // After giving up there is nothing to count any more.
        let _ = self
            .drained
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
                count.checked_add(1)
            });
        self.changed.wake();
    }

    /// The remaining connections are not waited for any longer (`hard-stop-after`).
    pub(super) fn give_up_draining(&self) {
        self.drained.store(usize::MAX, Ordering::Release);
        self.changed.wake();
    }

    /// So many worker threads have ended; one that ended without draining died.
    pub(super) fn workers_gone(&self, ended: usize) {
        if ended > self.drained.load(Ordering::Acquire) {
            self.lost.store(true, Ordering::Release);
            self.changed.wake();
        }
    }

    /// Whether every worker has drained.
    pub(super) fn all_drained(&self) -> bool {
        let workers = self.workers.load(Ordering::Acquire);
        workers > 0 && self.drained.load(Ordering::Acquire) >= workers
    }

    /// Waits until no worker is left: true where they drained, false where one died.
    pub(super) async fn workers_ended(&self) -> bool {
        poll_fn(|context| {
            self.changed.register(context.waker());
            if self.lost.load(Ordering::Acquire) {
                Poll::Ready(false)
            } else if self.all_drained() {
                Poll::Ready(true)
            } else {
                Poll::Pending
            }
        })
        .await
    }
}
