//! A perfect group of replicas, with views by hand, disks in memory, and the invariants.

#![allow(dead_code)]

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use cib::CibVersion;
use cib::xml::Document;
use membership::{Incarnation, Member, NodeId, View, ViewId};
use replica::store::{DiskErrorKind, MemoryDisk, Store, StoreReport};
use replica::{
    Answer, Change, Durability, Operation, Output, Replica, Report, Request, RequestId, Standing,
    WriteId, WriteJob,
};

pub struct Node {
    pub me: Member,
    pub replica: Option<Replica>,
    pub store: Option<Store<MemoryDisk>>,
    disk: MemoryDisk,
    pub writes: VecDeque<(WriteId, WriteJob)>,
    submitted: VecDeque<Bytes>,
    /// Ordered, but not delivered here: submitted again after a view change.
    unconfirmed: VecDeque<Bytes>,
    pub view: Option<usize>,
    delivered: usize,
    heard: u64,
    highest_counter: u64,
    pub answers: BTreeMap<RequestId, Answer>,
    pub reports: Vec<Report>,
}

pub struct ViewState {
    pub id: ViewId,
    members: Vec<Member>,
    standing: Standing,
    order: Vec<(Member, Bytes)>,
    acknowledged: BTreeMap<Member, u64>,
    /// After which message the standing changed, and to what.
    standings: Vec<(usize, Standing)>,
}

pub struct Group {
    pub nodes: Vec<Node>,
    pub views: Vec<ViewState>,
    /// Whether a majority of all nodes makes a message stable.
    pub quorum_acknowledges: bool,
    next_request: u64,
    /// The longest sequence of changes that was committed with exclusive quorum.
    pub longest: Vec<String>,
    /// What each version was in the exclusive order.
    contents: BTreeMap<CibVersion, String>,
    /// Changes that were answered with exclusive quorum.
    pub vouched: Vec<String>,
    names: BTreeMap<RequestId, String>,
    /// For each read, how many were vouched for when it was asked.
    reads: BTreeMap<RequestId, usize>,
    pub allows_refusals: bool,
    /// How far a schedule has come.
    pub steps: u64,
}

pub fn changes_in(document: &Document) -> Vec<String> {
    let pairs = document.root().descendants();
    let ids = pairs.filter(|it| it.name() == "nvpair" && it.attribute("name") == Some("c"));
    ids.filter_map(|it| it.id().map(str::to_owned)).collect()
}

pub fn majority(len: usize, all: usize) -> Standing {
    let quorate = 2 * len > all;
    Standing {
        quorate,
        exclusive: quorate,
    }
}

impl Group {
    pub fn new(count: u32) -> Self {
        let mut group = Self {
            nodes: Vec::new(),
            views: Vec::new(),
            quorum_acknowledges: false,
            next_request: 0,
            longest: Vec::new(),
            contents: BTreeMap::new(),
            vouched: Vec::new(),
            names: BTreeMap::new(),
            reads: BTreeMap::new(),
            allows_refusals: false,
            steps: 0,
        };
        for node in 1..=count {
            group.nodes.push(Node {
                me: Member {
                    node: NodeId(node),
                    incarnation: Incarnation(0),
                },
                replica: None,
                store: None,
                disk: MemoryDisk::default(),
                writes: VecDeque::new(),
                submitted: VecDeque::new(),
                unconfirmed: VecDeque::new(),
                view: None,
                delivered: 0,
                heard: 0,
                highest_counter: 0,
                answers: BTreeMap::new(),
                reports: Vec::new(),
            });
            let at = group.nodes.len() - 1;
            group.start(at);
        }
        group
    }

    /// Starts a node from its disk; what the store has to say of it.
    pub fn start(&mut self, at: usize) -> Vec<StoreReport> {
        let node = &mut self.nodes[at];
        node.me.incarnation.0 += 1;
        let (store, start) = Store::open(std::mem::take(&mut node.disk)).expect("the disk works");
        node.replica = Some(Replica::new(node.me, start.copy, start.promised));
        node.store = Some(store);
        node.highest_counter = 0;
        start.reports
    }

    /// The disk of a node that is down.
    pub fn disk_of(&mut self, at: usize) -> &mut MemoryDisk {
        &mut self.nodes[at].disk
    }

    /// Gives a node that is down an empty disk.
    pub fn replace_disk(&mut self, at: usize) {
        self.nodes[at].disk = MemoryDisk::default();
    }

    /// Of the next operations of a node's disk, those after the first `sound` fail, `count` of them.
    pub fn fail_writes(&mut self, at: usize, sound: usize, count: usize) {
        let disk = self.nodes[at].store.as_mut().expect("it runs").disk();
        let failures = [DiskErrorKind::Full, DiskErrorKind::Other]
            .into_iter()
            .cycle();
        disk.faults = std::iter::repeat_n(None, sound)
            .chain(failures.take(count).map(Some))
            .collect();
    }

    /// The disk works again, and what failed is tried again.
    pub fn mend(&mut self, at: usize) {
        self.fail_writes(at, 0, 0);
        self.tick(at, Duration::from_secs(3600));
    }

    pub fn tick(&mut self, at: usize, now: Duration) {
        self.replica(at).tick(now);
        self.drain(at);
    }

    pub fn crash(&mut self, at: usize, choose: &mut dyn FnMut(usize) -> usize) {
        let node = &mut self.nodes[at];
        let mut store = node.store.take().expect("it runs");
        // A write may be under way, and come to any point.
        if let Some((_, job)) = node.writes.front() {
            store.disk().operations_left = Some(choose(7));
            let _ = store.perform(job);
        }
        node.disk = store.into_disk();
        node.disk.crash(choose);
        node.replica = None;
        node.view = None;
        node.writes.clear();
        node.submitted.clear();
        node.unconfirmed.clear();
    }

    pub fn is_up(&self, at: usize) -> bool {
        self.nodes[at].replica.is_some()
    }

    pub fn replica(&mut self, at: usize) -> &mut Replica {
        self.nodes[at].replica.as_mut().expect("it runs")
    }

    /// Installs a view of these nodes. Those that were together before deliver the same: what any of
    /// them has delivered, and `extra` messages of what was ordered after.
    pub fn view(&mut self, members: &[usize], standing: Standing, extra: usize) -> usize {
        for old in 0..self.views.len() {
            let together: Vec<_> = members
                .iter()
                .copied()
                .filter(|&at| self.nodes[at].view == Some(old))
                .collect();
            let most = together.iter().map(|&at| self.nodes[at].delivered).max();
            let cut = most.unwrap_or(0) + extra;
            for at in together {
                while self.nodes[at].delivered < cut && self.deliver(at) {}
            }
        }
        let lives: Vec<Member> = members.iter().map(|&at| self.nodes[at].me).collect();
        let known = members.iter().map(|&at| self.nodes[at].highest_counter);
        let counter = known.max().unwrap_or(0) + 1;
        let id = ViewId {
            counter,
            leader: lives[0],
        };
        let view = View {
            id,
            members: lives.iter().map(|&it| (it, Bytes::new())).collect(),
            together: Vec::new(),
        };
        let number = self.views.len();
        self.views.push(ViewState {
            id,
            members: lives,
            standing,
            order: Vec::new(),
            acknowledged: BTreeMap::new(),
            standings: Vec::new(),
        });
        for &at in members {
            let node = &mut self.nodes[at];
            node.view = Some(number);
            node.highest_counter = counter;
            (node.delivered, node.heard) = (0, 0);
            while let Some(message) = node.unconfirmed.pop_back() {
                node.submitted.push_front(message);
            }
            self.replica(at).view(&view, standing);
            self.drain(at);
        }
        number
    }

    /// The leader orders the oldest message that this node submitted.
    pub fn order(&mut self, at: usize) -> bool {
        let node = &mut self.nodes[at];
        let Some(view) = node.view else { return false };
        let Some(message) = node.submitted.pop_front() else {
            return false;
        };
        node.unconfirmed.push_back(message.clone());
        self.views[view].order.push((node.me, message));
        true
    }

    /// The view of a node turns exclusive or ceases to be, if it has a majority.
    pub fn flip_standing(&mut self, at: usize) {
        let Some(view) = self.nodes[at].view else {
            return;
        };
        let state = &self.views[view];
        if !majority(state.members.len(), self.nodes.len()).exclusive {
            return;
        }
        let last = state.standings.last().map(|(_, standing)| *standing);
        let standing = Standing {
            quorate: true,
            exclusive: !last.unwrap_or(state.standing).exclusive,
        };
        self.change_standing(view, standing);
    }

    /// From here in the order, the view has this standing.
    pub fn change_standing(&mut self, view: usize, standing: Standing) {
        let at = self.views[view].order.len();
        self.views[view].standings.push((at, standing));
        let members: Vec<usize> = (0..self.nodes.len())
            .filter(|&it| self.nodes[it].view == Some(view) && self.nodes[it].delivered == at)
            .collect();
        for member in members {
            self.replica(member).standing(standing);
            self.drain(member);
        }
    }

    pub fn deliver(&mut self, at: usize) -> bool {
        let node = &mut self.nodes[at];
        let Some(view) = node.view else { return false };
        let Some((sender, message)) = self.views[view].order.get(node.delivered).cloned() else {
            return false;
        };
        node.delivered += 1;
        if sender == node.me {
            node.unconfirmed.pop_front();
        }
        let seq = node.delivered as u64;
        let here = node.delivered;
        let replica = node.replica.as_mut().expect("it runs");
        replica.deliver(seq, sender, message);
        for (after, standing) in &self.views[view].standings {
            if *after == here {
                replica.standing(*standing);
            }
        }
        self.drain(at);
        true
    }

    pub fn hear_stable(&mut self, at: usize) -> bool {
        let Some(view) = self.nodes[at].view else {
            return false;
        };
        let state = &self.views[view];
        let mut acknowledged: Vec<u64> = state
            .members
            .iter()
            .map(|it| state.acknowledged.get(it).copied().unwrap_or(0))
            .collect();
        acknowledged.sort_unstable();
        let needed = if self.quorum_acknowledges {
            (self.nodes.len() / 2 + 1).min(acknowledged.len())
        } else {
            acknowledged.len()
        };
        let stable = acknowledged[acknowledged.len() - needed].min(self.nodes[at].delivered as u64);
        if stable <= self.nodes[at].heard {
            return false;
        }
        self.nodes[at].heard = stable;
        self.replica(at).stable(stable);
        self.drain(at);
        true
    }

    pub fn write(&mut self, at: usize) -> bool {
        let node = &mut self.nodes[at];
        let Some((id, job)) = node.writes.pop_front() else {
            return false;
        };
        let result = node.store.as_mut().expect("it runs").perform(&job);
        self.replica(at).written(id, result);
        self.drain(at);
        true
    }

    /// Lets everything happen that can, until nothing does.
    pub fn settle(&mut self) {
        loop {
            let mut moved = false;
            for at in 0..self.nodes.len() {
                if self.is_up(at) {
                    moved |= self.order(at);
                    while self.deliver(at) {
                        moved = true;
                    }
                    moved |= self.write(at);
                    moved |= self.hear_stable(at);
                }
            }
            if !moved {
                return;
            }
        }
    }

    pub fn request(&mut self, at: usize, request: Request) -> RequestId {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        if request == Request::Read {
            self.reads.insert(id, self.vouched.len());
        }
        self.replica(at).request(id, request);
        self.drain(at);
        id
    }

    /// Adds a pair to the configuration.
    pub fn add(&mut self, at: usize) -> RequestId {
        let name = format!("c{}", self.next_request + 1);
        // Made twice, it would be refused.
        let operation = Operation::Create {
            parent: "/cib/configuration/crm_config".to_owned(),
            element: format!(
                "<cluster_property_set id='s-{name}'><nvpair id='{name}' name='c' value='1'/>\
                 </cluster_property_set>"
            ),
        };
        let id = self.request(at, Request::Change(Change::of(operation)));
        self.names.insert(id, name);
        id
    }

    /// Changes the status.
    pub fn note(&mut self, at: usize, value: usize) -> RequestId {
        let operation = Operation::Modify {
            place: Some("/cib/status".to_owned()),
            element: format!("<node_state id='{}' uname='v{value}'/>", at + 1),
            may_create: true,
        };
        self.request(at, Request::Change(Change::of(operation)))
    }

    pub fn answer(&self, at: usize, id: RequestId) -> Option<&Answer> {
        self.nodes[at].answers.get(&id)
    }

    pub fn is_vouched(&self, at: usize, id: RequestId) -> bool {
        let answer = self.answer(at, id);
        matches!(answer, Some(Answer::Changed { durability, .. }) if *durability == Durability::ExclusiveQuorum)
    }

    pub fn committed(&self, at: usize) -> Vec<String> {
        changes_in(
            self.nodes[at]
                .replica
                .as_ref()
                .expect("it runs")
                .committed(),
        )
    }

    fn drain(&mut self, at: usize) {
        while let Some(output) = self.replica(at).poll() {
            let node = &mut self.nodes[at];
            match output {
                Output::Submit(message) => node.submitted.push_back(message),
                Output::Acknowledge(seq) => {
                    assert!(
                        seq <= node.delivered as u64,
                        "acknowledges what it does not have"
                    );
                    let view = node.view.expect("it is in a view");
                    self.views[view].acknowledged.insert(node.me, seq);
                }
                Output::Write { id, job } => node.writes.push_back((id, job)),
                Output::Answer { request, answer } => self.note_answer(at, request, answer),
                Output::Changed(_) => {}
                Output::Report(report) => node.reports.push(report),
            }
            assert!(self.nodes[at].writes.len() <= 1, "one write is under way");
        }
        self.check_committed(at);
    }

    fn note_answer(&mut self, at: usize, request: RequestId, answer: Answer) {
        match &answer {
            Answer::Changed { durability, .. } if *durability == Durability::ExclusiveQuorum => {
                if let Some(name) = self.names.get(&request) {
                    self.vouched.push(name.clone());
                }
            }
            Answer::Refused(refusal) => {
                assert!(self.allows_refusals, "refused: {refusal}");
            }
            Answer::Cib {
                document, standing, ..
            } if standing.exclusive => {
                let seen = changes_in(document);
                let count = self.reads.get(&request).copied().unwrap_or(0);
                for name in &self.vouched[..count] {
                    assert!(seen.contains(name), "a read does not see {name}");
                }
            }
            _ => {}
        }
        let old = self.nodes[at].answers.insert(request, answer);
        assert!(old.is_none(), "answered twice");
    }

    fn check_committed(&mut self, at: usize) {
        let replica = self.nodes[at].replica.as_ref().expect("it runs");
        let Some((_, standing)) = replica.established() else {
            return;
        };
        if !standing.exclusive {
            return;
        }
        let text = replica.committed().root().to_compact_text();
        let version = replica.version();
        let known = self.contents.entry(version).or_insert_with(|| text.clone());
        assert_eq!(*known, text, "version {version} names two contents");
        let seen = changes_in(replica.committed());
        let shared = seen.len().min(self.longest.len());
        assert_eq!(
            seen[..shared],
            self.longest[..shared],
            "what is committed is in two orders"
        );
        if seen.len() > self.longest.len() {
            self.longest = seen;
        }
    }

    /// What was vouched for is in the committed copy of every node.
    pub fn check_vouched(&self) {
        for (at, node) in self.nodes.iter().enumerate() {
            if node.replica.is_some() {
                let committed = self.committed(at);
                for name in &self.vouched {
                    assert!(
                        committed.contains(name),
                        "{name} is lost on node {}",
                        at + 1
                    );
                }
            }
        }
    }
}
