//! Which refusals are told: the first of its kind, then one in a while.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::event::Refusal;

/// How long the same refusal of the same address is not told again.
const QUIET: Duration = Duration::from_secs(10);

/// How many different ones are remembered; while there are more, the others are only counted.
const MAX_REMEMBERED: usize = 64;

/// What was told lately.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    told: HashMap<(IpAddr, String), Instant>,
    untold: u64,
}

impl Refusals {
    /// Counts a refusal. Where it is to be told: how many were not since the last that was.
    pub(super) fn count(&mut self, from: IpAddr, why: &Refusal, now: Instant) -> Option<u64> {
        let kind = (from, why.to_string());
        let recent = |told: &Instant| now.saturating_duration_since(*told) < QUIET;
        let known = self.told.get(&kind).is_some_and(recent);
        if !known && self.told.len() >= MAX_REMEMBERED {
            self.told.retain(|_, told| recent(told));
        }
        if known || self.told.len() >= MAX_REMEMBERED {
            self.untold += 1;
            return None;
        }
        self.told.insert(kind, now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_once_in_a_while() {
        let start = Instant::now();
        let here: IpAddr = [127, 0, 0, 1].into();
        let mut refusals = Refusals::default();
        for (s, node, expected) in [
            (0, 1, Some(0)),
            (1, 1, None),
            (1, 2, Some(1)),
            (9, 1, None),
            (10, 1, Some(1)),
        ] {
            let now = start + Duration::from_secs(s);
            let why = Refusal::NotConfigured(node);
            assert_eq!(refusals.count(here, &why, now), expected, "{s} s, {node}");
        }
    }

    #[test]
    fn many_different_ones_are_only_counted() {
        let now = Instant::now();
        let mut refusals = Refusals::default();
        let told = |refusals: &mut Refusals, last: u8, now| {
            refusals.count([10, 0, 0, last].into(), &Refusal::Slow, now)
        };
        for last in 0..64 {
            assert_eq!(told(&mut refusals, last, now), Some(0));
        }
        assert_eq!(told(&mut refusals, 64, now), None);
        assert_eq!(told(&mut refusals, 65, now + QUIET), Some(1));
        assert_eq!(refusals.told.len(), 1);
    }
}
