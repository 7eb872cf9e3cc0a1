//! Whether an address may stay on this machine: what the keeper is told about the balancer.

use super::{
    Time,
    limits::{REVIVAL_LIMIT, STABLE_AFTER},
};

/// The balancer as its users see it. A death that a successor makes good within
/// [`REVIVAL_LIMIT`] is no trouble and is not mentioned.
#[derive(Debug, Default)]
pub struct Service {
    down_since: Option<Time>,
    trouble: Option<String>,
    /// What the living keeper last heard.
    told: Option<bool>,
}

impl Service {
    /// The balancer died or hangs.
    pub fn lost(&mut self, now: Time) {
        self.down_since.get_or_insert(now);
    }

    /// The balancer accepts.
    pub fn serves(&mut self) {
        self.down_since = None;
    }

    /// Records why the balancer cannot be relied upon; says whether that is new.
    pub fn trouble(&mut self, reason: String) -> bool {
        let new = self.trouble.is_none();
        self.trouble.get_or_insert(reason);
        new
    }

    /// Why the balancer cannot be relied upon.
    pub fn troubled(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The reason, once a successor is overdue.
    pub fn overdue(&self, now: Time) -> Option<String> {
        let down_since = self.down_since?;
        (self.trouble.is_none() && now >= down_since + REVIVAL_LIMIT).then(|| {
            format!(
                "the balancer did not serve again within {} ms",
                REVIVAL_LIMIT.as_millis()
            )
        })
    }

    /// Ends the trouble once the balancer was ready for long enough; says whether it did.
    pub fn recovered(&mut self, now: Time, ready_since: Option<Time>) -> bool {
        let stable = ready_since.is_some_and(|since| now >= since + STABLE_AFTER);
        stable && self.trouble.take().is_some()
    }

    /// When `overdue` or `recovered` will have something to say.
    pub fn deadline(&self, ready_since: Option<Time>) -> Option<Time> {
        match (&self.trouble, self.down_since) {
            (None, Some(down_since)) => Some(down_since + REVIVAL_LIMIT),
            (None, None) => None,
            (Some(_), _) => Some(ready_since? + STABLE_AFTER),
        }
    }

    /// A new keeper has heard nothing.
    pub fn forget_what_was_told(&mut self) {
        self.told = None;
    }

    /// What the keeper has not heard yet.
    pub fn news(&mut self) -> Option<Result<(), String>> {
        let serving = self.trouble.is_none();
        if self.told.replace(serving) == Some(serving) {
            return None;
        }
        Some(self.trouble.clone().map_or(Ok(()), Err))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_limit_of_revival_at_its_edge() {
        let mut service = Service::default();
        assert_eq!(service.news(), Some(Ok(())));
        service.lost(Duration::from_secs(7));
        service.lost(Duration::from_secs(8));
        let limit = Duration::from_secs(7) + REVIVAL_LIMIT;
        assert_eq!(service.deadline(None), Some(limit));
        assert_eq!(service.overdue(limit - Duration::from_nanos(1)), None);
        let reason = service.overdue(limit).expect("the limit is reached");
        assert!(service.trouble(reason.clone()));
        assert!(!service.trouble("told already".to_owned()));
        assert_eq!(service.news(), Some(Err(reason)));
        assert_eq!(service.news(), None, "nothing is said twice");
    }

    #[test]
    fn trouble_ends_after_stable_service_only() {
        let mut service = Service::default();
        service.lost(Duration::ZERO);
        service.trouble("it hangs".to_owned());
        service.serves();
        let since = Duration::from_secs(3);
        let stable = since + STABLE_AFTER;
        assert_eq!(service.deadline(Some(since)), Some(stable));
        assert!(!service.recovered(stable - Duration::from_nanos(1), Some(since)));
        assert!(!service.recovered(stable, None));
        assert!(service.recovered(stable, Some(since)));
        assert_eq!(service.news(), Some(Ok(())));
    }
}
