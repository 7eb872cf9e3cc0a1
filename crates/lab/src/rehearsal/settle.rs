//! Waiting until all is well.

use std::thread;
use std::time::{Duration, Instant};

use crate::clock;
use crate::plan::CLIENT;
use crate::{Error, Result};

use super::{LOOK_AGAIN, Rehearsal};

/// A pause below this, different each time, keeps faults from always striking at the same moment
/// between two of the protocol's messages.
const MAX_RANDOM_PAUSE_MS: u64 = 400;

pub(super) fn settle(rehearsal: &Rehearsal<'_>) -> Result<String> {
    let plan = rehearsal.plan;
    let times = plan.times;
    let deadline = Instant::now() + times.settle;
    let holder = rehearsal.lab.wait_for_holder(
        plan.address,
        plan.home.as_deref(),
        times.steady,
        times.settle,
    )?;
    let probe = rehearsal.lab.probe(CLIENT, &plan.probe)?;
    loop {
        thread::sleep(LOOK_AGAIN);
        let steady = probe.status()?.and_then(|status| status.steady_since);
        let long_enough =
            |since| Duration::from_nanos(clock::now().saturating_sub(since)) >= times.steady / 2;
        if steady.is_some_and(long_enough) {
            probe.stop()?;
            return Ok(holder);
        }
        if Instant::now() >= deadline {
            let report = probe.stop()?;
            return Err(Error::TooLate {
                what: format!(
                    "that {} answers ({} of {} requests failed: {:?})",
                    plan.address, report.failed, report.sent, report.failures
                ),
                limit_ms: u64::try_from(times.settle.as_millis()).unwrap_or(u64::MAX),
            });
        }
    }
}

pub(super) fn random_pause() -> Duration {
    // The clock's last digits are random enough.
    Duration::from_millis(clock::now() / 1_000 % MAX_RANDOM_PAUSE_MS)
}
