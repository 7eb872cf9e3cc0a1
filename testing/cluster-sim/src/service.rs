//! What runs on top of the group where the CIB is replicated: the node's decisions, its disk, and the
//! clients that wait for it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use cib::CibVersion;
use cluster_node::{ClusterNode, Output, Start, Write, WriteNumber, perform, read_record};
use dice::Dice;
use membership::{Member, Timing};
use quorum::witness::Holder;
use quorum::{Algorithm, Options, WitnessSettings};
use replica::store::{MemoryDisk, Store};
use replica::{Replica, RequestId, WriteFailure};

/// The upper half of a process.
pub(crate) struct Service {
    pub node: ClusterNode,
    pub store: Store<MemoryDisk>,
    /// Messages that the group had no room for.
    pub backlog: VecDeque<Bytes>,
    /// What is to be written; the first one is under way.
    pub writes: VecDeque<(WriteNumber, Write)>,
    /// Whose request is under way.
    pub asked: BTreeMap<RequestId, usize>,
    pub next_request: u64,
    /// Its side of the witness, where there is one.
    pub holder: Option<Holder>,
    pub vote_until: Option<Duration>,
}

/// Operations on a disk that a write may have done when the machine dies.
const OPERATIONS_OF_A_WRITE: u64 = 12;
/// Generations that are kept: few, so that old ones are removed in every run.
const GENERATIONS: usize = 4;

impl Service {
    /// Begins with what is on disk. Also says the counter of views that it knows of.
    pub(crate) fn start(
        me: Member,
        options: Options,
        mut disk: MemoryDisk,
        now: Duration,
        nodes: Option<BTreeMap<u32, String>>,
    ) -> Result<(Self, u64), String> {
        // A machine whose disk fails does not start.
        disk.faults.clear();
        let (record, damaged) = read_record(&mut disk).map_err(|error| error.to_string())?;
        if damaged {
            return Err("a record of quorum is torn".to_owned());
        }
        let (mut store, start) = Store::open(disk).map_err(|error| error.to_string())?;
        store.set_generations(GENERATIONS);
        let counter = start.copy.position.term.max(start.promised);
        let replica = Replica::new(me, start.copy, start.promised);
        let start = Start {
            me,
            options,
            record,
            replica,
            nodes,
        };
        let service = Self {
            node: ClusterNode::new(start, now),
            store,
            backlog: VecDeque::new(),
            writes: VecDeque::new(),
            asked: BTreeMap::new(),
            next_request: 1,
            holder: None,
            vote_until: None,
        };
        Ok((service, counter))
    }

    /// The version of the CIB that all have.
    pub(crate) fn version(&self) -> CibVersion {
        self.node.replica().version()
    }

    /// Its state in one line.
    pub(crate) fn portrait(&self) -> String {
        let (replica, verdict) = (self.node.replica(), self.node.verdict());
        format!(
            "CIB {} at {}, established: {:?}, writes {}, durable: {}, {:?}",
            replica.version(),
            replica.position(),
            replica.established(),
            self.writes.len(),
            replica.is_durable(),
            verdict.reasons
        )
    }

    /// Carries out the write that is under way.
    pub(crate) fn write(&mut self) -> Option<(WriteNumber, Result<(), WriteFailure>)> {
        let (number, write) = self.writes.pop_front()?;
        Some((number, perform(&mut self.store, &write)))
    }

    /// The process dies, perhaps in the middle of a write: what is left of its disk. Where the whole
    /// machine loses power, what was not synced may be lost or torn.
    pub(crate) fn end(mut self, power_fails: bool, dice: &mut Dice) -> MemoryDisk {
        if let Some((_, write)) = self.writes.pop_front()
            && dice.happens(50)
        {
            let left = dice.within(0..OPERATIONS_OF_A_WRITE);
            self.store.disk().operations_left = usize::try_from(left).ok();
            let _ = perform(&mut self.store, &write);
        }
        let mut disk = self.store.into_disk();
        disk.crash(&mut |limit| {
            if power_fails {
                usize::try_from(dice.within(0..limit as u64)).unwrap_or(0)
            } else {
                limit - 1
            }
        });
        disk
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.portrait())
    }
}

/// What an output says, for people.
pub(crate) fn said(output: &Output) -> Option<String> {
    Some(match output {
        Output::Submit(bytes) => format!("submits {} bytes", bytes.len()),
        Output::Acknowledge(view, seq) => format!("acknowledges {seq} of {view}"),
        Output::SetVotes(votes) => format!("needs {} of {:?}", votes.needed, votes.of),
        Output::SetAttachment(_) => return None,
        Output::Write(number, Write::Record(record)) => format!("writes {}: {record:?}", number.0),
        Output::Write(number, Write::Replica(job)) => {
            let text = match job {
                replica::WriteJob::Promise(term) => format!("promise of term {term}"),
                replica::WriteJob::Generation(it) => format!("generation at {}", it.position),
                replica::WriteJob::Lost(lost) => lost.name.clone(),
            };
            format!("writes {}: {text}", number.0)
        }
        Output::Answer(request, answer) => format!("answers {}: {}", request.0, answered(answer)),
        Output::Verdict(verdict) => format!(
            "verdict: quorate {}, exclusive {}, {} of {}, {:?}",
            verdict.quorate,
            verdict.exclusive,
            verdict.total_votes,
            verdict.needed,
            verdict.reasons
        ),
        Output::FactRefused(fact, refusal) => format!("{fact:?} changes nothing: {refusal}"),
        Output::Changed(changed) => format!("has committed {}", changed.version()),
        Output::Application { .. } | Output::Act(_) | Output::Fencing { .. } => return None,
        Output::Unreadable(sender) => format!("does not understand {}", sender.node),
        Output::Report(report) => report.to_string(),
    })
}

fn answered(answer: &replica::Answer) -> String {
    match answer {
        replica::Answer::Cib {
            document,
            is_established,
            standing,
        } => format!(
            "version {}, established {is_established}, {standing:?}",
            CibVersion::of(document.root())
        ),
        other => format!("{other:?}"),
    }
}

/// How a scenario sets up quorum, all nodes alike.
pub(crate) fn options(nodes: u32, timing: Timing, dice: &mut Dice) -> (Options, Option<Algorithm>) {
    let floor = timing.detection_floor;
    let weighted = dice.happens(15);
    let votes = (1..=nodes).map(|node| {
        let votes = if weighted { dice.within(0..4) } else { 1 };
        (node, u32::try_from(votes).unwrap_or(1))
    });
    let mut settings = quorum::Settings {
        votes: votes.collect(),
        ..quorum::Settings::default()
    };
    match dice.within(0..10) {
        0 | 1 => settings.two_node = nodes == 2 && !weighted,
        2 | 3 => {
            let list = vec![1 + u32::try_from(dice.within(0..u64::from(nodes))).unwrap_or(0)];
            let choices = [
                quorum::TieBreaker::Lowest,
                quorum::TieBreaker::Highest,
                quorum::TieBreaker::Nodes(list),
            ];
            settings.auto_tie_breaker = Some(dice.pick(&choices).clone());
        }
        4 | 5 if !weighted => {
            let window = (floor * 2).max(quorum::MIN_LAST_MAN_STANDING_WINDOW);
            settings.last_man_standing = Some(window);
            if dice.happens(30) {
                settings.auto_tie_breaker = Some(quorum::TieBreaker::Lowest);
            }
        }
        _ => {}
    }
    // Decided apart: seeds without a witness stay what they were before there was one.
    let mut apart = Dice::new(dice.clone().throw());
    let plain = settings.auto_tie_breaker.is_none() && settings.last_man_standing.is_none();
    if plain && !weighted && apart.happens(25) {
        let algorithm = *apart.pick(&[Algorithm::Ffsplit, Algorithm::LastManStanding]);
        let votes = (algorithm == Algorithm::Ffsplit).then_some(1);
        settings.witness = Some(WitnessSettings { algorithm, votes });
    }
    let witness = settings.witness.map(|witness| witness.algorithm);
    if dice.happens(30) {
        settings.wait_for_all = Some(dice.happens(50));
    }
    if settings.votes.values().all(|votes| *votes == 0) {
        settings.votes.insert(1, 1);
    }
    let options = Options::try_from(settings).expect("no option contradicts another");
    (options, witness)
}
