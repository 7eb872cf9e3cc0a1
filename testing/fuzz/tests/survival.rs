//! Every fuzz target survives its seeds and a few thousand seeded mutations of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Inputs tried for each target, its seeds together.
const INPUTS: usize = 2_400;

/// A small deterministic generator (SplitMix64): enough to mutate, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }
}

/// Bytes that parsers branch on.
const INTERESTING: &[u8] = b"\0\t\n\r \"#$%'(),-./0123456789:;={}\\[]@~\x7f\xff";

fn mutate(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, INTERESTING[dice.roll(INTERESTING.len())]),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 if at < bytes.len() => bytes[at] = dice.roll(256) as u8,
            4 if at < bytes.len() => bytes[at] = INTERESTING[dice.roll(INTERESTING.len())],
            _ => {
                let from = dice.roll(bytes.len() + 1);
                let piece = bytes[from..(from + dice.roll(24)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

#[test]
fn targets_survive_seeds_and_mutations() {
    for target in fuzz::TARGETS {
        let mut dice = Dice(1);
        for seed in target.seeds {
            for round in 0..INPUTS / target.seeds.len() {
                let input = if round == 0 {
                    seed.to_vec()
                } else {
                    mutate(seed, &mut dice)
                };
                let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
                assert!(
                    outcome.is_ok(),
                    "{} does not survive b\"{}\"",
                    target.name,
                    input.escape_ascii()
                );
            }
        }
    }
}
