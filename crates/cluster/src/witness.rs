//! The witness: a third machine's vote, from both ends.
//!
//! ```text
//! node: Quorum ─► Holder ─► Contact ── QUIC, one stream a request ──► server ─► Witness (decides)
//!                    ▲         │                                                    │
//!                    └─ Answer ◄────────────────────────────────────────────────────┘
//! ```
//!
//! Each cluster makes a certificate for its witness, as node [`WITNESS_NODE`]. The witness keeps a
//! folder for each cluster that it serves, named as the cluster; the name that a node dials says which
//! cluster it belongs to, and its certificate proves it.

mod contact;
mod heuristics;
mod server;
mod tls;

use std::time::Duration;

use cluster_api::WitnessStatus;
use corosync_config::model::{self, Device};
use quorum::witness::{
    ClusterName, Contact as Standing, Holder, HolderSettings, Preference, TieBreaker,
};
use quorum::{Algorithm, Quorum};

use crate::keys::Keys;
use crate::setup::Setup;

pub use contact::Contact;
pub use heuristics::Observer;
pub use server::{ServerError, WITNESS_FOLDER, serve};

/// The number under which a cluster certifies its witness; no node has it.
pub const WITNESS_NODE: u32 = u32::MAX;

/// The port where a witness listens, as corosync-qnetd(8) does (there on TCP, here on UDP).
pub const WITNESS_PORT: u16 = 5403;

/// The protocol's name in TLS (ALPN).
const PROTOCOL: &str = "keel-witness/1";

/// For how long a vote is asked for, at least in leases of the members; see `HolderSettings`.
const LEASE: Duration = quorum::witness::DEFAULT_LEASE;

/// A node's side of the witness.
pub struct WitnessSide {
    holder: Holder,
    contact: Contact,
    observer: Observer,
    host: String,
}

impl WitnessSide {
    /// The side of a node whose configuration names a witness.
    ///
    /// # Errors
    /// Where the configuration or the keys do not allow it.
    pub fn start(setup: &Setup, device: &Device, incarnation: u64) -> Result<Self, String> {
        let cluster = setup.cluster();
        let name = ClusterName::new(cluster)
            .ok_or_else(|| format!("'{cluster}' is too long a name for a witness"))?;
        let holder = Holder::new(HolderSettings {
            cluster: name,
            node: setup.node.0,
            incarnation,
            nodes: setup.names.keys().map(|node| node.0).collect(),
            preference: preference(device),
            lease: LEASE,
            follower_lease: setup.timing.lease(),
        })
        .map_err(|error| error.to_string())?;
        let keys =
            Keys::read(&setup.keys, cluster, setup.node.0).map_err(|error| error.to_string())?;
        let port = device
            .net
            .port
            .as_ref()
            .map_or(WITNESS_PORT, |port| port.value);
        let host = device.net.host.value.to_string();
        let contact = Contact::start(host.clone(), port, keys)
            .map_err(|error| format!("witness {host}: {error}"))?;
        Ok(Self {
            holder,
            contact,
            observer: Observer::start(&device.heuristics),
            host,
        })
    }

    /// Waits until the witness answers or an observation ends.
    pub async fn ready(&mut self) {
        tokio::select! {
            () = self.contact.ready() => {}
            () = self.observer.ready() => {}
        }
    }

    /// Looks at what became of the quorum, and asks what is to be asked. Until when the vote is held.
    pub fn follow(&mut self, now: Duration, quorum: &Quorum) -> Option<Duration> {
        while let Some(answer) = self.contact.answer() {
            self.holder.answer(&answer, now);
        }
        let view = quorum.current_view().map(|view| view.id);
        let heuristics = self.observer.observe(now, view);
        if let Some(request) = self.holder.follow(quorum, heuristics, now) {
            self.contact.ask(request);
        }
        self.holder.until()
    }

    /// When [`WitnessSide::follow`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.holder.deadline().min(self.observer.deadline())
    }

    /// For the status.
    #[must_use]
    pub fn status(&self, now: Duration) -> WitnessStatus {
        let standing = self.holder.contact(now);
        WitnessStatus {
            host: self.host.clone(),
            is_connected: standing != Standing::Silent,
            vote: match standing {
                Standing::Silent => "it does not answer".to_owned(),
                Standing::Reached => "not asked for".to_owned(),
                Standing::Granted => "given".to_owned(),
                Standing::Refused(reason) => format!("refused: {reason}"),
                Standing::Undecided => "not decided yet".to_owned(),
            },
        }
    }

    /// What the contact has to say for the log.
    pub fn said(&mut self) -> Option<String> {
        self.contact.said()
    }
}

fn preference(device: &Device) -> Preference {
    let net = &device.net;
    Preference {
        algorithm: match net.algorithm.as_ref().map(|algorithm| algorithm.value) {
            Some(model::Algorithm::Lms) => Algorithm::LastManStanding,
            Some(model::Algorithm::Ffsplit) | None => Algorithm::Ffsplit,
        },
        tie_breaker: match net.tie_breaker.as_ref().map(|breaker| &breaker.value) {
            Some(model::TieBreaker::Highest) => TieBreaker::Highest,
            Some(model::TieBreaker::Nodes(nodes)) if !nodes.is_empty() => {
                TieBreaker::Node(nodes[0])
            }
            _ => TieBreaker::Lowest,
        },
        keep_active: net
            .keep_active_partition
            .as_ref()
            .is_some_and(|keep| keep.value),
    }
}
