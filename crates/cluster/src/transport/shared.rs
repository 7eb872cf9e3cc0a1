//! What all tasks of a running transport have in common.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use quinn::{ClientConfig, Endpoint, TokioRuntime, TransportConfig};
use rustls::pki_types::CertificateDer;
use tokio::sync::{Semaphore, mpsc};

use super::connection::{Code, Live};
use super::counters::RefusalCounters;
use super::event::{Event, Events, Lost, Refusal, Waiting};
use super::path::Path;
use super::refusals::Refusals;
use super::reset::ResetSecret;
use super::settings::{Limits, Link, LinkNumber, Settings, SettingsError, StartError};
use super::{quic, tls};
use crate::NodeId;
use crate::keys::{Keys, Untrusted, Usage};

/// The unit in which waiting bytes are counted: a semaphore has no room to count single ones.
const SHARE_BYTES: usize = 1024;

/// See above.
pub(super) struct Shared {
    pub(super) own: NodeId,
    pub(super) incarnation: u64,
    pub(super) cluster: String,
    pub(super) limits: Limits,
    pub(super) links: BTreeMap<LinkNumber, Arc<LinkState>>,
    transport: Arc<TransportConfig>,
    secret: Arc<ResetSecret>,
    keys: Mutex<InUse>,
    events: mpsc::Sender<Waiting>,
    waiting_bytes: Arc<Semaphore>,
}

/// A link of this node.
pub(super) struct LinkState {
    pub(super) number: LinkNumber,
    pub(super) listen: SocketAddr,
    /// Whether the link's address was not this machine's at the start.
    pub(super) address_missing: bool,
    pub(super) endpoint: Endpoint,
    pub(super) paths: BTreeMap<NodeId, Arc<Path>>,
    pub(super) refused: RefusalCounters,
    pub(super) refusals: Mutex<Refusals>,
}

/// The keys in use, and what is made of them.
struct InUse {
    keys: Arc<Keys>,
    client: ClientConfig,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Result<(Arc<Self>, Events), StartError> {
        let Settings { limits, keys, .. } = settings;
        let keys = Arc::new(keys);
        let secret = ResetSecret::new(&keys);
        let transport = quic::transport();
        let in_use = in_use(keys, &transport)?;
        let server = server(&in_use.keys, &transport, &limits)?;
        let links = settings
            .links
            .into_iter()
            .map(|link| {
                LinkState::open(link, &secret, server.clone())
                    .map(|link| (link.number, Arc::new(link)))
            })
            .collect::<Result<_, _>>()?;
        let (events, waiting) = mpsc::channel(limits.events.max(1));
        let shared = Self {
            own: settings.own,
            incarnation: settings.incarnation,
            cluster: settings.cluster,
            limits,
            links,
            transport,
            secret,
            keys: Mutex::new(in_use),
            events,
            waiting_bytes: Arc::new(Semaphore::new(limits.event_bytes.div_ceil(SHARE_BYTES))),
        };
        Ok((Arc::new(shared), Events { waiting }))
    }

    pub(super) fn path(&self, peer: NodeId, link: LinkNumber) -> Option<&Arc<Path>> {
        self.links.get(&link)?.paths.get(&peer)
    }

    /// What the end that dials needs, with the keys of now.
    pub(super) fn client(&self) -> ClientConfig {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .client
            .clone()
    }

    /// The node that presents `certificates`, with the keys of now.
    pub(super) fn who_dialled(
        &self,
        certificates: &[CertificateDer<'_>],
    ) -> Result<NodeId, Untrusted> {
        let keys = self
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys
            .clone();
        keys.verify(certificates, Usage::Dialling)
    }

    /// Tells an event that must not be lost; waits where the layer above does not keep up.
    pub(super) async fn tell(&self, event: Event) {
        // Nobody listens any more: the transport ends.
        let _ = self.events.send((event, None)).await;
    }

    /// Tells an event if there is room.
    pub(super) fn try_tell(&self, event: Event) -> bool {
        self.events.try_send((event, None)).is_ok()
    }

    /// Tells a stream's frame, within the bytes that may wait.
    pub(super) async fn tell_frame(&self, event: Event) {
        let Event::Frame { bytes, .. } = &event else {
            return self.tell(event).await;
        };
        let most = self.limits.event_bytes.div_ceil(SHARE_BYTES);
        let shares = bytes.len().div_ceil(SHARE_BYTES).min(most);
        let shares = u32::try_from(shares).unwrap_or(u32::MAX);
        let share = self.waiting_bytes.clone().acquire_many_owned(shares).await;
        // Nobody listens any more: the transport ends.
        let _ = self.events.send((event, share.ok())).await;
    }

    /// See [`Transport::reload`](super::Transport::reload).
    pub(super) fn reload(&self, keys: Keys) -> Result<(), StartError> {
        let mut in_use_now = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let before = &in_use_now.keys;
        if (keys.node(), keys.cluster()) != (before.node(), before.cluster()) {
            return Err(StartError::Settings(SettingsError::ForeignKeys {
                node: keys.node(),
                cluster: keys.cluster().to_owned(),
            }));
        }
        let own_changed = keys.certificates != before.certificates;
        let next = in_use(Arc::new(keys), &self.transport)?;
        let server = server(&next.keys, &self.transport, &self.limits)?;
        let keys = next.keys.clone();
        self.secret.replace(&keys);
        for link in self.links.values() {
            link.endpoint.set_server_config(Some(server.clone()));
        }
        *in_use_now = next;
        drop(in_use_now);
        for path in self.links.values().flat_map(|link| link.paths.values()) {
            path.follow_reload(&keys, own_changed);
        }
        Ok(())
    }
}

impl Path {
    fn follow_reload(&self, keys: &Keys, own_changed: bool) {
        let Some(live) = self.current() else {
            return;
        };
        if let Err(why) = still_trusted(&live, keys) {
            let words = why.to_string();
            live.close_as(Code::Untrusted, Lost::Untrusted(why), &words);
        } else if own_changed && live.dialled {
            self.want_redial();
        } else if own_changed {
            live.ask_for_redial();
        }
    }
}

fn still_trusted(live: &Live, keys: &Keys) -> Result<(), Untrusted> {
    let usage = if live.dialled {
        Usage::Accepting
    } else {
        Usage::Dialling
    };
    keys.verify(&presented(&live.connection), usage)
        .map(|_node| ())
}

/// The certificates that the peer has shown.
pub(super) fn presented(connection: &quinn::Connection) -> Vec<CertificateDer<'static>> {
    connection
        .peer_identity()
        .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok())
        .map(|certificates| *certificates)
        .unwrap_or_default()
}

fn in_use(keys: Arc<Keys>, transport: &Arc<TransportConfig>) -> Result<InUse, StartError> {
    let mut client = ClientConfig::new(Arc::new(tls::client(&keys)?));
    client.transport_config(transport.clone());
    Ok(InUse { keys, client })
}

fn server(
    keys: &Arc<Keys>,
    transport: &Arc<TransportConfig>,
    limits: &Limits,
) -> Result<quinn::ServerConfig, StartError> {
    let crypto = Arc::new(tls::server(keys)?);
    Ok(quic::server(crypto, transport.clone(), limits))
}

impl LinkState {
    fn open(
        link: Link,
        secret: &Arc<ResetSecret>,
        server: quinn::ServerConfig,
    ) -> Result<Self, StartError> {
        let refused = |error| StartError::Bind {
            link: link.number,
            address: link.listen,
            error,
        };
        let (socket, address_missing) = quic::bind(link.listen).map_err(refused)?;
        let endpoint = Endpoint::new(
            quic::endpoint(secret),
            Some(server),
            socket,
            Arc::new(TokioRuntime),
        )
        .map_err(refused)?;
        let listen = endpoint.local_addr().map_err(refused)?;
        let paths = link.peers.iter().map(|(&peer, &address)| {
            let path = Path::new(link.number, peer, address);
            (peer, Arc::new(path))
        });
        Ok(Self {
            number: link.number,
            listen,
            address_missing,
            endpoint,
            paths: paths.collect(),
            refused: RefusalCounters::default(),
            refusals: Mutex::default(),
        })
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
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(untold) = refusals.count(address.ip(), &why, std::time::Instant::now()) {
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
