//! `cargo xtask fuzz`: one fuzz target under libFuzzer, for a bounded time.
//!
//! The targets are plain functions of the crate `fuzz`; its tests run each of them over its seeds
//! and a few thousand mutations without libFuzzer. This verb adds coverage guidance: it builds with
//! the compiler's own coverage pass, so no nightly compiler is needed, but a C++ compiler is.

use crate::{Outcome, complete};

const DEFAULT_SECONDS: u64 = 60;

const COVERAGE_FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1";

/// `fuzz list` or `fuzz TARGET [--seconds N]`.
pub fn run(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (target, seconds) = match words[..] {
        ["list"] => {
            return complete(
                crate::cargo().args(["run", "--quiet", "--package", "fuzz", "--bin", "fuzz-list"]),
                "listing the targets",
            );
        }
        [target] => (target, DEFAULT_SECONDS),
        [target, "--seconds", seconds] => (
            target,
            seconds
                .parse()
                .map_err(|_| format!("'{seconds}' is not a number"))?,
        ),
        _ => return Err("usage: cargo xtask fuzz list | TARGET [--seconds N]".to_owned()),
    };
    let corpus = crate::root().join("target/fuzz-corpus").join(target);
    std::fs::create_dir_all(&corpus)
        .map_err(|error| format!("cannot make {}: {error}", corpus.display()))?;
    let target_folder = crate::root().join("target/fuzz");
    complete(
        crate::cargo()
            .args([
                "run",
                "--quiet",
                "--release",
                "--package",
                "fuzz",
                "--features",
                "libfuzzer",
            ])
            .args([
                "--bin",
                "fuzz-run",
                "--target",
                "x86_64-unknown-linux-gnu",
                "--target-dir",
            ])
            .arg(target_folder)
            .arg("--")
            .arg(&corpus)
            .arg(format!("-max_total_time={seconds}"))
            .env("KEEL_FUZZ_TARGET", target)
            .env("RUSTFLAGS", COVERAGE_FLAGS),
        "the fuzz target",
    )
}
