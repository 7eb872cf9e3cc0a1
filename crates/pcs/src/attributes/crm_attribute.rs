//! `crm_attribute`, and `crm_master`, which is its `--promotion`.

use cib::time::DateTime;
use regex::Regex;

use super::transient::{self, Value};
use super::{Found, Owner, Wanted};
use crate::command_line::{
    Given, Grammar, Group, HIDDEN, Words, application_options, entry, optional_entry,
    output_options,
};
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};

const NAME: &str = "crm_attribute";

/// Runs `crm_attribute` with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

/// Runs `crm_master`: the promotion score of the resource that calls.
#[must_use]
pub fn master(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    let mut words = vec!["--promotion".to_owned()];
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-r" | "--resource" | "--resource-id" => {
                let id = rest.next().map_or("", String::as_str);
                words[0] = format!("--promotion={id}");
            }
            "-Q" => words.push("-q".to_owned()),
            other => words.push(other.to_owned()),
        }
    }
    run(&words, now, files)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Id,
    Name,
    Pattern,
    Promotion,
    Set,
    Delete,
    Query,
    Update,
    Default,
    Lifetime,
    Node,
    Section,
    Utilization,
}

#[derive(Clone, Debug, Default)]
struct Options {
    wanted: Wanted,
    pattern: Option<String>,
    promotion: Option<String>,
    command: Option<Command>,
    default: Option<String>,
    lifetime: Option<String>,
    node: Option<String>,
    section: Option<String>,
    utilization: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
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
        Meaning::Id => options.wanted.id = Some(argument),
        Meaning::Name => options.wanted.name = Some(argument),
        Meaning::Set => options.wanted.set = Some(argument),
        Meaning::Pattern => options.pattern = Some(argument),
        Meaning::Promotion => options.promotion = Some(argument),
        Meaning::Delete => options.command = Some(Command::Delete),
        Meaning::Query => options.command = Some(Command::Query),
        Meaning::Update => options.command = Some(Command::Update(argument)),
        Meaning::Default => options.default = Some(argument),
        Meaning::Lifetime => options.lifetime = Some(argument),
        Meaning::Node => options.node = Some(argument),
        Meaning::Section => options.section = Some(argument),
        Meaning::Utilization => options.utilization = true,
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let mut wanted = options.wanted.clone();
    if let Some(resource) = &options.promotion {
        wanted.name = Some(promotion_name(resource, workplace)?);
    }
    let owner = owner(options, workplace)?;
    let pattern = options.pattern.as_deref().map(Regex::new).transpose();
    let pattern = pattern.map_err(|error| {
        Failure::usage(format!("Error: the pattern is not understood: {error}"))
    })?;
    match options.command.as_ref().unwrap_or(&Command::Query) {
        Command::Query => query(options, &owner, &wanted, pattern.as_ref(), workplace),
        Command::Update(value) => match pattern {
            Some(pattern) => update_all(&owner, &pattern, Value::Is(value), workplace),
            None if wanted.name.is_none() && wanted.id.is_none() => Err(no_name()),
            None => update(&owner, &wanted, value, workplace),
        },
        Command::Delete => match pattern {
            Some(pattern) => update_all(&owner, &pattern, Value::Gone, workplace),
            None if wanted.name.is_none() && wanted.id.is_none() => Err(no_name()),
            None => delete(&owner, &wanted, workplace),
        },
    }
}

fn no_name() -> Failure {
    Failure::usage("Error: must specify attribute name or pattern to delete or update")
}

/// The name of a resource's promotion score, whatever its instance.
fn promotion_name(resource: &str, workplace: &Workplace<'_>) -> Done<String> {
    let resource = match resource {
        "" => workplace.files.variable("OCF_RESOURCE_INSTANCE"),
        named => Some(named.to_owned()),
    };
    let resource = resource.ok_or_else(|| {
        Failure::usage(
            "-p/--promotion must be called from an OCF resource agent or with a resource ID specified",
        )
    })?;
    let name = match resource.rsplit_once(':') {
        Some((name, instance)) if instance.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => &resource,
    };
    Ok(format!("master-{name}"))
}

fn owner(options: &Options, workplace: &mut Workplace<'_>) -> Done<Owner> {
    let lifetime = match options.lifetime.as_deref() {
        None if options.promotion.is_some() => Some(true),
        None => None,
        Some("reboot" | "status") => Some(true),
        Some("forever" | "nodes") => Some(false),
        Some(other) => {
            return Err(Failure::usage(format!(
                "Invalid value '{other}' for -l/--lifetime: reboot or forever is expected"
            )));
        }
    };
    let section = match (options.section.as_deref(), lifetime) {
        (None | Some("nodes" | "status"), Some(true)) => "status",
        (Some(section), _) => section,
        (None, Some(false)) => "nodes",
        (None, None) if options.node.is_some() || options.utilization => "nodes",
        (None, None) => "crm_config",
    };
    let mut name = || match &options.node {
        Some(name) if name != "localhost" && name != "auto" => Ok(name.clone()),
        _ => workplace.node_name(),
    };
    Ok(match section {
        "crm_config" | "op_defaults" | "rsc_defaults" if options.utilization => {
            return Err(Failure::usage(format!(
                "-z/--utilization is for attributes of nodes, not of {section}"
            )));
        }
        "crm_config" => Owner::Cluster,
        "rsc_defaults" => Owner::ResourceDefaults,
        "op_defaults" => Owner::OperationDefaults,
        "tickets" => Owner::Tickets,
        "status" => Owner::NodeState { name: name()? },
        "nodes" => Owner::Node {
            name: name()?,
            utilization: options.utilization,
        },
        other => {
            let known = [
                "crm_config",
                "rsc_defaults",
                "op_defaults",
                "tickets",
                "nodes",
            ];
            let meant = diagnostics::nearest(other, known);
            let meant = meant.map_or(String::new(), |it| format!(", did you mean '{it}'?"));
            return Err(Failure::usage(format!(
                "Invalid value '{other}' for -t/--type{meant}"
            )));
        }
    })
}

fn query(
    options: &Options,
    owner: &Owner,
    wanted: &Wanted,
    pattern: Option<&Regex>,
    workplace: &mut Workplace<'_>,
) -> Done {
    let cib = workplace.cib()?;
    owner.check_node(&cib)?;
    let mut found = owner.find(&cib, wanted);
    found.retain(|it| pattern.is_none_or(|pattern| pattern.is_match(&it.name)));
    if found.len() > 1 && wanted.name.is_some() {
        return Err(super::ambiguous(wanted, &found));
    }
    let shown: Vec<(String, String)> = match (found.is_empty(), &options.default) {
        (true, Some(default)) => {
            vec![(wanted.name.clone().unwrap_or_default(), default.clone())]
        }
        (true, None) => {
            let text = "Error performing operation: No such device or address";
            return Err(Failure::new(text, ExitCode::NO_SUCH));
        }
        (false, _) => found.into_iter().map(|it| (it.name, it.value)).collect(),
    };
    let scope = owner.scope();
    for (name, value) in shown {
        if workplace.common.quiet {
            workplace.reply.line(&value);
        } else {
            let line = format!("scope={scope}  name={name} value={value}");
            workplace.reply.line(line);
        }
        let attributes = [("name", &*name), ("value", &value), ("scope", scope)];
        workplace.reply.element("attribute", &attributes);
    }
    Ok(())
}

fn update(owner: &Owner, wanted: &Wanted, value: &str, workplace: &mut Workplace<'_>) -> Done {
    if let Owner::NodeState { name } = owner {
        transient::write(workplace, name, wanted, Value::Is(value))?;
        return Ok(());
    }
    workplace.edit(|cib| owner.set(cib, wanted, value))
}

fn delete(owner: &Owner, wanted: &Wanted, workplace: &mut Workplace<'_>) -> Done {
    let gone = match owner {
        Owner::NodeState { name } => transient::write(workplace, name, wanted, Value::Gone)?,
        _ => workplace.edit(|cib| owner.remove(cib, wanted))?,
    };
    tell_gone(owner, gone, workplace);
    Ok(())
}

fn tell_gone(owner: &Owner, gone: Option<Found>, workplace: &mut Workplace<'_>) {
    if let Some(Found { id, name, .. }) = gone {
        let (scope, kind) = (owner.scope(), owner.kind());
        let line = format!("Deleted {scope} {kind}: id={id} name={name}");
        workplace.reply.line(line);
    }
}

/// All transient attributes whose name matches: those of a pattern are agents' and tools' own.
fn update_all(
    owner: &Owner,
    pattern: &Regex,
    value: Value<'_>,
    workplace: &mut Workplace<'_>,
) -> Done {
    if !matches!(owner, Owner::NodeState { .. }) {
        return Err(Failure::usage(
            "Error: pattern can only be used with till-reboot attributes",
        ));
    }
    workplace.edit(|cib| {
        owner.check_node(cib)?;
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

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "crm_attribute - query and update Pacemaker cluster options and node attributes",
    closing: EXAMPLES,
    groups: &[
        Group {
            name: "output",
            heading: "Output Options:",
            help: "Show output help",
            entries: &output_options(),
        },
        Group {
            name: "selections",
            heading: "Selecting attributes:",
            help: "Show selecting options",
            entries: &[
                entry("id", 'i', Some("XML_ID"), Meaning::Id, "(Advanced) Operate on instance of specified attribute with this\nXML ID"),
                entry("name", 'n', Some("NAME"), Meaning::Name, "Operate on attribute or option with this name.  For queries, this\nis optional, in which case all matching attributes will be\nreturned."),
                entry("pattern", 'P', Some("PATTERN"), Meaning::Pattern, "Operate on all attributes matching this pattern\n(with -G, or with -v/-D and -l reboot)"),
                optional_entry("promotion", 'p', "RESOURCE", Meaning::Promotion, "Operate on node attribute used as promotion score for specified\nresource, or resource given in OCF_RESOURCE_INSTANCE environment\nvariable if none is specified; this also defaults -l/--lifetime\nto reboot (normally invoked from an OCF resource agent)"),
                entry("set-name", 's', Some("NAME"), Meaning::Set, "(Advanced) Operate on instance of specified attribute that is\nwithin set with this XML ID"),
                entry("attr-id", ' ', Some("XML_ID"), Meaning::Id, HIDDEN),
                entry("attr-name", ' ', Some("NAME"), Meaning::Name, HIDDEN),
            ],
        },
        Group {
            name: "command",
            heading: "Commands:",
            help: "Show command options",
            entries: &[
                entry("delete", 'D', None, Meaning::Delete, "Delete the attribute/option"),
                entry("query", 'G', None, Meaning::Query, "Query the current value of the attribute/option.\nSee also: -n, -P"),
                entry("update", 'v', Some("VALUE"), Meaning::Update, "Update the value of the attribute/option"),
                entry("delete-attr", ' ', None, Meaning::Delete, HIDDEN),
                entry("get-value", ' ', None, Meaning::Query, HIDDEN),
                entry("attr-value", ' ', Some("VALUE"), Meaning::Update, HIDDEN),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional options:",
            help: "Show additional options",
            entries: &[
                entry("default", 'd', Some("VALUE"), Meaning::Default, "(Advanced) Default value to display if none is found in configuration"),
                entry("lifetime", 'l', Some("LIFETIME"), Meaning::Lifetime, "Lifetime of the node attribute.\nValid values: reboot, forever"),
                entry("node", 'N', Some("NODE"), Meaning::Node, "Set a node attribute for named node (instead of a cluster option).\nSee also: -l"),
                entry("type", 't', Some("SECTION"), Meaning::Section, "Which part of the configuration to update/delete/query the option in.\nValid values: crm_config, rsc_defaults, op_defaults, tickets"),
                entry("utilization", 'z', None, Meaning::Utilization, "Set an utilization attribute for the node."),
                entry("uname", 'U', Some("NODE"), Meaning::Node, HIDDEN),
                entry("node-uname", ' ', Some("NODE"), Meaning::Node, HIDDEN),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('q', "Print only the value on stdout"),
        },
    ],
};

const EXAMPLES: &str = "\
Examples:

Give node 'web1' the attribute 'room' for ever, ask for it, and remove it:

\tcrm_attribute --node web1 --name room --update north
\tcrm_attribute --node web1 --name room --query --quiet
\tcrm_attribute --node web1 --name room --delete

The value of a cluster option, or another one where it is not set:

\tcrm_attribute --type crm_config --name cluster-delay --query --default 60s

";
