//! What a whole process costs.
//!
//! The kernel tells a parent the CPU time and peak memory of its children together. To learn them
//! of one process, a small process in between (this program again, verb `measured`) has that one as
//! its only child.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::os::unix::process::CommandExt as _;

/// The verb of the process in between.
pub(crate) const VERB: &str = "measured";

/// What a process cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// CPU time, user and system.
    pub(super) cpu: Duration,
    /// Peak of its resident memory.
    pub(super) peak_kib: u64,
}

/// Runs `command`, its output thrown away. `None` where it does not end within `limit`, or fails.
pub(super) fn measure(command: &Command, limit: Duration) -> Result<Option<Cost>, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut between = Command::new(this);
    between
        .arg(VERB)
        .arg(command.get_program())
        .args(command.get_args());
    between.envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    between
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    let mut child = between.spawn().map_err(|error| error.to_string())?;
    let started = Instant::now();
    let succeeded = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status.success();
        }
        if started.elapsed() > limit {
            let group = i32::try_from(child.id()).map_err(|error| error.to_string())?;
            killpg(Pid::from_raw(group), Signal::SIGKILL).map_err(|error| error.to_string())?;
            child.wait().map_err(|error| error.to_string())?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
    match (succeeded, numbers.next(), numbers.next()) {
        (true, Some(cpu_us), Some(peak_kib)) => Ok(Some(Cost {
            cpu: Duration::from_micros(cpu_us),
            peak_kib,
        })),
        _ => Ok(None),
    }
}

/// The process in between: runs the program that `arguments` name and prints its CPU time in
/// microseconds and its peak memory in KiB.
pub(crate) fn measured(arguments: &[String]) -> ExitCode {
    let Some((program, rest)) = arguments.split_first() else {
        return ExitCode::FAILURE;
    };
    let status = Command::new(program)
        .args(rest)
        .stdout(Stdio::null())
        .status();
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return ExitCode::FAILURE;
    };
    let cpu_us = [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() * 1_000_000 + time.tv_usec())
        .sum::<i64>();
    println!("{cpu_us} {}", usage.max_rss());
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
