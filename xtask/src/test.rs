//! `cargo xtask test`: all tests, with skips counted and explained.

use std::io::{BufRead, BufReader, Write as _};
use std::process::Stdio;

use crate::Outcome;

/// What the test runners' closing lines add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Tally {
    /// Adds one closing line of libtest, such as
    /// `test result: ok. 4 passed; 0 failed; 0 ignored; …`; any other line adds nothing.
    fn add_line(&mut self, line: &str) {
        let Some(figures) = line.trim_start().strip_prefix("test result: ") else {
            return;
        };
        let figures = figures
            .split_once(". ")
            .map_or(figures, |(_, figures)| figures);
        for figure in figures.split(';') {
            let mut words = figure.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Runs `cargo test` over the workspace and closes with one line of figures.
pub fn run(arguments: &[String]) -> Outcome {
    let no_skips = arguments.iter().any(|argument| argument == "--no-skips");
    let passed_on = arguments
        .iter()
        .filter(|argument| *argument != "--no-skips");
    let skip_log = tempfile::NamedTempFile::new()
        .map_err(|error| format!("cannot make a file for the skipped tests: {error}"))?;

    let mut child = crate::cargo()
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(passed_on)
        .env(testing_support::SKIP_LOG_VARIABLE, skip_log.path())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cargo test could not be started: {error}"))?;
    let mut tally = Tally::default();
    let output = child
        .stdout
        .take()
        .expect("the standard output was asked for as a pipe");
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| format!("cargo test's output ended: {error}"))?;
        let _ = writeln!(std::io::stdout(), "{line}");
        tally.add_line(&line);
    }
    let status = child
        .wait()
        .map_err(|error| format!("cargo test was lost: {error}"))?;

    let skips = std::fs::read_to_string(skip_log.path())
        .map_err(|error| format!("cannot read the skipped tests: {error}"))?;
    let skipped = skips.lines().count();
    for skip in skips.lines() {
        let mut fields = skip.split('\t');
        let mut field = || fields.next().unwrap_or_default();
        println!(
            "skipped: {}: {}; to enable it: {}",
            field(),
            field(),
            field()
        );
    }
    println!();
    println!(
        "{} passed, {} failed, {} skipped",
        tally.passed.saturating_sub(skipped),
        tally.failed,
        skipped + tally.ignored
    );
    if !status.success() {
        return Err("some tests failed or did not build".to_owned());
    }
    if no_skips && skipped + tally.ignored > 0 {
        return Err("some tests were skipped, and --no-skips asks for none".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn closing_lines_add_up_and_other_lines_do_not() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out",
            "test passed ... ok",
            "9 passed; 9 failed",
        ] {
            tally.add_line(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 6,
                failed: 3,
                ignored: 1
            }
        );
    }
}
