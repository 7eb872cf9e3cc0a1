//! CPG, as extended virtual synchrony has it: each ring has one log; who goes from one ring to the
//! next together has delivered the same part of it; what a process sent and did not see there, it
//! sees later.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use corosync_group::{CorosyncGroup, Joined, Output, Process, QuorumState, Settings};
use membership::{Commitment, Delivery, Incarnation, Member, NodeId, View, ViewId, Votes};

/// A small generator: xorshift*.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).expect("it has 31 bits") % bound
    }
}

#[derive(Clone, Debug)]
enum Item {
    Configuration(Vec<Process>),
    Ring(u64),
    Message(Process, Bytes),
}

/// What one ring delivers, in order.
#[derive(Default)]
struct Ring {
    number: u64,
    log: Vec<Item>,
}

struct Node {
    group: CorosyncGroup,
    member: Member,
    process: Process,
    ring: usize,
    /// How much of the ring's log was delivered.
    at: usize,
    /// What was sent and has no place in a log yet.
    outbox: VecDeque<Bytes>,
    /// What this life has seen.
    view: Option<View>,
    delivered: BTreeMap<ViewId, Vec<(Member, Bytes)>>,
    acknowledged: u64,
    submitted: u32,
    seen: BTreeSet<(Member, Bytes)>,
}

/// All nodes, and what they have said about views.
pub struct Net {
    seed: u64,
    now: Duration,
    rings: Vec<Ring>,
    nodes: Vec<Node>,
    views: BTreeMap<ViewId, Vec<(Member, Bytes)>>,
    /// The longest order that was seen in a view.
    orders: BTreeMap<ViewId, Vec<(Member, Bytes)>>,
    committed: BTreeMap<ViewId, u64>,
    last_pid: u32,
}

const PATIENCE: Duration = Duration::from_secs(1);

impl Net {
    pub fn new(seed: u64, count: u32) -> Self {
        let mut net = Self {
            seed,
            now: Duration::from_secs(1),
            rings: vec![Ring::default()],
            nodes: Vec::new(),
            views: BTreeMap::new(),
            orders: BTreeMap::new(),
            committed: BTreeMap::new(),
            last_pid: 100,
        };
        for id in 1..=count {
            let node = net.born(NodeId(id), 1, 0);
            net.nodes.push(node);
        }
        net.reform(&[(0..net.nodes.len()).collect()], &mut Random::new(seed));
        net
    }

    fn born(&mut self, id: NodeId, life: u64, ring: usize) -> Node {
        self.last_pid += 1;
        let member = Member {
            node: id,
            incarnation: Incarnation(life),
        };
        let process = Process {
            node: id,
            pid: self.last_pid,
        };
        let settings = Settings {
            me: member,
            counter: u64::from(id.0) * 3,
            attachment: Bytes::from(format!("{id}")),
            commitment: Commitment::All,
            votes: BTreeMap::from([(id, 1)]),
        };
        let mut group = CorosyncGroup::new(settings, self.now);
        let joined = Joined {
            process,
            patience: PATIENCE,
        };
        group.join(self.now, joined);
        Node {
            group,
            member,
            process,
            ring,
            at: self.rings[ring].log.len(),
            outbox: VecDeque::new(),
            view: None,
            delivered: BTreeMap::new(),
            acknowledged: 0,
            submitted: 0,
            seen: BTreeSet::new(),
        }
    }

    pub fn step(&mut self, random: &mut Random) {
        self.now += Duration::from_millis(7);
        let node = random.below(self.nodes.len());
        match random.below(100) {
            0..20 => self.submit(node),
            20..45 => self.order(node),
            45..96 => {
                for _ in 0..=random.below(6) {
                    self.deliver(node);
                }
            }
            96 => self.restart(node, random),
            97 => self.merge(random),
            // A cut that nobody has time to notice, and one that lasts.
            98 => {
                self.split(random);
                self.merge(random);
            }
            _ => self.split(random),
        }
    }

    fn submit(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.submitted += 1;
        let payload = Bytes::from(format!("{}", node.submitted));
        node.group.submit(payload).expect("there is room");
    }

    /// The node multicasts, and its oldest message gets its place.
    fn order(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.group.tick(self.now);
        if let Some(frame) = node.group.frame(self.now) {
            node.outbox.push_back(frame);
        }
        if let Some(frame) = node.outbox.pop_front() {
            let item = Item::Message(node.process, frame);
            self.rings[node.ring].log.push(item);
        }
    }

    fn deliver(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let Some(item) = self.rings[node.ring].log.get(node.at).cloned() else {
            return;
        };
        node.at += 1;
        match item {
            Item::Configuration(processes) => node.group.configuration(self.now, processes),
            Item::Ring(number) => {
                node.group.ring(number);
                let state = QuorumState {
                    ring: number,
                    quorate: true,
                    nodes: BTreeSet::from([node.member.node]),
                    needed: 1,
                    expected: 1,
                    device: None,
                    two_node: false,
                    last_man_standing: false,
                };
                node.group.quorum(state);
            }
            Item::Message(from, frame) => node.group.deliver(self.now, from, frame),
        }
        while let Some(output) = self.nodes[index].group.poll() {
            self.hear(index, output);
        }
    }

    fn hear(&mut self, index: usize, output: Output) {
        let (seed, node) = (self.seed, &mut self.nodes[index]);
        match output {
            Output::View(view) => self.hear_view(index, view),
            Output::Deliver(Delivery {
                seq,
                sender,
                payload,
            }) => {
                let view = node.view.as_ref().expect("a view came before").id;
                let message = (sender, payload);
                assert!(
                    node.seen.insert(message.clone()),
                    "seed {seed}: {message:?} came twice to {:?}",
                    node.member
                );
                let delivered = node.delivered.entry(view).or_default();
                delivered.push(message.clone());
                let count = delivered.len();
                assert_eq!(u64::try_from(count).ok(), Some(seq), "seed {seed}");
                let order = self.orders.entry(view).or_default();
                match order.get(count - 1) {
                    Some(other) => assert_eq!(*other, message, "seed {seed}: {view}"),
                    None => order.push(message),
                }
                node.group.acknowledge(view, seq);
                node.acknowledged = seq;
            }
            Output::Committed(seq) => {
                let view = node.group.view().id;
                let committed = self.committed.entry(view).or_default();
                *committed = (*committed).max(seq);
                let members: Vec<Member> = node.group.view().members.keys().copied().collect();
                for other in self
                    .nodes
                    .iter()
                    .filter(|node| members.contains(&node.member))
                {
                    let count = other.delivered.get(&view).map_or(0, Vec::len);
                    assert!(
                        u64::try_from(count).expect("it is small") >= seq,
                        "seed {seed}: {seq} of {view} is committed"
                    );
                }
            }
            Output::Judged(judgement) => {
                assert!(judgement.ring_quorate, "seed {seed}");
                let view = node.group.view();
                let of = view.nodes().map(|node| (node, 1)).collect();
                node.group.set_votes(Votes { of, needed: 1 });
            }
            Output::AcknowledgedByAll(_) | Output::Trouble(_) => {}
            Output::Broken => panic!("seed {seed}: the order has a gap"),
        }
    }

    fn hear_view(&mut self, index: usize, view: View) {
        let (seed, node) = (self.seed, &self.nodes[index]);
        if let Some(former) = &node.view {
            assert!(view.id > former.id, "seed {seed}: names rise");
        }
        let members: Vec<(Member, Bytes)> = view.members.clone().into_iter().collect();
        let agreed = self.views.entry(view.id).or_insert_with(|| members.clone());
        assert_eq!(*agreed, members, "seed {seed}: {} is agreed", view.id);
        // Those who come together have delivered the same in the view before.
        if let Some(former) = &node.view {
            let mine = node.delivered.get(&former.id);
            for other in self.nodes.iter().filter(|other| {
                view.together.contains(&other.member)
                    && other
                        .view
                        .as_ref()
                        .is_some_and(|their| their.id == former.id)
            }) {
                // They stand still since the configuration began.
                assert_eq!(other.delivered.get(&former.id), mine, "seed {seed}");
            }
        } else {
            assert_eq!(view.together, [node.member], "seed {seed}");
        }
        let node = &mut self.nodes[index];
        node.view = Some(view);
        node.acknowledged = 0;
    }

    fn merge(&mut self, random: &mut Random) {
        let all = (0..self.nodes.len()).collect();
        self.reform(&[all], random);
    }

    fn split(&mut self, random: &mut Random) {
        let mut parts = vec![Vec::new(), Vec::new()];
        for node in 0..self.nodes.len() {
            parts[random.below(2)].push(node);
        }
        self.reform(&parts, random);
    }

    fn restart(&mut self, index: usize, random: &mut Random) {
        let life = self.nodes[index].member.incarnation.0 + 1;
        let ring = self.nodes[index].ring;
        let together: Vec<Vec<usize>> = (0..self.rings.len())
            .map(|ring| {
                let inside = |node: &usize| self.nodes[*node].ring == ring && *node != index;
                (0..self.nodes.len()).filter(inside).collect()
            })
            .collect();
        self.reform(&together, random);
        let id = self.nodes[index].member.node;
        self.nodes[index] = self.born(id, life, ring);
        let together: Vec<Vec<usize>> = together
            .into_iter()
            .map(|mut part| {
                if part
                    .first()
                    .is_none_or(|first| self.nodes[*first].ring != ring)
                {
                    return part;
                }
                part.push(index);
                part
            })
            .chain([vec![index]])
            .collect();
        self.reform(&together, random);
    }

    /// New rings of these nodes; who is named twice is in the first one, who is in none stays behind.
    fn reform(&mut self, parts: &[Vec<usize>], random: &mut Random) {
        let mut placed = BTreeSet::new();
        for part in parts {
            let part: Vec<usize> = part
                .iter()
                .copied()
                .filter(|node| placed.insert(*node))
                .collect();
            if part.is_empty() {
                continue;
            }
            let late = self.leave_together(&part, random);
            let number = 4 * u64::try_from(self.rings.len()).expect("it is small");
            let mut log = Vec::new();
            let mut processes: Vec<Process> = Vec::new();
            // CPG tells one configuration for each node that comes, and the ring after them.
            for node in &part {
                processes.push(self.nodes[*node].process);
                if processes.len() == part.len() || random.below(3) == 0 {
                    log.push(Item::Configuration(processes.clone()));
                }
            }
            log.push(Item::Ring(number));
            log.extend(late);
            self.rings.push(Ring { number, log });
            assert_eq!(self.rings[self.rings.len() - 1].number, number);
            for node in part {
                self.nodes[node].ring = self.rings.len() - 1;
                self.nodes[node].at = 0;
            }
        }
    }

    /// Those of a part who come from one ring deliver its log up to the same place. What they sent
    /// beyond comes in the next ring.
    fn leave_together(&mut self, part: &[usize], random: &mut Random) -> Vec<Item> {
        let rings: BTreeSet<usize> = part.iter().map(|node| self.nodes[*node].ring).collect();
        let mut late = Vec::new();
        for ring in rings {
            let inside = |node: &&usize| self.nodes[**node].ring == ring;
            let group: Vec<usize> = part.iter().filter(inside).copied().collect();
            let most = group.iter().map(|node| self.nodes[*node].at).max();
            let least = most.unwrap_or(0);
            let length = self.rings[ring].log.len();
            let end = least + random.below(length - least + 1);
            for node in &group {
                while self.nodes[*node].at < end {
                    self.deliver(*node);
                }
            }
            let senders: BTreeSet<Process> =
                group.iter().map(|node| self.nodes[*node].process).collect();
            let beyond = self.rings[ring].log[end..]
                .iter()
                .filter(|item| matches!(item, Item::Message(from, _) if senders.contains(from)));
            late.extend(beyond.cloned());
        }
        late
    }

    /// All together, nothing happens any more.
    pub fn settle(&mut self) {
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        self.reform(&[all], &mut Random::new(self.seed));
        for _ in 0..400 {
            for node in 0..self.nodes.len() {
                self.order(node);
                for _ in 0..8 {
                    self.deliver(node);
                }
            }
        }
    }

    pub fn check_all_delivered(&self) {
        let seed = self.seed;
        let first = self.nodes[0].view.as_ref().expect("there is a view");
        for node in &self.nodes {
            let view = node.view.as_ref().expect("there is a view");
            assert_eq!(
                (view.id, view.members.len()),
                (first.id, self.nodes.len()),
                "seed {seed}"
            );
            assert!(node.group.is_operating(), "seed {seed}");
            let own: Vec<&Bytes> = node
                .delivered
                .values()
                .flatten()
                .filter(|(sender, _)| *sender == node.member)
                .map(|(_, payload)| payload)
                .collect();
            let submitted: Vec<Bytes> = (1..=node.submitted)
                .map(|number| Bytes::from(number.to_string()))
                .collect();
            assert_eq!(own, submitted.iter().collect::<Vec<_>>(), "seed {seed}");
            let last = node.delivered.get(&view.id).map_or(0, Vec::len);
            let committed = self.committed.get(&view.id).copied().unwrap_or(0);
            assert_eq!(u64::try_from(last).ok(), Some(committed), "seed {seed}");
            assert!(node.group.lease(self.now).is_some(), "seed {seed}");
        }
    }
}
