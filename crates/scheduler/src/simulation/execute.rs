//! Carrying out a transition graph as if every agent did what it was asked.
//!
//! What each kind of action changes:
//!
//! | action | change |
//! | --- | --- |
//! | pseudo-action | none |
//! | `delete`, `meta-data` of a resource, `probe_again` | none |
//! | any other operation of a resource | its expected result in the history of the node |
//! | fencing, except `on` | the node left in good order; its results and transient attributes are gone |
//! | any other action of the cluster | none |
//!
//! An operation that is meant to fail (`RESOURCE_TASK_INTERVAL@NODE=RESULT`) gets that result
//! instead, counts as a failure of the resource, and aborts the transition.

use cib::hashed::HashSet;

use cib::xml::{Document, Element, XmlId};

use super::FENCING_ORIGIN;
use super::events::Event;
use super::failures::{CountedFailure, count_failure};
use super::history::{self, OperationResult};
use super::status_section::{Agent, Fault, Membership, StatusSection};
use crate::actions::operation_key;
use crate::model::Plan;
use crate::walk::{ActionKind, Ending, Graph, GraphAction, HIGHEST_PRIORITY, Header, Next, Walk};

/// What came of a transition.
#[derive(Clone, Debug)]
pub struct Execution {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// How it ended.
    pub ending: Ending,
}

/// Carries out `graph`, which `plan` led to, on `cib`. What `failing` names fails; `now_s` (seconds
/// since 1970) is the time that results are recorded with. `configure_nodes`: see
/// [`super::Injections::adds_nodes`].
///
/// # Errors
/// The status section contradicts itself.
pub fn carry_out(
    cib: &mut Document,
    plan: &Plan<'_>,
    graph: &Document,
    failing: &[String],
    configure_nodes: bool,
    now_s: i64,
) -> Result<Execution, Fault> {
    let graph = Graph::read(graph.root());
    let mut simulation = Simulation {
        header: &graph.header,
        status: StatusSection::new(cib, configure_nodes)?,
        names: plan
            .resources
            .values()
            .flat_map(|resource| [Some(&*resource.id), resource.history_id.as_deref()])
            .flatten()
            .collect(),
        failing,
        now_s,
        events: Vec::new(),
    };
    let mut walk = Walk::new(&graph);
    let ending = loop {
        match walk.next(&graph, |_| true) {
            Next::Start(place) => {
                let mut success = true;
                for action in &graph.steps[place].actions {
                    success &= simulation.carry_out(action);
                }
                if !success {
                    walk.abort(HIGHEST_PRIORITY);
                }
                walk.done(&graph, place, success);
            }
            // Nothing is ever in flight here.
            Next::Wait => break Ending::Terminated,
            Next::End(ending) => break ending,
        }
    };
    Ok(Execution {
        events: simulation.events,
        ending,
    })
}

struct Simulation<'a> {
    header: &'a Header,
    status: StatusSection<'a>,
    /// Names that a resource is known by.
    names: HashSet<&'a str>,
    failing: &'a [String],
    now_s: i64,
    events: Vec<Event>,
}

impl Simulation<'_> {
    /// Whether it succeeded.
    fn carry_out(&mut self, action: &GraphAction<'_>) -> bool {
        match action.kind {
            ActionKind::Pseudo => {
                let key = action
                    .element
                    .attribute("operation_key")
                    .unwrap_or_default();
                self.events.push(Event::Pseudo {
                    key: key.to_owned(),
                    node: action.node().map(str::to_owned),
                });
                true
            }
            ActionKind::Cluster if action.task() == "stonith" => self.fence(action),
            ActionKind::Cluster => {
                self.events.push(Event::Cluster {
                    task: action.task().to_owned(),
                    resource: action.resource().and_then(Element::id).map(str::to_owned),
                    node: action.node().unwrap_or_default().to_owned(),
                });
                true
            }
            ActionKind::Resource => self.operate(action),
        }
    }

    fn fence(&mut self, action: &GraphAction<'_>) -> bool {
        let operation = action.meta("stonith_action").unwrap_or_default();
        let target = action.node().unwrap_or_default();
        self.events.push(Event::Fencing {
            target: target.to_owned(),
            operation: operation.to_owned(),
        });
        if !operation.eq_ignore_ascii_case("on") {
            let state = self
                .status
                .set_membership(target, Membership::Left, FENCING_ORIGIN);
            self.status.forget(state);
        }
        true
    }

    fn operate(&mut self, action: &GraphAction<'_>) -> bool {
        let task = action.task();
        if task == "probe_again" {
            return true;
        }
        let Some(primitive) = action.resource() else {
            return false;
        };
        let Some(configured) = primitive.id() else {
            return false;
        };
        let node = action.node().unwrap_or_default();
        let resource = self.known_name(primitive, configured);
        let interval_ms = action.interval_ms();
        let event = |interval_ms| Event::Resource {
            resource: resource.to_owned(),
            task: task.to_owned(),
            interval_ms,
            node: node.to_owned(),
        };
        if ["delete", "meta-data"]
            .iter()
            .any(|quiet| quiet.eq_ignore_ascii_case(task))
        {
            self.events.push(event(0));
            return true;
        }
        // The executor of a remote node is reached through another: its identity is its name.
        let uuid = match action.element.attribute("router_node") {
            Some(_) => Some(node),
            None => action.element.attribute("on_node_uuid"),
        };
        let state = self.status.state(node, uuid);
        let agent = Agent::of(primitive);
        let history = match self.status.history(state, resource, configured, agent) {
            Ok(history) => history,
            Err(problem) => {
                self.events.push(Event::Error(problem));
                return false;
            }
        };
        self.events.push(event(interval_ms));
        let expected = action
            .meta("op_target_rc")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0);
        let failure = self.failure(action, &[resource, configured]);
        if let Some((result, name)) = failure {
            self.fail(action, state, name, result);
        }
        let result = OperationResult {
            resource: configured,
            task,
            interval_ms,
            result: failure.map_or(expected, |(result, _)| result),
            expected,
            reason: "User-injected result",
            node,
            at_s: self.now_s,
            notification: action
                .meta("notify_type")
                .zip(action.meta("notify_operation")),
            migration: matches!(task, "migrate_to" | "migrate_from")
                .then(|| (action.meta("migrate_source"), action.meta("migrate_target"))),
            digest: Some(&digest(action)),
        };
        history::record(self.status.document_mut(), history, &result);
        self.status.commit();
        failure.is_none()
    }

    /// The name that the action's resource has among those of the plan: as configured, or of the
    /// instance if only that is known.
    fn known_name<'e>(&self, primitive: Element<'e>, configured: &'e str) -> &'e str {
        match primitive.attribute("long-id") {
            Some(long) if !self.names.contains(configured) && self.names.contains(long) => long,
            _ => configured,
        }
    }

    /// The result that the action is meant to fail with, and the name it was meant by.
    fn failure<'n>(
        &mut self,
        action: &GraphAction<'_>,
        names: &[&'n str],
    ) -> Option<(i32, &'n str)> {
        let node = action.node().unwrap_or_default();
        for specification in self.failing {
            let Some(&name) = names.iter().find(|name| {
                let key = operation_key(name, action.task(), action.interval_ms());
                starts_with_ignoring_case(specification, &format!("{key}@{node}="))
            }) else {
                continue;
            };
            let result = specification
                .split_once('=')
                .and_then(|(_, result)| crate::status::number::parse_i32(result));
            match result {
                Some(result) => return Some((result, name)),
                None => self.events.push(Event::Error(format!(
                    "Invalid failed operation '{specification}' (result code must be integer)"
                ))),
            }
        }
        None
    }

    fn fail(&mut self, action: &GraphAction<'_>, state: XmlId, name: &str, result: i32) {
        self.events.push(Event::Failure {
            action: action.number,
            result,
        });
        let is_fatal = match action.task() {
            "start" => self.header.is_failed_start_fatal,
            "stop" => self.header.is_failed_stop_fatal,
            _ => false,
        };
        let failure = CountedFailure {
            resource: name,
            task: action.task(),
            interval_ms: action.interval_ms(),
            result,
            is_fatal,
            at_s: self.now_s,
        };
        let events = count_failure(&mut self.status, state, &failure);
        self.events.extend(events);
    }
}

/// The digest of the parameters that an agent was given. The timeout of a recurring operation is one
/// of them.
fn digest(action: &GraphAction<'_>) -> String {
    let is_recurring = action.interval_ms() > 0;
    let parameters = action.parameters().filter(|(name, _)| {
        !cib::digest::is_left_out(name) || (is_recurring && *name == "CRM_meta_timeout")
    });
    cib::digest::of_parameters(parameters)
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.len() >= start.len()
        && text.as_bytes()[..start.len()].eq_ignore_ascii_case(start.as_bytes())
}
