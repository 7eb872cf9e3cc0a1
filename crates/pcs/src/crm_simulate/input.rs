//! The CIB that a command works on: read, upgraded, checked.

use cib::schema::{self, SchemaError};
use cib::time::DateTime;
use cib::xml::Document;

use super::options::{Options, Source};
use crate::files::reason;
use crate::{ExitCode, Files};

/// Why there is no input.
pub(super) struct Refusal {
    /// What is said of it on standard error, line by line.
    pub text: String,
    pub exit_code: ExitCode,
}

impl Refusal {
    fn new(text: impl Into<String>, exit_code: ExitCode) -> Self {
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

/// Reads the CIB from `source`.
pub(super) fn read(source: &Source, files: &mut dyn Files) -> Result<Input, Refusal> {
    let text = match source {
        Source::Live => {
            return Err(Refusal::new(
                "crm_simulate: There is no running cluster to ask yet: \
                 use --xml-file with a saved CIB",
                ExitCode::DISCONNECTED,
            ));
        }
        Source::StandardInput => files.read_standard_input(),
        Source::File(path) => files.read(path),
    };
    let unreadable = |reason: String| {
        Refusal::new(
            format!("crm_simulate: Could not read input XML: {reason}"),
            ExitCode::INVALID_DATA,
        )
    };
    let text = text.map_err(|error| unreadable(reason(&error)))?;
    let mut cib = Document::parse(&text).map_err(|error| unreadable(error.to_string()))?;
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
    const UNCHECKED: &str = "Schema validation of configuration is disabled \
         (support for validate-with set to \"none\" is deprecated \
         and will be removed in a future release)";
    match schema::prepare(cib) {
        Ok(prepared) if !prepared.is_checked => Ok(vec![UNCHECKED.to_owned()]),
        Ok(prepared) => Ok(prepared.notices.iter().map(ToString::to_string).collect()),
        Err(error) => Err(Refusal::new(
            refusal_text(&error, source),
            ExitCode::CONFIGURATION,
        )),
    }
}

/// What is wrong with the input, line by line.
fn refusal_text(error: &SchemaError, source: &Source) -> String {
    let name = match source {
        Source::File(path) => path,
        Source::StandardInput | Source::Live => "-",
    };
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
