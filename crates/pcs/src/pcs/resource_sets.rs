//! Constraints on sets of resources: `… set RESOURCE… [OPTION=VALUE]… [set …] [setoptions …]`.

use ::cib::xml::Element;

use super::cib_edit::{as_id, free_id, id_exists, resource};
use super::constraint::{check_score, list};
use super::constraint_text::with_id;
use super::operations::modernize_role;
use super::pairs::{self, Pairs, quoted};
use super::session::{Done, Refusal, Session};

/// What may be in sets of one kind of constraint.
pub(super) struct Kind {
    element: &'static str,
    name: &'static str,
    of_sets: &'static [&'static str],
    of_constraint: &'static [&'static str],
}

pub(super) const ORDER: Kind = Kind {
    element: "rsc_order",
    name: "order",
    of_sets: &["action", "require-all", "sequential"],
    of_constraint: &["id", "kind", "symmetrical"],
};
pub(super) const COLOCATION: Kind = Kind {
    element: "rsc_colocation",
    name: "colocation",
    of_sets: &["role", "sequential"],
    of_constraint: &["id", "score"],
};
pub(super) const TICKET: Kind = Kind {
    element: "rsc_ticket",
    name: "ticket",
    of_sets: &["role"],
    of_constraint: &["id", "loss-policy", "ticket"],
};

/// A set: its resources and its options.
struct Set {
    members: Vec<String>,
    options: Pairs,
}

/// Makes a constraint of sets.
pub(super) fn create(session: &mut Session<'_>, kind: &Kind, words: &[String]) -> Done {
    let (sets, options) = match words.iter().position(|it| it == "setoptions") {
        Some(at) => (&words[..at], pairs::parse(&words[at + 1..])?),
        None => (words, Pairs::new()),
    };
    let mut all = Vec::new();
    for part in sets.split(|it| it == "set") {
        let count = part.iter().take_while(|it| !it.contains('=')).count();
        if count == 0 {
            return Err(Refusal::Usage);
        }
        let mut options = pairs::parse(&part[count..])?;
        modernize_role(session, &mut options);
        all.push(Set {
            members: part[..count].to_vec(),
            options,
        });
    }
    check(session, kind, &all, &options)?;
    write(session, kind, &all, options);
    Ok(())
}

fn check(session: &mut Session<'_>, kind: &Kind, sets: &[Set], options: &Pairs) -> Done {
    for id in sets.iter().flat_map(|it| &it.members) {
        if resource(&session.cib, id).is_none() {
            return Err(Refusal::said(format!(
                "bundle/clone/group/resource '{id}' does not exist"
            )));
        }
    }
    for (name, _) in sets.iter().flat_map(|it| &it.options) {
        if !kind.of_sets.contains(&name.as_str()) {
            let allowed = quoted(kind.of_sets.iter().copied());
            session.error(&format!(
                "invalid set option '{name}', allowed options are: {allowed}"
            ));
        }
    }
    for (name, value) in options {
        if !kind.of_constraint.contains(&name.as_str()) {
            let allowed = quoted(kind.of_constraint.iter().copied());
            session.error(&format!(
                "invalid option '{name}', allowed options are: {allowed}"
            ));
        } else if name == "score" {
            check_score(value)?;
        } else if name == "id" && id_exists(&session.cib, value) {
            session.error(&format!("'{value}' already exists"));
        }
    }
    if kind.name == "ticket" && pairs::get(options, "ticket").is_none() {
        session.error("required option 'ticket' is missing");
    }
    session.check()?;
    let members = |it: Element<'_>| -> Vec<Vec<String>> {
        let sets = it.children_named("resource_set");
        sets.map(|set| {
            let ids = set.children_named("resource_ref").filter_map(Element::id);
            ids.map(str::to_owned).collect()
        })
        .collect()
    };
    let wanted: Vec<Vec<String>> = sets.iter().map(|it| it.members.clone()).collect();
    let same = super::cib_edit::constraints(&session.cib)
        .filter(|it| it.name() == kind.element && members(*it) == wanted);
    let same: Vec<String> = same.map(|it| format!("  {}", line(it, true))).collect();
    if !same.is_empty() {
        session.say("Duplicate constraints:");
        same.iter().for_each(|line| session.say(line));
        session.objection("duplicate constraint already exists");
    }
    session.check()
}

fn write(session: &mut Session<'_>, kind: &Kind, sets: &[Set], mut options: Pairs) {
    let cib = &mut session.cib;
    let ends = |id: &String| -> String {
        id.chars()
            .next()
            .into_iter()
            .chain(id.chars().last())
            .collect()
    };
    let all: String = sets.iter().flat_map(|it| &it.members).map(ends).collect();
    let own = pairs::take(&mut options, "id");
    let id = own.unwrap_or_else(|| free_id(cib, &as_id(&format!("{}_set_{all}", kind.name))));
    if kind.name == "colocation" && pairs::get(&options, "score").is_none() {
        options.push(("score".to_owned(), "INFINITY".to_owned()));
    }
    let parent = list(cib);
    let constraint = cib.append(parent, kind.element);
    options
        .iter()
        .for_each(|(name, value)| cib.set(constraint, name, value));
    cib.set(constraint, "id", &id);
    for set in sets {
        let set_id = free_id(cib, &format!("{id}_set"));
        let element = cib.append(constraint, "resource_set");
        set.options
            .iter()
            .for_each(|(name, value)| cib.set(element, name, value));
        cib.set(element, "id", &set_id);
        for member in &set.members {
            let reference = cib.append(element, "resource_ref");
            cib.set(reference, "id", member);
        }
    }
}

/// A constraint of sets in one line.
pub(super) fn line(constraint: Element<'_>, full: bool) -> String {
    let options = |it: Element<'_>| -> Vec<String> {
        let pairs = it.attributes().filter(|(name, _)| *name != "id");
        let mut pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.sort();
        pairs
    };
    let mut parts = Vec::new();
    for set in constraint.children_named("resource_set") {
        let members = set.children_named("resource_ref").filter_map(Element::id);
        let mut words = vec!["set".to_owned()];
        words.extend(members.map(str::to_owned));
        words.extend(options(set));
        parts.push(with_id(words.join(" "), set, full));
    }
    let own = options(constraint);
    if !own.is_empty() {
        parts.push(format!("setoptions {}", own.join(" ")));
    }
    with_id(parts.join(" "), constraint, full)
}
