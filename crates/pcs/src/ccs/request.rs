//! The words of `ccs`.

use diagnostics::nearest;

/// How the command is written, for people.
pub(super) const USAGE: &str = "\
Usage: ccs [-f FILE] [-i] COMMAND
    --createcluster NAME
    --getconf | --checkconf | --getversion | --setversion N | --incversion
    --lsnodes | --addnode NODE [--nodeid N] [--votes N] | --rmnode NODE
    --lsfencedev | --addfencedev NAME [OPTION=VALUE]... | --rmfencedev NAME
    --addmethod METHOD NODE | --rmmethod METHOD NODE
    --lsfenceinst [NODE] | --addfenceinst DEVICE NODE METHOD [OPTION=VALUE]...
    --rmfenceinst DEVICE NODE METHOD
    --setcman | --settotem | --setlogging | --setfencedaemon [OPTION=VALUE]...
    --setmulticast [ADDRESS]
  The file is /etc/cluster/cluster.conf where none is named.
";

/// Options, as the words have them.
pub(super) type Pairs = Vec<(String, String)>;

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The file.
    pub file: String,
    /// What is to be done.
    pub verb: Verb,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Help,
    Create {
        name: String,
    },
    Print,
    Check,
    Version,
    SetVersion(u64),
    RaiseVersion,
    Nodes,
    AddNode {
        name: String,
        options: Pairs,
    },
    RemoveNode {
        name: String,
    },
    Devices,
    AddDevice {
        name: String,
        options: Pairs,
    },
    RemoveDevice {
        name: String,
    },
    AddMethod {
        method: String,
        node: String,
    },
    RemoveMethod {
        method: String,
        node: String,
    },
    Steps {
        node: Option<String>,
    },
    AddStep {
        device: String,
        node: String,
        method: String,
        options: Pairs,
    },
    RemoveStep {
        device: String,
        node: String,
        method: String,
    },
    /// All options of an element: those that are not named go.
    Set {
        element: &'static str,
        options: Pairs,
    },
    Multicast {
        address: Option<String>,
    },
}

impl Verb {
    /// Whether the file is another one afterwards.
    pub fn is_change(&self) -> bool {
        !matches!(
            self,
            Self::Help
                | Self::Print
                | Self::Check
                | Self::Version
                | Self::Nodes
                | Self::Devices
                | Self::Steps { .. }
        )
    }
}

/// The words of commands.
const COMMANDS: [&str; 22] = [
    "--help",
    "--createcluster",
    "--getconf",
    "--checkconf",
    "--getversion",
    "--setversion",
    "--incversion",
    "--lsnodes",
    "--addnode",
    "--rmnode",
    "--lsfencedev",
    "--addfencedev",
    "--rmfencedev",
    "--addmethod",
    "--rmmethod",
    "--lsfenceinst",
    "--addfenceinst",
    "--rmfenceinst",
    "--setcman",
    "--settotem",
    "--setlogging",
    "--setmulticast",
];
const SET_FENCE_DAEMON: &str = "--setfencedaemon";

impl Request {
    /// Reads a command line.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut file = corosync_config::CLUSTER_CONF.to_owned();
        let mut command: Option<&str> = None;
        let mut words = Vec::new();
        let mut options = Pairs::new();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || {
                let next = rest.next().cloned();
                next.ok_or_else(|| format!("option {argument} requires argument"))
            };
            match argument.as_str() {
                "-f" | "--file" => file = value()?,
                "-i" | "--ignore" => {}
                "--nodeid" => options.push(("nodeid".to_owned(), value()?)),
                "--votes" => options.push(("votes".to_owned(), value()?)),
                "-h" | "--host" => {
                    let host = value()?;
                    return Err(format!(
                        "there is no ricci on '{host}': change the file with -f and copy it to all nodes"
                    ));
                }
                word if COMMANDS.contains(&word) || word == SET_FENCE_DAEMON => {
                    if let Some(other) = command.replace(word) {
                        return Err(format!("{other} and {word} are two commands"));
                    }
                }
                word if word.starts_with('-') => return Err(unknown(word)),
                word => words.push(word.to_owned()),
            }
        }
        let Some(command) = command else {
            return Err(USAGE.to_owned());
        };
        let verb = verb(command, words, options)?;
        Ok(Self { file, verb })
    }
}

fn unknown(word: &str) -> String {
    let known = COMMANDS.into_iter().chain([SET_FENCE_DAEMON]);
    match nearest(word, known) {
        Some(meant) => format!("option {word} not recognized, did you mean '{meant}'?"),
        None => format!("option {word} not recognized\n{USAGE}"),
    }
}

fn verb(command: &str, words: Vec<String>, mut options: Pairs) -> Result<Verb, String> {
    let wrong = || format!("{command}: these words make no command\n{USAGE}");
    let is_pair = |word: &&String| word.contains('=');
    let names: Vec<String> = words.iter().filter(|it| !is_pair(it)).cloned().collect();
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    options.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let takes_options = ["--addnode", "--addfencedev", "--addfenceinst"].contains(&command)
        || command.starts_with("--set");
    if !takes_options && !options.is_empty() {
        return Err(wrong());
    }
    let mut names = names.into_iter();
    let mut name = || names.next().ok_or_else(wrong);
    let verb = match command {
        "--help" => Verb::Help,
        "--createcluster" => Verb::Create { name: name()? },
        "--getconf" => Verb::Print,
        "--checkconf" => Verb::Check,
        "--getversion" => Verb::Version,
        "--setversion" => {
            let text = name()?;
            let version = text.parse();
            Verb::SetVersion(version.map_err(|_| format!("'{text}' is no version: a number"))?)
        }
        "--incversion" => Verb::RaiseVersion,
        "--lsnodes" => Verb::Nodes,
        "--addnode" => Verb::AddNode {
            name: name()?,
            options,
        },
        "--rmnode" => Verb::RemoveNode { name: name()? },
        "--lsfencedev" => Verb::Devices,
        "--addfencedev" => Verb::AddDevice {
            name: name()?,
            options,
        },
        "--rmfencedev" => Verb::RemoveDevice { name: name()? },
        "--addmethod" => Verb::AddMethod {
            method: name()?,
            node: name()?,
        },
        "--rmmethod" => Verb::RemoveMethod {
            method: name()?,
            node: name()?,
        },
        "--lsfenceinst" => Verb::Steps { node: name().ok() },
        "--addfenceinst" => Verb::AddStep {
            device: name()?,
            node: name()?,
            method: name()?,
            options,
        },
        "--rmfenceinst" => Verb::RemoveStep {
            device: name()?,
            node: name()?,
            method: name()?,
        },
        "--setcman" => Verb::Set {
            element: "cman",
            options,
        },
        "--settotem" => Verb::Set {
            element: "totem",
            options,
        },
        "--setlogging" => Verb::Set {
            element: "logging",
            options,
        },
        SET_FENCE_DAEMON => Verb::Set {
            element: "fence_daemon",
            options,
        },
        _ => Verb::Multicast {
            address: name().ok(),
        },
    };
    match names.next() {
        Some(_) => Err(wrong()),
        None => Ok(verb),
    }
}
