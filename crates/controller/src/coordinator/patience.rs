//! How long the coordinator waits, and for whom (`LIFECYCLE.md`, "What is waited for").

use std::time::Duration;

use super::{Coordinator, CoordinatorOutput, RECHECK, Settings};
use crate::Now;
use crate::report::Report;
use crate::states;

/// How long to wait after a node could not be fenced before it is tried again.
const FENCING_PAUSE: Duration = Duration::from_secs(2);

/// How often the fencing of a node is tried before the coordinator waits for a change of the
/// configuration, or for the next look at everything (`stonith-max-attempts`).
const FENCING_ATTEMPTS: u32 = 10;

/// How long the resources of a node that was lost, and is not fenced, are left to it: it notices the
/// loss no later than this view did, and stops what it runs where it has no quorum.
pub const TAKEOVER_DELAY: Duration = Duration::from_millis(100);

/// How long a node that is lost, and was heard again, may take to come back before anything is decided
/// without it: a daemon that died is started again at once, and what it ran goes on meanwhile.
pub const RETURN_LIMIT: Duration = Duration::from_secs(1);

/// How long a node that has just started, and has no quorum yet, looks for the others before it stops
/// what it may have left running in a former life.
pub const FIRST_LOOK: Duration = Duration::from_millis(500);

/// How long at the start of a cluster nodes that never came are waited for before they count
/// (`dc-deadtime`).
pub const DEADTIME: Duration = Duration::from_secs(20);

impl Coordinator {
    /// Until when there is something to wait for once all members have joined: nodes that never came
    /// and would be fenced, or those without whom there is no quorum.
    pub(super) fn waits_until(&self) -> Duration {
        let Settings {
            nodes,
            members,
            is_quorate,
            unseen_until,
            looks_until,
            ..
        } = &self.settings;
        let away = nodes.keys().filter(|node| !members.contains(node));
        let may_come = away
            .into_iter()
            .any(|node| !states::is_seen(&self.cib, *node));
        let for_unseen = may_come && states::fences_at_start(&self.cib);
        let for_unseen = Some(*unseen_until).filter(|_| for_unseen);
        let for_quorum = Some(*looks_until).filter(|_| !is_quorate);
        for_unseen.max(for_quorum).unwrap_or_default()
    }

    /// Until when what is lost may still run, or come back.
    pub(super) fn lost_until(&self, now: Now) -> Duration {
        let Settings {
            members,
            is_quorate,
            heard_at,
            ..
        } = &self.settings;
        let lost = states::lost(&self.cib, members);
        let returning = lost.iter().filter_map(|node| heard_at.get(node));
        let back_by = returning.map(|at| *at + RETURN_LIMIT).max();
        let is_left_alone = *is_quorate && !lost.is_empty() && !states::fences(&self.cib);
        let stopped_by = is_left_alone.then(|| now.at + TAKEOVER_DELAY);
        back_by.max(stopped_by).unwrap_or_default()
    }

    /// A fencing that failed is not tried again at once, and not for ever.
    pub(super) fn hold_after_failure(&mut self, now: Now, target: String) {
        let attempts = self.unfenced.entry(target.clone()).or_default();
        *attempts += 1;
        let pause = if *attempts < FENCING_ATTEMPTS {
            FENCING_PAUSE
        } else {
            RECHECK
        };
        self.hold_until = now.at + pause;
        let attempts = *attempts;
        self.outputs
            .push_back(CoordinatorOutput::Report(Report::NotFenced {
                target,
                attempts,
            }));
    }
}
