//! Actions: what may be done in a transition.

use std::borrow::Cow;
use std::sync::Arc;

use cib::Values;
use cib::xml::Element;

use super::ids::{ActionId, NodeId, ResourceId};
use super::relation::Relation;

/// The tasks that the scheduler reasons about; an action may also have any other name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Anything else.
    Other,
    /// `monitor`: probe or recurring check.
    Monitor,
    /// `stop`.
    Stop,
    /// `stopped`: a collective stop is complete.
    Stopped,
    /// `start`.
    Start,
    /// `running`: a collective start is complete.
    Started,
    /// `notify`.
    Notify,
    /// `notified`: a round of notifications is complete.
    Notified,
    /// `promote`.
    Promote,
    /// `promoted`.
    Promoted,
    /// `demote`.
    Demote,
    /// `demoted`.
    Demoted,
    /// `do_shutdown`: end the cluster on a node.
    Shutdown,
    /// `stonith`: fence a node.
    Fence,
}

impl Task {
    const NAMES: [(Self, &'static str); 13] = [
        (Self::Monitor, "monitor"),
        (Self::Stop, "stop"),
        (Self::Stopped, "stopped"),
        (Self::Start, "start"),
        (Self::Started, "running"),
        (Self::Notify, "notify"),
        (Self::Notified, "notified"),
        (Self::Promote, "promote"),
        (Self::Promoted, "promoted"),
        (Self::Demote, "demote"),
        (Self::Demoted, "demoted"),
        (Self::Shutdown, "do_shutdown"),
        (Self::Fence, "stonith"),
    ];

    /// The task called `name`.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        Self::NAMES
            .iter()
            .find(|(_, text)| *text == name)
            .map_or(Self::Other, |&(task, _)| task)
    }

    /// `name`, without a copy where it is a well-known one.
    #[must_use]
    pub fn static_name(name: &str) -> Cow<'static, str> {
        /// Well-known tasks that nothing has to be known of.
        const OTHERS: [&str; 4] = ["migrate_to", "migrate_from", "reload-agent", "cancel"];
        let known = match Self::parse(name) {
            Self::Other => OTHERS.into_iter().find(|&other| other == name),
            task => Some(task.name()),
        };
        known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
    }

    /// The name in operation keys.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(task, _)| *task == self)
            .map_or("", |&(_, name)| name)
    }
}

/// `on-fail`: what a failure of an action leads to, from mild to severe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnFail {
    /// Nothing.
    Ignore,
    /// The resource is demoted.
    Demote,
    /// The resource is restarted.
    #[default]
    Restart,
    /// The remote node behind a connection is fenced, or the connection restarted.
    ResetRemote,
    /// The resource's container is restarted.
    RestartContainer,
    /// The resource must leave the node.
    Ban,
    /// The resource is left alone.
    Block,
    /// The resource stays stopped.
    Stop,
    /// The node goes to standby.
    Standby,
    /// The node is fenced.
    Fence,
}

/// `requires`: what an action needs before it may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requires {
    /// Nothing.
    #[default]
    Nothing,
    /// Quorum.
    Quorum,
    /// Quorum, and that all unclean nodes have been fenced.
    Fencing,
}

/// A neighbour in the order of actions.
#[derive(Clone, Copy, Debug)]
pub struct Related {
    /// The other action.
    pub action: ActionId,
    /// How the two depend on each other; emptied where the relation turns out not to apply.
    pub relation: Relation,
    /// The relation as it was asked for.
    pub asked: Relation,
    /// Whether the relation has been written to the graph.
    pub graphed: bool,
    /// Whether the other action is of a resource that is made of others.
    pub is_collective: bool,
}

/// Something that may be done, or a point in the order of things (a pseudo-action).
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact about the action"
)]
pub struct Action<'c> {
    /// The resource that it acts on.
    pub resource: Option<ResourceId>,
    /// Whether that resource is made of others.
    pub is_collective: bool,
    /// Where it is done; `None` for what has no place (yet).
    pub node: Option<NodeId>,
    /// What kind of task it is.
    pub task: Task,
    /// The task's name, as agents know it.
    pub task_name: Cow<'static, str>,
    /// The operation key, `RESOURCE_TASK_INTERVAL`, or the task's name where there is no resource.
    pub key: Arc<str>,
    /// For a `cancel`: the task that is cancelled.
    pub cancel_task: Option<String>,
    /// How often it recurs, in milliseconds; 0 means once.
    pub interval_ms: u32,
    /// The `<op>` that configures it.
    pub config: Option<Element<'c>>,
    /// Why it is needed, for people.
    pub reason: Option<String>,
    /// Above which abort priority it is still carried out.
    pub priority: i32,

    /// Whether no agent is asked.
    pub pseudo: bool,
    /// Whether it can be done.
    pub runnable: bool,
    /// Whether it need not be done.
    pub optional: bool,
    /// Whether it is in the graph even if optional.
    pub always_in_graph: bool,
    /// Whether its instance attributes have been read from the configuration.
    pub attributes_evaluated: bool,
    /// Whether it may be part of a live migration.
    pub migratable: bool,
    /// Whether it has been added to the graph.
    pub in_graph: bool,
    /// Whether this is the stop that ends a dangling migration.
    pub migration_abort: bool,
    /// Whether it is a recurring monitor that must be scheduled anew where it is active.
    pub reschedule: bool,
    /// Whether `before` holds each action once.
    pub deduplicated: bool,
    /// Whether it may be carried out by the designated controller for its node.
    pub on_dc: bool,

    /// What it needs.
    pub needs: Requires,
    /// Meta-attributes, written to the graph as `CRM_meta_…`.
    pub meta: Values<'c>,
    /// The result code that its agent is expected to give, where that is not success.
    pub expected_result: Option<&'static str>,
    /// Attributes of this action alone, beside the resource's parameters.
    pub extra: Values<'c>,

    /// How many runnable actions come before it, where a minimum is required.
    pub runnable_before: usize,
    /// How many runnable actions must come before it; 0 where none are counted.
    pub required_runnable_before: usize,
    /// Actions that come before it, in order of creation.
    pub before: Vec<Related>,
    /// Actions that come after it, in order of creation.
    pub after: Vec<Related>,
}
