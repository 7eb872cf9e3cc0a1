//! `cargo xtask sim vrrp`: many seeds of the simulation of virtual routers.

use std::time::{Duration, Instant};

use crate::Outcome;

const DEFAULT_SEEDS: u64 = 1000;
const USAGE: &str = "usage: cargo xtask sim vrrp [--seeds N] [--from SEED]";

/// `sim vrrp [--seeds N] [--from SEED]`. Ends at the first seed that breaks a rule, with what
/// happened and the command that plays it again.
pub fn run(arguments: &[String]) -> Outcome {
    let (seeds, from) = read(arguments)?;
    let began = Instant::now();
    let mut simulated = Duration::ZERO;
    let mut transitions = 0;
    for seed in from..from.saturating_add(seeds) {
        let outcome = vrrp_sim::run(seed).map_err(|failure| failure.to_string())?;
        simulated += outcome.simulated;
        transitions += outcome.transitions;
    }
    println!(
        "{seeds} seeds from {from}: every rule held over {:.1} simulated hours and {transitions} \
         changes of holder, in {:.1} s",
        simulated.as_secs_f64() / 3600.0,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

fn read(arguments: &[String]) -> Result<(u64, u64), String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ["vrrp", options @ ..] = &words[..] else {
        return Err(USAGE.to_owned());
    };
    let (mut seeds, mut from) = (DEFAULT_SEEDS, 0);
    for option in options.chunks(2) {
        let [name, value] = option else {
            return Err(USAGE.to_owned());
        };
        let number = value
            .parse()
            .map_err(|_| format!("'{value}' is not a number"))?;
        match *name {
            "--seeds" => seeds = number,
            "--from" => from = number,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok((seeds, from))
}
