//! Resources.

use std::borrow::Cow;
use std::sync::Arc;

use cib::xml::Element;
use cib::{Score, Values};

use super::action::Task;
use super::constraint::TicketDependency;
use super::ids::{ActionId, ColocationId, LocationId, NodeId, ResourceId};
use super::node::Candidates;
use super::role::Role;

/// A resource: a primitive or something made of other resources.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact about the resource"
)]
pub struct Resource<'c> {
    /// The identity: as configured, followed by `:N` for an instance of a clone.
    pub id: String,
    /// The number of the instance of a clone that this is, or is part of.
    pub instance: Option<usize>,
    /// The name under which a node's history knows it, where that differs from `id` (anonymous
    /// instances are recorded without their number, or with another instance's).
    pub history_id: Option<String>,
    /// The effective configuration, template included (see `expansion`); for a resource that is not
    /// configured any more, the `<lrm_resource>` that tells of it. Instances of a clone share it.
    pub xml: Element<'c>,
    /// What it is made of.
    pub variant: Variant<'c>,
    /// The group, clone or bundle that it is part of.
    pub parent: Option<ResourceId>,
    /// Its parts: members of a group, instances of a clone; for a bundle, all resources of all
    /// replicas as Pacemaker lists them.
    pub children: Vec<ResourceId>,
    /// The guest or container that launches it (`container` meta-attribute, or implied).
    pub launcher: Option<ResourceId>,
    /// What it launches.
    pub launched: Vec<ResourceId>,

    /// Meta-attributes that hold now, defaults included.
    pub meta: Values<'c>,
    /// Utilization attributes.
    pub utilization: Values<'c>,
    /// `priority`.
    pub priority: i32,
    /// `resource-stickiness`.
    pub stickiness: Score,
    /// `migration-threshold`; 0 or less means never.
    pub migration_threshold: Score,
    /// `failure-timeout` in milliseconds; 0 means failures do not expire.
    pub failure_timeout_ms: u64,
    /// `reconnect_interval` of a remote connection in milliseconds.
    pub reconnect_interval_ms: u64,
    /// `multiple-active`.
    pub multiply_active: MultiplyActive,

    /// Whether it is no longer in the configuration but known from history.
    pub removed: bool,
    /// Whether it was removed and had been launched by another resource.
    pub removed_launched: bool,
    /// Whether the cluster may start and stop it.
    pub managed: bool,
    /// Whether nothing may be done to it (failed stop without fencing, `on-fail="block"`).
    pub blocked: bool,
    /// Whether it, its node, or the cluster is in maintenance.
    pub maintenance: bool,
    /// Whether `notify` is on.
    pub notify: bool,
    /// Whether it is not an instance of an anonymous clone.
    pub unique: bool,
    /// Whether it is a fencing device.
    pub fence_device: bool,
    /// Whether it can be promoted.
    pub promotable: bool,
    /// Whether it has not been assigned (or left without a node) yet.
    pub unassigned: bool,
    /// Whether it is being assigned right now; guards against loops of colocations.
    pub assigning: bool,
    /// Whether its scores are being merged right now; guards against loops of colocations.
    pub updating_nodes: bool,
    /// Whether its restart is being worked out right now.
    pub restarting: bool,
    /// Whether it has to be stopped rather than demoted when it is failed.
    pub stop_if_failed: bool,
    /// Whether a reload has been scheduled.
    pub reload: bool,
    /// Whether it may run on a remote node although it is a remote connection.
    pub remote_nesting_allowed: bool,
    /// `critical`: whether its colocations matter for resources that are active already.
    pub critical: bool,
    /// Whether it has failed.
    pub failed: bool,
    /// Whether its failure may be ignored.
    pub ignore_failure: bool,
    /// Whether it is a connection to a Pacemaker Remote node.
    pub is_remote_connection: bool,
    /// Whether a start is pending in history.
    pub start_pending: bool,
    /// Whether it is probed only on nodes named with `resource-discovery="exclusive"`.
    pub exclusive_probes: bool,
    /// Whether it is active more than once and only the unexpected ones are to be stopped.
    pub stop_unexpected: bool,
    /// `allow-migrate`.
    pub migratable: bool,
    /// Whether it is the implicit container of a bundle's replica.
    pub replica_container: bool,
    /// Whether it may only run on nodes with quorum (`requires`).
    pub needs_quorum: bool,
    /// Whether a failed node has to be fenced before it may be recovered elsewhere (`requires`).
    pub needs_fencing: bool,
    /// Whether it may only run on nodes that were unfenced (`requires`).
    pub needs_unfencing: bool,

    /// The role at the start.
    pub role: Role,
    /// The role to be reached.
    pub next_role: Role,
    /// Why `next_role` is not the default one; for logs and explanations.
    pub next_role_reason: Option<String>,
    /// The nodes on which it is, or may be, active at the start. In order of discovery.
    pub active_on: Vec<NodeId>,
    /// The node that it is to run on; primitives only.
    pub assigned_to: Option<NodeId>,
    /// Where it may run, and how much it wants to.
    pub allowed: Candidates,
    /// Where its state is known from history.
    pub known_on: Candidates,
    /// How much this instance wants to be promoted where it is assigned.
    pub promotion_priority: Score,
    /// Whether a promotion score was set (`-1` is a score too).
    pub promotion_priority_set: bool,
    /// An action that history shows as not finished.
    pub pending_task: Option<&'c str>,
    /// Where that action runs.
    pub pending_node: Option<NodeId>,
    /// The node that it is locked to after a clean shutdown (`shutdown-lock`).
    pub lock_node: Option<NodeId>,
    /// Since when, in seconds since 1970.
    pub lock_since_s: i64,
    /// Source of a migration of which only the first half is done.
    pub partial_migration_source: Option<NodeId>,
    /// Target of a migration of which only the first half is done.
    pub partial_migration_target: Option<NodeId>,
    /// Nodes where a stop is still needed after a migration.
    pub dangling_migration_sources: Vec<NodeId>,

    /// Actions of this resource, in order of creation.
    pub actions: Vec<ActionId>,
    /// What identifies each of `actions`, side by side with it, so that finding one among many
    /// reads little memory. Kept by `actions` alone.
    pub action_marks: Vec<ActionMark>,
    /// A bit for each node (some share one) on which it has an action. Kept by `actions` alone.
    pub action_nodes: u64,
    /// A bit for each hash (some share one) of a key of an action without a node. Kept by `actions`
    /// alone.
    pub unplaced_actions: u64,
    /// Meta-attributes of operations as they were read once; kept by `actions` alone.
    pub operations: Vec<OperationMeta<'c>>,
    /// Colocations in which this resource is the primary.
    pub with_this: Vec<ColocationId>,
    /// Colocations in which this resource is the dependent.
    pub this_with: Vec<ColocationId>,
    /// Location constraints that name it, in order of creation.
    pub locations: Vec<LocationId>,
    /// Tickets that it depends on.
    pub tickets: Vec<TicketDependency<'c>>,
}

/// What identifies an action of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionMark {
    /// A hash of its key.
    pub key_hash: u32,
    /// What kind of task it is.
    pub task: Task,
    /// Its node.
    pub node: Option<NodeId>,
}

/// An operation of a resource as configured.
#[derive(Clone, Debug)]
pub struct OperationMeta<'c> {
    /// The key of its actions.
    pub key: Arc<str>,
    /// The operation's name.
    pub task: Cow<'static, str>,
    /// Its interval in milliseconds.
    pub interval_ms: u32,
    /// The `<op>` that configures it.
    pub config: Option<Element<'c>>,
    /// Its meta-attributes.
    pub meta: Values<'c>,
}

impl<'c> Resource<'c> {
    /// A resource of which nothing is known but what it is called and where it is configured: a
    /// primitive that is stopped, allowed nowhere, unmanaged, not unique.
    #[must_use]
    pub fn new(id: String, xml: Element<'c>, parent: Option<ResourceId>) -> Self {
        Self {
            id,
            instance: None,
            history_id: None,
            xml,
            variant: Variant::Primitive,
            parent,
            children: Vec::new(),
            launcher: None,
            launched: Vec::new(),
            meta: Values::new(),
            utilization: Values::new(),
            priority: 0,
            stickiness: Score::ZERO,
            migration_threshold: Score::INFINITY,
            failure_timeout_ms: 0,
            reconnect_interval_ms: 0,
            multiply_active: MultiplyActive::Restart,
            removed: false,
            removed_launched: false,
            managed: false,
            blocked: false,
            maintenance: false,
            notify: false,
            unique: false,
            fence_device: false,
            promotable: false,
            unassigned: true,
            assigning: false,
            updating_nodes: false,
            restarting: false,
            stop_if_failed: false,
            reload: false,
            remote_nesting_allowed: false,
            critical: false,
            failed: false,
            ignore_failure: false,
            is_remote_connection: false,
            start_pending: false,
            exclusive_probes: false,
            stop_unexpected: false,
            migratable: false,
            replica_container: false,
            needs_quorum: false,
            needs_fencing: false,
            needs_unfencing: false,
            role: Role::Stopped,
            next_role: Role::Unknown,
            next_role_reason: None,
            active_on: Vec::new(),
            assigned_to: None,
            allowed: Candidates::new(),
            known_on: Candidates::new(),
            promotion_priority: Score::ZERO,
            promotion_priority_set: false,
            pending_task: None,
            pending_node: None,
            lock_node: None,
            lock_since_s: 0,
            partial_migration_source: None,
            partial_migration_target: None,
            dangling_migration_sources: Vec::new(),
            actions: Vec::new(),
            action_marks: Vec::new(),
            action_nodes: 0,
            unplaced_actions: 0,
            operations: Vec::new(),
            with_this: Vec::new(),
            this_with: Vec::new(),
            locations: Vec::new(),
            tickets: Vec::new(),
        }
    }
}

/// The kinds of resources. What all have in common is in [`Resource`].
#[derive(Clone, Debug)]
pub enum Variant<'c> {
    /// One agent.
    Primitive,
    /// Members that are placed together and started in order.
    Group(Group),
    /// Instances of one primitive or group.
    Clone(Box<Clone_>),
    /// Replicas of a container, each with an optional address and an agent inside.
    Bundle(Box<Bundle<'c>>),
}

/// What only groups have.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Whether members start one after the other (`ordered`).
    pub ordered: bool,
    /// Whether members are on one node (`collocated`).
    pub colocated: bool,
}

/// What only clones have.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact about the clone"
)]
pub struct Clone_ {
    /// `clone-max`.
    pub max: usize,
    /// `clone-node-max`.
    pub node_max: usize,
    /// `promoted-max`.
    pub promoted_max: usize,
    /// `promoted-node-max`.
    pub promoted_node_max: usize,
    /// How many instances are active or may be made, removed ones included.
    pub total: usize,
    /// `interleave`.
    pub interleave: bool,
    /// `ordered`.
    pub ordered: bool,
    /// Whether promotion scores have been added.
    pub promotion_scores_added: bool,
    /// Whether constraints on the promoted role have been added.
    pub promotion_constrained: bool,
    /// The pseudo-actions around notifications, filled while actions are made.
    pub notifications: CloneNotifications,
}

/// The notification bundles around each kind of action of a clone; filled by `notifications`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloneNotifications {
    /// Around stops.
    pub stop: Option<Notification>,
    /// Around starts.
    pub start: Option<Notification>,
    /// Around demotions.
    pub demote: Option<Notification>,
    /// Around promotions.
    pub promote: Option<Notification>,
}

/// The pseudo-actions before and after an action that instances are told of.
#[derive(Clone, Copy, Debug)]
pub struct Notification {
    /// The action that instances are told of.
    pub task: Task,
    /// Opens the round before the action.
    pub pre: Option<ActionId>,
    /// Closes the round before the action.
    pub pre_done: Option<ActionId>,
    /// Opens the round after the action.
    pub post: Option<ActionId>,
    /// Closes the round after the action.
    pub post_done: Option<ActionId>,
}

/// What only bundles have.
#[derive(Clone, Debug, Default)]
pub struct Bundle<'c> {
    /// `promoted-max`.
    pub promoted_max: usize,
    /// `replicas`.
    pub replicas_count: usize,
    /// `replicas-per-host`.
    pub replicas_per_host: usize,
    /// The container technology, as in `docker`.
    pub technology: &'static str,
    /// The implied clone of the primitive inside, if there is one.
    pub child: Option<ResourceId>,
    /// The replicas.
    pub replicas: Vec<Replica<'c>>,
    /// The image.
    pub image: &'c str,
}

/// One replica of a bundle.
#[derive(Clone, Debug)]
pub struct Replica<'c> {
    /// Which one, from 0.
    pub offset: usize,
    /// Its address, if the bundle has an `ip-range-start`.
    pub address: Option<&'c str>,
    /// The node that the replica becomes, if it has something inside.
    pub node: Option<NodeId>,
    /// The resource of the address.
    pub ip: Option<ResourceId>,
    /// The instance of the primitive inside.
    pub child: Option<ResourceId>,
    /// The container itself.
    pub container: ResourceId,
    /// The connection to the agent executor inside.
    pub remote: Option<ResourceId>,
}

impl Replica<'_> {
    /// The resources that the replica is made of, in the order of status texts.
    pub fn parts(&self) -> impl Iterator<Item = ResourceId> + use<> {
        [self.ip, self.child, Some(self.container), self.remote]
            .into_iter()
            .flatten()
    }
}

/// `multiple-active`: what to do with a resource that is active where it should not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MultiplyActive {
    /// Stop all and start one.
    #[default]
    Restart,
    /// Stop all.
    Stop,
    /// Leave everything alone.
    Block,
    /// Stop all but the expected one.
    StopUnexpected,
}
