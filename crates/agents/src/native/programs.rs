//! Programs of the machine that native agents run.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use system::process::Exit;

use crate::executor::Settings;
use crate::ocf::{PATH, base_environment};
use crate::outcome::{ExecutionStatus, OcfCode, Outcome};
use crate::process_group::{Ended, run};

/// Where programs are looked for, as scripts would.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(name.into());
    }
    let folders = PATH.split(':').map(PathBuf::from);
    folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// What came of a program that ended in time.
#[derive(Debug)]
pub(super) struct Ran {
    /// 128 and the signal's number, where one ended it.
    pub(super) code: i32,
    pub(super) output: String,
    pub(super) error_output: String,
}

impl Ran {
    pub(super) fn succeeded(&self) -> bool {
        self.code == 0
    }

    /// The last line that it had for people; the exit code, where it had none.
    pub(super) fn last_words(&self) -> String {
        let last = self
            .error_output
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty());
        last.map_or_else(|| format!("exit code {}", self.code), str::to_owned)
    }
}

/// Runs a program to its end, in the environment of scripts.
///
/// # Errors
/// The outcome that it means: it is not installed, cannot be run, or took longer than `limit`.
pub(super) async fn run_program(
    settings: &Settings,
    name: &str,
    arguments: &[&str],
    limit: Duration,
) -> Result<Ran, Box<Outcome>> {
    run_in(name, arguments, &base_environment(settings), limit).await
}

/// The same with nothing but that environment.
///
/// # Errors
/// As [`run_program`].
pub(super) async fn run_in(
    name: &str,
    arguments: &[&str],
    environment: &[(String, OsString)],
    limit: Duration,
) -> Result<Ran, Box<Outcome>> {
    let Some(program) = find(name) else {
        let reason = format!("{name} is needed and not installed");
        return Err(Outcome::done(OcfCode::NotInstalled, reason).into());
    };
    let ran = run(&program, arguments, environment, limit).await;
    let code = match ran.ended {
        Ended::Exit(Exit::Code(code)) => code,
        Ended::Exit(Exit::Signal(number)) => 128 + number,
        Ended::TimedOut { .. } => {
            let reason = format!("{name} did not end within {limit:?}");
            return Err(
                Outcome::immediate(OcfCode::Error, ExecutionStatus::Timeout, reason).into(),
            );
        }
        Ended::NotRun(error) => {
            let reason = format!("{name} cannot be run: {error}");
            return Err(Outcome::done(OcfCode::NotInstalled, reason).into());
        }
    };
    Ok(Ran {
        code,
        output: ran.output,
        error_output: ran.error_output,
    })
}
