//! The CIB that a command works on: read, upgraded, checked.

use cib::schema::{self, SchemaError};
use cib::time::DateTime;
use cib::xml::Document;

use super::NAME;
use super::options::Options;
use crate::source::{Source, Unreadable, is_compressed};
use crate::{ExitCode, Files, said};

/// Why there is no input.
pub(super) struct Refusal {
    /// What is said of it on standard error, line by line.
    pub text: String,
    pub exit_code: ExitCode,
}

impl Refusal {
    pub fn new(text: impl Into<String>, exit_code: ExitCode) -> Self {
        Self {
            text: text.into(),
            exit_code,
        }
    }
}

/// A CIB that can be worked on.
pub(super) struct Input {
    pub cib: Document,
    /// What there is to say about it, for standard error.
    pub notices: Vec<String>,
}

/// Refuses what could be read as a request to save the result, but cannot be done: replacing what is
/// not a file, and compressing.
pub(super) fn check_destinations(options: &Options) -> Result<(), Refusal> {
    let usage = |text: &str| Err(Refusal::new(format!("{NAME}: {text}"), ExitCode::USAGE));
    if options.in_place && options.source == Source::StandardInput {
        return usage("--in-place needs a file to replace: use --xml-file");
    }
    for path in [options.result_file(), options.save_input.as_deref()] {
        if let Some(path) = path.filter(|path| is_compressed(path)) {
            return usage(&format!(
                "'{path}' is the name of a compressed file, and CIBs are saved as plain XML"
            ));
        }
    }
    Ok(())
}

/// Reads the CIB from `source`.
pub(super) fn read(source: &Source, files: &mut dyn Files) -> Result<Input, Refusal> {
    let mut cib = source.read(files).map_err(|unreadable| match unreadable {
        Unreadable::Input(reason) => Refusal::new(
            format!("{NAME}: Could not read input XML: {reason}"),
            ExitCode::INVALID_DATA,
        ),
        Unreadable::Connection(text, exit_code) => {
            Refusal::new(format!("{NAME}: {text}"), exit_code)
        }
    })?;
    let root = cib.root();
    if root.child("status").is_none() {
        let root = root.xml_id();
        cib.append(root, "status");
    }
    let notices = prepare(&mut cib, source)?;
    Ok(Input { cib, notices })
}

/// Checks `cib`, which came from `source`, and brings it to the current syntax. Gives what there is to
/// say about that.
fn prepare(cib: &mut Document, source: &Source) -> Result<Vec<String>, Refusal> {
    match schema::prepare(cib) {
        Ok(prepared) if !prepared.is_checked => Ok(vec![said::UNCHECKED.to_owned()]),
        Ok(prepared) => Ok(prepared.notices.iter().map(ToString::to_string).collect()),
        Err(error) => Err(Refusal::new(
            refusal_text(&error, source),
            ExitCode::CONFIGURATION,
        )),
    }
}

/// What is wrong with the input, line by line.
fn refusal_text(error: &SchemaError, source: &Source) -> String {
    let name = source.file().unwrap_or("-");
    let mut text = String::new();
    if let SchemaError::Invalid { violations, .. } = error {
        for violation in violations {
            text.push_str(&format!("{name}:{violation}\n"));
        }
    }
    text.push_str(&error.to_string());
    text
}

/// The time at which a CIB is looked at, and why that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EffectiveTime {
    /// It was asked for.
    Given(DateTime),
    /// The CIB was saved then (`execution-date`).
    Original(DateTime),
    /// It is now.
    Now(DateTime),
}

impl EffectiveTime {
    pub fn moment(self) -> DateTime {
        match self {
            Self::Given(moment) | Self::Original(moment) | Self::Now(moment) => moment,
        }
    }
}

/// The time at which `cib` is looked at. A date that makes no sense stands for now.
pub(super) fn effective_time(options: &Options, cib: &Document, now: DateTime) -> EffectiveTime {
    if let Some(text) = &options.date {
        return EffectiveTime::Given(DateTime::parse(text, now).unwrap_or(now));
    }
    cib.root()
        .attribute("execution-date")
        .and_then(|value| value.parse().ok())
        .map_or(EffectiveTime::Now(now), |epoch_s| {
            EffectiveTime::Original(DateTime::from_epoch_s(epoch_s))
        })
}
