//! `crm_standby`: whether a node may host resources.

use cib::time::DateTime;

use super::transient::{self, Value};
use super::{Owner, Wanted};
use crate::command_line::{Given, Grammar, Group, HIDDEN, Words, application_options, entry};
use crate::tool::{self, Done, Failure, Workplace};
use crate::{Files, Outcome};

const NAME: &str = "crm_standby";

/// Runs the command with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Query,
    Update,
    Delete,
    Node,
    Lifetime,
    Id,
}

#[derive(Clone, Debug, Default)]
struct Options {
    command: Option<Command>,
    node: Option<String>,
    lifetime: Option<String>,
    id: Option<String>,
}

#[derive(Clone, Debug)]
enum Command {
    Query,
    Update(String),
    Delete,
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::Query => options.command = Some(Command::Query),
        Meaning::Update => options.command = Some(Command::Update(argument)),
        Meaning::Delete => options.command = Some(Command::Delete),
        Meaning::Node => options.node = Some(argument),
        Meaning::Lifetime => options.lifetime = Some(argument),
        Meaning::Id => options.id = Some(argument),
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let Some(command) = &options.command else {
        return Err(Failure::usage("error: must specify a command"));
    };
    let name = match &options.node {
        Some(name) => name.clone(),
        None => workplace.node_name()?,
    };
    let forever = Owner::Node {
        name: name.clone(),
        utilization: false,
    };
    let reboot = Owner::NodeState { name: name.clone() };
    let owners: Vec<&Owner> = match options.lifetime.as_deref() {
        None => vec![&forever, &reboot],
        Some("reboot") => vec![&reboot],
        Some("forever") => vec![&forever],
        Some(other) => {
            return Err(Failure::usage(format!(
                "error: invalid value '{other}' for --lifetime"
            )));
        }
    };
    let wanted = Wanted {
        name: Some("standby".to_owned()),
        id: options.id.clone(),
        set: None,
    };
    match command {
        Command::Query => query(&owners, &wanted, workplace),
        Command::Update(value) => set(owners[0], &name, &wanted, Value::Is(value), workplace),
        Command::Delete => owners
            .into_iter()
            .try_for_each(|owner| set(owner, &name, &wanted, Value::Gone, workplace)),
    }
}

fn set(
    owner: &Owner,
    node: &str,
    wanted: &Wanted,
    value: Value<'_>,
    workplace: &mut Workplace<'_>,
) -> Done {
    if matches!(owner, Owner::NodeState { .. }) {
        return transient::write(workplace, node, wanted, value).map(|_| ());
    }
    workplace.edit(|cib| match value {
        Value::Is(value) => owner.set(cib, wanted, value),
        Value::Gone => owner.remove(cib, wanted).map(|_| ()),
    })
}

/// The first value that is found; where there is none, the node is not in standby.
fn query(owners: &[&Owner], wanted: &Wanted, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    owners[0].check_node(&cib)?;
    let found = owners.iter().find_map(|owner| {
        let value = owner.find(&cib, wanted).into_iter().next()?.value;
        Some((owner.scope(), value))
    });
    let default = owners.last().map_or("status", |owner| owner.scope());
    let (scope, value) = found.unwrap_or((default, "off".to_owned()));
    if workplace.common.quiet {
        workplace.reply.line(&value);
    } else {
        let line = format!("scope={scope}  name=standby value={value}");
        workplace.reply.line(line);
    }
    Ok(())
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "crm_standby - Query, enable, or disable standby mode for a node\n\nNodes in standby mode may not host cluster resources.",
    closing: "",
    groups: &[
        Group {
            name: "command",
            heading: "Commands:",
            help: "Show command options",
            entries: &[
                entry("query", 'G', None, Meaning::Query, "Query the current value of standby mode (on/off)"),
                entry("update", 'v', Some("VALUE"), Meaning::Update, "Update the value of standby mode (on/off)"),
                entry("delete", 'D', None, Meaning::Delete, "Let standby mode use default value"),
                entry("get-value", ' ', None, Meaning::Query, HIDDEN),
                entry("attr-value", ' ', Some("VALUE"), Meaning::Update, HIDDEN),
                entry("delete-attr", ' ', None, Meaning::Delete, HIDDEN),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("node", 'N', Some("NODE"), Meaning::Node, "Operate on the named node instead of the current one"),
                entry("lifetime", 'l', Some("LIFETIME"), Meaning::Lifetime, "Until when should the setting take effect\n(valid values: reboot, forever)"),
                entry("id", 'i', Some("ID"), Meaning::Id, "(Advanced) XML ID used to identify standby attribute"),
                entry("uname", 'U', Some("NODE"), Meaning::Node, HIDDEN),
                entry("attr-id", ' ', Some("ID"), Meaning::Id, HIDDEN),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('q', "Print only the standby status (if querying)"),
        },
    ],
};
