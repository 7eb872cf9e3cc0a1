//! Many seeds of clusters that run resources, and those that once found something.

/// Seeds of a normal run; `cargo xtask sim resources --seeds N --from SEED` plays more.
const SEEDS: u64 = 200;

fn play(seed: u64) {
    if let Err(failure) = cluster_sim::run_resources(seed) {
        panic!("{failure}");
    }
}

#[test]
fn resources_run_once_and_come_to_rest_whatever_happens() {
    (0..SEEDS).for_each(play);
}

#[test]
fn seeds_that_once_found_a_defect_stay_mended() {
    let regressions = include_str!("resource-regressions.txt");
    let words = regressions
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    for word in words.filter(|word| !word.starts_with('#')) {
        let seed = word.parse();
        play(seed.expect("resource-regressions.txt: each line begins with a seed or with #"));
    }
}
