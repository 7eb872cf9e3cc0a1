//! Everything that 4.0 does not have any more, from 3.x.
//!
//! | before | after |
//! | --- | --- |
//! | `nvpair` with `id-ref` and `name` | one with an id of its own |
//! | `nvpair` without a value | nothing: it never had an effect |
//! | `moon` of a `date_spec` | nothing |
//! | `crmd-…` properties, `remove-after-stop`, `stonith-action` of `poweroff` | `join-…`, `transition-delay`, nothing, `off` |
//! | fencing levels above 9 | nothing |
//! | `ping` nodes | members where nothing may run |
//! | `master` | a promotable `clone` |
//! | `masters` of a container | `promoted-max` |
//! | `restart-type`, `can_fail`, `role_after_failure` | nothing |
//! | permissions for what is gone | permissions for nothing |
//!
//! and what `location` and `unsupported` do. Pacemaker's upgrade also sorts sets by score and takes
//! out pairs that others hide, which changes nothing.

use super::{Upgrade, location, parent_name, unsupported};
use crate::xml::{Element, XmlId};

/// What new ids begin with.
pub(super) const PREFIX: &str = "pcmk__3_10_upgrade-";

pub(super) fn upgrade(upgrade: &mut Upgrade<'_>) {
    let edits: Vec<(XmlId, Edit)> = upgrade
        .cib
        .root()
        .child("configuration")
        .into_iter()
        .flat_map(Element::descendants)
        .filter_map(|element| Some((element.xml_id(), edit_for(element)?)))
        .collect();
    let had_edits = !edits.is_empty();
    let ping_nodes: Vec<_> = edits
        .iter()
        .filter(|(_, edit)| matches!(edit, Edit::PingNode))
        .map(|&(node, _)| upgrade.text(node, "uname").unwrap_or_default())
        .collect();
    // In the order in which Pacemaker tells of them.
    let is_late = |edit: &Edit| matches!(edit, Edit::DropMetaAttribute(_));
    let (late, early): (Vec<_>, Vec<_>) = edits.into_iter().partition(|(_, edit)| is_late(edit));
    for (element, edit) in early {
        apply(upgrade, element, edit);
    }
    ban_from(upgrade, &ping_nodes);
    let notices = upgrade.notices.len();
    location::upgrade(upgrade);
    for (element, edit) in late {
        apply(upgrade, element, edit);
    }
    unsupported::upgrade(upgrade);
    if had_edits || upgrade.notices.len() > notices {
        mend_permissions(upgrade);
    }
}

/// What has to be done with one element.
#[derive(Clone, Copy)]
enum Edit {
    Drop,
    DropProperty,
    /// What to use instead.
    DropMetaAttribute(&'static str),
    DropMoon,
    /// Takes the value of this pair.
    NameReference(XmlId),
    Rename(&'static str),
    SetValue(&'static str),
    PingNode,
    Master,
    Masters,
}

const RESTART_TYPE: &str = "Consider setting the \"kind\" attribute for relevant constraints";
const ON_FAIL: &str = "Consider setting the \"on-fail\" operation attribute instead";

fn edit_for(element: Element<'_>) -> Option<Edit> {
    let has = |name| element.attribute(name).is_some();
    match element.name() {
        "nvpair" => edit_for_pair(element),
        "date_spec" if has("moon") => Some(Edit::DropMoon),
        "node" if element.attribute("type") == Some("ping") => Some(Edit::PingNode),
        "master" => Some(Edit::Master),
        "docker" | "podman" | "rkt" if has("masters") => Some(Edit::Masters),
        "fencing-level" => {
            const MAX_INDEX: u32 = 9;
            let index: u32 = element.attribute("index")?.trim().parse().ok()?;
            (index > MAX_INDEX).then_some(Edit::Drop)
        }
        _ => None,
    }
}

fn edit_for_pair(pair: Element<'_>) -> Option<Edit> {
    let name = pair.attribute("name");
    if pair.attribute("id-ref").is_some() {
        let original = name.and_then(|_| pair.resolved())?;
        return Some(Edit::NameReference(original.xml_id()));
    }
    let Some(value) = pair.attribute("value") else {
        return Some(Edit::Drop);
    };
    let set = pair.parent()?;
    let owner = parent_name(set);
    match (set.name(), name?) {
        ("cluster_property_set", "crmd-finalization-timeout") => {
            Some(Edit::Rename("join-finalization-timeout"))
        }
        ("cluster_property_set", "crmd-integration-timeout") => {
            Some(Edit::Rename("join-integration-timeout"))
        }
        ("cluster_property_set", "crmd-transition-delay") => Some(Edit::Rename("transition-delay")),
        ("cluster_property_set", "remove-after-stop") => Some(Edit::DropProperty),
        ("cluster_property_set", "stonith-action") if value == "poweroff" => {
            Some(Edit::SetValue("off"))
        }
        ("meta_attributes", "restart-type") if owner != "op" && owner != "op_defaults" => {
            Some(Edit::DropMetaAttribute(RESTART_TYPE))
        }
        ("meta_attributes", "can_fail" | "role_after_failure")
            if owner == "op" || owner == "op_defaults" =>
        {
            Some(Edit::DropMetaAttribute(ON_FAIL))
        }
        _ => None,
    }
}

fn apply(upgrade: &mut Upgrade<'_>, element: XmlId, edit: Edit) {
    match edit {
        Edit::Drop => upgrade.cib.remove(element),
        Edit::DropProperty => {
            let (id, name) = (upgrade.id_of(element), upgrade.text(element, "name"));
            upgrade.warn(format!(
                "Dropping nvpair {id} because the {} property is unsupported",
                name.unwrap_or_default()
            ));
            upgrade.cib.remove(element);
        }
        Edit::DropMetaAttribute(advice) => {
            let name = upgrade.text(element, "name").unwrap_or_default();
            let set = upgrade.element(element).parent().and_then(Element::id);
            let text = format!(
                "Dropping {name} meta-attribute from {} because it is no longer supported. {advice}",
                set.unwrap_or_default()
            );
            upgrade.warn(text);
            upgrade.cib.remove(element);
        }
        Edit::DropMoon => {
            let id = upgrade.id_of(element);
            upgrade.warn(format!(
                "Dropping moon attribute from date spec {id} because moon phase is no longer \
                 supported"
            ));
            upgrade.cib.unset(element, "moon");
        }
        Edit::NameReference(original) => name_reference(upgrade, element, original),
        Edit::Rename(name) => upgrade.cib.set(element, "name", name),
        Edit::SetValue(value) => upgrade.cib.set(element, "value", value),
        Edit::PingNode => upgrade.cib.set(element, "type", "member"),
        Edit::Master => make_promotable(upgrade, element),
        Edit::Masters => upgrade.rename_attribute(element, "masters", "promoted-max"),
    }
}

/// Makes a pair of its own of one that took the value of another one.
fn name_reference(upgrade: &mut Upgrade<'_>, pair: XmlId, original: XmlId) {
    let name = upgrade.text(pair, "name").unwrap_or_default();
    let id = format!("{PREFIX}{}-{name}", upgrade.id_of(original));
    upgrade.cib.unset(pair, "id-ref");
    upgrade.cib.set(pair, "id", &id);
    match upgrade.text(original, "value") {
        Some(value) => upgrade.cib.set(pair, "value", &value),
        None => upgrade.cib.remove(pair),
    }
}

fn make_promotable(upgrade: &mut Upgrade<'_>, master: XmlId) {
    upgrade.cib.rename(master, "clone");
    let id = format!(
        "{PREFIX}promotable-legacy-{}-meta_attributes",
        upgrade.id_of(master)
    );
    let set = upgrade.add(
        master,
        "meta_attributes",
        &[("id", &id), ("score", "INFINITY")],
    );
    let pair_id = format!("{id}-promotable");
    upgrade.add(
        set,
        "nvpair",
        &[("id", &pair_id), ("name", "promotable"), ("value", "true")],
    );
    let first = upgrade.element(master).children().next();
    if let Some(first) = first.map(Element::xml_id).filter(|&first| first != set) {
        upgrade.cib.insert_before(set, first);
    }
}

/// Keeps everything away from these nodes.
fn ban_from(upgrade: &mut Upgrade<'_>, nodes: &[String]) {
    let Some(&constraints) = upgrade.find(|it| it.name() == "constraints").first() else {
        return;
    };
    for node in nodes {
        upgrade.add(
            constraints,
            "rsc_location",
            &[
                ("id", &format!("{PREFIX}ping-node-ban-{node}")),
                ("rsc-pattern", ".*"),
                ("node", node),
                ("score", "-INFINITY"),
                ("resource-discovery", "never"),
            ],
        );
    }
}

/// Lets permissions for elements that are gone be for nothing.
fn mend_permissions(upgrade: &mut Upgrade<'_>) {
    let permissions = upgrade.find(|it| it.name() == "acl_permission");
    let has_path = |&it: &XmlId| upgrade.element(it).attribute("xpath").is_some();
    if permissions.iter().any(has_path) {
        upgrade.warn(
            "CIB syntax changes may invalidate ACLs that use \"xpath\". It is strongly recommended \
             to run \"cibadmin --upgrade\" and then examine the updated CIB carefully to ensure ACLs \
             still match the desired intent."
                .to_owned(),
        );
    }
    let is_gone = |&it: &XmlId| {
        let reference = upgrade.element(it).attribute("reference");
        reference.is_some_and(|id| upgrade.cib.with_id(id).next().is_none())
    };
    let gone: Vec<_> = permissions.into_iter().filter(is_gone).collect();
    for permission in gone {
        upgrade.cib.unset(permission, "reference");
        upgrade.cib.set(permission, "xpath", "/*[false()]");
    }
}
