//! The times of the group, what follows from them, and which of them make sense together.

use std::time::Duration;

use crate::limits::MIN_HEARTBEAT;

/// How fast the group notices things. All other times are derived from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How often a leader and its members show each other that they live.
    pub heartbeat: Duration,
    /// Nobody is taken for dead sooner than after this silence.
    pub detection_floor: Duration,
    /// However irregular a node's heartbeats are, after this silence it is taken for dead.
    pub detection_ceiling: Duration,
}

impl Default for Timing {
    /// For a local network and machines that may be busy: a dead node is known in 200 to 230 ms.
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(30),
            detection_floor: Duration::from_millis(200),
            detection_ceiling: Duration::from_secs(1),
        }
    }
}

/// Times that do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// See [`MIN_HEARTBEAT`].
    #[error("a heartbeat every {0:?} is too often: {MIN_HEARTBEAT:?} is the shortest interval")]
    HeartbeatTooShort(Duration),
    /// A single lost packet would be taken for a death.
    #[error(
        "after {floor:?} of silence a node would be taken for dead although only {heartbeat:?} lie \
         between heartbeats: at least four intervals are needed"
    )]
    FloorTooLow {
        /// The floor as given.
        floor: Duration,
        /// The interval as given.
        heartbeat: Duration,
    },
    /// The ceiling is below the floor.
    #[error("the ceiling of detection, {ceiling:?}, is below its floor, {floor:?}")]
    CeilingBelowFloor {
        /// The ceiling as given.
        ceiling: Duration,
        /// The floor as given.
        floor: Duration,
    },
}

/// A floor is at least so many heartbeats.
const HEARTBEATS_IN_FLOOR: u32 = 4;

impl Timing {
    /// Refuses times that would make the group mistake one lost packet for a death.
    ///
    /// # Errors
    /// Names the two times that contradict each other.
    pub fn check(self) -> Result<Self, TimingError> {
        let (heartbeat, floor) = (self.heartbeat, self.detection_floor);
        let ceiling = self.detection_ceiling;
        if heartbeat < MIN_HEARTBEAT {
            return Err(TimingError::HeartbeatTooShort(heartbeat));
        }
        if floor < heartbeat * HEARTBEATS_IN_FLOOR {
            return Err(TimingError::FloorTooLow { floor, heartbeat });
        }
        if ceiling < floor {
            return Err(TimingError::CeilingBelowFloor { ceiling, floor });
        }
        Ok(self)
    }

    /// For how long a heartbeat vouches for its sender's quorum. Shorter than
    /// [`Timing::detection_floor`] by a tenth, so that a node that was cut off has lost its quorum
    /// before the others may have gained it, even where clocks run at rates that differ by 5 %.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.detection_floor * 9 / 10
    }

    /// How often nodes of different views show each other that they are there.
    #[must_use]
    pub fn presence(&self) -> Duration {
        self.heartbeat * 2
    }

    /// How often members of one view, neither of which leads it, do.
    #[must_use]
    pub fn acquaintance(&self) -> Duration {
        self.heartbeat * 33
    }

    /// How long a proposer waits for those who do not answer.
    #[must_use]
    pub fn gather(&self) -> Duration {
        self.detection_floor
    }

    /// By how much later each next candidate proposes a view when the leader is gone.
    #[must_use]
    pub fn stagger(&self) -> Duration {
        self.heartbeat / 2
    }

    /// How long a leader waits, when it hears a foreign view, for more to join at once.
    #[must_use]
    pub fn merge_wait(&self) -> Duration {
        self.heartbeat / 2
    }

    /// What was sent and not confirmed is sent again after this time.
    #[must_use]
    pub fn retransmit(&self) -> Duration {
        (self.heartbeat / 2).max(MIN_HEARTBEAT)
    }

    /// A link on which a peer has not been heard for so long is not used while there is another.
    #[must_use]
    pub fn link_silence(&self) -> Duration {
        self.heartbeat * 3
    }

    /// Held up for longer than this, a node knows that it was itself that missed heartbeats.
    #[must_use]
    pub fn own_pause(&self) -> Duration {
        self.heartbeat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(heartbeat: u64, floor: u64, ceiling: u64) -> Timing {
        Timing {
            heartbeat: Duration::from_millis(heartbeat),
            detection_floor: Duration::from_millis(floor),
            detection_ceiling: Duration::from_millis(ceiling),
        }
    }

    #[test]
    fn times_that_contradict_each_other_are_refused() {
        assert!(Timing::default().check().is_ok());
        assert!(timing(1, 4, 4).check().is_ok());
        assert!(matches!(
            timing(0, 4, 4).check(),
            Err(TimingError::HeartbeatTooShort(_))
        ));
        assert!(matches!(
            timing(10, 39, 90).check(),
            Err(TimingError::FloorTooLow { .. })
        ));
        assert!(matches!(
            timing(10, 40, 39).check(),
            Err(TimingError::CeilingBelowFloor { .. })
        ));
    }

    #[test]
    fn a_lease_ends_before_anybody_may_be_taken_for_dead() {
        let timing = Timing::default();
        assert!(timing.lease() * 105 / 100 < timing.detection_floor);
    }
}
