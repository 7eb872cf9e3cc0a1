//! `slowstart`: a server that comes back gets its share of the traffic little by little.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::snapshot::{Backend, Server};
use crate::state::Operational;

/// How many steps a ramp has, as with HAProxy.
const STEPS: u32 = 20;

/// A server that comes back is noticed within this time, so that a long ramp does not begin with a
/// burst.
const NOTICE_INTERVAL_MAX: Duration = Duration::from_millis(100);

/// The shortest time between two looks.
const NOTICE_INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Watches one server and raises its weight over `duration` each time it comes back. A server that
/// is up when the watch begins keeps its weight.
pub(super) async fn watch(backend: Arc<Backend>, server: Arc<Server>, duration: Duration) {
    let interval = (duration / STEPS).clamp(NOTICE_INTERVAL_MIN, NOTICE_INTERVAL_MAX);
    let mut ramp: Option<Ramp> = None;
    let mut was_up = server.state.operational() == Operational::Up;
    loop {
        compio::time::sleep(interval).await;
        let up = server.state.operational() == Operational::Up;
        if up && !was_up {
            ramp = Some(Ramp {
                began: Instant::now(),
                wanted: server.state.weight(),
                last_set: server.state.weight(),
            });
        }
        was_up = up;
        let Some(running) = &mut ramp else { continue };
        if server.state.weight() != running.last_set {
            // The operator changed it on the way.
            running.wanted = server.state.weight();
        }
        let weight = if up {
            weight_after(running.wanted, running.began.elapsed(), duration)
        } else {
            running.wanted
        };
        if weight != server.state.weight() {
            backend.state.set_weight(&server.state, weight);
        }
        running.last_set = weight;
        if weight == running.wanted {
            ramp = None;
        }
    }
}

struct Ramp {
    began: Instant,
    /// The weight to come to.
    wanted: u32,
    /// The weight that we gave last.
    last_set: u32,
}

/// The weight after some time of the ramp: at least 1 where the whole is, so that it takes part at
/// all.
fn weight_after(wanted: u32, elapsed: Duration, duration: Duration) -> u32 {
    if elapsed >= duration || duration.is_zero() {
        return wanted;
    }
    let share = elapsed.as_secs_f64() / duration.as_secs_f64();
    let steps = u64::from(wanted) * (share * f64::from(STEPS)).ceil() as u64;
    let weight = u32::try_from(steps / u64::from(STEPS)).unwrap_or(wanted);
    weight.max(1).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_rises_in_steps_to_the_whole() {
        let duration = Duration::from_secs(10);
        for (wanted, elapsed_ms, expected) in [
            (100, 0, 1),
            (100, 1, 5),
            (100, 500, 5),
            (100, 5_000, 50),
            (100, 9_999, 100),
            (100, 10_000, 100),
            (1, 1, 1),
            (0, 1, 0),
        ] {
            let elapsed = Duration::from_millis(elapsed_ms);
            assert_eq!(
                weight_after(wanted, elapsed, duration),
                expected,
                "{wanted} after {elapsed_ms} ms"
            );
        }
    }
}
