//! Corosync's other libraries: what it is configured to, what votequorum says, how links do. All of
//! it may wait for corosync's answer.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use cluster_api::{LinkStatus, PathStatus};
use corosync_group::{Device, Process, QuorumState};
use membership::NodeId;
use rust_corosync::cmap::{self, Data, Map};
use rust_corosync::quorum::{self, Model1Data, Model1Flags, ModelData, QuorumType};
use rust_corosync::votequorum::{self, NodeInfoFlags};
use rust_corosync::{CsError, DispatchFlags, NodeId as CorosyncId, TrackFlags, cpg};
use system::awaited::Duplicate;

use super::connection::callbacks;
use crate::setup::Link;

/// While corosync forms a ring it takes no requests: so often and so long it is asked again.
const TRIES: u32 = 100;
const TRY_PAUSE: Duration = Duration::from_millis(20);

thread_local! {
    /// The latest of what the quorum library has called back in this thread.
    static TOLD: RefCell<Option<RingQuorum>> = const { RefCell::new(None) };
}

#[derive(Clone, PartialEq)]
struct RingQuorum {
    ring: u64,
    quorate: bool,
    nodes: BTreeSet<NodeId>,
}

/// The libraries, connected.
pub(super) struct Libraries {
    quorum: quorum::Handle,
    votequorum: votequorum::Handle,
    statistics: cmap::Handle,
    pub descriptor: Duplicate,
    own: NodeId,
    latest: Option<RingQuorum>,
}

/// What corosync runs with.
pub(super) struct Running {
    /// `totem.cluster_name`.
    pub cluster: Option<String>,
    /// The shorter one of `token` and `consensus`.
    pub patience: Duration,
    /// This process in the group.
    pub process: Process,
    /// The most that CPG carries in one piece, in bytes.
    pub max_bytes: usize,
}

/// An error of corosync's, for the operator.
pub(super) fn explain(error: CsError) -> String {
    match error {
        CsError::CsErrLibrary | CsError::CsErrBadHandle => "corosync is gone".to_owned(),
        CsError::CsErrTryAgain => "corosync is busy".to_owned(),
        CsError::CsErrAccess | CsError::CsErrSecurity => {
            "corosync does not let this user in (root, or uidgid in corosync.conf)".to_owned()
        }
        error => format!("corosync says {error}"),
    }
}

fn patiently<T>(mut ask: impl FnMut() -> rust_corosync::Result<T>) -> Result<T, String> {
    for _ in 0..TRIES {
        match ask() {
            Err(CsError::CsErrTryAgain) => thread::sleep(TRY_PAUSE),
            other => return other.map_err(explain),
        }
    }
    Err(explain(CsError::CsErrTryAgain))
}

/// Joins the group; the process is in it once CPG tells a configuration with it.
pub(super) fn join(group: &str) -> Result<(cpg::Handle, Running), String> {
    let cmap = patiently(|| cmap::initialize(Map::Icmap)).map_err(|error| {
        if error == explain(CsError::CsErrLibrary) {
            "corosync does not run".to_owned()
        } else {
            error
        }
    })?;
    let ms = |key| match cmap::get(&cmap, key) {
        Ok(Data::UInt32(ms)) => Ok(Duration::from_millis(ms.into())),
        _ => Err(format!("corosync does not tell its {key}")),
    };
    let token = ms("runtime.config.totem.token")?;
    let consensus = ms("runtime.config.totem.consensus")?;
    let cluster = match cmap::get(&cmap, "totem.cluster_name") {
        Ok(Data::String(name)) => Some(name.trim_end_matches('\0').to_owned()),
        _ => None,
    };
    let handle = patiently(|| cpg::initialize(&callbacks(), 0))?;
    let node = NodeId(patiently(|| cpg::local_get(&handle))?.into());
    let max_bytes = patiently(|| cpg::max_atomic_msgsize_get(&handle))?;
    patiently(|| cpg::join(&handle, group))?;
    let running = Running {
        cluster,
        patience: token.min(consensus),
        process: Process {
            node,
            pid: std::process::id(),
        },
        max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
    };
    Ok((handle, running))
}

impl Libraries {
    pub(super) fn connect(own: NodeId) -> Result<Self, String> {
        TOLD.with_borrow_mut(Option::take);
        let callbacks = ModelData::ModelV1(Model1Data {
            flags: Model1Flags::None,
            quorum_notification_fn: Some(|_, quorate, ring, nodes| {
                let told = RingQuorum {
                    ring: ring.seq,
                    quorate,
                    nodes: nodes.into_iter().map(|node| NodeId(node.into())).collect(),
                };
                TOLD.with_borrow_mut(|latest| *latest = Some(told));
            }),
            nodelist_notification_fn: None,
        });
        let (quorum, kind) = patiently(|| quorum::initialize(&callbacks, 0))?;
        if matches!(kind, QuorumType::Free) {
            return Err(
                "corosync runs without quorum (quorum.provider: corosync_votequorum)".to_owned(),
            );
        }
        let none = votequorum::Callbacks {
            quorum_notification_fn: None,
            nodelist_notification_fn: None,
            expectedvotes_notification_fn: None,
        };
        let votequorum = patiently(|| votequorum::initialize(&none))?;
        let statistics = patiently(|| cmap::initialize(Map::Stats))?;
        patiently(|| quorum::trackstart(&quorum, TrackFlags::Changes))?;
        let descriptor = quorum::fd_get(&quorum).map_err(explain)?;
        let descriptor = Duplicate::of(descriptor).map_err(|error| error.to_string())?;
        Ok(Self {
            quorum,
            votequorum,
            statistics,
            descriptor,
            own,
            latest: None,
        })
    }

    /// What votequorum says, as far as it has told.
    pub(super) fn quorum(&mut self) -> Result<Option<QuorumState>, String> {
        quorum::dispatch(&self.quorum, DispatchFlags::All).map_err(explain)?;
        if let Some(told) = TOLD.with_borrow_mut(Option::take) {
            self.latest = Some(told);
        }
        let Some(latest) = self.latest.clone() else {
            return Ok(None);
        };
        let own = CorosyncId::from(self.own.0);
        let info = patiently(|| votequorum::get_info(&self.votequorum, own))?;
        let is_on = |flag| info.flags.contains(flag);
        let device = is_on(NodeInfoFlags::VOTEQUORUM_INFO_QDEVICE_REGISTERED);
        Ok(Some(QuorumState {
            ring: latest.ring,
            quorate: latest.quorate,
            nodes: latest.nodes,
            needed: info.quorum,
            expected: info.highest_expected,
            device: device.then_some(Device {
                votes: info.qdevice_votes,
                gives: is_on(NodeInfoFlags::VOTEQUORUM_INFO_QDEVICE_CAST_VOTE),
            }),
            two_node: is_on(NodeInfoFlags::VOTEQUORUM_INFO_TWONODE),
            last_man_standing: is_on(NodeInfoFlags::VOTEQUORUM_INFO_LAST_MAN_STANDING),
        }))
    }

    /// How the links do, as far as knet counts (cmap_keys(7), `stats.knet`).
    pub(super) fn links(&self, links: &[Link]) -> Vec<LinkStatus> {
        let of_link = |link: &Link| {
            let paths = link.peers.iter().filter_map(|(node, address)| {
                let prefix = format!("stats.knet.node{node}.link{}.", link.number);
                self.path(&prefix, *node, address.ip().to_string())
            });
            LinkStatus {
                number: link.number,
                address: link.listen.ip().to_string(),
                is_bound: true,
                paths: paths.collect(),
            }
        };
        links.iter().map(of_link).collect()
    }

    fn path(&self, prefix: &str, node: NodeId, address: String) -> Option<PathStatus> {
        let number = |name: &str| match cmap::get(&self.statistics, &format!("{prefix}{name}")) {
            Ok(Data::UInt64(number)) => Some(number),
            Ok(Data::UInt32(number)) => Some(number.into()),
            Ok(Data::UInt16(number)) => Some(number.into()),
            Ok(Data::UInt8(number)) => Some(number.into()),
            _ => None,
        };
        let is_connected = number("connected")? != 0;
        let count = |name: &str| number(name).unwrap_or(0);
        Some(PathStatus {
            node: node.0,
            address,
            is_connected,
            is_in_use: is_connected && count("tx_data_packets") > 0,
            round_trip_us: number("latency_ave").filter(|_| is_connected),
            frames: (count("tx_data_packets"), count("rx_data_packets")),
            bytes: (count("tx_data_bytes"), count("rx_data_bytes")),
            dropped: count("tx_data_errors"),
            last_error: None,
        })
    }
}
