//! The command line of `crm_simulate`: options, what they mean, and the help text.

mod apply;
mod parse;
mod table;

pub use parse::parse;

use scheduler::simulation::Injections;

pub use crate::command_line::CommonOptions;
pub use crate::source::Source;

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which resource.
    pub resource: String,
    /// On which node, if not on all.
    pub node: Option<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option")]
pub struct Options {
    /// What every tool can be asked for.
    pub common: CommonOptions,
    /// `-x`, `-p`, `-L`.
    pub source: Source,
    /// `-R`, or an option that implies it: what would the cluster do?
    pub run: bool,
    /// `-S`, or an option that implies it: … and what would come of it?
    pub simulate: bool,
    /// `-X`: the result replaces the input file.
    pub in_place: bool,
    /// `-A`.
    pub show_attributes: bool,
    /// `-c`.
    pub show_fail_counts: bool,
    /// `-s`.
    pub show_scores: bool,
    /// `-U`.
    pub show_utilization: bool,
    /// `--explain`.
    pub explain: Option<Question>,
    /// `-a`.
    pub all_actions: bool,
    /// `-P`: a folder whose CIBs are timed.
    pub profile: Option<String>,
    /// `-N`: how often each of them is.
    pub repeat: u32,
    /// `-t`.
    pub date: Option<String>,
    /// What is to be changed before the scheduler runs.
    pub injections: Injections,
    /// `-F`: operations that fail in the simulation.
    pub failing_operations: Vec<String>,
    /// `-I`.
    pub save_input: Option<String>,
    /// `-O`.
    pub save_output: Option<String>,
    /// `-G`.
    pub save_graph: Option<String>,
    /// `-D`.
    pub save_dot: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            common: CommonOptions::default(),
            source: Source::default(),
            run: false,
            simulate: false,
            in_place: false,
            show_attributes: false,
            show_fail_counts: false,
            show_scores: false,
            show_utilization: false,
            explain: None,
            all_actions: false,
            profile: None,
            repeat: 1,
            date: None,
            injections: Injections::default(),
            failing_operations: Vec::new(),
            save_input: None,
            save_output: None,
            save_graph: None,
            save_dot: None,
        }
    }
}

impl Options {
    /// The file that the resulting CIB is saved to, if any.
    #[must_use]
    pub fn result_file(&self) -> Option<&str> {
        if self.in_place {
            self.source.file()
        } else {
            self.save_output.as_deref()
        }
    }
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// To run.
    Run(Box<Options>),
    /// The help text.
    Help(String),
}

/// A command line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// What it asks for, or why it is refused.
    pub request: Result<Request, String>,
    /// What there is to say about its form, for standard error.
    pub notices: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> CommandLine {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    fn options(line: &str) -> Options {
        match parsed(line).request {
            Ok(Request::Run(options)) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn short_and_long_options_mean_the_same() {
        for (short, long) in [
            ("-x a -S", "--xml-file=a --simulate"),
            ("-x a -sSQ", "--xml-file a --show-scores --simulate --quiet"),
            (
                "-x a -D d -G g",
                "--xml-file=a --save-dotfile=d --save-graph=g",
            ),
            ("-xa -R", "--xml-file=a --run"),
            (
                "-p -u n -t 2005-020",
                "--xml-pipe --node-up n --set-datetime 2005-020",
            ),
            ("-L -VV", "--live-check --verbose --verbose"),
            ("--explain web node1 -x a", "-x a --explain=web node1"),
            ("-p -S", "--xml-pipe=1 --operations-simulate"),
            ("-N 0x10", "--repeat=020"),
        ] {
            assert_eq!(options(short), options(long), "{short}");
        }
    }

    #[test]
    fn options_imply_others() {
        let check = |line, run, simulate| {
            let read = options(line);
            assert_eq!((read.run, read.simulate), (run, simulate), "{line}");
        };
        check("-x a", false, false);
        check("-x a -u n", false, false);
        check("-x a -s", true, false);
        check("-x a --explain web", true, false);
        check("-x a -U", true, false);
        check("-x a -G g", true, false);
        check("-x a -D d", true, false);
        check("-x a -F o", true, true);
        check("-x a -X", true, true);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let check = |line, expected: &str| {
            assert_eq!(parsed(line).request, Err(expected.to_owned()), "{line}");
        };
        check("--bogus", "Unknown option --bogus");
        check("--bogus=1", "Unknown option --bogus=1");
        check("-12", "Unknown option -12");
        check("--help=1", "Unknown option --help=1");
        check("-Z", "Unknown option -Z");
        check("-x", "Missing argument for -x");
        check("--xml-file", "Missing argument for --xml-file");
        let value = "value \u{201c}5x\u{201d} for";
        check("-N 5x", &format!("Cannot parse integer {value} -N"));
        check(
            "--repeat=5x",
            &format!("Cannot parse integer {value} --repeat"),
        );
    }

    #[test]
    fn joined_arguments_are_deprecated() {
        assert_eq!(
            parsed("-Sxa").notices,
            "Deprecated argument format '-xa' used.\n\
             Please use '-x a' instead.  Support will be removed in a future release.\n"
        );
    }
}
