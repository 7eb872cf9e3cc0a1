//! One resource on this node: what waits, what is under way, what recurs, what was.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cib::xml::Document;
use scheduler::actions::operation_key;
use scheduler::record::Record;

use crate::Now;
use crate::action::Agent;
use crate::executor::{CallId, Identity};
use crate::operation::{Operation, OperationResult, Outcome};

/// What the history says of what is under way: nobody knows.
const UNKNOWN_CODE: i32 = 193;
const PENDING: i32 = -1;

/// Who writes results down.
const ORIGIN: &str = "executor";

/// After these, nothing that recurs makes sense any more until the coordinator says so anew.
const ENDS_RECURRING: [&str; 5] = ["stop", "demote", "promote", "migrate_to", "migrate_from"];

/// These are written down while they are under way, so that everybody sees them.
const SHOWN_PENDING: [&str; 6] = [
    "start",
    "stop",
    "promote",
    "demote",
    "migrate_to",
    "migrate_from",
];

/// See above.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    name: String,
    agent: Agent,
    waiting: VecDeque<Call>,
    running: Option<Call>,
    recurring: BTreeMap<(String, u32), Recurring>,
    /// The entries of the history by their ids, as XML.
    history: BTreeMap<String, String>,
}

/// An operation, asked for once.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub id: CallId,
    /// Its number in the history; those of repetitions are the first one's.
    pub number: i64,
    pub operation: Operation,
    pub asked_at: Duration,
    pub began_at: Duration,
    /// In seconds since 1970.
    pub began_s: i64,
    /// Whether it was done before and is done again because it recurs.
    pub is_repetition: bool,
}

/// What is done again and again.
#[derive(Clone, Debug)]
struct Recurring {
    number: i64,
    operation: Operation,
    /// None while it waits or is under way.
    next_at: Option<Duration>,
    /// What came of it last.
    last: Option<(Outcome, i32)>,
    /// When that was news, in seconds since 1970. All results of one call have its number: of two,
    /// the scheduler takes the one with the later second for the newer.
    changed_s: Option<i64>,
}

impl Resource {
    pub fn new(name: &str, agent: &Agent) -> Self {
        Self {
            name: name.to_owned(),
            agent: agent.clone(),
            waiting: VecDeque::new(),
            running: None,
            recurring: BTreeMap::new(),
            history: BTreeMap::new(),
        }
    }

    /// Something is to be done, after what was asked for before.
    pub fn ask(&mut self, call: Call) {
        self.agent.clone_from(&call.operation.agent);
        let task = call.operation.task.as_str();
        if ENDS_RECURRING.contains(&task) {
            self.recurring.clear();
            self.waiting.retain(|waiting| !waiting.is_repetition);
        }
        if call.operation.interval_ms > 0 {
            let key = (call.operation.task.clone(), call.operation.interval_ms);
            let recurring = Recurring {
                number: call.number,
                operation: call.operation.clone(),
                next_at: None,
                last: None,
                changed_s: None,
            };
            self.recurring.insert(key, recurring);
        }
        self.waiting.push_back(call);
    }

    /// What recurs ends.
    pub fn cancel(&mut self, task: &str, interval_ms: u32) {
        let is_it =
            |call: &Call| call.operation.task == task && call.operation.interval_ms == interval_ms;
        self.waiting.retain(|call| !is_it(call));
        self.history
            .remove(&operation_key(&self.name, task, interval_ms));
        self.recurring.remove(&(task.to_owned(), interval_ms));
    }

    /// What recurs and is due waits from now on. `id` names each call.
    pub fn tick(&mut self, now: Duration, mut id: impl FnMut() -> CallId) {
        for recurring in self.recurring.values_mut() {
            if recurring.next_at.is_none_or(|at| now < at) {
                continue;
            }
            recurring.next_at = None;
            self.waiting.push_back(Call {
                id: id(),
                number: recurring.number,
                operation: recurring.operation.clone(),
                asked_at: now,
                began_at: now,
                began_s: 0,
                is_repetition: true,
            });
        }
    }

    /// Something happened to it: what recurs is due now, out of its turn.
    pub fn look_now(&mut self, now: Duration) {
        for recurring in self.recurring.values_mut() {
            if recurring.next_at.is_some() {
                recurring.next_at = Some(now);
            }
        }
    }

    /// What a former coordinator asked for and has not begun is not begun any more: the next one does
    /// not know of it, and may have it done elsewhere.
    pub fn drop_unbegun(&mut self) {
        let asked = self.waiting.iter().filter(|call| !call.is_repetition);
        for call in asked {
            let key = (call.operation.task.clone(), call.operation.interval_ms);
            let is_it = |it: &Recurring| it.number == call.number;
            if self.recurring.get(&key).is_some_and(is_it) {
                self.recurring.remove(&key);
            }
        }
        self.waiting.retain(|call| call.is_repetition);
    }

    /// What was is forgotten, and nothing recurs until the coordinator asks for it anew.
    pub fn forget(&mut self) {
        self.history.clear();
        self.recurring.clear();
        self.waiting.retain(|waiting| !waiting.is_repetition);
    }

    /// When something recurs next.
    pub fn deadline(&self) -> Option<Duration> {
        let recurring = self.recurring.values();
        let delayed = self.waiting.front().filter(|_| self.running.is_none());
        recurring
            .filter_map(|recurring| recurring.next_at)
            .chain(delayed.map(Call::may_begin_at))
            .min()
    }

    /// The next call, if nothing is under way: one at a time.
    pub fn begin(&mut self, now: Now) -> Option<&Call> {
        if self.running.is_some() || self.waiting.front()?.may_begin_at() > now.at {
            return None;
        }
        let mut call = self.waiting.pop_front()?;
        (call.began_at, call.began_s) = (now.at, now.epoch_s);
        Some(self.running.insert(call))
    }

    /// Takes the call back that was begun.
    pub fn ended(&mut self) -> Option<Call> {
        self.running.take()
    }

    /// Whether nothing is left that anybody has to know.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_none()
    }

    /// What is under way, as the history shows it; only where people want to see it.
    pub fn record_pending(&mut self, identity: &Identity) -> Vec<String> {
        let Some(call) = &self.running else {
            return Vec::new();
        };
        if !SHOWN_PENDING.contains(&call.operation.task.as_str()) {
            return Vec::new();
        }
        let call = call.clone();
        let result = OperationResult {
            outcome: Outcome::Done,
            code: UNKNOWN_CODE,
            reason: String::new(),
            took: Duration::ZERO,
        };
        self.record(identity, &call, &result, PENDING)
    }

    /// What came of `call`: the new entries of the history, if it is news.
    pub fn record_result(
        &mut self,
        identity: &Identity,
        call: &Call,
        result: &OperationResult,
        now: Duration,
    ) -> Option<Vec<String>> {
        let mut call = call.clone();
        let Operation {
            task, interval_ms, ..
        } = &call.operation;
        if *interval_ms > 0 {
            // It may have been called off or begun anew meanwhile.
            let recurring = self
                .recurring
                .get_mut(&(task.clone(), *interval_ms))
                .filter(|recurring| recurring.number == call.number)?;
            recurring.next_at = Some(now + Duration::from_millis((*interval_ms).into()));
            let last = Some((result.outcome, result.code));
            if recurring.last == last {
                return None;
            }
            recurring.last = last;
            let earliest = recurring.changed_s.map_or(i64::MIN, |before| before + 1);
            call.began_s = call.began_s.max(earliest);
            recurring.changed_s = Some(call.began_s);
        }
        let status = result.outcome.number();
        Some(self.record(identity, &call, result, status))
    }

    fn record(
        &mut self,
        identity: &Identity,
        call: &Call,
        result: &OperationResult,
        status: i32,
    ) -> Vec<String> {
        let operation = &call.operation;
        let key = operation.key.to_string();
        let digest = operation.digest();
        let notification = operation
            .meta("notify_type")
            .zip(operation.meta("notify_operation"));
        let is_migration = matches!(operation.task.as_str(), "migrate_to" | "migrate_from");
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let record = Record {
            resource: &self.name,
            task: &operation.task,
            interval_ms: operation.interval_ms,
            result: result.code,
            expected: operation.key.expected,
            status,
            reason: &result.reason,
            node: &identity.name,
            // Of what recurs, only a result that differs from the one before is recorded.
            changed_at_s: call.began_s,
            took_ms: milliseconds(result.took),
            waited_ms: milliseconds(call.began_at.saturating_sub(call.asked_at)),
            call: call.number,
            transition_key: &key,
            origin: ORIGIN,
            notification,
            migration: is_migration.then(|| {
                (
                    operation.meta("migrate_source"),
                    operation.meta("migrate_target"),
                )
            }),
            digest: Some(&digest),
        };
        let entries: Vec<String> = record.entries();
        for id in &entries {
            let mut entry = Document::new("lrm_rsc_op");
            let root = entry.root().xml_id();
            record.write(id, |name, value| entry.set(root, name, value));
            let text = entry.root().to_compact_text();
            self.history.insert(id.clone(), text);
        }
        entries
    }

    /// The resource's history as XML: of these entries, or all.
    pub fn history(&self, only: Option<&[String]>) -> String {
        let mut resource = Document::new("lrm_resource");
        let root = resource.root().xml_id();
        resource.set(root, "id", &self.name);
        resource.set(root, "class", &self.agent.class);
        if let Some(provider) = &self.agent.provider {
            resource.set(root, "provider", provider);
        }
        resource.set(root, "type", &self.agent.kind);
        let text = resource.root().to_compact_text();
        let entries: String = match only {
            Some(ids) => ids
                .iter()
                .filter_map(|id| self.history.get(id))
                .cloned()
                .collect(),
            None => self.history.values().cloned().collect(),
        };
        let open = text.trim_end().trim_end_matches("/>");
        format!("{open}>{entries}</lrm_resource>")
    }
}

impl Call {
    /// A first repetition may have to wait (`start-delay`).
    fn may_begin_at(&self) -> Duration {
        if self.is_repetition {
            self.asked_at
        } else {
            self.asked_at.saturating_add(self.operation.start_delay)
        }
    }
}
