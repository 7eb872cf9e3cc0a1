//! A link of this node: its socket, and its paths.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use quinn::crypto::ServerConfig as ServerCrypto;
use quinn::{Endpoint, TokioRuntime, TransportConfig};
use tokio::task::AbortHandle;

use super::admission::Admission;
use super::counters::RefusalCounters;
use super::event::{Event, Refusal};
use super::locked::locked;
use super::path::Path;
use super::refusals::Refusals;
use super::reset::ResetSecret;
use super::settings::{Limits, Link, LinkNumber, StartError};
use super::shared::Shared;
use super::{dial, quic};
use crate::NodeId;

/// See above.
pub(super) struct LinkState {
    pub(super) number: LinkNumber,
    pub(super) listen: SocketAddr,
    /// Whether the link's address was not this machine's at the start.
    pub(super) address_missing: bool,
    pub(super) endpoint: Endpoint,
    /// What both ends of its connections agree on.
    pub(super) transport: Arc<TransportConfig>,
    pub(super) refused: RefusalCounters,
    pub(super) admission: Mutex<Admission>,
    paths: RwLock<BTreeMap<NodeId, Kept>>,
    refusals: Mutex<Refusals>,
}

/// A path, with the task that dials it where this node does.
struct Kept {
    path: Arc<Path>,
    dialler: Option<AbortHandle>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(dialler) = &self.dialler {
            dialler.abort();
        }
    }
}

impl LinkState {
    /// Binds the socket. There are no paths before [`LinkState::set_peers`].
    pub(super) fn open(
        link: Link,
        limits: &Limits,
        secret: &Arc<ResetSecret>,
        server: Arc<dyn ServerCrypto>,
    ) -> Result<Self, StartError> {
        let refused = |error| StartError::Bind {
            link: link.number,
            address: link.listen,
            error,
        };
        let (socket, address_missing) = quic::bind(link.listen).map_err(refused)?;
        let largest_packet = quic::largest_packet(link.peers.values().copied());
        let transport = quic::transport(largest_packet);
        let endpoint = Endpoint::new(
            quic::endpoint(secret),
            Some(quic::server(server, transport.clone(), limits)),
            socket,
            Arc::new(TokioRuntime),
        )
        .map_err(refused)?;
        let admission = Admission::new(
            limits.attempts_per_second,
            limits.handshakes,
            Instant::now(),
        );
        Ok(Self {
            number: link.number,
            listen: endpoint.local_addr().map_err(refused)?,
            address_missing,
            endpoint,
            transport,
            refused: RefusalCounters::default(),
            admission: Mutex::new(admission),
            paths: RwLock::default(),
            refusals: Mutex::default(),
        })
    }

    /// Accepts with these keys from now on.
    pub(super) fn serve(&self, server: Arc<dyn ServerCrypto>, limits: &Limits) {
        let server = quic::server(server, self.transport.clone(), limits);
        self.endpoint.set_server_config(Some(server));
    }

    pub(super) fn path(&self, peer: NodeId) -> Option<Arc<Path>> {
        let paths = self.paths.read().unwrap_or_else(PoisonError::into_inner);
        paths.get(&peer).map(|kept| kept.path.clone())
    }

    pub(super) fn paths(&self) -> Vec<Arc<Path>> {
        let paths = self.paths.read().unwrap_or_else(PoisonError::into_inner);
        paths.values().map(|kept| kept.path.clone()).collect()
    }

    /// Makes `peers` the peers of this link. Paths to those that stay at their address are left
    /// alone, the others end; new ones are dialled.
    pub(super) fn set_peers(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        peers: &BTreeMap<NodeId, SocketAddr>,
    ) {
        let mut paths = self.paths.write().unwrap_or_else(PoisonError::into_inner);
        paths.retain(|peer, kept| {
            let stays = peers.get(peer) == Some(&kept.path.address);
            if !stays {
                kept.path.retire();
            }
            stays
        });
        for (&peer, &address) in peers {
            paths.entry(peer).or_insert_with(|| {
                let path = Arc::new(Path::new(self.number, peer, address));
                let dialler = (peer > shared.own).then(|| {
                    let dial = dial::run(shared.clone(), self.clone(), path.clone());
                    tokio::spawn(dial).abort_handle()
                });
                Kept { path, dialler }
            });
        }
        let addresses = peers.values().map(SocketAddr::ip).collect();
        locked(&self.admission).set_peers(addresses);
    }

    /// Ends all paths, without a word.
    pub(super) fn end(&self) {
        self.paths
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Tells that a connection did not come about; the same again within a while is only counted.
    pub(super) fn tell_refusal(&self, shared: &Shared, address: SocketAddr, why: Refusal) {
        let counter = match &why {
            Refusal::NotConfigured(_) | Refusal::OwnId(_) | Refusal::WrongDirection(_) => {
                &self.refused.not_configured
            }
            Refusal::Attempts => &self.refused.attempts,
            Refusal::Handshakes => &self.refused.handshakes,
            _ => &self.refused.handshake,
        };
        counter.add(1);
        let untold = locked(&self.refusals).count(address.ip(), &why, Instant::now());
        if let Some(untold) = untold {
            // A refusal that finds no room is in the counters all the same.
            shared.try_tell(Event::Refused {
                link: self.number,
                address,
                why,
                untold,
            });
        }
    }
}
