//! What all tasks of a running transport have in common.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use quinn::crypto::ServerConfig as ServerCrypto;
use quinn::{ClientConfig, Connection, Side};
use rustls::pki_types::CertificateDer;
use tokio::sync::{Semaphore, mpsc};

use super::event::{Event, Events, Waiting};
use super::link::LinkState;
use super::locked::locked;
use super::path::Path;
use super::reset::ResetSecret;
use super::settings::{Limits, LinkNumber, Settings, SettingsError, StartError};
use super::tls;
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
    secret: Arc<ResetSecret>,
    keys: Mutex<InUse>,
    events: mpsc::Sender<Waiting>,
    waiting_bytes: Arc<Semaphore>,
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
        let in_use = in_use(keys)?;
        let server = server(&in_use.keys)?;
        let links = settings
            .links
            .into_iter()
            .map(|link| {
                LinkState::open(link, &limits, &secret, server.clone())
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
            secret,
            keys: Mutex::new(in_use),
            events,
            waiting_bytes: Arc::new(Semaphore::new(limits.event_bytes.div_ceil(SHARE_BYTES))),
        };
        Ok((Arc::new(shared), Events { waiting }))
    }

    pub(super) fn path(&self, peer: NodeId, link: LinkNumber) -> Option<Arc<Path>> {
        self.links.get(&link)?.path(peer)
    }

    /// The paths of all links.
    pub(super) fn paths(&self) -> impl Iterator<Item = Arc<Path>> {
        self.links.values().flat_map(|link| link.paths())
    }

    /// What the end that dials needs on that link, with the keys of now.
    pub(super) fn client(&self, link: &LinkState) -> ClientConfig {
        let mut client = locked(&self.keys).client.clone();
        client.transport_config(link.transport.clone());
        client
    }

    /// The node at the other end of `connection`, by the keys of now.
    pub(super) fn who_is(&self, connection: &Connection) -> Result<NodeId, Untrusted> {
        let keys = locked(&self.keys).keys.clone();
        who_is(&keys, connection)
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
        let mut in_use_now = locked(&self.keys);
        let before = &in_use_now.keys;
        if (keys.node(), keys.cluster()) != (before.node(), before.cluster()) {
            return Err(StartError::Settings(SettingsError::ForeignKeys {
                node: keys.node(),
                cluster: keys.cluster().to_owned(),
            }));
        }
        let own_changed = keys.certificates() != before.certificates();
        let next = in_use(Arc::new(keys))?;
        let server = server(&next.keys)?;
        let keys = next.keys.clone();
        self.secret.replace(&keys);
        for link in self.links.values() {
            link.serve(server.clone(), &self.limits);
        }
        *in_use_now = next;
        drop(in_use_now);
        for path in self.paths() {
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
        if let Err(why) = who_is(keys, &live.connection) {
            live.distrust(why);
        } else if own_changed && live.dialled() {
            self.want_redial();
        } else if own_changed {
            live.ask_for_redial();
        }
    }
}

fn who_is(keys: &Keys, connection: &Connection) -> Result<NodeId, Untrusted> {
    let presented = connection
        .peer_identity()
        .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok())
        .unwrap_or_default();
    let usage = match connection.side() {
        Side::Client => Usage::Accepting,
        Side::Server => Usage::Dialling,
    };
    keys.verify(&presented, usage)
}

fn in_use(keys: Arc<Keys>) -> Result<InUse, StartError> {
    let client = ClientConfig::new(Arc::new(tls::client(&keys)?));
    Ok(InUse { keys, client })
}

fn server(keys: &Arc<Keys>) -> Result<Arc<dyn ServerCrypto>, StartError> {
    Ok(Arc::new(tls::server(keys)?))
}
