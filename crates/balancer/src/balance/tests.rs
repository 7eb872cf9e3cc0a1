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
        (&[1, 1, 1][..], "012012"),
        (&[3, 1, 1], "010201020"),
        (&[2, 1], "010010"),
        (&[1, 0, 1], "0202"),
        (&[1], "000"),
    ] {
        let usable = candidates(weights);
        let mut turns = RoundRobin::new(weights.len());
        let found: String = (0..expected.len())
            .filter_map(|_| turns.next(&usable, |_| true))
            .map(|index| index.to_string())
            .collect();
        let total: u32 = weights.iter().sum();
        // The order within one round may differ; each server's share may not.
        let share = |text: &str, index: usize| {
            text.chars()
                .take(total as usize)
                .filter(|digit| digit.to_digit(10) == u32::try_from(index).ok())
                .count()
        };
        for index in 0..weights.len() {
            assert_eq!(
                share(&found, index),
                weights[index] as usize,
                "{weights:?} {found}"
            );
        }
    }
}

#[test]
fn a_round_gives_each_server_its_share_and_has_a_limit() {
    let shares = |weights: &[u32]| {
        let round = round_robin::round(&candidates(weights));
        let turns = |index| round.iter().filter(|found| **found == index).count();
        (0..weights.len()).map(turns).collect::<Vec<_>>()
    };
    for (weights, expected) in [
        (&[][..], &[][..]),
        (&[0, 0], &[0, 0]),
        (&[100, 100], &[1, 1]),
        (&[100, 50, 0], &[2, 1, 0]),
        (&[3, 2], &[3, 2]),
    ] {
        assert_eq!(shares(weights), expected, "{weights:?}");
    }
    let whole = [[255, 257].as_slice(), &[1; round_robin::ROUND_MAX - 512]].concat();
    assert_eq!(shares(&whole)[..3], [255, 257, 1]);
    let over = [[255, 257].as_slice(), &[1; round_robin::ROUND_MAX - 511]].concat();
    assert_eq!(shares(&over)[..3], [127, 128, 1]);
}

#[test]
fn a_full_server_is_passed_over_without_losing_its_turn() {
    let usable = candidates(&[1, 1]);
    let mut turns = RoundRobin::new(2);
    assert_eq!(turns.next(&usable, |index| index != 0), Some(1));
    assert_eq!(turns.next(&usable, |_| true), Some(0));
    assert_eq!(turns.next(&usable, |_| false), None);
}

#[test]
fn the_least_loaded_for_its_weight_is_picked_and_equals_take_turns() {
    for (weights, active, last, expected) in [
        (&[1, 1, 1][..], &[0, 0, 0][..], None, Some(0)),
        (&[1, 1, 1], &[0, 0, 0], Some(0), Some(1)),
        (&[1, 1, 1], &[0, 0, 0], Some(2), Some(0)),
        (&[1, 1, 1], &[2, 1, 3], Some(1), Some(1)),
        (&[4, 1], &[3, 1], Some(0), Some(0)),
        (&[4, 1], &[4, 1], Some(0), Some(1)),
    ] {
        let usable = candidates(weights);
        let found = least_loaded(&usable, last, |_| true, |index| active[index]);
        assert_eq!(found, expected, "{weights:?} {active:?} {last:?}");
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
