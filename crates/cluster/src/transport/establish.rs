//! From a finished handshake to a path's connection, alike on both ends: greet, install, read.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream};

use super::connection::{Code, Live};
use super::event::{Event, Lost};
use super::path::Path;
use super::receive::{self, READ_BYTES, StreamReader};
use super::record::{Record, RecordError, Records};
use super::shared::Shared;

/// How long a connection that is replaced may take to deliver what is in its queue.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

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
) {
    let limit_bytes = shared.limits.queue_bytes;
    let live = Arc::new(Live::new(connection, greeted.incarnation, limit_bytes));
    let telling = path.telling.lock().await;
    let Ok(before) = path.install(live.clone()) else {
        live.close(Code::Refused, "not configured here any more");
        return;
    };
    // Keys may have changed since the handshake: from here on a reload finds this connection.
    if let Err(why) = shared.who_is(&live.connection) {
        live.distrust(why);
    }
    tell_change(&shared, &path, &live, before).await;
    drop(telling);
    tokio::spawn(live.clone().write(greeted.writing));
    let reader = StreamReader {
        shared: shared.clone(),
        path: path.clone(),
        live: live.clone(),
        stream: greeted.reading,
        records: greeted.records,
    };
    tokio::spawn(reader.run());
    tokio::spawn(receive::read_datagrams(shared, path, live));
}

/// A connection of the same process takes over in silence; of another one, the path was lost.
async fn tell_change(shared: &Shared, path: &Path, live: &Live, before: Option<Arc<Live>>) {
    if let Some(before) = before {
        if before.incarnation == live.incarnation {
            tokio::spawn(drain(before));
            return;
        }
        let why = Lost::Replaced(live.connection.remote_address());
        before.close_as(Code::Replaced, why.clone(), "a newer connection");
        shared.tell(path.disconnected(why)).await;
    }
    let connected = Event::Connected {
        peer: path.peer,
        link: path.link,
        incarnation: live.incarnation,
        address: live.connection.remote_address(),
    };
    shared.tell(connected).await;
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
