//! A cluster in memory: the group's order, views that break at any point, records on a disk.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quorum::{
    Attachment, Command, Fact, NodeId, Options, Quorum, Record, Refusal, Settings, Start, Verdict,
    View, ViewId,
};

/// `votes[i]` are those of node `i + 1`.
pub fn nodes(votes: &[u32]) -> BTreeMap<NodeId, u32> {
    (1..).zip(votes.iter().copied()).collect()
}

/// `count` nodes with one vote each.
pub fn equal(count: usize) -> Settings {
    Settings {
        votes: nodes(&vec![1; count]),
        ..Settings::default()
    }
}

pub fn options(settings: Settings) -> Options {
    Options::try_from(settings).expect("a test's settings")
}

/// A node, as long as it runs.
#[derive(Debug, Clone)]
pub struct Node {
    pub quorum: Quorum,
    /// How much of its group's log it has delivered.
    pub delivered: usize,
}

/// The members of a view with what was said in it.
#[derive(Debug, Clone)]
pub struct Group {
    pub id: ViewId,
    /// Those who still are in the view.
    pub members: BTreeSet<NodeId>,
    /// Those with whom it was installed.
    pub installed: BTreeSet<NodeId>,
    pub log: Vec<Fact>,
    /// How much of it the leader knows to be acknowledged by all.
    pub stable: usize,
}

pub struct Cluster {
    pub options: Options,
    pub now: Duration,
    pub counter: u64,
    pub up: BTreeMap<NodeId, Node>,
    pub disks: BTreeMap<NodeId, Start>,
    pub groups: Vec<Group>,
    pub refusals: Vec<Refusal>,
    /// How fast each node's clock runs, in per cent of `now`; 100 where nothing is said.
    pub rates: BTreeMap<NodeId, u32>,
}

impl Cluster {
    pub fn new(settings: Settings, count: u32) -> Self {
        Self {
            options: options(settings),
            now: Duration::ZERO,
            counter: 0,
            up: BTreeMap::new(),
            disks: (1..=count).map(|node| (node, Start::New)).collect(),
            groups: Vec::new(),
            refusals: Vec::new(),
            rates: BTreeMap::new(),
        }
    }

    /// All nodes, started and together.
    pub fn together(settings: Settings, count: u32) -> Self {
        let mut cluster = Self::new(settings, count);
        let all: Vec<NodeId> = (1..=count).collect();
        cluster.start(&all);
        cluster.split(&[&all]);
        cluster
    }

    pub fn start(&mut self, nodes: &[NodeId]) {
        for node in nodes {
            let start = self.disks[node].clone();
            let quorum = Quorum::new(*node, self.options.clone(), start);
            self.up.insert(
                *node,
                Node {
                    quorum,
                    delivered: 0,
                },
            );
        }
    }

    /// The nodes die; what is on their disks stays.
    pub fn crash(&mut self, nodes: &[NodeId]) {
        for node in nodes {
            self.up.remove(node);
            for group in &mut self.groups {
                group.members.remove(node);
            }
        }
        self.groups.retain(|group| !group.members.is_empty());
    }

    /// New views with exactly these members, all settled.
    pub fn split(&mut self, parts: &[&[NodeId]]) {
        for part in parts {
            self.install(&part.iter().copied().collect());
        }
        self.settle();
    }

    /// A new view. Who comes along from the same view has delivered the same in it; some of that
    /// comes after its attachment was taken.
    pub fn install(&mut self, members: &BTreeSet<NodeId>) {
        let late = self.counter % 2 == 1;
        let early: Vec<_> = members.iter().map(|node| self.bring(*node)).collect();
        for index in 0..self.groups.len() {
            let coming: Vec<_> = self.groups[index]
                .members
                .intersection(members)
                .copied()
                .collect();
            let most = coming
                .iter()
                .map(|node| self.up[node].delivered)
                .max()
                .unwrap_or(0);
            for node in coming {
                while self.up[&node].delivered < most {
                    self.deliver(node);
                }
            }
        }
        self.counter += 1;
        let leader = *members.first().expect("a view has members");
        let id = ViewId {
            counter: self.counter,
            leader,
        };
        let attachments = if late {
            early
        } else {
            members.iter().map(|node| self.bring(*node)).collect()
        };
        let view = View {
            id,
            members: members.iter().copied().zip(attachments).collect(),
        };
        for group in &mut self.groups {
            group.members.retain(|node| !members.contains(node));
        }
        self.groups.retain(|group| !group.members.is_empty());
        self.groups.push(Group {
            id,
            members: members.clone(),
            installed: members.clone(),
            log: Vec::new(),
            stable: 0,
        });
        for node in members {
            let now = self.clock(*node);
            let state = self.up.get_mut(node).expect("a member is up");
            state.delivered = 0;
            let commands = state.quorum.view(view.clone(), now);
            self.carry_out(*node, commands);
        }
        let verdicts: Vec<_> = members
            .iter()
            .map(|node| self.verdict(*node).clone())
            .collect();
        assert!(
            verdicts.windows(2).all(|two| two[0] == two[1]),
            "{verdicts:#?}"
        );
    }

    /// What a node's clock shows.
    pub fn clock(&self, node: NodeId) -> Duration {
        self.now * self.rates.get(&node).copied().unwrap_or(100) / 100
    }

    fn bring(&self, node: NodeId) -> Attachment {
        let bytes = self.up[&node].quorum.attachment(self.clock(node)).encode();
        Attachment::decode(&bytes).expect("an attachment is read")
    }

    pub fn group_of(&self, node: NodeId) -> Option<usize> {
        self.groups
            .iter()
            .position(|group| group.members.contains(&node))
    }

    /// Delivers the next fact to a node. False: there is none.
    pub fn deliver(&mut self, node: NodeId) -> bool {
        let Some(index) = self.group_of(node) else {
            return false;
        };
        let now = self.clock(node);
        let state = self.up.get_mut(&node).expect("a member is up");
        let Some(fact) = self.groups[index].log.get(state.delivered).copied() else {
            return false;
        };
        state.delivered += 1;
        let fact = Fact::decode(&fact.encode()).expect("a fact is read");
        let commands = state.quorum.deliver(state.delivered as u64, fact, now);
        self.carry_out(node, commands);
        true
    }

    /// Tells the leader what all members have delivered. The dead acknowledge nothing.
    pub fn acknowledge(&mut self, index: usize) {
        let group = &mut self.groups[index];
        let leader = group.id.leader;
        let least = group
            .members
            .iter()
            .map(|node| self.up[node].delivered)
            .min()
            .unwrap_or(0);
        if group.members != group.installed || least <= group.stable {
            return;
        }
        group.stable = least;
        let now = self.clock(leader);
        let state = self.up.get_mut(&leader).expect("a member is up");
        let commands = state.quorum.stable(least as u64, now);
        self.carry_out(leader, commands);
    }

    /// Until nobody has anything to say.
    pub fn settle(&mut self) {
        for _ in 0..1000 {
            (0..self.groups.len()).for_each(|index| self.acknowledge(index));
            let nodes: Vec<_> = self.up.keys().copied().collect();
            let delivered = nodes.into_iter().filter(|node| self.deliver(*node)).count();
            let rest = self.up.iter().filter(|(id, node)| {
                node.quorum
                    .deadline()
                    .is_some_and(|at| at <= self.clock(**id))
            });
            if delivered == 0 {
                assert_eq!(rest.count(), 0, "a deadline that nothing answers");
                return;
            }
        }
        panic!("the cluster does not settle");
    }

    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        let nodes: Vec<_> = self.up.keys().copied().collect();
        for node in nodes {
            let now = self.clock(node);
            let commands = self.up.get_mut(&node).expect("it is up").quorum.tick(now);
            self.carry_out(node, commands);
        }
    }

    /// A fact that a node says.
    pub fn say(&mut self, node: NodeId, fact: Fact) {
        let index = self.group_of(node).expect("it is in a view");
        self.groups[index].log.push(fact);
    }

    pub fn carry_out(&mut self, node: NodeId, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Broadcast(fact) => self.say(node, fact),
                Command::Save(record) => {
                    let bytes = record.encode();
                    let record = Record::decode(&bytes).expect("a record is read");
                    self.disks.insert(node, Start::Kept(record));
                }
                Command::Refused(_, refusal) => self.refusals.push(refusal),
            }
        }
    }

    pub fn verdict(&self, node: NodeId) -> &Verdict {
        self.up[&node].quorum.verdict()
    }

    /// Splits it into `parts`, and checks the summary of each part's nodes.
    pub fn check_parts(&mut self, parts: &[(&[NodeId], &str)]) {
        let groups: Vec<&[NodeId]> = parts.iter().map(|(part, _)| *part).collect();
        self.split(&groups);
        for (part, expected) in parts {
            for node in *part {
                assert_eq!(
                    self.summary(*node),
                    *expected,
                    "node {node}: {:?}",
                    self.verdict(*node)
                );
            }
        }
    }

    /// `quorate exclusive votes/expected needed`, each in one sign.
    pub fn summary(&self, node: NodeId) -> String {
        let verdict = self.verdict(node);
        format!(
            "{}{} {}/{} {}",
            if verdict.quorate {
                "quorate"
            } else {
                "blocked"
            },
            if verdict.exclusive { "!" } else { "" },
            verdict.total_votes,
            verdict.expected_votes,
            verdict.needed
        )
    }
}
