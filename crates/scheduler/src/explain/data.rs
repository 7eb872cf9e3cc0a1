//! What an explanation says.

use cib::Score;

use crate::model::Role;
use crate::model::journal::{Change, Choice, Shortage};

/// Why a resource is, or is not, where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The resource that was asked about.
    pub resource: String,
    /// What kind of resource it is.
    pub kind: Kind,
    /// The node that was asked about; none stands for all.
    pub node: Option<String>,
    /// One for each primitive that it consists of.
    pub placements: Vec<Placement>,
    /// Parts that are left out: they are not active, and get no node because there are enough of
    /// them.
    pub spare: usize,
}

/// The kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A primitive.
    Primitive,
    /// A group.
    Group,
    /// A clone.
    Clone,
    /// A bundle.
    Bundle,
}

/// Where a primitive is and goes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The primitive.
    pub resource: String,
    /// Where it is active.
    pub current: Vec<String>,
    /// Its role there.
    pub role: Role,
    /// Where it is to be.
    pub next: Option<String>,
    /// Its role then.
    pub next_role: Role,
    /// What happens to it.
    pub outcome: Outcome,
    /// Whether that cannot be done.
    pub blocked: bool,
    /// Why that happens.
    pub because: Because,
    /// What else there is to know about it.
    pub circumstances: Vec<Circumstance>,
    /// What it thinks of each node, by node name.
    pub nodes: Vec<NodeView>,
    /// How its node was chosen.
    pub choice: Choice,
    /// Whether it is promoted, if it can be.
    pub promotion: Option<Promotion>,
    /// What is done with it, in the order in which that usually happens.
    pub actions: Vec<ActionView>,
}

/// What happens to a primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is not managed: nothing.
    LeftAlone,
    /// It is stopped, and stays so.
    StaysStopped,
    /// It starts.
    Starts,
    /// It stays as it is.
    Stays,
    /// It stops.
    Stops,
    /// It stops here and starts there.
    Moves,
    /// It moves alive.
    Migrates,
    /// It stops and starts where it is.
    Restarts,
    /// It has failed, and is started anew.
    Recovers,
    /// It takes new parameters without a restart.
    Reloads,
    /// It is promoted.
    Promotes,
    /// It is demoted.
    Demotes,
}

/// The main reason of an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// It is not managed.
    Unmanaged,
    /// All resources are to be stopped (`stop-all-resources`).
    StopAll,
    /// It is to be stopped, for a reason as the scheduler names it.
    ToBeStopped(Option<String>),
    /// No node can run it.
    NoNode,
    /// The node that it is on cannot run anything.
    Unavailable {
        /// The node.
        node: String,
        /// What keeps it from that.
        obstacles: Vec<Obstacle>,
    },
    /// It must not be on the node that it is on.
    Forbidden {
        /// The node.
        node: String,
        /// The parts of the score that say so.
        parts: Vec<Part>,
    },
    /// Another node has a better score than the one that it is on.
    Outscored {
        /// The node that it is on.
        node: String,
        /// Its score.
        score: Score,
        /// That of the node that it goes to.
        better: Score,
        /// The parts that weigh most for the new node.
        parts: Vec<Part>,
    },
    /// No other node can run it.
    OnlyNode,
    /// Its node has the best score.
    BestScore {
        /// The score.
        score: Score,
        /// That of the next best node.
        next: Score,
        /// The parts that weigh most.
        parts: Vec<Part>,
    },
    /// Others are as good.
    Tie(Tie),
    /// It has failed.
    Failed,
    /// Its place among the instances that may be promoted.
    Promotion,
    /// Its action gives a reason, as the scheduler names it.
    Action(String),
    /// Something keeps its action from being done.
    Blocked(Blocker),
    /// There is nothing to say.
    Unknown,
}

/// What decides between nodes with equal scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// It is there already.
    Current,
    /// The whole that it belongs to, or the room that it needs, asked for the node.
    AskedFor,
    /// The node has fewer resources.
    Load {
        /// How many the node that was chosen had.
        chosen: usize,
        /// How many the other one had.
        other: usize,
    },
    /// The free capacity, where the number of resources does not say more.
    Capacity,
    /// The name comes first.
    Name,
}

/// Something that holds for a resource as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Circumstance {
    /// `is-managed="false"`.
    Unmanaged,
    /// The cluster, the node or the resource is in maintenance.
    Maintenance,
    /// Fencing is enabled, but there is no device: nothing is managed.
    NoFencingDevice,
    /// Nothing may be done after a failure.
    BlockedByFailure,
    /// It has failed.
    Failed,
    /// It is not in the configuration any more.
    Removed,
    /// It is active on more than one node.
    ActiveOnSeveral,
    /// `target-role` (of the resource that is named) keeps it stopped or unpromoted.
    TargetRole(String, String),
    /// The cluster has no quorum.
    NoQuorum,
    /// An operation is under way.
    Pending(String),
}

/// A node from the point of view of a primitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// The node.
    pub node: String,
    /// The score; `None` where the primitive is not allowed because nothing says that it is.
    pub score: Option<Score>,
    /// What the score is made of, in the order in which it was.
    pub parts: Vec<Part>,
    /// What keeps the node from running anything.
    pub obstacles: Vec<Obstacle>,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was chosen.
    Chosen,
    /// It cannot run anything.
    Unavailable,
    /// Nothing allows the resource there.
    NotAllowed,
    /// The score forbids it.
    Forbidden,
    /// Another one has a better score.
    Outscored,
    /// Another one has the same score.
    Tied(Tie),
    /// It could have been chosen; the choice was not about scores.
    Free,
}

/// What keeps a node from running anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It is not a member of the cluster.
    Offline,
    /// It must be fenced first.
    Unclean,
    /// `standby`.
    Standby,
    /// Standby because an operation failed.
    StandbyOnFail,
    /// It is shutting down.
    ShuttingDown,
    /// It is in maintenance.
    Maintenance,
    /// It is joining.
    Pending,
    /// Its guest will not run.
    GuestDown,
}

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it does to the score.
    pub change: Change,
    /// Where it comes from.
    pub source: Source,
}

impl Part {
    /// Whether it forbids the node.
    #[must_use]
    pub fn forbids(&self) -> bool {
        matches!(self.change, Change::Plus(score) | Change::Becomes(score)
            if score == Score::MINUS_INFINITY)
    }
}

/// Where a part of a score comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The node's own score.
    Base,
    /// A location constraint.
    Location {
        /// Its id.
        id: String,
        /// The rule that holds, if it has rules.
        rule: Option<String>,
    },
    /// The node's health.
    Health {
        /// `node-health-strategy`.
        strategy: String,
        /// The attributes that are not green.
        attributes: Vec<(String, String)>,
    },
    /// A colocation.
    Colocation {
        /// The constraint's id; `None` where it follows from what the resources are.
        id: Option<String>,
        /// The other resource.
        with: String,
        /// Where that is to be.
        place: Option<String>,
        /// Who follows whom.
        direction: Direction,
        /// How much they belong together.
        score: Score,
        /// What keeps the other from this node, if it follows and cannot be here.
        kept_away: Vec<Part>,
    },
    /// `resource-stickiness`.
    Stickiness,
    /// Too many failures.
    Failures {
        /// How many.
        count: i32,
        /// `migration-threshold`.
        threshold: Score,
        /// `failure-timeout` in milliseconds, if failures expire.
        timeout_ms: Option<u64>,
    },
    /// A ticket that is not there.
    Ticket {
        /// The ticket.
        id: String,
        /// Whether it is granted, but on standby.
        standby: bool,
    },
    /// Not enough room.
    Utilization(Vec<Shortage>),
    /// A shutdown lock for another node.
    ShutdownLock {
        /// That node.
        node: Option<String>,
    },
    /// It has to be where its launcher is.
    Launcher(String),
    /// It is to be stopped, for a reason as the scheduler names it.
    ToBeStopped(Option<String>),
    /// There are as many instances as there may be in the cluster.
    InstanceLimit,
    /// The node has as many instances as it may have, or cannot have any.
    NodeFull,
    /// What the agent thinks of a promotion there.
    PromotionScore,
    /// The agent has not said what it thinks of a promotion there.
    NoPromotionScore,
    /// Any other, in words.
    Other(String),
}

/// Who follows whom in a colocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The resource that is explained follows the other.
    Follows,
    /// The other follows it, and has a say.
    Followed,
}

/// Whether an instance is promoted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Its promotion score.
    pub score: Score,
    /// How many instances may be promoted.
    pub limit: usize,
    /// How many other instances have a better score.
    pub better: usize,
    /// Whether it is to be promoted.
    pub promoted: bool,
    /// What the score is made of.
    pub parts: Vec<Part>,
}

/// What is done with a primitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionView {
    /// The action; probes of several nodes are one.
    pub step: Step,
    /// Its nodes.
    pub nodes: Vec<String>,
    /// Why it is needed, as the scheduler names it.
    pub reason: Option<String>,
    /// What has to be done before.
    pub waits: Vec<Wait>,
    /// How many more actions it waits for.
    pub more_waits: usize,
    /// Why it cannot be done, if it cannot.
    pub blocker: Option<Blocker>,
}

/// An action, by what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the transition graph.
    pub number: usize,
    /// The resource, if any.
    pub resource: Option<String>,
    /// The task, as agents know it.
    pub task: String,
    /// How often it recurs, in milliseconds; 0 means once.
    pub interval_ms: u32,
    /// Where.
    pub node: Option<String>,
}

/// Something that an action waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What.
    pub step: Step,
    /// Where the order comes from.
    pub origin: Origin,
}

/// Where an order of actions comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An ordering constraint, by id.
    Constraint(String),
    /// It has to be down before it starts.
    Restart,
    /// One step of a resource follows from the other.
    Sequence,
    /// The members of a group start one after the other, and stop in the opposite order.
    Group(String),
    /// The node must be fenced first.
    Fencing,
    /// The node must be unfenced first.
    Unfencing,
    /// What runs where has to be known first.
    Probe,
    /// One runs inside, or by means of, the other.
    Container,
    /// The connection to the remote node has to be there.
    Connection,
    /// Room has to be made on the node.
    Room,
    /// The instances of a clone, or replicas of a bundle, start one after the other.
    Instances(String),
    /// Notifications surround what a clone does.
    Notification,
    /// The node cannot shut down, or be shut down, before.
    Shutdown,
    /// What the resources are.
    Nature,
}

/// Why an action cannot be done: what it needs, what that needs, and so on to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The steps from the action (left out) to the one at the root.
    pub chain: Vec<Wait>,
    /// What is wrong there.
    pub root: Root,
}

/// Why an action cannot be done, whatever the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// Its resource has no node.
    NoNode {
        /// The resource.
        resource: String,
        /// Why each node is out of the question.
        nodes: Vec<NodeView>,
    },
    /// Its resource is not managed.
    Unmanaged(String),
    /// Nothing may be done to its resource after a failure.
    BlockedByFailure(String),
    /// Its node is not online.
    Offline(String),
    /// Its node is joining.
    Pending(String),
    /// Its node cannot be fenced.
    CannotFence(String),
    /// There is no quorum.
    NoQuorum,
    /// Too few instances can run.
    TooFew {
        /// How many there must be.
        needed: usize,
        /// How many can.
        possible: usize,
    },
    /// As the scheduler names it.
    Reason(String),
    /// Nobody knows.
    Unknown,
}

/// Something that was asked about is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What it would have been.
    pub what: &'static str,
    /// What was asked about.
    pub name: String,
    /// What may have been meant.
    pub near: Vec<String>,
}
