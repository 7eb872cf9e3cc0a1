//! How often somebody may try a password.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Wrong passwords from one address, before it has to wait.
const MAX_FAILURES: u32 = 5;
/// For how long a failure counts.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are kept in mind; when more fail at once, all have to wait.
const MAX_ADDRESSES: usize = 1024;

/// Failures of late, by where they came from. Times are since any fixed moment.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failures: BTreeMap<IpAddr, (u32, Duration)>,
}

impl Attempts {
    /// Whether an address may try now.
    pub(crate) fn may_try(&mut self, from: IpAddr, now: Duration) -> bool {
        self.failures
            .retain(|_, (_, last)| now.saturating_sub(*last) < WINDOW);
        match self.failures.get(&from) {
            Some((count, _)) => *count < MAX_FAILURES,
            None => self.failures.len() < MAX_ADDRESSES,
        }
    }

    /// An address had a wrong password.
    pub(crate) fn failed(&mut self, from: IpAddr, now: Duration) {
        let (count, last) = self.failures.entry(from).or_default();
        (*count, *last) = (count.saturating_add(1), now);
    }

    /// An address had the right one.
    pub(crate) fn succeeded(&mut self, from: IpAddr) {
        self.failures.remove(&from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_too_often_has_to_wait() {
        let mut attempts = Attempts::default();
        let [one, other] = [1, 2].map(|it| IpAddr::from([10, 0, 0, it]));
        let at = Duration::from_secs;
        for second in 0..u64::from(MAX_FAILURES) {
            assert!(attempts.may_try(one, at(second)), "{second}");
            attempts.failed(one, at(second));
        }
        let last = u64::from(MAX_FAILURES) - 1;
        assert!(!attempts.may_try(one, at(last)));
        assert!(attempts.may_try(other, at(last)));
        assert!(!attempts.may_try(one, at(last) + WINDOW - at(1)));
        assert!(attempts.may_try(one, at(last) + WINDOW));
        attempts.failed(one, at(100));
        attempts.succeeded(one);
        for _ in 1..MAX_FAILURES {
            attempts.failed(one, at(101));
        }
        assert!(attempts.may_try(one, at(101)));
    }

    #[test]
    fn a_flood_of_addresses_does_not_fill_the_memory() {
        let mut attempts = Attempts::default();
        for number in 0..u32::try_from(MAX_ADDRESSES).unwrap() {
            let from = IpAddr::from(number.to_be_bytes());
            assert!(attempts.may_try(from, Duration::ZERO));
            attempts.failed(from, Duration::ZERO);
        }
        let late = IpAddr::from([255, 0, 0, 1]);
        assert!(!attempts.may_try(late, Duration::ZERO));
        assert!(attempts.may_try(late, WINDOW));
    }
}
