//! `crm_simulate`: what would the cluster do?
//!
//! ```text
//! options ─► input ─► read ─► status ─► (inject, read again) ─► decide ─► summary
//!                                                                 │
//!                                  revised status ◄─ read ◄─ carry out
//! ```
//!
//! What happens when:
//!
//! 1. The CIB is read, upgraded and checked. The time is that of `--set-datetime`, else the one that
//!    the CIB was saved at (`execution-date`), else now.
//! 2. Unless only scores were asked for, the current status is shown.
//! 3. What was asked for by `--node-up` and the like is changed.
//! 4. With `--run`, the scheduler decides; scores, the summary of the transition and its graph are
//!    shown and saved.
//!    With `--explain`, there is the explanation of one resource instead of status and summary.
//! 5. With `--simulate`, the transition is carried out as if all agents did as they were asked, and
//!    the status that comes of it is shown.

mod command;
mod explain;
mod input;
pub mod options;
mod profile;
mod report;
mod summary;

use cib::time::DateTime;

use crate::{ExitCode, Files, Outcome, VERSION_TEXT};
use command::Command;
use options::{Refused, Request};

/// Runs the command with `arguments` (without its own name). `clock` is asked for the current time,
/// as the local clock shows it.
#[must_use]
pub fn run(arguments: &[String], clock: impl Fn() -> DateTime, files: &mut dyn Files) -> Outcome {
    let line = options::parse(arguments);
    let mut outcome = match line.request {
        Ok(Request::Help(text)) => Outcome {
            standard_output: text,
            ..Outcome::default()
        },
        Ok(Request::Version(_)) => Outcome {
            standard_output: VERSION_TEXT.to_owned(),
            ..Outcome::default()
        },
        Ok(Request::Run(options)) => Command::new(&options, arguments, &clock, files).run(),
        Err(Refused::Usage(problem)) => Outcome {
            standard_error: format!("crm_simulate: {problem}\n"),
            exit_code: ExitCode::USAGE,
            ..Outcome::default()
        },
        Err(Refused::Format(format)) => Outcome {
            standard_error: format!(
                "Error creating output format {format}: Unknown output format\n"
            ),
            exit_code: ExitCode::NO_SUCH,
            ..Outcome::default()
        },
    };
    outcome.standard_error.insert_str(0, &line.notices);
    outcome
}
