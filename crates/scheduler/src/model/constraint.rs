//! Constraints of the configuration.

use std::borrow::Cow;

use cib::{Score, Values};

use super::ids::{ResourceId, TicketId};
use super::node::{Candidate, ProbeMode};
use super::role::Role;

/// Where a resource should, or should not, run.
#[derive(Clone, Debug)]
pub struct Location<'c> {
    /// The constraint's name, for explanations.
    pub id: Cow<'c, str>,
    /// The resource.
    pub resource: ResourceId,
    /// The role that it is limited to; `Unknown` (or below `Unpromoted`) for any.
    pub role: Role,
    /// How the resource is probed on these nodes.
    pub probe_mode: ProbeMode,
    /// The nodes, each with the score it gets.
    pub nodes: Vec<Candidate>,
}

/// That one resource should, or should not, be with another.
#[derive(Clone, Debug)]
pub struct Colocation<'c> {
    /// The constraint's name.
    pub id: Cow<'c, str>,
    /// The node attribute that must be equal; `#uname` means the same node.
    pub node_attribute: Cow<'c, str>,
    /// The resource that follows.
    pub dependent: ResourceId,
    /// The resource that is followed.
    pub primary: ResourceId,
    /// Only while the dependent has this role.
    pub dependent_role: Role,
    /// Only while the primary has this role.
    pub primary_role: Role,
    /// How much.
    pub score: Score,
    /// Whether the primary is moved for it even if it is active.
    pub influence: bool,
    /// Whether it was configured rather than implied.
    pub explicit: bool,
}

/// The right to run resources, granted from outside (Booth).
#[derive(Clone, Debug)]
pub struct Ticket<'c> {
    /// The ticket's name.
    pub id: Cow<'c, str>,
    /// Whether this cluster has it.
    pub granted: bool,
    /// Whether it is on standby.
    pub standby: bool,
    /// When it was last granted, in seconds since 1970; -1 for never.
    pub last_granted_s: i64,
    /// Whatever else its state says.
    pub state: Values<'c>,
}

/// `loss-policy`: what happens to a resource when its ticket is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LossPolicy {
    /// It is stopped.
    #[default]
    Stop,
    /// It is demoted.
    Demote,
    /// The nodes that it is active on are fenced.
    Fence,
    /// It is left alone.
    Freeze,
}

/// That a resource needs a ticket (`<rsc_ticket>`).
#[derive(Clone, Debug)]
pub struct TicketDependency<'c> {
    /// The constraint's name.
    pub id: Cow<'c, str>,
    /// The ticket.
    pub ticket: TicketId,
    /// The role that it is limited to; `Unknown` for any.
    pub role: Role,
    /// What happens when the ticket is lost.
    pub loss_policy: LossPolicy,
}
