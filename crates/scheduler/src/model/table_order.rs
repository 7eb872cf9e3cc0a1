//! The order in which Pacemaker meets the nodes of a set, or kinds of utilization.
//!
//! It keeps them in hash tables, and walks these where nodes are compared by free capacity. That
//! comparison has ties (and even circles), so that the first one met wins: an accident of the nodes'
//! identities which nothing but the table itself explains. Which node is preferred of two that have
//! as much more of one kind as less of another depends on it, and so do the numbers of unfencings
//! that are all made for one device.
//!
//! - An entry's place is 11 times the hash of its key, modulo a prime below the table's size; if that
//!   is taken, 1, then 2, then 3 … further on.
//! - The table has 8 places at first. When it is full but for a sixteenth, it gets the least power of
//!   two above 4/3 of what it holds. Entries then move, the lowest place first, each to its new
//!   place; one that has not moved yet must give way and goes on to its own.

use super::{Candidate, Candidates, Plan};

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

/// The candidates as a table yields them that was filled in the order of names.
pub(crate) fn in_table_order(
    plan: &Plan<'_>,
    candidates: &Candidates,
) -> impl DoubleEndedIterator<Item = Candidate> + use<> {
    let by_name: Vec<Candidate> = plan
        .nodes_by_name
        .iter()
        .filter_map(|&node| candidates.get(node).copied())
        .collect();
    let identities = by_name
        .iter()
        .map(|candidate| plan.nodes[candidate.node].uuid);
    let order = table_order(identities);
    order.into_iter().map(move |place| by_name[place])
}

/// The order in which a table yields entries that were added with these keys.
pub(crate) fn table_order<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<usize> {
    let mut table = Table::new();
    for (number, key) in keys.enumerate() {
        table.insert(number, hash(key));
    }
    table
        .places
        .iter()
        .flatten()
        .map(|entry| entry.number)
        .collect()
}

fn hash(key: &str) -> u32 {
    key.bytes().fold(0, |hash: u32, byte| {
        // Bytes count as signed.
        hash.wrapping_mul(31)
            .wrapping_add_signed(i32::from(byte.cast_signed()))
    })
}

#[derive(Clone, Copy)]
struct Entry {
    number: usize,
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

    fn insert(&mut self, number: usize, hash: u32) {
        let place = self.free_place(hash, |places, place| places[place].is_some());
        self.places[place] = Some(Entry { number, hash });
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
    use super::table_order;

    #[test]
    fn entries_are_met_by_the_hash_of_their_keys() {
        assert_eq!(
            table_order(["node1", "node2", "node3"].into_iter()),
            [1, 0, 2]
        );
    }

    #[test]
    fn a_table_that_grew_yields_what_crm_simulate_shows() {
        let keys = [
            "cpu", "ram", "disk", "memory", "net", "gpu", "slots", "licenses", "x",
        ];
        let found: Vec<&str> = table_order(keys.into_iter())
            .iter()
            .map(|&place| keys[place])
            .collect();
        assert_eq!(
            found,
            [
                "cpu", "disk", "ram", "net", "slots", "x", "memory", "licenses", "gpu"
            ]
        );
    }

    /// What GLib 2.74 does.
    #[test]
    fn tables_grow_as_glibs_do() {
        let check = |count: usize, expected: &str| {
            let keys: Vec<String> = (1..=count).map(|number| format!("node{number}")).collect();
            let found: Vec<String> = table_order(keys.iter().map(String::as_str))
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
        let keys: Vec<String> = (0..200).map(|number| number.to_string()).collect();
        let mut found = table_order(keys.iter().map(String::as_str));
        found.sort_unstable();
        assert!(found.into_iter().eq(0..200));
    }
}
