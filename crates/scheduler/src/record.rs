//! Results of operations, as a node's history records them (`<lrm_rsc_op>`).
//!
//! An entry's id says which earlier one it replaces:
//!
//! | operation | id |
//! | --- | --- |
//! | notification | `RESOURCE_KIND_notify_TASK_0`; its failure is never recorded |
//! | `migrate_to`, `migrate_from` | its own key, so that both halves are kept |
//! | failed | `RESOURCE_last_failure_0`, and where it is not recurring `RESOURCE_last_0` as well |
//! | recurring | its own key |
//! | any other | `RESOURCE_last_0` |
//!
//! A reload is recorded as the start that it stands for.

use crate::actions::{notification_key, operation_key};
use crate::graph::FEATURE_SET;

/// The result of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The resource, as history names it.
    pub resource: &'a str,
    /// What was done.
    pub task: &'a str,
    /// How often it recurs, in milliseconds; 0 for once.
    pub interval_ms: u32,
    /// What the agent answered (an OCF exit code).
    pub result: i32,
    /// What it was expected to answer.
    pub expected: i32,
    /// How carrying it out went (`op-status`): -1 while it is under way, 0 done, 2 timed out …
    pub status: i32,
    /// Why it failed, if it did.
    pub reason: &'a str,
    /// Where.
    pub node: &'a str,
    /// When its result was last another one, in seconds since 1970.
    pub changed_at_s: i64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How long it waited before, in milliseconds.
    pub waited_ms: u64,
    /// The number of the call, rising on each node.
    pub call: i64,
    /// Which action of which transition it was: `ACTION:TRANSITION:EXPECTED:CONTROLLER`.
    pub transition_key: &'a str,
    /// Who writes it down (`crm-debug-origin`).
    pub origin: &'a str,
    /// Kind and task of a notification.
    pub notification: Option<(&'a str, &'a str)>,
    /// Source and target of a migration.
    pub migration: Option<(Option<&'a str>, Option<&'a str>)>,
    /// The digest of its parameters.
    pub digest: Option<&'a str>,
}

impl Record<'_> {
    /// The ids of the entries that it makes or replaces: one or two.
    #[must_use]
    pub fn entries(&self) -> Vec<String> {
        let failed = "last_failure";
        let id = |task| operation_key(self.resource, task, 0);
        match self.notification {
            Some((kind, task)) if self.is_notification() => {
                vec![notification_key(self.resource, kind, task)]
            }
            _ if self.is_notification() || self.is_migration() => vec![self.key()],
            _ if self.has_failed() && self.interval_ms == 0 => vec![id(failed), id("last")],
            _ if self.has_failed() => vec![id(failed)],
            _ if self.interval_ms > 0 => vec![self.key()],
            _ => vec![id("last")],
        }
    }

    /// Gives each attribute of the entry `id`, in the order in which they are written.
    pub fn write(&self, id: &str, mut set: impl FnMut(&str, &str)) {
        let result = if self.is_notification() {
            0
        } else {
            self.result
        };
        let has_reason = self.has_failed() && !self.is_notification() && !self.is_migration();
        let magic = format!("{}:{result};{}", self.status, self.transition_key);
        set("id", id);
        set("operation_key", &self.key());
        set("operation", self.recorded_task());
        set("crm-debug-origin", self.origin);
        set("crm_feature_set", FEATURE_SET);
        set("transition-key", self.transition_key);
        set("transition-magic", &magic);
        set("exit-reason", if has_reason { self.reason } else { "" });
        set("on_node", self.node);
        set("call-id", &self.call.to_string());
        set("rc-code", &result.to_string());
        set("op-status", &self.status.to_string());
        set("interval", &self.interval_ms.to_string());
        set("last-rc-change", &self.changed_at_s.to_string());
        set("exec-time", &self.took_ms.to_string());
        set("queue-time", &self.waited_ms.to_string());
        if let Some((source, target)) = self.migration {
            if let Some(source) = source {
                set("migrate_source", source);
            }
            if let Some(target) = target {
                set("migrate_target", target);
            }
        }
        if let Some(digest) = self.digest {
            set("op-digest", digest);
        }
    }

    fn key(&self) -> String {
        operation_key(self.resource, self.recorded_task(), self.interval_ms)
    }

    fn recorded_task(&self) -> &str {
        match self.task {
            "reload" | "reload-agent" => "start",
            task => task,
        }
    }

    fn is_notification(&self) -> bool {
        self.task == "notify"
    }

    fn is_migration(&self) -> bool {
        matches!(self.task, "migrate_to" | "migrate_from")
    }

    /// What is under way has not failed.
    fn has_failed(&self) -> bool {
        const PENDING: i32 = -1;
        self.status != PENDING && (self.status != 0 || self.result != self.expected)
    }
}
