//! `pcs constraint location`: where resources may run.

use ::cib::xml::{Element, XmlId};

use super::cib_edit::{as_id, constraints, free_id};
use super::constraint::{check_score, constrained, list};
use super::constraint_text::with_id;
use super::node;
use super::pairs::{self, quoted};
use super::session::{Done, Refusal, Session};

/// What is to be placed: a resource, or all whose names match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Placed {
    Pattern(String),
    Resource(String),
}

impl Placed {
    fn parse(text: &str) -> Self {
        if let Some(pattern) = text.strip_prefix("regexp%") {
            return Self::Pattern(pattern.to_owned());
        }
        let id = text.strip_prefix("resource%").or(text.strip_prefix('%'));
        Self::Resource(id.unwrap_or(text).to_owned())
    }

    fn of(constraint: Element<'_>) -> Option<Self> {
        let pattern = constraint
            .attribute("rsc-pattern")
            .map(|it| Self::Pattern(it.to_owned()));
        pattern.or_else(|| {
            constraint
                .attribute("rsc")
                .map(|it| Self::Resource(it.to_owned()))
        })
    }

    pub(super) const fn attribute(&self) -> &'static str {
        match self {
            Self::Pattern(_) => "rsc-pattern",
            Self::Resource(_) => "rsc",
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Pattern(text) | Self::Resource(text) => text,
        }
    }

    fn heading(&self) -> String {
        match self {
            Self::Pattern(text) => format!("Resource pattern: {text}"),
            Self::Resource(text) => format!("Resource: {text}"),
        }
    }

    /// The same with a resource that is there.
    fn checked(self, session: &mut Session<'_>) -> Done<Self> {
        match self {
            Self::Resource(id) => Ok(Self::Resource(constrained(session, &id)?)),
            pattern => Ok(pattern),
        }
    }
}

/// `constraint location …`
pub(super) fn location(session: &mut Session<'_>, words: &[String]) -> Done {
    match words.first().map(String::as_str) {
        None => show(session, &[]),
        Some("config" | "show" | "list") => match words.get(1).map(String::as_str) {
            None => show(session, &[]),
            Some("resources") => show(session, &words[2..]),
            Some("nodes") => show_nodes(session, &words[2..]),
            Some(_) => Err(Refusal::Usage),
        },
        Some("add") => add(session, &words[1..]),
        Some("remove" | "delete") => remove(session, &words[1..]),
        Some(placed) => match words.get(1).map(String::as_str) {
            Some("prefers") => prefer(session, placed, &words[2..], true),
            Some("avoids") => prefer(session, placed, &words[2..], false),
            Some("rule") => {
                let placed = Placed::parse(placed).checked(session)?;
                super::location_rules::location_rule(session, &placed, &words[2..])
            }
            _ => Err(Refusal::Usage),
        },
    }
}

fn check_nodes(session: &mut Session<'_>, nodes: &[&str]) -> Done {
    if session.options.value("-f").is_some() {
        session.warn("Validation for node existence in the cluster will be skipped");
        return Ok(());
    }
    let missing = nodes
        .iter()
        .copied()
        .filter(|it| !node::exists(&session.cib, it));
    let missing: Vec<&str> = missing.collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = quoted(missing);
    if session.is_forced() {
        session.warn(&format!(
            "Node(s) {missing} do not seem to be in the cluster"
        ));
        return Ok(());
    }
    Err(Refusal::said(format!(
        "Node(s) {missing} do not seem to be in the cluster, use --force to override"
    )))
}

/// `RESOURCE prefers|avoids NODE[=SCORE]…`
fn prefer(session: &mut Session<'_>, placed: &str, words: &[String], is_wanted: bool) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    let preferences: Vec<(&str, String)> = words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((node, score)) => (node, score.to_owned()),
            None => (word.as_str(), "INFINITY".to_owned()),
        })
        .collect();
    let nodes: Vec<&str> = preferences.iter().map(|(node, _)| *node).collect();
    check_nodes(session, &nodes)?;
    preferences
        .iter()
        .try_for_each(|(_, score)| check_score(score))?;
    let placed = Placed::parse(placed).checked(session)?;
    for (node, score) in preferences {
        let score = if is_wanted { score } else { opposite(&score) };
        let wanted = as_id(&format!("location-{}-{node}-{score}", placed.text()));
        replace(session, &placed, node, &score, &wanted, &[]);
    }
    Ok(())
}

fn opposite(score: &str) -> String {
    match score.strip_prefix('-') {
        Some(rest) => rest.to_owned(),
        None => format!("-{}", score.trim_start_matches('+')),
    }
}

/// Takes out what is said of the resource and the node, and says it anew.
fn replace(
    session: &mut Session<'_>,
    placed: &Placed,
    node: &str,
    score: &str,
    wanted_id: &str,
    options: &[(String, String)],
) {
    let cib = &mut session.cib;
    let is_same = |it: &Element<'_>| {
        it.name() == "rsc_location"
            && (it.id() == Some(wanted_id)
                || (it.attribute("node") == Some(node)
                    && it.attribute("role").is_none()
                    && Placed::of(*it).as_ref() == Some(placed)))
    };
    let old: Vec<XmlId> = constraints(cib)
        .filter(is_same)
        .map(Element::xml_id)
        .collect();
    old.into_iter().for_each(|it| cib.remove(it));
    let id = free_id(cib, wanted_id);
    let parent = list(cib);
    let element = cib.append(parent, "rsc_location");
    cib.set(element, "id", &id);
    cib.set(element, placed.attribute(), placed.text());
    cib.set(element, "node", node);
    cib.set(element, "score", score);
    options
        .iter()
        .for_each(|(name, value)| cib.set(element, name, value));
}

/// `add ID RESOURCE NODE SCORE [resource-discovery=…]`
fn add(session: &mut Session<'_>, words: &[String]) -> Done {
    const DISCOVERY: &[&str] = &["always", "exclusive", "never"];
    let [id, placed, node, score, options @ ..] = words else {
        return Err(Refusal::Usage);
    };
    check_nodes(session, &[node])?;
    let options = pairs::parse(options)?;
    for (name, value) in &options {
        if name != "resource-discovery" && !session.is_forced() {
            return Err(Refusal::said(format!(
                "bad option '{name}', use --force to override"
            )));
        }
        if name == "resource-discovery" && !DISCOVERY.contains(&value.as_str()) {
            return Err(Refusal::said(format!(
                "invalid {name} value '{value}', allowed values are: {}",
                quoted(DISCOVERY.iter().copied())
            )));
        }
    }
    check_score(score)?;
    let placed = Placed::parse(placed).checked(session)?;
    let is_other = |it: Element<'_>| it.id() == Some(id) && it.name() != "rsc_location";
    if session.cib.with_id(id).any(is_other) {
        return Err(Refusal::said(format!("id '{id}' is already in use")));
    }
    let is_there = session.cib.with_id(id).any(|it| {
        it.attribute("node") == Some(node)
            && it.attribute("score") == Some(score)
            && Placed::of(it).as_ref() == Some(&placed)
            && options
                .iter()
                .all(|(name, value)| it.attribute(name) == Some(value))
    });
    if !is_there {
        replace(session, &placed, node, score, id, &options);
    }
    Ok(())
}

/// `remove|delete ID`
fn remove(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id] = words else {
        return Err(Refusal::Usage);
    };
    let is_meant = |it: &Element<'_>| it.name() == "rsc_location" && it.id() == Some(id);
    let found = constraints(&session.cib)
        .find(is_meant)
        .map(Element::xml_id);
    let found =
        found.ok_or_else(|| Refusal::said(format!("resource location id: {id} not found.")))?;
    session.cib.remove(found);
    Ok(())
}

fn show(session: &mut Session<'_>, only: &[String]) -> Done {
    let lines = lines(session, session.options.has("--full"), only);
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

fn locations<'d>(session: &'d Session<'_>) -> impl Iterator<Item = Element<'d>> {
    constraints(&session.cib).filter(|it| it.name() == "rsc_location")
}

/// Constraints by resource; those of `only` where any are named.
pub(super) fn lines(session: &Session<'_>, full: bool, only: &[String]) -> Vec<String> {
    let only: Vec<Placed> = only.iter().map(|it| Placed::parse(it)).collect();
    let is_shown = |it: &Element<'_>| session.options.has("--all") || !is_expired(session, *it);
    let shown = locations(session).filter(is_shown);
    let mut all: Vec<Placed> = shown.filter_map(Placed::of).collect();
    all.sort();
    all.dedup();
    all.retain(|it| only.is_empty() || only.contains(it));
    let mut lines = vec!["Location Constraints:".to_owned()];
    for placed in all {
        let own = || locations(session).filter(|it| Placed::of(*it).as_ref() == Some(&placed));
        lines.push(format!("  {}", placed.heading()));
        for (heading, is_negative) in [("Enabled on", false), ("Disabled on", true)] {
            let mut nodes = own()
                .filter(|it| it.attribute("node").is_some())
                .filter(|it| score(*it).starts_with('-') == is_negative)
                .peekable();
            if nodes.peek().is_some() {
                lines.push(format!("    {heading}:"));
            }
            for it in nodes {
                let node = it.attribute("node").unwrap_or("");
                lines.push(format!("      Node: {node}{}", details(it, full)));
            }
        }
        for it in own()
            .filter(|it| it.child("rule").is_some())
            .filter(is_shown)
        {
            let expired = if is_expired(session, it) {
                " (expired)"
            } else {
                ""
            };
            lines.push(format!(
                "    Constraint{expired}: {}",
                it.id().unwrap_or("")
            ));
            for rule in it.children_named("rule") {
                let at = lines.len();
                rule_lines(rule, full, 3, &mut lines);
                if super::rules::is_expired(rule, session.now) {
                    lines[at] = lines[at].replacen("Rule:", "Rule (expired):", 1);
                }
            }
        }
    }
    lines
}

/// Whether a constraint has rules, and none of them will ever hold again.
fn is_expired(session: &Session<'_>, constraint: Element<'_>) -> bool {
    let mut rules = constraint.children_named("rule").peekable();
    rules.peek().is_some() && rules.all(|it| super::rules::is_expired(it, session.now))
}

fn score(constraint: Element<'_>) -> &str {
    constraint.attribute("score").unwrap_or("0")
}

fn details(it: Element<'_>, full: bool) -> String {
    let mut text = format!(" (score:{})", score(it));
    for name in ["role", "resource-discovery"] {
        if let Some(value) = it.attribute(name) {
            let sign = if name == "role" { ':' } else { '=' };
            text.push_str(&format!(" ({name}{sign}{value})"));
        }
    }
    with_id(text, it, full)
}

/// A rule and what is in it, `depth` levels deep.
pub(super) fn rule_lines(rule: Element<'_>, full: bool, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let options = rule.attributes().filter(|(name, _)| *name != "id");
    let options: Vec<String> = options
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let head = format!("{indent}Rule: {}", options.join(" "));
    lines.push(with_id(head, rule, full));
    for part in rule.children() {
        let value = |name| part.attribute(name).unwrap_or("");
        let text = match part.name() {
            "rule" => {
                rule_lines(part, full, depth + 1, lines);
                continue;
            }
            "expression" => {
                let (attribute, operation) = (value("attribute"), value("operation"));
                match part.attribute("value") {
                    None => format!("{operation} {attribute}"),
                    Some(value) => match part.attribute("type") {
                        Some(kind) => format!("{attribute} {operation} {kind} {value}"),
                        None => format!("{attribute} {operation} {value}"),
                    },
                }
            }
            "date_expression" => match value("operation") {
                "gt" => format!("date gt {}", value("start")),
                "lt" => format!("date lt {}", value("end")),
                "in_range" => format!("date in_range {} to {}", value("start"), value("end")),
                _ => String::new(),
            },
            "rsc_expression" => format!(
                "resource {}:{}:{}",
                value("class"),
                value("provider"),
                value("type")
            ),
            "op_expression" => match part.attribute("interval") {
                Some(interval) => format!("op {} interval={interval}", value("name")),
                None => format!("op {}", value("name")),
            },
            _ => continue,
        };
        let line = format!("{indent}  Expression: {text}");
        lines.push(with_id(line.trim_end().to_owned(), part, full));
        for (name, title) in [("date_spec", "Date Spec"), ("duration", "Duration")] {
            if let Some(spec) = part.child(name) {
                let options = spec.attributes().filter(|(name, _)| *name != "id");
                let options: Vec<String> = options
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                lines.push(with_id(
                    format!("{indent}    {title}: {}", options.join(" ")),
                    spec,
                    full,
                ));
            }
        }
    }
}

fn show_nodes(session: &mut Session<'_>, only: &[String]) -> Done {
    let full = session.options.has("--full");
    let mut nodes: Vec<String> = locations(session)
        .filter_map(|it| it.attribute("node").map(str::to_owned))
        .collect();
    nodes.sort();
    nodes.dedup();
    nodes.retain(|it| only.is_empty() || only.contains(it));
    let mut lines = vec!["Location Constraints:".to_owned()];
    for node in nodes {
        lines.push(format!("  Node: {node}"));
        for (heading, is_negative) in [("Allowed to run", false), ("Not allowed to run", true)] {
            let mut own = locations(session)
                .filter(|it| it.attribute("node") == Some(&node))
                .filter(|it| score(*it).starts_with('-') == is_negative)
                .peekable();
            if own.peek().is_some() {
                lines.push(format!("    {heading}:"));
            }
            for it in own {
                let placed = Placed::of(it).map(|it| it.heading()).unwrap_or_default();
                lines.push(format!("      {placed}{}", details(it, full)));
            }
        }
    }
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}
