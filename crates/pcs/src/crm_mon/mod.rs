//! `crm_mon`: how the cluster is, once or as it changes.
//!
//! ```text
//! CIB file, or daemon: CIB + status ─► scheduler::read ─► page (text, HTML, XML, JSON)
//!                      events ─► again
//! ```
//!
//! Watching costs nothing while nothing happens: the daemon tells when the CIB, the view or the
//! verdict on quorum is another one.

mod head;
mod history;
mod options;
mod page;
mod placing;
mod watch;

use std::io;

use cib::time::DateTime;
use cluster_api::Status;

use crate::output::{Format, Output};
use crate::source::file_for_cluster;
use crate::status::doubt::{Doubt, Standing, doubt};
use crate::store::{StoreError, Target};
use crate::{ExitCode, Files, Outcome, document};
use options::Options;

const NAME: &str = "crm_mon";

/// Where pages go while the cluster is watched.
pub struct Screen<'s> {
    /// Where they are written.
    pub out: &'s mut dyn io::Write,
    /// Whether each takes the place of the one before.
    pub is_terminal: bool,
}

/// Runs the command with `arguments` (without its own name). `clock` is asked for the current time,
/// as the local clock shows it. Pages that are shown while the cluster is watched go to `screen`.
#[must_use]
pub fn run(
    arguments: &[String],
    clock: &dyn Fn() -> DateTime,
    files: &mut dyn Files,
    screen: &mut Screen<'_>,
) -> Outcome {
    let mut options = Options::default();
    let mut outcome = Outcome::default();
    match options::parse(arguments, &mut options, &mut String::new()) {
        Ok(Some(help)) => {
            outcome.standard_output = help;
            return outcome;
        }
        Ok(None) => {}
        Err(problem) => {
            outcome.fail(&format!("{NAME}: {problem}"), ExitCode::USAGE);
            return outcome;
        }
    }
    const MORE: &[(&str, Format)] = &[("console", Format::Text), ("html", Format::Html)];
    let output = match Output::open_with(&options.common, MORE, files) {
        Ok(output) => output,
        Err(refused) => {
            outcome.fail(&format!("{NAME}: {}", refused.text), refused.exit_code);
            return outcome;
        }
    };
    if options.common.version {
        let text = document::version(output.format, NAME, arguments);
        output.write(text, &mut outcome, files);
        return outcome;
    }
    let mut monitor = Monitor {
        options,
        arguments,
        clock,
        format: output.format,
        target: Target::of(files),
    };
    let is_once = monitor.options.one_shot
        || matches!(output.format, Format::Xml | Format::Json)
        // A file does not tell when it changes.
        || file_for_cluster(files).is_some();
    if is_once {
        monitor.once(&output, files, &mut outcome);
    } else {
        watch::watch(&mut monitor, &output, files, screen, &mut outcome);
    }
    outcome
}

/// What pages are made of.
struct Monitor<'m> {
    options: Options,
    arguments: &'m [String],
    clock: &'m dyn Fn() -> DateTime,
    format: Format,
    target: Target,
}

/// One look at the cluster.
struct Look {
    text: String,
    /// Whether all is well, as a monitoring system sees it.
    is_well: bool,
    doubt: Option<Doubt>,
}

impl Monitor<'_> {
    fn once(&mut self, output: &Output, files: &mut dyn Files, outcome: &mut Outcome) {
        match self.look(files) {
            Ok(look) => {
                if self.options.simple && !look.is_well {
                    outcome.exit_code = ExitCode::ERROR;
                }
                output.write(look.text, outcome, files);
            }
            Err(error) => {
                let (text, exit_code) = failure(&error);
                outcome.exit_code = exit_code;
                let text = match self.format {
                    Format::Xml => {
                        let document = document::new_xml(NAME, self.arguments);
                        document::xml_text(document, exit_code, &[text])
                    }
                    Format::Json => {
                        let document = document::new_json(NAME, self.arguments);
                        document::json_text(document, exit_code, &[text])
                    }
                    Format::Text | Format::Html | Format::None => {
                        outcome.say(&format!("{NAME}: {text}"));
                        String::new()
                    }
                };
                output.write(text, outcome, files);
            }
        }
    }

    fn look(&mut self, files: &mut dyn Files) -> Result<Look, StoreError> {
        let status: Option<Status> = match self.target.cluster() {
            Some(cluster) => Some(cluster.status()?),
            None => None,
        };
        let cib = self.target.read(files)?;
        let standing = status.as_ref().map(|it| Standing::new(it, &cib));
        page::page(self, cib, status.as_ref(), |policy| {
            doubt(standing.as_ref()?, policy)
        })
    }
}

/// The page that `pcs status` shows: everything about nodes and resources, and with `is_full` all that
/// there is to say.
pub(crate) fn page_of_pcs(
    cib: cib::xml::Document,
    now: DateTime,
    status: Option<&Status>,
    is_full: bool,
    hides_inactive: bool,
) -> Result<String, StoreError> {
    let mut words = vec!["-1"];
    if !hides_inactive {
        words.push("-r");
    }
    if is_full {
        words.extend(["-R", "-A", "-f", "-c"]);
    }
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let mut options = Options::default();
    // These words are understood.
    let _ = options::parse(&words, &mut options, &mut String::new());
    let monitor = Monitor {
        options,
        arguments: &words,
        clock: &|| now,
        format: Format::Text,
        target: Target::File(String::new()),
    };
    let standing = status.map(|it| Standing::new(it, &cib));
    let look = page::page(&monitor, cib, status, |policy| {
        doubt(standing.as_ref()?, policy)
    })?;
    Ok(look.text)
}

/// What is said where there is no cluster, and how the command ends.
fn failure(error: &StoreError) -> (String, ExitCode) {
    match error {
        StoreError::NotRunning | StoreError::Cluster(_) => (
            format!("Connection to cluster failed: {error}"),
            ExitCode::DISCONNECTED,
        ),
        StoreError::File { .. } => (
            format!("Could not connect to the CIB: {error}"),
            ExitCode::DISCONNECTED,
        ),
        StoreError::Parse(_) => (error.to_string(), ExitCode::CONFIGURATION),
        other => (other.to_string(), ExitCode::ERROR),
    }
}
