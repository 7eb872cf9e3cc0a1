//! The witness itself: who reported what, who has the vote, and until when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::message::{Answer, ClusterName, Reason, Request, Ruling};
use super::ranking::Partition;
use super::{DEFAULT_LEASE, DEFAULT_SETTLE_TIME, Heuristics, MAX_CLUSTERS, MIN_LEASE, hold_time};
use crate::options::Algorithm;
use crate::{MAX_NODES, NodeId, ViewId};

/// What an operator of the witness can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WitnessLimits {
    /// The longest lease it gives, and, with the drift of clocks, how long it gives none after its
    /// start: it does not know what it gave in an earlier life.
    pub lease: Duration,
    /// How long it waits for nodes that have not yet reported their new view.
    pub settle_time: Duration,
    /// The most clusters.
    pub clusters: usize,
}

impl Default for WitnessLimits {
    fn default() -> Self {
        Self {
            lease: DEFAULT_LEASE,
            settle_time: DEFAULT_SETTLE_TIME,
            clusters: MAX_CLUSTERS,
        }
    }
}

/// The witness of several clusters.
#[derive(Debug, Clone)]
pub struct Witness {
    limits: WitnessLimits,
    /// When every lease of an earlier life has ended.
    silent_until: Duration,
    clusters: BTreeMap<ClusterName, Cluster>,
}

/// What the witness knows of one cluster.
#[derive(Debug, Clone, Default)]
struct Cluster {
    reports: BTreeMap<NodeId, Report>,
    hold: Option<Hold>,
    /// The members of the view that had quorum last, as far as it is known here.
    active: BTreeSet<NodeId>,
}

/// What a node said last.
#[derive(Debug, Clone)]
struct Report {
    request: Request,
    at: Duration,
    /// When it first asked for the vote in that view.
    asked_at: Option<Duration>,
    /// Its connection broke since.
    gone: bool,
}

/// Which view has the vote. Its leader is the holder.
#[derive(Debug, Clone)]
struct Hold {
    view: ViewId,
    until: Duration,
}

impl Witness {
    /// A witness that starts at `now`.
    #[must_use]
    pub fn new(limits: WitnessLimits, now: Duration) -> Self {
        Self {
            silent_until: now + hold_time(limits.lease),
            limits,
            clusters: BTreeMap::new(),
        }
    }

    /// A node reports or asks.
    pub fn handle(&mut self, request: &Request, now: Duration) -> Answer {
        Answer {
            incarnation: request.incarnation,
            number: request.number,
            ruling: self.ruling(request, now),
        }
    }

    /// A node's connection broke: it is not counted until it reports again. If it has the vote, it
    /// keeps it for its time.
    pub fn disconnected(&mut self, cluster: &ClusterName, node: NodeId) {
        let reports = self
            .clusters
            .get_mut(cluster)
            .map(|cluster| &mut cluster.reports);
        if let Some(report) = reports.and_then(|reports| reports.get_mut(&node)) {
            report.gone = true;
        }
    }

    /// The view of `cluster` that has the vote at `now`, and until when, as the witness counts.
    #[must_use]
    pub fn holder(&self, cluster: &ClusterName, now: Duration) -> Option<(ViewId, Duration)> {
        let hold = self.clusters.get(cluster)?.hold.as_ref()?;
        (hold.until > now).then_some((hold.view, hold.until))
    }

    fn ruling(&mut self, request: &Request, now: Duration) -> Ruling {
        if !self.clusters.contains_key(&request.cluster) && !self.room(now) {
            return Ruling::Refused(Reason::TooManyClusters);
        }
        let cluster = self.clusters.entry(request.cluster.clone()).or_default();
        cluster.hold.take_if(|hold| hold.until <= now);
        if let Err(reason) = cluster.note(request, now) {
            return Ruling::Refused(reason);
        }
        if !request.asks {
            cluster.release(request);
            return Ruling::Noted;
        }
        let ruling = cluster.decide(request, &self.limits, now);
        let Ruling::Granted { lease } = ruling else {
            return ruling;
        };
        // Nothing is given until every lease of an earlier life has ended. To believe those who say
        // that they have one would not do: their word may have been on its way for long.
        let silent = self.silent_until.saturating_sub(now);
        if !silent.is_zero() {
            return Ruling::Wait { retry: silent };
        }
        cluster.grant(lease, request, now);
        ruling
    }

    /// Whether there is room for another cluster, after those have gone of whom nothing was heard.
    fn room(&mut self, now: Duration) -> bool {
        if self.clusters.len() < self.limits.clusters {
            return true;
        }
        self.clusters.retain(|_, cluster| {
            cluster.hold.as_ref().is_some_and(|hold| hold.until > now)
                || cluster.reports.values().any(|report| report.fresh(now))
        });
        self.clusters.len() < self.limits.clusters
    }
}

impl Report {
    fn fresh(&self, now: Duration) -> bool {
        !self.gone && now < self.at + hold_time(self.request.lease.max(MIN_LEASE))
    }
}

impl Cluster {
    /// Notes what a node says, unless it said something later before.
    fn note(&mut self, request: &Request, now: Duration) -> Result<(), Reason> {
        if !self.reports.contains_key(&request.node) && self.reports.len() >= MAX_NODES {
            self.reports.retain(|_, report| report.fresh(now));
            if self.reports.len() >= MAX_NODES {
                return Err(Reason::TooManyNodes);
            }
        }
        let before = self.reports.get(&request.node);
        let order = |request: &Request| (request.incarnation, request.number);
        if before.is_some_and(|before| order(&before.request) >= order(request)) {
            return Err(Reason::Outdated);
        }
        let asked_before = before
            .filter(|before| before.request.view == request.view)
            .and_then(|before| before.asked_at);
        let asked_at = request.asks.then(|| asked_before.unwrap_or(now));
        if request.quorate_without && request.node == request.view.leader {
            self.active.clone_from(&request.members);
        }
        let report = Report {
            request: request.clone(),
            at: now,
            asked_at,
            gone: false,
        };
        self.reports.insert(request.node, report);
        Ok(())
    }

    /// A later view with the holder in it, whose leader does not want the vote.
    fn release(&mut self, request: &Request) {
        let leads = request.node == request.view.leader;
        let passes = leads
            && self
                .hold
                .as_ref()
                .is_some_and(|hold| hold.view != request.view && self.passes(hold, request));
        if passes {
            self.hold = None;
        }
    }

    fn decide(&self, request: &Request, limits: &WitnessLimits, now: Duration) -> Ruling {
        if request.node != request.view.leader {
            return Ruling::Refused(Reason::NotLeader);
        }
        if request.preference.algorithm == Algorithm::Ffsplit
            && 2 * request.members.len() < request.nodes.len()
        {
            return Ruling::Refused(Reason::TooFew);
        }
        let others: Vec<&Report> = self
            .reports
            .values()
            .filter(|other| other.fresh(now))
            .collect();
        let meets = |other: &Request| !other.members.is_disjoint(&request.members);
        if others.iter().any(|other| {
            request.members.contains(&other.request.node)
                && meets(&other.request)
                && other.request.view.counter > request.view.counter
        }) {
            return Ruling::Refused(Reason::OutdatedView);
        }
        let own = self.partition(&request.members, request.view, &others);
        let asks = |other: &&Report| other.asked_at.is_some() && !meets(&other.request);
        let rivals: Vec<&Report> = others.iter().copied().filter(asks).collect();
        for rival in &rivals {
            let rival = self.partition(&rival.request.members, rival.request.view, &others);
            if rival.compare(&own, &request.preference).is_gt() {
                return Ruling::Refused(Reason::Beaten);
            }
        }
        if let Some(retry) = self.unsettled(request, &own, (&others, &rivals), limits, now) {
            return Ruling::Wait { retry };
        }
        if let Some(hold) = self
            .hold
            .as_ref()
            .filter(|hold| !self.passes(hold, request))
        {
            let rest = hold.until - now;
            // The holder's own word may be on its way.
            let comes_along = request.members.contains(&hold.view.leader);
            let soon = if comes_along {
                limits.settle_time
            } else {
                rest
            };
            return Ruling::Wait {
                retry: rest.min(soon),
            };
        }
        Ruling::Granted {
            lease: request.lease.clamp(MIN_LEASE, limits.lease.max(MIN_LEASE)),
        }
    }

    /// How long to wait for nodes elsewhere that may yet form a partition which is preferred.
    fn unsettled(
        &self,
        request: &Request,
        own: &Partition<'_>,
        (others, rivals): (&[&Report], &[&Report]),
        limits: &WitnessLimits,
        now: Duration,
    ) -> Option<Duration> {
        if self
            .hold
            .as_ref()
            .is_some_and(|hold| hold.view == request.view)
        {
            return None;
        }
        let asked_at = self
            .reports
            .get(&request.node)
            .and_then(|report| report.asked_at)?;
        let wait = (asked_at + limits.settle_time)
            .checked_sub(now)
            .filter(|wait| !wait.is_zero())?;
        let elsewhere: BTreeSet<NodeId> = request
            .nodes
            .difference(&request.members)
            .copied()
            .collect();
        let decided = |node| {
            rivals
                .iter()
                .any(|rival| rival.request.members.contains(node))
        };
        let heard = others.iter().filter(|other| {
            let node = &other.request.node;
            elsewhere.contains(node) && !decided(node)
        });
        let best = |heuristics| {
            if heuristics == Heuristics::Disabled {
                1
            } else {
                2
            }
        };
        let scores: Vec<i32> = heard.map(|other| best(other.request.heuristics)).collect();
        let rival = Partition {
            connected: scores.len(),
            score: scores.iter().sum(),
            active: self.active.intersection(&elsewhere).count(),
            members: &elsewhere,
        };
        (!scores.is_empty() && rival.compare(own, &request.preference).is_gt()).then_some(wait)
    }

    fn partition<'a>(
        &self,
        members: &'a BTreeSet<NodeId>,
        view: ViewId,
        others: &[&Report],
    ) -> Partition<'a> {
        let connected = others.iter().filter(|other| other.request.view == view);
        let scores: Vec<i32> = connected
            .map(|other| other.request.heuristics.score())
            .collect();
        Partition {
            members,
            connected: scores.len(),
            score: scores.iter().sum(),
            active: self.active.intersection(members).count(),
        }
    }

    /// Whether the vote may go to this view at once: it is the same, or a later one in which the holder
    /// itself says that it is. That others see it there would not do: it may have been invited, and
    /// have gone elsewhere with its vote. Those whom it left behind have stopped before the view was
    /// installed.
    fn passes(&self, hold: &Hold, request: &Request) -> bool {
        let holder = self.reports.get(&hold.view.leader);
        let is_there = holder.is_some_and(|report| report.request.view == request.view);
        hold.view == request.view || (request.view.counter > hold.view.counter && is_there)
    }

    /// Notes who has the vote.
    fn grant(&mut self, lease: Duration, request: &Request, now: Duration) {
        self.active.clone_from(&request.members);
        self.hold = Some(Hold {
            view: request.view,
            until: now + hold_time(lease),
        });
    }
}
