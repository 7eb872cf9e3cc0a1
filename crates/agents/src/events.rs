//! The kernel's events for all watches: each kind is read once, whatever the number of watches.
//!
//! ```text
//! kernel ──► Feed (one descriptor, one task) ──► Subscription (one for each watch)
//!              └─ there as long as anybody subscribes
//! ```

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use system::awaited::{Awaited, StableDescriptor};
use system::folder_events::{FolderEvent, FolderEvents};
use system::monitor::{NetworkEvent, NetworkMonitor};
use system::mounts::{Mount, MountMonitor};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::systemd::UnitEvents;

/// How many events a watch may be behind before it is told to look for itself.
const MAX_WAITING: usize = 64;

/// Something that tells of changes.
pub(crate) trait EventSource: StableDescriptor + Send + Sync + Sized + 'static {
    /// What one reading yields.
    type Event: Clone + Send + Sync + 'static;

    fn open() -> io::Result<Self>;

    /// What waits; `WouldBlock` where nothing does.
    fn read(&self) -> io::Result<Self::Event>;
}

impl EventSource for NetworkMonitor {
    type Event = Arc<[NetworkEvent]>;

    fn open() -> io::Result<Self> {
        Self::open()
    }

    fn read(&self) -> io::Result<Self::Event> {
        self.read().map(Into::into)
    }
}

impl EventSource for FolderEvents {
    type Event = Arc<[FolderEvent]>;

    fn open() -> io::Result<Self> {
        Self::open()
    }

    fn read(&self) -> io::Result<Self::Event> {
        self.read().map(Into::into)
    }
}

impl EventSource for MountMonitor {
    type Event = Arc<[Mount]>;

    fn open() -> io::Result<Self> {
        Self::open()
    }

    fn read(&self) -> io::Result<Self::Event> {
        self.read()
    }
}

/// What one descriptor tells everybody who subscribed to it.
#[derive(Debug)]
struct Feed<S: EventSource> {
    source: Arc<Awaited<S>>,
    /// An error ends the feed.
    sender: broadcast::Sender<Result<S::Event, String>>,
    reader: JoinHandle<()>,
}

impl<S: EventSource> Feed<S> {
    fn open() -> io::Result<Self> {
        let source = Arc::new(Awaited::new(S::open()?)?);
        let (sender, _) = broadcast::channel(MAX_WAITING);
        let reader = tokio::spawn(read_all(Arc::clone(&source), sender.clone()));
        Ok(Self {
            source,
            sender,
            reader,
        })
    }
}

impl<S: EventSource> Drop for Feed<S> {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read_all<S: EventSource>(
    source: Arc<Awaited<S>>,
    sender: broadcast::Sender<Result<S::Event, String>>,
) {
    loop {
        let read = source.read(S::read).await;
        let is_over = read.is_err();
        // Nobody may listen at the moment: the feed is about to be dropped.
        let _ = sender.send(read.map_err(|error| error.to_string()));
        if is_over {
            return;
        }
    }
}

/// The feed of one kind of events, there while somebody subscribes.
#[derive(Debug)]
struct Shared<S: EventSource>(Mutex<Weak<Feed<S>>>);

impl<S: EventSource> Default for Shared<S> {
    fn default() -> Self {
        Self(Mutex::new(Weak::new()))
    }
}

impl<S: EventSource> Shared<S> {
    fn subscribe(&self) -> io::Result<Subscription<S>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = shared.upgrade().filter(|feed| !feed.reader.is_finished());
        let feed = match there {
            Some(feed) => feed,
            None => {
                let feed = Arc::new(Feed::open()?);
                *shared = Arc::downgrade(&feed);
                feed
            }
        };
        Ok(Subscription {
            receiver: feed.sender.subscribe(),
            feed,
        })
    }
}

/// One watch's part in a feed: all events since it was made.
#[derive(Debug)]
pub(crate) struct Subscription<S: EventSource> {
    receiver: broadcast::Receiver<Result<S::Event, String>>,
    feed: Arc<Feed<S>>,
}

impl<S: EventSource> Subscription<S> {
    /// What is read from.
    pub(crate) fn source(&self) -> &S {
        self.feed.source.inner()
    }

    /// The next event; `None` where some were lost. Safe to be cancelled.
    ///
    /// # Errors
    /// There will be no more.
    pub(crate) async fn next(&mut self) -> io::Result<Option<S::Event>> {
        use broadcast::error::RecvError;
        match self.receiver.recv().await {
            Ok(Ok(event)) => Ok(Some(event)),
            Ok(Err(reason)) => Err(io::Error::other(reason)),
            Err(RecvError::Lagged(_)) => Ok(None),
            Err(RecvError::Closed) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// All kinds of events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    network: Shared<NetworkMonitor>,
    folders: Shared<FolderEvents>,
    mounts: Shared<MountMonitor>,
    units: Arc<UnitEvents>,
}

impl Events {
    pub(crate) fn network(&self) -> io::Result<Subscription<NetworkMonitor>> {
        self.network.subscribe()
    }

    pub(crate) fn folders(&self) -> io::Result<Subscription<FolderEvents>> {
        self.folders.subscribe()
    }

    pub(crate) fn units(&self) -> &Arc<UnitEvents> {
        &self.units
    }

    pub(crate) fn mounts(&self) -> io::Result<Subscription<MountMonitor>> {
        self.mounts.subscribe()
    }
}
