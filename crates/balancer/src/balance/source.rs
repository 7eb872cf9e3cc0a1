//! The same server for the same client address.

use std::net::IpAddr;

use super::{Candidate, round_robin};

/// Points on the ring for each unit of weight (`hash-type consistent`).
const POINTS_PER_WEIGHT: u32 = 16;

/// From hash to server: a table by weight (`hash-type map-based`, exact shares, but most clients
/// move when a server comes or goes) or a ring (`hash-type consistent`, few move).
#[derive(Default)]
pub(super) struct SourceMap {
    /// Map-based: one entry a unit of weight. Consistent: empty.
    table: Vec<usize>,
    /// Consistent: points in order. Map-based: empty.
    ring: Vec<(u32, usize)>,
}

/// The number that an address hashes from: its 32-bit words, folded.
pub(crate) fn key_of(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.to_bits(),
            None => address
                .octets()
                .chunks_exact(4)
                .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
                .fold(0, |folded, word| folded ^ word),
        },
    }
}

impl SourceMap {
    /// For these servers; there is at least one whenever a server is asked for.
    pub fn rebuild(&mut self, usable: &[Candidate], consistent: bool) {
        self.ring.clear();
        if consistent {
            self.table.clear();
            for candidate in usable {
                for point in 0..candidate.weight * POINTS_PER_WEIGHT {
                    let place = mix(mix(candidate.id) ^ point);
                    self.ring.push((place, candidate.index));
                }
            }
            self.ring.sort_unstable();
        } else {
            // Spread, so that neighbours in the table differ where weights allow.
            self.table = round_robin::spread(usable);
        }
    }

    /// The server of a key.
    pub fn server(&self, key: u32) -> usize {
        if self.ring.is_empty() {
            let entry = key as usize % self.table.len().max(1);
            self.table.get(entry).copied().unwrap_or(0)
        } else {
            self.ring[self.place_on_ring(key)].1
        }
    }

    /// The next one after another server, for that key.
    pub fn server_after(&self, key: u32, other: usize) -> Option<usize> {
        if self.ring.is_empty() {
            let start = key as usize % self.table.len().max(1);
            let (before, after) = self.table.split_at(start.min(self.table.len()));
            after
                .iter()
                .chain(before)
                .copied()
                .find(|index| *index != other)
        } else {
            let (before, after) = self.ring.split_at(self.place_on_ring(key));
            after
                .iter()
                .chain(before)
                .map(|(_, index)| *index)
                .find(|index| *index != other)
        }
    }

    fn place_on_ring(&self, key: u32) -> usize {
        let hash = mix(key);
        self.ring.partition_point(|(place, _)| *place < hash) % self.ring.len()
    }
}

/// Spreads a number over all 32 bits (the finaliser of MurmurHash3, public domain).
const fn mix(mut number: u32) -> u32 {
    number ^= number >> 16;
    number = number.wrapping_mul(0x85eb_ca6b);
    number ^= number >> 13;
    number = number.wrapping_mul(0xc2b2_ae35);
    number ^ (number >> 16)
}
