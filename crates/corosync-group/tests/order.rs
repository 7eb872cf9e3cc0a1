//! Whole groups on a simulated CPG: extended virtual synchrony as corosync keeps it, with parts,
//! merges, deaths and messages that are late. Each seed is one history.

mod net;

use net::{Net, Random};

const SEEDS: u64 = 400;
const STEPS: u32 = 600;

#[test]
fn views_are_agreed_and_every_message_comes_once_in_one_order() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut net = Net::new(seed, 2 + u32::try_from(seed % 4).expect("it is small"));
        for _ in 0..STEPS {
            net.step(&mut random);
        }
        net.settle();
        net.check_all_delivered();
    }
}
