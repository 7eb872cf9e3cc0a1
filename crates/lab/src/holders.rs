//! Who had an address when: the changes of addresses, read as one story.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::{self, Nanoseconds};
use crate::protocol::{AddressChange, AddressEvent};

/// The holders of one address over time. A node holds an address while the address is configured
/// on one of its interfaces and the node is alive; it need not be reachable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    /// From that moment on these nodes had it.
    changes: Vec<(Nanoseconds, BTreeSet<String>)>,
}

impl Holders {
    /// The story of `address`.
    #[must_use]
    pub fn of(address: IpAddr, events: &[AddressEvent]) -> Self {
        let mut holders = BTreeSet::new();
        let mut changes = Vec::new();
        // Each node's changes are read by a thread of its own.
        let mut events: Vec<&AddressEvent> = events.iter().collect();
        events.sort_by_key(|event| event.at);
        for event in events {
            let changed = match &event.change {
                AddressChange::Added(added) => {
                    *added == address && holders.insert(event.node.clone())
                }
                AddressChange::Removed(removed) => {
                    *removed == address && holders.remove(&event.node)
                }
                AddressChange::Died => holders.remove(&event.node),
            };
            if changed {
                changes.push((event.at, holders.clone()));
            }
        }
        Self { changes }
    }

    /// Who had it at a moment, in the order of names.
    #[must_use]
    pub fn at(&self, moment: Nanoseconds) -> Vec<String> {
        let index = self.changes.partition_point(|(at, _)| *at <= moment);
        match index.checked_sub(1) {
            Some(last) => self.changes[last].1.iter().cloned().collect(),
            None => Vec::new(),
        }
    }

    /// Who has it now.
    #[must_use]
    pub fn now(&self) -> Vec<String> {
        self.at(Nanoseconds::MAX)
    }

    /// For how long nothing has changed.
    #[must_use]
    pub fn unchanged_for(&self) -> Duration {
        let last = self.changes.last().map_or(0, |(at, _)| *at);
        Duration::from_nanos(clock::now().saturating_sub(last))
    }

    /// For how long, between two moments, at least two nodes had it.
    #[must_use]
    pub fn time_with_two(&self, from: Nanoseconds, to: Nanoseconds) -> Nanoseconds {
        self.time_where(from, to, |holders| holders >= 2)
    }

    /// For how long, between two moments, no node had it.
    #[must_use]
    pub fn time_with_none(&self, from: Nanoseconds, to: Nanoseconds) -> Nanoseconds {
        self.time_where(from, to, |holders| holders == 0)
    }

    fn time_where(
        &self,
        from: Nanoseconds,
        to: Nanoseconds,
        counts: impl Fn(usize) -> bool,
    ) -> Nanoseconds {
        let starts = std::iter::once((0, 0)).chain(self.changes.iter().map(|c| (c.0, c.1.len())));
        let ends = self.changes.iter().map(|c| c.0).chain([Nanoseconds::MAX]);
        starts
            .zip(ends)
            .filter(|((_, holders), _)| counts(*holders))
            .map(|((start, _), end)| end.min(to).saturating_sub(start.max(from)))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_those_alive_with_the_address() {
        let vip: IpAddr = "192.0.2.50".parse().unwrap();
        let own: IpAddr = "192.0.2.1".parse().unwrap();
        let event = |at, node: &str, change| AddressEvent {
            at,
            node: node.to_owned(),
            change,
        };
        let story = Holders::of(
            vip,
            &[
                event(5, "fred", AddressChange::Added(own)),
                event(10, "fred", AddressChange::Added(vip)),
                event(20, "ethyl", AddressChange::Added(vip)),
                event(30, "fred", AddressChange::Removed(vip)),
                event(40, "fred", AddressChange::Added(vip)),
                event(45, "fred", AddressChange::Died),
                event(50, "ethyl", AddressChange::Died),
            ],
        );
        for (moment, expected) in [
            (9, vec![]),
            (10, vec!["fred"]),
            (25, vec!["ethyl", "fred"]),
            (30, vec!["ethyl"]),
            (44, vec!["ethyl", "fred"]),
            (45, vec!["ethyl"]),
            (50, vec![]),
        ] {
            assert_eq!(story.at(moment), expected, "at {moment}");
        }
        for (from, to, two, none) in [
            (0, 60, 15, 20),
            (0, 10, 0, 10),
            (22, 27, 5, 0),
            (28, 42, 4, 0),
            (50, 60, 0, 10),
        ] {
            assert_eq!(story.time_with_two(from, to), two, "two in {from}..{to}");
            assert_eq!(story.time_with_none(from, to), none, "none in {from}..{to}");
        }
    }
}
