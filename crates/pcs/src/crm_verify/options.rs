//! The command line of `crm_verify`: options, what they mean, and the help text.

use crate::command_line::{
    CommonOptions, Grammar, Group, Request, application_options, entry, output_options,
};
use crate::output::Format;
use crate::source::Source;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// What every tool can be asked for.
    pub common: CommonOptions,
    /// Several sources may be given; which one counts is for [`Options::source`] to say.
    file: Option<String>,
    text: Option<String>,
    standard_input: bool,
    live: bool,
    /// `-S`: a file that the CIB is saved to.
    pub save: Option<String>,
}

impl Options {
    /// Where the CIB comes from; none where nothing was said. What looks like XML is XML, even as the
    /// name of a file; what does not is the name of a file, even as XML.
    pub fn source(&self) -> Option<Source> {
        if let Some(text) = self.file.as_ref().or(self.text.as_ref()) {
            return Some(match &**text {
                "-" => Source::StandardInput,
                text if text.trim_ascii_start().starts_with('<') => Source::Text(text.to_owned()),
                path => Source::File(path.to_owned()),
            });
        }
        match (self.standard_input, self.live) {
            (true, _) => Some(Source::StandardInput),
            (false, true) => Some(Source::Live),
            (false, false) => None,
        }
    }

    /// How much is told: nothing but the verdict, the configuration's problems, and with each further
    /// `-V` what else there is to say. What programs read always has the problems.
    pub fn verbosity(&self, format: Format) -> usize {
        let CommonOptions {
            verbosity, quiet, ..
        } = self.common;
        match format {
            Format::Xml | Format::Json => 1,
            Format::Text | Format::None | Format::Html => {
                verbosity.saturating_sub(usize::from(quiet))
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Live,
    File,
    Pipe,
    Text,
    Save,
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: super::NAME,
    summary: SUMMARY,
    closing: EXAMPLES,
    groups: &[
        Group {
            name: "output",
            heading: "Output Options:",
            help: "Show output help",
            entries: &output_options(),
        },
        Group {
            name: "data",
            heading: "Data sources:",
            help: "Show data options",
            entries: &[
                entry("live-check", 'L', None, Meaning::Live, "Check the configuration used by the running cluster"),
                entry("xml-file", 'x', Some("FILE"), Meaning::File, "Check the configuration in the named file"),
                entry("xml-pipe", 'p', None, Meaning::Pipe, "Check the configuration piped in via stdin"),
                entry("xml-text", 'X', Some("XML"), Meaning::Text, "Check the configuration in the supplied string"),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional options:",
            help: "Show additional options",
            entries: &[
                entry("save-xml", 'S', Some("FILE"), Meaning::Save, "Save verified XML to named file (most useful with -L)"),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('q', "Don't print verify information"),
        },
    ],
};

const SUMMARY: &str = "\
Check a Pacemaker configuration for errors

Check the well-formedness of a complete Pacemaker XML configuration,
its conformance to the configured schema, and the presence of common
misconfigurations. Problems reported as errors must be fixed before the
cluster will work properly. It is left to the administrator to decide
whether to fix problems reported as warnings.";

const EXAMPLES: &str = "\
Examples:

Check the consistency of the configuration in the running cluster:

\tcrm_verify --live-check

Check the consistency of the configuration in a given file and produce quiet output:

\tcrm_verify --xml-file file.xml --quiet

Check the consistency of the configuration in a given file and produce verbose output:

\tcrm_verify --xml-file file.xml --verbose


";

/// Reads a command line, without the program's name, into `options`. What there is to say about its
/// form goes to `notices`. Gives the help text, where that was asked for.
pub(super) fn parse(
    arguments: &[String],
    options: &mut Options,
    notices: &mut String,
) -> Result<Option<String>, String> {
    let request = GRAMMAR.read(arguments, notices, |meaning, given, _| {
        let argument = given.argument.to_owned();
        match meaning {
            Meaning::Live => options.live = true,
            Meaning::File => options.file = Some(argument),
            Meaning::Pipe => options.standard_input = true,
            Meaning::Text => options.text = Some(argument),
            Meaning::Save => options.save = Some(argument),
        }
        Ok(())
    })?;
    Ok(match request {
        Request::Help(text) => Some(text),
        Request::Run(common) => {
            options.common = common;
            None
        }
    })
}
