//! The report as one JSON document.
//!
//! | member | holds |
//! | --- | --- |
//! | `request` | the command line |
//! | `time` | the time at which the cluster is looked at, and where it comes from |
//! | `current`, `revised` | the cluster before and after the transition |
//! | `modifications` | what was changed on request |
//! | `scores`, `promotion_scores`, `capacities`, `utilizations` | what decided placement |
//! | `changes` | what happens to nodes and resources |
//! | `explanation` | why a resource is where it is |
//! | `transition` | the events of the simulated transition, in order, and how it ended |
//! | `timings` | how long each profiled file took, in seconds |
//! | `status` | the exit code, its meaning, and what went wrong |

use scheduler::Plan;
use scheduler::explain::Explanation;
use scheduler::model::{Finding, NodeId, ResourceId};
use scheduler::simulation::{Event, Execution};
use scheduler::walk::Ending;
use serde_json::{Map, Value, json};

use super::{Moment, Report, Timing, walk_problems};
use crate::crm_simulate::explain;
use crate::crm_simulate::input::EffectiveTime;
use crate::crm_simulate::options::Options;
use crate::status::{self, View};
use crate::summary::{Change, Movement};
use crate::{ExitCode, document};

pub(super) struct Json {
    document: Map<String, Value>,
    errors: Vec<String>,
}

impl Json {
    pub fn new(arguments: &[String]) -> Self {
        Self {
            document: document::new_json("crm_simulate", arguments),
            errors: Vec::new(),
        }
    }

    fn set(&mut self, member: &str, value: Value) {
        self.document.insert(member.to_owned(), value);
    }

    /// Events as values; errors among them are kept for the end.
    fn events(&mut self, events: &[Event]) -> Vec<Value> {
        let mut values = Vec::new();
        for event in events {
            match event {
                Event::Error(text) => self.error(text),
                _ => values.push(event_value(event)),
            }
        }
        values
    }
}

impl Report for Json {
    fn wants_status(&self) -> bool {
        true
    }

    fn time(&mut self, time: EffectiveTime, _: Option<&str>) {
        let source = match time {
            EffectiveTime::Given(_) => "given",
            EffectiveTime::Original(_) => "execution-date",
            EffectiveTime::Now(_) => "now",
        };
        let at = time.moment().to_string();
        self.set("time", json!({ "at": at, "source": source }));
    }

    fn error(&mut self, text: &str) {
        self.errors.push(text.to_owned());
    }

    fn status(&mut self, plan: &Plan<'_>, moment: Moment, view: &View) {
        let member = match moment {
            Moment::Current => "current",
            Moment::Revised => "revised",
        };
        self.set(member, status::json::value(plan, view));
    }

    fn modifications(&mut self, events: &[Event]) {
        let events = self.events(events);
        self.set("modifications", json!(events));
    }

    fn scores(&mut self, plan: &Plan<'_>, options: &Options) {
        let mut lists: [(&str, bool, Vec<Value>); 4] = [
            ("scores", options.show_scores, Vec::new()),
            ("promotion_scores", options.show_scores, Vec::new()),
            ("capacities", options.show_utilization, Vec::new()),
            ("utilizations", options.show_utilization, Vec::new()),
        ];
        for finding in &plan.findings {
            let list = match finding {
                Finding::Score { .. } => 0,
                Finding::Promotion { .. } => 1,
                Finding::Capacity { .. } => 2,
                Finding::Utilization { .. } => 3,
                Finding::Remark(_) => continue,
            };
            lists[list].2.push(finding_value(plan, finding));
        }
        for (member, _, values) in lists.into_iter().filter(|(_, wanted, _)| *wanted) {
            self.set(member, json!(values));
        }
    }

    fn summary(&mut self, changes: &[Change]) {
        self.set("changes", changes.iter().map(change_value).collect());
    }

    fn explanation(&mut self, explanation: &Explanation) {
        self.set("explanation", explain::json::value(explanation));
    }

    fn transition(&mut self, execution: &Execution) {
        let ending = match execution.ending {
            Ending::Complete => "complete",
            Ending::Stopped => "stopped",
            Ending::Terminated => "terminated",
        };
        let events = self.events(&execution.events);
        self.set("transition", json!({ "events": events, "ending": ending }));
        for problem in walk_problems(execution.ending) {
            self.error(problem);
        }
    }

    fn begin_timings(&mut self) {
        self.set("timings", json!([]));
    }

    /// Timed files have no place for them.
    fn findings(&mut self, _: &Plan<'_>) {}

    fn timing(&mut self, Timing { file, seconds }: &Timing) {
        if let Some(Value::Array(timings)) = self.document.get_mut("timings") {
            timings.push(json!({ "file": file, "duration": seconds }));
        }
    }

    fn end_timings(&mut self) {}

    fn finish(self: Box<Self>, exit_code: ExitCode) -> (String, String) {
        let text = document::json_text(self.document, exit_code, &self.errors);
        (text, String::new())
    }
}

fn event_value(event: &Event) -> Value {
    match event {
        Event::Quorum(value) => json!({ "event": "quorum", "value": value }),
        Event::Watchdog(value) => json!({ "event": "watchdog", "value": value }),
        Event::Node { change, node } => {
            json!({ "event": "node", "change": change.to_lowercase(), "node": node })
        }
        Event::Ticket { change, ticket } => {
            json!({ "event": "ticket", "change": change.to_lowercase(), "ticket": ticket })
        }
        Event::Operation(specification) => json!({ "event": "operation", "spec": specification }),
        Event::Attribute {
            name,
            value,
            node_uuid,
        } => json!({ "event": "attribute", "name": name, "value": value, "node_id": node_uuid }),
        Event::Pseudo { key, node } => json!({ "event": "pseudo", "key": key, "node": node }),
        Event::Resource {
            resource,
            task,
            interval_ms,
            node,
        } => json!({
            "event": "resource",
            "resource": resource,
            "task": task,
            "interval_ms": interval_ms,
            "node": node,
        }),
        Event::Cluster {
            task,
            resource,
            node,
        } => json!({ "event": "cluster", "task": task, "resource": resource, "node": node }),
        Event::Fencing { target, operation } => {
            json!({ "event": "fencing", "target": target, "operation": operation })
        }
        Event::Failure { action, result } => {
            json!({ "event": "failure", "action": action, "result": result })
        }
        Event::Error(text) => json!({ "event": "error", "text": text }),
    }
}

fn finding_value(plan: &Plan<'_>, finding: &Finding) -> Value {
    let resource_id = |resource: &ResourceId| &plan.resources[*resource].id;
    let node_name = |node: &NodeId| plan.nodes[*node].name;
    let object = |amounts: &[(String, String)]| -> Map<String, Value> {
        amounts
            .iter()
            .map(|(name, amount)| (name.clone(), json!(amount)))
            .collect()
    };
    match finding {
        Finding::Score {
            step,
            resource,
            node,
            score,
        } => json!({
            "step": step,
            "resource": resource_id(resource),
            "node": node_name(node),
            "score": score.to_string(),
        }),
        Finding::Promotion {
            resource,
            node,
            score,
        } => json!({
            "resource": resource_id(resource),
            "node": node.as_ref().map(node_name),
            "score": score.to_string(),
        }),
        Finding::Capacity {
            moment,
            node,
            amounts,
        } => json!({ "moment": moment, "node": node_name(node), "amounts": object(amounts) }),
        Finding::Utilization {
            step,
            resource,
            node,
            amounts,
        } => json!({
            "step": step,
            "resource": resource_id(resource),
            "node": node_name(node),
            "amounts": object(amounts),
        }),
        Finding::Remark(text) => json!(text),
    }
}

fn change_value(change: &Change) -> Value {
    match change {
        Change::Node(change) => json!({
            "task": change.task,
            "node": change.node,
            "reason": change.reason,
        }),
        Change::Resource(change) => {
            let mut value = json!({
                "action": change.action.to_lowercase(),
                "resource": change.resource,
                "reason": change.reason,
                "blocked": change.blocked,
            });
            for (member, text) in movement_members(&change.movement) {
                value[member] = json!(text);
            }
            value
        }
    }
}

/// Where a resource comes from (`source`) and goes to (`destination`), and its roles there.
fn movement_members(movement: &Movement) -> Vec<(&'static str, &str)> {
    let (source, destination, role, next_role) = match movement {
        Movement::Start { node } => (None, Some(node), None, None),
        Movement::StartAs {
            role,
            next_role,
            node,
        } => (None, Some(node), Some(role), Some(next_role)),
        Movement::Stop { node } => (Some(node), None, None, None),
        Movement::StopAs { role, node } => (Some(node), None, Some(role), None),
        Movement::Stay { node } => (Some(node), Some(node), None, None),
        Movement::StayAs { role, node } => (Some(node), Some(node), Some(role), Some(role)),
        Movement::Move { from, to } => (Some(from), Some(to), None, None),
        Movement::MoveAs { role, from, to } => (Some(from), Some(to), Some(role), Some(role)),
        Movement::Become {
            role,
            next_role,
            node,
        } => (Some(node), Some(node), Some(role), Some(next_role)),
        Movement::MoveAndBecome {
            role,
            from,
            next_role,
            to,
        } => (Some(from), Some(to), Some(role), Some(next_role)),
    };
    [
        ("source", source.map(String::as_str)),
        ("destination", destination.map(String::as_str)),
        ("role", role.map(|role| role.name())),
        ("next_role", next_role.map(|role| role.name())),
    ]
    .into_iter()
    .filter_map(|(member, text)| Some((member, text?)))
    .collect()
}
