//! The order in which Pacemaker walks sets of nodes.
//!
//! Where two nodes are equal in all that matters, the one that comes first is taken; and Pacemaker
//! keeps the nodes of a resource in a hash table of GLib, so that the first one is an accident of
//! that table: of the hash of the nodes' identities, and of how the table grows. Cases with
//! utilization (`utilization-check-allowed-nodes` without its location) and with unfencing depend
//! on it, so it is computed here, and nowhere else:
//!
//! - the hash of a text is `hash * 31 + byte` over its (signed) bytes;
//! - the place is `hash * 11` modulo the largest prime below the table's size; if it is taken, the
//!   next ones are 1, 1 + 2, 1 + 2 + 3 … places further on;
//! - a table has 8 places at first; as soon as it is (nearly) full it gets the next power of two
//!   above four thirds of what is in it, and entries move to their new places one after the other,
//!   each pushing out what it finds there.

use super::ids::NodeId;
use super::node::Candidates;
use super::plan::Plan;

impl Plan<'_> {
    /// The nodes of `candidates` in the order in which Pacemaker walks them. Only for where that
    /// decides.
    #[must_use]
    pub fn walked_nodes(&self, candidates: &Candidates) -> Vec<NodeId> {
        let nodes: Vec<NodeId> = candidates.iter().map(|candidate| candidate.node).collect();
        walk_order(nodes.iter().map(|&node| self.nodes[node].uuid))
            .into_iter()
            .map(|number| nodes[number])
            .collect()
    }
}

/// The largest primes below powers of two, by the exponent.
const PRIMES: [u32; 17] = [
    1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521,
];
/// The exponent of the smallest table.
const LEAST_SHIFT: usize = 3;

/// An entry: the hash of its key, and which of the keys it is.
type Entry = (u32, usize);

/// The numbers of `keys` (which are all different) in the order in which a table is walked that
/// they were put into one after the other.
fn walk_order<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<usize> {
    let mut table = Table::new();
    for (number, key) in keys.into_iter().enumerate() {
        table.insert((hash(key), number));
    }
    table
        .places
        .into_iter()
        .flatten()
        .map(|(_, number)| number)
        .collect()
}

fn hash(key: &str) -> u32 {
    let hash = key.bytes().fold(0_u32, |hash, byte| {
        let byte = i32::from(byte.cast_signed()).cast_unsigned();
        hash.wrapping_mul(31).wrapping_add(byte)
    });
    // 0 and 1 mark empty places.
    if hash < 2 { 2 } else { hash }
}

struct Table {
    shift: usize,
    places: Vec<Option<Entry>>,
    count: usize,
}

impl Table {
    fn new() -> Self {
        Self {
            shift: LEAST_SHIFT,
            places: vec![None; 1 << LEAST_SHIFT],
            count: 0,
        }
    }

    /// The first place for `hash` that is not taken according to `is_taken`.
    fn place(&self, hash: u32, is_taken: impl Fn(usize) -> bool) -> usize {
        let prime = PRIMES.get(self.shift).copied().unwrap_or(u32::MAX);
        let mut place = (hash.wrapping_mul(11) % prime) as usize;
        let mut step = 0;
        while is_taken(place) {
            step += 1;
            place = (place + step) & (self.places.len() - 1);
        }
        place
    }

    fn insert(&mut self, entry: Entry) {
        let place = self.place(entry.0, |place| self.places[place].is_some());
        self.places[place] = Some(entry);
        self.count += 1;
        if self.places.len() <= self.count + self.count / 16 {
            self.grow();
        }
    }

    fn grow(&mut self) {
        let wanted = self.count * 4 / 3;
        self.shift = LEAST_SHIFT.max(usize::BITS as usize - wanted.leading_zeros() as usize);
        let before = self.places.len();
        self.places.resize(1 << self.shift, None);
        let mut is_settled = vec![false; self.places.len()];
        for old in 0..before {
            if is_settled[old] {
                continue;
            }
            let mut moving = self.places[old].take();
            while let Some(entry) = moving {
                let place = self.place(entry.0, |place| is_settled[place]);
                is_settled[place] = true;
                moving = self.places[place].replace(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::walk_order;

    #[test]
    fn tables_are_walked_as_glib_does() {
        let check = |keys: &[&str], expected: &[&str]| {
            let order = walk_order(keys.iter().copied());
            let found: Vec<&str> = order.iter().map(|&number| keys[number]).collect();
            assert_eq!(found, expected);
        };
        check(&[], &[]);
        check(&["node1", "node2"], &["node2", "node1"]);
        check(&["node1", "node2", "node3"], &["node2", "node1", "node3"]);
        check(&["1", "2", "3"], &["1", "3", "2"]);
    }

    /// What GLib 2.74 does.
    #[test]
    fn tables_grow_as_glibs_do() {
        let check = |count: usize, expected: &str| {
            let keys: Vec<String> = (1..=count).map(|number| format!("node{number}")).collect();
            let found: Vec<String> = walk_order(keys.iter().map(String::as_str))
                .into_iter()
                .map(|number| (number + 1).to_string())
                .collect();
            assert_eq!(found.join(" "), expected);
        };
        check(8, "5 4 3 2 8 1 7 6");
        check(20, "10 20 13 3 16 6 19 9 11 1 14 4 17 7 12 2 15 5 18 8");
        check(
            64,
            "60 58 15 31 29 4 45 61 5 16 59 32 46 62 17 6 33 47 20 18 7 63 34 50 48 21 19 8 64 35 \
             51 49 22 9 36 52 23 37 53 10 24 40 38 11 54 25 41 39 55 12 1 26 42 56 13 2 27 43 57 \
             14 30 28 3 44",
        );
    }

    #[test]
    fn nothing_is_lost_when_a_table_grows() {
        let keys: Vec<String> = (0..1000).map(|number| format!("node{number}")).collect();
        let mut order = walk_order(keys.iter().map(String::as_str));
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
