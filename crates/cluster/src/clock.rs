//! The daemon's clock: it counts while the machine sleeps, and nobody sets it.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Time since the machine was started, its sleep included (`CLOCK_BOOTTIME`): a lease that was given
/// before the machine was suspended has ended when it wakes.
pub fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .or_else(|_| clock_gettime(ClockId::CLOCK_MONOTONIC))
        .map_or(Duration::ZERO, Duration::from)
}
