//! What to do with the first packet of somebody who is not known yet.
//!
//! ```text
//!  first packet ─► proven address? ─ no ─► a peer's address, and few of those in progress?
//!                       │                       │ yes             │ no
//!                       │ yes                   ▼                 ▼
//!                       ▼                   handshake      ask for a proof (no memory is kept)
//!         attempts of that address left? ── no ─► no answer
//!                       │ yes
//!                       ▼
//!         handshakes in progress left? ──── no ─► no answer
//!                       │ yes
//!                       ▼
//!                   handshake
//! ```
//!
//! Only proven addresses are counted against: who writes a peer's address on packets cannot use up
//! that peer's attempts.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use super::allowance::Allowance;
use super::event::Refusal;

/// How many handshakes with unproven addresses of peers may be in progress.
pub(super) const UNPROVEN_HANDSHAKES: usize = 8;

/// How many addresses are watched one by one; any more share one allowance.
pub(super) const MAX_ADDRESSES: usize = 1024;

/// Whose handshake it is: each kind has its own limit, so that strangers cannot keep peers out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// From a peer's address, which it may have made up.
    Unproven,
    /// From a peer's address.
    Peer,
    /// From any other.
    Stranger,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on.
    Handshake(Whose),
    /// Ask for a proof of the address.
    Retry,
    /// Say nothing.
    Ignore(Refusal),
}

/// The state behind the verdicts of one link.
#[derive(Debug)]
pub(super) struct Admission {
    peers: Vec<IpAddr>,
    attempts_per_second: u64,
    handshakes: usize,
    attempts: HashMap<IpAddr, Allowance>,
    others: Allowance,
    in_progress: [usize; 3],
}

impl Admission {
    pub(super) fn new(attempts_per_second: u64, handshakes: usize, now: Instant) -> Self {
        Self {
            peers: Vec::new(),
            attempts_per_second,
            handshakes,
            attempts: HashMap::new(),
            others: Allowance::new(attempts_per_second, now),
            in_progress: [0; 3],
        }
    }

    /// From here on the peers are at these addresses.
    pub(super) fn set_peers(&mut self, addresses: Vec<IpAddr>) {
        self.peers = addresses;
    }

    /// What to do with a first packet from `address`, `proven` if it has answered a retry. After
    /// [`Verdict::Handshake`] the end of the handshake is told by [`Admission::ended`].
    pub(super) fn decide(&mut self, address: IpAddr, proven: bool, now: Instant) -> Verdict {
        let is_peer = self.peers.contains(&address);
        let whose = match (proven, is_peer) {
            (false, true) => Whose::Unproven,
            (false, false) => return Verdict::Retry,
            (true, true) => Whose::Peer,
            (true, false) => Whose::Stranger,
        };
        let limit = match whose {
            Whose::Unproven if self.in_progress[whose as usize] >= UNPROVEN_HANDSHAKES => {
                return Verdict::Retry;
            }
            Whose::Unproven => UNPROVEN_HANDSHAKES,
            Whose::Peer | Whose::Stranger => self.handshakes,
        };
        if proven && !self.allowance(address, now).take(1, now) {
            return Verdict::Ignore(Refusal::Attempts);
        }
        let in_progress = &mut self.in_progress[whose as usize];
        if *in_progress >= limit {
            return Verdict::Ignore(Refusal::Handshakes);
        }
        *in_progress += 1;
        Verdict::Handshake(whose)
    }

    /// A handshake has ended, well or not.
    pub(super) fn ended(&mut self, whose: Whose) {
        let in_progress = &mut self.in_progress[whose as usize];
        *in_progress = in_progress.saturating_sub(1);
    }

    fn allowance(&mut self, address: IpAddr, now: Instant) -> &mut Allowance {
        let address = network(address);
        if !self.attempts.contains_key(&address) && self.attempts.len() >= MAX_ADDRESSES {
            self.attempts.retain(|_, allowance| !allowance.is_full(now));
            if self.attempts.len() >= MAX_ADDRESSES {
                return &mut self.others;
            }
        }
        self.attempts
            .entry(address)
            .or_insert_with(|| Allowance::new(self.attempts_per_second, now))
    }
}

/// A machine has as many IPv6 addresses as it likes within its /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::from(u64::MAX) << 64);
            Ipv6Addr::from_bits(network).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PEER: [u8; 4] = [10, 0, 0, 1];
    const STRANGER: [u8; 4] = [10, 9, 9, 9];

    fn admission(now: Instant) -> Admission {
        let mut admission = Admission::new(3, 2, now);
        admission.set_peers(vec![PEER.into()]);
        admission
    }

    #[test]
    fn an_unproven_address_costs_nothing() {
        let now = Instant::now();
        let mut admission = admission(now);
        for _ in 0..10_000 {
            assert_eq!(
                admission.decide(STRANGER.into(), false, now),
                Verdict::Retry
            );
        }
        for _ in 0..UNPROVEN_HANDSHAKES {
            assert_eq!(
                admission.decide(PEER.into(), false, now),
                Verdict::Handshake(Whose::Unproven)
            );
        }
        for _ in 0..10_000 {
            assert_eq!(admission.decide(PEER.into(), false, now), Verdict::Retry);
        }
        // The peer itself, which proves its address, is not kept out by that.
        assert_eq!(
            admission.decide(PEER.into(), true, now),
            Verdict::Handshake(Whose::Peer)
        );
        admission.ended(Whose::Unproven);
        assert_eq!(
            admission.decide(PEER.into(), false, now),
            Verdict::Handshake(Whose::Unproven)
        );
        assert!(admission.attempts.len() <= 1);
    }

    #[test]
    fn a_proven_address_has_its_attempts_and_its_handshakes() {
        let now = Instant::now();
        let mut admission = admission(now);
        let stranger = Verdict::Handshake(Whose::Stranger);
        for (ms, ended, expected) in [
            (0, false, stranger.clone()),
            (0, false, stranger.clone()),
            (0, false, Verdict::Ignore(Refusal::Handshakes)),
            (0, true, Verdict::Ignore(Refusal::Attempts)),
            (400, false, stranger.clone()),
            (2000, true, stranger),
        ] {
            if ended {
                admission.ended(Whose::Stranger);
            }
            let now = now + Duration::from_millis(ms);
            assert_eq!(admission.decide(STRANGER.into(), true, now), expected);
        }
        assert_eq!(
            admission.decide(PEER.into(), true, now),
            Verdict::Handshake(Whose::Peer)
        );
    }

    #[test]
    fn the_table_of_addresses_is_bounded() {
        let now = Instant::now();
        let mut admission = Admission::new(3, usize::MAX, now);
        let mut ignored = 0;
        for number in 0..5000_u32 {
            let verdict = admission.decide(number.to_be_bytes().into(), true, now);
            ignored += usize::from(verdict != Verdict::Handshake(Whose::Stranger));
        }
        assert_eq!(admission.attempts.len(), MAX_ADDRESSES);
        assert_eq!(ignored, 5000 - MAX_ADDRESSES - 3);
        let later = now + Duration::from_secs(1);
        admission.decide(STRANGER.into(), true, later);
        assert_eq!(admission.attempts.len(), 1);
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let now = Instant::now();
        let mut admission = Admission::new(3, 10, now);
        let verdicts: Vec<_> = (0..4_u16)
            .map(|last| {
                let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, last, 0, 0, last);
                admission.decide(address.into(), true, now)
            })
            .collect();
        assert_eq!(verdicts[2], Verdict::Handshake(Whose::Stranger));
        assert_eq!(verdicts[3], Verdict::Ignore(Refusal::Attempts));
    }
}
