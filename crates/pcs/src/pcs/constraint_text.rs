//! Constraints for people, and which of them name a resource.

use ::cib::xml::Element;

use super::cib_edit::constraints;
use super::session::{Done, Refusal, Session};
use super::{location, resource_sets as sets};

/// `constraint ref RESOURCE…`
pub(super) fn references(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    for id in words {
        let names = |it: &Element<'_>| {
            let attributes = ["rsc", "with-rsc", "first", "then"];
            let own = attributes.iter().any(|name| it.attribute(name) == Some(id));
            own || it
                .descendants()
                .any(|it| it.name() == "resource_ref" && it.id() == Some(id))
        };
        let found: Vec<String> = constraints(&session.cib)
            .filter(names)
            .map(|it| format!("  {}", it.id().unwrap_or("")))
            .collect();
        session.print(&format!("Resource: {id}"));
        if found.is_empty() {
            session.print("  No Matches.");
        }
        found.iter().for_each(|line| session.print(line));
    }
    Ok(())
}

/// A kind of constraints, as it is shown.
pub(super) struct Kind {
    heading: &'static str,
    element: &'static str,
}

pub(super) const ORDER: Kind = Kind {
    heading: "Ordering Constraints",
    element: "rsc_order",
};
pub(super) const COLOCATION: Kind = Kind {
    heading: "Colocation Constraints",
    element: "rsc_colocation",
};
pub(super) const TICKET: Kind = Kind {
    heading: "Ticket Constraints",
    element: "rsc_ticket",
};

/// Shows constraints of these kinds.
pub(super) fn show(session: &mut Session<'_>, kinds: &[Kind]) -> Done {
    let full = session.options.has("--full");
    let lines: Vec<String> = kinds
        .iter()
        .flat_map(|it| kind_lines(session, it, full))
        .collect();
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

fn kind_lines(session: &Session<'_>, kind: &Kind, full: bool) -> Vec<String> {
    let mut lines = vec![format!("{}:", kind.heading)];
    let of_kind = || constraints(&session.cib).filter(|it| it.name() == kind.element);
    let is_plain = |it: &Element<'_>| it.child("resource_set").is_none();
    lines.extend(
        of_kind()
            .filter(is_plain)
            .filter_map(|it| described(it, full))
            .map(|it| format!("  {it}")),
    );
    let mut with_sets = of_kind().filter(|it| !is_plain(it)).peekable();
    if with_sets.peek().is_some() {
        lines.push("  Resource Sets:".to_owned());
        lines.extend(with_sets.map(|it| format!("    {}", sets::line(it, full))));
    }
    lines
}

/// All constraints.
pub(super) fn lines(session: &Session<'_>, full: bool) -> Vec<String> {
    let mut lines = location::lines(session, full, &[]);
    for kind in [ORDER, COLOCATION, TICKET] {
        lines.extend(kind_lines(session, &kind, full));
    }
    lines
}

/// `constraint [config]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    if session.options.value("--output-format") == Some("json") {
        let all = super::config_text::json_of(constraints(&session.cib));
        session.print(&all.to_string());
        return Ok(());
    }
    let lines = lines(session, session.options.has("--full"));
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

/// `constraint list|show`, as it was called.
pub(super) fn old_list(session: &mut Session<'_>, words: &[String]) -> Done {
    session.deprecated(
        "This command is deprecated and will be removed. Please use 'pcs constraint config' instead.",
    );
    config(session, words)
}

fn order_line(it: Element<'_>, full: bool) -> String {
    let value = |name| it.attribute(name).unwrap_or("");
    let first_action = it.attribute("first-action").unwrap_or("start");
    let then_action = it.attribute("then-action").unwrap_or(first_action);
    let mut line = format!(
        "{first_action} {} then {then_action} {}",
        value("first"),
        value("then")
    );
    for name in ["score", "kind"] {
        if let Some(value) = it.attribute(name) {
            line.push_str(&format!(" ({name}:{value})"));
        }
    }
    if it.attribute("symmetrical") == Some("false") {
        line.push_str(" (non-symmetrical)");
    }
    if let Some(value) = it.attribute("require-all") {
        line.push_str(&format!(" (require-all:{value})"));
    }
    with_id(line, it, full)
}

fn colocation_line(it: Element<'_>, full: bool) -> String {
    let value = |name| it.attribute(name).unwrap_or("");
    let mut line = format!("{} with {}", value("rsc"), value("with-rsc"));
    for name in [
        "score",
        "rsc-role",
        "with-rsc-role",
        "influence",
        "node-attribute",
    ] {
        if let Some(value) = it.attribute(name) {
            line.push_str(&format!(" ({name}:{value})"));
        }
    }
    with_id(line, it, full)
}

fn ticket_line(it: Element<'_>, full: bool) -> String {
    let value = |name| it.attribute(name).unwrap_or("");
    let role = it
        .attribute("rsc-role")
        .map(|it| format!("{it} "))
        .unwrap_or_default();
    let policy = it
        .attribute("loss-policy")
        .map(|it| format!(" loss-policy={it}"));
    let line = format!(
        "{role}{}{} ticket={}",
        value("rsc"),
        policy.unwrap_or_default(),
        value("ticket")
    );
    with_id(line, it, full)
}

/// The line with the id behind it, where ids are shown.
pub(super) fn with_id(line: String, element: Element<'_>, full: bool) -> String {
    match element.id() {
        Some(id) if full => format!("{line} (id:{id})"),
        _ => line,
    }
}

/// A constraint without sets in one line.
pub(super) fn described(element: Element<'_>, full: bool) -> Option<String> {
    match element.name() {
        "rsc_order" => Some(order_line(element, full)),
        "rsc_colocation" => Some(colocation_line(element, full)),
        "rsc_ticket" => Some(ticket_line(element, full)),
        _ => None,
    }
}
