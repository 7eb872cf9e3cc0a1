//! The end that dials: keeps one path connected.

use std::sync::Arc;
use std::time::Duration;

use quinn::{Connecting, Connection, ConnectionError};

use super::accept::HANDSHAKE_LIMIT;
use super::connection::Code;
use super::establish::{self, Greeted, NoGreeting};
use super::event::Refusal;
use super::failure;
use super::link::LinkState;
use super::path::Path;
use super::shared::Shared;
use crate::keys::certificate_name;

/// The pause after the first failed attempt, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// How long to wait for the first answer of a peer. QUIC repeats its first packet at ever longer
/// intervals; a new attempt begins with short ones, so that a peer that comes up is found soon.
const PATIENCE: Duration = Duration::from_millis(250);

/// Every so many attempts the patience is that of [`LONG_PATIENCE`], for peers that are far.
const LONG_EVERY: u32 = 4;
const LONG_PATIENCE: Duration = Duration::from_millis(1000);

/// Why an attempt did not lead to a connection.
enum Failure {
    /// Nothing came from there.
    NoAnswer,
    /// It cannot be sent to, or the peer went away meanwhile.
    Gone(String),
    /// For a reason that waiting will not cure.
    Refused(Refusal),
}

/// Dials `path` whenever there is a reason to, until the transport ends.
pub(super) async fn run(shared: Arc<Shared>, link: Arc<LinkState>, path: Arc<Path>) {
    loop {
        if path.take_reason_to_dial() {
            dial_until_connected(&shared, &link, &path).await;
        } else {
            path.to_dial.notified().await;
        }
    }
}

async fn dial_until_connected(shared: &Arc<Shared>, link: &Arc<LinkState>, path: &Arc<Path>) {
    let mut pause = FIRST_PAUSE;
    for attempt in 1.. {
        let patience = if attempt % LONG_EVERY == 0 {
            LONG_PATIENCE
        } else {
            PATIENCE
        };
        match dial(shared, link, path, patience).await {
            Ok((connection, greeted)) => {
                let (shared, path) = (shared.clone(), path.clone());
                establish::install(shared, path, connection, greeted).await;
                return;
            }
            Err(Failure::NoAnswer) => {
                path.note_error("no answer".to_owned());
            }
            Err(Failure::Gone(why)) => {
                path.note_error(why);
            }
            Err(Failure::Refused(why)) => {
                path.note_error(why.to_string());
                link.tell_refusal(shared, path.address, why);
            }
        }
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

async fn dial(
    shared: &Shared,
    link: &LinkState,
    path: &Path,
    patience: Duration,
) -> Result<(Connection, Greeted), Failure> {
    let name = certificate_name(&shared.cluster, path.peer);
    let mut connecting = link
        .endpoint
        .connect_with(shared.client(link), path.address, &name)
        .map_err(|error| Failure::Gone(error.to_string()))?;
    match tokio::time::timeout(patience, connecting.handshake_data()).await {
        Err(_) => return Err(Failure::NoAnswer),
        Ok(Err(error)) => return Err(error.into()),
        Ok(Ok(_)) => {}
    }
    match tokio::time::timeout(HANDSHAKE_LIMIT, finish(shared, connecting)).await {
        Err(_) => Err(Failure::Refused(Refusal::Slow)),
        Ok(finished) => finished,
    }
}

async fn finish(shared: &Shared, connecting: Connecting) -> Result<(Connection, Greeted), Failure> {
    let connection = connecting.await?;
    match establish::greet(&connection, shared.incarnation).await {
        Ok(greeted) => Ok((connection, greeted)),
        Err(NoGreeting::Connection(error)) => Err(error.into()),
        Err(NoGreeting::Record(error)) => {
            connection.close(Code::Protocol.into(), error.to_string().as_bytes());
            Err(Failure::Refused(Refusal::Protocol(error)))
        }
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        match failure::refusal(&error) {
            Some(why) => Self::Refused(why),
            None => Self::Gone(error.to_string()),
        }
    }
}
