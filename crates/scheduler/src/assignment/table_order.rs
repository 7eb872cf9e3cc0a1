//! The order in which Pacemaker meets the nodes of a set.
//!
//! It keeps them in hash tables, and walks these where nodes are compared by free capacity. That
//! comparison has ties (and even circles), so that the first one met wins: an accident of the nodes'
//! identities which nothing but the table itself explains. Which node is preferred of two that have
//! as much more of one kind as less of another depends on it.
//!
//! - A node's place is 11 times the hash of its identity, modulo a prime below the table's size; if
//!   that is taken, 1, then 2, then 3 … further on.
//! - The table has 8 places at first. When it is full but for a sixteenth, it gets the least power of
//!   two above 4/3 of what it holds. Entries then move, the lowest place first, each to its new
//!   place; one that has not moved yet must give way and goes on to its own.

use crate::model::{Candidate, Candidates, NodeId, Plan};

/// The largest prime below each power of two (exactly 1 and 2 for the first ones).
const PRIMES: [u32; 32] = [
    1,
    2,
    3,
    7,
    13,
    31,
    61,
    127,
    251,
    509,
    1021,
    2039,
    4093,
    8191,
    16381,
    32749,
    65521,
    131_071,
    262_139,
    524_287,
    1_048_573,
    2_097_143,
    4_194_301,
    8_388_593,
    16_777_213,
    33_554_393,
    67_108_859,
    134_217_689,
    268_435_399,
    536_870_909,
    1_073_741_789,
    2_147_483_647,
];

/// The least number of places, as a power of two.
const MIN_BITS: u32 = 3;

/// The candidates in the order in which a table yields them that was filled in the order of names.
pub(super) fn in_table_order(
    plan: &Plan<'_>,
    candidates: &Candidates,
) -> impl DoubleEndedIterator<Item = Candidate> + use<> {
    let mut table = Table::new();
    for &node in &plan.nodes_by_name {
        if candidates.contains(node) {
            table.insert(node, hash(plan.nodes[node].uuid));
        }
    }
    let found: Vec<Candidate> = table
        .nodes()
        .filter_map(|node| candidates.get(node).copied())
        .collect();
    found.into_iter()
}

fn hash(identity: &str) -> u32 {
    identity.bytes().fold(0, |hash: u32, byte| {
        // Bytes count as signed.
        hash.wrapping_mul(31)
            .wrapping_add_signed(i32::from(byte.cast_signed()))
    })
}

#[derive(Clone, Copy)]
struct Entry {
    node: NodeId,
    hash: u32,
}

struct Table {
    bits: u32,
    places: Vec<Option<Entry>>,
    count: usize,
}

impl Table {
    fn new() -> Self {
        Self {
            bits: MIN_BITS,
            places: vec![None; 1 << MIN_BITS],
            count: 0,
        }
    }

    fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.places.iter().flatten().map(|entry| entry.node)
    }

    fn insert(&mut self, node: NodeId, hash: u32) {
        let place = self.free_place(hash, |places, place| places[place].is_some());
        self.places[place] = Some(Entry { node, hash });
        self.count += 1;
        if self.places.len() <= self.count + self.count / 16 {
            self.grow();
        }
    }

    fn free_place(&self, hash: u32, is_taken: impl Fn(&[Option<Entry>], usize) -> bool) -> usize {
        let mut place = (hash.wrapping_mul(11) % PRIMES[self.bits as usize]) as usize;
        let mut step = 0;
        while is_taken(&self.places, place) {
            step += 1;
            place = (place + step) & (self.places.len() - 1);
        }
        place
    }

    fn grow(&mut self) {
        let wanted = self.count * 1333 / 1000;
        self.bits = (usize::BITS - wanted.leading_zeros()).max(MIN_BITS);
        let old_len = self.places.len();
        self.places.resize((1 << self.bits).max(old_len), None);
        let mut moved = vec![false; self.places.len()];
        for from in 0..old_len {
            if moved[from] {
                continue;
            }
            let mut next = self.places[from].take();
            while let Some(entry) = next {
                let place = self.free_place(entry.hash, |_, place| moved[place]);
                moved[place] = true;
                next = self.places[place].replace(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::Id;

    fn order(identities: &[&str]) -> Vec<usize> {
        let mut table = Table::new();
        for (number, identity) in identities.iter().enumerate() {
            table.insert(NodeId::new(number), hash(identity));
        }
        table.nodes().map(Id::index).collect()
    }

    #[test]
    fn nodes_are_met_by_the_hash_of_their_identity() {
        assert_eq!(order(&["node1", "node2", "node3"]), [1, 0, 2]);
    }

    #[test]
    fn nothing_is_lost_when_a_table_grows() {
        let identities: Vec<String> = (0..200).map(|number| number.to_string()).collect();
        let identities: Vec<&str> = identities.iter().map(String::as_str).collect();
        let mut found = order(&identities);
        found.sort_unstable();
        assert!(found.into_iter().eq(0..200));
    }
}
