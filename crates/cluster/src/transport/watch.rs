//! Ends connections whose peer does not answer, so that the path is dialled anew.
//!
//! QUIC itself gives a silent peer the whole idle time, and repeats at ever longer intervals
//! meanwhile. A new connection finds a path that is whole again within [`dial`](super::dial)'s
//! pauses. This says nothing about the peer's membership, which the layer above decides by itself
//! and sooner.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::connection::{Code, Live};
use super::shared::Shared;

/// How often connections are looked at.
const EVERY: Duration = Duration::from_millis(250);

/// So many looks without an answer are silence. Looks are counted and not time: a pause of this
/// process is one look.
const LOOKS: u32 = 6;

/// What was seen of a connection.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    received: u64,
    /// Frames that the peer must acknowledge, as of the last packet that came.
    sent: u64,
    silent_looks: u32,
}

impl Seen {
    /// One look; whether the peer is silent.
    fn look(&mut self, received: u64, sent: u64) -> bool {
        if received != self.received {
            *self = Self {
                received,
                sent,
                silent_looks: 0,
            };
        } else if sent > self.sent {
            self.silent_looks += 1;
        }
        self.silent_looks >= LOOKS
    }
}

/// Looks at all connections until the transport ends.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen: HashMap<usize, Seen> = HashMap::new();
    loop {
        ticks.tick().await;
        let mut still = HashMap::with_capacity(seen.len());
        for path in shared.paths() {
            let Some(live) = path.current() else {
                continue;
            };
            let id = live.connection.stable_id();
            let mut known = seen.remove(&id).unwrap_or_default();
            if is_silent(&live, &mut known) {
                live.close(Code::Silent, "no answer");
            } else {
                still.insert(id, known);
            }
        }
        seen = still;
    }
}

fn is_silent(live: &Live, seen: &mut Seen) -> bool {
    let stats = live.connection.stats();
    let sent = &stats.frame_tx;
    seen.look(
        stats.udp_rx.datagrams,
        sent.datagram + sent.stream + sent.ping,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_to_be_asked_and_not_to_answer() {
        let mut seen = Seen::default();
        assert!(!seen.look(10, 5));
        for _ in 0..100 {
            assert!(!seen.look(10, 5), "nothing was asked");
        }
        for _ in 1..LOOKS {
            assert!(!seen.look(10, 6));
        }
        assert!(!seen.look(11, 7), "an answer");
        for _ in 1..LOOKS {
            assert!(!seen.look(11, 8));
        }
        assert!(seen.look(11, 8));
    }
}
