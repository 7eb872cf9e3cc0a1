//! One node's part in the quorum.

use std::time::Duration;

use crate::NodeId;
use crate::attachment::{Attachment, Memory, Record};
use crate::change::Change;
use crate::electorate::Electorate;
use crate::fact::{Fact, Refusal};
use crate::knowledge::Knowledge;
use crate::options::Options;
use crate::verdict::{Facts, Verdict, WitnessVote, verdict};
use crate::view::{View, ViewId};

/// What the caller is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Broadcast it in the view's order.
    Broadcast(Fact),
    /// Have it on disk before the fact that was just delivered, or the view that was just
    /// installed, is acknowledged.
    Save(Record),
    /// Tell whoever asked for the fact that it changed nothing.
    Refused(Fact, Refusal),
}

/// What a node finds of its earlier life when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Nothing: it never saved a record.
    New,
    /// A record that cannot be read.
    Lost,
    /// The record that it saved last.
    Kept(Record),
}

/// One node's part in the quorum.
///
/// ```text
///  attachment() ─► view(…) ─► deliver(fact, …)* ─► attachment() ─► view(…) …
/// ```
#[derive(Debug, Clone)]
pub struct Quorum {
    node: NodeId,
    options: Options,
    memory: Memory,
    record: Record,
    waiting: bool,
    leaving: bool,
    last_quorate: Option<ViewId>,
    session: Option<Session>,
    verdict: Verdict,
}

/// What lasts as long as a view.
#[derive(Debug, Clone)]
struct Session {
    view: View,
    facts: Facts,
    knowledge: Knowledge,
    /// When `last_man_standing_window` is over.
    window_end: Option<Duration>,
    /// It is over.
    window_over: bool,
    /// The sequence of the change that is not yet known to be on record with all members.
    unsettled: Option<u64>,
    /// The leader's change that has not come back yet.
    in_flight: bool,
    vote: Vote,
}

/// What the leader does with the witness' vote.
#[derive(Debug, Clone, Copy, Default)]
struct Vote {
    /// Until when it holds.
    until: Option<Duration>,
    /// What was broadcast last and has not come back yet.
    in_flight: Option<bool>,
    /// It was withdrawn, and not all members have acknowledged that; the sequence once it is known.
    withdrawn: Option<Option<u64>>,
}

impl Quorum {
    /// A node at its start.
    #[must_use]
    pub fn new(node: NodeId, options: Options, start: Start) -> Self {
        let (memory, record) = match start {
            Start::New => (Memory::New, Record::default()),
            Start::Lost => (Memory::Lost, Record::default()),
            Start::Kept(record) => (Memory::Kept, record),
        };
        Self {
            node,
            waiting: options.wait_for_all(),
            options,
            memory,
            record,
            leaving: false,
            last_quorate: None,
            session: None,
            verdict: Verdict::nowhere(),
        }
    }

    /// What this node brings to a view change at `now`. To be given to the membership anew after every
    /// call that changes anything, before what was delivered is acknowledged.
    #[must_use]
    pub fn attachment(&self, now: Duration) -> Attachment {
        Attachment {
            votes: self.options.votes_of(self.node),
            options: self.options.clone(),
            waiting: self.waiting,
            leaving: self.leaving,
            memory: self.memory,
            record: self.record.clone(),
            last_quorate: self.last_quorate,
            witness: self.leads() && self.vote_until().is_some_and(|until| until > now),
        }
    }

    /// The configuration was read anew: from the next view on, these options hold.
    pub fn configure(&mut self, options: Options) {
        self.options = options;
    }

    /// The verdict on the current view.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The current view.
    #[must_use]
    pub fn current_view(&self) -> Option<&View> {
        self.session.as_ref().map(|session| &session.view)
    }

    /// What was said in the current view.
    #[must_use]
    pub fn facts(&self) -> Option<&Facts> {
        self.session.as_ref().map(|session| &session.facts)
    }

    /// Whether this node may act at `now`.
    #[must_use]
    pub fn quorate(&self, now: Duration) -> bool {
        self.verdict.quorate && self.vouches(now)
    }

    /// Whether the leader may let its followers go on: not while quorum hangs on a vote of the
    /// witness that has run out, until all members have acknowledged that it has.
    #[must_use]
    pub fn vouches(&self, now: Duration) -> bool {
        let Some(session) = self.session.as_ref().filter(|_| self.leads()) else {
            return true;
        };
        let lapsed =
            session.facts.witness_vote && session.vote.until.is_none_or(|until| until <= now);
        let hangs = session.facts.witness_vote && self.verdict.witness == WitnessVote::Given;
        !(lapsed && hangs) && session.vote.withdrawn.is_none()
    }

    /// Whether this node, as the leader, should ask the witness for its vote: there would be quorum
    /// with it, and there is none without it.
    #[must_use]
    pub fn wants_vote(&self) -> bool {
        let wanted = matches!(
            self.verdict.witness,
            WitnessVote::Given | WitnessVote::Missing
        );
        self.leads() && wanted
    }

    /// When [`Quorum::tick`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let session = self.session.as_ref().filter(|_| self.leads())?;
        let lapse = session
            .vote
            .until
            .filter(|_| session.facts.witness_vote && session.vote.in_flight.is_none());
        lapse.into_iter().chain(session.window_end).min()
    }

    /// A view was installed.
    pub fn view(&mut self, view: View, now: Duration) -> Vec<Command> {
        let before = self.record.clone();
        let knowledge = Knowledge::of(&view);
        let facts = Facts::at_start(&view);
        let kept_vote = self
            .vote_until()
            .filter(|_| facts.witness_vote && view.id.leader == self.node);
        self.learn(&knowledge);
        let window = self.options.last_man_standing();
        let left = self.left_in_order(&view);
        self.session = Some(Session {
            view,
            facts,
            knowledge,
            window_end: window.map(|window| if left { now } else { now + window }),
            window_over: false,
            unsettled: None,
            in_flight: false,
            vote: Vote {
                until: kept_vote,
                ..Vote::default()
            },
        });
        self.judge();
        let mut commands = Vec::new();
        if self.record != before {
            commands.push(Command::Save(self.record.clone()));
        }
        commands.extend(self.tick(now));
        commands
    }

    /// A fact came in the view's order, as number `sequence` of the view.
    pub fn deliver(&mut self, sequence: u64, fact: Fact, now: Duration) -> Vec<Command> {
        let Some(session) = &mut self.session else {
            return Vec::new();
        };
        let before = self.record.clone();
        let change = Change {
            view: &session.view,
            facts: &session.facts,
            knowledge: &session.knowledge,
            verdict: &self.verdict,
        };
        let refused = match fact {
            Fact::Grow => change
                .grown()
                .map(|electorate| self.propose(electorate, sequence))
                .err(),
            Fact::Shrink => change
                .shrunk()
                .map(|electorate| self.propose(electorate, sequence))
                .err(),
            Fact::ExpectedVotes { votes, asserted } => match change.set(votes, asserted) {
                Ok((false, electorate)) => {
                    self.propose(electorate, sequence);
                    None
                }
                Ok((true, electorate)) => {
                    session.facts.asserted = Some(electorate.clone());
                    self.record.asserted = Some(electorate);
                    None
                }
                Err(refusal) => Some(refusal),
            },
            Fact::Formed { number } => {
                self.form(number);
                None
            }
            Fact::Witness { vote } => {
                session.facts.witness_vote = vote;
                session.vote.returned(vote, sequence);
                None
            }
            Fact::Unblock => {
                session.facts.unblocked = true;
                None
            }
            Fact::Leaving { node } => {
                session.facts.leaving.insert(node);
                self.leaving |= node == self.node;
                None
            }
        };
        if let (Fact::Grow | Fact::Shrink, Some(session)) = (fact, &mut self.session) {
            session.in_flight = false;
        }
        self.judge();
        let mut commands = Vec::new();
        if self.record != before {
            commands.push(Command::Save(self.record.clone()));
        }
        commands.extend(refused.map(|refusal| Command::Refused(fact, refusal)));
        commands.extend(self.tick(now));
        commands
    }

    /// All members have acknowledged everything up to `sequence`.
    pub fn stable(&mut self, sequence: u64, now: Duration) -> Vec<Command> {
        let leads = self.leads();
        let Some(session) = self.session.as_mut().filter(|_| leads) else {
            return Vec::new();
        };
        let mut commands = Vec::new();
        if session
            .unsettled
            .is_some_and(|unsettled| unsettled <= sequence)
        {
            session.unsettled = None;
            let number = session.facts.changed.as_ref().map(|changed| changed.number);
            commands.extend(number.map(|number| Command::Broadcast(Fact::Formed { number })));
        }
        if let Some(Some(withdrawn)) = session.vote.withdrawn
            && withdrawn <= sequence
        {
            session.vote.withdrawn = None;
        }
        commands.extend(self.tick(now));
        commands
    }

    /// The witness' vote holds for this view until that time, or (`None`) not at all.
    pub fn witness(&mut self, until: Option<Duration>, now: Duration) -> Vec<Command> {
        if let Some(session) = &mut self.session {
            session.vote.until = until;
        }
        self.tick(now)
    }

    /// Time passes.
    pub fn tick(&mut self, now: Duration) -> Vec<Command> {
        if !self.leads() {
            return Vec::new();
        }
        let mut commands = Vec::new();
        commands.extend(self.next_vote(now));
        commands.extend(self.next_change(now));
        commands.into_iter().map(Command::Broadcast).collect()
    }

    fn next_vote(&mut self, now: Duration) -> Option<Fact> {
        let session = self.session.as_mut()?;
        let holds = session.vote.until.is_some_and(|until| until > now);
        let known = session.vote.in_flight.unwrap_or(session.facts.witness_vote);
        if holds == known || (holds && session.vote.withdrawn.is_some()) {
            return None;
        }
        session.vote.in_flight = Some(holds);
        if !holds {
            session.vote.withdrawn = Some(None);
        }
        Some(Fact::Witness { vote: holds })
    }

    fn next_change(&mut self, now: Duration) -> Option<Fact> {
        let session = self.session.as_mut()?;
        if session.window_end.is_some_and(|end| end <= now) {
            session.window_end = None;
            session.window_over = true;
        }
        if session.in_flight || session.unsettled.is_some() {
            return None;
        }
        let change = Change {
            view: &session.view,
            facts: &session.facts,
            knowledge: &session.knowledge,
            verdict: &self.verdict,
        };
        let fact = if change.grown().is_ok() {
            Fact::Grow
        } else if session.window_over && change.shrunk().is_ok() {
            Fact::Shrink
        } else {
            return None;
        };
        session.in_flight = true;
        Some(fact)
    }

    fn propose(&mut self, electorate: Electorate, sequence: u64) {
        self.record.open.push(electorate.clone());
        if let Some(session) = &mut self.session {
            session.facts.changed = Some(electorate);
            session.facts.formed = false;
            session.unsettled = Some(sequence);
        }
    }

    fn form(&mut self, number: u64) {
        let Some(session) = &mut self.session else {
            return;
        };
        let changed = session.facts.changed.clone();
        let Some(changed) = changed.filter(|changed| changed.number == number) else {
            return;
        };
        session.facts.formed = true;
        session.unsettled = None;
        session.knowledge.settle(&changed);
        let knowledge = session.knowledge.clone();
        self.learn(&knowledge);
    }

    /// What the view knows to be formed is known to this node, too.
    fn learn(&mut self, knowledge: &Knowledge) {
        if knowledge.formed_number() > self.record.formed_number() {
            self.record.formed.clone_from(&knowledge.formed);
        }
        // What the view does not count as open is over, or was never formed.
        self.record
            .open
            .retain(|open| knowledge.open.contains(open));
        let formed = self.record.formed_number();
        self.record.asserted = self
            .record
            .asserted
            .take()
            .filter(|asserted| asserted.number > formed);
    }

    /// Forms the verdict anew, and what follows for this node.
    fn judge(&mut self) {
        let Some(session) = &self.session else {
            return;
        };
        self.verdict = verdict(&session.view, &session.facts);
        if session.facts.unblocked {
            self.waiting = false;
        }
        if self.options.expected_votes_tracking() {
            self.record.tracked = self.record.tracked.max(self.verdict.expected_votes);
        }
        if !self.verdict.quorate {
            return;
        }
        self.waiting = false;
        self.last_quorate = Some(session.view.id);
        if self.memory != Memory::Kept && self.verdict.exclusive && session.knowledge.fits() {
            self.memory = Memory::Kept;
            let changed = session
                .facts
                .changed
                .iter()
                .filter(|_| !session.facts.formed);
            self.record.open = session
                .knowledge
                .open
                .iter()
                .chain(changed)
                .cloned()
                .collect();
            self.record.formed.clone_from(&session.knowledge.formed);
            self.record.asserted.clone_from(&session.knowledge.asserted);
        }
    }

    /// Whether all who are missing in `view` said in the view before it that they leave: then there
    /// is nothing to wait for.
    fn left_in_order(&self, view: &View) -> bool {
        let Some(before) = &self.session else {
            return false;
        };
        let current = match &before.facts.changed {
            Some(changed) => changed.clone(),
            None => before.knowledge.formed(&self.options),
        };
        let mut missing = current
            .votes
            .keys()
            .filter(|node| !view.members.contains_key(node));
        missing.all(|node| before.facts.leaving.contains(node))
    }

    fn leads(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.view.id.leader == self.node)
    }

    fn vote_until(&self) -> Option<Duration> {
        self.session.as_ref()?.vote.until
    }
}

impl Vote {
    /// The leader's word came back in the view's order.
    fn returned(&mut self, vote: bool, sequence: u64) {
        if self.in_flight == Some(vote) {
            self.in_flight = None;
        }
        if let (false, Some(None)) = (vote, self.withdrawn) {
            self.withdrawn = Some(Some(sequence));
        }
    }
}
