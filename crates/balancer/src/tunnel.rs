//! Bytes both ways, until both sides have ended: `mode tcp`, and HTTP after 101 or CONNECT.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::stream::{ByteSink, ByteSource, Peer};
use crate::timeouts::{Deadline, Expiry};

/// Time limits of a tunnel; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TunnelTimeouts {
    /// Inactivity of the client's side.
    pub client: Option<Duration>,
    /// Inactivity of the server's side.
    pub server: Option<Duration>,
    /// Inactivity of the client's side once one side has ended.
    pub client_half_closed: Option<Duration>,
    /// Inactivity of the server's side once one side has ended.
    pub server_half_closed: Option<Duration>,
}

/// How a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TunnelEnd {
    /// Both sides ended.
    Finished,
    /// The client broke off.
    ClientAborted,
    /// The server broke off.
    ServerAborted,
    /// The client's side was silent for too long.
    ClientTimedOut,
    /// The server's side was silent for too long.
    ServerTimedOut,
}

/// What a tunnel moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tunnelled {
    /// How it ended.
    pub end: TunnelEnd,
    /// Bytes from the client.
    pub from_client: u64,
    /// Bytes to the client.
    pub to_client: u64,
}

/// Moves bytes both ways, those already received first.
pub(crate) async fn run<CR, CW, SR, SW>(
    client: &mut Peer<CR, CW>,
    server: &mut Peer<SR, SW>,
    limits: TunnelTimeouts,
) -> Tunnelled
where
    CR: ByteSource,
    CW: ByteSink,
    SR: ByteSource,
    SW: ByteSink,
{
    let (mut from_client, mut to_client) = (0, 0);
    let client_side = Side {
        deadline: &client.deadline,
        limit: Cell::new(limits.client),
    };
    let server_side = Side {
        deadline: &server.deadline,
        limit: Cell::new(limits.server),
    };
    client_side.touch();
    server_side.touch();
    let first = {
        let up = std::pin::pin!(copy(
            &mut client.reader,
            &client_side,
            &mut server.writer,
            &server_side,
            &mut from_client,
        ));
        let down = std::pin::pin!(copy(
            &mut server.reader,
            &server_side,
            &mut client.writer,
            &client_side,
            &mut to_client,
        ));
        match select(up, down).await {
            Either::Left((Err(Broken::Reading), _)) => Some(broken(&client.deadline, true)),
            Either::Left((Err(Broken::Writing), _)) => Some(broken(&server.deadline, false)),
            Either::Right((Err(Broken::Reading), _)) => Some(broken(&server.deadline, false)),
            Either::Right((Err(Broken::Writing), _)) => Some(broken(&client.deadline, true)),
            // One side has ended: the other direction goes on.
            Either::Left((Ok(()), down)) => {
                client_side.half_close(limits.client_half_closed);
                server_side.half_close(limits.server_half_closed);
                match down.await {
                    Ok(()) => None,
                    Err(Broken::Reading) => Some(broken(&server.deadline, false)),
                    Err(Broken::Writing) => Some(broken(&client.deadline, true)),
                }
            }
            Either::Right((Ok(()), up)) => {
                client_side.half_close(limits.client_half_closed);
                server_side.half_close(limits.server_half_closed);
                match up.await {
                    Ok(()) => None,
                    Err(Broken::Reading) => Some(broken(&client.deadline, true)),
                    Err(Broken::Writing) => Some(broken(&server.deadline, false)),
                }
            }
        }
    };
    Tunnelled {
        end: first.unwrap_or(TunnelEnd::Finished),
        from_client,
        to_client,
    }
}

/// One side's deadline and how far each activity puts it off.
struct Side<'a> {
    deadline: &'a Deadline,
    limit: Cell<Option<Duration>>,
}

impl Side<'_> {
    fn touch(&self) {
        self.deadline.set(self.limit.get(), Expiry::Both);
    }

    /// From the first end on, a limit of its own holds where one is configured.
    fn half_close(&self, limit: Option<Duration>) {
        if limit.is_some() {
            self.limit.set(limit);
            self.touch();
        }
    }
}

fn broken(deadline: &Deadline, client: bool) -> TunnelEnd {
    match (client, deadline.has_expired()) {
        (true, false) => TunnelEnd::ClientAborted,
        (true, true) => TunnelEnd::ClientTimedOut,
        (false, false) => TunnelEnd::ServerAborted,
        (false, true) => TunnelEnd::ServerTimedOut,
    }
}

/// Which half of a copy failed.
enum Broken {
    Reading,
    Writing,
}

/// Moves bytes one way until the source ends; then says so to the sink.
async fn copy(
    source: &mut impl ByteSource,
    from: &Side<'_>,
    sink: &mut impl ByteSink,
    to: &Side<'_>,
    moved: &mut u64,
) -> Result<(), Broken> {
    loop {
        let waiting = source.input().len();
        if waiting > 0 {
            let (bytes, start, end) = source.input().take_front(waiting);
            let (sent, bytes) = sink.send(bytes, start, end).await;
            source.input().give_back(bytes);
            sent.map_err(|_| Broken::Writing)?;
            source.input().consume(waiting);
            *moved += waiting as u64;
            to.touch();
        }
        match source.fill().await {
            // A silence, not an end.
            Ok(0) if from.deadline.has_expired() => return Err(Broken::Reading),
            Ok(0) => {
                sink.finish().await;
                return Ok(());
            }
            Ok(_) => from.touch(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Broken::Reading),
        }
    }
}
