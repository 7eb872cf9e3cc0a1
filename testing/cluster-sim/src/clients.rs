//! The clients of the CIB: each asks for one thing at a time at any node, and remembers what it saw.

use std::collections::BTreeSet;
use std::time::Duration;

use cib::CibVersion;
use cib::xml::Document;
use dice::Dice;
use linearizability::{Action, Operation, Value};
use replica::{Answer, Change, Durability, Expectation, Request};

/// Where the registers are.
const SET: &str = "sim";
/// Registers.
const KEYS: u64 = 3;
/// What clients ask for in one run: more would only make the CIB longer.
const MAX_ASKED: usize = 120;

/// Each register with its value.
type Registers = Vec<(String, Value)>;

/// What a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    client: usize,
    at: Duration,
    what: What,
    done: bool,
}

#[derive(Clone, Debug)]
enum What {
    Read,
    Write {
        key: String,
        value: String,
    },
    CompareAndSet {
        key: String,
        expected: Option<String>,
        value: String,
    },
}

/// A change that a client was told to be safe, with what the answering node had of the exclusive order.
#[derive(Clone, Debug)]
pub(crate) struct Vouched {
    pub marker: String,
    pub term: u64,
}

/// All clients.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    pub asked: Vec<Asked>,
    history: Vec<Operation>,
    pub vouched: Vec<Vouched>,
    /// What each client saw last: the version and the registers.
    seen: Vec<Option<(CibVersion, Registers)>>,
    /// Clients that wait for an answer, by what they asked.
    waiting: Vec<Option<usize>>,
}

fn time(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

fn key(number: u64) -> String {
    format!("k{number}")
}

/// The registers in a CIB.
fn registers(document: &Document) -> Registers {
    let keys = (0..KEYS).map(key);
    keys.map(|key| {
        let value = value_of(document, &key);
        (key, value)
    })
    .collect()
}

fn value_of(document: &Document, id: &str) -> Value {
    let mut pairs = pairs(document);
    pairs.find(|(pair, _)| *pair == id)?.1.map(str::to_owned)
}

fn pairs(document: &Document) -> impl Iterator<Item = (&str, Option<&str>)> {
    let configuration = document.root().child("configuration");
    let section = configuration.and_then(|it| it.child("crm_config"));
    let sets = section.into_iter().flat_map(cib::xml::Element::children);
    let pairs = sets
        .filter(|set| set.id() == Some(SET))
        .flat_map(cib::xml::Element::children);
    pairs.map(|pair| (pair.id().unwrap_or_default(), pair.attribute("value")))
}

/// The first change that is not in a CIB.
pub(crate) fn missing<'v>(
    document: &Document,
    vouched: impl Iterator<Item = &'v Vouched>,
) -> Option<&'v Vouched> {
    let there: BTreeSet<&str> = pairs(document).map(|(id, _)| id).collect();
    vouched
        .into_iter()
        .find(|change| !there.contains(change.marker.as_str()))
}

impl Clients {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            seen: vec![None; count],
            waiting: vec![None; count],
            ..Self::default()
        }
    }

    /// A client that has nothing under way asks for something; `None` where all wait.
    pub(crate) fn ask(&mut self, now: Duration, dice: &mut Dice) -> Option<(usize, Request)> {
        let free = (0..self.waiting.len()).filter(|client| self.waiting[*client].is_none());
        let free: Vec<usize> = free.collect();
        if free.is_empty() || self.asked.len() >= MAX_ASKED {
            return None;
        }
        let client = *dice.pick(&free);
        let kind = dice.within(0..10);
        Some(self.ask_as(client, kind, now, dice))
    }

    fn ask_as(
        &mut self,
        client: usize,
        kind: u64,
        now: Duration,
        dice: &mut Dice,
    ) -> (usize, Request) {
        let place = self.asked.len();
        let (name, value) = (key(dice.within(0..KEYS)), format!("v{place}"));
        let (what, request) = match (kind, &self.seen[client]) {
            (0..=2, _) => (What::Read, Request::Read),
            (3..=6, Some((version, seen))) => {
                let expected = seen.iter().find(|(key, _)| *key == name);
                let what = What::CompareAndSet {
                    expected: expected.and_then(|(_, value)| value.clone()),
                    key: name.clone(),
                    value: value.clone(),
                };
                let expectation = Some(Expectation::Version(*version));
                (
                    what,
                    Request::Change(change(place, &name, &value, expectation)),
                )
            }
            _ => {
                let what = What::Write {
                    key: name.clone(),
                    value: value.clone(),
                };
                (what, Request::Change(change(place, &name, &value, None)))
            }
        };
        self.asked.push(Asked {
            client,
            at: now,
            what,
            done: false,
        });
        self.waiting[client] = Some(place);
        (place, request)
    }

    /// A change by one more client, which everybody will wait for.
    pub(crate) fn last_words(&mut self, now: Duration, dice: &mut Dice) -> (usize, Request) {
        let client = self.waiting.len();
        self.waiting.push(None);
        self.seen.push(None);
        self.ask_as(client, 9, now, dice)
    }

    /// Nobody will ever know what became of it.
    pub(crate) fn give_up(&mut self, place: usize) {
        self.finish(place, None, false);
    }

    /// Clients whose request is so old give it up.
    pub(crate) fn lose_patience(&mut self, before: Duration) {
        let late = self.waiting.iter().flatten().copied();
        let late: Vec<usize> = late
            .filter(|place| self.asked[*place].at < before)
            .collect();
        for place in late {
            self.give_up(place);
        }
    }

    /// An answer has come. Whether it vouches for a change.
    pub(crate) fn answered(&mut self, now: Duration, place: usize, answer: &Answer, term: u64) {
        if self.asked[place].done {
            return;
        }
        match answer {
            Answer::Changed { durability, .. } => {
                let is_vouched = *durability == Durability::ExclusiveQuorum;
                if is_vouched {
                    let marker = marker(place);
                    self.vouched.push(Vouched { marker, term });
                }
                self.finish(place, is_vouched.then_some(now), false);
            }
            Answer::Cib {
                document,
                is_established,
                standing,
            } => {
                let client = self.asked[place].client;
                if *is_established && standing.exclusive {
                    let version = CibVersion::of(document.root());
                    let registers = registers(document);
                    for (key, value) in &registers {
                        self.history.push(Operation {
                            invoked: time(self.asked[place].at),
                            answered: Some(time(now)),
                            key: key.clone(),
                            action: Action::Read(value.clone()),
                        });
                    }
                    self.seen[client] = Some((version, registers));
                }
                self.finish(place, Some(now), true);
            }
            Answer::Refused(_) => self.finish(place, Some(now), true),
            _ => self.give_up(place),
        }
    }

    fn finish(&mut self, place: usize, answered: Option<Duration>, without_effect: bool) {
        let asked = &mut self.asked[place];
        if std::mem::replace(&mut asked.done, true) {
            return;
        }
        let client = asked.client;
        if self.waiting[client] == Some(place) {
            self.waiting[client] = None;
        }
        let (key, action) = match &asked.what {
            What::Read => return,
            What::Write { key, value } => (key, Action::Write(Some(value.clone()))),
            What::CompareAndSet {
                key,
                expected,
                value,
                ..
            } => (
                key,
                Action::CompareAndSet(expected.clone(), Some(value.clone())),
            ),
        };
        if !without_effect {
            self.history.push(Operation {
                invoked: time(asked.at),
                answered: answered.map(time),
                key: key.clone(),
                action,
            });
        }
    }

    /// All that was asked and answered, those without an answer included.
    pub(crate) fn history(&mut self) -> &[Operation] {
        for place in 0..self.asked.len() {
            self.give_up(place);
        }
        &self.history
    }

    pub(crate) fn is_done(&self, place: usize) -> bool {
        self.asked[place].done
    }
}

pub(crate) fn marker(place: usize) -> String {
    format!("m{place}")
}

fn change(place: usize, key: &str, value: &str, expectation: Option<Expectation>) -> Change {
    let marker = marker(place);
    let element = format!(
        "<cluster_property_set id=\"{SET}\"><nvpair id=\"{key}\" name=\"{key}\" value=\"{value}\"/>\
         <nvpair id=\"{marker}\" name=\"{marker}\" value=\"1\"/></cluster_property_set>"
    );
    Change {
        expectation,
        origin: None,
        operations: vec![replica::Operation::Modify {
            place: Some("/cib/configuration/crm_config".to_owned()),
            element,
            may_create: true,
        }],
    }
}
