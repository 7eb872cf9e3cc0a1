//! `pcs constraint`: order, colocation, tickets; showing and removing constraints of all kinds.

use ::cib::xml::{Document, Element, XmlId};

use super::cib_edit::{
    as_id, clone_of, constraints, free_id, group_of, id_exists, is_clone, resource, section,
};
use super::constraint_text::{COLOCATION, ORDER, TICKET, described, show};
use super::operations::new_role;
use super::pairs::{self, Pairs, quoted};
use super::resource_sets as sets;
use super::session::{Done, Refusal, Session};

pub(super) const ROLES: &[&str] = &[
    "Master",
    "Promoted",
    "Slave",
    "Started",
    "Stopped",
    "Unpromoted",
];
const ACTIONS: &[&str] = &["start", "promote", "stop", "demote"];
const KINDS: &[&str] = &["Optional", "Mandatory", "Serialize"];

/// The resource that a constraint is to name. A clone may also be named as it would be called had it
/// no name of its own.
pub(super) fn constrained(session: &mut Session<'_>, id: &str) -> Done<String> {
    let Some(element) = resource(&session.cib, id) else {
        let inner = id.strip_suffix("-clone").or(id.strip_suffix("-master"));
        let clone = inner
            .and_then(|it| resource(&session.cib, it))
            .and_then(clone_of);
        let Some(clone) = clone.and_then(Element::id).map(str::to_owned) else {
            return Err(Refusal::said(format!("Resource '{id}' does not exist")));
        };
        session.warn(&format!(
            "Resource '{id}' does not exist; taken for '{clone}', the clone of '{}'",
            inner.unwrap_or("")
        ));
        return Ok(clone);
    };
    let around = match element.parent() {
        Some(parent) if is_clone(parent) => Some(parent),
        _ => clone_of(element),
    };
    let around = around.or(element.parent().filter(|it| it.name() == "bundle"));
    if let Some(around) = around.filter(|_| !session.is_forced()) {
        let kind = if is_clone(around) { "clone" } else { "bundle" };
        return Err(Refusal::said(format!(
            "{id} is a {kind} resource, you should use the {kind} id: {} when adding constraints. \
             Use --force to override.",
            around.id().unwrap_or("")
        )));
    }
    Ok(id.to_owned())
}

/// The constraints' section.
pub(super) fn list(cib: &mut Document) -> XmlId {
    section(cib, "constraints")
}

fn refuse_duplicates(
    session: &Session<'_>,
    kind: &str,
    is_same: impl Fn(Element<'_>) -> bool,
) -> Done {
    if session.is_forced() {
        return Ok(());
    }
    let same = constraints(&session.cib).filter(|it| it.name() == kind && is_same(*it));
    let same: Vec<String> = same
        .filter_map(|it| described(it, true))
        .map(|it| format!("  {it}"))
        .collect();
    if same.is_empty() {
        return Ok(());
    }
    Err(Refusal::said(format!(
        "duplicate constraint already exists, use --force to override\n{}",
        same.join("\n")
    )))
}

fn refuse_id(session: &Session<'_>, id: &str) -> Done {
    if id_exists(&session.cib, id) {
        return Err(Refusal::said(format!(
            "id '{id}' is already in use, please specify another one"
        )));
    }
    Ok(())
}

/// `constraint order …`
pub(super) fn order(session: &mut Session<'_>, words: &[String]) -> Done {
    match words.first().map(String::as_str) {
        None | Some("config" | "show" | "list") => show(session, &[ORDER]),
        Some("set") => sets::create(session, &sets::ORDER, &words[1..]),
        Some("add") => order_add(session, &words[1..]),
        Some("remove" | "delete") => remove_resources(session, "rsc_order", &words[1..]),
        Some(_) => order_add(session, words),
    }
}

/// `[ACTION] RESOURCE`
fn ordered(words: &[String]) -> Option<(&str, &str)> {
    match words {
        [resource] => Some(("start", resource)),
        [action, resource] => Some((action, resource)),
        _ => None,
    }
}

fn order_add(session: &mut Session<'_>, words: &[String]) -> Done {
    let then = words
        .iter()
        .position(|it| it == "then")
        .ok_or(Refusal::Usage)?;
    let (first, rest) = (&words[..then], &words[then + 1..]);
    let end = rest
        .iter()
        .position(|it| it.contains('='))
        .unwrap_or(rest.len());
    let (then, options) = rest.split_at(end);
    let (first_action, first) = ordered(first).ok_or(Refusal::Usage)?;
    let (then_action, then) = ordered(then).ok_or(Refusal::Usage)?;
    let mut options = pairs::parse(options)?;
    for action in [first_action, then_action] {
        if !ACTIONS.contains(&action) {
            return Err(Refusal::said(format!(
                "invalid action value '{action}', allowed values are: {}",
                quoted(ACTIONS.iter().copied())
            )));
        }
    }
    let first = constrained(session, first)?;
    let then = constrained(session, then)?;
    check_same_group(session, &first, &then)?;
    refuse_duplicates(session, "rsc_order", |it| {
        let is = |name, value: &str, default| it.attribute(name).unwrap_or(default) == value;
        is("first", &first, "")
            && is("then", &then, "")
            && is("first-action", first_action, "start")
            && is("then-action", then_action, first_action)
    })?;
    check_order_options(&options)?;
    let own_id = pairs::take(&mut options, "id");
    own_id
        .as_deref()
        .map_or(Ok(()), |id| refuse_id(session, id))?;
    let (strength, value) = match (
        pairs::take(&mut options, "kind"),
        pairs::take(&mut options, "score"),
    ) {
        (Some(kind), _) => ("kind", kind),
        (None, Some(score)) => ("score", score),
        (None, None) => ("kind", "Mandatory".to_owned()),
    };
    let is_default = strength == "kind" && !words.iter().any(|it| it.starts_with("kind="));
    let last = if is_default { "mandatory" } else { &value };
    let id = own_id.clone().unwrap_or_else(|| {
        free_id(
            &session.cib,
            &as_id(&format!("order-{first}-{then}-{last}")),
        )
    });
    let mut told: Vec<String> = own_id.iter().map(|id| format!("id={id}")).collect();
    told.extend([
        format!("first-action={first_action}"),
        format!("then-action={then_action}"),
    ]);
    told.extend(
        options
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    session.say(&format!(
        "Adding {first} {then} ({strength}: {value}) (Options: {})",
        told.join(" ")
    ));
    let cib = &mut session.cib;
    let parent = list(cib);
    let element = cib.append(parent, "rsc_order");
    for (name, value) in [
        ("first", first.as_str()),
        ("then", then.as_str()),
        (strength, value.as_str()),
        ("first-action", first_action),
        ("then-action", then_action),
    ] {
        cib.set(element, name, value);
    }
    options
        .iter()
        .for_each(|(name, value)| cib.set(element, name, value));
    cib.set(element, "id", &id);
    Ok(())
}

fn check_order_options(options: &Pairs) -> Done {
    const OPTIONS: &[&str] = &["id", "kind", "require-all", "score", "symmetrical"];
    for (name, value) in options {
        let allowed: &[&str] = match name.as_str() {
            "kind" => KINDS,
            "symmetrical" | "require-all" => &["true", "false"],
            "score" | "id" => &[],
            _ => {
                return Err(Refusal::said(format!(
                    "invalid option '{name}', allowed options are: {}",
                    quoted(OPTIONS.iter().copied())
                )));
            }
        };
        if !allowed.is_empty() && !allowed.iter().any(|it| it.eq_ignore_ascii_case(value)) {
            return Err(Refusal::said(format!(
                "invalid {name} value '{value}', allowed values are: {}",
                quoted(allowed.iter().copied())
            )));
        }
    }
    Ok(())
}

/// Members of a group start one after another anyway. pcs 0.9 took an order that says the same; what
/// says otherwise could never be kept.
fn check_same_group(session: &mut Session<'_>, first: &str, then: &str) -> Done {
    let group = |id| resource(&session.cib, id).and_then(group_of);
    let (Some(one), Some(other)) = (group(first), group(then)) else {
        return Ok(());
    };
    if one != other {
        return Ok(());
    }
    let place = |id: &str| {
        one.children_named("primitive")
            .position(|it| it.id() == Some(id))
    };
    if place(first) >= place(then) {
        return Err(Refusal::said(
            "Cannot create an order constraint for resources in the same group",
        ));
    }
    let group = one.id().unwrap_or("").to_owned();
    session.warn(&format!(
        "'{first}' and '{then}' are in group '{group}', which starts them in this order anyway"
    ));
    Ok(())
}

/// `constraint colocation …`
pub(super) fn colocation(session: &mut Session<'_>, words: &[String]) -> Done {
    match words.first().map(String::as_str) {
        None | Some("config" | "show" | "list") => show(session, &[COLOCATION]),
        Some("set") => sets::create(session, &sets::COLOCATION, &words[1..]),
        Some("add") => colocation_add(session, &words[1..]),
        Some("remove" | "delete") => colocation_remove(session, &words[1..]),
        Some(_) => Err(Refusal::Usage),
    }
}

/// A role by its new name.
fn role(session: &mut Session<'_>, written: &str) -> Done<String> {
    let found = ROLES.iter().find(|it| it.eq_ignore_ascii_case(written));
    let Some(role) = found else {
        return Err(Refusal::said(format!(
            "invalid role value '{written}', allowed values are: {}",
            quoted(ROLES.iter().copied())
        )));
    };
    let Some(new) = new_role(role) else {
        return Ok((*role).to_owned());
    };
    session.deprecated(&format!(
        "Role value '{written}' is deprecated and should not be used, use '{new}' instead"
    ));
    Ok(new.to_owned())
}

/// `[ROLE] RESOURCE with [ROLE] RESOURCE [SCORE] [OPTION=VALUE]…`
fn colocation_add(session: &mut Session<'_>, words: &[String]) -> Done {
    let with = words
        .iter()
        .position(|it| it == "with")
        .ok_or(Refusal::Usage)?;
    let (one, rest) = (&words[..with], &words[with + 1..]);
    let end = rest
        .iter()
        .position(|it| it.contains('='))
        .unwrap_or(rest.len());
    let (other, options) = rest.split_at(end);
    let (one_role, one) = match one {
        [resource] => (None, resource),
        [written, resource] => (Some(role(session, written)?), resource),
        _ => return Err(Refusal::Usage),
    };
    let mut score = None;
    let (other_role, other) = match other {
        [resource] => (None, resource),
        [resource, number] if is_score(number) => {
            score = Some(number.clone());
            (None, resource)
        }
        [written, resource] => (Some(role(session, written)?), resource),
        [written, resource, number] => {
            score = Some(number.clone());
            (Some(role(session, written)?), resource)
        }
        _ => return Err(Refusal::Usage),
    };
    let mut options = pairs::parse(options)?;
    score = pairs::take(&mut options, "score").or(score);
    let score = score.unwrap_or_else(|| "INFINITY".to_owned());
    check_score(&score)?;
    let one = constrained(session, one)?;
    let other = constrained(session, other)?;
    let has_role = one_role.is_some() || other_role.is_some();
    let started = || "Started".to_owned();
    let one_role = one_role.or_else(|| has_role.then(started));
    let other_role = other_role.or_else(|| has_role.then(started));
    refuse_duplicates(session, "rsc_colocation", |it| {
        let is = |name, value: &str| it.attribute(name) == Some(value);
        let has = |name, value: &Option<String>| {
            it.attribute(name).unwrap_or("Started") == value.as_deref().unwrap_or("Started")
        };
        is("rsc", &one)
            && is("with-rsc", &other)
            && has("rsc-role", &one_role)
            && has("with-rsc-role", &other_role)
    })?;
    let own_id = pairs::take(&mut options, "id");
    own_id
        .as_deref()
        .map_or(Ok(()), |id| refuse_id(session, id))?;
    if let Some((name, _)) = options
        .iter()
        .find(|(name, _)| name != "influence" && name != "node-attribute")
    {
        return Err(Refusal::said(format!(
            "invalid option '{name}', allowed options are: 'id', 'influence', 'node-attribute', 'score'"
        )));
    }
    let cib = &mut session.cib;
    let id = own_id
        .unwrap_or_else(|| free_id(cib, &as_id(&format!("colocation-{one}-{other}-{score}"))));
    let parent = list(cib);
    let element = cib.append(parent, "rsc_colocation");
    cib.set(element, "rsc", &one);
    cib.set(element, "with-rsc", &other);
    cib.set(element, "score", &score);
    for (name, value) in [("rsc-role", one_role), ("with-rsc-role", other_role)] {
        if let Some(value) = value {
            cib.set(element, name, &value);
        }
    }
    options
        .iter()
        .for_each(|(name, value)| cib.set(element, name, value));
    cib.set(element, "id", &id);
    Ok(())
}

/// Whether `text` is a score.
pub(super) fn is_score(text: &str) -> bool {
    matches!(text, "INFINITY" | "+INFINITY" | "-INFINITY") || text.parse::<i64>().is_ok()
}

/// Refuses what is no score.
pub(super) fn check_score(text: &str) -> Done {
    if is_score(text) {
        return Ok(());
    }
    Err(Refusal::said(format!(
        "invalid score '{text}', use integer or INFINITY or -INFINITY"
    )))
}

fn colocation_remove(session: &mut Session<'_>, words: &[String]) -> Done {
    let [one, other] = words else {
        return Err(Refusal::Usage);
    };
    let is_between = |it: &Element<'_>| {
        let is = |name, value: &str| it.attribute(name) == Some(value);
        let plain =
            (is("rsc", one) && is("with-rsc", other)) || (is("rsc", other) && is("with-rsc", one));
        it.name() == "rsc_colocation" && plain
    };
    let found: Vec<XmlId> = constraints(&session.cib)
        .filter(is_between)
        .map(Element::xml_id)
        .collect();
    if found.is_empty() {
        return Err(Refusal::said(
            "No matching resources found in ordering list",
        ));
    }
    found.into_iter().for_each(|it| session.cib.remove(it));
    Ok(())
}

/// Takes resources out of constraints of one kind and out of their sets.
fn remove_resources(session: &mut Session<'_>, kind: &str, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    let mut count = 0;
    for id in words {
        let names = |it: &Element<'_>| {
            ["first", "then"]
                .iter()
                .any(|name| it.attribute(name) == Some(id))
        };
        let of_kind = |it: &Element<'_>| it.name() == kind;
        let plain: Vec<XmlId> = constraints(&session.cib)
            .filter(of_kind)
            .filter(names)
            .map(Element::xml_id)
            .collect();
        count += plain.len();
        plain.into_iter().for_each(|it| session.cib.remove(it));
        let members: Vec<XmlId> = constraints(&session.cib)
            .filter(of_kind)
            .flat_map(|it| it.children_named("resource_set"))
            .flat_map(|it| it.children_named("resource_ref"))
            .filter(|it| it.id() == Some(id))
            .map(Element::xml_id)
            .collect();
        count += members.len();
        for member in members {
            remove_upwards(&mut session.cib, member);
        }
    }
    if count == 0 {
        return Err(Refusal::said(
            "No matching resources found in ordering list",
        ));
    }
    Ok(())
}

/// Takes a member of a set out, and the set and the constraint where nothing is left in them.
fn remove_upwards(cib: &mut Document, mut at: XmlId) {
    loop {
        let parent = cib.element(at).parent();
        let is_last = parent.is_some_and(|it| it.children().count() == 1);
        let next = parent
            .filter(|it| is_last && it.name() != "constraints")
            .map(Element::xml_id);
        cib.remove(at);
        match next {
            Some(next) => at = next,
            None => return,
        }
    }
}

/// `constraint ticket …`
pub(super) fn ticket(session: &mut Session<'_>, words: &[String]) -> Done {
    match words.first().map(String::as_str) {
        None | Some("config" | "show" | "list") => show(session, &[TICKET]),
        Some("set") => sets::create(session, &sets::TICKET, &words[1..]),
        Some("add") => ticket_add(session, &words[1..]),
        Some("remove" | "delete") => ticket_remove(session, &words[1..]),
        Some(_) => Err(Refusal::Usage),
    }
}

/// `TICKET [ROLE] RESOURCE [loss-policy=…] [id=…]`
fn ticket_add(session: &mut Session<'_>, words: &[String]) -> Done {
    let end = words
        .iter()
        .position(|it| it.contains('='))
        .unwrap_or(words.len());
    let (plain, options) = words.split_at(end);
    let (ticket, written, id) = match plain {
        [ticket, id] => (ticket, None, id),
        [ticket, role, id] => (ticket, Some(role), id),
        _ => return Err(Refusal::Usage),
    };
    let role = written.map(|it| role(session, it)).transpose()?;
    let mut options = pairs::parse(options)?;
    let own_id = pairs::take(&mut options, "id");
    own_id
        .as_deref()
        .map_or(Ok(()), |id| refuse_id(session, id))?;
    for (name, value) in &options {
        const POLICIES: &[&str] = &["demote", "fence", "freeze", "stop"];
        if name != "loss-policy" {
            return Err(Refusal::said(format!(
                "invalid option '{name}', allowed options are: 'id', 'loss-policy'"
            )));
        }
        if !POLICIES.contains(&value.as_str()) {
            return Err(Refusal::said(format!(
                "'{value}' is not a valid loss-policy value, use {}",
                quoted(POLICIES.iter().copied())
            )));
        }
    }
    let rsc = constrained(session, id)?;
    let cib = &mut session.cib;
    let suffix = role.as_ref().map(|it| format!("-{it}")).unwrap_or_default();
    let id =
        own_id.unwrap_or_else(|| free_id(cib, &as_id(&format!("ticket-{ticket}-{rsc}{suffix}"))));
    let parent = list(cib);
    let element = cib.append(parent, "rsc_ticket");
    options
        .iter()
        .for_each(|(name, value)| cib.set(element, name, value));
    cib.set(element, "id", &id);
    if let Some(role) = role {
        cib.set(element, "rsc-role", &role);
    }
    cib.set(element, "ticket", ticket);
    cib.set(element, "rsc", &rsc);
    Ok(())
}

fn ticket_remove(session: &mut Session<'_>, words: &[String]) -> Done {
    let [ticket, id] = words else {
        return Err(Refusal::Usage);
    };
    let is_meant = |it: &Element<'_>| {
        it.name() == "rsc_ticket"
            && it.attribute("ticket") == Some(ticket)
            && it.attribute("rsc") == Some(id)
    };
    let found: Vec<XmlId> = constraints(&session.cib)
        .filter(is_meant)
        .map(Element::xml_id)
        .collect();
    if found.is_empty() {
        return Err(Refusal::said("no matching ticket constraint found"));
    }
    found.into_iter().for_each(|it| session.cib.remove(it));
    Ok(())
}

/// `constraint remove|delete ID…`: what is found goes, even where something is not found.
pub(super) fn remove(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    session.keeps_in_spite = true;
    let mut is_complete = true;
    for id in words {
        let is_meant = |it: &Element<'_>| it.id() == Some(id);
        let rules = constraints(&session.cib).flat_map(|it| it.children_named("rule"));
        let found = constraints(&session.cib).chain(rules).find(is_meant);
        match found.map(Element::xml_id) {
            Some(found) => {
                let is_rule = session.cib.element(found).name() == "rule";
                if is_rule {
                    remove_upwards(&mut session.cib, found);
                } else {
                    session.cib.remove(found);
                }
            }
            None => {
                is_complete = false;
                session.say(&format!("Error: Unable to find constraint - '{id}'"));
                let known = constraints(&session.cib).filter_map(Element::id);
                if let Some(meant) = diagnostics::nearest(id, known).map(str::to_owned) {
                    session.say(&format!("Did you mean '{meant}'?"));
                }
            }
        }
    }
    if is_complete {
        Ok(())
    } else {
        Err(Refusal::Quiet)
    }
}
