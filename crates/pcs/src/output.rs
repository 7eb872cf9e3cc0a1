//! Where a tool's results go, and in which form.

use std::io;

use crate::command_line::CommonOptions;
use crate::files::reason;
use crate::{ExitCode, Files, Outcome};

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// As Pacemaker's API schema has it.
    Xml,
    /// One JSON document.
    Json,
    /// A page for browsers.
    Html,
    /// Not at all.
    None,
}

/// Where results go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    pub format: Format,
    /// The file; none for standard output.
    pub file: Option<String>,
}

/// Why results cannot go there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoOutput {
    pub text: String,
    pub exit_code: ExitCode,
}

impl Output {
    /// What `options` ask for. The file is made, or emptied.
    pub fn open(options: &CommonOptions, files: &mut dyn Files) -> Result<Self, NoOutput> {
        Self::open_with(options, &[], files)
    }

    /// The same, for a tool that has `more` forms.
    pub fn open_with(
        options: &CommonOptions,
        more: &[(&str, Format)],
        files: &mut dyn Files,
    ) -> Result<Self, NoOutput> {
        let name = options.output_as.as_deref().unwrap_or("text");
        let refused = |reason: &str, exit_code| NoOutput {
            text: format!("Error creating output format {name}: {reason}"),
            exit_code,
        };
        let format = match name {
            "text" => Format::Text,
            "xml" => Format::Xml,
            "json" => Format::Json,
            "none" => Format::None,
            name => match more.iter().find(|(own, _)| *own == name) {
                Some(&(_, format)) => format,
                None => return Err(refused("Unknown output format", ExitCode::NO_SUCH)),
            },
        };
        let file = options.output_to.clone().filter(|path| path != "-");
        if let Some(path) = &file {
            files
                .write(path, "")
                .map_err(|error| refused(&reason(&error), ExitCode::of(&error)))?;
        }
        Ok(Self { format, file })
    }

    /// Adds `text`, which is all there is to write, to `outcome`.
    pub fn write(&self, text: String, outcome: &mut Outcome, files: &mut dyn Files) {
        let text = match self.format {
            Format::None => String::new(),
            _ => text,
        };
        let Some(path) = &self.file else {
            outcome.standard_output = text;
            return;
        };
        if let Err(error) = files.write(path, &text) {
            outcome.fail(&could_not_create(path, &error), ExitCode::of(&error));
        }
    }
}

/// That a file cannot be written, and why.
pub(crate) fn could_not_create(path: &str, error: &io::Error) -> String {
    format!("Could not create '{path}': {}", reason(error))
}
