//! `crm_ticket`: the tickets that this cluster has, by hand: there is no booth here that gives and
//! takes them.

use cib::query::Query;
use cib::time::DateTime;
use cib::xml::{Document, Element, XmlId};

use crate::command_line::{Given, Grammar, Group, HIDDEN, Words, application_options, entry};
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};

const NAME: &str = "crm_ticket";

/// Runs the command with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Info,
    Details,
    Raw,
    Xml,
    Constraints,
    Change(&'static str, &'static str),
    Get,
    Set,
    Delete,
    Cleanup,
    Value,
    Default,
    Force,
    Ticket,
    IgnoredValue,
}

#[derive(Clone, Debug, Default)]
struct Options {
    command: Option<Command>,
    /// Attributes that get a value, in order.
    changes: Vec<(String, Option<String>)>,
    value: Option<String>,
    default: Option<String>,
    ticket: Option<String>,
    force: bool,
}

#[derive(Clone, Debug)]
enum Command {
    Info {
        details: bool,
    },
    Raw,
    Xml,
    Constraints,
    Get(String),
    /// What `changes` say.
    Change,
    Cleanup,
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::Info => options.command = Some(Command::Info { details: false }),
        Meaning::Details => options.command = Some(Command::Info { details: true }),
        Meaning::Raw => options.command = Some(Command::Raw),
        Meaning::Xml => options.command = Some(Command::Xml),
        Meaning::Constraints => options.command = Some(Command::Constraints),
        Meaning::Change(name, value) => {
            options.command = Some(Command::Change);
            let change = (name.to_owned(), Some(value.to_owned()));
            options.changes.push(change);
        }
        Meaning::Get => options.command = Some(Command::Get(argument)),
        Meaning::Set => {
            options.command = Some(Command::Change);
            options.changes.push((argument, Some(String::new())));
        }
        Meaning::Delete => {
            options.command = Some(Command::Change);
            options.changes.push((argument, None));
        }
        Meaning::Cleanup => options.command = Some(Command::Cleanup),
        Meaning::Value => options.value = Some(argument),
        Meaning::Default => options.default = Some(argument),
        Meaning::Force => options.force = true,
        Meaning::Ticket => options.ticket = Some(argument),
        Meaning::IgnoredValue => {}
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let Some(command) = &options.command else {
        return Err(Failure::usage("Must supply a command"));
    };
    match command {
        Command::Info { details } => info(options, *details, workplace),
        Command::Raw => {
            for id in tickets(options, workplace)? {
                workplace.reply.line(id);
            }
            Ok(())
        }
        Command::Xml => {
            let cib = workplace.cib()?;
            let found = states(&cib, options.ticket.as_deref());
            workplace.reply.line("State XML:\n");
            show(&found, workplace)
        }
        Command::Constraints => {
            let cib = workplace.cib()?;
            let query = Query::parse("/cib/configuration/constraints/rsc_ticket");
            let all = query.and_then(|it| it.select(&cib)).unwrap_or_default();
            let wanted = options.ticket.as_deref();
            let all = all.into_iter();
            let found: Vec<Element<'_>> = all
                .filter(|it| wanted.is_none() || it.attribute("ticket") == wanted)
                .collect();
            workplace.reply.line("Constraints XML:\n");
            show(&found, workplace)
        }
        Command::Get(name) => get(options, name, workplace),
        Command::Change => change(options, workplace),
        Command::Cleanup => cleanup(options, workplace),
    }
}

fn states<'d>(cib: &'d Document, ticket: Option<&str>) -> Vec<Element<'d>> {
    let query = Query::parse("/cib/status/tickets/ticket_state");
    let all = query.and_then(|it| it.select(cib)).unwrap_or_default();
    let all = all.into_iter();
    all.filter(|it| ticket.is_none() || it.id() == ticket)
        .collect()
}

fn show(found: &[Element<'_>], workplace: &mut Workplace<'_>) -> Done {
    if found.is_empty() {
        return Err(Failure::silent(ExitCode::NO_SUCH));
    }
    for element in found {
        let text = Document::copy_of(*element).to_string();
        workplace.reply.text(&text);
    }
    Ok(())
}

fn tickets(options: &Options, workplace: &mut Workplace<'_>) -> Done<Vec<String>> {
    let cib = workplace.cib()?;
    let found = states(&cib, options.ticket.as_deref()).into_iter();
    let ids: Vec<String> = found.filter_map(|it| it.id().map(str::to_owned)).collect();
    match (ids.is_empty(), &options.ticket) {
        (true, Some(_)) => Err(Failure::silent(ExitCode::NO_SUCH)),
        _ => Ok(ids),
    }
}

fn is_on(state: Element<'_>, name: &str) -> bool {
    let value = state.attribute(name).and_then(cib::literal::parse_boolean);
    value == Some(true)
}

fn info(options: &Options, details: bool, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let found = states(&cib, options.ticket.as_deref());
    if found.is_empty() && options.ticket.is_some() {
        return Err(Failure::silent(ExitCode::NO_SUCH));
    }
    for state in found {
        let id = state.id().unwrap_or("");
        let granted = if is_on(state, "granted") {
            "granted"
        } else {
            "revoked"
        };
        let standby = if is_on(state, "standby") {
            "[standby]"
        } else {
            "         "
        };
        let mut line = format!("{id}\t{granted} {standby}");
        let last = state
            .attribute("last-granted")
            .and_then(|it| it.parse().ok());
        if let Some(last_s) = last {
            let last = DateTime::from_epoch_s(last_s).with_offset_s(workplace.now.offset_s());
            line.push_str(&format!(" last-granted='{}'", last.to_ctime_text()));
        }
        if details {
            let own = state.attributes().filter(|(name, _)| *name != "id");
            let own: Vec<String> = own.map(|(name, value)| format!("{name}={value}")).collect();
            line.push_str(&format!(" ({})", own.join(", ")));
        }
        workplace.reply.line(line);
    }
    Ok(())
}

fn required(options: &Options) -> Done<&str> {
    let ticket = options.ticket.as_deref();
    ticket.ok_or_else(|| Failure::usage("Must supply a ticket ID with -t"))
}

fn get(options: &Options, name: &str, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let cib = workplace.cib()?;
    let found = states(&cib, Some(id));
    let value = found.first().and_then(|it| it.attribute(name));
    match value.or(options.default.as_deref()) {
        Some(value) => {
            workplace.reply.line(value);
            Ok(())
        }
        None => Err(Failure::silent(ExitCode::NO_SUCH)),
    }
}

/// Whether the ticket would be given or taken, which only an operator who knows of all sites may.
fn check(options: &Options, id: &str, cib: &Document) -> Done {
    if options.force {
        return Ok(());
    }
    let was_granted = states(cib, Some(id))
        .first()
        .is_some_and(|it| is_on(*it, "granted"));
    for (name, value) in &options.changes {
        if name != "granted" {
            continue;
        }
        let value = value.as_ref().and(new_value(options, value.as_deref()));
        let is_granted = value.and_then(|it| cib::literal::parse_boolean(&it)) == Some(true);
        let text = match (was_granted, is_granted) {
            (false, false) => continue,
            (_, true) => format!(
                "Ticket modification not allowed\nThis command cannot help you verify whether \
                 '{id}' has been already granted elsewhere.\nIf you really want to grant '{id}' to \
                 this site now, and you know what you are doing,\nplease specify --force."
            ),
            (true, false) => revoking(id),
        };
        return Err(Failure::new(text, ExitCode::INSUFFICIENT_PRIVILEGES));
    }
    Ok(())
}

fn revoking(id: &str) -> String {
    format!(
        "Revoking '{id}' can trigger the specified 'loss-policy'(s) relating to '{id}'.\n\nYou can \
         check that with:\ncrm_ticket --ticket {id} --constraints\n\nOtherwise before revoking \
         '{id}', you may want to make '{id}' standby with:\ncrm_ticket --ticket {id} \
         --standby\n\nIf you really want to revoke '{id}' from this site now, and you know what you \
         are doing,\nplease specify --force."
    )
}

/// What an attribute gets: its own value, or that of `-v`.
fn new_value(options: &Options, own: Option<&str>) -> Option<String> {
    match own {
        Some("") => options.value.clone(),
        own => own.map(str::to_owned),
    }
}

fn change(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let now = workplace.now.epoch_s().to_string();
    workplace.edit(|cib| {
        check(options, id, cib)?;
        let state = make(cib, id);
        let was_granted = is_on(cib.element(state), "granted");
        for (name, value) in &options.changes {
            let Some(own) = value else {
                cib.unset(state, name);
                continue;
            };
            let value = new_value(options, Some(own));
            let value = value
                .ok_or_else(|| Failure::usage("Must supply a value with -v to set an attribute"))?;
            cib.set(state, name, &value);
        }
        if !was_granted && is_on(cib.element(state), "granted") {
            cib.set(state, "last-granted", &now);
        }
        Ok(())
    })
}

fn make(cib: &mut Document, id: &str) -> XmlId {
    if let Some(found) = states(cib, Some(id)).first() {
        return found.xml_id();
    }
    let child = |cib: &mut Document, parent: XmlId, name: &str| {
        let found = cib.element(parent).child(name).map(Element::xml_id);
        found.unwrap_or_else(|| cib.append(parent, name))
    };
    let root = cib.root().xml_id();
    let status = child(cib, root, "status");
    let list = child(cib, status, "tickets");
    let state = cib.append(list, "ticket_state");
    cib.set(state, "id", id);
    state
}

fn cleanup(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    workplace.edit(|cib| {
        let found = states(cib, Some(id));
        let is_granted = found.first().is_some_and(|it| is_on(*it, "granted"));
        if is_granted && !options.force {
            return Err(Failure::new(
                revoking(id),
                ExitCode::INSUFFICIENT_PRIVILEGES,
            ));
        }
        let found: Vec<XmlId> = found.into_iter().map(Element::xml_id).collect();
        found.into_iter().for_each(|it| cib.remove(it));
        Ok(())
    })?;
    workplace.reply.line(format!("Cleaned up {id}"));
    Ok(())
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "Perform tasks related to cluster tickets\n\nAllows ticket attributes to be queried, modified and deleted.",
    closing: "",
    groups: &[
        Group {
            name: "queries",
            heading: "Queries:",
            help: "Show queries",
            entries: &[
                entry("info", 'l', None, Meaning::Info, "Display the information of ticket(s)"),
                entry("details", 'L', None, Meaning::Details, "Display the details of ticket(s)"),
                entry("raw", 'w', None, Meaning::Raw, "Display the IDs of ticket(s)"),
                entry("query-xml", 'q', None, Meaning::Xml, "Query the XML of ticket(s)"),
                entry("constraints", 'c', None, Meaning::Constraints, "Display the rsc_ticket constraints that apply to ticket(s)"),
            ],
        },
        Group {
            name: "commands",
            heading: "Commands:",
            help: "Show command options",
            entries: &[
                entry("grant", 'g', None, Meaning::Change("granted", "true"), "Grant a ticket to this cluster site"),
                entry("revoke", 'r', None, Meaning::Change("granted", "false"), "Revoke a ticket from this cluster site"),
                entry("standby", 's', None, Meaning::Change("standby", "true"), "Tell this cluster site this ticket is standby"),
                entry("activate", 'a', None, Meaning::Change("standby", "false"), "Tell this cluster site this ticket is active"),
            ],
        },
        Group {
            name: "advanced",
            heading: "Advanced Options:",
            help: "Show advanced options",
            entries: &[
                entry("get-attr", 'G', Some("ATTRIBUTE"), Meaning::Get, "Display the named attribute for a ticket"),
                entry("set-attr", 'S', Some("ATTRIBUTE"), Meaning::Set, "Set the named attribute for a ticket"),
                entry("delete-attr", 'D', Some("ATTRIBUTE"), Meaning::Delete, "Delete the named attribute for a ticket"),
                entry("cleanup", 'C', None, Meaning::Cleanup, "Delete all state of a ticket at this cluster site"),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("attr-value", 'v', Some("VALUE"), Meaning::Value, "Attribute value to use with -S"),
                entry("default", 'd', Some("VALUE"), Meaning::Default, "(Advanced) Default attribute value to display if none is found\n(for use with -G)"),
                entry("force", 'f', None, Meaning::Force, "(Advanced) Force the action to be performed"),
                entry("ticket", 't', Some("ID"), Meaning::Ticket, "Ticket ID"),
                entry("set-name", 'n', Some("ID"), Meaning::IgnoredValue, HIDDEN),
                entry("nvpair", 'i', Some("ID"), Meaning::IgnoredValue, HIDDEN),
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
