//! A node's side of the witness: what it reports, and how long its vote lasts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thiserror::Error;

use super::message::{Answer, ClusterName, Preference, Reason, Request, Ruling};
use super::{Heuristics, MAX_LEASE, MIN_LEASE, RENEWALS_PER_LEASE};
use crate::state::Quorum;
use crate::{NodeId, ViewId};

/// The most requests that wait for an answer; the oldest is forgotten.
const MAX_UNANSWERED: usize = 16;

/// What a node's side needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderSettings {
    /// The cluster.
    pub cluster: ClusterName,
    /// This node.
    pub node: NodeId,
    /// Which life of it: rises with each start.
    pub incarnation: u64,
    /// All nodes of the cluster.
    pub nodes: BTreeSet<NodeId>,
    /// How the witness chooses.
    pub preference: Preference,
    /// For how long the vote is asked.
    pub lease: Duration,
    /// How long a follower goes on without hearing from its leader (the membership's lease): the
    /// leader lets go of the vote that much earlier.
    pub follower_lease: Duration,
}

/// Why settings cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HolderError {
    /// Too short or too long.
    #[error("a witness lease of {} ms; it must be {} to {} ms",
        .lease.as_millis(), MIN_LEASE.as_millis(), MAX_LEASE.as_millis())]
    Lease {
        /// What was set.
        lease: Duration,
    },
    /// Nothing would be left of it.
    #[error("a witness lease of {} ms is not longer than twice the {} ms for which members go on without their leader",
        .lease.as_millis(), .follower_lease.as_millis())]
    Followers {
        /// What was set.
        lease: Duration,
        /// How long members go on.
        follower_lease: Duration,
    },
}

/// How it stands with the witness, for a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// It never answered, or not for longer than a lease.
    Silent,
    /// It answers; the vote was not asked for.
    Reached,
    /// This node's view has its vote.
    Granted,
    /// It does not give its vote.
    Refused(Reason),
    /// It has not decided yet, or waits for another partition's lease to end.
    Undecided,
}

/// A node's side of the witness.
#[derive(Debug, Clone)]
pub struct Holder {
    settings: HolderSettings,
    number: u64,
    /// What was sent and not answered: when.
    unanswered: BTreeMap<u64, Duration>,
    /// What was reported last.
    reported: Option<Reported>,
    next_at: Duration,
    until: Option<Duration>,
    answered: Option<(Duration, Ruling)>,
}

/// What the witness has to hear of at once when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reported {
    view: ViewId,
    members: BTreeSet<NodeId>,
    asks: bool,
    quorate_without: bool,
    heuristics: Heuristics,
}

impl Holder {
    /// Nothing reported yet.
    ///
    /// # Errors
    /// Where the lease is out of its range, or too short for the followers.
    pub fn new(settings: HolderSettings) -> Result<Self, HolderError> {
        let HolderSettings {
            lease,
            follower_lease,
            ..
        } = settings;
        if !(MIN_LEASE..=MAX_LEASE).contains(&lease) {
            return Err(HolderError::Lease { lease });
        }
        if lease <= 2 * follower_lease {
            return Err(HolderError::Followers {
                lease,
                follower_lease,
            });
        }
        Ok(Self {
            settings,
            number: 0,
            unanswered: BTreeMap::new(),
            reported: None,
            next_at: Duration::ZERO,
            until: None,
            answered: None,
        })
    }

    /// Looks at what became of the quorum, and says what is to be sent to the witness now. To be
    /// called after each change of the quorum and at [`Holder::deadline`]. Afterwards,
    /// [`Holder::until`] is to be told to [`Quorum::witness`].
    pub fn follow(
        &mut self,
        quorum: &Quorum,
        heuristics: Heuristics,
        now: Duration,
    ) -> Option<Request> {
        let view = quorum.current_view()?;
        let verdict = quorum.verdict();
        let report = Reported {
            view: view.id,
            members: view.nodes(),
            asks: quorum.wants_vote(),
            quorate_without: verdict.quorate_without_witness(),
            heuristics,
        };
        let same_view = self
            .reported
            .as_ref()
            .is_some_and(|before| before.view == report.view);
        if !same_view {
            self.unanswered.clear();
            // The quorum knows whether the vote came along from the view before.
            let came_along = quorum.facts().is_some_and(|facts| facts.witness_vote);
            self.until = self
                .until
                .filter(|_| came_along && report.view.leader == self.settings.node);
        }
        if !report.asks {
            // The witness may give it to others as soon as it hears this.
            self.until = None;
        }
        if self.reported.as_ref() == Some(&report) && now < self.next_at {
            return None;
        }
        self.number += 1;
        self.next_at = now + self.settings.lease / RENEWALS_PER_LEASE;
        self.unanswered.insert(self.number, now);
        while self.unanswered.len() > MAX_UNANSWERED {
            self.unanswered.pop_first();
        }
        let request = self.request(&report);
        self.reported = Some(report);
        Some(request)
    }

    fn request(&self, report: &Reported) -> Request {
        Request {
            cluster: self.settings.cluster.clone(),
            node: self.settings.node,
            incarnation: self.settings.incarnation,
            number: self.number,
            view: report.view,
            members: report.members.clone(),
            nodes: self.settings.nodes.clone(),
            preference: self.settings.preference,
            heuristics: report.heuristics,
            quorate_without: report.quorate_without,
            asks: report.asks,
            lease: self.settings.lease,
        }
    }

    /// The witness answered.
    pub fn answer(&mut self, answer: &Answer, now: Duration) {
        if answer.incarnation != self.settings.incarnation {
            return;
        }
        let Some(sent_at) = self.unanswered.remove(&answer.number) else {
            return;
        };
        self.unanswered.retain(|number, _| *number > answer.number);
        self.answered = Some((now, answer.ruling));
        match answer.ruling {
            Ruling::Granted { lease } => {
                let lease = lease.min(self.settings.lease);
                let until = sent_at + lease.saturating_sub(self.settings.follower_lease);
                self.until = self.until.max(Some(until));
            }
            // A later request was overtaken by this one on the way back.
            Ruling::Refused(Reason::Outdated) => {}
            Ruling::Refused(_) => self.until = None,
            Ruling::Wait { retry } => {
                let soon = MIN_LEASE / RENEWALS_PER_LEASE;
                self.next_at = self.next_at.min(now + retry.max(soon));
            }
            Ruling::Noted => {}
        }
    }

    /// Until when this node's view has the vote.
    #[must_use]
    pub const fn until(&self) -> Option<Duration> {
        self.until
    }

    /// When [`Holder::follow`] wants to be called, at the latest.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.next_at
    }

    /// How it stands with the witness at `now`.
    #[must_use]
    pub fn contact(&self, now: Duration) -> Contact {
        let fresh = self
            .answered
            .filter(|(at, _)| now < *at + self.settings.lease);
        match fresh.map(|(_, ruling)| ruling) {
            None => Contact::Silent,
            Some(Ruling::Noted) => Contact::Reached,
            Some(Ruling::Granted { .. }) => Contact::Granted,
            Some(Ruling::Refused(reason)) => Contact::Refused(reason),
            Some(Ruling::Wait { .. }) => Contact::Undecided,
        }
    }
}
