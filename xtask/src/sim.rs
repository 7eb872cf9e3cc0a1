//! `cargo xtask sim`: many seeds of the simulations, on one thread or on several.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

const USAGE: &str = "\
usage: cargo xtask sim vrrp [--seeds N] [--from SEED]
       cargo xtask sim cluster [--seeds N] [--from SEED] [--long] [--jobs N]
       cargo xtask sim resources [--seeds N] [--from SEED] [--long] [--jobs N]";
const VRRP_SEEDS: u64 = 1000;
const CLUSTER_SEEDS: u64 = 2000;
const LONG_SEEDS: u64 = 200_000;
const RESOURCE_SEEDS: u64 = 500;
const LONG_RESOURCE_SEEDS: u64 = 50_000;
/// A line of progress after so many seeds.
const PROGRESS: u64 = 20_000;

/// Which seeds, and how.
struct Options {
    seeds: u64,
    from: u64,
    jobs: usize,
}

/// `sim vrrp`, `sim cluster` and `sim resources`. Ends at the first seed that breaks a rule, with what happened and
/// the command that plays it again.
pub fn run(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["vrrp", options @ ..] => vrrp(&read(options, VRRP_SEEDS, LONG_SEEDS)?),
        ["cluster", options @ ..] => cluster(&read(options, CLUSTER_SEEDS, LONG_SEEDS)?),
        ["resources", options @ ..] => {
            resources(&read(options, RESOURCE_SEEDS, LONG_RESOURCE_SEEDS)?)
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn read(words: &[&str], seeds: u64, long_seeds: u64) -> Result<Options, String> {
    let mut options = Options {
        seeds,
        from: 0,
        jobs: 1,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "--long" {
            options.seeds = long_seeds;
            continue;
        }
        let value = words.next().ok_or(USAGE)?;
        let number: u64 = value
            .parse()
            .map_err(|_| format!("'{value}' is not a number"))?;
        match *word {
            "--seeds" => options.seeds = number,
            "--from" => options.from = number,
            "--jobs" => options.jobs = usize::try_from(number.clamp(1, 256)).unwrap_or(1),
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

fn vrrp(options: &Options) -> Outcome {
    let began = Instant::now();
    let (simulated, transitions) = (AtomicU64::new(0), AtomicU64::new(0));
    play(options, |seed| {
        let outcome = vrrp_sim::run(seed).map_err(|failure| failure.to_string())?;
        add_time(&simulated, outcome.simulated);
        transitions.fetch_add(outcome.transitions, Ordering::Relaxed);
        Ok(())
    })?;
    println!(
        "{} seeds from {}: every rule held over {:.1} simulated hours and {} changes of holder, \
         in {:.1} s",
        options.seeds,
        options.from,
        hours(&simulated),
        transitions.into_inner(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

fn cluster(options: &Options) -> Outcome {
    let began = Instant::now();
    let (simulated, views) = (AtomicU64::new(0), AtomicU64::new(0));
    let (delivered, frames) = (AtomicU64::new(0), AtomicU64::new(0));
    let changes = AtomicU64::new(0);
    let slowest = Mutex::new((Duration::ZERO, 0));
    play(options, |seed| {
        let outcome = cluster_sim::run(seed).map_err(|failure| failure.to_string())?;
        add_time(&simulated, outcome.simulated);
        views.fetch_add(outcome.views, Ordering::Relaxed);
        delivered.fetch_add(outcome.delivered, Ordering::Relaxed);
        frames.fetch_add(outcome.frames, Ordering::Relaxed);
        changes.fetch_add(outcome.changes, Ordering::Relaxed);
        let mut slowest = slowest.lock().map_err(|_| "a thread panicked")?;
        *slowest = (*slowest).max((outcome.healed_after, seed));
        Ok(())
    })?;
    let (healed_after, seed) = slowest.into_inner().map_err(|_| "a thread panicked")?;
    println!(
        "{} seeds from {}: every rule held over {:.1} simulated hours, {} views, {} deliveries, \
         {} frames and {} changes that were vouched for; the slowest agreement after the last fault took {healed_after:?} (seed {seed}); \
         in {:.1} s",
        options.seeds,
        options.from,
        hours(&simulated),
        views.into_inner(),
        delivered.into_inner(),
        frames.into_inner(),
        changes.into_inner(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

fn resources(options: &Options) -> Outcome {
    let began = Instant::now();
    let (simulated, operations) = (AtomicU64::new(0), AtomicU64::new(0));
    let fencings = AtomicU64::new(0);
    let slowest = Mutex::new((Duration::ZERO, 0));
    play(options, |seed| {
        let outcome = cluster_sim::run_resources(seed).map_err(|failure| failure.to_string())?;
        add_time(&simulated, outcome.simulated);
        operations.fetch_add(outcome.operations, Ordering::Relaxed);
        fencings.fetch_add(outcome.fencings, Ordering::Relaxed);
        let mut slowest = slowest.lock().map_err(|_| "a thread panicked")?;
        *slowest = (*slowest).max((outcome.healed_after, seed));
        Ok(())
    })?;
    let (rest_after, seed) = slowest.into_inner().map_err(|_| "a thread panicked")?;
    println!(
        "{} seeds from {}: every rule held over {:.1} simulated hours, {} operations and {} nodes \
         that were fenced; the latest rest after the last fault took {rest_after:?} (seed {seed}); in \
         {:.1} s",
        options.seeds,
        options.from,
        hours(&simulated),
        operations.into_inner(),
        fencings.into_inner(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

fn add_time(sum: &AtomicU64, time: Duration) {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    sum.fetch_add(micros, Ordering::Relaxed);
}

fn hours(sum: &AtomicU64) -> f64 {
    Duration::from_micros(sum.load(Ordering::Relaxed)).as_secs_f64() / 3600.0
}

/// Plays the seeds, the next one wherever a thread is free, until one fails.
fn play(options: &Options, one: impl Fn(u64) -> Outcome + Sync) -> Outcome {
    let end = options.from.saturating_add(options.seeds);
    let next = AtomicU64::new(options.from);
    let over = AtomicBool::new(false);
    let work = || {
        while !over.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                break;
            }
            if let Err(failure) = one(seed) {
                over.store(true, Ordering::Relaxed);
                return Err(failure);
            }
            let played = seed - options.from + 1;
            if played.is_multiple_of(PROGRESS) {
                eprintln!("{played} of {} seeds", options.seeds);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..options.jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a seed panicked".to_owned()))
        })
    })
}
