//! The end that accepts: from a stranger's first packet to a peer's connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::{Connecting, Connection, Incoming};

use super::admission::{Verdict, Whose};
use super::connection::Code;
use super::establish::{self, NoGreeting};
use super::event::Refusal;
use super::failure;
use super::link::LinkState;
use super::locked::locked;
use super::path::Path;
use super::shared::Shared;

/// How long somebody may take from the first packet to the greeting.
pub(super) const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// Accepts on `link` until the transport ends.
pub(super) async fn run(shared: Arc<Shared>, link: Arc<LinkState>) {
    while let Some(incoming) = link.endpoint.accept().await {
        let address = incoming.remote_address();
        let proven = incoming.remote_address_validated();
        let verdict = locked(&link.admission).decide(address.ip(), proven, Instant::now());
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
                    link: link.clone(),
                    whose,
                };
                tokio::spawn(admit(shared.clone(), incoming, place));
            }
        }
    }
}

/// A place among the handshakes in progress, given back at its end.
struct Place {
    link: Arc<LinkState>,
    whose: Whose,
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.link.admission).ended(self.whose);
    }
}

async fn admit(shared: Arc<Shared>, incoming: Incoming, place: Place) {
    let link = place.link.clone();
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
            establish::install(shared, path, connection, greeted).await;
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
        .who_is(connection)
        .map_err(|why| Refusal::Handshake(why.to_string()))?;
    if node == shared.own {
        return Err(Refusal::OwnId(node));
    }
    let path = link.path(node).ok_or(Refusal::NotConfigured(node))?;
    if node > shared.own {
        return Err(Refusal::WrongDirection(node));
    }
    Ok(path)
}
