//! What the members of a view have, and what becomes of it: one plan, the same on every member.
//!
//! # Whose copy wins
//!
//! | comparison, the first that differs decides | because |
//! | --- | --- |
//! | higher admin_epoch | the administrator's override |
//! | higher position | it has every change that was acknowledged with exclusive quorum |
//! | higher (epoch, num_updates) | Pacemaker's rule for all else |
//! | was in a quorate view last | where others may have seen it |
//! | status not empty; chain; chain of the status | to have one winner |
//!
//! The version of the winner is raised where another copy has one that could be confused with it, and
//! where all that have it were restarted: their status is gone, so that the version has named another
//! content before.
//!
//! # Terms
//!
//! An exclusive view takes the term max(promised by its members) + 1. Before any member marks its copy
//! with it, all have promised on disk never to take part in a lower one (the last summary is
//! acknowledged with that). Any later exclusive view has a member that promised, so its term is
//! greater, in whatever order counters of views and restarts of nodes fall.
//!
//! # Why copies are marked before the view is used
//!
//! Without it, this could happen (Raft, section 5.4.2, figure 8): A makes change x in term 2 and is cut
//! off; B, in term 3, makes y and is cut off before anybody else has it; A and C meet, C takes over x,
//! x is acknowledged; then B meets C, and y of term 3 beats x of term 2, which was acknowledged. Here A
//! and C mark their copies with term 4 on disk before either acknowledges the marker, thus before
//! anything is answered in that view, and y loses.

use std::collections::BTreeMap;

use cib::CibVersion;
use membership::Member;

use crate::copy::{CibCopy, Fingerprint, Position};
use crate::history::Chain;
use crate::limits::HISTORY;
use crate::wire::{Reader, WireError, Writer};

/// What one member has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The highest term that it promised.
    pub promised: u64,
    /// What of the exclusive order it has.
    pub position: Position,
    /// What it has, in short.
    pub fingerprint: Fingerprint,
    /// Whether its version may name another content, with a status that was lost in a restart.
    pub is_restarted: bool,
    /// Whether its last established view was quorate.
    pub was_quorate: bool,
    /// The links of its history, the oldest first.
    pub history: Vec<Chain>,
}

impl Summary {
    pub(crate) fn of(copy: &CibCopy, promised: u64, was_quorate: bool) -> Self {
        Self {
            promised,
            position: copy.position,
            fingerprint: copy.fingerprint(),
            is_restarted: copy.is_restarted,
            was_quorate,
            history: copy.history.iter().map(|made| made.chain).collect(),
        }
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.number(self.promised);
        out.number(self.position.term);
        out.number(self.position.seq);
        out.version(self.fingerprint.version);
        out.raw(&self.fingerprint.chain.0);
        out.raw(&self.fingerprint.status_chain.0);
        out.flag(self.is_restarted);
        out.flag(self.was_quorate);
        out.count(self.history.len());
        for link in &self.history {
            out.raw(&link.0);
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Result<Self, WireError> {
        let promised = from.number()?;
        let position = Position {
            term: from.number()?,
            seq: from.number()?,
        };
        let fingerprint = Fingerprint {
            version: from.version()?,
            chain: Chain(from.array()?),
            status_chain: Chain(from.array()?),
        };
        let is_restarted = from.flag()?;
        let was_quorate = from.flag()?;
        let count = from.count(HISTORY)?;
        let history = (0..count)
            .map(|_| Ok(Chain(from.array()?)))
            .collect::<Result<_, WireError>>()?;
        Ok(Self {
            promised,
            position,
            fingerprint,
            is_restarted,
            was_quorate,
            history,
        })
    }

    fn rank(&self) -> impl Ord + use<> {
        let Fingerprint {
            version,
            chain,
            status_chain,
        } = self.fingerprint;
        (
            version.admin_epoch,
            self.position,
            (version.epoch, version.num_updates),
            self.was_quorate,
            status_chain != Chain::START,
            chain,
            status_chain,
        )
    }

    /// Whether a copy that has come to `chain` went on to become this one.
    fn descends_from(&self, chain: Chain) -> bool {
        chain == Chain::START || chain == self.fingerprint.chain || self.history.contains(&chain)
    }
}

/// What is to be done so that all members have one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What all are to have, before the version is raised.
    pub winner: Fingerprint,
    /// What of the exclusive order it has.
    pub position: Position,
    /// The first member that has it: it sends it to the others, and the marker to all.
    pub source: Member,
    /// Who has something else.
    pub receivers: Vec<Member>,
    /// Who of them has changes that are not in what wins.
    pub diverged: Vec<Member>,
    /// The version that the copy takes on, above all versions of the others, so that no version names
    /// two contents.
    pub version: CibVersion,
    /// Whether that version still may name another content, as in [`CibCopy::is_restarted`].
    pub is_restarted: bool,
    /// One more than the highest term that a member promised.
    pub term: u64,
}

impl Plan {
    /// The plan for members with these summaries, in a view that is quorate or not; none without any.
    #[must_use]
    pub fn new(summaries: &BTreeMap<Member, Summary>, quorate: bool) -> Option<Self> {
        let (_, best) = summaries.iter().max_by_key(|(_, summary)| summary.rank())?;
        let winner = best.fingerprint;
        let has_it = |summary: &Summary| summary.fingerprint == winner;
        let source = *summaries.iter().find(|(_, summary)| has_it(summary))?.0;
        let select = |wanted: &dyn Fn(&Summary) -> bool| {
            let selected = summaries.iter().filter(|(_, summary)| wanted(summary));
            selected.map(|(&member, _)| member).collect::<Vec<_>>()
        };
        let receivers = select(&|summary| !has_it(summary));
        let diverged = select(&|summary| !best.descends_from(summary.fingerprint.chain));
        let others = summaries.values().filter(|summary| !has_it(summary));
        let version = raised(
            winner.version,
            others.map(|summary| {
                let is_other_line = !best.descends_from(summary.fingerprint.chain);
                (summary.fingerprint.version, is_other_line)
            }),
        );
        let mut holders = summaries.values().filter(|summary| has_it(summary));
        let is_restarted = holders.all(|summary| summary.is_restarted);
        // A node that was restarted alone does not raise versions: it will meet those that went on.
        let version = if is_restarted && quorate && version == winner.version {
            version.next(true)
        } else {
            version
        };
        let promised = summaries.values().map(|summary| summary.promised).max()?;
        Some(Self {
            winner,
            position: best.position,
            source,
            receivers,
            diverged,
            version,
            is_restarted: is_restarted && version == winner.version,
            term: promised.saturating_add(1),
        })
    }
}

/// The version that the winner takes on beside the others, each with whether it is of another line.
fn raised(winner: CibVersion, others: impl Iterator<Item = (CibVersion, bool)>) -> CibVersion {
    let mut version = winner;
    for (other, is_other_line) in others.filter(|(it, _)| it.admin_epoch == winner.admin_epoch) {
        let above = if is_other_line || other.epoch > winner.epoch {
            CibVersion {
                epoch: other.epoch.max(winner.epoch).saturating_add(1),
                num_updates: 0,
                ..winner
            }
        } else if other.epoch == winner.epoch && other.num_updates >= winner.num_updates {
            // The same configuration with another status.
            CibVersion {
                num_updates: other.num_updates.saturating_add(1),
                ..winner
            }
        } else {
            winner
        };
        version = version.max(above);
    }
    version
}
