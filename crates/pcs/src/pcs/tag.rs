//! `pcs tag`: names for several resources at once.

use ::cib::xml::{Element, XmlId};

use super::cib_edit::{id_exists, in_section, resource, section};
use super::session::{Done, Refusal, Session};

/// `tag [config [TAG…]]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    let tags = in_section(&session.cib, "tags");
    let mut lines = Vec::new();
    for tag in tags.filter(|it| words.is_empty() || words.iter().any(|id| it.id() == Some(id))) {
        lines.push(tag.id().unwrap_or("").to_owned());
        let members = tag.children_named("obj_ref").filter_map(Element::id);
        lines.extend(members.map(|it| format!("  {it}")));
    }
    for id in words {
        if find(session, id).is_none() {
            session.error(&format!("tag '{id}' does not exist"));
        }
    }
    session.check()?;
    if lines.is_empty() {
        lines.push(" No tags defined".to_owned());
    }
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

fn find(session: &Session<'_>, id: &str) -> Option<XmlId> {
    let mut tags = in_section(&session.cib, "tags");
    tags.find(|it| it.id() == Some(id)).map(Element::xml_id)
}

fn check_members(session: &mut Session<'_>, ids: &[String]) {
    for (at, id) in ids.iter().enumerate() {
        if resource(&session.cib, id).is_none() {
            session.error(&format!(
                "bundle/clone/group/resource '{id}' does not exist"
            ));
        } else if ids[..at].contains(id) {
            session.error(&format!("Ids to add must be unique, duplicate ids: '{id}'"));
        }
    }
}

fn append(session: &mut Session<'_>, tag: XmlId, id: &str) -> XmlId {
    let member = session.cib.append(tag, "obj_ref");
    session.cib.set(member, "id", id);
    member
}

/// `tag create TAG ID…`
pub(super) fn create(session: &mut Session<'_>, words: &[String]) -> Done {
    let (id, members) = words.split_first().ok_or(Refusal::Usage)?;
    if members.is_empty() {
        return Err(Refusal::Usage);
    }
    if id_exists(&session.cib, id) {
        session.error(&format!("'{id}' already exists"));
    }
    check_members(session, members);
    session.check()?;
    let parent = section(&mut session.cib, "tags");
    let tag = session.cib.append(parent, "tag");
    session.cib.set(tag, "id", id);
    for member in members {
        append(session, tag, member);
    }
    Ok(())
}

/// `tag delete|remove TAG…`
pub(super) fn delete(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    for id in words {
        match find(session, id) {
            Some(tag) => session.cib.remove(tag),
            None => session.error(&format!("tag '{id}' does not exist")),
        }
    }
    session.check()?;
    let tags = session.cib.root().child("configuration");
    let tags = tags.and_then(|it| it.child("tags"));
    let empty = tags.filter(|it| it.children().next().is_none());
    if let Some(empty) = empty.map(Element::xml_id) {
        session.cib.remove(empty);
    }
    Ok(())
}

/// `tag update TAG [add ID… [--after ID | --before ID]] [remove ID…]`
pub(super) fn update(session: &mut Session<'_>, words: &[String]) -> Done {
    let (id, rest) = words.split_first().ok_or(Refusal::Usage)?;
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    let mut list: Option<&mut Vec<String>> = None;
    for word in rest {
        match (word.as_str(), &mut list) {
            ("add", _) => list = Some(&mut added),
            ("remove", _) => list = Some(&mut removed),
            (_, Some(list)) => list.push(word.clone()),
            (_, None) => return Err(Refusal::Usage),
        }
    }
    if added.is_empty() && removed.is_empty() {
        return Err(Refusal::Usage);
    }
    let Some(tag) = find(session, id) else {
        return Err(Refusal::said(format!("tag '{id}' does not exist")));
    };
    check_members(session, &added);
    let member = |session: &Session<'_>, name: &str| {
        let mut members = session.cib.element(tag).children_named("obj_ref");
        members
            .find(|it| it.id() == Some(name))
            .map(Element::xml_id)
    };
    for name in &removed {
        if member(session, name).is_none() {
            session.error(&format!("Tag '{id}' does not contain id: '{name}'"));
        }
    }
    let beside = session
        .options
        .value("--after")
        .map(|it| (it.to_owned(), true));
    let before = session
        .options
        .value("--before")
        .map(|it| (it.to_owned(), false));
    let beside = beside.or(before);
    if let Some((name, _)) = beside
        .as_ref()
        .filter(|(it, _)| member(session, it).is_none())
    {
        session.error(&format!("There is no id '{name}' in tag '{id}'"));
    }
    session.check()?;
    let mut place = beside.and_then(|(name, is_after)| Some((member(session, &name)?, is_after)));
    for name in &added {
        if let Some(old) = member(session, name) {
            session.cib.remove(old);
        }
        let new = append(session, tag, name);
        if let Some((sibling, is_after)) = place {
            if is_after {
                session.cib.insert_after(new, sibling);
                place = Some((new, true));
            } else {
                session.cib.insert_before(new, sibling);
            }
        }
    }
    for name in &removed {
        if let Some(old) = member(session, name) {
            session.cib.remove(old);
        }
    }
    if session.cib.element(tag).children().next().is_none() {
        return Err(Refusal::said(format!(
            "There would be no references left in tag '{id}', please remove the whole tag instead"
        )));
    }
    Ok(())
}
