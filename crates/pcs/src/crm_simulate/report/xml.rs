//! The report as Pacemaker's API schema has it (`crm_simulate-2.41.rng`).

use cib::xml::{Document, XmlId};
use scheduler::Plan;
use scheduler::explain::Explanation;
use scheduler::model::{Finding, NodeId, ResourceId};
use scheduler::simulation::{Event, Execution};

use super::{Moment, Report, Timing, walk_problems};
use crate::crm_simulate::explain;
use crate::crm_simulate::input::EffectiveTime;
use crate::crm_simulate::options::Options;
use crate::status::{self, View};
use crate::summary::{Change, Movement, NodeChange, ResourceChange};
use crate::{ExitCode, document};

pub(super) struct Xml {
    document: Document,
    errors: Vec<String>,
}

impl Xml {
    pub fn new(arguments: &[String]) -> Self {
        Self {
            document: document::new_xml("crm_simulate", arguments),
            errors: Vec::new(),
        }
    }

    fn section(&mut self, name: &str) -> XmlId {
        let root = self.document.root().xml_id();
        self.document.append(root, name)
    }

    fn last_section(&self) -> XmlId {
        let root = self.document.root();
        root.children().last().unwrap_or(root).xml_id()
    }

    fn element(&mut self, parent: XmlId, name: &str, attributes: &[(&str, &str)]) -> XmlId {
        let element = self.document.append(parent, name);
        for (name, value) in attributes {
            self.document.set(element, name, value);
        }
        element
    }

    fn resource_change(&mut self, list: XmlId, change: &ResourceChange) {
        let action = change.action.to_ascii_lowercase();
        let element = self.element(
            list,
            "rsc_action",
            &[("action", &action), ("resource", &change.resource)],
        );
        for (name, value) in movement_attributes(&change.movement) {
            self.document.set(element, name, value);
        }
        if let Some(reason) = &change.reason {
            self.document.set(element, "reason", reason);
        }
        if change.blocked {
            self.document.set(element, "blocked", "true");
        }
    }

    fn transition_event(&mut self, list: XmlId, event: &Event) {
        match event {
            Event::Pseudo { key, node } => {
                let element = self.element(list, "pseudo_action", &[("task", key)]);
                if let Some(node) = node {
                    self.document.set(element, "node", node);
                }
            }
            Event::Resource {
                resource,
                task,
                interval_ms,
                node,
            } => {
                let attributes = [("resource", &**resource), ("op", task), ("node", node)];
                let element = self.element(list, "rsc_action", &attributes);
                if *interval_ms > 0 {
                    self.document
                        .set(element, "interval", &interval_ms.to_string());
                }
            }
            Event::Cluster {
                task,
                resource,
                node,
            } => {
                let attributes = [("task", &**task), ("node", node)];
                let element = self.element(list, "cluster_action", &attributes);
                if let Some(resource) = resource {
                    self.document.set(element, "id", resource);
                }
            }
            Event::Fencing { target, operation } => {
                self.element(
                    list,
                    "fencing_action",
                    &[("target", target), ("op", operation)],
                );
            }
            Event::Attribute { .. } => self.modification(list, "inject_attr", event),
            Event::Error(text) => self.error(text),
            // The schema has no place for these.
            Event::Failure { .. }
            | Event::Quorum(_)
            | Event::Watchdog(_)
            | Event::Node { .. }
            | Event::Ticket { .. }
            | Event::Operation(_) => {}
        }
    }

    /// A modification. The schema wants them sorted by kind.
    fn modification(&mut self, list: XmlId, kind: &str, event: &Event) {
        match (kind, event) {
            ("", Event::Quorum(value)) => self.document.set(list, "quorum", value),
            ("", Event::Watchdog(value)) => self.document.set(list, "watchdog", value),
            ("", Event::Error(text)) => self.error(text),
            ("modify_node", Event::Node { change, node }) => {
                self.element(list, kind, &[("action", change), ("node", node)]);
            }
            ("modify_ticket", Event::Ticket { change, ticket }) => {
                self.element(list, kind, &[("action", change), ("ticket", ticket)]);
            }
            ("inject_spec", Event::Operation(specification)) => {
                self.element(list, kind, &[("spec", specification)]);
            }
            (
                "inject_attr",
                Event::Attribute {
                    name,
                    value,
                    node_uuid,
                },
            ) => {
                let attributes = [
                    ("name", &**name),
                    ("value", value),
                    ("node_path", "/node_state"),
                    ("cib_node", node_uuid),
                ];
                self.element(list, kind, &attributes);
            }
            _ => {}
        }
    }

    fn finding(&mut self, list: XmlId, plan: &Plan<'_>, finding: &Finding) {
        let resource_id = |resource: &ResourceId| &*plan.resources[*resource].id;
        let node_name = |node: &NodeId| plan.nodes[*node].name;
        match finding {
            Finding::Score {
                step,
                resource,
                node,
                score,
            } => {
                let attributes = [
                    ("function", *step),
                    ("node", node_name(node)),
                    ("score", &score.to_string()),
                    ("id", resource_id(resource)),
                ];
                self.element(list, "node_weight", &attributes);
            }
            Finding::Promotion {
                resource,
                node,
                score,
            } => {
                let attributes = [("id", resource_id(resource)), ("score", &score.to_string())];
                let element = self.element(list, "promotion_score", &attributes);
                if let Some(node) = node {
                    self.document.set(element, "node", node_name(node));
                }
            }
            Finding::Capacity {
                moment,
                node,
                amounts,
            } => {
                let attributes = [("node", node_name(node)), ("comment", moment)];
                let element = self.element(list, "capacity", &attributes);
                self.amounts(element, amounts);
            }
            Finding::Utilization {
                step,
                resource,
                node,
                amounts,
            } => {
                let attributes = [
                    ("resource", resource_id(resource)),
                    ("node", node_name(node)),
                    ("function", step),
                ];
                let element = self.element(list, "utilization", &attributes);
                self.amounts(element, amounts);
            }
            Finding::Remark(_) => {}
        }
    }

    fn amounts(&mut self, parent: XmlId, amounts: &[(String, String)]) {
        for (name, amount) in amounts {
            let element = self.document.append(parent, name);
            self.document.append_text(element, amount);
        }
    }
}

impl Report for Xml {
    fn wants_status(&self) -> bool {
        true
    }

    fn time(&mut self, _: EffectiveTime, _: Option<&str>) {}

    fn error(&mut self, text: &str) {
        self.errors.push(text.to_owned());
    }

    fn status(&mut self, plan: &Plan<'_>, moment: Moment, view: &View) {
        let section = self.section(match moment {
            Moment::Current => "cluster_status",
            Moment::Revised => "revised_cluster_status",
        });
        status::xml::append(&mut self.document, section, plan, view);
    }

    fn modifications(&mut self, events: &[Event]) {
        let list = self.section("modifications");
        for kind in [
            "",
            "modify_node",
            "modify_ticket",
            "inject_spec",
            "inject_attr",
        ] {
            for event in events {
                self.modification(list, kind, event);
            }
        }
    }

    fn scores(&mut self, plan: &Plan<'_>, options: &Options) {
        self.section(match (options.show_scores, options.show_utilization) {
            (true, true) => "allocations_utilizations",
            (true, false) => "allocations",
            (false, true) => "utilizations",
            (false, false) => return,
        });
        self.findings(plan);
    }

    fn summary(&mut self, changes: &[Change]) {
        let list = self.section("actions");
        for change in changes {
            match change {
                Change::Node(NodeChange { task, node, reason }) => {
                    let attributes = [("task", &**task), ("node", node), ("reason", reason)];
                    self.element(list, "node_action", &attributes);
                }
                Change::Resource(change) => self.resource_change(list, change),
            }
        }
    }

    fn explanation(&mut self, explanation: &Explanation) {
        let root = self.document.root().xml_id();
        explain::xml::append(&mut self.document, root, explanation);
    }

    fn transition(&mut self, execution: &Execution) {
        let list = self.section("transition");
        for event in &execution.events {
            self.transition_event(list, event);
        }
        for problem in walk_problems(execution.ending) {
            self.error(problem);
        }
    }

    fn begin_timings(&mut self) {
        self.section("timings");
    }

    fn findings(&mut self, plan: &Plan<'_>) {
        let list = self.last_section();
        for finding in &plan.findings {
            self.finding(list, plan, finding);
        }
    }

    fn timing(&mut self, Timing { file, seconds }: &Timing) {
        let seconds = seconds.to_string();
        let list = self.last_section();
        self.element(list, "timing", &[("file", file), ("duration", &seconds)]);
    }

    fn end_timings(&mut self) {}

    fn finish(self: Box<Self>, exit_code: ExitCode) -> (String, String) {
        let text = document::xml_text(self.document, exit_code, &self.errors);
        (text, String::new())
    }
}

fn movement_attributes(movement: &Movement) -> Vec<(&'static str, &str)> {
    match movement {
        Movement::Start { node } | Movement::Stop { node } => vec![("node", node)],
        Movement::Stay { node } => vec![("source", node)],
        Movement::StartAs {
            role,
            next_role,
            node,
        } => vec![
            ("role", role.name()),
            ("next-role", next_role.name()),
            ("dest", node),
        ],
        Movement::StopAs { role, node } => vec![("role", role.name()), ("node", node)],
        Movement::StayAs { role, node } => vec![("role", role.name()), ("source", node)],
        Movement::Move { from, to } => vec![("source", from), ("dest", to)],
        Movement::MoveAs { role, from, to } => {
            vec![("source", from), ("dest", to), ("role", role.name())]
        }
        Movement::Become {
            role,
            next_role,
            node,
        } => vec![
            ("role", role.name()),
            ("next-role", next_role.name()),
            ("source", node),
        ],
        Movement::MoveAndBecome {
            role,
            from,
            next_role,
            to,
        } => vec![
            ("role", role.name()),
            ("source", from),
            ("next-role", next_role.name()),
            ("dest", to),
        ],
    }
}
