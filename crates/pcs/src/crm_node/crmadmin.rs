//! `crmadmin`: who coordinates, and which nodes there are.

use cib::time::DateTime;
use cib::xml::{Document, Element};

use crate::command_line::{
    Given, Grammar, Group, Words, application_options, entry, optional_entry, output_options,
};
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};

const NAME: &str = "crmadmin";

/// Runs the command with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Coordinator,
    Nodes,
    Status,
    Daemon,
    BashExport,
    IgnoredValue,
}

#[derive(Clone, Debug, Default)]
struct Options {
    command: Option<Command>,
    bash_export: bool,
}

#[derive(Clone, Debug)]
enum Command {
    Coordinator,
    Nodes(String),
    Status(String),
    Daemon,
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::Coordinator => options.command = Some(Command::Coordinator),
        Meaning::Nodes => options.command = Some(Command::Nodes(argument)),
        Meaning::Status => options.command = Some(Command::Status(argument)),
        Meaning::Daemon => options.command = Some(Command::Daemon),
        Meaning::BashExport => options.bash_export = true,
        Meaning::IgnoredValue => {}
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let Some(command) = &options.command else {
        return Err(Failure::usage("error: Must specify a command option"));
    };
    let done = match command {
        Command::Coordinator => coordinator(workplace),
        Command::Nodes(kinds) => nodes(kinds, options.bash_export, workplace),
        Command::Status(node) => status(node, workplace),
        Command::Daemon => daemon(workplace),
    };
    done.map_err(|failure| match failure.exit_code {
        ExitCode::DISCONNECTED => Failure::new(
            "error: Could not connect to controller: Connection refused",
            ExitCode::DISCONNECTED,
        ),
        _ => failure,
    })
}

/// The name of the node that coordinates.
pub(crate) fn coordinator_name(cib: &Document) -> Option<&str> {
    let id = cib.root().attribute("dc-uuid")?;
    let nodes = cib.root().child("configuration")?.child("nodes")?;
    let mut nodes = nodes.children();
    nodes.find(|it| it.id() == Some(id))?.attribute("uname")
}

fn coordinator(workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let name = coordinator_name(&cib);
    let reply = &mut workplace.reply;
    match name {
        Some(name) if workplace.common.quiet => reply.line(name),
        Some(name) => reply.line(format!("Designated Controller is: {name}")),
        None => reply.line("Designated Controller is: not yet elected"),
    }
    reply.element("dc", &[("node_name", name.unwrap_or(""))]);
    Ok(())
}

fn nodes(kinds: &str, bash_export: bool, workplace: &mut Workplace<'_>) -> Done {
    let kinds: Vec<&str> = match kinds {
        "" | "all" => vec!["cluster", "guest", "remote"],
        kinds => kinds.split(',').collect(),
    };
    for kind in &kinds {
        if !["cluster", "guest", "remote", "all"].contains(kind) {
            return Err(Failure::usage(format!("error: unknown node type '{kind}'")));
        }
    }
    let cib = workplace.cib()?;
    let reply = &mut workplace.reply;
    let list = reply.element("nodes", &[]);
    for (kind, name, id) in all_nodes(&cib) {
        if !kinds.contains(&kind) && !kinds.contains(&"all") {
            continue;
        }
        if bash_export {
            reply.line(format!("export {name}={id}"));
        } else {
            reply.line(format!("{kind} node: {name} ({id})"));
        }
        let kind = if kind == "cluster" { "member" } else { kind };
        let attributes = [("type", kind), ("name", name), ("id", id)];
        reply.element_in(list, "node", &attributes);
    }
    Ok(())
}

/// Kind, name and id of each node.
fn all_nodes(cib: &Document) -> Vec<(&'static str, &str, &str)> {
    let mut all = Vec::new();
    let configuration = cib.root().child("configuration");
    let nodes = configuration.and_then(|it| it.child("nodes")).into_iter();
    for node in nodes.flat_map(Element::children) {
        if node.attribute("type").is_none_or(|it| it == "member") {
            let name = node.attribute("uname").unwrap_or("");
            all.push(("cluster", name, node.id().unwrap_or("")));
        }
    }
    let resources = configuration.and_then(|it| it.child("resources"));
    for element in resources.into_iter().flat_map(Element::descendants) {
        let is = |name, value| element.attribute(name) == Some(value);
        if is("name", "remote-node")
            && let Some(name) = element.attribute("value")
        {
            all.push(("guest", name, name));
        }
        if is("type", "remote")
            && is("provider", "pacemaker")
            && let Some(name) = element.id()
        {
            all.push(("remote", name, name));
        }
    }
    all
}

fn status(node: &str, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let states = cib.root().child("status").into_iter();
    let state = states
        .flat_map(|it| it.children_named("node_state"))
        .find(|it| it.attribute("uname") == Some(node));
    let Some(state) = state else {
        return Err(Failure::new(
            format!("error: Node {node} is not known"),
            ExitCode::NO_SUCH,
        ));
    };
    let is_online = state
        .attribute("crmd")
        .is_some_and(|it| it != "offline" && it != "0");
    let text = match (is_online, coordinator_name(&cib) == Some(node)) {
        (false, _) => "S_PENDING",
        (true, true) => "S_IDLE",
        (true, false) => "S_NOT_DC",
    };
    let reply = &mut workplace.reply;
    reply.line(format!("Status of crmd@{node}: {text} (ok)"));
    let attributes = [("node_name", node), ("state", text), ("result", "ok")];
    reply.element("crmd", &attributes);
    Ok(())
}

fn daemon(workplace: &mut Workplace<'_>) -> Done {
    if let Some(cluster) = workplace.target.cluster() {
        cluster.status()?;
    }
    let updated = workplace.now.to_ctime_text();
    let reply = &mut workplace.reply;
    reply.line(format!(
        "Status of pacemakerd: 'Pacemaker is running' (last updated {updated})"
    ));
    let attributes = [("state", "running"), ("last_updated", &*updated)];
    reply.element("pacemakerd", &attributes);
    Ok(())
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "query and manage the Pacemaker controller",
    closing: "",
    groups: &[
        Group {
            name: "output",
            heading: "Output Options:",
            help: "Show output help",
            entries: &output_options(),
        },
        Group {
            name: "command",
            heading: "Commands:",
            help: "Show command options",
            entries: &[
                entry("status", 'S', Some("NODE"), Meaning::Status, "Display the status of the specified node"),
                entry("pacemakerd", 'P', None, Meaning::Daemon, "Display the status of the local daemon"),
                entry("dc_lookup", 'D', None, Meaning::Coordinator, "Display the uname of the node co-ordinating the cluster"),
                optional_entry("nodes", 'N', "TYPE", Meaning::Nodes, "Display the uname of all member nodes [optionally filtered by type (comma-separated)]\nTypes: all (default), cluster, guest, remote"),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("timeout", 't', Some("TIMESPEC"), Meaning::IgnoredValue, "Taken and ignored"),
                entry("bash-export", 'B', None, Meaning::BashExport, "Display nodes as shell commands of the form 'export uname=uuid'\n(valid with -N/--nodes)"),
                entry("ipc-name", 'i', Some("NAME"), Meaning::IgnoredValue, "Taken and ignored"),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('q', "Display only the essential query information"),
        },
    ],
};
