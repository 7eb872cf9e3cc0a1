//! Words and options of a command line. As pcs has it, options may stand anywhere.

use diagnostics::nearest;

/// Options without a value, each with the name under which it is known here.
const FLAGS: &[(&str, &str)] = &[
    ("--all", "--all"),
    ("--autodelete", "--autodelete"),
    ("--brief", "--brief"),
    ("--debug", "--debug"),
    ("--defaults", "--defaults"),
    ("--disabled", "--disabled"),
    ("--enable", "--enable"),
    ("--expired", "--expired"),
    ("--force", "--force"),
    ("--full", "--full"),
    ("--help", "--help"),
    ("-h", "--help"),
    ("--hide-inactive", "--hide-inactive"),
    ("--master", "--promoted"),
    ("--monitor", "--monitor"),
    ("--local", "--local"),
    ("--no-cluster-uuid", "--no-cluster-uuid"),
    ("--no-default-ops", "--no-default-ops"),
    ("--no-expire-check", "--no-expire-check"),
    ("--nodesc", "--nodesc"),
    ("--overwrite", "--overwrite"),
    ("--promoted", "--promoted"),
    ("--skip-offline", "--skip-offline"),
    ("--off", "--off"),
    ("--start", "--start"),
    ("--strict", "--strict"),
    ("--version", "--version"),
];

/// Options with a value.
const VALUED: &[&str] = &[
    "-f",
    "-p",
    "-u",
    "--after",
    "--before",
    "--corosync_conf",
    "--group",
    "--name",
    "--node",
    "--output-format",
    "--request-timeout",
    "--transport",
];

/// The words of a command line, and its options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Everything that is no option, in order.
    pub words: Vec<String>,
    given: Vec<(&'static str, String)>,
}

impl Options {
    /// Takes a command line apart.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                options.words.extend(rest.cloned());
                break;
            }
            if !is_option(argument) {
                options.words.push(argument.clone());
                continue;
            }
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            if name == "--wait" {
                options.given.push(("--wait", value.unwrap_or_default()));
            } else if let Some(&(_, name)) = FLAGS.iter().find(|(flag, _)| *flag == name) {
                if value.is_some() {
                    return Err(format!("option {name} must not have an argument"));
                }
                options.given.push((name, String::new()));
            } else if let Some(name) = VALUED.iter().copied().find(|valued| *valued == name) {
                let value = value.or_else(|| rest.next().cloned());
                let value = value.ok_or_else(|| format!("option {name} requires argument"))?;
                options.given.push((name, value));
            } else {
                return Err(unknown(name));
            }
        }
        Ok(options)
    }

    /// Whether the option was given.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// The value that was given with the option, the last one where it was given twice.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.given.iter().rev().find(|(given, _)| *given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The names of all options that were given.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.given.iter().map(|(name, _)| *name)
    }
}

/// Negative scores are words.
fn is_option(argument: &str) -> bool {
    let is_score =
        |rest: &str| rest.starts_with(|it: char| it.is_ascii_digit()) || rest == "INFINITY";
    argument.len() > 1
        && argument
            .strip_prefix('-')
            .is_some_and(|rest| !is_score(rest))
}

fn unknown(name: &str) -> String {
    let known = FLAGS.iter().map(|(flag, _)| *flag);
    let known = known.chain(VALUED.iter().copied()).chain(["--wait"]);
    match nearest(name, known) {
        Some(meant) => format!("option {name} not recognized, did you mean '{meant}'?"),
        None => format!("option {name} not recognized"),
    }
}
