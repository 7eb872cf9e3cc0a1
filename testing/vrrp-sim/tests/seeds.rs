//! Many seeds, and those that once found something.

/// Seeds of a normal run; `cargo xtask sim vrrp --seeds N --from SEED` plays more.
const SEEDS: u64 = 300;

fn play(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        if let Err(failure) = vrrp_sim::run(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn one_master_once_the_network_is_whole() {
    play(0..SEEDS);
}

#[test]
fn seeds_that_once_found_a_defect_stay_mended() {
    let regressions = include_str!("regressions.txt");
    let seeds = regressions
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    play(seeds.filter(|word| !word.starts_with('#')).map(|word| {
        word.parse()
            .expect("regressions.txt: each line begins with a seed or with #")
    }));
}
