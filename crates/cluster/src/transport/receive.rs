//! What comes in over a path: within the limits, up to the layer above.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use quinn::{ReadError, RecvStream};

use super::allowance::Allowance;
use super::connection::{Code, Live};
use super::event::{Class, Event, Limit, Lost};
use super::path::Path;
use super::record::{Record, RecordError, Records};
use super::shared::Shared;

/// How much of a stream is read at once, in bytes.
pub(super) const READ_BYTES: usize = 256 << 10;

/// How often a peer's excess is told.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Hands up datagrams until the connection ends, and says so.
pub(super) async fn read_datagrams(shared: Arc<Shared>, path: Arc<Path>, live: Arc<Live>) {
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
    let _telling = path.telling.lock().await;
    if path.remove(&live, &why) {
        shared.tell(path.disconnected(why)).await;
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
pub(super) struct StreamReader {
    pub(super) shared: Arc<Shared>,
    pub(super) path: Arc<Path>,
    pub(super) live: Arc<Live>,
    pub(super) stream: RecvStream,
    pub(super) records: Records,
}

impl StreamReader {
    /// Until the stream or the connection ends.
    pub(super) async fn run(mut self) {
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
                    Record::Redial if self.live.dialled() => self.path.want_redial(),
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
