//! The command line of `crm_resource`.

use crate::command_line::{
    Given, Grammar, Group, HIDDEN, Words, application_options, entry, optional_entry,
    output_options,
};

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Command {
    #[default]
    List,
    ListRaw,
    /// Of all nodes, finished ones included; or those that are active.
    ListOperations,
    ListStandards,
    ListProviders,
    ListAgents(String),
    ListAlternatives(String),
    ShowMetadata(String),
    Query,
    QueryRaw,
    Get(String),
    Set(String),
    DeleteParameter(String),
    Locate,
    Constraints,
    Why,
    Cleanup,
    Refresh,
    Move,
    Ban,
    Clear,
    Delete,
    Wait,
    Restart,
    Digests,
    Fail,
    /// An agent is called past the cluster: its action.
    Force(&'static str),
    Validate,
}

/// Which values of a resource are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Parameter,
    Meta,
    Utilization,
}

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub command: Command,
    pub resource: Option<String>,
    pub node: Option<String>,
    pub kind: Kind,
    pub value: Option<String>,
    pub set: Option<String>,
    pub id: Option<String>,
    pub element: Option<String>,
    pub operation: Option<String>,
    pub interval: Option<String>,
    pub lifetime: Option<String>,
    pub timeout: Option<String>,
    pub class: Option<String>,
    pub provider: Option<String>,
    pub agent: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub level: String,
    pub promoted: bool,
    pub expired: bool,
    pub recursive: bool,
    pub force: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    List,
    ListRaw,
    ListOperations,
    ListStandards,
    ListProviders,
    ListAgents,
    ListAlternatives,
    ShowMetadata,
    Query,
    QueryRaw,
    Get,
    Set,
    DeleteParameter,
    Locate,
    Constraints,
    Stack,
    Why,
    Cleanup,
    Refresh,
    Move,
    Ban,
    Clear,
    Delete,
    Wait,
    Restart,
    Digests,
    Fail,
    Force(&'static str),
    ForceCheck,
    Validate,
    Resource,
    Node,
    Meta,
    Utilization,
    Value,
    SetName,
    Id,
    Element,
    Operation,
    Interval,
    Lifetime,
    Timeout,
    Class,
    Provider,
    Agent,
    Option,
    Promoted,
    Expired,
    Recursive,
    ForceFlag,
}

pub(super) fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::Resource => options.resource = Some(argument),
        Meaning::Node => options.node = Some(argument),
        Meaning::Meta => options.kind = Kind::Meta,
        Meaning::Utilization => options.kind = Kind::Utilization,
        Meaning::Value => options.value = Some(argument),
        Meaning::SetName => options.set = Some(argument),
        Meaning::Id => options.id = Some(argument),
        Meaning::Element => options.element = Some(argument),
        Meaning::Operation => options.operation = Some(argument),
        Meaning::Interval => options.interval = Some(argument),
        Meaning::Lifetime => options.lifetime = Some(argument),
        Meaning::Timeout => options.timeout = Some(argument),
        Meaning::Class => options.class = Some(argument),
        Meaning::Provider => options.provider = Some(argument),
        Meaning::Agent => options.agent = Some(argument),
        Meaning::Option => {
            let pair = argument.split_once('=');
            let (name, value) = pair
                .ok_or_else(|| format!("Invalid option {}: NAME=VALUE is expected", given.name))?;
            options.parameters.push((name.to_owned(), value.to_owned()));
        }
        Meaning::Promoted => options.promoted = true,
        Meaning::Expired => options.expired = true,
        Meaning::Recursive => options.recursive = true,
        Meaning::ForceFlag => options.force = true,
        Meaning::ForceCheck => {
            options.level = argument;
            options.command = Command::Force("monitor");
        }
        Meaning::Validate => {
            options.level = argument;
            options.command = Command::Validate;
        }
        Meaning::Stack => {
            options.recursive = true;
            options.command = Command::Constraints;
        }
        command => options.command = of(command, argument),
    }
    Ok(())
}

fn of(meaning: Meaning, argument: String) -> Command {
    match meaning {
        Meaning::ListRaw => Command::ListRaw,
        Meaning::ListOperations => Command::ListOperations,
        Meaning::ListStandards => Command::ListStandards,
        Meaning::ListProviders => Command::ListProviders,
        Meaning::ListAgents => Command::ListAgents(argument),
        Meaning::ListAlternatives => Command::ListAlternatives(argument),
        Meaning::ShowMetadata => Command::ShowMetadata(argument),
        Meaning::Query => Command::Query,
        Meaning::QueryRaw => Command::QueryRaw,
        Meaning::Get => Command::Get(argument),
        Meaning::Set => Command::Set(argument),
        Meaning::DeleteParameter => Command::DeleteParameter(argument),
        Meaning::Locate => Command::Locate,
        Meaning::Constraints => Command::Constraints,
        Meaning::Why => Command::Why,
        Meaning::Cleanup => Command::Cleanup,
        Meaning::Refresh => Command::Refresh,
        Meaning::Move => Command::Move,
        Meaning::Ban => Command::Ban,
        Meaning::Clear => Command::Clear,
        Meaning::Delete => Command::Delete,
        Meaning::Wait => Command::Wait,
        Meaning::Restart => Command::Restart,
        Meaning::Digests => Command::Digests,
        Meaning::Fail => Command::Fail,
        Meaning::Force(action) => Command::Force(action),
        _ => Command::List,
    }
}

#[rustfmt::skip]
pub(super) const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: super::NAME,
    summary: "crm_resource - perform tasks related to Pacemaker cluster resources",
    closing: EXAMPLES,
    groups: &[
        Group { name: "output", heading: "Output Options:", help: "Show output help", entries: &output_options() },
        Group {
            name: "queries",
            heading: "Queries:",
            help: "Show query help",
            entries: &[
                entry("list", 'L', None, Meaning::List, "List all cluster resources with status"),
                entry("list-raw", 'l', None, Meaning::ListRaw, "List IDs of all instantiated resources (individual members\nrather than groups etc.)"),
                entry("list-operations", 'O', None, Meaning::ListOperations, "List active resource operations, optionally filtered by\n--resource and/or --node"),
                entry("list-all-operations", 'o', None, Meaning::ListOperations, "List all resource operations, optionally filtered by\n--resource and/or --node"),
                entry("list-standards", ' ', None, Meaning::ListStandards, "List supported standards"),
                entry("list-ocf-providers", ' ', None, Meaning::ListProviders, "List all available OCF providers"),
                optional_entry("list-agents", ' ', "STD:PROV", Meaning::ListAgents, "List all agents available for the named standard and/or provider"),
                entry("list-ocf-alternatives", ' ', Some("AGENT"), Meaning::ListAlternatives, "List all available providers for the named OCF agent"),
                entry("show-metadata", ' ', Some("SPEC"), Meaning::ShowMetadata, "Show the metadata for the named class:provider:agent"),
                entry("query-xml", 'q', None, Meaning::Query, "Show XML configuration of resource (after any template expansion)"),
                entry("query-xml-raw", 'w', None, Meaning::QueryRaw, "Show XML configuration of resource (before any template expansion)"),
                entry("get-parameter", 'g', Some("PARAM"), Meaning::Get, "Display named parameter for resource (use instance attribute\nunless --meta or --utilization is specified)"),
                entry("locate", 'W', None, Meaning::Locate, "Show node(s) currently running resource"),
                entry("constraints", 'a', None, Meaning::Constraints, "Display the location and colocation constraints that apply to a resource"),
                entry("stack", 'A', None, Meaning::Stack, "Equivalent to --constraints --recursive"),
                entry("why", 'Y', None, Meaning::Why, "Show why resources are not running, optionally filtered by\n--resource and/or --node"),
            ],
        },
        Group {
            name: "commands",
            heading: "Commands:",
            help: "Show command help",
            entries: &[
                optional_entry("validate", ' ', "LEVEL", Meaning::Validate, "Validate resource configuration by calling agent's validate-all action.\nThe configuration may be specified either by giving an existing resource\nname with -r, or by specifying --class, --agent, and --provider arguments,\nalong with any number of --option arguments."),
                entry("cleanup", 'C', None, Meaning::Cleanup, "If resource has any past failures, clear its history and fail count.\nOptionally filtered by --resource, --node, --operation and --interval"),
                entry("refresh", 'R', None, Meaning::Refresh, "Delete resource's history (including failures) so its current state\nis rechecked. Optionally filtered by --resource and --node"),
                entry("set-parameter", 'p', Some("PARAM"), Meaning::Set, "Set named parameter for resource (requires -v). Use instance\nattribute unless --meta or --utilization is specified."),
                entry("delete-parameter", 'd', Some("PARAM"), Meaning::DeleteParameter, "Delete named parameter for resource. Use instance attribute\nunless --meta or --utilization is specified."),
                entry("reprobe", 'P', None, Meaning::Refresh, HIDDEN),
            ],
        },
        Group {
            name: "locations",
            heading: "Locations:",
            help: "Show location help",
            entries: &[
                entry("move", 'M', None, Meaning::Move, "Create a constraint to move resource: to --node, or off its current node.\nOptional: --lifetime, --promoted"),
                entry("ban", 'B', None, Meaning::Ban, "Create a constraint to keep resource off a node.\nOptional: --node, --lifetime, --promoted"),
                entry("clear", 'U', None, Meaning::Clear, "Remove all constraints created by the --ban and/or --move commands.\nRequires: --resource. Optional: --node, --promoted, --expired"),
                entry("expired", 'e', None, Meaning::Expired, "Modifies the --clear argument to remove constraints with\nexpired lifetimes."),
                entry("lifetime", 'u', Some("TIMESPEC"), Meaning::Lifetime, "Lifespan (as ISO 8601 duration) of created constraints (with -B, -M)"),
                entry("promoted", ' ', None, Meaning::Promoted, "Limit scope of command to promoted role (with -B, -M, -U)"),
                entry("master", ' ', None, Meaning::Promoted, "Deprecated: Use --promoted instead"),
                entry("migrate", ' ', None, Meaning::Move, HIDDEN),
                entry("un-migrate", ' ', None, Meaning::Clear, HIDDEN),
                entry("un-move", ' ', None, Meaning::Clear, HIDDEN),
            ],
        },
        Group {
            name: "advanced",
            heading: "Advanced:",
            help: "Show advanced option help",
            entries: &[
                entry("delete", 'D', None, Meaning::Delete, "(Advanced) Delete a resource from the CIB. Required: -t"),
                entry("fail", 'F', None, Meaning::Fail, "(Advanced) Tell the cluster this resource has failed"),
                entry("restart", ' ', None, Meaning::Restart, "(Advanced) Tell the cluster to restart this resource and\nanything that depends on it"),
                entry("wait", ' ', None, Meaning::Wait, "(Advanced) Wait until the cluster settles into a stable state"),
                entry("digests", ' ', None, Meaning::Digests, "(Advanced) Show parameter hashes that Pacemaker uses to detect\nconfiguration changes. Required: --resource, --node"),
                entry("force-demote", ' ', None, Meaning::Force("demote"), "(Advanced) Bypass the cluster and demote a resource on the local node"),
                entry("force-stop", ' ', None, Meaning::Force("stop"), "(Advanced) Bypass the cluster and stop a resource on the local node"),
                entry("force-start", ' ', None, Meaning::Force("start"), "(Advanced) Bypass the cluster and start a resource on the local node"),
                entry("force-promote", ' ', None, Meaning::Force("promote"), "(Advanced) Bypass the cluster and promote a resource on the local node"),
                optional_entry("force-check", ' ', "LEVEL", Meaning::ForceCheck, "(Advanced) Bypass the cluster and check the state of a resource on the local node"),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("node", 'N', Some("NAME"), Meaning::Node, "Node name"),
                entry("recursive", ' ', None, Meaning::Recursive, "Follow colocation chains when using --set-parameter or --constraints"),
                entry("resource-type", 't', Some("ELEMENT"), Meaning::Element, "Resource XML element (primitive, group, etc.) (with -D)"),
                entry("parameter-value", 'v', Some("PARAM"), Meaning::Value, "Value to use with -p"),
                entry("meta", 'm', None, Meaning::Meta, "Use resource meta-attribute instead of instance attribute (with -p, -g, -d)"),
                entry("utilization", 'z', None, Meaning::Utilization, "Use resource utilization attribute instead of instance attribute (with -p, -g, -d)"),
                entry("operation", 'n', Some("OPERATION"), Meaning::Operation, "Operation to clear instead of all (with -C -r)"),
                entry("interval", 'I', Some("N"), Meaning::Interval, "Interval of operation to clear (default 0) (with -C -r -n)"),
                entry("class", ' ', Some("CLASS"), Meaning::Class, "The standard the resource agent conforms to (for example, ocf)"),
                entry("agent", ' ', Some("AGENT"), Meaning::Agent, "The agent to use (for example, IPaddr)"),
                entry("provider", ' ', Some("PROVIDER"), Meaning::Provider, "The vendor that supplies the resource agent (for example, heartbeat)"),
                entry("option", ' ', Some("PARAM"), Meaning::Option, "Specify a parameter as NAME=VALUE (may be specified multiple times)"),
                entry("set-name", 's', Some("ID"), Meaning::SetName, "(Advanced) XML ID of attributes element to use (with -p, -d)"),
                entry("nvpair", 'i', Some("ID"), Meaning::Id, "(Advanced) XML ID of nvpair element to use (with -p, -d)"),
                entry("timeout", 'T', Some("N"), Meaning::Timeout, "(Advanced) Abort if command does not finish in this time (with\n--restart, --wait, --force-*)"),
                entry("force", 'f', None, Meaning::ForceFlag, "Do not look at what the resource is part of"),
                entry("host-uname", 'H', Some("NAME"), Meaning::Node, HIDDEN),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &[
                application_options('Q', "Be less descriptive in output.")[0],
                application_options('Q', "Be less descriptive in output.")[1],
                application_options('Q', "Be less descriptive in output.")[2],
                entry("resource", 'r', Some("ID"), Meaning::Resource, "Resource ID"),
            ],
        },
    ],
};

const EXAMPLES: &str = "\
Examples:

Move 'web' to a node, and let it go back where it wants to be:

\tcrm_resource --resource web --move --node node2
\tcrm_resource --resource web --clear

Stop 'web' and what depends on it, and wait until that is done:

\tcrm_resource --resource web --set-parameter target-role --meta --parameter-value Stopped
\tcrm_resource --wait --timeout 60s

";
