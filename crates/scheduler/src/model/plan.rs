//! Everything that is known and decided in one run of the scheduler.

use std::collections::BTreeMap;
use std::ops::Range;

use cib::hashed::{HashMap, HashSet};
use cib::time::DateTime;
use cib::xml::{Element, XmlId};

use super::action::{Action, Task};
use super::constraint::{Colocation, Location, Ticket};
use super::finding::Finding;
use super::ids::{ActionId, ColocationId, LocationId, NodeId, ResourceId, Table, TicketId};
use super::journal::Journal;
use super::message::{Message, Severity};
use super::node::Node;
use super::options::Options;
use super::relation::{Ordering, OrderingEnd, Relation};
use super::resource::Resource;
use crate::Wishes;
use crate::status::DigestCache;

/// The state of a run: what the CIB says (`nodes`, `resources`, constraints), what has been decided
/// so far (assignments in `resources`), and what is to be done (`actions`, `orderings`).
#[derive(Clone, Debug)]
pub struct Plan<'c> {
    /// The whole CIB, expanded (see `expansion`).
    pub cib: Element<'c>,
    /// The time at which rules are evaluated.
    pub now: DateTime,
    /// The cluster options.
    pub options: Options<'c>,
    /// All nodes.
    pub nodes: Table<NodeId, Node<'c>>,
    /// All nodes, sorted by name (without regard to case, runs of digits as numbers): the order in
    /// which nodes are walked and shown. Kept by `configuration::add_node`.
    pub nodes_by_name: Vec<NodeId>,
    /// All resources, parts included.
    pub resources: Table<ResourceId, Resource<'c>>,
    /// The resources that are part of no other, the highest priority first, in the order of the CIB
    /// where it is the same; removed ones, which history adds, come last. Sorted anew for
    /// assignment.
    pub roots: Vec<ResourceId>,
    /// Resources made from a template, by the template's id.
    pub templates: BTreeMap<&'c str, Vec<&'c str>>,
    /// What a tag refers to, by the tag's id.
    pub tags: BTreeMap<&'c str, Vec<&'c str>>,
    /// All tickets.
    pub tickets: Table<TicketId, Ticket<'c>>,
    /// Location constraints, in order.
    pub locations: Table<LocationId, Location<'c>>,
    /// Colocation constraints.
    pub colocations: Table<ColocationId, Colocation<'c>>,
    /// Orderings, in order of creation.
    pub orderings: Vec<Ordering>,
    /// Which orderings each ordering constraint made, in order.
    pub order_constraints: Vec<OrderConstraint<'c>>,
    /// All actions.
    pub actions: Table<ActionId, Action<'c>>,
    /// Actions without a resource that exist once, by key (fencing of a node and the like).
    pub singletons: HashMap<String, ActionId>,
    /// History entries of failed operations, for status texts.
    pub failed_operations: Vec<FailedOperation<'c>>,
    /// History entries whose parameters are still to be compared with the configuration.
    pub parameter_checks: Vec<ParameterCheck<'c>>,
    /// History entries of recurring operations whose failure has expired: they are scheduled anew,
    /// as if their parameters had changed.
    pub expired_recurring: HashSet<XmlId>,
    /// Digests of operations' parameters as they are configured now.
    pub digests: DigestCache,
    /// Containers that have to be stopped whatever else happens.
    pub stop_needed: Vec<ResourceId>,
    /// When the scheduler should be run again at the latest, in seconds since 1970.
    pub recheck_by_s: Option<i64>,
    /// What there is to say about the input.
    pub messages: Vec<Message>,
    /// What is shown of the assignment on request, in order.
    pub findings: Vec<Finding>,
    /// How many resources are being assigned, each because the one before follows it.
    pub assignment_depth: usize,
    /// Causes of scores, where wanted.
    pub journal: Journal,
    /// Whether scores are to be written to `findings`.
    pub show_scores: bool,
    /// Whether utilization is to be written to `findings`.
    pub show_utilization: bool,
    /// Whether secrets may be masked in the CIB (see `Wishes::sanitized`).
    pub sanitized: bool,
    /// Resource numbers by id: found by `resource_by_id`.
    pub resource_ids: HashMap<String, ResourceId>,
}

/// An ordering constraint of the configuration (`<rsc_order>`).
#[derive(Clone, Debug)]
pub struct OrderConstraint<'c> {
    /// The constraint's name.
    pub id: &'c str,
    /// Its orderings in [`Plan::orderings`].
    pub orderings: Range<usize>,
}

/// A failed operation of the history.
#[derive(Clone, Copy, Debug)]
pub struct FailedOperation<'c> {
    /// The entry.
    pub entry: Element<'c>,
    /// The resource, as found.
    pub resource: ResourceId,
    /// Where.
    pub node: NodeId,
}

/// A history entry whose parameters are to be compared with the configuration.
#[derive(Clone, Copy, Debug)]
pub struct ParameterCheck<'c> {
    /// The entry.
    pub entry: Element<'c>,
    /// The resource.
    pub resource: ResourceId,
    /// Where.
    pub node: NodeId,
    /// Whether the check is of an active operation (`true`) or of a last failure.
    pub active: bool,
}

impl<'c> Plan<'c> {
    /// An empty plan for `cib` at `now`.
    #[must_use]
    pub fn new(cib: Element<'c>, now: DateTime, wishes: Wishes) -> Self {
        Self {
            cib,
            now,
            options: Options::default(),
            nodes: Table::new(),
            nodes_by_name: Vec::new(),
            resources: Table::new(),
            roots: Vec::new(),
            templates: BTreeMap::new(),
            tags: BTreeMap::new(),
            tickets: Table::new(),
            locations: Table::new(),
            colocations: Table::new(),
            orderings: Vec::new(),
            order_constraints: Vec::new(),
            actions: Table::new(),
            singletons: HashMap::default(),
            failed_operations: Vec::new(),
            parameter_checks: Vec::new(),
            expired_recurring: HashSet::default(),
            digests: DigestCache::default(),
            stop_needed: Vec::new(),
            recheck_by_s: None,
            messages: Vec::new(),
            findings: Vec::new(),
            assignment_depth: 0,
            journal: Journal {
                enabled: wishes.explain,
                ..Journal::default()
            },
            show_scores: wishes.show_scores,
            show_utilization: wishes.show_utilization,
            sanitized: wishes.sanitized,
            resource_ids: HashMap::default(),
        }
    }
}

impl Plan<'_> {
    /// Notes an error of the configuration.
    pub fn configuration_error(&mut self, text: impl Into<String>) {
        self.say(Severity::Error, true, text.into());
    }

    /// Notes an oddity of the configuration.
    pub fn configuration_warning(&mut self, text: impl Into<String>) {
        self.say(Severity::Warning, true, text.into());
    }

    /// Notes an error of the run.
    pub fn error(&mut self, text: impl Into<String>) {
        self.say(Severity::Error, false, text.into());
    }

    /// Notes an oddity of the run.
    pub fn warning(&mut self, text: impl Into<String>) {
        self.say(Severity::Warning, false, text.into());
    }

    /// Notes something of interest.
    pub fn notice(&mut self, text: impl Into<String>) {
        self.say(Severity::Notice, false, text.into());
    }

    /// Notes something that is shown on request.
    pub fn info(&mut self, text: impl Into<String>) {
        self.say(Severity::Info, false, text.into());
    }

    /// Tells something of interest where scores are told.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.findings.push(Finding::Remark(text.into()));
    }

    fn say(&mut self, severity: Severity, about_configuration: bool, text: String) {
        self.messages.push(Message {
            severity,
            about_configuration,
            text,
        });
    }

    /// Adds an ordering of `first` and `then`, which may be actions or keys of actions to come, and
    /// what it means for live migrations.
    pub fn add_ordering(&mut self, first: OrderingEnd, then: OrderingEnd, relation: Relation) {
        let with_resource = |mut end: OrderingEnd| {
            let of_action = end.action.and_then(|action| self.actions[action].resource);
            end.resource = end.resource.or(of_action);
            end
        };
        let ordering = Ordering {
            first: with_resource(first),
            then: with_resource(then),
            relation,
        };
        self.orderings.push(ordering);
        crate::ordering::repeat_for_migration(self, self.orderings.len() - 1);
    }

    /// Orders `first_task` of `first` and `then_task` of `then` (interval 0), whether or not these
    /// actions come to be.
    pub fn order_tasks(
        &mut self,
        (first, first_task): (ResourceId, &str),
        (then, then_task): (ResourceId, &str),
        relation: Relation,
    ) {
        self.add_ordering(
            Self::task_end(first, first_task),
            Self::task_end(then, then_task),
            relation,
        );
    }

    /// `task` of `resource` (interval 0) as an end of an ordering, whether or not it comes to be.
    #[must_use]
    pub fn task_end(resource: ResourceId, task: &str) -> OrderingEnd {
        OrderingEnd {
            resource: Some(resource),
            task: Some(Task::static_name(task)),
            action: None,
        }
    }

    /// The time of the run in seconds since 1970.
    #[must_use]
    pub fn now_s(&self) -> i64 {
        self.now.epoch_s()
    }
}
