//! The command line of `crm_verify`: options, what they mean, and the help text.

use std::ops::ControlFlow;

use crate::options::{Entry, entry, help_section, read};

/// Where the CIB comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    File(String),
    Text(String),
    StandardInput,
    Live,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Text,
    Xml,
    Json,
    None,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Several may be given; which one counts is for [`Options::source`] to say.
    file: Option<String>,
    text: Option<String>,
    standard_input: bool,
    live: bool,
    /// `-S`: a file that the CIB is saved to.
    pub save: Option<String>,
    pub quiet: bool,
    verbosity: usize,
    pub format: Format,
    /// `--output-to`, where it is not standard output.
    pub output_to: Option<String>,
}

impl Options {
    /// Where the CIB comes from; none where nothing was said.
    pub fn source(&self) -> Option<Source> {
        let text = || self.text.clone().map(Source::Text);
        let input = || self.standard_input.then_some(Source::StandardInput);
        let live = || self.live.then_some(Source::Live);
        let file = self.file.clone().map(Source::File);
        file.or_else(text).or_else(input).or_else(live)
    }

    /// How much is told: nothing but the verdict, the configuration's problems, and with each further
    /// `-V` what else there is to say. What programs read always has the problems.
    pub fn verbosity(&self) -> usize {
        match self.format {
            Format::Xml | Format::Json => 1,
            Format::Text | Format::None => self.verbosity.saturating_sub(usize::from(self.quiet)),
        }
    }
}

/// What a command line asks for.
pub(super) enum Request {
    Run(Options),
    Help(String),
    Version,
}

#[derive(Clone, Copy)]
enum Meaning {
    Help,
    HelpAll,
    HelpGroup(Group),
    OutputAs,
    OutputTo,
    Live,
    File,
    Pipe,
    Text,
    Save,
    Version,
    Verbose,
    Quiet,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Help,
    Output,
    Source,
    Additional,
    Application,
}

impl Group {
    const ALL: [Self; 5] = [
        Self::Help,
        Self::Output,
        Self::Source,
        Self::Additional,
        Self::Application,
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::Help => "Help Options:",
            Self::Output => "Output Options:",
            Self::Source => "Data sources:",
            Self::Additional => "Additional options:",
            Self::Application => "Application Options:",
        }
    }
}

#[rustfmt::skip]
const ENTRIES: &[Entry<Meaning, Group>] = {
    use Group::{Additional, Application, Help, Output, Source};
    &[
        entry(Help, "help", 'h', None, Meaning::Help, "Show help options"),
        entry(Help, "help-all", ' ', None, Meaning::HelpAll, "Show all help options"),
        entry(Help, "help-output", ' ', None, Meaning::HelpGroup(Output), "Show output help"),
        entry(Help, "help-data", ' ', None, Meaning::HelpGroup(Source), "Show data options"),
        entry(Help, "help-additional", ' ', None, Meaning::HelpGroup(Additional), "Show additional options"),

        entry(Output, "output-as", ' ', Some("FORMAT"), Meaning::OutputAs, "Specify output format as one of: text (default), xml, json"),
        entry(Output, "output-to", ' ', Some("DEST"), Meaning::OutputTo, "Specify file name for output (or \"-\" for stdout)"),

        entry(Source, "live-check", 'L', None, Meaning::Live, "Check the configuration used by the running cluster"),
        entry(Source, "xml-file", 'x', Some("FILE"), Meaning::File, "Check the configuration in the named file"),
        entry(Source, "xml-pipe", 'p', None, Meaning::Pipe, "Check the configuration piped in via stdin"),
        entry(Source, "xml-text", 'X', Some("XML"), Meaning::Text, "Check the configuration in the supplied string"),

        entry(Additional, "save-xml", 'S', Some("FILE"), Meaning::Save, "Save verified XML to named file (most useful with -L)"),

        entry(Application, "version", '$', None, Meaning::Version, "Display software version and exit"),
        entry(Application, "verbose", 'V', None, Meaning::Verbose, "Increase debug output (may be specified multiple times)"),
        entry(Application, "quiet", 'q', None, Meaning::Quiet, "Don't print verify information"),
    ]
};

const SUMMARY: &str = "\
Usage:
  crm_verify [OPTION\u{2026}]

Check a Pacemaker configuration for errors

Check the well-formedness of a complete Pacemaker XML configuration,
its conformance to the configured schema, and the presence of common
misconfigurations. Problems reported as errors must be fixed before the
cluster will work properly. It is left to the administrator to decide
whether to fix problems reported as warnings.

";

const EXAMPLES: &str = "\
Examples:

Check the consistency of the configuration in the running cluster:

\tcrm_verify --live-check

Check the consistency of the configuration in a given file and produce quiet output:

\tcrm_verify --xml-file file.xml --quiet

Check the consistency of the configuration in a given file and produce verbose output:

\tcrm_verify --xml-file file.xml --verbose


";

/// Reads a command line, without the program's name. What there is to say about its form goes to
/// `notices`.
pub(super) fn parse(arguments: &[String], notices: &mut String) -> Result<Request, String> {
    let mut options = Options::default();
    let mut version = false;
    let help = read(arguments, ENTRIES, notices, |meaning, argument, _| {
        match meaning {
            Meaning::Help => {
                return Ok(ControlFlow::Break(help(&[Group::Help, Group::Application])));
            }
            Meaning::HelpAll => return Ok(ControlFlow::Break(help(&Group::ALL))),
            Meaning::HelpGroup(group) => return Ok(ControlFlow::Break(help(&[group]))),
            Meaning::OutputAs => {
                options.format = match &*argument {
                    "text" => Format::Text,
                    "xml" => Format::Xml,
                    "json" => Format::Json,
                    "none" => Format::None,
                    _ => {
                        return Err(format!(
                            "Error creating output format {argument}: Unknown output format"
                        ));
                    }
                }
            }
            Meaning::OutputTo => options.output_to = Some(argument).filter(|path| path != "-"),
            Meaning::Live => options.live = true,
            Meaning::File => options.file = Some(argument),
            Meaning::Pipe => options.standard_input = true,
            Meaning::Text => options.text = Some(argument),
            Meaning::Save => options.save = Some(argument),
            Meaning::Version => version = true,
            Meaning::Verbose => options.verbosity += 1,
            Meaning::Quiet => options.quiet = true,
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(match help {
        Some(text) => Request::Help(text),
        None if version => Request::Version,
        None => Request::Run(options),
    })
}

fn help(groups: &[Group]) -> String {
    let mut text = SUMMARY.to_owned();
    for group in groups {
        text.push_str(&help_section(group.heading(), ENTRIES, group));
    }
    text + EXAMPLES
}
