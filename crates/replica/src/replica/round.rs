//! The exchange of states at the begin of a view, until all members have one copy.
//!
//! ```text
//! view ──► Comparing ──────────────► Transferring ─────────► Marked ────────► Established
//!          every summary delivered   parts, then the marker  marker delivered  marker stable
//!          exclusive: promise        of the source           copy marked on
//!          the term on disk                                  disk, acknowledged
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use cib::CibVersion;
use cib::patch;
use membership::{Member, ViewId};

use super::Replica;
use super::durability::Need;
use crate::copy::{CibCopy, Position};
use crate::exchange::{Plan, Summary};
use crate::limits::{MAX_CIB_BYTES, PART_BYTES, PARTS_UNDER_WAY};
use crate::message::{Message, RoundId};
use crate::output::{LostCopy, Report, Standing};

/// How far an exchange has come.
enum Stage {
    /// Summaries come in.
    Comparing,
    /// The copy goes to those who do not have it.
    Transferring(Box<Plan>),
    /// From this message on, all have the same.
    Marked(u64),
    /// All have it on disk.
    Established,
    /// This node cannot take over the copy: it takes no part in this view any more.
    Broken,
}

/// One exchange.
pub(super) struct Round {
    pub(super) id: RoundId,
    pub(super) members: Vec<Member>,
    pub(super) standing: Standing,
    stage: Stage,
    summaries: BTreeMap<Member, Summary>,
    /// The message that was the last summary.
    last_summary: u64,
    /// Whether all have promised the term.
    is_promised: bool,
    term: u64,
    /// The position of the copy before it was marked.
    unmarked: Position,
    received: BytesMut,
    next_part: usize,
    /// What is still to be sent, and the next part's number.
    sending: Option<(Bytes, usize)>,
}

impl Round {
    pub(super) fn is_marked(&self) -> bool {
        matches!(self.stage, Stage::Marked(_) | Stage::Established)
    }

    pub(super) fn is_established(&self) -> bool {
        matches!(self.stage, Stage::Established)
    }

    fn plan(&self) -> Option<&Plan> {
        match &self.stage {
            Stage::Transferring(plan) => Some(plan),
            _ => None,
        }
    }
}

impl Replica {
    pub(super) fn begin_round(
        &mut self,
        view: ViewId,
        number: u32,
        members: Vec<Member>,
        standing: Standing,
    ) {
        let id = RoundId { view, number };
        let summary = Summary::of(&self.applied, self.durability.promised, self.was_quorate);
        self.round = Some(Round {
            id,
            members,
            standing,
            stage: Stage::Comparing,
            summaries: BTreeMap::new(),
            last_summary: 0,
            is_promised: false,
            term: 0,
            unmarked: Position::default(),
            received: BytesMut::new(),
            next_part: 0,
            sending: None,
        });
        self.report(Report::Comparing { view, standing });
        self.submit(&Message::Summary(id, Box::new(summary)));
    }

    pub(super) fn summary(&mut self, seq: u64, sender: Member, id: RoundId, summary: Summary) {
        let Some(round) = self.round.as_mut().filter(|round| round.id == id) else {
            return;
        };
        if !matches!(round.stage, Stage::Comparing) || !round.members.contains(&sender) {
            return;
        }
        round.summaries.insert(sender, summary);
        if round.summaries.len() < round.members.len() {
            return;
        }
        let Some(plan) = Plan::new(&round.summaries, round.standing.quorate) else {
            return;
        };
        round.last_summary = seq;
        round.term = plan.term;
        round.summaries.clear();
        round.stage = Stage::Transferring(Box::new(plan.clone()));
        if round.standing.exclusive {
            self.durability.need(seq, Need::Promise(plan.term));
        }
        if plan.source == self.me {
            self.begin_sending(&plan);
        }
        if !plan.receivers.is_empty() {
            self.report(Report::Differing {
                winner: plan.winner.version,
                source: plan.source,
                receivers: plan.receivers,
                diverged: plan.diverged,
            });
        }
    }

    fn begin_sending(&mut self, plan: &Plan) {
        let state = if plan.receivers.is_empty() {
            Bytes::new()
        } else {
            self.applied.encode()
        };
        if let Some(round) = &mut self.round {
            round.sending = Some((state, 0));
        }
        for _ in 0..PARTS_UNDER_WAY {
            self.send_part();
        }
    }

    /// Submits the next part of the state, or the marker after the last one.
    fn send_part(&mut self) {
        let Some(round) = &mut self.round else { return };
        let Some((rest, index)) = &mut round.sending else {
            return;
        };
        let message = if rest.is_empty() {
            round.sending = None;
            Message::Marker(round.id)
        } else {
            let bytes = rest.split_to(rest.len().min(PART_BYTES));
            let index = std::mem::replace(index, *index + 1);
            Message::State {
                round: round.id,
                index,
                bytes,
            }
        };
        self.submit(&message);
    }

    pub(super) fn state_part(&mut self, sender: Member, id: RoundId, index: usize, bytes: &Bytes) {
        let me = self.me;
        let Some(round) = self.round.as_mut().filter(|round| round.id == id) else {
            return;
        };
        let Some(plan) = round.plan().filter(|plan| plan.source == sender) else {
            return;
        };
        let is_bounded = round.received.len() + bytes.len() <= 2 * MAX_CIB_BYTES;
        if plan.receivers.contains(&me) && round.next_part == index && is_bounded {
            round.next_part += 1;
            round.received.extend_from_slice(bytes);
        }
        if sender == me {
            self.send_part();
        }
    }

    pub(super) fn marker(&mut self, seq: u64, sender: Member, id: RoundId) {
        let Some(round) = self.round.as_mut().filter(|round| round.id == id) else {
            return;
        };
        let Some(plan) = round.plan().filter(|plan| plan.source == sender).cloned() else {
            return;
        };
        round.stage = Stage::Marked(seq);
        round.unmarked = plan.position;
        let must_wait = round.standing.exclusive && !round.is_promised;
        let received = std::mem::take(&mut round.received).freeze();
        if must_wait {
            self.durability.hold(&self.applied);
        }
        if plan.receivers.contains(&self.me)
            && let Err(problem) = self.adopt(&plan, received)
        {
            let source = plan.source;
            self.report(Report::CannotAdopt { source, problem });
            self.durability.need(seq, Need::Never);
            if let Some(round) = &mut self.round {
                round.stage = Stage::Broken;
            }
            return;
        }
        self.applied.position = plan.position;
        self.applied.is_restarted = plan.is_restarted;
        self.raise_position(seq);
        if plan.version != plan.winner.version {
            self.applied.raise(plan.version);
            let (from, to) = (plan.winner.version, plan.version);
            self.report(Report::Raised { from, to });
        }
        self.run_deferred(seq);
        self.durability.need_copy(seq, &self.applied);
        self.markers
            .push_back((seq, Arc::clone(&self.applied.document)));
    }

    /// The copy has everything of the view up to `seq`.
    pub(super) fn raise_position(&mut self, seq: u64) {
        if let Some(round) = &self.round
            && round.standing.exclusive
        {
            self.applied.position = Position {
                term: round.term,
                seq,
            };
        }
    }

    /// The exchange is over, for good or not. A mark counts only if all have promised its term: another
    /// view may have the same term otherwise.
    pub(super) fn end_round(&mut self) {
        if let Some(round) = &self.round
            && round.is_marked()
            && !round.is_promised
        {
            self.applied.position = round.unmarked;
        }
    }

    /// Takes over the copy that won.
    fn adopt(&mut self, plan: &Plan, received: Bytes) -> Result<(), String> {
        let copy = CibCopy::decode(received).map_err(|error| error.to_string())?;
        if copy.fingerprint() != plan.winner {
            return Err("it is another one than was announced".to_owned());
        }
        if plan.diverged.contains(&self.me) {
            self.keep_lost(&copy);
        }
        self.applied = copy;
        Ok(())
    }

    fn keep_lost(&mut self, winner: &CibCopy) {
        let lost = &self.applied;
        let chain = lost.chain.to_string();
        let version = lost.version();
        let name = format!("lost-{version}-{}", &chain[..8]);
        let patch = patch::diff(&winner.document, &lost.document);
        let copy = LostCopy {
            name: name.clone(),
            cib: lost.document.to_string(),
            patch: patch.map(|patch| patch.to_string()).unwrap_or_default(),
        };
        for carried in &mut self.carried {
            if lost.history.find(carried.id).is_some() {
                carried.kept = Some(name.clone());
            }
        }
        self.report(Report::Lost {
            version,
            winner: winner.version(),
            name,
        });
        self.durability.keep_lost(copy);
    }

    /// Everything up to `seq` is stable: what that means for the exchange.
    pub(super) fn round_is_stable(&mut self, seq: u64) {
        let Some(round) = &mut self.round else { return };
        if round.last_summary > 0 && seq >= round.last_summary {
            round.is_promised = true;
            if round.is_marked() {
                self.durability.set_free();
            }
        }
        if matches!(round.stage, Stage::Marked(marker) if marker <= seq) {
            round.stage = Stage::Established;
            let (view, standing) = (round.id.view, round.standing);
            self.was_quorate = standing.quorate;
            let version = CibVersion::of(self.committed.root());
            self.report(Report::Established {
                view,
                standing,
                version,
            });
            self.resolve_carried();
            self.submit_waiting();
        }
    }
}
