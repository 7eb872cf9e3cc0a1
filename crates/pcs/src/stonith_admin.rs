//! `stonith_admin`: fencing by hand, and what became of fencing.
//!
//! The daemons decide which device is used and on which node; this asks them.

use cib::time::{DateTime, parse_interval_ms};
use cib::xml::{Document, Element};
use cluster_api::{Answer, Fence, FencingEntry, FencingState, Request};

use crate::command_line::{
    Given, Grammar, Group, HIDDEN, Words, application_options, entry, output_options,
};
use crate::pcs::agents::{AgentName, Agents};
use crate::pcs::fencing_line;
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};

const NAME: &str = "stonith_admin";

/// Runs the command with `arguments` (without its own name) at the time `now`, with the agents of this
/// machine.
#[must_use]
pub fn run(
    arguments: &[String],
    now: DateTime,
    files: &mut dyn Files,
    agents: &mut dyn Agents,
) -> Outcome {
    tool::run(
        &GRAMMAR,
        arguments,
        now,
        files,
        take,
        |options, workplace| act(options, workplace, agents),
    )
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    ListInstalled,
    ListRegistered,
    ListFor,
    Metadata,
    Validate,
    Query,
    History,
    Last,
    Fence(&'static str),
    Confirm,
    Agent,
    Option,
    Timeout,
    Tolerance,
    Delay,
    Cleanup,
    Ignored,
    IgnoredValue,
    Refused,
}

#[derive(Clone, Debug, Default)]
struct Options {
    command: Option<Command>,
    agent: Option<String>,
    parameters: Vec<(String, String)>,
    timeout_s: Option<u64>,
    tolerance_s: u64,
    delay_s: i64,
    cleanup: bool,
}

#[derive(Clone, Debug)]
enum Command {
    ListInstalled,
    ListRegistered,
    ListFor(String),
    Metadata,
    Validate,
    Query(String),
    History(String),
    Last(String),
    Fence(&'static str, String),
    Confirm(String),
}

fn seconds(given: &Given<'_>) -> Result<u64, String> {
    let ms = parse_interval_ms(given.argument);
    let ms = ms.ok_or_else(|| format!("Invalid value for {}: {}", given.name, given.argument))?;
    Ok(u64::from(ms / 1000))
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::ListInstalled => options.command = Some(Command::ListInstalled),
        Meaning::ListRegistered => options.command = Some(Command::ListRegistered),
        Meaning::ListFor => options.command = Some(Command::ListFor(argument)),
        Meaning::Metadata => options.command = Some(Command::Metadata),
        Meaning::Validate => options.command = Some(Command::Validate),
        Meaning::Query => options.command = Some(Command::Query(argument)),
        Meaning::History => options.command = Some(Command::History(argument)),
        Meaning::Last => options.command = Some(Command::Last(argument)),
        Meaning::Fence(action) => options.command = Some(Command::Fence(action, argument)),
        Meaning::Confirm => options.command = Some(Command::Confirm(argument)),
        Meaning::Agent => options.agent = Some(argument),
        Meaning::Option => {
            let (name, value) = argument
                .split_once('=')
                .ok_or_else(|| format!("Invalid option: -o/--option {argument}"))?;
            options.parameters.push((name.to_owned(), value.to_owned()));
        }
        Meaning::Timeout => options.timeout_s = Some(seconds(&given)?),
        Meaning::Tolerance => options.tolerance_s = seconds(&given)?,
        Meaning::Delay => {
            options.delay_s = match argument.as_str() {
                "-1" => -1,
                _ => i64::try_from(seconds(&given)?).unwrap_or(i64::MAX),
            }
        }
        Meaning::Cleanup => options.cleanup = true,
        Meaning::Ignored | Meaning::IgnoredValue => {}
        Meaning::Refused => {
            return Err(format!(
                "{} is not supported here: devices and levels are registered by the configuration",
                given.name
            ));
        }
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>, agents: &mut dyn Agents) -> Done {
    let Some(command) = &options.command else {
        return Err(Failure::usage("error: a command is required; see --help"));
    };
    match command {
        Command::ListInstalled => {
            let all = agents.installed().into_iter();
            let all = all.filter(|it| it.standard == "stonith").map(|it| it.kind);
            told(all.collect(), "device", workplace)
        }
        Command::ListRegistered => {
            let cib = workplace.cib()?;
            told(devices(&cib), "device", workplace)
        }
        Command::ListFor(node) => {
            let cib = workplace.cib()?;
            told(devices_for(&cib, node), "device", workplace)
        }
        Command::Metadata => {
            let name = agent(options)?;
            let text = agents.metadata_text(&name).map_err(|reason| {
                let text = format!("error: Metadata query for {name} failed: {reason}");
                Failure::new(text, ExitCode::NO_SUCH)
            })?;
            workplace.reply.text(&text);
            Ok(())
        }
        Command::Validate => validate(options, workplace, agents),
        Command::Query(device) => {
            let cib = workplace.cib()?;
            if devices(&cib).contains(device) {
                return Ok(());
            }
            Err(Failure::new(
                format!("error: there is no fence device '{device}'"),
                ExitCode::NO_SUCH,
            ))
        }
        Command::History(node) if options.cleanup => {
            let target = (node != "*").then(|| node.clone());
            ask(workplace, &Request::ForgetFencing { target })?;
            let what = if node == "*" { "all nodes" } else { node };
            let line = format!("cleaning up fencing-history for {what}");
            workplace.reply.line(line);
            Ok(())
        }
        Command::History(node) => history(node, workplace),
        Command::Last(node) => last(node, workplace),
        Command::Fence(action, node) => {
            let request = Request::Fence(Fence {
                target: node.clone(),
                action: (*action).to_owned(),
                client: NAME.to_owned(),
                timeout_s: options.timeout_s,
                tolerance_s: options.tolerance_s,
                delay_s: options.delay_s,
            });
            ask(workplace, &request).map(|_| ())
        }
        Command::Confirm(node) => {
            let target = node.clone();
            ask(workplace, &Request::ConfirmFenced { target }).map(|_| ())
        }
    }
}

fn agent(options: &Options) -> Done<AgentName> {
    let Some(kind) = &options.agent else {
        return Err(Failure::usage(
            "error: Please specify an agent using -a,--agent [value]",
        ));
    };
    let kind = kind.strip_prefix("stonith:").unwrap_or(kind);
    Ok(AgentName::new("stonith", None, kind))
}

fn validate(options: &Options, workplace: &mut Workplace<'_>, agents: &mut dyn Agents) -> Done {
    let name = agent(options)?;
    let metadata = agents.metadata(&name).map_err(|reason| {
        let text = format!("error: {name} is not installed: {reason}");
        Failure::new(text, ExitCode::NO_SUCH)
    })?;
    let has = |name: &str| options.parameters.iter().any(|(own, _)| own == name);
    let mut problems: Vec<String> = metadata
        .parameters
        .iter()
        .filter(|it| it.is_required && !has(&it.name))
        .map(|it| format!("required parameter '{}' is missing", it.name))
        .collect();
    let known = |name: &str| metadata.parameters.iter().any(|it| it.name == name);
    let unknown = options.parameters.iter().map(|(name, _)| name);
    let unknown = unknown.filter(|it| !known(it) && !it.starts_with("pcmk_"));
    problems.extend(unknown.map(|it| format!("there is no parameter '{it}'")));
    let kind = &name.kind;
    let state = if problems.is_empty() {
        "succeeded"
    } else {
        "failed"
    };
    if !workplace.common.quiet {
        workplace
            .reply
            .line(format!("Validation of {kind} {state}"));
        problems.iter().for_each(|it| workplace.reply.line(it));
    }
    let is_valid = problems.is_empty().to_string();
    let attributes = [("agent", &**kind), ("valid", &*is_valid)];
    workplace.reply.element("validate", &attributes);
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::silent(ExitCode::ERROR)),
    }
}

fn devices(cib: &Document) -> Vec<String> {
    let configuration = cib.root().child("configuration");
    let section = configuration.and_then(|it| it.child("resources"));
    let all = section.into_iter().flat_map(Element::descendants);
    all.filter(|it| it.name() == "primitive" && it.attribute("class") == Some("stonith"))
        .filter_map(|it| it.id().map(str::to_owned))
        .collect()
}

/// Devices whose list or map of hosts has the node, or that have neither.
fn devices_for(cib: &Document, node: &str) -> Vec<String> {
    let has_node = |id: &String| {
        let mut found = cib.with_id(id);
        let Some(device) = found.find(|it| it.name() == "primitive") else {
            return false;
        };
        let value = |name: &str| {
            let sets = device.children_named("instance_attributes");
            let mut pairs = sets.flat_map(Element::children);
            let pair = pairs.find(|it| it.attribute("name") == Some(name));
            pair.and_then(|it| it.attribute("value"))
        };
        let separators = |it: char| it == ',' || it == ';' || it.is_whitespace();
        let list = value("pcmk_host_list");
        let map = value("pcmk_host_map");
        let in_list = list.is_some_and(|it| it.split(separators).any(|it| it == node));
        let in_map = map.is_some_and(|it| {
            let mut entries = it.split(separators);
            entries.any(|it| it.split([':', '=']).next() == Some(node))
        });
        in_list || in_map || (list.is_none() && map.is_none())
    };
    let mut all = devices(cib);
    all.retain(has_node);
    all
}

fn told(names: Vec<String>, what: &str, workplace: &mut Workplace<'_>) -> Done {
    let count = names.len();
    if count == 0 {
        workplace.reply.line(format!("No {what}s found"));
        return Ok(());
    }
    let plural = if count == 1 { "" } else { "s" };
    for name in names {
        workplace.reply.line(&name);
        workplace.reply.element("item", &[("name", &name)]);
    }
    if !workplace.common.quiet {
        workplace
            .reply
            .line(format!("{count} fence {what}{plural} found"));
    }
    Ok(())
}

fn ask(workplace: &mut Workplace<'_>, request: &Request) -> Done<Answer> {
    let Some(cluster) = workplace.target.cluster() else {
        return Err(Failure::new(
            "error: fencing needs the running cluster, not a file",
            ExitCode::DISCONNECTED,
        ));
    };
    let answer = cluster.ask(request).map_err(|error| {
        let failure = Failure::from(error);
        match failure.exit_code {
            ExitCode::DISCONNECTED => Failure::new(
                "error: Could not connect to fencer: Transport endpoint is not connected",
                ExitCode::DISCONNECTED,
            ),
            _ => failure,
        }
    })?;
    match answer {
        Answer::Refused(refusal) => Err(Failure::new(
            format!("error: {}", refusal.reason),
            ExitCode::ERROR,
        )),
        answer => Ok(answer),
    }
}

fn entries(node: &str, workplace: &mut Workplace<'_>) -> Done<Vec<FencingEntry>> {
    let target = (node != "*").then(|| node.to_owned());
    match ask(workplace, &Request::FencingHistory { target })? {
        Answer::FencingHistory(entries) => Ok(entries),
        _ => Err(Failure::new(
            "error: the answer does not fit",
            ExitCode::SOFTWARE,
        )),
    }
}

fn history(node: &str, workplace: &mut Workplace<'_>) -> Done {
    let all = entries(node, workplace)?;
    let is_full = workplace.common.verbosity > 0;
    let quiet = workplace.common.quiet;
    let mut seen: Vec<&str> = Vec::new();
    let list = workplace.reply.element("fence_history", &[]);
    for entry in all.iter().rev() {
        // Of each node, the last that succeeded is told, and everything with -V.
        let is_last = entry.state == FencingState::Success && !seen.contains(&&*entry.target);
        if !is_full && !is_last {
            continue;
        }
        seen.push(&entry.target);
        if quiet {
            workplace.reply.line(entry.ended_s.unwrap_or(entry.began_s));
        } else {
            let line = fencing_line(entry, workplace.now);
            workplace.reply.line(line);
        }
        let state = match entry.state {
            FencingState::Pending => "pending",
            FencingState::Success => "success",
            FencingState::Failed => "failed",
        };
        let attributes = [
            ("target", &*entry.target),
            ("action", &entry.action),
            ("state", state),
            ("client", &entry.client),
            ("origin", &entry.origin),
            ("delegate", entry.delegate.as_deref().unwrap_or("")),
        ];
        workplace.reply.element_in(list, "fence_event", &attributes);
    }
    Ok(())
}

fn last(node: &str, workplace: &mut Workplace<'_>) -> Done {
    let all = entries(node, workplace)?;
    let done = |it: &&FencingEntry| it.state == FencingState::Success;
    let when = all.iter().rev().find(done).and_then(|it| it.ended_s);
    match when {
        Some(when_s) => {
            let offset_s = workplace.now.offset_s();
            let when = DateTime::from_epoch_s(when_s).with_offset_s(offset_s);
            let line = format!("Node {node} last fenced at: {}", when.to_ctime_text());
            workplace.reply.line(line);
        }
        None => workplace
            .reply
            .line(format!("Node {node} has never been fenced")),
    }
    Ok(())
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "stonith_admin - Access the Pacemaker fencing API",
    closing: "",
    groups: &[
        Group { name: "output", heading: "Output Options:", help: "Show output help", entries: &output_options() },
        Group {
            name: "queries",
            heading: "Queries:",
            help: "Show query help",
            entries: &[
                entry("list", 'l', Some("HOST"), Meaning::ListFor, "List devices that can terminate the specified host"),
                entry("list-registered", 'L', None, Meaning::ListRegistered, "List all registered devices"),
                entry("list-installed", 'I', None, Meaning::ListInstalled, "List all installed devices"),
                entry("metadata", 'M', None, Meaning::Metadata, "Show agent metadata. Requires: --agent"),
                entry("query", 'Q', Some("DEVICE"), Meaning::Query, "Check that the named device is configured"),
                entry("history", 'H', Some("NODE"), Meaning::History, "Show last successful fencing operation for named node\n(or '*' for all nodes). Optional: --cleanup, --quiet, --verbose"),
                entry("last", 'h', Some("NODE"), Meaning::Last, "Indicate when the named node was last fenced"),
                entry("validate", 'K', None, Meaning::Validate, "Validate a fence device configuration.\nRequires: --agent. Optional: --option, --quiet"),
                entry("register", 'R', Some("DEVICE"), Meaning::Refused, HIDDEN),
                entry("deregister", 'D', Some("DEVICE"), Meaning::Refused, HIDDEN),
                entry("register-level", 'r', Some("TARGET"), Meaning::Refused, HIDDEN),
                entry("deregister-level", 'd', Some("TARGET"), Meaning::Refused, HIDDEN),
            ],
        },
        Group {
            name: "fence",
            heading: "Fencing Commands:",
            help: "Show fence help",
            entries: &[
                entry("fence", 'F', Some("HOST"), Meaning::Fence("off"), "Fence named host. Optional: --timeout, --tolerance, --delay"),
                entry("unfence", 'U', Some("HOST"), Meaning::Fence("on"), "Unfence named host. Optional: --timeout, --tolerance, --delay"),
                entry("reboot", 'B', Some("HOST"), Meaning::Fence("reboot"), "Reboot named host. Optional: --timeout, --tolerance, --delay"),
                entry("confirm", 'C', Some("HOST"), Meaning::Confirm, "Tell cluster that named host is now safely down"),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("cleanup", 'c', None, Meaning::Cleanup, "Cleanup wherever appropriate. Requires --history"),
                entry("broadcast", 'b', None, Meaning::Ignored, "Taken and ignored: all nodes have one history"),
                entry("agent", 'a', Some("AGENT"), Meaning::Agent, "The agent to use (for example, fence_xvm; with --metadata, --validate)"),
                entry("option", 'o', Some("PARAM"), Meaning::Option, "A parameter as NAME=VALUE (may be specified multiple times; with --validate)"),
                entry("tag", 'T', Some("TAG"), Meaning::IgnoredValue, "Taken and ignored"),
                entry("timeout", 't', Some("SECONDS"), Meaning::Timeout, "How long one device may take"),
                entry("delay", 'y', Some("SECONDS"), Meaning::Delay, "Wait so long before fencing; -1: not even as long as the devices want"),
                entry("tolerance", ' ', Some("SECONDS"), Meaning::Tolerance, "(Advanced) Do nothing if an equivalent request succeeded less than\nthis many seconds earlier"),
                entry("as-node-id", 'n', None, Meaning::Ignored, HIDDEN),
                entry("device", 'v', Some("DEVICE"), Meaning::IgnoredValue, HIDDEN),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('q', "Be less descriptive in output."),
        },
    ],
};
