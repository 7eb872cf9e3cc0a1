//! Many seeds, and those that once found something.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Seeds of a normal run; `cargo xtask sim cluster --seeds N --from SEED` plays more.
const SEEDS: u64 = 2000;

#[test]
fn the_cluster_agrees_whatever_happens_to_its_nodes() {
    let next = AtomicU64::new(0);
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= SEEDS {
                        break;
                    }
                    if let Err(failure) = cluster_sim::run(seed) {
                        panic!("{failure}");
                    }
                }
            });
        }
    });
}

#[test]
fn seeds_that_once_found_a_defect_stay_mended() {
    let regressions = include_str!("regressions.txt");
    let seeds = regressions
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    for word in seeds.filter(|word| !word.starts_with('#')) {
        let seed = word
            .parse()
            .expect("regressions.txt: each line begins with a seed or with #");
        if let Err(failure) = cluster_sim::run(seed) {
            panic!("{failure}");
        }
    }
}
