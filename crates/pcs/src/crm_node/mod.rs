//! `crm_node`, `crmadmin`: who is in the cluster, and which node this is.
//!
//! Whom the membership knows is asked of the daemon; where a file stands for the cluster, its nodes
//! are told.

mod crmadmin;

pub use crmadmin::run as crmadmin;

use cib::time::DateTime;
use cib::xml::{Document, Element, XmlId};
use cluster_api::{Life, Status};

use crate::command_line::{
    Given, Grammar, Group, HIDDEN, Words, application_options, entry, output_options,
};
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};

const NAME: &str = "crm_node";

/// Runs the command with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Id,
    List,
    Name,
    Partition,
    Quorum,
    NameForId,
    Remove,
    Force,
}

#[derive(Clone, Debug, Default)]
struct Options {
    command: Option<Command>,
    force: bool,
}

#[derive(Clone, Debug)]
enum Command {
    Id,
    List,
    Name,
    Partition,
    Quorum,
    NameForId(String),
    Remove(String),
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    options.command = Some(match meaning {
        Meaning::Force => {
            options.force = true;
            return Ok(());
        }
        Meaning::Id => Command::Id,
        Meaning::List => Command::List,
        Meaning::Name => Command::Name,
        Meaning::Partition => Command::Partition,
        Meaning::Quorum => Command::Quorum,
        Meaning::NameForId => Command::NameForId(argument),
        Meaning::Remove => Command::Remove(argument),
    });
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let Some(command) = &options.command else {
        return Err(Failure::usage("error: No command specified"));
    };
    let done = match command {
        Command::Name => workplace.node_name().map(|name| {
            workplace.reply.line(&name);
            workplace.reply.element("node-info", &[("uname", &name)]);
        }),
        Command::Remove(name) => remove(name, options.force, workplace),
        other => about_members(other, workplace),
    };
    done.map_err(|failure| match failure.exit_code {
        ExitCode::DISCONNECTED => Failure::new(
            "error: Could not connect to controller: Connection refused",
            ExitCode::DISCONNECTED,
        ),
        _ => failure,
    })
}

/// A node as the cluster knows it.
struct Known {
    id: String,
    name: String,
    is_member: bool,
}

struct Cluster {
    own_id: String,
    is_quorate: bool,
    nodes: Vec<Known>,
}

impl Cluster {
    fn ask(workplace: &mut Workplace<'_>) -> Done<Self> {
        if let Some(cluster) = workplace.target.cluster() {
            return Ok(Self::from(cluster.status()?));
        }
        let cib = workplace.cib()?;
        let own = workplace.node_name()?;
        Ok(Self {
            own_id: super::attributes::node_id(&cib, &own).unwrap_or_default(),
            is_quorate: cib.root().attribute("have-quorum") == Some("1"),
            nodes: of_file(&cib),
        })
    }
}

impl From<Status> for Cluster {
    fn from(status: Status) -> Self {
        let nodes = status.members.into_iter();
        Self {
            own_id: status.node.to_string(),
            is_quorate: status.quorum.is_quorate,
            nodes: nodes
                .map(|it| Known {
                    id: it.node.to_string(),
                    name: it.name,
                    is_member: it.life == Life::Member,
                })
                .collect(),
        }
    }
}

fn of_file(cib: &Document) -> Vec<Known> {
    let configuration = cib.root().child("configuration");
    let nodes = configuration.and_then(|it| it.child("nodes")).into_iter();
    let states = cib.root().child("status");
    let is_member = |id: &str| {
        let mut states = states.into_iter().flat_map(Element::children);
        states.any(|it| {
            let member = it.attribute("in_ccm").unwrap_or("");
            it.id() == Some(id) && !matches!(member, "" | "0" | "false")
        })
    };
    nodes
        .flat_map(Element::children)
        .map(|it| Known {
            id: it.id().unwrap_or("").to_owned(),
            name: it.attribute("uname").unwrap_or("").to_owned(),
            is_member: is_member(it.id().unwrap_or("")),
        })
        .collect()
}

fn about_members(command: &Command, workplace: &mut Workplace<'_>) -> Done {
    let cluster = Cluster::ask(workplace)?;
    let reply = &mut workplace.reply;
    match command {
        Command::Id => {
            reply.line(&cluster.own_id);
            reply.element("node-info", &[("nodeid", &cluster.own_id)]);
        }
        Command::Quorum => {
            reply.line(u8::from(cluster.is_quorate));
            let text = cluster.is_quorate.to_string();
            reply.element("cluster-info", &[("quorum", &text)]);
            if !cluster.is_quorate {
                return Err(Failure::silent(ExitCode::QUORUM));
            }
        }
        Command::Partition => {
            let members = cluster.nodes.iter().filter(|it| it.is_member);
            let names: Vec<&str> = members.map(|it| it.name.as_str()).collect();
            reply.line(format!("{} ", names.join(" ")));
            let list = reply.element("nodes", &[]);
            for name in names {
                reply.element_in(list, "node", &[("name", name), ("state", "member")]);
            }
        }
        Command::NameForId(id) => {
            let found = cluster.nodes.iter().find(|it| it.id == *id);
            let Some(Known { name, .. }) = found else {
                let text = format!("error: No node with ID {id} is known");
                return Err(Failure::new(text, ExitCode::NO_SUCH));
            };
            reply.line(name);
            reply.element("node-info", &[("uname", name), ("nodeid", id)]);
        }
        Command::List | Command::Name | Command::Remove(_) => {
            let list = reply.element("nodes", &[]);
            for Known {
                id,
                name,
                is_member,
            } in &cluster.nodes
            {
                let state = if *is_member { "member" } else { "lost" };
                reply.line(format!("{id} {name} {state}"));
                let attributes = [("id", &**id), ("name", name), ("state", state)];
                reply.element_in(list, "node", &attributes);
            }
        }
    }
    Ok(())
}

/// Removes a node that has left the cluster's configuration from the CIB.
fn remove(name: &str, is_forced: bool, workplace: &mut Workplace<'_>) -> Done {
    if !is_forced {
        return Err(Failure::usage(
            "error: The supplied command is considered dangerous. To prevent accidental destruction \
             of the cluster, the --force flag is required in order to proceed.",
        ));
    }
    if let Some(cluster) = workplace.target.cluster() {
        let members = cluster.status()?.members;
        let is_active =
            |it: &&cluster_api::MemberStatus| it.life == Life::Member && it.name == name;
        if members.iter().find(is_active).is_some() {
            return Err(Failure::new(
                format!("error: Node '{name}' is still active"),
                ExitCode::ERROR,
            ));
        }
    }
    workplace.edit(|cib| {
        let all = cib.root().descendants();
        let is_it = |it: &Element<'_>| {
            matches!(it.name(), "node" | "node_state") && it.attribute("uname") == Some(name)
        };
        let found: Vec<XmlId> = all.filter(is_it).map(Element::xml_id).collect();
        if found.is_empty() {
            let text = format!("error: Could not find node '{name}'");
            return Err(Failure::new(text, ExitCode::NO_SUCH));
        }
        found.into_iter().for_each(|it| cib.remove(it));
        Ok(())
    })
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "crm_node - Tool for displaying low-level node information",
    closing: "",
    groups: &[
        Group {
            name: "output",
            heading: "Output Options:",
            help: "Show output help",
            entries: &output_options(),
        },
        Group {
            name: "commands",
            heading: "Commands:",
            help: "Show command help",
            entries: &[
                entry("cluster-id", 'i', None, Meaning::Id, "Display this node's cluster id"),
                entry("list", 'l', None, Meaning::List, "Display all known members (past and present) of this cluster"),
                entry("name", 'n', None, Meaning::Name, "Display the name used by the cluster for this node"),
                entry("partition", 'p', None, Meaning::Partition, "Display the members of this partition"),
                entry("quorum", 'q', None, Meaning::Quorum, "Display a 1 if our partition has quorum, 0 if not"),
                entry("name-for-id", 'N', Some("ID"), Meaning::NameForId, "Display the name used by the cluster for the node with the specified ID"),
                entry("remove", 'R', Some("NAME"), Meaning::Remove, "(Advanced) Remove the (stopped) node with the specified name from the CIB\n(it must have been removed from the cluster's own configuration)"),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("force", 'f', None, Meaning::Force, "Do what is dangerous"),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('Q', HIDDEN),
        },
    ],
};
