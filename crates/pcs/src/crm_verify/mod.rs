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
use cib::xml::Document;
use scheduler::model::Severity;
use serde_json::json;

use crate::{ExitCode, Files, Outcome, VERSION_TEXT, result};
use check::{Findings, Verdict};
use options::{Format, Options, Request, Source};

const NAME: &str = "crm_verify";

/// Runs the command with `arguments` (without its own name). `clock` is asked for the current time,
/// as the local clock shows it.
#[must_use]
pub fn run(arguments: &[String], clock: impl Fn() -> DateTime, files: &mut dyn Files) -> Outcome {
    let mut notices = String::new();
    let mut outcome = match options::parse(arguments, &mut notices) {
        Ok(Request::Help(text)) => Outcome {
            standard_output: text,
            ..Outcome::default()
        },
        Ok(Request::Version) => Outcome {
            standard_output: VERSION_TEXT.to_owned(),
            ..Outcome::default()
        },
        Ok(Request::Run(options)) => {
            let answer = answer(&options, clock, files);
            write(&options, arguments, &answer, files)
        }
        Err(problem) => Outcome {
            standard_error: format!("{NAME}: {problem}\n"),
            exit_code: ExitCode::USAGE,
            ..Outcome::default()
        },
    };
    outcome.standard_error.insert_str(0, &notices);
    outcome
}

/// What there is to say, and how it ends.
struct Answer {
    lines: Vec<String>,
    verdict: Option<Verdict>,
    exit_code: ExitCode,
}

impl Answer {
    fn refusal(text: &str, exit_code: ExitCode) -> Self {
        Self {
            lines: vec![format!("{NAME}: {text}")],
            verdict: None,
            exit_code,
        }
    }
}

fn answer(options: &Options, clock: impl Fn() -> DateTime, files: &mut dyn Files) -> Answer {
    let source = match options.source() {
        None => return Answer::refusal("No input specified", ExitCode::ERROR),
        Some(Source::Live) => {
            return Answer::refusal(
                "There is no running cluster to ask yet: use --xml-file with a saved CIB",
                ExitCode::DISCONNECTED,
            );
        }
        Some(source) => source,
    };
    let file = match &source {
        Source::File(path) => Some(path.as_str()),
        _ => None,
    };
    let text = match &source {
        Source::File(path) if path != "-" => files.read(path),
        Source::Text(text) => Ok(text.clone()),
        _ => files.read_standard_input(),
    };
    let parsed = text
        .map_err(|error| error.to_string())
        .and_then(|text| Document::parse(&text).map_err(|error| error.to_string()));
    let cib = match parsed {
        Ok(cib) => cib,
        Err(reason) => {
            let name = file.map_or(String::new(), |file| format!("{file}: "));
            let text = format!("Verification failed: Unable to parse CIB XML ({name}{reason})");
            return Answer::refusal(&text, ExitCode::CONFIGURATION);
        }
    };
    let saved = options
        .save
        .as_ref()
        .map(|path| (path, files.write(path, &cib.to_string())));
    let findings = check::check(cib, file, clock());
    let mut answer = judged(options, &findings);
    if let Some((path, Err(error))) = saved {
        let text = format!("{NAME}: Could not create '{path}': {error}");
        answer.lines.insert(0, text);
    }
    answer
}

fn judged(options: &Options, findings: &Findings) -> Answer {
    let verdict = findings.verdict();
    let mut lines = findings.lines.clone();
    lines.extend(message_lines(findings, options.verbosity()));
    if verdict == Verdict::Invalid && options.verbosity() > 0 {
        lines.push("error: CIB did not pass schema validation".to_owned());
    }
    let failure = match verdict {
        Verdict::Valid => None,
        Verdict::MayNeedAttention => Some("may need attention"),
        Verdict::Invalid => Some("invalid"),
    };
    if let Some(failure) = failure.filter(|_| !options.quiet) {
        let hint = match options.verbosity() {
            0 => " (-V may provide more detail)",
            _ => "",
        };
        lines.push(format!("Configuration {failure}{hint}"));
    }
    Answer {
        lines,
        verdict: Some(verdict),
        exit_code: match verdict {
            Verdict::Valid => ExitCode::OK,
            Verdict::MayNeedAttention | Verdict::Invalid => ExitCode::CONFIGURATION,
        },
    }
}

/// The configuration's errors and warnings from the first `-V` on, then all errors and warnings, then
/// notices, then everything.
fn message_lines(findings: &Findings, verbosity: usize) -> impl Iterator<Item = String> {
    findings.messages.iter().filter_map(move |message| {
        let (name, level) = match message.severity {
            Severity::Error => ("error", 2),
            Severity::Warning => ("warning", 2),
            Severity::Notice => ("notice", 3),
            Severity::Info => ("info", 4),
        };
        let level = if message.about_configuration && level == 2 {
            1
        } else {
            level
        };
        (verbosity >= level).then(|| format!("{name}: {}", message.text))
    })
}

/// Writes the answer in the form that was asked for. For people, everything is on standard error.
fn write(
    options: &Options,
    arguments: &[String],
    answer: &Answer,
    files: &mut dyn Files,
) -> Outcome {
    let mut outcome = Outcome {
        exit_code: answer.exit_code,
        ..Outcome::default()
    };
    let text = match options.format {
        Format::Text => {
            for line in &answer.lines {
                outcome.standard_error.push_str(line);
                outcome.standard_error.push('\n');
            }
            String::new()
        }
        Format::Xml => {
            let document = result::xml(NAME, arguments);
            result::xml_text(document, answer.exit_code, &answer.lines)
        }
        Format::Json => {
            let mut document = result::json(NAME, arguments);
            let verdict = answer.verdict.map(|verdict| match verdict {
                Verdict::Valid => "valid",
                Verdict::MayNeedAttention => "may need attention",
                Verdict::Invalid => "invalid",
            });
            document.insert("verdict".to_owned(), json!(verdict));
            result::json_text(document, answer.exit_code, &answer.lines)
        }
        Format::None => String::new(),
    };
    match &options.output_to {
        None => outcome.standard_output = text,
        Some(path) => {
            if let Err(error) = files.write(path, &text) {
                outcome
                    .standard_error
                    .push_str(&format!("Error creating output format: {path}: {error}\n"));
                outcome.exit_code = ExitCode::ERROR;
            }
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
