//! What is known while a history is read: the resource's part, and the entry at hand.

use cib::hashed::HashSet;

use cib::time::DateTime;

use super::entry::Entry;
use super::index::HistoryIndex;
use super::outcome::Execution;
use crate::model::plan::FailedOperation;
use crate::model::{NodeId, OnFail, Plan, ResourceId};

/// What lasts while all histories are read.
#[derive(Default)]
pub(in crate::status) struct Reading<'c> {
    /// Operations of which a failure was recorded, by node and key.
    failed: HashSet<(NodeId, &'c str)>,
    /// Histories by node and resource.
    pub index: HistoryIndex<'c>,
}

/// One resource's history on one node, while it is read.
pub(super) struct History<'c> {
    /// Whose history it is.
    pub resource: ResourceId,
    /// Where.
    pub node: NodeId,
    /// The last failure read so far.
    pub last_failure: Option<Entry<'c>>,
    /// What the failures read so far lead to.
    pub on_fail: OnFail,
}

/// One entry that matters for the resource's state, and how it went: as recorded at first, then as
/// it is understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'c> {
    /// As recorded.
    pub entry: Entry<'c>,
    /// The entry's id.
    pub id: &'c str,
    /// The operation's key.
    pub key: &'c str,
    /// The operation.
    pub task: &'c str,
    /// What the agent was expected to say; -1 if that is not known.
    pub expected: i32,
    /// What the agent said.
    pub exit: i32,
    /// Whether it was carried out.
    pub execution: Execution,
    /// Whether it is a failure that has expired.
    pub expired: bool,
}

impl<'c> Reading<'c> {
    /// Adds a failure to those that status shows: once for each operation and node, and only while
    /// the node is online.
    pub(super) fn record_failure(
        &mut self,
        plan: &mut Plan<'c>,
        history: &History<'c>,
        event: &Event<'c>,
    ) {
        if plan.nodes[history.node].online && self.failed.insert((history.node, event.key)) {
            plan.failed_operations.push(FailedOperation {
                entry: event.entry.xml,
                resource: history.resource,
                node: history.node,
            });
        }
    }
}

impl<'c> Event<'c> {
    /// The entry as one that matters for the resource's state. `Ok(None)` for one that does not,
    /// an error for one that cannot be read.
    pub fn read(
        plan: &Plan<'c>,
        history: &History<'c>,
        entry: Entry<'c>,
    ) -> Result<Option<Self>, String> {
        /// Operations that can affect the state of a resource.
        const TASKS: [&str; 8] = [
            "monitor",
            "start",
            "stop",
            "promote",
            "demote",
            "migrate_to",
            "migrate_from",
            "asyncmon",
        ];
        let resource = &plan.resources[history.resource].id;
        let node = plan.nodes[history.node].name;
        let Some(id) = entry.id else {
            return Err(format!(
                "Ignoring resource history entry for {resource} on {node} without ID"
            ));
        };
        let about = format_args!("Ignoring resource history entry {id} for {resource} on {node}");
        let Some(task) = entry.task else {
            return Err(format!("{about} without operation"));
        };
        if !TASKS.contains(&task) {
            return Ok(None);
        }
        let Some(execution) = entry.execution() else {
            let status = entry.status_text.unwrap_or_default();
            return Err(format!("{about} with invalid op-status '{status}'"));
        };
        let Some(exit) = entry.exit_status() else {
            let status = entry.exit_text.unwrap_or_default();
            return Err(format!("{about} with invalid rc-code '{status}'"));
        };
        Ok(Some(Self {
            entry,
            id,
            key: entry.key().unwrap_or(id),
            task,
            expected: entry.expected_exit().unwrap_or(-1),
            exit,
            execution,
            expired: false,
        }))
    }

    /// Whether it is a probe whose failure counts as "not running". In a bundle it does not: there
    /// the agent has to be installed.
    pub fn is_masked_probe(&self, plan: &Plan<'_>, history: &History<'_>) -> bool {
        self.entry.is_masked_probe_failure() && !plan.is_bundled(history.resource)
    }

    /// What the agent said, in words: `Error occurred: REASON`.
    pub fn exit_words(&self) -> String {
        let words = super::outcome::exit::text(i64::from(self.exit));
        match self.entry.exit_reason {
            Some(reason) if !reason.is_empty() => format!("{words}: {reason}"),
            _ => words.to_owned(),
        }
    }

    /// When the result was last another, in words.
    pub fn last_change_words(&self) -> String {
        let Some(moment_s) = self.entry.last_change_s else {
            return "unknown_time".to_owned();
        };
        let words = DateTime::from_epoch_s(moment_s).to_ctime_text();
        // Without the day of the week, to keep messages short.
        words
            .split_once(' ')
            .map_or(&*words, |(_, rest)| rest)
            .to_owned()
    }
}
