//! `pcs resource relations`: what a resource depends on and what depends on it, as a tree.

use ::cib::xml::{Document, Element};

use super::cib_edit::{constraints, resource};
use super::session::{Done, Refusal, Session};

/// How deep the tree is drawn.
const MAX_DEPTH: usize = 32;

/// A part of the tree.
struct Branch {
    title: String,
    details: Vec<String>,
    below: Vec<Branch>,
}

/// `resource relations RESOURCE [--full]`
pub(super) fn relations(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id] = words else {
        return Err(Refusal::Usage);
    };
    if resource(&session.cib, id).is_none() {
        return Err(Refusal::said(format!(
            "bundle/clone/group/resource '{id}' does not exist"
        )));
    }
    let is_full = session.options.has("--full");
    let mut seen = vec![id.clone()];
    let below = branches(&session.cib, id, is_full, &mut seen, 0);
    session.print(id);
    let mut lines = Vec::new();
    draw(&below, "", &mut lines);
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

fn draw(branches: &[Branch], indent: &str, lines: &mut Vec<String>) {
    for (at, branch) in branches.iter().enumerate() {
        let is_last = at + 1 == branches.len();
        lines.push(format!(
            "{indent}{} {}",
            if is_last { "`-" } else { "|-" },
            branch.title
        ));
        let deeper = format!("{indent}{}", if is_last { "   " } else { "|  " });
        let bar = if branch.below.is_empty() { " " } else { "|" };
        for detail in &branch.details {
            lines.push(format!("{deeper}{bar}  {detail}"));
        }
        draw(&branch.below, &deeper, lines);
    }
}

/// What is related to `id` and was not drawn yet.
fn branches(
    cib: &Document,
    id: &str,
    is_full: bool,
    seen: &mut Vec<String>,
    depth: usize,
) -> Vec<Branch> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let mut found: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    let details = |id: &str, text: String| match is_full {
        true => vec![text, format!("id: {id}")],
        false => vec![text],
    };
    for constraint in constraints(cib).filter(|it| it.name() == "rsc_order") {
        let attribute = |name| constraint.attribute(name).unwrap_or("");
        let (first, then) = (attribute("first"), attribute("then"));
        let own = constraint.id().unwrap_or("");
        if constraint.child("resource_set").is_some() {
            let members = constraint.descendants();
            let members = members.filter(|it| it.name() == "resource_ref");
            let members: Vec<String> = members
                .filter_map(|it| it.id().map(str::to_owned))
                .collect();
            if members.iter().any(|it| it == id) {
                let others = members.iter().filter(|it| *it != id).cloned().collect();
                let text = format!("set {}", members.join(" "));
                found.push(("order set".to_owned(), details(own, text), others));
            }
        } else if first == id || then == id {
            let other = if first == id { then } else { first };
            let action = |name, default| constraint.attribute(name).unwrap_or(default).to_owned();
            let first_action = action("first-action", "start");
            let then_action = action("then-action", &first_action);
            let text = format!("{first_action} {first} then {then_action} {then}");
            found.push((
                "order".to_owned(),
                details(own, text),
                vec![other.to_owned()],
            ));
        }
    }
    let element = resource(cib, id);
    let parts: Vec<String> = element
        .into_iter()
        .flat_map(Element::children)
        .filter(|it| matches!(it.name(), "primitive" | "group"))
        .filter_map(|it| it.id().map(str::to_owned))
        .collect();
    if !parts.is_empty() {
        let members = format!("members: {}", parts.join(" "));
        found.push(("inner resource(s)".to_owned(), vec![members], parts));
    }
    let outer = element.and_then(Element::parent);
    let outer = outer.filter(|it| it.name() != "resources");
    if let Some(outer) = outer.and_then(|it| it.id().map(str::to_owned)) {
        found.push(("outer resource".to_owned(), Vec::new(), vec![outer]));
    }
    let mut all = Vec::new();
    for (title, details, others) in found {
        let others: Vec<String> = others.into_iter().filter(|it| !seen.contains(it)).collect();
        if others.is_empty() {
            continue;
        }
        seen.extend(others.iter().cloned());
        let below = others
            .into_iter()
            .map(|other| Branch {
                below: branches(cib, &other, is_full, seen, depth + 1),
                title: other,
                details: Vec::new(),
            })
            .collect();
        all.push(Branch {
            title,
            details,
            below,
        });
    }
    all
}
