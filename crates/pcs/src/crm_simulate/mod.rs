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

use cib::time::DateTime;

use crate::output::Output;
use crate::{ExitCode, Files, Outcome, document};
use command::Command;
use options::Request;

const NAME: &str = "crm_simulate";

/// Runs the command with `arguments` (without its own name). `clock` is asked for the current time,
/// as the local clock shows it.
#[must_use]
pub fn run(arguments: &[String], clock: impl Fn() -> DateTime, files: &mut dyn Files) -> Outcome {
    let line = options::parse(arguments);
    let mut outcome = Outcome {
        standard_error: line.notices,
        ..Outcome::default()
    };
    match line.request {
        Ok(Request::Help(text)) => outcome.standard_output = text,
        Ok(Request::Run(options)) => match Output::open(&options.common, files) {
            Ok(output) if options.common.version => {
                let text = document::version(output.format, NAME, arguments);
                output.write(text, &mut outcome, files);
            }
            Ok(output) => {
                let command = Command::new(&options, arguments, &clock, files, output.format);
                let text = command.run(&mut outcome);
                output.write(text, &mut outcome, files);
            }
            Err(refused) => outcome.fail(&refused.text, refused.exit_code),
        },
        Err(problem) => outcome.fail(&format!("{NAME}: {problem}"), ExitCode::USAGE),
    }
    outcome
}
