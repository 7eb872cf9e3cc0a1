//! Resources that there is no way to run any more: those of the classes `nagios` and `upstart`, and
//! bundles of `rkt` containers. They are left out, and with them what consists of nothing else and
//! what speaks of nothing else.

use crate::hashed::HashSet;

use super::super::Importance;
use super::Upgrade;
use crate::xml::{Element, XmlId};

pub(super) fn upgrade(upgrade: &mut Upgrade<'_>) {
    let templates = upgrade.find(|it| it.name() == "template" && has_old_class(it));
    let template_ids = ids(upgrade, &templates);
    let gone = upgrade.find(|it| match it.name() {
        "primitive" => {
            let template = it.attribute("template");
            has_old_class(it) || template.is_some_and(|it| template_ids.contains(it))
        }
        "bundle" => it.child("rkt").is_some(),
        _ => false,
    });
    if templates.is_empty() && gone.is_empty() {
        return;
    }
    for &template in &templates {
        let class = upgrade.text(template, "class").unwrap_or_default();
        let id = upgrade.id_of(template);
        upgrade.warn(format!(
            "Dropping template {id} because {class} resources are no longer supported"
        ));
    }
    let empty: Vec<_> = {
        let gone: HashSet<_> = gone.iter().copied().collect();
        upgrade.find(|it| {
            matches!(it.name(), "group" | "clone")
                && it
                    .descendants()
                    .filter(|it| it.name() == "primitive")
                    .all(|it| gone.contains(&it.xml_id()))
        })
    };
    for &resource in gone.iter().chain(&empty) {
        tell(upgrade, resource);
    }
    let gone: Vec<_> = gone.into_iter().chain(empty).collect();
    let gone_ids = ids(upgrade, &gone);
    for element in gone.into_iter().chain(templates) {
        upgrade.cib.remove(element);
    }
    drop_constraints(upgrade, &gone_ids);
}

fn has_old_class(element: Element<'_>) -> bool {
    element.attribute("class").is_some_and(|class| {
        class.eq_ignore_ascii_case("nagios") || class.eq_ignore_ascii_case("upstart")
    })
}

fn ids(upgrade: &Upgrade<'_>, elements: &[XmlId]) -> HashSet<String> {
    elements.iter().map(|&it| upgrade.id_of(it)).collect()
}

fn tell(upgrade: &mut Upgrade<'_>, resource: XmlId) {
    let id = upgrade.id_of(resource);
    let element = upgrade.element(resource);
    let (importance, text) = match element.name() {
        "bundle" => (
            Importance::Warning,
            format!("Dropping bundle resource {id} because rkt containers are no longer supported"),
        ),
        "primitive" => {
            let template = element.attribute("template").and_then(|id| {
                element
                    .document()
                    .with_id(id)
                    .find(|it| it.name() == "template")
            });
            let class = element
                .attribute("class")
                .or_else(|| template?.attribute("class"))
                .unwrap_or_default();
            (
                Importance::Warning,
                format!("Dropping resource {id} because {class} resources are no longer supported"),
            )
        }
        kind => (
            Importance::Info,
            format!("Dropping {kind} {id} because it would become empty"),
        ),
    };
    upgrade.note(importance, text);
}

/// Takes out what refers to resources that are gone, and constraints of which nothing remains.
fn drop_constraints(upgrade: &mut Upgrade<'_>, gone: &HashSet<String>) {
    for reference in upgrade
        .find(|it| it.name() == "resource_ref" && it.id().is_some_and(|id| gone.contains(id)))
    {
        upgrade.cib.remove(reference);
    }
    let is_empty = |it: Element<'_>| {
        it.name() == "resource_set"
            && it.attribute("id-ref").is_none()
            && it.child("resource_ref").is_none()
    };
    let mut without_sets = HashSet::default();
    for set in upgrade.find(is_empty) {
        without_sets.extend(upgrade.element(set).parent().map(Element::xml_id));
        upgrade.cib.remove(set);
    }
    let dangles = |it: Element<'_>| {
        ["rsc", "with-rsc", "first", "then"]
            .iter()
            .any(|name| it.attribute(name).is_some_and(|id| gone.contains(id)))
            || without_sets.contains(&it.xml_id()) && it.child("resource_set").is_none()
    };
    for constraint in upgrade.find(|it| super::parent_name(it) == "constraints" && dangles(it)) {
        upgrade.cib.remove(constraint);
    }
}
