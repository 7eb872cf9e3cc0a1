//! `pcs constraint location RESOURCE rule …`, `pcs constraint rule add|remove`.

use ::cib::xml::{Element, XmlId};

use super::cib_edit::{as_id, constraints, free_id, id_exists};
use super::constraint::{check_score, list};
use super::location::Placed;
use super::rules;
use super::session::{Done, Refusal, Session};

/// Options of a rule and of its constraint, and the words of the rule.
#[derive(Debug, Default)]
struct Wanted {
    id: Option<String>,
    constraint_id: Option<String>,
    discovery: Option<String>,
    /// `role`, and `score` or `score-attribute`.
    attributes: Vec<(String, String)>,
}

impl Wanted {
    fn parse(session: &Session<'_>, words: &[String]) -> Done<(Self, usize)> {
        let mut wanted = Self::default();
        let mut count = 0;
        let mut score = None;
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                break;
            };
            match name {
                "id" => wanted.id = Some(value.to_owned()),
                "constraint-id" => wanted.constraint_id = Some(value.to_owned()),
                "resource-discovery" => wanted.discovery = Some(value.to_owned()),
                "role" => {
                    let role = match value.to_ascii_lowercase().as_str() {
                        "master" | "promoted" => "Promoted",
                        "slave" | "unpromoted" => "Unpromoted",
                        _ => {
                            return Err(Refusal::said(format!(
                                "invalid role '{value}', use 'Promoted' or 'Unpromoted'"
                            )));
                        }
                    };
                    wanted.attributes.push((name.to_owned(), role.to_owned()));
                }
                "score" => {
                    check_score(value)?;
                    score = Some((name.to_owned(), value.to_owned()));
                }
                "score-attribute" => score = Some((name.to_owned(), value.to_owned())),
                _ => break,
            }
            count += 1;
        }
        let default = || ("score".to_owned(), "INFINITY".to_owned());
        wanted.attributes.push(score.unwrap_or_else(default));
        for id in [&wanted.id, &wanted.constraint_id].into_iter().flatten() {
            if id_exists(&session.cib, id) {
                return Err(Refusal::said(format!(
                    "id '{id}' is already in use, please specify another one"
                )));
            }
        }
        Ok((wanted, count))
    }
}

/// `constraint location RESOURCE rule [id=…] [resource-discovery=…] [role=…] [constraint-id=…]
/// [score=…|score-attribute=…] EXPRESSION`
pub(super) fn location_rule(session: &mut Session<'_>, placed: &Placed, words: &[String]) -> Done {
    let (wanted, count) = Wanted::parse(session, words)?;
    let expression = rules::parse(words.get(count..).unwrap_or_default())?;
    let cib = &mut session.cib;
    let parent = list(cib);
    let id = wanted
        .constraint_id
        .clone()
        .unwrap_or_else(|| free_id(cib, &as_id(&format!("location-{}", placed.text()))));
    let element = cib.append(parent, "rsc_location");
    cib.set(element, "id", &id);
    cib.set(element, placed.attribute(), placed.text());
    if let Some(discovery) = &wanted.discovery {
        cib.set(element, "resource-discovery", discovery);
    }
    let rule = wanted.id.unwrap_or_else(|| format!("{id}-rule"));
    rules::add(cib, element, &rule, &expression, &wanted.attributes, false);
    Ok(())
}

/// `constraint rule add|remove|delete …`
pub(super) fn rule(session: &mut Session<'_>, words: &[String]) -> Done {
    match words.split_first() {
        Some((verb, rest)) if verb == "add" => add(session, rest),
        Some((verb, [id])) if verb == "remove" || verb == "delete" => remove(session, id),
        _ => Err(Refusal::Usage),
    }
}

fn add(session: &mut Session<'_>, words: &[String]) -> Done {
    session.deprecated("This command is deprecated and will be removed.");
    let (id, words) = words.split_first().ok_or(Refusal::Usage)?;
    let is_it = |it: &Element<'_>| it.name() == "rsc_location" && it.id() == Some(id);
    let found = constraints(&session.cib).find(is_it);
    let Some(found) = found else {
        return Err(Refusal::said(format!(
            "unable to find constraint with id: {id}"
        )));
    };
    if found.child("rule").is_none() {
        return Err(Refusal::said(format!("constraint '{id}' has no rules")));
    }
    let found = found.xml_id();
    let (wanted, count) = Wanted::parse(session, words)?;
    let expression = rules::parse(words.get(count..).unwrap_or_default())?;
    let rule = wanted.id.unwrap_or_else(|| format!("{id}-rule"));
    rules::add(
        &mut session.cib,
        found,
        &rule,
        &expression,
        &wanted.attributes,
        false,
    );
    Ok(())
}

fn remove(session: &mut Session<'_>, id: &str) -> Done {
    session.deprecated("This command is deprecated and will be removed.");
    let mut below = constraints(&session.cib).flat_map(Element::descendants);
    let found = below.find(|it| it.name() == "rule" && it.id() == Some(id));
    let Some(rule) = found else {
        return Err(Refusal::said(format!("unable to find rule with id: {id}")));
    };
    let parent = rule.parent();
    let rule = rule.xml_id();
    let constraint = parent.filter(|it| it.name() == "rsc_location");
    let constraint: Option<(XmlId, String)> = constraint
        .filter(|it| it.children_named("rule").count() == 1)
        .map(|it| (it.xml_id(), it.id().unwrap_or("").to_owned()));
    drop(below);
    match constraint {
        Some((constraint, constraint_id)) => {
            session.cib.remove(constraint);
            session.say(&format!("Removing Constraint: {constraint_id}"));
        }
        None => {
            session.cib.remove(rule);
            session.say(&format!("Removing Rule: {id}"));
        }
    }
    Ok(())
}
