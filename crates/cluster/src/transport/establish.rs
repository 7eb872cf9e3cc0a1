//! From a finished handshake to a path's connection, alike on both ends: greet, install, read.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream};

use super::allowance::Allowance;
use super::connection::{Code, Live};
use super::event::{Class, Event, Limit, Lost};
use super::path::Path;
use super::record::{Record, RecordError, Records};
use super::shared::Shared;

/// How much of a stream is read at once, in bytes.
const READ_BYTES: usize = 256 << 10;

/// How long a connection that is replaced may take to deliver what is in its queue.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// How often a peer's excess is told.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// What the peers know of each other after the greeting.
pub(super) struct Greeted {
    incarnation: u64,
    writing: SendStream,
    reading: RecvStream,
    records: Records,
}

/// Why there was no greeting.
pub(super) enum NoGreeting {
    /// The connection ended.
    Connection(ConnectionError),
    /// Something else came.
    Record(RecordError),
}

impl From<ConnectionError> for NoGreeting {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

/// Both ends say which process they are. The end that dialled takes the other's greeting for its
/// welcome: in TLS 1.3 its own handshake ends before its certificate was looked at.
pub(super) async fn greet(
    connection: &Connection,
    incarnation: u64,
) -> Result<Greeted, NoGreeting> {
    let mut writing = connection.open_uni().await?;
    let greeting = Record::Greeting { incarnation }.encode();
    if writing.write_chunk(greeting).await.is_err() {
        return Err(ended(connection));
    }
    let mut reading = connection.accept_uni().await?;
    let mut records = Records::default();
    loop {
        match records.next_record().map_err(NoGreeting::Record)? {
            Some(Record::Greeting { incarnation }) => {
                return Ok(Greeted {
                    incarnation,
                    writing,
                    reading,
                    records,
                });
            }
            Some(_) => return Err(NoGreeting::Record(RecordError::Order)),
            None => {}
        }
        match reading.read_chunk(READ_BYTES, true).await {
            Ok(Some(chunk)) => records.push(chunk.bytes),
            Ok(None) => return Err(NoGreeting::Record(RecordError::Ended)),
            Err(ReadError::ConnectionLost(error)) => return Err(error.into()),
            Err(_) => return Err(NoGreeting::Record(RecordError::Ended)),
        }
    }
}

fn ended(connection: &Connection) -> NoGreeting {
    match connection.close_reason() {
        Some(error) => error.into(),
        None => NoGreeting::Record(RecordError::Ended),
    }
}

/// Makes `connection` the one that serves `path`, tells the layer above, and starts the tasks that
/// read and write.
pub(super) async fn install(
    shared: Arc<Shared>,
    path: Arc<Path>,
    connection: Connection,
    greeted: Greeted,
    dialled: bool,
) {
    let live = Arc::new(Live::new(
        connection,
        greeted.incarnation,
        dialled,
        shared.limits.queue_bytes,
    ));
    let before = path.install(live.clone());
    let same_process = before
        .as_ref()
        .is_some_and(|before| before.incarnation == live.incarnation);
    match before {
        Some(before) if same_process => {
            tokio::spawn(drain(before));
        }
        Some(before) => {
            let why = Lost::Replaced(live.connection.remote_address());
            before.close_as(Code::Replaced, why.clone(), "a newer connection");
            shared.tell(disconnected(&path, why)).await;
        }
        None => {}
    }
    if !same_process {
        let connected = Event::Connected {
            peer: path.peer,
            link: path.link,
            incarnation: live.incarnation,
            address: live.connection.remote_address(),
        };
        shared.tell(connected).await;
    }
    tokio::spawn(live.clone().write(greeted.writing));
    let reader = StreamReader {
        shared: shared.clone(),
        path: path.clone(),
        live: live.clone(),
        stream: greeted.reading,
        records: greeted.records,
    };
    tokio::spawn(reader.run());
    tokio::spawn(read_datagrams(shared, path, live));
}

fn disconnected(path: &Path, why: Lost) -> Event {
    Event::Disconnected {
        peer: path.peer,
        link: path.link,
        why,
    }
}

/// The old connection of a path that has a new one ends when both ends' queues are delivered.
async fn drain(live: Arc<Live>) {
    live.end_stream();
    let drained = async {
        while !(live.all_read.load(Relaxed) && live.all_written.load(Relaxed)) {
            live.drained.notified().await;
        }
    };
    // Past the limit what is left is lost with it, as with any connection.
    tokio::select! {
        _ = tokio::time::timeout(DRAIN_LIMIT, drained) => {}
        _ = live.connection.closed() => {}
    }
    live.close(Code::Replaced, "a newer connection");
}

/// Hands up datagrams until the connection ends, and says so.
async fn read_datagrams(shared: Arc<Shared>, path: Arc<Path>, live: Arc<Live>) {
    let mut gauge = Gauge::new(&shared);
    let error = loop {
        let bytes = match live.connection.read_datagram().await {
            Ok(bytes) => bytes,
            Err(error) => break error,
        };
        path.counters.received_frames.add(1);
        path.counters.received_bytes.add(bytes.len());
        if let Some(limit) = gauge.exceeded(bytes.len()) {
            gauge.drop_frame(&shared, &path, limit);
            continue;
        }
        let frame = Event::Frame {
            peer: path.peer,
            link: path.link,
            class: Class::Datagram,
            bytes,
        };
        if !shared.try_tell(frame) {
            gauge.drop_frame(&shared, &path, Limit::Events);
        }
    };
    live.end_stream();
    let why = live.lost(&error);
    if path.remove(&live, &why) {
        shared.tell(disconnected(&path, why)).await;
    }
}

/// What a peer may send, and what was told of it.
struct Gauge {
    frames: Allowance,
    bytes: Allowance,
    told: Option<Instant>,
    times: u64,
}

impl Gauge {
    fn new(shared: &Shared) -> Self {
        let now = Instant::now();
        Self {
            frames: Allowance::new(shared.limits.frames_per_second, now),
            bytes: Allowance::new(shared.limits.bytes_per_second, now),
            told: None,
            times: 0,
        }
    }

    fn exceeded(&mut self, len_bytes: usize) -> Option<Limit> {
        let now = Instant::now();
        if !self.frames.take(1, now) {
            Some(Limit::Frames)
        } else if !self.bytes.take(len_bytes as u64, now) {
            Some(Limit::Bytes)
        } else {
            None
        }
    }

    fn drop_frame(&mut self, shared: &Shared, path: &Path, limit: Limit) {
        path.counters.dropped_by_limit.add(1);
        self.times += 1;
        let due = self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY);
        let limited = Event::Limited {
            peer: path.peer,
            link: path.link,
            limit,
            times: self.times,
        };
        if due && shared.try_tell(limited) {
            self.told = Some(Instant::now());
            self.times = 0;
        }
    }
}

/// Reads a path's stream. Where the layer above does not keep up, the peer waits.
struct StreamReader {
    shared: Arc<Shared>,
    path: Arc<Path>,
    live: Arc<Live>,
    stream: RecvStream,
    records: Records,
}

impl StreamReader {
    async fn run(mut self) {
        match self.read().await {
            Ok(()) => {
                self.live.all_read.store(true, Relaxed);
                self.live.drained.notify_one();
            }
            Err(Some(error)) => {
                let why = Lost::Protocol(error.to_string());
                self.live.close_as(Code::Protocol, why, &error.to_string());
            }
            // The connection has ended: the reader of datagrams tells it.
            Err(None) => {}
        }
    }

    async fn read(&mut self) -> Result<(), Option<RecordError>> {
        let mut gauge = Gauge::new(&self.shared);
        loop {
            while let Some(record) = self.records.next_record()? {
                match record {
                    Record::Frame(bytes) => {
                        gauge.pace(bytes.len()).await;
                        self.path.counters.received_frames.add(1);
                        self.path.counters.received_bytes.add(bytes.len());
                        let frame = Event::Frame {
                            peer: self.path.peer,
                            link: self.path.link,
                            class: Class::Stream,
                            bytes,
                        };
                        self.shared.tell_frame(frame).await;
                    }
                    Record::Redial if self.live.dialled => self.path.want_redial(),
                    Record::Redial => {}
                    Record::Greeting { .. } => return Err(Some(RecordError::Order)),
                }
            }
            match self.stream.read_chunk(READ_BYTES, true).await {
                Ok(Some(chunk)) => self.records.push(chunk.bytes),
                Ok(None) if self.records.is_between_records() => return Ok(()),
                Ok(None) => return Err(Some(RecordError::Ended)),
                Err(ReadError::Reset(_)) => return Err(Some(RecordError::Ended)),
                Err(_) => return Err(None),
            }
        }
    }
}

impl Gauge {
    /// Waits until a frame of the stream is within the limits.
    async fn pace(&mut self, len_bytes: usize) {
        let len_bytes = len_bytes as u64;
        while !self.frames.take_at_most(1, Instant::now()) {
            tokio::time::sleep(self.frames.wait(1)).await;
        }
        while !self.bytes.take_at_most(len_bytes, Instant::now()) {
            tokio::time::sleep(self.bytes.wait(len_bytes)).await;
        }
    }
}
