//! The end that accepts: from a stranger's first packet to a peer's connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quinn::{Connecting, Connection, Incoming};

use super::admission::{Admission, Verdict, Whose};
use super::connection::Code;
use super::establish::{self, NoGreeting};
use super::event::Refusal;
use super::failure;
use super::path::Path;
use super::shared::{LinkState, Shared, presented};

/// How long somebody may take from the first packet to the greeting.
pub(super) const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// Accepts on `link` until the transport ends.
pub(super) async fn run(shared: Arc<Shared>, link: Arc<LinkState>) {
    let peers = link.paths.values().map(|path| path.address.ip()).collect();
    let limits = &shared.limits;
    let admission = Admission::new(
        peers,
        limits.attempts_per_second,
        limits.handshakes,
        Instant::now(),
    );
    let admission = Arc::new(Mutex::new(admission));
    while let Some(incoming) = link.endpoint.accept().await {
        let address = incoming.remote_address();
        let proven = incoming.remote_address_validated();
        let verdict = admission
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .decide(address.ip(), proven, Instant::now());
        match verdict {
            Verdict::Retry => {
                link.refused.retries.add(1);
                // An address that is proven is never asked again.
                let _ = incoming.retry();
            }
            Verdict::Ignore(why) => {
                incoming.ignore();
                link.tell_refusal(&shared, address, why);
            }
            Verdict::Handshake(whose) => {
                let place = Place {
                    admission: admission.clone(),
                    whose,
                };
                tokio::spawn(admit(shared.clone(), link.clone(), incoming, place));
            }
        }
    }
}

/// A place among the handshakes in progress, given back at its end.
struct Place {
    admission: Arc<Mutex<Admission>>,
    whose: Whose,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ended(self.whose);
    }
}

async fn admit(shared: Arc<Shared>, link: Arc<LinkState>, incoming: Incoming, place: Place) {
    let address = incoming.remote_address();
    let admitted = async {
        let connecting = incoming
            .accept()
            .map_err(|error| failure::refusal(&error))?;
        identify(&shared, &link, connecting).await
    };
    let admitted = tokio::time::timeout(HANDSHAKE_LIMIT, admitted).await;
    drop(place);
    match admitted.unwrap_or(Err(Some(Refusal::Slow))) {
        Ok((path, connection, greeted)) => {
            establish::install(shared, path, connection, greeted, false).await;
        }
        Err(Some(why)) => link.tell_refusal(&shared, address, why),
        Err(None) => {}
    }
}

type Admitted = (Arc<Path>, Connection, establish::Greeted);

/// The path whose peer this is; nothing is told where the other end just went away.
async fn identify(
    shared: &Shared,
    link: &LinkState,
    connecting: Connecting,
) -> Result<Admitted, Option<Refusal>> {
    let connection = connecting.await.map_err(|error| failure::refusal(&error))?;
    let path = match expected(shared, link, &connection) {
        Ok(path) => path,
        Err(why) => {
            connection.close(Code::Refused.into(), why.to_string().as_bytes());
            return Err(Some(why));
        }
    };
    match establish::greet(&connection, shared.incarnation).await {
        Ok(greeted) => Ok((path, connection, greeted)),
        Err(NoGreeting::Connection(error)) => Err(failure::refusal(&error)),
        Err(NoGreeting::Record(error)) => {
            connection.close(Code::Protocol.into(), error.to_string().as_bytes());
            Err(Some(Refusal::Protocol(error)))
        }
    }
}

/// The handshake has shown a valid certificate: is it of somebody who is expected here?
fn expected(
    shared: &Shared,
    link: &LinkState,
    connection: &Connection,
) -> Result<Arc<Path>, Refusal> {
    let node = shared
        .who_dialled(&presented(connection))
        .map_err(|why| Refusal::Handshake(why.to_string()))?;
    if node == shared.own {
        return Err(Refusal::OwnId(node));
    }
    let path = link.paths.get(&node).ok_or(Refusal::NotConfigured(node))?;
    if node > shared.own {
        return Err(Refusal::WrongDirection(node));
    }
    Ok(path.clone())
}
