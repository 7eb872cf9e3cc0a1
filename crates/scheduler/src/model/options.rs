//! The cluster's options (Pacemaker Explained, "Cluster Options"), typed, with their defaults.

use cib::{Score, Values};

/// `no-quorum-policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoQuorumPolicy {
    /// Stop everything.
    #[default]
    Stop,
    /// Leave what runs, start nothing.
    Freeze,
    /// Go on as if there were quorum.
    Ignore,
    /// Demote promoted resources and stop the rest.
    Demote,
    /// Fence all nodes of the partition.
    Fence,
}

/// `placement-strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlacementStrategy {
    /// Utilization is not considered.
    #[default]
    Default,
    /// Utilization decides whether a node can take a resource.
    Utilization,
    /// … and nodes with more free capacity are preferred.
    Balanced,
    /// … and as few nodes as possible are used.
    Minimal,
}

/// The cluster options that the scheduler obeys.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option")]
pub struct Options<'c> {
    /// All options as configured, old names replaced by current ones.
    pub all: Values<'c>,
    /// `have-quorum` of the CIB.
    pub quorate: bool,
    /// `no-quorum-policy`.
    pub no_quorum_policy: NoQuorumPolicy,
    /// `symmetric-cluster`.
    pub symmetric: bool,
    /// `maintenance-mode`.
    pub maintenance: bool,
    /// `fencing-enabled`.
    pub fencing_enabled: bool,
    /// Whether there is a fencing device, or a watchdog.
    pub have_fencing: bool,
    /// `fencing-action`: `reboot` or `off`.
    pub fencing_action: &'c str,
    /// `fencing-timeout` in milliseconds.
    pub fencing_timeout_ms: u64,
    /// `fence-remote-without-quorum`.
    pub fence_remote_without_quorum: bool,
    /// `concurrent-fencing`.
    pub concurrent_fencing: bool,
    /// `startup-fencing`.
    pub startup_fencing: bool,
    /// `priority-fencing-delay` in milliseconds.
    pub priority_fencing_delay_ms: u64,
    /// Whether any resource needs or provides unfencing.
    pub unfencing: bool,
    /// `stop-all-resources`.
    pub stop_all: bool,
    /// `stop-orphan-resources` / `stop-removed-resources`.
    pub stop_removed_resources: bool,
    /// `stop-orphan-actions` / `cancel-removed-actions`.
    pub cancel_removed_actions: bool,
    /// `start-failure-is-fatal`.
    pub start_failure_is_fatal: bool,
    /// `enable-startup-probes`.
    pub startup_probes: bool,
    /// `shutdown-lock`.
    pub shutdown_lock: bool,
    /// `shutdown-lock-limit` in milliseconds; 0 for none.
    pub shutdown_lock_limit_ms: u64,
    /// `node-pending-timeout` in milliseconds.
    pub node_pending_timeout_ms: u64,
    /// `placement-strategy`.
    pub placement_strategy: PlacementStrategy,
    /// The cluster has remote nodes.
    pub have_remote_nodes: bool,
    /// `node-health-strategy`.
    pub node_health_strategy: &'c str,
    /// Score of health `red`.
    pub health_red: Score,
    /// Score of health `yellow`.
    pub health_yellow: Score,
    /// Score of health `green`.
    pub health_green: Score,
}

impl Default for Options<'_> {
    /// The options of a cluster that sets none.
    fn default() -> Self {
        todo!()
    }
}
