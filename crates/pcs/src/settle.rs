//! Whether the cluster is settled: nothing is left to do, and nothing is being done.
//!
//! As `crm_resource --wait` has it: the scheduler, run on the CIB as it is now, wants no action that an
//! agent or a fence device carries out; and no operation of a node that is there is under way. It is
//! looked at again when the CIB changes.

use std::time::{Duration, Instant};

use cib::time::DateTime;
use cib::xml::{Document, Element};
use cluster_api::Topic;
use scheduler::decide;
use scheduler::model::Task;

use crate::ExitCode;
use crate::Files;
use crate::planned::with_plan;
use crate::store::{ClusterStore, Target};
use crate::tool::{Done, Failure};

/// How long is waited where nothing else is said (`WAIT_DEFAULT_TIMEOUT_S` of Pacemaker's tool).
pub(crate) const DEFAULT_LIMIT: Duration = Duration::from_secs(60 * 60);

/// How many things that are waited for are named.
const MAX_NAMED: usize = 20;

/// Something that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Awaited {
    /// The resource; none where it is about a node.
    pub resource: Option<String>,
    /// The node.
    pub node: Option<String>,
    /// The action.
    pub action: String,
    /// Whether it is under way.
    pub has_begun: bool,
}

impl Awaited {
    /// `start of web on node1 (under way)`
    pub fn sentence(&self) -> String {
        let mut text = self.action.clone();
        if let Some(resource) = &self.resource {
            text.push_str(&format!(" of {resource}"));
        }
        if let Some(node) = &self.node {
            text.push_str(&format!(" on {node}"));
        }
        if self.has_begun {
            text.push_str(" (under way)");
        }
        text
    }
}

/// What there is to wait for in the cluster of this CIB.
pub(crate) fn awaited(cib: &Document, now: DateTime) -> Done<Vec<Awaited>> {
    let mut all = under_way(cib);
    let wanted = with_plan(cib, now, |plan| {
        let _ = decide(plan);
        let mut wanted = Vec::new();
        for action in plan.actions.values() {
            let is_wanted = action.in_graph || action.task == Task::Fence;
            if action.optional || action.pseudo || !action.runnable || !is_wanted {
                continue;
            }
            if action.task == Task::Notify {
                continue;
            }
            let name = match &*action.task_name {
                "monitor" if action.interval_ms == 0 => "probe".to_owned(),
                "stonith" => "fencing".to_owned(),
                name => name.to_owned(),
            };
            wanted.push(Awaited {
                resource: action.resource.map(|it| plan.resources[it].id.clone()),
                node: action.node.map(|it| plan.nodes[it].name.to_owned()),
                action: name,
                has_begun: false,
            });
        }
        wanted
    });
    let wanted = wanted.map_err(|it| Failure::new(it.to_string(), ExitCode::CONFIGURATION))?;
    for one in wanted {
        let is_same = |it: &Awaited| {
            it.resource == one.resource && it.node == one.node && it.action == one.action
        };
        if !all.iter().any(is_same) {
            all.push(one);
        }
    }
    Ok(all)
}

/// Operations that have no result yet, on nodes that are there.
fn under_way(cib: &Document) -> Vec<Awaited> {
    let states = cib.root().child("status").into_iter();
    let is_there = |it: &Element<'_>| {
        let crmd = it.attribute("crmd").unwrap_or("");
        !matches!(crmd, "" | "offline" | "0")
    };
    let mut all = Vec::new();
    for state in states
        .flat_map(|it| it.children_named("node_state"))
        .filter(is_there)
    {
        for operation in state.descendants() {
            if operation.name() != "lrm_rsc_op" || operation.attribute("op-status") != Some("-1") {
                continue;
            }
            let resource = operation.parent().and_then(Element::id);
            let action = match operation.attribute("operation").unwrap_or("") {
                "monitor" if operation.attribute("interval") == Some("0") => "probe",
                action => action,
            };
            all.push(Awaited {
                resource: resource.map(str::to_owned),
                node: state.attribute("uname").map(str::to_owned),
                action: action.to_owned(),
                has_begun: true,
            });
        }
    }
    all
}

/// How waiting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The cluster is settled.
    Settled,
    /// It is not, and the time has passed: this is waited for.
    TimedOut(Vec<Awaited>),
}

impl Ending {
    /// The lines that tell what is waited for.
    pub fn lines(&self) -> Vec<String> {
        let Self::TimedOut(all) = self else {
            return Vec::new();
        };
        let mut lines: Vec<String> = all
            .iter()
            .take(MAX_NAMED)
            .map(|it| format!("\t{}", it.sentence()))
            .collect();
        if all.len() > MAX_NAMED {
            lines.push(format!("\tand {} more", all.len() - MAX_NAMED));
        }
        lines
    }
}

/// Waits until the cluster is settled, no longer than `limit`. Where a file stands for the cluster,
/// nobody will change it: it is looked at once.
pub(crate) fn wait(
    target: &mut Target,
    files: &mut dyn Files,
    now: DateTime,
    limit: Duration,
) -> Done<Ending> {
    let began = Instant::now();
    if target.cluster().is_none() {
        let cib = target.read(files)?;
        let all = awaited(&cib, now)?;
        return Ok(match all.is_empty() {
            true => Ending::Settled,
            false => Ending::TimedOut(all),
        });
    }
    let mut events = ClusterStore::at(files.daemon()).subscribe(vec![Topic::Cib])?;
    loop {
        let cib = target.read(files)?;
        let waited = began.elapsed();
        let seconds = i64::try_from(waited.as_secs()).unwrap_or(i64::MAX);
        let all = awaited(&cib, now.plus_seconds(seconds))?;
        if all.is_empty() {
            return Ok(Ending::Settled);
        }
        let Some(rest) = limit.checked_sub(waited).filter(|it| !it.is_zero()) else {
            return Ok(Ending::TimedOut(all));
        };
        let event = events.next(Some(rest))?;
        if event.is_none() {
            return Ok(Ending::TimedOut(all));
        }
    }
}
