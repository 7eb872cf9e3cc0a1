//! `crm_failcount`: how often a resource has failed on a node.

use cib::Score;
use cib::time::{DateTime, parse_interval_ms};

use super::{Owner, Wanted};
use crate::command_line::{Given, Grammar, Group, HIDDEN, Words, application_options, entry};
use crate::history::{self, Selection};
use crate::tool::{self, Done, Failure, Workplace};
use crate::{Files, Outcome};

const NAME: &str = "crm_failcount";

/// Runs the command with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Query,
    Delete,
    Update,
    Resource,
    Operation,
    Interval,
    Node,
    Ignored,
}

#[derive(Clone, Debug, Default)]
struct Options {
    deletes: Option<bool>,
    resource: Option<String>,
    operation: Option<String>,
    interval: Option<String>,
    node: Option<String>,
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::Query => options.deletes = Some(false),
        Meaning::Delete => options.deletes = Some(true),
        // Setting a count to nothing is the one value that was ever of use.
        Meaning::Update if argument == "0" => options.deletes = Some(true),
        Meaning::Update | Meaning::Ignored => {}
        Meaning::Resource => options.resource = Some(argument),
        Meaning::Operation => options.operation = Some(argument),
        Meaning::Interval => options.interval = Some(argument),
        Meaning::Node => options.node = Some(argument),
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let Some(deletes) = options.deletes else {
        return Err(Failure::usage("error: must specify a command"));
    };
    let Some(resource) = &options.resource else {
        return Err(Failure::usage("error: resource name required"));
    };
    let node = match &options.node {
        Some(node) => node.clone(),
        None => workplace.node_name()?,
    };
    let interval_ms = match &options.interval {
        None => 0,
        Some(text) => parse_interval_ms(text)
            .ok_or_else(|| Failure::usage(format!("error: invalid interval '{text}'")))?,
    };
    let operation = options.operation.as_deref().map(|it| (it, interval_ms));
    if !deletes {
        return query(resource, &node, operation, workplace);
    }
    let selection = Selection {
        resource: Some(resource),
        node: Some(&node),
        operation,
        is_forced: true,
        only_failed: true,
    };
    for (resource, node) in history::forget(workplace, &selection)? {
        workplace
            .reply
            .line(format!("Cleaned up {resource} on {node}"));
    }
    Ok(())
}

/// The failures of all of the resource's operations, or of one, added up.
fn query(
    resource: &str,
    node: &str,
    operation: Option<(&str, u32)>,
    workplace: &mut Workplace<'_>,
) -> Done {
    let cib = workplace.cib()?;
    let owner = Owner::NodeState {
        name: node.to_owned(),
    };
    owner.check_node(&cib)?;
    let mut count = Score::ZERO;
    for found in owner.find(&cib, &Wanted::default()) {
        if history::is_fail_count(&found.name, resource, operation) {
            count = count.plus(Score::parse_or(Some(&found.value), Score::ZERO));
        }
    }
    if workplace.common.quiet {
        workplace.reply.line(count);
    } else {
        let line = format!("scope=status  name=fail-count-{resource} value={count}");
        workplace.reply.line(line);
    }
    Ok(())
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "crm_failcount - Query or delete resource fail counts",
    closing: "",
    groups: &[
        Group {
            name: "command",
            heading: "Commands:",
            help: "Show command options",
            entries: &[
                entry("query", 'G', None, Meaning::Query, "Query the current value of the resource's fail count"),
                entry("delete", 'D', None, Meaning::Delete, "Delete resource's recorded failures"),
                entry("get-value", ' ', None, Meaning::Query, HIDDEN),
                entry("delete-attr", ' ', None, Meaning::Delete, HIDDEN),
                entry("attr-value", 'v', Some("VALUE"), Meaning::Update, HIDDEN),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("resource", 'r', Some("ID"), Meaning::Resource, "Name of the resource to use (required)"),
                entry("operation", 'n', Some("OPERATION"), Meaning::Operation, "Name of operation to use (instead of all operations)"),
                entry("interval", 'I', Some("INTERVAL"), Meaning::Interval, "If operation is specified, its interval"),
                entry("node", 'N', Some("NODE"), Meaning::Node, "Use failcount on named node (instead of local node)"),
                entry("resource-id", ' ', Some("ID"), Meaning::Resource, HIDDEN),
                entry("uname", 'U', Some("NODE"), Meaning::Node, HIDDEN),
                entry("attr-id", 'i', Some("ID"), Meaning::Ignored, HIDDEN),
                entry("lifetime", 'l', Some("LIFETIME"), Meaning::Ignored, HIDDEN),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('q', "Print only the value (if querying)"),
        },
    ],
};
