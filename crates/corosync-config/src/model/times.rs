//! Times of `totem`, as given and as they follow from each other.

use diagnostics::Spanned;

/// Whose defaults hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Peer {
    /// corosync 3, `corosync.conf(5)`.
    #[default]
    Corosync3,
    /// CMAN with corosync 1, `cman(5)`.
    Cman,
}

/// `totem`'s times in milliseconds and counts, as written. Zero means the default, as in corosync.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    /// Whose defaults hold for what is not written.
    pub defaults: Peer,
    /// `token`: how long without the token until a node is taken for dead.
    pub token_ms: Option<Spanned<u32>>,
    /// `token_coefficient`: what each node past the second adds.
    pub token_coefficient_ms: Option<Spanned<u32>>,
    /// `token_warning`: the part of `token`, in percent, after which its absence is logged.
    pub token_warning_percent: Option<Spanned<u32>>,
    /// `token_retransmit`.
    pub token_retransmit_ms: Option<Spanned<u32>>,
    /// `token_retransmits_before_loss_const`.
    pub token_retransmits_before_loss: Option<Spanned<u32>>,
    /// `hold`.
    pub hold_ms: Option<Spanned<u32>>,
    /// `join`: how long to wait for join messages.
    pub join_ms: Option<Spanned<u32>>,
    /// `send_join`: the longest random wait before a join message.
    pub send_join_ms: Option<Spanned<u32>>,
    /// `consensus`: how long to wait for agreement before a new round.
    pub consensus_ms: Option<Spanned<u32>>,
    /// `merge`: how often to look for other partitions.
    pub merge_ms: Option<Spanned<u32>>,
    /// `downcheck`: how often to look whether an interface is back.
    pub downcheck_ms: Option<Spanned<u32>>,
}

/// What was written and is not zero.
fn written(value: Option<&Spanned<u32>>) -> Option<u32> {
    value.map(|value| value.value).filter(|value| *value > 0)
}

impl Times {
    /// The token timeout that counts in a cluster of so many nodes: with three or more,
    /// `token + (nodes - 2) * token_coefficient` (corosync 3).
    #[must_use]
    pub fn token_ms(&self, nodes: usize) -> u32 {
        let (default_ms, coefficient_ms) = match self.defaults {
            Peer::Corosync3 => (3000, 650),
            Peer::Cman => (10_000, 0),
        };
        // Here a zero counts: it switches the coefficient off.
        let coefficient_ms = self
            .token_coefficient_ms
            .as_ref()
            .map_or(coefficient_ms, |coefficient| coefficient.value);
        let more = u32::try_from(nodes.saturating_sub(2)).unwrap_or(u32::MAX);
        written(self.token_ms.as_ref())
            .unwrap_or(default_ms)
            .saturating_add(coefficient_ms.saturating_mul(more))
    }

    /// How many times the token is sent again before it is lost.
    #[must_use]
    pub fn token_retransmits_before_loss(&self) -> u32 {
        let default = match self.defaults {
            Peer::Corosync3 => 4,
            Peer::Cman => 20,
        };
        written(self.token_retransmits_before_loss.as_ref()).unwrap_or(default)
    }

    /// After how long the token is sent again: `token / (token_retransmits_before_loss_const + 0.2)`.
    #[must_use]
    pub fn token_retransmit_ms(&self, nodes: usize) -> u32 {
        written(self.token_retransmit_ms.as_ref()).unwrap_or_else(|| {
            let tenths = u64::from(self.token_ms(nodes)) * 10;
            let parts = u64::from(self.token_retransmits_before_loss()) * 10 + 2;
            u32::try_from(tenths / parts).unwrap_or(u32::MAX)
        })
    }

    /// How long the token is held while there is little to send: `token_retransmit * 0.8 - 10`.
    #[must_use]
    pub fn hold_ms(&self, nodes: usize) -> u32 {
        written(self.hold_ms.as_ref()).unwrap_or_else(|| {
            let retransmit = u64::from(self.token_retransmit_ms(nodes));
            u32::try_from((retransmit * 8 / 10).saturating_sub(10)).unwrap_or(u32::MAX)
        })
    }

    /// How long to wait for join messages.
    #[must_use]
    pub fn join_ms(&self) -> u32 {
        let default = match self.defaults {
            Peer::Corosync3 => 50,
            Peer::Cman => 60,
        };
        written(self.join_ms.as_ref()).unwrap_or(default)
    }

    /// How long to wait for agreement: `1.2 * token`; with CMAN a fifth of `token` between 200 and
    /// 2000 for two nodes, and `token + 2000` for more.
    #[must_use]
    pub fn consensus_ms(&self, nodes: usize) -> u32 {
        written(self.consensus_ms.as_ref()).unwrap_or_else(|| {
            let token = self.token_ms(nodes);
            match self.defaults {
                Peer::Corosync3 => u32::try_from(u64::from(token) * 12 / 10).unwrap_or(u32::MAX),
                Peer::Cman if nodes > 2 => token.saturating_add(2000),
                Peer::Cman => (token / 5).clamp(200, 2000),
            }
        })
    }

    /// How often other partitions are looked for while nothing is sent.
    #[must_use]
    pub fn merge_ms(&self) -> u32 {
        written(self.merge_ms.as_ref()).unwrap_or(200)
    }
}

#[cfg(test)]
mod tests {
    use diagnostics::{Sources, Span};

    use super::*;

    fn at(value: u32) -> Option<Spanned<u32>> {
        let source = Sources::new().add("c.conf", "");
        let span = Span {
            source,
            start: 0,
            end: 0,
        };
        Some(Spanned::new(value, span))
    }

    /// The corosync rows are what `corosync-cmapctl` of 3.1.7 shows under `runtime.config.totem`.
    #[test]
    fn times_follow_from_token_as_in_the_peer() {
        // peer, nodes, token → token, retransmit, hold, consensus, join
        let table = [
            (Peer::Corosync3, 2, 0, [3000, 714, 561, 3600, 50]),
            (Peer::Corosync3, 3, 0, [3650, 869, 685, 4380, 50]),
            (Peer::Corosync3, 3, 1000, [1650, 392, 303, 1980, 50]),
            (Peer::Cman, 2, 0, [10_000, 495, 386, 2000, 60]),
            (Peer::Cman, 3, 0, [10_000, 495, 386, 12_000, 60]),
            (Peer::Cman, 2, 500, [500, 24, 9, 200, 60]),
        ];
        for (defaults, nodes, token, expected) in table {
            let times = Times {
                defaults,
                token_ms: at(token),
                ..Times::default()
            };
            let found = [
                times.token_ms(nodes),
                times.token_retransmit_ms(nodes),
                times.hold_ms(nodes),
                times.consensus_ms(nodes),
                times.join_ms(),
            ];
            assert_eq!(found, expected, "{defaults:?} {nodes} {token}");
        }
    }

    #[test]
    fn what_is_written_counts_and_nothing_overflows() {
        let times = Times {
            token_ms: at(u32::MAX),
            token_coefficient_ms: at(u32::MAX),
            hold_ms: at(77),
            ..Times::default()
        };
        assert_eq!(times.token_ms(usize::MAX), u32::MAX);
        assert_eq!(times.consensus_ms(2), u32::MAX);
        assert_eq!(times.hold_ms(2), 77);
        let off = Times {
            token_coefficient_ms: at(0),
            ..Times::default()
        };
        assert_eq!(off.token_ms(8), 3000);
    }
}
