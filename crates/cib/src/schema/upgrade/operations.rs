//! What operations may say, from 2.x to 3.0.
//!
//! - `requires` belongs to the resource: that of `start` and `promote` moves there (as the operation's
//!   own attribute, else from its meta-attributes, else from its instance attributes; the last one
//!   counts), unless the resource says something already. Others never had an effect.
//! - Names that are no parameters but say how the operation is run move from its instance attributes
//!   to its meta-attributes.

use super::Upgrade;
use super::references::prefix_ids;
use super::renames::{
    Case, Replacement, dropped, moved, replacement, rewrite_meta_attributes, rewrite_parameters,
};
use crate::xml::{Element, XmlId};

const ATTRIBUTES: &str = "Resources-operation";
const INSTANCE_ATTRIBUTES: &str = "Resources-operation instance_attributes";
const REQUIRES: &str = "requires";
const ONLY_START: &str = "only start/promote operation taken into account";

/// By the operation's name.
const FROM_OPERATION: &[Replacement] = &[
    dropped(REQUIRES, ONLY_START),
    Replacement {
        case: Case::OneOf(&["start", "promote"]),
        ..moved(REQUIRES, REQUIRES, "meta_attributes")
    },
];

const FROM_INSTANCE_ATTRIBUTES: &[Replacement] = &[
    dropped(REQUIRES, ONLY_START),
    Replacement {
        case: Case::OneOf(&["start", "promote"]),
        ..moved(REQUIRES, REQUIRES, "per-resource-meta_attributes")
    },
    moved("interval-origin", "interval-origin", "meta_attributes"),
    moved("start-delay", "start-delay", "meta_attributes"),
    moved("enabled", "enabled", "meta_attributes"),
    moved("on-fail", "on-fail", "meta_attributes"),
    moved("record-pending", "record-pending", "meta_attributes"),
    moved("role", "role", "meta_attributes"),
    moved("timeout", "timeout", "meta_attributes"),
];

/// Rewrites the operations and the sets of one primitive or template.
pub(super) fn rewrite_resource(upgrade: &mut Upgrade<'_>, resource: XmlId) {
    let mut requires = Requires::default();
    for child in children(upgrade, resource) {
        match upgrade.element(child).name() {
            "instance_attributes" => rewrite_parameters(upgrade, child),
            "meta_attributes" => rewrite_meta_attributes(upgrade, child),
            "operations" => {
                for operation in children(upgrade, child) {
                    for set in sets(upgrade, operation) {
                        rewrite_set(upgrade, resource, operation, set, &mut requires);
                    }
                }
                for operation in children(upgrade, child) {
                    take_attribute(upgrade, resource, operation, &mut requires);
                }
            }
            _ => {}
        }
    }
    requires.give_to(upgrade, resource);
}

fn children(upgrade: &Upgrade<'_>, parent: XmlId) -> Vec<XmlId> {
    upgrade
        .element(parent)
        .children()
        .map(Element::xml_id)
        .collect()
}

/// The sets of an operation: parameters first, but those with rules last.
fn sets(upgrade: &Upgrade<'_>, operation: XmlId) -> Vec<XmlId> {
    let mut sets: Vec<_> = upgrade
        .element(operation)
        .children()
        .filter_map(|set| {
            let has_rule = set.child("rule").is_some();
            let place = match set.name() {
                "instance_attributes" if !has_rule => 0,
                "meta_attributes" => 1,
                "instance_attributes" => 2,
                _ => return None,
            };
            Some((place, set.xml_id()))
        })
        .collect();
    sets.sort_by_key(|&(place, _)| place);
    sets.into_iter().map(|(_, set)| set).collect()
}

/// What the operations of one resource say of `requires`.
#[derive(Default)]
struct Requires {
    /// An operation's attribute: the pair's id, and its value.
    attribute: Option<(String, String)>,
    /// A pair of meta-attributes without a rule, and the set that it came from.
    meta: Option<(XmlId, XmlId)>,
    /// A pair of parameters without a rule.
    parameter: Option<(XmlId, XmlId)>,
    /// Pairs of sets with rules.
    ruled: Vec<(XmlId, XmlId)>,
}

impl Requires {
    fn give_to(self, upgrade: &mut Upgrade<'_>, resource: XmlId) {
        let is_said = upgrade
            .element(resource)
            .children_named("meta_attributes")
            .filter(|set| set.child("rule").is_none())
            .flat_map(|set| set.children_named("nvpair"))
            .any(|pair| pair.attribute("name") == Some(REQUIRES));
        if is_said {
            return;
        }
        if let Some((id, value)) = self.attribute {
            let set_id = format!("_2TO3_{}-meta", upgrade.id_of(resource));
            let set = upgrade.add(resource, "meta_attributes", &[("id", &set_id)]);
            let pair = [("id", &*id), ("name", REQUIRES), ("value", &value)];
            upgrade.add(set, "nvpair", &pair);
            return;
        }
        for (pair, set) in self.meta.or(self.parameter).into_iter().chain(self.ruled) {
            upgrade.move_to_new_set(pair, set, resource);
        }
    }
}

/// Takes `requires` from the attributes of one operation.
fn take_attribute(
    upgrade: &mut Upgrade<'_>,
    resource: XmlId,
    operation: XmlId,
    requires: &mut Requires,
) {
    let Some(value) = upgrade.text(operation, REQUIRES) else {
        return;
    };
    let (id, name) = (
        upgrade.id_of(operation),
        upgrade.text(operation, "name").unwrap_or_default(),
    );
    upgrade.cib.unset(operation, REQUIRES);
    if let Some(what) = replacement(FROM_OPERATION, REQUIRES, &name) {
        let context = format!("{id} (rsc={})", upgrade.id_of(resource));
        upgrade.tell(ATTRIBUTES, &context, what);
        if what.new.is_some() {
            requires.attribute = Some((format!("_2TO3_{id}-meta-{REQUIRES}"), value));
        }
    }
}

/// Takes from one set of an operation what does not belong there.
fn rewrite_set(
    upgrade: &mut Upgrade<'_>,
    resource: XmlId,
    operation: XmlId,
    set: XmlId,
    requires: &mut Requires,
) {
    let is_meta = upgrade.element(set).name() == "meta_attributes";
    let (prefix, table) = if is_meta {
        (ATTRIBUTES, FROM_OPERATION)
    } else {
        (INSTANCE_ATTRIBUTES, FROM_INSTANCE_ATTRIBUTES)
    };
    let operation_name = upgrade.text(operation, "name").unwrap_or_default();
    let context = format!(
        "{} (rsc={}, meta={})",
        upgrade.id_of(operation),
        upgrade.id_of(resource),
        upgrade.id_of(set)
    );
    let has_rule = upgrade.element(set).child("rule").is_some();
    for (pair, name, _) in upgrade.pairs(set) {
        let Some(what) = replacement(table, &name, &operation_name) else {
            continue;
        };
        upgrade.tell(prefix, &context, what);
        if what.new.is_none() {
            upgrade.cib.remove(pair);
        } else if name == REQUIRES {
            upgrade.cib.remove(pair);
            if has_rule {
                requires.ruled.push((pair, set));
            } else if is_meta {
                requires.meta = Some((pair, set));
            } else {
                requires.parameter = Some((pair, set));
            }
        } else if has_rule {
            upgrade.move_to_new_set(pair, set, operation);
        } else {
            let target = meta_attributes(upgrade, operation);
            upgrade.cib.move_into(pair, target);
        }
    }
    upgrade.remove_empty_set(set);
}

/// The operation's first set of meta-attributes without a rule, made where there is none.
fn meta_attributes(upgrade: &mut Upgrade<'_>, operation: XmlId) -> XmlId {
    let found = upgrade
        .element(operation)
        .children_named("meta_attributes")
        .find(|set| set.child("rule").is_none())
        .map(Element::xml_id);
    found.unwrap_or_else(|| {
        let id = format!("_2TO3_{}-meta", upgrade.id_of(operation));
        upgrade.add(operation, "meta_attributes", &[("id", &id)])
    })
}

impl Upgrade<'_> {
    /// Moves a pair of `set` to a set of meta-attributes below `parent` that holds when `set` does.
    pub(super) fn move_to_new_set(&mut self, pair: XmlId, set: XmlId, parent: XmlId) {
        const PREFIX: &str = "_2TO3_";
        let id = format!("{PREFIX}{}", self.id_of(set));
        let made = self
            .element(parent)
            .children_named("meta_attributes")
            .find(|set| set.id() == Some(&id))
            .map(Element::xml_id);
        let target = made.unwrap_or_else(|| {
            let source = crate::xml::Document::copy_of(self.element(set));
            let target = self.add(parent, "meta_attributes", &[("id", &id)]);
            for (name, value) in source.root().attributes().filter(|(name, _)| *name != "id") {
                self.cib.set(target, name, value);
            }
            for rule in source.root().children_named("rule") {
                self.cib.append_copy(target, rule);
            }
            prefix_ids(self.cib, target, PREFIX);
            target
        });
        self.cib.move_into(pair, target);
    }
}
