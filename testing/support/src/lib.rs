//! What tests of several crates need: to say that this machine cannot run them, and to wait.
//!
//! Owns: the record of skipped tests. Must never: decide that a failure is a skip, or wait for ever. A test asks for
//! what it needs first; where that is missing it records the reason and the command that would
//! enable it, and returns.
//!
//! ```text
//! test ── require_command("keepalived", …) ──► Some(path)
//!                                         └──► None: one line in $KEEL_SKIP_LOG ──► cargo xtask test
//! ```

use std::io::Write as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// The environment variable that names the file to which skipped tests are recorded.
pub const SKIP_LOG_VARIABLE: &str = "KEEL_SKIP_LOG";

/// Nothing that is waited for takes longer on a machine that works.
pub const LIMIT: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
pub const PACE: Duration = Duration::from_millis(10);

/// Waits until `condition` yields a value.
///
/// # Panics
/// Where it has not after [`LIMIT`].
#[track_caller]
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "this never came: {what}");
        thread::sleep(PACE);
    }
}

/// Records that the calling test did not run: why, and the command that would enable it.
///
/// The test's name is its thread's name, as libtest sets it.
pub fn skip(reason: &str, enable: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("{test}\t{}\t{}\n", one_line(reason), one_line(enable));
    eprintln!("SKIPPED {test}: {reason}; to enable it: {enable}");
    let Some(log) = std::env::var_os(SKIP_LOG_VARIABLE) else {
        return;
    };
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        panic!(
            "cannot record the skipped test in {}: {error}",
            log.display()
        );
    }
}

/// The path of a command that a test needs, or a recorded skip that names its Debian package.
#[must_use]
pub fn require_command(command: &str, package: &str) -> Option<PathBuf> {
    let found = find_command(command);
    if found.is_none() {
        skip(
            &format!("{command} is not installed"),
            &format!("apt-get install {package}"),
        );
    }
    found
}

/// Looks a command up in `PATH` and in the folders of system commands.
#[must_use]
pub fn find_command(command: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder: PathBuf| folder.join(command))
        .find(|candidate| candidate.is_file())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_name_only() {
        assert!(find_command("sh").is_some());
        assert!(find_command("no-such-command-anywhere").is_none());
    }

    #[test]
    fn a_record_is_one_line_of_three_fields() {
        assert_eq!(one_line("a\n  b\tc"), "a b c");
    }
}
