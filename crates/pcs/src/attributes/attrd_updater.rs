//! `attrd_updater`: attributes of nodes until they leave, as agents set them.
//!
//! The cluster orders and keeps these itself, so that each value is written as it comes: what is said
//! about dampening is taken and not needed, and what is private is in the CIB like all others.

use cib::time::DateTime;

use super::transient::{self, Value};
use super::{Owner, Wanted};
use crate::command_line::{
    Given, Grammar, Group, HIDDEN, Words, application_options, entry, output_options,
};
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};

const NAME: &str = "attrd_updater";

/// Runs the command with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Name,
    Pattern,
    Update,
    UpdateBoth,
    UpdateDelay,
    Query,
    Delete,
    Refresh,
    Delay,
    Set,
    Node,
    All,
    Ignored,
    IgnoredValue,
}

#[derive(Clone, Debug, Default)]
struct Options {
    name: Option<String>,
    pattern: Option<String>,
    command: Option<Command>,
    delay: Option<String>,
    set: Option<String>,
    node: Option<String>,
    all: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Command {
    Update(String),
    UpdateBoth(String),
    UpdateDelay,
    Query,
    Delete,
    Refresh,
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::Name => options.name = Some(argument),
        Meaning::Pattern => options.pattern = Some(argument),
        Meaning::Update => options.command = Some(Command::Update(argument)),
        Meaning::UpdateBoth => options.command = Some(Command::UpdateBoth(argument)),
        Meaning::UpdateDelay => options.command = Some(Command::UpdateDelay),
        Meaning::Query => options.command = Some(Command::Query),
        Meaning::Delete => options.command = Some(Command::Delete),
        Meaning::Refresh => options.command = Some(Command::Refresh),
        Meaning::Delay => options.delay = Some(argument),
        Meaning::Set => options.set = Some(argument),
        Meaning::Node => options.node = Some(argument),
        Meaning::All => options.all = true,
        Meaning::Ignored | Meaning::IgnoredValue => {}
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    // The seed of many agents: a value without a command is an update.
    let command = options.command.as_ref().unwrap_or(&Command::Query);
    if matches!(command, Command::UpdateBoth(_) | Command::UpdateDelay) && options.delay.is_none() {
        return Err(Failure::usage("-d/--delay is required with this command"));
    }
    if options.name.is_none() && options.pattern.is_none() && *command != Command::Refresh {
        return Err(Failure::usage(
            "Command requires --name or --pattern argument",
        ));
    }
    let result = perform(options, command, workplace);
    result.map_err(|failure| match failure.exit_code {
        ExitCode::DISCONNECTED => Failure::new(
            "Could not connect to attrd: Connection refused",
            ExitCode::DISCONNECTED,
        ),
        _ => failure,
    })
}

fn perform(options: &Options, command: &Command, workplace: &mut Workplace<'_>) -> Done {
    match command {
        Command::Query => query(options, workplace),
        Command::Refresh | Command::UpdateDelay => Ok(()),
        Command::Update(value) | Command::UpdateBoth(value) => {
            write(options, Value::Is(value), workplace)
        }
        Command::Delete => write(options, Value::Gone, workplace),
    }
}

fn node(options: &Options, workplace: &mut Workplace<'_>) -> Done<String> {
    match options.node.as_deref() {
        None | Some("localhost" | "auto" | "") => workplace.node_name(),
        Some(name) => Ok(name.to_owned()),
    }
}

fn write(options: &Options, value: Value<'_>, workplace: &mut Workplace<'_>) -> Done {
    let node = node(options, workplace)?;
    if let Some(pattern) = &options.pattern {
        return write_matching(pattern, &node, value, workplace);
    }
    let wanted = Wanted {
        name: options.name.clone(),
        id: None,
        set: options.set.clone(),
    };
    transient::write(workplace, &node, &wanted, value)?;
    Ok(())
}

fn write_matching(
    pattern: &str,
    node: &str,
    value: Value<'_>,
    workplace: &mut Workplace<'_>,
) -> Done {
    let pattern = regex::Regex::new(pattern)
        .map_err(|error| Failure::usage(format!("the pattern is not understood: {error}")))?;
    let owner = Owner::NodeState {
        name: node.to_owned(),
    };
    workplace.edit(|cib| {
        for found in owner.find(cib, &Wanted::default()) {
            if pattern.is_match(&found.name) {
                match value {
                    Value::Is(value) => cib.set(found.element, "value", value),
                    Value::Gone => cib.remove(found.element),
                }
            }
        }
        Ok(())
    })
}

fn query(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let name = options.name.clone().unwrap_or_default();
    let cib = workplace.cib()?;
    let nodes: Vec<String> = if options.all {
        let status = cib.root().child("status");
        let states = status
            .into_iter()
            .flat_map(|it| it.children_named("node_state"));
        let names = states.filter_map(|it| it.attribute("uname"));
        names.map(str::to_owned).collect()
    } else {
        vec![node(options, workplace)?]
    };
    let wanted = Wanted {
        name: Some(name.clone()),
        ..Wanted::default()
    };
    let mut is_found = false;
    for host in nodes {
        let owner = Owner::NodeState { name: host.clone() };
        for found in owner.find(&cib, &wanted) {
            is_found = true;
            let value = found.value;
            let line = format!("name=\"{name}\" host=\"{host}\" value=\"{value}\"");
            workplace.reply.line(line);
            let attributes = [("name", &*name), ("value", &value), ("host", &host)];
            workplace.reply.element("attribute", &attributes);
        }
    }
    if is_found {
        return Ok(());
    }
    let text = format!("Could not query value of {name}: attribute does not exist");
    Err(Failure::new(text, ExitCode::NO_SUCH))
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "query and update Pacemaker node attributes",
    closing: "",
    groups: &[
        Group {
            name: "output",
            heading: "Output Options:",
            help: "Show output help",
            entries: &output_options(),
        },
        Group {
            name: "required",
            heading: "Required Arguments:",
            help: "Show required arguments",
            entries: &[
                entry("name", 'n', Some("NAME"), Meaning::Name, "The attribute's name"),
                entry("pattern", 'P', Some("PATTERN"), Meaning::Pattern, "Operate on all attributes matching this pattern\n(with -B, -D, -U, or -Y)"),
            ],
        },
        Group {
            name: "command",
            heading: "Command:",
            help: "Show command options (mutually exclusive)",
            entries: &[
                entry("update", 'U', Some("VALUE"), Meaning::Update, "Set the attribute's value"),
                entry("update-both", 'B', Some("VALUE"), Meaning::UpdateBoth, "Set the attribute's value and its dampening.\nRequires -d/--delay"),
                entry("update-delay", 'Y', None, Meaning::UpdateDelay, "Set the attribute's dampening.\nRequires -d/--delay"),
                entry("query", 'Q', None, Meaning::Query, "Show the attribute's value"),
                entry("delete", 'D', None, Meaning::Delete, "Remove the attribute"),
                entry("refresh", 'R', None, Meaning::Refresh, "(Advanced) Write all values to the CIB again, where they are anyhow"),
                entry("attr-value", 'v', Some("VALUE"), Meaning::Update, HIDDEN),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("delay", 'd', Some("SECONDS"), Meaning::Delay, "How long to wait (dampening) in seconds for further changes\nbefore writing to the CIB"),
                entry("set", 's', Some("SET"), Meaning::Set, "(Advanced) The attribute set in which to place the value"),
                entry("node", 'N', Some("NODE"), Meaning::Node, "Set the attribute for the named node (instead of the local one)"),
                entry("all", 'A', None, Meaning::All, "Show values of the attribute for all nodes (query only)"),
                entry("lifetime", 'l', Some("SECTION"), Meaning::IgnoredValue, "Taken and ignored"),
                entry("private", 'p', None, Meaning::Ignored, "Taken and ignored: all attributes are in the CIB"),
                entry("wait", 'W', Some("UNTIL"), Meaning::IgnoredValue, "Taken and ignored: the command returns when the value is written everywhere"),
                entry("utilization", 'z', None, Meaning::Ignored, HIDDEN),
                entry("node-uname", ' ', Some("NODE"), Meaning::Node, HIDDEN),
                entry("uname", ' ', Some("NODE"), Meaning::Node, HIDDEN),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('q', "Suppress all output"),
        },
    ],
};
