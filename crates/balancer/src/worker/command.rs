//! How the rest of the process speaks to a worker.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use futures_util::task::AtomicWaker;

use super::{Sockets, WorkerSetup};
use crate::snapshot::Snapshot;

/// What a worker can be told.
pub(super) enum Command {
    /// Run this configuration: listeners that it lacks close, new ones open, connections take it
    /// up with their next request.
    Install(Arc<Snapshot>, Sockets),
    /// Accept no more, close idle connections, end when the last one is gone.
    Drain,
    /// End now.
    Stop,
}

/// Commands on their way to one worker.
#[derive(Default)]
pub(super) struct Mailbox {
    commands: Mutex<VecDeque<Command>>,
    waker: AtomicWaker,
}

impl Mailbox {
    fn post(&self, command: Command) {
        self.commands
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(command);
        self.waker.wake();
    }

    /// The next command.
    pub(super) async fn next(&self) -> Command {
        std::future::poll_fn(|context| {
            self.waker.register(context.waker());
            match self
                .commands
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
            {
                Some(command) => std::task::Poll::Ready(command),
                None => std::task::Poll::Pending,
            }
        })
        .await
    }
}

/// The other end of a worker thread.
pub struct WorkerHandle {
    mailbox: Arc<Mailbox>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WorkerHandle {
    /// Replaces the configuration and the sockets. No connection is dropped: each goes on with the
    /// configuration that it has until its next request.
    pub fn install(&self, snapshot: Arc<Snapshot>, sockets: Sockets) {
        self.mailbox.post(Command::Install(snapshot, sockets));
    }

    /// Accept no more, end idle connections, finish the others; then `drained` is called and the
    /// thread ends.
    pub fn drain(&self) {
        self.mailbox.post(Command::Drain);
    }

    /// Drop every connection and end.
    pub fn stop(&self) {
        self.mailbox.post(Command::Stop);
    }

    /// Whether the thread has ended, by command or by a panic.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits for the thread's end.
    ///
    /// # Errors
    ///
    /// The thread panicked.
    pub fn join(mut self) -> std::thread::Result<()> {
        match self.thread.take() {
            Some(thread) => thread.join(),
            None => Ok(()),
        }
    }
}

/// Starts the thread.
pub(super) fn start(setup: WorkerSetup) -> io::Result<WorkerHandle> {
    let mailbox = Arc::new(Mailbox::default());
    let ended = Arc::new(AtomicBool::new(false));
    let (started, starts) = std::sync::mpsc::channel();
    let thread = {
        let mailbox = Arc::clone(&mailbox);
        let ended = Arc::clone(&ended);
        std::thread::Builder::new()
            .name(format!("worker-{}", setup.index))
            .spawn(move || {
                let _end = SetOnDrop(ended);
                super::run(setup, &mailbox, &started);
            })?
    };
    match starts.recv() {
        Ok(Ok(())) => Ok(WorkerHandle {
            mailbox,
            ended,
            thread: Some(thread),
        }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::other("the worker thread ended while starting")),
    }
}

/// Says that the thread ended, also when it panicked.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
