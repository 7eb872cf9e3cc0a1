//! What must hold at every step, whatever happens to the nodes. The judge sees what each life of a
//! node was told and what it was given, in the order of the simulation's time.

use std::collections::BTreeMap;

use bytes::Bytes;
use membership::{Commitment, Delivery, Member, View, ViewId, Votes};

use crate::message::MessageId;

/// What broke, in a sentence.
pub(crate) type Verdict = Result<(), String>;

/// The memory of everything.
#[derive(Debug)]
pub(crate) struct Judge {
    commitment: Commitment,
    /// Whether messages have names ([`MessageId`]), by which they are known wherever they come.
    named: bool,
    views: BTreeMap<ViewId, ViewRecord>,
    lives: BTreeMap<Member, Life>,
    pub delivered: u64,
}

/// What is known of a view, from all who were in it.
#[derive(Debug, Default)]
struct ViewRecord {
    members: BTreeMap<Member, Bytes>,
    /// Its messages, as far as anybody has delivered them.
    order: Vec<(Member, Bytes)>,
    acknowledged: BTreeMap<Member, u64>,
    /// The votes that its leader rested on, one after the other.
    votes: Vec<Votes>,
    /// By the view in which they were before: those who came together, and how many messages of
    /// that view they had delivered.
    came: BTreeMap<ViewId, (Vec<Member>, u64)>,
    came_from: BTreeMap<Member, ViewId>,
}

/// What one life of a node has been through.
#[derive(Debug, Default)]
struct Life {
    view: Option<ViewId>,
    seq: u64,
    committed: u64,
    /// Every message that it was given, with the view in which that was last.
    delivered: BTreeMap<MessageId, ViewId>,
    /// The last message of each sender in this view.
    latest: BTreeMap<Member, u64>,
    submitted: u64,
    /// Its own messages that it was given.
    own: u64,
    attachments: Vec<Bytes>,
}

fn ensure(holds: bool, broken: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(broken()) }
}

impl Judge {
    pub(crate) fn new(commitment: Commitment, named: bool) -> Self {
        Self {
            commitment,
            named,
            views: BTreeMap::new(),
            lives: BTreeMap::new(),
            delivered: 0,
        }
    }

    /// How many views there have been.
    pub(crate) fn views(&self) -> u64 {
        self.views.len() as u64
    }

    pub(crate) fn attaches(&mut self, member: Member, attachment: Bytes) {
        let life = self.lives.entry(member).or_default();
        life.attachments.push(attachment);
    }

    pub(crate) fn submits(&mut self, member: Member) {
        self.lives.entry(member).or_default().submitted += 1;
    }

    pub(crate) fn acknowledges(&mut self, member: Member, view: ViewId, seq: u64) {
        if let Some(record) = self.views.get_mut(&view) {
            let known = record.acknowledged.entry(member).or_default();
            *known = seq.max(*known);
        }
    }

    /// Views are agreed, names rise, and who comes along has seen the same.
    pub(crate) fn installs(&mut self, member: Member, view: &View) -> Verdict {
        ensure(view.members.contains_key(&member), || {
            format!("{} installs {} without being in it", name(member), view.id)
        })?;
        for (other, attachment) in &view.members {
            let brought = self
                .lives
                .get(other)
                .is_some_and(|life| life.attachments.contains(attachment));
            ensure(brought, || {
                format!("{} never brought along what {} says", name(*other), view.id)
            })?;
        }
        let life = self.lives.entry(member).or_default();
        let (before, seq) = (life.view, life.seq);
        ensure(before.is_none_or(|before| before < view.id), || {
            format!("{} goes from {before:?} to {:?}", name(member), view.id)
        })?;
        (life.view, life.seq, life.committed) = (Some(view.id), 0, 0);
        life.latest.clear();
        let record = self.views.entry(view.id).or_default();
        if record.members.is_empty() {
            record.members.clone_from(&view.members);
        }
        ensure(record.members == view.members, || {
            format!("{} has members or attachments that differ", view.id)
        })?;
        let all_in = view.together.iter().all(|m| view.members.contains_key(m));
        ensure(all_in && view.together.contains(&member), || {
            format!(
                "{} comes to {} with {:?}",
                name(member),
                view.id,
                view.together
            )
        })?;
        let Some(before) = before else {
            return Ok(());
        };
        record.came_from.insert(member, before);
        let came = record
            .came
            .entry(before)
            .or_insert_with(|| (view.together.clone(), seq));
        ensure(*came == (view.together.clone(), seq), || {
            format!(
                "{} comes from {before} to {} with {:?} after {seq} messages, others with {:?} after {}",
                name(member),
                view.id,
                view.together,
                came.0,
                came.1
            )
        })?;
        let stranger = record.came.iter().find(|(from, (together, _))| {
            together.iter().any(|who| {
                record
                    .came_from
                    .get(who)
                    .is_some_and(|really| really != *from)
            })
        });
        ensure(stranger.is_none(), || {
            format!(
                "{}: who is together does not come from one view: {stranger:?}",
                view.id
            )
        })
    }

    /// One order for all, without gaps; each sender's messages in its order.
    pub(crate) fn delivers(&mut self, member: Member, delivery: &Delivery) -> Verdict {
        self.delivered += 1;
        let view = self.follows_order(member, delivery)?;
        if !self.named {
            return Ok(());
        }
        let who = name(member);
        let message = MessageId::read(&delivery.payload)?;
        let sender = delivery.sender;
        ensure(message.sender == sender, || {
            format!("{who}: {message} is said to be from {}", name(sender))
        })?;
        let life = self.lives.entry(member).or_default();
        let latest = life.latest.insert(sender, message.number);
        ensure(
            latest.is_none_or(|latest| message.number == latest + 1),
            || format!("{who} in {view}: {message} after number {latest:?}"),
        )?;
        let before = life.delivered.insert(message, view);
        self.comes_once(member, message, view, before)
    }

    /// What comes in a place is what came there for others.
    fn follows_order(&mut self, member: Member, delivery: &Delivery) -> Result<ViewId, String> {
        let (who, seq) = (name(member), delivery.seq);
        let life = self.lives.entry(member).or_default();
        let view = life
            .view
            .ok_or_else(|| format!("{who} delivers without a view"))?;
        life.seq += 1;
        ensure(seq == life.seq, || {
            format!("{who} in {view}: place {seq} follows {}", life.seq - 1)
        })?;
        let record = self.views.entry(view).or_default();
        let message = (delivery.sender, delivery.payload.clone());
        if seq == record.order.len() as u64 + 1 {
            record.order.push(message.clone());
        }
        let place = usize::try_from(seq - 1).unwrap_or(usize::MAX);
        ensure(record.order.get(place) == Some(&message), || {
            format!("{who} in {view}: place {seq} has another message than for others")
        })?;
        ensure(record.members.contains_key(&delivery.sender), || {
            format!("{who} in {view}: the sender of {seq} is not in the view")
        })?;
        Ok(view)
    }

    /// The sender is given its message once, after those before. Who was parted from the sender in the
    /// view where the message came first, and in which the sender did not see it, may be given it again.
    fn comes_once(
        &mut self,
        member: Member,
        message: MessageId,
        view: ViewId,
        before: Option<ViewId>,
    ) -> Verdict {
        let who = name(member);
        let life = self.lives.entry(message.sender).or_default();
        if message.sender == member {
            let follows = before.is_none() && message.number == life.own + 1;
            life.own = message.number;
            return ensure(follows, || {
                format!("{who} in {view}: {message} is given to its sender out of turn")
            });
        }
        let seen_by_sender = life.delivered.get(&message).copied();
        ensure(before.is_none() || before != seen_by_sender, || {
            format!("{who} in {view}: {message} comes again, its sender has seen it, too")
        })
    }

    /// Whatever is committed is acknowledged by all, or by enough votes.
    pub(crate) fn commits(&mut self, member: Member, seq: u64) -> Verdict {
        let who = name(member);
        let life = self.lives.entry(member).or_default();
        let view = life
            .view
            .ok_or_else(|| format!("{who} commits without a view"))?;
        ensure(life.committed < seq && seq <= life.seq, || {
            format!(
                "{who} in {view}: {seq} committed after {} of {}",
                life.committed, life.seq
            )
        })?;
        life.committed = seq;
        let record = self.views.entry(view).or_default();
        let has = |other: &Member| record.acknowledged.get(other).is_some_and(|at| *at >= seq);
        let by_all = record.members.keys().all(has);
        let by_votes = self.commitment == Commitment::Votes
            && record.votes.iter().any(|votes| {
                let of = |member: &Member| votes.of.get(&member.node).copied().unwrap_or(0);
                let reached: u32 = record.members.keys().filter(|m| has(m)).map(of).sum();
                votes.needed > 0 && reached >= votes.needed
            });
        ensure(by_all || by_votes, || {
            format!(
                "{who} in {view}: {seq} is committed with {:?}",
                record.acknowledged
            )
        })
    }

    /// What votes a node has told its group to rest on: those of a leader count.
    pub(crate) fn sets_votes(&mut self, member: Member, votes: &Votes) {
        let view = self.lives.entry(member).or_default().view;
        if let Some(view) = view.filter(|view| view.leader == member) {
            let record = self.views.entry(view).or_default();
            if record.votes.last() != Some(votes) {
                record.votes.push(votes.clone());
            }
        }
    }

    /// What all are said to have acknowledged, all have.
    pub(crate) fn completes(&mut self, member: Member, seq: u64) -> Verdict {
        let who = name(member);
        let view = self.lives.entry(member).or_default().view;
        let view = view.ok_or_else(|| format!("{who} has no view"))?;
        let record = self.views.entry(view).or_default();
        let has = |other: &Member| record.acknowledged.get(other).is_some_and(|at| *at >= seq);
        ensure(record.members.keys().all(has), || {
            format!(
                "{who} in {view}: not all have {seq}: {:?}",
                record.acknowledged
            )
        })
    }

    /// Whether a life has been given everything that it submitted.
    pub(crate) fn has_own(&self, member: Member) -> bool {
        let life = self.lives.get(&member);
        life.is_none_or(|life| life.own == life.submitted)
    }

    /// Whether a life has been given a message.
    pub(crate) fn has(&self, member: Member, message: MessageId) -> bool {
        let life = self.lives.get(&member);
        life.is_some_and(|life| life.delivered.contains_key(&message))
    }

    /// Whether everything that a life was given in its view is committed.
    pub(crate) fn is_settled(&self, member: Member) -> bool {
        let life = self.lives.get(&member);
        life.is_some_and(|life| life.committed == life.seq)
    }
}

/// A life, for people.
pub(crate) fn name(member: Member) -> String {
    format!("{}'{}", member.node, member.incarnation.0)
}
