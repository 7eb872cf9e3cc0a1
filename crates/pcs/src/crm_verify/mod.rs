//! `crm_verify`: is a configuration right?
//!
//! ```text
//! options ─► CIB ─► schema ─► upgrade ─► scheduler ─► messages ─► verdict
//! ```
//!
//! The verdict is the exit code: 0 where nothing is wrong, 78 where there are errors or warnings.
//! Which they are is told with `-V`; violations of the schema are always told.
//!
//! A cluster with fencing enabled and nothing to fence with is what most people meet first:
//!
//! | version | `crm_verify -V` says |
//! | --- | --- |
//! | 3.0, and here | `error: Resource start-up disabled since no fencing resources have been defined. Either configure some or disable fencing with the fencing-enabled option. NOTE: Clusters with shared data need fencing to ensure data integrity.` `error: CIB did not pass schema validation` `Configuration invalid` |
//! | 2.1 | `(unpack_resources) error: Resource start-up disabled since no STONITH resources have been defined`, `(unpack_resources) error: Either configure some or disable STONITH with the stonith-enabled option`, `(unpack_resources) error: NOTE: Clusters with shared data need STONITH to ensure data integrity`, `crm_verify: Errors found during check: config not valid` |
//! | 1.1 | as 2.1, with `error: unpack_resources: ` before each and `Errors found during check: config not valid` |

mod check;
mod options;

use cib::time::DateTime;
use scheduler::model::{Message, Severity};
use serde_json::json;

use crate::output::{Format, Output, could_not_create};
use crate::source::Unreadable;
use crate::{ExitCode, Files, Outcome, document, said};
use check::{Findings, Verdict};
use options::Options;

const NAME: &str = "crm_verify";

/// Runs the command with `arguments` (without its own name). `clock` is asked for the current time,
/// as the local clock shows it.
#[must_use]
pub fn run(arguments: &[String], clock: impl Fn() -> DateTime, files: &mut dyn Files) -> Outcome {
    let mut options = Options::default();
    let mut outcome = Outcome::default();
    match options::parse(arguments, &mut options, &mut outcome.standard_error) {
        Ok(Some(help)) => outcome.standard_output = help,
        Ok(None) => match Output::open(&options.common, files) {
            Ok(output) => {
                let text = if options.common.version {
                    document::version(output.format, NAME, arguments)
                } else {
                    let answer = answer(&options, output.format, clock, files);
                    form(output.format, arguments, &answer, &mut outcome)
                };
                output.write(text, &mut outcome, files);
            }
            Err(refused) => outcome.fail(&format!("{NAME}: {}", refused.text), ExitCode::ERROR),
        },
        Err(problem) => outcome.fail(&format!("{NAME}: {problem}"), ExitCode::USAGE),
    }
    outcome
}

/// What there is to say, and how it ends.
struct Answer {
    /// For standard error, whatever the form.
    notices: Vec<String>,
    lines: Vec<String>,
    verdict: Option<Verdict>,
    exit_code: ExitCode,
}

impl Answer {
    fn refusal(text: &str, exit_code: ExitCode) -> Self {
        Self {
            notices: Vec::new(),
            lines: vec![format!("{NAME}: {text}")],
            verdict: None,
            exit_code,
        }
    }
}

fn answer(
    options: &Options,
    format: Format,
    clock: impl Fn() -> DateTime,
    files: &mut dyn Files,
) -> Answer {
    let Some(source) = options.source() else {
        return Answer::refusal("No input specified", ExitCode::ERROR);
    };
    let cib = match source.read(files) {
        Ok(cib) => cib,
        Err(Unreadable::Input(reason)) => {
            let name = source
                .file()
                .map_or(String::new(), |file| format!("{file}: "));
            let text = format!("Verification failed: Unable to parse CIB XML ({name}{reason})");
            return Answer::refusal(&text, ExitCode::CONFIGURATION);
        }
        Err(Unreadable::Connection(text, exit_code)) => return Answer::refusal(&text, exit_code),
    };
    let saved = options
        .save
        .as_ref()
        .map(|path| (path, files.write(path, &cib.to_string())));
    let findings = check::check(cib, source.file(), clock());
    let mut answer = judged(options, format, &findings);
    if let Some((path, Err(error))) = saved {
        let text = format!("{NAME}: {}", could_not_create(path, &error));
        answer.lines.insert(0, text);
    }
    answer
}

fn judged(options: &Options, format: Format, findings: &Findings) -> Answer {
    let verdict = findings.verdict();
    let verbosity = options.verbosity(format);
    let mut notices = findings.notices.clone();
    let mut lines = findings.lines.clone();
    for message in &findings.messages {
        // What is no problem of the configuration is not for programs.
        if message.about_configuration || format == Format::Text {
            lines.extend((verbosity >= level(message)).then(|| said::line(message)));
        } else {
            let is_told = options.verbosity(Format::Text) >= level(message);
            notices.extend(is_told.then(|| said::line(message)));
        }
    }
    if verdict == Verdict::Invalid && verbosity > 0 {
        lines.push("error: CIB did not pass schema validation".to_owned());
    }
    let failure = match verdict {
        Verdict::Valid => None,
        Verdict::MayNeedAttention => Some("may need attention"),
        Verdict::Invalid => Some("invalid"),
    };
    if let Some(failure) = failure.filter(|_| !options.common.quiet) {
        let hint = match verbosity {
            0 => " (-V may provide more detail)",
            _ => "",
        };
        lines.push(format!("Configuration {failure}{hint}"));
    }
    Answer {
        notices,
        lines,
        verdict: Some(verdict),
        exit_code: match verdict {
            Verdict::Valid => ExitCode::OK,
            Verdict::MayNeedAttention | Verdict::Invalid => ExitCode::CONFIGURATION,
        },
    }
}

/// At which `-V` a message is told: what is wrong with the configuration with the first, and what
/// else there is to say with as many as it is unimportant.
const fn level(message: &Message) -> usize {
    match message.severity {
        Severity::Error => 1,
        Severity::Warning if message.about_configuration => 1,
        Severity::Warning => 2,
        Severity::Notice => 3,
        Severity::Info => 4,
    }
}

/// The answer in the form that was asked for. For people, everything is on standard error.
fn form(format: Format, arguments: &[String], answer: &Answer, outcome: &mut Outcome) -> String {
    outcome.exit_code = answer.exit_code;
    for notice in &answer.notices {
        outcome.say(notice);
    }
    match format {
        Format::Text => {
            for line in &answer.lines {
                outcome.say(line);
            }
            String::new()
        }
        Format::Xml => {
            let document = document::new_xml(NAME, arguments);
            document::xml_text(document, answer.exit_code, &answer.lines)
        }
        Format::Json => {
            let mut document = document::new_json(NAME, arguments);
            let verdict = answer.verdict.map(|verdict| match verdict {
                Verdict::Valid => "valid",
                Verdict::MayNeedAttention => "may need attention",
                Verdict::Invalid => "invalid",
            });
            document.insert("verdict".to_owned(), json!(verdict));
            document::json_text(document, answer.exit_code, &answer.lines)
        }
        Format::None | Format::Html => String::new(),
    }
}

#[cfg(test)]
mod tests;
