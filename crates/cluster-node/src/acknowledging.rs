//! When a message may be acknowledged: once everybody who cares for it has it on disk.

use std::collections::VecDeque;

/// The messages of one view, as far as their acknowledgement goes.
#[derive(Debug, Default)]
pub(crate) struct Acknowledging {
    /// The last message that was delivered.
    delivered: u64,
    /// The last one of the replica.
    replica_delivered: u64,
    /// What the replica has acknowledged.
    replica_acknowledged: u64,
    /// Records of quorum that are not on disk yet: the write's number, and the message that waits for
    /// it; 0 for the beginning of the view.
    unsaved: VecDeque<(u64, u64)>,
    /// What was acknowledged.
    told: u64,
}

impl Acknowledging {
    /// A new view begins. Records that are not on disk yet hold up its first message.
    pub(crate) fn restart(&mut self) {
        let unsaved = self
            .unsaved
            .drain(..)
            .map(|(write, _)| (write, 0))
            .collect();
        *self = Self {
            unsaved,
            ..Self::default()
        };
    }

    pub(crate) fn delivered(&mut self, seq: u64, is_replicas: bool) {
        self.delivered = seq;
        if is_replicas {
            self.replica_delivered = seq;
        }
    }

    pub(crate) fn replica_acknowledged(&mut self, seq: u64) {
        self.replica_acknowledged = self.replica_acknowledged.max(seq);
    }

    /// The last message waits for this write.
    pub(crate) fn waits_for(&mut self, write: u64) {
        self.unsaved.push_back((write, self.delivered));
    }

    pub(crate) fn saved(&mut self, write: u64) {
        self.unsaved.retain(|(unsaved, _)| *unsaved > write);
    }

    /// What can be acknowledged now, if it is more than before.
    pub(crate) fn advance(&mut self) -> Option<u64> {
        let by_replica = if self.replica_acknowledged >= self.replica_delivered {
            self.delivered
        } else {
            self.replica_acknowledged
        };
        let by_quorum = match self.unsaved.front() {
            Some((_, seq)) => seq.saturating_sub(1),
            None => self.delivered,
        };
        let acknowledged = by_replica.min(by_quorum);
        (acknowledged > self.told).then(|| {
            self.told = acknowledged;
            acknowledged
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_waits_for_its_own_disk_and_for_those_before_it() {
        let mut acks = Acknowledging::default();
        acks.delivered(1, true);
        acks.delivered(2, false);
        assert_eq!(acks.advance(), None);
        acks.replica_acknowledged(1);
        assert_eq!(acks.advance(), Some(2));
        acks.delivered(3, false);
        acks.waits_for(7);
        acks.delivered(4, true);
        acks.replica_acknowledged(4);
        assert_eq!(acks.advance(), None);
        acks.saved(7);
        assert_eq!(acks.advance(), Some(4));
        assert_eq!(acks.advance(), None);
    }

    #[test]
    fn a_record_of_the_view_before_holds_up_the_new_one() {
        let mut acks = Acknowledging::default();
        acks.delivered(1, false);
        acks.waits_for(1);
        acks.restart();
        acks.delivered(1, false);
        assert_eq!(acks.advance(), None);
        acks.saved(1);
        assert_eq!(acks.advance(), Some(1));
    }
}
