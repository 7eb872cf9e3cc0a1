//! Waiting until all is well: the address is at home, alone and for a while, and answers.

use std::thread;
use std::time::{Duration, Instant};

use crate::clock;
use crate::plan::CLIENT;
use crate::probe::RunningProbe;
use crate::{Error, Result};

use super::{LOOK_AGAIN, Rehearsal, names};

/// A pause below this, different each time, keeps faults from always striking at the same moment
/// between two of the protocol's messages.
const MAX_RANDOM_PAUSE_MS: u64 = 400;

pub(super) fn settle(rehearsal: &Rehearsal<'_>) -> Result<String> {
    let probe = rehearsal.lab.probe(CLIENT, &rehearsal.plan.probe)?;
    let settled = wait(rehearsal, &probe);
    let report = probe.stop()?;
    settled?.ok_or_else(|| {
        let address = rehearsal.plan.address;
        let home = rehearsal.plan.home.as_deref();
        let holders = rehearsal.holders().map(|holders| names(&holders.now()));
        Error::TooLate {
            what: format!(
                "that {} alone holds {address} and it answers (it is held by {}; {} of {} requests \
                 failed: {})",
                home.unwrap_or("a node"),
                holders.as_deref().unwrap_or("nobody"),
                report.failed,
                report.sent,
                report.failures,
            ),
            limit_ms: u64::try_from(rehearsal.plan.times.settle.as_millis()).unwrap_or(u64::MAX),
        }
    })
}

/// The holder, or `None` where the time runs out.
fn wait(rehearsal: &Rehearsal<'_>, probe: &RunningProbe) -> Result<Option<String>> {
    let times = rehearsal.plan.times;
    let home = rehearsal.plan.home.as_deref();
    let deadline = Instant::now() + times.settle;
    while Instant::now() < deadline {
        thread::sleep(LOOK_AGAIN);
        if let Some(failure) = rehearsal.what_failed()? {
            return Err(failure);
        }
        let answered_since = probe.status()?.and_then(|status| status.steady_since);
        let answered_for = answered_since.map_or(Duration::ZERO, |moment| {
            Duration::from_nanos(clock::now().saturating_sub(moment))
        });
        let holders = rehearsal.holders()?;
        if let [holder] = holders.now().as_slice()
            && home.is_none_or(|home| home == holder)
            && holders.unchanged_for() >= times.steady
            && answered_for >= times.steady
        {
            return Ok(Some(holder.clone()));
        }
    }
    Ok(None)
}

pub(super) fn random_pause() -> Duration {
    // The clock's last digits are random enough.
    Duration::from_millis(clock::now() / 1_000 % MAX_RANDOM_PAUSE_MS)
}
