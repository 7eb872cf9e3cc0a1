use std::sync::atomic::AtomicU64;

use super::*;

fn candidates(weights: &[u32]) -> Vec<Candidate> {
    weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0)
        .map(|(index, weight)| Candidate {
            index,
            id: u32::try_from(index).unwrap() + 1,
            weight: *weight,
        })
        .collect()
}

#[test]
fn turns_are_spread_as_evenly_as_weights_allow() {
    for (weights, expected) in [
        (&[1, 1, 1][..], "012"),
        (&[5, 5, 5], "012"),
        (&[3, 1, 1], "01020"),
        (&[2, 1], "010"),
        (&[1, 0, 1], "02"),
        (&[256], "0"),
    ] {
        let found: String = round_robin::spread(&candidates(weights))
            .iter()
            .map(usize::to_string)
            .collect();
        assert_eq!(found, expected, "{weights:?}");
    }
}

#[test]
fn a_round_stays_bounded_whatever_the_weights() {
    let weights: Vec<u32> = (0..1_000).map(|number| 255 - number % 2).collect();
    let round = round_robin::spread(&candidates(&weights));
    assert!(round.len() <= 9_000, "{}", round.len());
    assert!((0..1_000).all(|index| round.contains(&index)));
}

#[test]
fn workers_share_the_turns_and_pass_a_full_server_over() {
    let turn = AtomicU64::new(0);
    let (mut one, mut two) = (RoundRobin::default(), RoundRobin::default());
    for worker in [&mut one, &mut two] {
        worker.rebuild(&candidates(&[1, 1, 1]));
    }
    assert_eq!(one.next(&turn, |_| true), Some(0));
    assert_eq!(two.next(&turn, |_| true), Some(1));
    assert_eq!(one.next(&turn, |index| index != 2), Some(0));
    assert_eq!(two.next(&turn, |_| false), None);
}

#[test]
fn the_least_loaded_for_its_weight_is_picked_and_equals_take_turns() {
    for (weights, active, first, expected) in [
        (&[1, 1, 1][..], &[0, 0, 0][..], 0, Some(0)),
        (&[1, 1, 1], &[0, 0, 0], 1, Some(1)),
        (&[1, 1, 1], &[0, 0, 0], 3, Some(0)),
        (&[1, 1, 1], &[2, 1, 3], 2, Some(1)),
        (&[4, 1], &[3, 1], 1, Some(0)),
        (&[4, 1], &[4, 1], 1, Some(1)),
    ] {
        let usable = candidates(weights);
        let found = least_loaded(&usable, first, |_| true, |index| active[index]);
        assert_eq!(found, expected, "{weights:?} {active:?} {first}");
    }
}

#[test]
fn a_key_keeps_its_server_and_few_move_when_one_leaves_the_ring() {
    const KEYS: u32 = 10_000;
    let all = candidates(&[1, 1, 1, 1]);
    let fewer = candidates(&[1, 1, 0, 1]);
    for (consistent, moved_max) in [(false, KEYS), (true, KEYS / 2)] {
        let (mut before, mut after) = (SourceMap::default(), SourceMap::default());
        before.rebuild(&all, consistent);
        after.rebuild(&fewer, consistent);
        let mut moved = 0;
        for key in 0..KEYS {
            assert_eq!(before.server(key), before.server(key));
            assert_ne!(after.server(key), 2);
            assert_ne!(before.server_after(key, 1), Some(1));
            moved += u32::from(before.server(key) != after.server(key));
        }
        assert!(moved <= moved_max, "{moved} of {KEYS} moved");
    }
}

#[test]
fn addresses_of_both_families_have_a_key() {
    for (address, key) in [
        ("0.0.0.1", 1),
        ("::ffff:0.0.0.1", 1),
        ("::1", 1),
        ("1::1", 0x0001_0001),
    ] {
        assert_eq!(key_of(address.parse().unwrap()), key, "{address}");
    }
}
