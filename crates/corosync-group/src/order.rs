//! The messages of one view: their places, and how far everybody is.

use std::collections::BTreeMap;

use membership::{Commitment, Member, NodeId, Votes};

/// Where everybody is in the view. All that counts comes through CPG, own messages and
/// acknowledgements too, so all members see the same.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// The last place.
    pub seq: u64,
    /// Tells two orders apart: of each message its sender and number, mixed in.
    pub digest: u64,
    /// Of each member: how many of its messages have come, and what it has acknowledged.
    members: BTreeMap<Member, (u64, u64)>,
    pub committed: u64,
    pub complete: u64,
}

/// A message did not follow the one before: corosync has lost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap;

impl Order {
    pub(crate) fn new(members: impl Iterator<Item = Member>) -> Self {
        Self {
            members: members.map(|member| (member, (0, 0))).collect(),
            ..Self::default()
        }
    }

    /// The next message is this member's so-and-so-many-th; its place.
    pub(crate) fn place(&mut self, sender: Member, number: u64) -> Result<u64, Gap> {
        let (count, _) = self.members.get_mut(&sender).ok_or(Gap)?;
        if number != *count + 1 {
            return Err(Gap);
        }
        *count = number;
        self.seq += 1;
        let mut digest = self.digest;
        for word in [u64::from(sender.node.0), sender.incarnation.0, number] {
            // FNV-1a's prime, on words: nobody is to be deceived, only differences to be seen.
            digest = (digest ^ word)
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(29);
        }
        self.digest = digest;
        Ok(self.seq)
    }

    /// A member acknowledges everything up to this place.
    pub(crate) fn acknowledge(&mut self, member: Member, seq: u64) {
        if let Some((_, acknowledged)) = self.members.get_mut(&member) {
            *acknowledged = (*acknowledged).max(seq.min(self.seq));
        }
    }

    /// What has become committed, if it is more than before.
    pub(crate) fn commit(&mut self, commitment: &Commitment, votes: &Votes) -> Option<u64> {
        let each = || {
            self.members
                .iter()
                .map(|(member, (_, acknowledged))| (member.node, *acknowledged))
        };
        let committed = match commitment {
            Commitment::Votes if votes.needed > 0 => reached(votes, each()),
            _ => least(each()),
        };
        (committed > self.committed).then(|| {
            self.committed = committed;
            committed
        })
    }

    /// What all have acknowledged, if it is more than before.
    pub(crate) fn complete(&mut self) -> Option<u64> {
        let each = self.members.iter();
        let complete = least(each.map(|(member, (_, seq))| (member.node, *seq)));
        (complete > self.complete).then(|| {
            self.complete = complete;
            complete
        })
    }
}

fn least(each: impl Iterator<Item = (NodeId, u64)>) -> u64 {
    each.map(|(_, seq)| seq).min().unwrap_or(0)
}

/// The greatest place that members with the needed votes have reached.
fn reached(votes: &Votes, each: impl Iterator<Item = (NodeId, u64)>) -> u64 {
    let mut places: Vec<(u64, u32)> = each
        .map(|(node, seq)| (seq, votes.of.get(&node).copied().unwrap_or(0)))
        .collect();
    places.sort_unstable_by(|one, other| other.cmp(one));
    let mut sum = 0u32;
    let found = places.into_iter().find(|(_, its_votes)| {
        sum = sum.saturating_add(*its_votes);
        sum >= votes.needed
    });
    found.map_or(0, |(seq, _)| seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use membership::Incarnation;

    fn member(node: u32) -> Member {
        Member {
            node: NodeId(node),
            incarnation: Incarnation(1),
        }
    }

    fn of_three() -> Order {
        let mut order = Order::new([1, 2, 3].map(member).into_iter());
        for (sender, number) in [(1, 1), (2, 1), (1, 2)] {
            order.place(member(sender), number).expect("no gap");
        }
        order
    }

    #[test]
    fn places_rise_and_gaps_are_seen() {
        let mut order = of_three();
        assert_eq!(order.place(member(2), 2), Ok(4));
        assert_eq!(order.place(member(2), 2), Err(Gap));
        assert_eq!(order.place(member(1), 4), Err(Gap));
        assert_eq!(order.place(member(9), 1), Err(Gap));
        assert_eq!(order.seq, 4);
        assert_ne!(of_three().digest, order.digest);
    }

    #[test]
    fn what_all_or_enough_have_acknowledged_is_committed_once() {
        let votes = Votes {
            of: BTreeMap::from([1, 2, 3].map(|node| (NodeId(node), 1))),
            needed: 2,
        };
        let (mut all, mut some) = (of_three(), of_three());
        for order in [&mut all, &mut some] {
            order.acknowledge(member(1), 99);
            order.acknowledge(member(2), 2);
        }
        assert_eq!(all.commit(&Commitment::All, &votes), None);
        assert_eq!(some.commit(&Commitment::Votes, &votes), Some(2));
        assert_eq!(some.commit(&Commitment::Votes, &votes), None);
        assert_eq!(some.complete(), None);
        all.acknowledge(member(3), 1);
        assert_eq!(all.commit(&Commitment::All, &votes), Some(1));
        assert_eq!(all.complete(), Some(1));
        // Without quorum all count.
        let none = Votes::default();
        some.acknowledge(member(3), 3);
        some.acknowledge(member(2), 3);
        assert_eq!(some.commit(&Commitment::Votes, &none), Some(3));
    }
}
