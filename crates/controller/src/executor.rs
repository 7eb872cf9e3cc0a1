//! This node's resources: what is done to them, one operation at a time for each, and what the CIB is
//! told of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use cib::xml::{Document, Element};
use replica::Operation as Edit;
use scheduler::actions::operation_key;

use crate::Now;
use crate::message::Message;
use crate::operation::{Operation, OperationResult, Outcome, TransitionKey};
use crate::resource::{Call, Resource};

/// Who a node is in the CIB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id (`nodeid`).
    pub id: u32,
    /// Its name (`uname`).
    pub name: String,
}

/// A call of an agent, by its number in this life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// What the executor wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutorOutput {
    /// Call the agent; [`Executor::finished`] is told what it answered.
    Start(CallId, Operation),
    /// Change the CIB, then say this to all.
    Tell {
        /// The change.
        news: News,
        /// What is said once it is made.
        message: Option<Message>,
    },
}

/// What the CIB is to say of this node's resources from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These entries of histories, besides those that it has: `lrm_resource` elements.
    History(String),
    /// These edits.
    Edits(Vec<Edit>),
}

/// See above.
#[derive(Clone, Debug)]
pub struct Executor {
    identity: Identity,
    resources: BTreeMap<String, Resource>,
    /// Whose call is under way.
    calls: BTreeMap<CallId, String>,
    next_call: u64,
    next_number: i64,
    outputs: VecDeque<ExecutorOutput>,
}

impl Executor {
    /// The executor of a node, at its start: nothing is known of any resource.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            resources: BTreeMap::new(),
            calls: BTreeMap::new(),
            next_call: 1,
            next_number: 1,
            outputs: VecDeque::new(),
        }
    }

    /// The coordinator wants this done.
    pub fn execute(&mut self, now: Now, operation: Operation) {
        if operation.task == "delete" {
            return self.forget(&operation);
        }
        let call = Call {
            id: self.call_id(),
            number: self.next_number,
            asked_at: now.at,
            began_at: now.at,
            began_s: now.epoch_s,
            is_repetition: false,
            operation,
        };
        self.next_number += 1;
        let operation = &call.operation;
        let resource = self
            .resources
            .entry(operation.resource.clone())
            .or_insert_with_key(|name| Resource::new(name, &operation.agent));
        resource.ask(call);
        self.begin(now);
    }

    /// The coordinator wants something no longer repeated.
    pub fn cancel(&mut self, key: TransitionKey, resource: &str, task: &str, interval_ms: u32) {
        if let Some(resource) = self.resources.get_mut(resource) {
            resource.cancel(task, interval_ms);
        }
        let entry = operation_key(resource, task, interval_ms);
        let query = format!(
            "{}/lrm_rsc_op[@id='{entry}']",
            self.place_of_resource(resource)
        );
        self.outputs.push_back(ExecutorOutput::Tell {
            news: News::Edits(vec![Edit::Delete { query, all: true }]),
            message: Some(Message::Done {
                resource: resource.to_owned(),
                task: task.to_owned(),
                interval_ms,
                key,
                result: OperationResult {
                    outcome: Outcome::Cancelled,
                    code: 0,
                    reason: String::new(),
                    took: Duration::ZERO,
                },
            }),
        });
    }

    /// An agent has answered.
    pub fn finished(&mut self, now: Now, call: CallId, result: OperationResult) {
        let Some(name) = self.calls.remove(&call) else {
            return;
        };
        let Some(resource) = self.resources.get_mut(&name) else {
            return;
        };
        let Some(call) = resource.ended() else {
            return;
        };
        if let Some(entries) = resource.record_result(&self.identity, &call, &result, now.at) {
            let history = resource.history(Some(&entries));
            let Operation {
                key,
                task,
                interval_ms,
                ..
            } = call.operation;
            self.outputs.push_back(ExecutorOutput::Tell {
                news: News::History(history),
                message: Some(Message::Done {
                    resource: name,
                    task,
                    interval_ms,
                    key,
                    result,
                }),
            });
        }
        self.begin(now);
    }

    /// Time passes.
    pub fn tick(&mut self, now: Now) {
        let next_call = &mut self.next_call;
        for resource in self.resources.values_mut() {
            resource.tick(now.at, || {
                *next_call += 1;
                CallId(*next_call - 1)
            });
        }
        self.begin(now);
    }

    /// A view has begun, with another coordinator: what the former one asked for and has not begun is
    /// dropped.
    pub fn drop_unbegun(&mut self) {
        self.resources.values_mut().for_each(Resource::drop_unbegun);
    }

    /// Something happened to a resource: whatever monitors it looks now, and not when its turn comes.
    pub fn noticed(&mut self, now: Now, resource: &str) {
        if let Some(resource) = self.resources.get_mut(resource) {
            resource.look_now(now.at);
        }
        self.tick(now);
    }

    /// An operator took the history of resources out of the CIB (`crm_resource --refresh`): what the
    /// CIB `before` had of them and `after` does not is forgotten here, too.
    pub fn compare(&mut self, before: &Document, after: &Document) {
        let (before, after) = (self.recorded(before), self.recorded(after));
        for name in before.difference(&after) {
            if let Some(resource) = self.resources.get_mut(*name) {
                resource.forget();
            }
        }
    }

    /// The resources of this node that a CIB has a history of.
    fn recorded<'d>(&self, cib: &'d Document) -> BTreeSet<&'d str> {
        let id = self.identity.id.to_string();
        let states = cib.root().child("status").into_iter();
        let own = states
            .flat_map(|status| status.children_named("node_state"))
            .filter(|state| state.id() == Some(&id));
        let lists = own.filter_map(|state| state.child("lrm")?.child("lrm_resources"));
        let resources = lists.flat_map(|list| list.children_named("lrm_resource"));
        resources.filter_map(Element::id).collect()
    }

    /// When [`Executor::tick`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.resources.values().filter_map(Resource::deadline).min()
    }

    /// What is wanted next.
    pub fn poll(&mut self) -> Option<ExecutorOutput> {
        self.outputs.pop_front()
    }

    /// Whether anything is under way or waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.resources.values().all(Resource::is_idle)
    }

    /// Everything that this node knows of its resources, in the place of what the CIB has of it: what
    /// was adopted with another node's copy may be older.
    #[must_use]
    pub fn publish(&self) -> Vec<Edit> {
        let resources: String = self
            .resources
            .values()
            .map(|resource| resource.history(None))
            .collect();
        vec![
            Edit::Delete {
                query: format!("{}/lrm", self.place()),
                all: true,
            },
            self.merge(&resources),
        ]
    }

    /// The edits that tell all of this, in order, as few as it takes: each one looks for its place.
    #[must_use]
    pub fn edits(&self, news: Vec<News>) -> Vec<Edit> {
        let (mut edits, mut histories) = (Vec::new(), String::new());
        for news in news {
            match news {
                News::History(history) => histories += &history,
                News::Edits(more) => {
                    if !histories.is_empty() {
                        edits.push(self.merge(&std::mem::take(&mut histories)));
                    }
                    edits.extend(more);
                }
            }
        }
        if !histories.is_empty() {
            edits.push(self.merge(&histories));
        }
        edits
    }

    /// The resource is no longer this node's concern: it is forgotten, here and in the CIB.
    fn forget(&mut self, operation: &Operation) {
        let name = &operation.resource;
        self.resources.remove(name);
        let edits = vec![Edit::Delete {
            query: self.place_of_resource(name),
            all: true,
        }];
        self.outputs.push_back(ExecutorOutput::Tell {
            news: News::Edits(edits),
            message: Some(Message::Done {
                resource: name.clone(),
                task: operation.task.clone(),
                interval_ms: 0,
                key: operation.key.clone(),
                result: OperationResult {
                    outcome: Outcome::Done,
                    code: operation.key.expected,
                    reason: String::new(),
                    took: Duration::ZERO,
                },
            }),
        });
    }

    /// Begins what can begin.
    fn begin(&mut self, now: Now) {
        let mut pending = Vec::new();
        for (name, resource) in &mut self.resources {
            let Some(call) = resource.begin(now) else {
                continue;
            };
            self.calls.insert(call.id, name.clone());
            let start = ExecutorOutput::Start(call.id, call.operation.clone());
            self.outputs.push_back(start);
            let entries = resource.record_pending(&self.identity);
            if !entries.is_empty() {
                pending.push(resource.history(Some(&entries)));
            }
        }
        if !pending.is_empty() {
            self.outputs.push_back(ExecutorOutput::Tell {
                news: News::History(pending.concat()),
                message: None,
            });
        }
    }

    fn call_id(&mut self) -> CallId {
        self.next_call += 1;
        CallId(self.next_call - 1)
    }

    /// Merges histories of resources into what the CIB has of this node.
    fn merge(&self, histories: &str) -> Edit {
        let Identity { id, name } = &self.identity;
        Edit::Modify {
            place: Some("/cib/status".to_owned()),
            element: format!(
                "<status><node_state id=\"{id}\" uname=\"{name}\"><lrm id=\"{id}\">\
                 <lrm_resources>{histories}</lrm_resources></lrm></node_state></status>"
            ),
            may_create: false,
        }
    }

    fn place(&self) -> String {
        format!("/cib/status/node_state[@id='{}']", self.identity.id)
    }

    fn place_of_resource(&self, resource: &str) -> String {
        format!(
            "{}/lrm/lrm_resources/lrm_resource[@id='{resource}']",
            self.place()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_go_together_up_to_what_has_to_come_in_between() {
        let executor = Executor::new(Identity {
            id: 1,
            name: "node1".to_owned(),
        });
        let history = |id: &str| News::History(format!("<lrm_resource id=\"{id}\"/>"));
        let removal = Edit::Delete {
            query: "/x".to_owned(),
            all: true,
        };
        let edits = executor.edits(vec![
            history("A"),
            history("B"),
            News::Edits(vec![removal.clone()]),
            history("C"),
        ]);
        let expected = [
            executor.merge("<lrm_resource id=\"A\"/><lrm_resource id=\"B\"/>"),
            removal,
            executor.merge("<lrm_resource id=\"C\"/>"),
        ];
        assert_eq!(edits, expected);
        assert_eq!(executor.edits(Vec::new()), []);
    }
}
