//! The command line of the torture.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What was asked for.
pub struct Options {
    /// For how long.
    pub length: Duration,
    /// Where the faults come from.
    pub seed: u64,
    /// Whether the program is built without optimisation.
    pub is_debug: bool,
}

/// Reads `[--hours H] [--minutes M] [--seed S] [--debug]`; ten minutes unless told.
pub fn read(arguments: &[String]) -> Result<Options, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut options = Options {
        length: Duration::ZERO,
        seed: now.map_or(1, |now| now.as_secs()),
        is_debug: false,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--debug" {
            options.is_debug = true;
            continue;
        }
        let value: Option<f64> = arguments.next().and_then(|value| value.parse().ok());
        let value = value
            .filter(|value| *value >= 0.0)
            .ok_or_else(|| format!("{argument} needs a number"))?;
        match argument.as_str() {
            "--hours" => options.length += Duration::from_secs_f64(value * 3600.0),
            "--minutes" => options.length += Duration::from_secs_f64(value * 60.0),
            "--seed" => options.seed = value as u64,
            unknown => return Err(format!("unknown option '{unknown}'")),
        }
    }
    if options.length.is_zero() {
        options.length = Duration::from_secs(600);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_add_up() {
        let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let options = read(&words("--hours 1 --minutes 0.5 --seed 7")).unwrap();
        assert_eq!((options.length.as_secs(), options.seed), (3630, 7));
        assert!(read(&words("--hours")).is_err());
        assert!(read(&words("--weeks 1")).is_err());
    }
}
