//! The one clock that the lab's processes share: `CLOCK_MONOTONIC`, which no namespace shifts here.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// A moment in nanoseconds of `CLOCK_MONOTONIC`; comparable between all processes of one computer.
pub type Nanoseconds = u64;

/// Now.
#[must_use]
pub fn now() -> Nanoseconds {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("the kernel has a monotonic clock");
    u64::try_from(Duration::from(time).as_nanos()).unwrap_or(u64::MAX)
}

/// A span of time in milliseconds with its fraction, for people.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people: 2^53 ns is 104 days"
)]
pub fn milliseconds(span: Nanoseconds) -> f64 {
    span as f64 / 1e6
}
