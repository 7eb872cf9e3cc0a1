//! A small network of groups on one clock, for tests by hand. Frames take a fixed time and are lost
//! only where a test says so.

#![allow(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use membership::{
    Commitment, Delivery, Group, Incarnation, Member, NodeId, Note, Output, Settings, Timing, View,
    ViewId, Votes,
};

pub const DELAY: Duration = Duration::from_micros(100);

pub struct Net {
    pub now: Duration,
    pub groups: BTreeMap<NodeId, Group>,
    pub cut: BTreeSet<(NodeId, NodeId, u8)>,
    flying: BTreeMap<(Duration, u64), (NodeId, NodeId, u8, Bytes)>,
    sent: u64,
    pub frames: u64,
    pub views: BTreeMap<NodeId, Vec<View>>,
    pub delivered: BTreeMap<NodeId, Vec<(ViewId, Delivery)>>,
    pub committed: BTreeMap<NodeId, u64>,
    pub notes: Vec<(Duration, NodeId, Note)>,
    pub nodes: u32,
    links: u8,
    timing: Timing,
}

impl Net {
    pub fn new(nodes: u32, links: u8, timing: Timing) -> Self {
        let mut net = Self {
            now: Duration::from_secs(1),
            groups: BTreeMap::new(),
            cut: BTreeSet::new(),
            flying: BTreeMap::new(),
            sent: 0,
            frames: 0,
            views: BTreeMap::new(),
            delivered: BTreeMap::new(),
            committed: BTreeMap::new(),
            notes: Vec::new(),
            nodes,
            links,
            timing,
        };
        for node in 1..=nodes {
            net.start(node, 1);
        }
        net
    }

    pub fn start(&mut self, node: u32, life: u64) {
        let settings = Settings {
            me: Member {
                node: NodeId(node),
                incarnation: Incarnation(life),
            },
            peers: (1..=self.nodes)
                .filter(|peer| *peer != node)
                .map(NodeId)
                .collect(),
            links: (0..self.links).collect(),
            timing: self.timing,
            commitment: Commitment::All,
            counter: 0,
            attachment: Bytes::from(format!("of {node}")),
        };
        let mut group = Group::new(settings, self.now).expect("the settings are good");
        for peer in (1..=self.nodes).filter(|peer| *peer != node) {
            for link in 0..self.links {
                group.link(self.now, NodeId(peer), link, true);
            }
        }
        self.groups.insert(NodeId(node), group);
        self.wake(NodeId(node));
    }

    pub fn kill(&mut self, node: u32) {
        self.groups.remove(&NodeId(node));
    }

    pub fn cut_both(&mut self, one: &[u32], other: &[u32]) {
        for a in one {
            for b in other {
                for link in 0..self.links {
                    self.cut.insert((NodeId(*a), NodeId(*b), link));
                    self.cut.insert((NodeId(*b), NodeId(*a), link));
                }
            }
        }
    }

    pub fn leave(&mut self, node: u32) {
        let now = self.now;
        self.groups
            .get_mut(&NodeId(node))
            .expect("it lives")
            .leave(now);
        self.wake(NodeId(node));
    }

    fn wake(&mut self, node: NodeId) {
        let now = self.now;
        let Some(group) = self.groups.get_mut(&node) else {
            return;
        };
        group.tick(now);
        loop {
            let mut outputs = Vec::new();
            while let Some(output) = group.poll() {
                outputs.push(output);
            }
            if outputs.is_empty() {
                break;
            }
            for output in outputs {
                match output {
                    Output::Send { to, link, frame } => {
                        self.frames += 1;
                        if !self.cut.contains(&(node, to, link)) {
                            self.sent += 1;
                            self.flying
                                .insert((now + DELAY, self.sent), (node, to, link, frame));
                        }
                    }
                    Output::View(view) => {
                        let votes = Votes {
                            of: view.nodes().map(|node| (node, 1)).collect(),
                            needed: self.nodes / 2 + 1,
                        };
                        group.set_votes(votes);
                        self.views.entry(node).or_default().push(view);
                    }
                    Output::Deliver(delivery) => {
                        let view = group.view().id;
                        group.acknowledge(view, delivery.seq);
                        self.delivered
                            .entry(node)
                            .or_default()
                            .push((view, delivery));
                    }
                    Output::Committed(seq) => {
                        self.committed.insert(node, seq);
                    }
                    Output::AcknowledgedByAll(_) => {}
                    Output::Note(note) => self.notes.push((now, node, note)),
                }
            }
            group.flush(now);
        }
    }

    pub fn submit(&mut self, node: u32, text: &str) {
        let group = self.groups.get_mut(&NodeId(node)).expect("the node lives");
        group
            .submit(Bytes::copy_from_slice(text.as_bytes()))
            .expect("there is room");
        self.wake(NodeId(node));
    }

    /// Goes on until a moment.
    pub fn run_until(&mut self, end: Duration) {
        loop {
            let frame_at = self.flying.keys().next().map(|(at, _)| *at);
            let timer = self
                .groups
                .iter()
                .map(|(node, group)| (group.deadline().max(self.now), *node))
                .min();
            let next = frame_at.into_iter().chain(timer.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = next;
            if frame_at == Some(next) {
                let ((_, _), (from, to, link, frame)) =
                    self.flying.pop_first().expect("it was seen");
                if let Some(group) = self.groups.get_mut(&to) {
                    group
                        .receive(next, from, link, frame)
                        .expect("frames are understood");
                    self.wake(to);
                }
            } else if let Some((_, node)) = timer {
                self.wake(node);
            }
        }
    }

    pub fn run(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// The nodes of a node's view.
    pub fn view(&self, node: u32) -> Vec<u32> {
        self.groups[&NodeId(node)]
            .view()
            .nodes()
            .map(|node| node.0)
            .collect()
    }

    pub fn has_lease(&self, node: u32) -> bool {
        self.groups[&NodeId(node)].lease(self.now).is_some()
    }

    pub fn texts(&self, node: u32) -> Vec<String> {
        let delivered = self.delivered.get(&NodeId(node)).into_iter().flatten();
        delivered
            .map(|(_, delivery)| String::from_utf8_lossy(&delivery.payload).into_owned())
            .collect()
    }
}
