//! What a virtual router has seen and done.

use std::collections::BTreeMap;

use crate::Reject;

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Adverts sent, those of priority 0 included.
    pub adverts_sent: u64,
    /// Adverts that passed all checks.
    pub adverts_received: u64,
    /// Adverts of priority 0 sent.
    pub priority_zero_sent: u64,
    /// Adverts of priority 0 that passed all checks.
    pub priority_zero_received: u64,
    /// How often it became master.
    pub became_master: u64,
    /// How often it gave up being master.
    pub released_master: u64,
    /// Hellos that passed all checks.
    pub hellos_received: u64,
    /// Hellos that did not.
    pub hellos_refused: u64,
    /// Refused adverts, by `Reject::name`.
    pub refused: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// Counts a refused advert and returns how many of that kind there are now.
    pub(crate) fn refuse(&mut self, reject: &Reject) -> u64 {
        let count = self.refused.entry(reject.name()).or_default();
        *count += 1;
        *count
    }
}
