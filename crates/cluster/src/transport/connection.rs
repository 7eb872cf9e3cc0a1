//! One connection that serves a path, from its greeting to its end.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use quinn::{Connection, ConnectionError, SendStream, Side, VarInt};
use tokio::sync::Notify;

use super::event::{Class, Dropped, Lost, Sent};
use super::locked::locked;
use super::record::{HEADER_BYTES, Record};
use crate::keys::Untrusted;

/// Why an end closes a connection, as the other reads it (RFC 9000, 19.19: application error code).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The process ends.
    Stopped = 0,
    /// The layer above wanted it.
    Closed = 1,
    /// A newer connection serves the path.
    Replaced = 2,
    /// A valid certificate, but not that of a node that is expected here.
    Refused = 3,
    /// The certificate is not trusted any more.
    Untrusted = 4,
    /// What was sent is not this protocol.
    Protocol = 5,
    /// The other end does not answer.
    Silent = 6,
}

impl From<Code> for VarInt {
    fn from(code: Code) -> Self {
        Self::from_u32(code as u32)
    }
}

/// The most characters of a peer's words that are kept.
const MAX_WORDS: usize = 200;

/// What a peer says, fit for a log: in one line, and not too long.
pub(super) fn words(said: &[u8]) -> String {
    String::from_utf8_lossy(said)
        .chars()
        .take(MAX_WORDS)
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

/// A connection whose peer is known and has greeted.
pub(super) struct Live {
    pub(super) connection: Connection,
    pub(super) incarnation: u64,
    pub(super) since: Instant,
    queue: Mutex<Queue>,
    queue_limit_bytes: usize,
    /// Told when the queue has something new, or is to end.
    to_write: Notify,
    /// Why this end closed it, if it did.
    why_closed: Mutex<Option<Lost>>,
    /// What the peer had to send over the stream has come.
    pub(super) all_read: AtomicBool,
    /// What this end had to send over the stream has arrived.
    pub(super) all_written: AtomicBool,
    /// Told when one of the two has become true.
    pub(super) drained: Notify,
}

/// What waits to go over the stream.
#[derive(Default)]
struct Queue {
    records: VecDeque<Bytes>,
    bytes: usize,
    ending: bool,
}

impl Live {
    pub(super) fn new(connection: Connection, incarnation: u64, queue_limit_bytes: usize) -> Self {
        Self {
            connection,
            incarnation,
            since: Instant::now(),
            queue: Mutex::default(),
            queue_limit_bytes,
            to_write: Notify::new(),
            why_closed: Mutex::default(),
            all_read: AtomicBool::new(false),
            all_written: AtomicBool::new(false),
            drained: Notify::new(),
        }
    }

    /// Whether this end dialled it.
    pub(super) fn dialled(&self) -> bool {
        self.connection.side() == Side::Client
    }

    /// Ends the connection: by the keys of now, the peer is not trusted.
    pub(super) fn distrust(&self, why: Untrusted) {
        let words = why.to_string();
        self.close_as(Code::Untrusted, Lost::Untrusted(why), &words);
    }

    /// Ends the connection now; the peer is told why.
    pub(super) fn close(&self, code: Code, words: &str) {
        let why = match code {
            Code::Stopped => Lost::Stopped,
            Code::Closed => Lost::Closed,
            Code::Refused => Lost::Removed,
            Code::Replaced => Lost::Replaced(self.connection.remote_address()),
            Code::Untrusted | Code::Protocol => Lost::Protocol(words.to_owned()),
            Code::Silent => Lost::Silent,
        };
        self.close_as(code, why, words);
    }

    /// As [`Live::close`], where `why` says more than the code.
    pub(super) fn close_as(&self, code: Code, why: Lost, words: &str) {
        locked(&self.why_closed).get_or_insert(why);
        self.connection.close(code.into(), words.as_bytes());
    }

    /// What the end of the connection means.
    pub(super) fn lost(&self, error: &ConnectionError) -> Lost {
        let why_closed = locked(&self.why_closed);
        if let Some(why) = why_closed.as_ref() {
            return why.clone();
        }
        match error {
            ConnectionError::Reset => Lost::Restarted,
            ConnectionError::TimedOut => Lost::Idle,
            ConnectionError::ApplicationClosed(close)
                if close.error_code == Code::Stopped.into() =>
            {
                Lost::Stopped
            }
            ConnectionError::ApplicationClosed(close) => Lost::ByPeer(words(&close.reason)),
            ConnectionError::ConnectionClosed(close) => Lost::ByPeer(words(&close.reason)),
            ConnectionError::LocallyClosed => Lost::Stopped,
            error => Lost::Protocol(error.to_string()),
        }
    }

    /// Puts a frame into the stream's queue.
    pub(super) fn enqueue(&self, frame: Bytes) -> Sent {
        let size = HEADER_BYTES + frame.len();
        let mut queue = locked(&self.queue);
        if queue.bytes + size > self.queue_limit_bytes {
            return Sent::Dropped(Dropped::Full);
        }
        queue.bytes += size;
        queue.records.push_back(Record::frame_header(frame.len()));
        queue.records.push_back(frame);
        drop(queue);
        self.to_write.notify_one();
        Sent::As(Class::Stream)
    }

    /// Asks the peer, which has dialled, to dial again.
    pub(super) fn ask_for_redial(&self) {
        let record = Record::Redial.encode();
        let mut queue = locked(&self.queue);
        queue.bytes += record.len();
        queue.records.push_back(record);
        drop(queue);
        self.to_write.notify_one();
    }

    /// Takes no more into the stream than is in its queue now, and says when that has arrived.
    pub(super) fn end_stream(&self) {
        locked(&self.queue).ending = true;
        self.to_write.notify_one();
    }

    /// Writes the queue to the stream until the connection or the queue ends.
    pub(super) async fn write(self: Arc<Self>, mut stream: SendStream) {
        loop {
            let (mut records, ending) = {
                let mut queue = locked(&self.queue);
                (mem::take(&mut queue.records), queue.ending)
            };
            if records.is_empty() {
                if ending {
                    break;
                }
                self.to_write.notified().await;
                continue;
            }
            // What is being written still counts: else the queue would be twice as long as it may.
            let bytes: usize = records.iter().map(Bytes::len).sum();
            if stream
                .write_all_chunks(records.make_contiguous())
                .await
                .is_err()
            {
                return;
            }
            locked(&self.queue).bytes -= bytes;
        }
        if stream.finish().is_ok() && matches!(stream.stopped().await, Ok(None)) {
            self.all_written.store(true, Relaxed);
            self.drained.notify_one();
        }
    }
}
