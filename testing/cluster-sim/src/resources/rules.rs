//! What must hold of resources.

use std::collections::BTreeMap;
use std::time::Duration;

use cib::CibVersion;
use cib::xml::{Document, Element};

use super::acting::graph_of;
use super::plan::FENCE_DEVICE;
use super::{epoch_s, node_name};
use crate::judge::Verdict;
use crate::world::World;

impl World {
    /// With fencing, what is to run once in the cluster runs nowhere else when it is started.
    pub(super) fn check_begun(&self, node: usize, resource: &str) -> Verdict {
        let Some(resources) = &self.resources else {
            return Ok(());
        };
        let plan = &resources.plan;
        if !plan.has_fencing || !plan.once.contains(resource) {
            return Ok(());
        }
        let runs = |other: &usize| resources.machines[*other].active.contains(resource);
        match (0..self.nodes.len()).find(|other| *other != node && runs(other)) {
            Some(other) => Err(format!(
                "{resource} is started on {} and still runs on {}",
                node_name(node),
                node_name(other)
            )),
            None => Ok(()),
        }
    }

    /// Why the cluster is not yet as it should be, once nothing goes wrong any more.
    pub(crate) fn unsettled(&mut self) -> Result<(), String> {
        if !(0..self.nodes.len()).all(|node| self.is_configured(node)) {
            return Err("the cluster is not configured".to_owned());
        }
        let settled = self.nodes.iter().any(|node| {
            let process = node.process.as_ref();
            let service = process.and_then(|process| process.service.as_ref());
            let controller = service.and_then(|service| service.node.controller());
            controller.is_some_and(|controller| controller.is_settled())
        });
        if !settled {
            return Err("the coordinator has not come to an end".to_owned());
        }
        let idle = |node: usize| {
            let machines = self.resources.as_ref().map(|it| &it.machines);
            machines.is_none_or(|machines| machines[node].is_idle())
        };
        if !(0..self.nodes.len()).all(idle) {
            return Err("operations are under way".to_owned());
        }
        let Some(cib) = self.committed(0).cloned() else {
            return Err("a node does not run".to_owned());
        };
        let held = self
            .check_decision(&cib)
            .and_then(|()| self.check_histories(&cib))
            .and_then(|()| self.check_all_runs(&cib));
        held.map_err(|broken| format!("{broken}\n{}\n", cib.root().to_compact_text()))
    }

    /// The scheduler wants nothing. What it still wants although nothing has happened since it last
    /// decided, it gets when the operator waits for the next regular decision; where something can never
    /// be stopped, it may want for ever.
    fn check_decision(&mut self, cib: &Document) -> Result<(), String> {
        let version = CibVersion::of(cib.root());
        let known = self.resources.as_ref().and_then(|it| it.looked_at);
        let wants_nothing = match known {
            Some((seen, wants_nothing)) if seen == version => wants_nothing,
            _ => {
                let graph = graph_of(cib, epoch_s(self.now));
                let wants_nothing = !graph.root().descendants().any(is_done_by_somebody);
                if let Some(resources) = &mut self.resources {
                    resources.looked_at = Some((version, wants_nothing));
                }
                wants_nothing
            }
        };
        if wants_nothing || is_blocked(cib) || self.may_shuffle(cib) {
            Ok(())
        } else {
            self.recheck();
            let graph = graph_of(cib, epoch_s(self.now));
            let cib = cib.root().to_compact_text();
            Err(format!(
                "the scheduler wants more: {}\n{cib}\n",
                actions(&graph)
            ))
        }
    }

    /// The instances of a clone that has failed somewhere are numbered anew by each decision, and may be
    /// restarted for it: Pacemaker's scheduler does the same.
    fn may_shuffle(&self, cib: &Document) -> bool {
        let plan = self.resources.as_ref().map(|it| &it.plan);
        plan.is_some_and(|plan| !plan.everywhere.is_empty()) && has_failures(cib)
    }

    /// The time of a regular decision has come (`cluster-recheck-interval`).
    fn recheck(&mut self) {
        let Some(resources) = &mut self.resources else {
            return;
        };
        if resources.rechecks == MAX_RECHECKS {
            return;
        }
        resources.rechecks += 1;
        let now = self.now;
        for node in 0..self.nodes.len() {
            let local = self.nodes[node].clock.local(now);
            if let Some(service) = self.nodes[node].service() {
                service.node.reconsider(local);
            }
            self.wake_soon(node);
        }
    }

    /// The histories say what truly runs.
    fn check_histories(&self, cib: &Document) -> Result<(), String> {
        let Some(resources) = &self.resources else {
            return Ok(());
        };
        for (node, machine) in resources.machines.iter().enumerate() {
            let said = histories(cib, node);
            for resource in resources.plan.once.iter().chain(&resources.plan.everywhere) {
                let truth = machine.active.contains(resource);
                match said.get(resource.as_str()) {
                    Some(Some(said)) if *said != truth => {
                        return Err(format!(
                            "{resource} on {}: the history says {said}, the truth is {truth}",
                            node_name(node)
                        ));
                    }
                    None if truth => {
                        return Err(format!(
                            "{resource} runs on {} without a history",
                            node_name(node)
                        ));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Where nothing has failed and nothing forbids it, everything runs.
    fn check_all_runs(&self, cib: &Document) -> Result<(), String> {
        let Some(resources) = &self.resources else {
            return Ok(());
        };
        let plan = &resources.plan;
        if plan.has_constraints || has_failures(cib) {
            return Ok(());
        }
        let holders = |resource: &String| {
            let machines = resources.machines.iter();
            machines
                .filter(|machine| machine.active.contains(resource))
                .count()
        };
        let wrong = |resource: &&String| {
            let expected = if plan.once.contains(*resource) {
                1
            } else {
                self.nodes.len()
            };
            holders(resource) != expected
        };
        match plan.once.iter().chain(&plan.everywhere).find(wrong) {
            Some(resource) => Err(format!(
                "{resource} runs on {} nodes although nothing has failed",
                holders(resource)
            )),
            None => Ok(()),
        }
    }
}

/// How long the cluster may take to come to rest, besides what the group takes: hanging operations,
/// what monitors find, fencing.
pub(crate) const REST_BOUND: Duration = Duration::from_secs(120);

/// Decisions without a cause, until the scheduler must be content.
const MAX_RECHECKS: u32 = 5;

/// What histories say of a node: whether a resource runs there; nothing, where its last operation
/// failed and anything may be.
fn histories(cib: &Document, node: usize) -> BTreeMap<String, Option<bool>> {
    let mut said = BTreeMap::new();
    let id = (node + 1).to_string();
    for resource in resources_of(cib, &id) {
        let Some(name) = resource.id() else { continue };
        if name == FENCE_DEVICE {
            continue;
        }
        let number = |it: Element<'_>, name| it.attribute(name)?.parse::<i64>().ok();
        // All results of what recurs have the call's number: the later one counts.
        let age = |it: Element<'_>| Some((number(it, "call-id")?, number(it, "last-rc-change")?));
        let operations = resource.children_named("lrm_rsc_op");
        let last = operations.max_by_key(|it| age(*it));
        said.insert(name.to_owned(), last.and_then(meaning));
    }
    said
}

fn resources_of<'d>(cib: &'d Document, node: &str) -> Vec<Element<'d>> {
    let status = cib.root().child("status").into_iter();
    let states = status.flat_map(|it| it.children_named("node_state"));
    let own = states.filter(|state| state.id() == Some(node));
    let histories = own.flat_map(|state| state.children_named("lrm"));
    let lists = histories.flat_map(|it| it.children_named("lrm_resources"));
    lists
        .flat_map(|it| it.children_named("lrm_resource"))
        .collect()
}

fn meaning(operation: Element<'_>) -> Option<bool> {
    let attribute = |name| operation.attribute(name);
    let has_answer = attribute("op-status") == Some("0");
    match (attribute("operation")?, attribute("rc-code")?) {
        ("start" | "monitor", "0") if has_answer => Some(true),
        ("stop", "0") | ("monitor", "7") if has_answer => Some(false),
        _ => None,
    }
}

/// Something could not be stopped, and nobody fences.
fn is_blocked(cib: &Document) -> bool {
    let status = cib.root().child("status").into_iter();
    let mut all = status.flat_map(Element::descendants);
    all.any(|it| {
        let name = it.attribute("name").unwrap_or_default();
        name.starts_with("fail-count")
            && name.contains("#stop")
            && it.attribute("value") != Some("0")
    })
}

fn has_failures(cib: &Document) -> bool {
    let status = cib.root().child("status").into_iter();
    let mut all = status.flat_map(Element::descendants);
    all.any(|it| {
        let is_count = it
            .attribute("name")
            .is_some_and(|name| name.starts_with("fail-count"));
        let is_failed = it.name() == "lrm_rsc_op"
            && it
                .attribute("rc-code")
                .is_some_and(|code| code != "0" && code != "7");
        is_count || is_failed
    })
}

/// Points in the order are no actions.
fn is_done_by_somebody(element: Element<'_>) -> bool {
    matches!(element.name(), "rsc_op" | "crm_event")
}

/// The actions of a graph, for people.
fn actions(graph: &Document) -> String {
    let all = graph.root().descendants();
    let keys = all.filter_map(|it| it.attribute("operation_key").map(str::to_owned));
    keys.collect::<Vec<_>>().join(", ")
}
