//! `pcs resource group …`, `clone`, `promotable`, `unclone`, `delete`: what stands in what.

use ::cib::xml::{Element, XmlId};

use super::cib_edit::{
    self, clone_of, constraints, free_id, group_of, id_exists, in_section, is_clone, resource,
    resource_of, section,
};
use super::pairs;
use super::session::{Done, Refusal, Session};

/// `resource group list`
pub(super) fn group_list(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let lines: Vec<String> = cib_edit::resources(&session.cib)
        .filter(|it| it.name() == "group")
        .map(|group| {
            let members = group.children_named("primitive").filter_map(Element::id);
            let members: Vec<&str> = members.collect();
            format!("{}: {}", group.id().unwrap_or(""), members.join(" "))
        })
        .collect();
    for line in lines {
        session.print(&line);
    }
    Ok(())
}

/// `resource group add GROUP RESOURCE… [--before RESOURCE | --after RESOURCE]`
pub(super) fn group_add(session: &mut Session<'_>, words: &[String]) -> Done {
    let [group, members @ ..] = words else {
        return Err(Refusal::Usage);
    };
    if members.is_empty() {
        return Err(Refusal::Usage);
    }
    let value = |name| session.options.value(name).map(str::to_owned);
    let (before, after) = (value("--before"), value("--after"));
    if before.is_some() && after.is_some() {
        return Err(Refusal::said(
            "you cannot specify both --before and --after",
        ));
    }
    let beside = before.map(|it| (it, true)).or(after.map(|it| (it, false)));
    check_group_add(
        session,
        group,
        members,
        beside.as_ref().map(|(id, _)| id.as_str()),
    );
    session.check()?;
    let cib = &mut session.cib;
    let found = resource_of(cib, group, "group").map(Element::xml_id);
    let target = found.unwrap_or_else(|| {
        let resources = section(cib, "resources");
        let element = cib.append(resources, "group");
        cib.set(element, "id", group);
        element
    });
    let mut last = beside
        .as_ref()
        .and_then(|(id, _)| resource(cib, id))
        .map(Element::xml_id);
    let mut is_before = beside.is_some_and(|(_, is_before)| is_before);
    for member in members {
        let Some(member) = resource(cib, member).map(Element::xml_id) else {
            continue;
        };
        let old = cib
            .element(member)
            .parent()
            .filter(|it| it.xml_id() != target);
        let old = old.map(Element::xml_id);
        match last {
            Some(sibling) if is_before => cib.insert_before(member, sibling),
            Some(sibling) => cib.insert_after(member, sibling),
            None => {
                let members = cib.element(target).children_named("primitive");
                let last = members
                    .filter(|it| it.xml_id() != member)
                    .last()
                    .map(Element::xml_id);
                match last {
                    Some(last) => cib.insert_after(member, last),
                    None => put_first(cib, member, target),
                }
            }
        }
        (last, is_before) = (Some(member), false);
        if let Some(old) = old {
            remove_if_empty(cib, old);
        }
    }
    Ok(())
}

fn put_first(cib: &mut ::cib::xml::Document, member: XmlId, group: XmlId) {
    let first = cib.element(group).children().next().map(Element::xml_id);
    match first {
        Some(first) => cib.insert_before(member, first),
        None => cib.move_into(member, group),
    }
}

/// Takes a group or clone without members out.
fn remove_if_empty(cib: &mut ::cib::xml::Document, owner: XmlId) {
    let element = cib.element(owner);
    let holds = element
        .children()
        .any(|it| cib_edit::RESOURCES.contains(&it.name()));
    if holds || !(element.name() == "group" || is_clone(element)) {
        return;
    }
    let parent = element.parent().map(Element::xml_id);
    cib.remove(owner);
    if let Some(parent) = parent {
        remove_if_empty(cib, parent);
    }
}

fn check_group_add(
    session: &mut Session<'_>,
    group: &str,
    members: &[String],
    beside: Option<&str>,
) {
    let is_group = resource_of(&session.cib, group, "group").is_some();
    if !is_group && id_exists(&session.cib, group) {
        session.error(&format!("'{group}' is not a group"));
        return;
    }
    let in_this = |it: Element<'_>| group_of(it).and_then(Element::id) == Some(group);
    let mut fit = 0;
    let mut problems = Vec::new();
    for member in members {
        match resource(&session.cib, member) {
            None => problems.push(format!("'{member}' does not exist")),
            Some(it) if it.name() != "primitive" => problems.push(format!(
                "'{member}' is not a resource, it is a {}; only resources can be members of a group",
                it.name()
            )),
            Some(it) if in_this(it) && beside.is_none() => problems.push(format!(
                "Cannot add resource '{member}', it is already present in group '{group}'"
            )),
            Some(it) if it.attribute("class") == Some("stonith") => problems.push(format!(
                "'{member}' is a stonith resource, stonith resources cannot be grouped"
            )),
            Some(it) if it.parent().is_some_and(is_clone) => problems.push(format!(
                "'{member}' is cloned; take it out of its clone first ('pcs resource unclone')"
            )),
            Some(_) => fit += 1,
        }
    }
    if let Some(beside) = beside {
        match resource(&session.cib, beside) {
            None => problems.push(format!("'{beside}' does not exist")),
            Some(it) if !in_this(it) => {
                problems.push(format!(
                    "there is no resource '{beside}' in the group '{group}'"
                ));
            }
            Some(_) if members.iter().any(|it| it == beside) => {
                problems.push(format!("Cannot put resource '{beside}' next to itself"));
            }
            Some(_) => {}
        }
    }
    let has_missing = problems.iter().any(|it| it.ends_with("does not exist"));
    for problem in &problems {
        session.error(problem);
    }
    if fit == 0 && has_missing && beside.is_none() {
        session.error(&format!(
            "Cannot modify group '{group}', no resources to add or remove specified"
        ));
    }
}

/// `resource group remove|delete GROUP [RESOURCE…]`, `resource ungroup`
pub(super) fn group_remove(session: &mut Session<'_>, words: &[String]) -> Done {
    let [group, members @ ..] = words else {
        return Err(Refusal::Usage);
    };
    let cib = &mut session.cib;
    let Some(element) = resource_of(cib, group, "group") else {
        return Err(Refusal::said(format!("Group '{group}' does not exist")));
    };
    let all: Vec<(String, XmlId)> = element
        .children_named("primitive")
        .filter_map(|it| Some((it.id()?.to_owned(), it.xml_id())))
        .collect();
    for member in members {
        if !all.iter().any(|(id, _)| id == member) {
            return Err(Refusal::said(format!(
                "Resource '{member}' does not exist in group '{group}'"
            )));
        }
    }
    let is_meant = |id: &String| members.is_empty() || members.contains(id);
    let meant: Vec<XmlId> = all
        .iter()
        .filter(|(id, _)| is_meant(id))
        .map(|(_, it)| *it)
        .collect();
    let is_all = meant.len() == all.len();
    let clone = element
        .parent()
        .filter(|it| is_clone(*it))
        .map(Element::xml_id);
    let element = element.xml_id();
    if clone.is_some() && is_all && meant.len() > 1 {
        return Err(Refusal::said(format!(
            "Cannot remove all resources from a cloned group: unclone '{group}' first"
        )));
    }
    let resources = section(cib, "resources");
    let stays_cloned = clone.is_some() && is_all;
    for member in meant {
        if stays_cloned {
            cib.insert_before(member, element);
        } else {
            cib.move_into(member, resources);
        }
    }
    if is_all {
        drop_references(session, group);
        session.cib.remove(element);
    }
    Ok(())
}

/// `resource clone RESOURCE [CLONE] [OPTION=VALUE]…`
pub(super) fn clone(session: &mut Session<'_>, words: &[String]) -> Done {
    make_clone(session, words, false)
}

/// `resource promotable RESOURCE [CLONE] [OPTION=VALUE]…`, once `resource master`
pub(super) fn promotable(session: &mut Session<'_>, words: &[String]) -> Done {
    make_clone(session, words, true)
}

fn make_clone(session: &mut Session<'_>, words: &[String], is_promotable: bool) -> Done {
    let (id, rest) = words.split_first().ok_or(Refusal::Usage)?;
    let (clone_id, options) = match rest.split_first() {
        Some((first, rest)) if !first.contains('=') => (Some(first.clone()), rest),
        _ => (None, rest),
    };
    let options = options
        .strip_prefix(&["meta".to_owned()])
        .unwrap_or(options);
    let mut meta = pairs::parse(options)?;
    if is_promotable {
        if pairs::get(&meta, "promotable").is_some() {
            return Err(Refusal::said(
                "you cannot specify both promotable option and promotable keyword",
            ));
        }
        meta.push(("promotable".to_owned(), "true".to_owned()));
    }
    let cib = &mut session.cib;
    let Some(element) = resource(cib, id).filter(|it| matches!(it.name(), "primitive" | "group"))
    else {
        return Err(Refusal::said(format!(
            "unable to find group or resource: {id}"
        )));
    };
    if element.parent().is_some_and(is_clone) {
        return Err(Refusal::said(format!("{id} is already a clone resource")));
    }
    if element.attribute("class") == Some("stonith") {
        return Err(Refusal::said(format!(
            "'{id}' is a stonith resource, stonith resources cannot be cloned"
        )));
    }
    if let Some(clone_id) = clone_id.as_deref().filter(|it| id_exists(cib, it)) {
        return Err(Refusal::said(format!(
            "id '{clone_id}' is already in use, please specify another one"
        )));
    }
    let group = group_of(element);
    let is_last = group.is_some_and(|it| it.children_named("primitive").count() == 1);
    let group = group.map(Element::xml_id);
    let element = element.xml_id();
    let clone_id = clone_id.unwrap_or_else(|| free_id(cib, &format!("{id}-clone")));
    let resources = section(cib, "resources");
    let clone = cib.append(resources, "clone");
    cib.set(clone, "id", &clone_id);
    cib.move_into(element, clone);
    if let Some(group) = group.filter(|_| is_last) {
        cib.remove(group);
    }
    if !meta.is_empty() {
        let set = format!("{clone_id}-meta_attributes");
        cib_edit::add_set(cib, clone, "meta_attributes", &set, &pairs::sorted(meta));
    }
    Ok(())
}

/// `resource unclone RESOURCE`
pub(super) fn unclone(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id] = words else {
        return Err(Refusal::Usage);
    };
    let Some(element) = resource(&session.cib, id) else {
        return Err(Refusal::said(format!("could not find resource: {id}")));
    };
    let found = if is_clone(element) {
        Some(element)
    } else {
        clone_of(element)
    };
    let Some(clone) = found else {
        return Err(Refusal::said(format!("'{id}' is not a clone resource")));
    };
    let inner = clone
        .children()
        .find(|it| matches!(it.name(), "primitive" | "group"));
    let (clone_id, inner) = (
        clone.id().unwrap_or("").to_owned(),
        inner.map(Element::xml_id),
    );
    let clone = clone.xml_id();
    drop_references(session, &clone_id);
    if let Some(inner) = inner {
        let resources = section(&mut session.cib, "resources");
        session.cib.move_into(inner, resources);
    }
    session.cib.remove(clone);
    Ok(())
}

/// `resource delete|remove RESOURCE`
pub(super) fn delete(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id] = words else {
        return Err(Refusal::Usage);
    };
    let Some(element) = resource(&session.cib, id) else {
        return Err(Refusal::said(format!("Resource '{id}' does not exist.")));
    };
    let is_group = element.name() == "group";
    let top = match element.parent().filter(|it| is_clone(*it)) {
        Some(clone) => clone,
        None => element,
    };
    let members: Vec<String> = top
        .descendants()
        .filter(|it| it.name() == "primitive")
        .filter_map(|it| it.id().map(str::to_owned))
        .collect();
    let owners: Vec<String> = top
        .descendants()
        .filter(|it| matches!(it.name(), "clone" | "master" | "group" | "bundle"))
        .filter_map(|it| it.id().map(str::to_owned))
        .collect();
    let group = group_of(element).map(Element::xml_id);
    let top = top.xml_id();
    if is_group {
        session.say(&format!(
            "Removing group: {id} (and all resources within group)"
        ));
        session.say(&format!("Stopping all resources in group: {id}..."));
    }
    for owner in owners.iter().chain(&members) {
        drop_references(session, owner);
    }
    for (at, member) in members.iter().enumerate() {
        let is_last = at + 1 == members.len();
        let and_group = if is_group && is_last {
            " (and group)"
        } else {
            ""
        };
        session.say(&format!("Deleting Resource{and_group} - {member}"));
    }
    session.cib.remove(top);
    if let Some(group) = group {
        let id = session.cib.element(group).id().unwrap_or("").to_owned();
        let is_empty = session.cib.element(group).child("primitive").is_none();
        if is_empty {
            drop_references(session, &id);
            remove_if_empty(&mut session.cib, group);
        }
    }
    Ok(())
}

/// Takes out what refers to the resource `id`: constraints, members of resource sets, fencing levels,
/// tags.
pub(super) fn drop_references(session: &mut Session<'_>, id: &str) {
    let names = |it: &Element<'_>| {
        ["rsc", "with-rsc", "first", "then"]
            .iter()
            .any(|name| it.attribute(name) == Some(id))
    };
    let mut direct: Vec<(String, XmlId)> = constraints(&session.cib)
        .filter(names)
        .map(|it| (it.id().unwrap_or("").to_owned(), it.xml_id()))
        .collect();
    direct.sort();
    for (constraint, element) in direct {
        session.say(&format!("Removing Constraint - {constraint}"));
        session.cib.remove(element);
    }
    drop_from_sets(session, id);
    super::fencing_levels::drop_device(session, id);
    let references: Vec<XmlId> = in_section(&session.cib, "tags")
        .flat_map(|tag| tag.children_named("obj_ref"))
        .filter(|it| it.id() == Some(id))
        .map(Element::xml_id)
        .collect();
    for reference in references {
        let tag = session.cib.element(reference).parent().map(Element::xml_id);
        session.cib.remove(reference);
        if let Some(tag) = tag.filter(|it| session.cib.element(*it).children().next().is_none()) {
            session.cib.remove(tag);
        }
    }
}

fn drop_from_sets(session: &mut Session<'_>, id: &str) {
    let references: Vec<XmlId> = constraints(&session.cib)
        .flat_map(|it| it.children_named("resource_set"))
        .flat_map(|it| it.children_named("resource_ref"))
        .filter(|it| it.id() == Some(id))
        .map(Element::xml_id)
        .collect();
    for reference in references {
        let Some(set) = session.cib.element(reference).parent() else {
            continue;
        };
        let set_id = set.id().unwrap_or("").to_owned();
        let constraint = set.parent();
        let constraint_id = constraint.and_then(Element::id).unwrap_or("").to_owned();
        let (set, constraint) = (set.xml_id(), constraint.map(Element::xml_id));
        session.say(&format!("Removing {id} from set {set_id}"));
        session.cib.remove(reference);
        if session.cib.element(set).child("resource_ref").is_none() {
            session.say(&format!("Removing set {set_id}"));
            session.cib.remove(set);
        }
        let is_empty = |it: &XmlId| session.cib.element(*it).child("resource_set").is_none();
        if let Some(constraint) = constraint.filter(is_empty) {
            session.say(&format!("Removing constraint {constraint_id}"));
            session.cib.remove(constraint);
        }
    }
}
