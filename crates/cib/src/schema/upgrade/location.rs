//! Constraints with several rules or a lifetime, from 3.x to 4.0.
//!
//! | before | after |
//! | --- | --- |
//! | location with several rules | a location for each |
//! | location with a lifetime | a rule that asks for both what it said and one of the lifetime's rules |
//! | colocation or order with a lifetime | the same without; rules that are used elsewhere move to a location that matches nothing |
//!
//! Pacemaker 3.0's own upgrade leaves the rule that it makes of a lifetime without a score, and then
//! ignores the constraint; here the score stays.

use crate::hashed::HashSet;

use super::Upgrade;
use super::current::PREFIX;
use crate::xml::{Element, XmlId};

pub(super) fn upgrade(upgrade: &mut Upgrade<'_>) {
    let permissions = upgrade.find(|it| it.name() == "acl_permission");
    for location in
        upgrade.find(|it| it.name() == "rsc_location" && it.children_named("rule").count() > 1)
    {
        split(upgrade, location, &permissions);
    }
    for location in upgrade.find(|it| it.name() == "rsc_location" && it.child("lifetime").is_some())
    {
        fold_lifetime(upgrade, location);
    }
    drop_lifetimes(upgrade);
}

fn children(upgrade: &Upgrade<'_>, parent: XmlId, name: &str) -> Vec<XmlId> {
    upgrade
        .element(parent)
        .children_named(name)
        .map(Element::xml_id)
        .collect()
}

/// Makes one location of each rule. What else there is in it belongs to the first, and the others
/// refer to it.
fn split(upgrade: &mut Upgrade<'_>, location: XmlId, permissions: &[XmlId]) {
    let id = upgrade.id_of(location);
    let attributes: Vec<_> = upgrade
        .element(location)
        .attributes()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let rules = children(upgrade, location, "rule");
    let new_ids: Vec<_> = (1..=rules.len())
        .map(|number| format!("{PREFIX}{id}-{number}"))
        .collect();
    point_to_all(upgrade, permissions, &id, &new_ids);
    upgrade.cib.set(location, "id", &new_ids[0]);
    let mut last = location;
    for (rule, new_id) in rules.into_iter().zip(&new_ids).skip(1) {
        last = upgrade.cib.add_after(last, "rsc_location");
        for (name, value) in &attributes {
            upgrade.cib.set(last, name, value);
        }
        upgrade.cib.set(last, "id", new_id);
        for set in children(upgrade, location, "resource_set") {
            add_reference(upgrade, set, last);
        }
        upgrade.cib.move_into(rule, last);
        if let Some(&lifetime) = children(upgrade, location, "lifetime").first() {
            let copy = upgrade.add(last, "lifetime", &[]);
            for rule in children(upgrade, lifetime, "rule") {
                add_reference(upgrade, rule, copy);
            }
        }
    }
}

/// Adds an element to `parent` that stands for `original`.
fn add_reference(upgrade: &mut Upgrade<'_>, original: XmlId, parent: XmlId) {
    let name = upgrade.element(original).name().to_owned();
    let id = upgrade
        .text(original, "id")
        .or_else(|| upgrade.text(original, "id-ref"))
        .unwrap_or_default();
    upgrade.add(parent, &name, &[("id-ref", &id)]);
}

/// Lets permissions for a location that was split speak of all its parts.
fn point_to_all(upgrade: &mut Upgrade<'_>, permissions: &[XmlId], id: &str, new_ids: &[String]) {
    let tests: Vec<_> = new_ids.iter().map(|id| format!("@id = '{id}'")).collect();
    for &permission in permissions {
        if upgrade.element(permission).attribute("reference") == Some(id) {
            upgrade.cib.unset(permission, "reference");
            upgrade
                .cib
                .set(permission, "xpath", &format!("//*[{}]", tests.join(" or ")));
        }
    }
}

/// Makes one rule of what a location says and of how long it lives.
fn fold_lifetime(upgrade: &mut Upgrade<'_>, location: XmlId) {
    let id = upgrade.id_of(location);
    let own_rule = children(upgrade, location, "rule").first().copied();
    let both_id = format!("{PREFIX}{id}-lifetime-and-rule");
    let both = upgrade.add(location, "rule", &[("id", &both_id), ("boolean-op", "and")]);
    match own_rule {
        Some(rule) => {
            let source = upgrade.element(rule).resolved().map(Element::xml_id);
            copy_scores(upgrade, source.unwrap_or(rule), both);
            upgrade.cib.move_into(rule, both);
        }
        None => add_node_rule(upgrade, location, &id, both),
    }
    for lifetime in children(upgrade, location, "lifetime") {
        let rules = children(upgrade, lifetime, "rule");
        let target = if rules.len() > 1 {
            let any_id = format!("{PREFIX}{id}-lifetime-or-rule");
            upgrade.add(both, "rule", &[("id", &any_id), ("boolean-op", "or")])
        } else {
            both
        };
        for rule in rules {
            upgrade.cib.move_into(rule, target);
        }
        upgrade.cib.remove(lifetime);
    }
}

/// Gives `target` what says which score `rule` yields, and for which role.
fn copy_scores(upgrade: &mut Upgrade<'_>, rule: XmlId, target: XmlId) {
    for name in ["score", "score-attribute", "role"] {
        if let Some(value) = upgrade.text(rule, name) {
            upgrade.cib.set(target, name, &value);
        }
    }
}

/// Adds a rule that holds on the location's node.
fn add_node_rule(upgrade: &mut Upgrade<'_>, location: XmlId, id: &str, parent: XmlId) {
    let rule_id = format!("{PREFIX}{id}-node-score-rule");
    let node = upgrade.text(location, "node").unwrap_or_default();
    let rule = upgrade.add(parent, "rule", &[("id", &rule_id)]);
    copy_scores(upgrade, location, rule);
    copy_scores(upgrade, location, parent);
    upgrade.cib.unset(rule, "role");
    upgrade.cib.unset(parent, "role");
    upgrade.add(
        rule,
        "expression",
        &[
            ("id", &format!("{rule_id}-expr")),
            ("attribute", "#uname"),
            ("operation", "eq"),
            ("value", &node),
        ],
    );
    upgrade.cib.unset(location, "node");
    upgrade.cib.unset(location, "score");
}

/// Takes the lifetimes out of colocations and orders.
fn drop_lifetimes(upgrade: &mut Upgrade<'_>) {
    let lifetimes = upgrade.find(|it| {
        it.name() == "lifetime" && matches!(super::parent_name(it), "rsc_colocation" | "rsc_order")
    });
    if lifetimes.is_empty() {
        return;
    }
    let mut rules = Vec::new();
    for lifetime in lifetimes {
        let constraint = upgrade.element(lifetime).parent().and_then(Element::id);
        let text = format!(
            "Dropping lifetime element from constraint {} because lifetime elements are no longer \
             supported. Any rules contained there will no longer apply to the constraint",
            constraint.unwrap_or_default()
        );
        upgrade.warn(text);
        rules.extend(children(upgrade, lifetime, "rule"));
        upgrade.cib.remove(lifetime);
    }
    let references: HashSet<_> = upgrade
        .find(|it| it.attribute("id-ref").is_some())
        .into_iter()
        .filter_map(|it| upgrade.text(it, "id-ref"))
        .collect();
    rules.retain(|&rule| {
        let id = upgrade.text(rule, "id");
        id.is_some_and(|id| references.contains(&id))
    });
    if rules.is_empty() {
        return;
    }
    let Some(&constraints) = upgrade.find(|it| it.name() == "constraints").first() else {
        return;
    };
    let id = format!("{PREFIX}coloc-order-lifetime-rules");
    let nothing = [("id", &*id), ("rsc-pattern", "a^")];
    let location = upgrade.add(constraints, "rsc_location", &nothing);
    let holder_id = format!("{id}-rule");
    let holder = upgrade.add(
        location,
        "rule",
        &[("id", &holder_id), ("score", "-INFINITY")],
    );
    for rule in rules {
        upgrade.cib.move_into(rule, holder);
    }
}
