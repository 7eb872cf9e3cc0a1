//! `pcs acl`: who may read and write which part of the configuration. It is stored.

use ::cib::xml::{Element, XmlId};

use super::cib_edit::{as_id, free_id, id_exists, in_section, section};
use super::session::{Done, Refusal, Session};

/// `acl [config]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let mut sets = in_section(&session.cib, "crm_config");
    let enabled = sets.find_map(|it| super::cib_edit::pair(it, "enable-acl")?.attribute("value"));
    let enabled = enabled.and_then(::cib::literal::parse_boolean) == Some(true);
    drop(sets);
    let mut lines = vec![
        match enabled {
            true => "ACLs are enabled",
            false => "ACLs are disabled, run 'pcs acl enable' to enable",
        }
        .to_owned(),
        String::new(),
    ];
    for (kind, title) in [("acl_target", "User"), ("acl_group", "Group")] {
        for subject in in_section(&session.cib, "acls").filter(|it| it.name() == kind) {
            lines.push(format!("{title}: {}", subject.id().unwrap_or("")));
            let roles = subject.children_named("role").filter_map(Element::id);
            let roles: Vec<&str> = roles.collect();
            lines.push(
                format!("  Roles: {}", roles.join(" "))
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    for role in in_section(&session.cib, "acls").filter(|it| it.name() == "acl_role") {
        lines.push(format!("Role: {}", role.id().unwrap_or("")));
        if let Some(text) = role.attribute("description") {
            lines.push(format!("  Description: {text}"));
        }
        for permission in role.children_named("acl_permission") {
            let kind = permission.attribute("kind").unwrap_or("");
            let what = permission
                .attribute("xpath")
                .map(|it| format!("xpath {it}"))
                .or(permission
                    .attribute("reference")
                    .map(|it| format!("id {it}")));
            let what = what.unwrap_or_default();
            let id = permission.id().unwrap_or("");
            lines.push(format!("  Permission: {kind} {what} ({id})"));
        }
    }
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

/// `acl enable`
pub(super) fn enable(session: &mut Session<'_>, words: &[String]) -> Done {
    switch(session, words, "true")
}

/// `acl disable`
pub(super) fn disable(session: &mut Session<'_>, words: &[String]) -> Done {
    switch(session, words, "false")
}

fn switch(session: &mut Session<'_>, words: &[String], value: &str) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    super::property::set(session, &[format!("enable-acl={value}")])
}

fn find(session: &Session<'_>, kind: &str, id: &str) -> Option<XmlId> {
    let mut all = in_section(&session.cib, "acls");
    let found = all.find(|it| it.name() == kind && it.id() == Some(id));
    found.map(Element::xml_id)
}

fn role(session: &Session<'_>, id: &str) -> Done<XmlId> {
    let missing = || Refusal::said(format!("ACL role '{id}' does not exist"));
    find(session, "acl_role", id).ok_or_else(missing)
}

/// `(read|write|deny) (xpath QUERY | id ID)…`
fn permissions(words: &[String]) -> Done<Vec<[&str; 3]>> {
    let mut all = Vec::new();
    for permission in words.chunks(3) {
        let [kind, scope, what] = permission else {
            return Err(Refusal::Usage);
        };
        if !["read", "write", "deny"].contains(&kind.as_str()) {
            return Err(Refusal::said(format!(
                "'{kind}' is not a permission: read, write or deny is expected"
            )));
        }
        let attribute = match scope.as_str() {
            "xpath" => "xpath",
            "id" => "reference",
            _ => return Err(Refusal::Usage),
        };
        all.push([kind, attribute, what]);
    }
    Ok(all)
}

fn add_permissions(session: &mut Session<'_>, role: XmlId, all: &[[&str; 3]]) -> Done {
    for [kind, attribute, what] in all {
        if *attribute == "reference" && !id_exists(&session.cib, what) {
            return Err(Refusal::said(format!("id '{what}' does not exist")));
        }
        let cib = &mut session.cib;
        let id = format!("{}-{kind}", cib.element(role).id().unwrap_or(""));
        let id = free_id(cib, &as_id(&id));
        let permission = cib.append(role, "acl_permission");
        cib.set(permission, "id", &id);
        cib.set(permission, "kind", kind);
        cib.set(permission, attribute, what);
    }
    Ok(())
}

/// `acl role create|delete|remove|assign|unassign …`
pub(super) fn roles(session: &mut Session<'_>, words: &[String]) -> Done {
    let (verb, rest) = words.split_first().ok_or(Refusal::Usage)?;
    match (verb.as_str(), rest) {
        ("create", [id, rest @ ..]) => {
            let description = rest.first().and_then(|it| it.strip_prefix("description="));
            let rest = &rest[usize::from(description.is_some())..];
            let all = permissions(rest)?;
            if id_exists(&session.cib, id) {
                return Err(Refusal::said(format!("'{id}' already exists")));
            }
            let parent = section(&mut session.cib, "acls");
            let role = session.cib.append(parent, "acl_role");
            session.cib.set(role, "id", id);
            if let Some(description) = description.filter(|it| !it.is_empty()) {
                session.cib.set(role, "description", description);
            }
            add_permissions(session, role, &all)
        }
        ("delete" | "remove", [id]) => {
            let found = role(session, id)?;
            let subjects = in_section(&session.cib, "acls").flat_map(Element::children);
            let assigned = subjects.filter(|it| it.name() == "role" && it.id() == Some(id));
            let assigned: Vec<XmlId> = assigned.map(Element::xml_id).collect();
            assigned.into_iter().for_each(|it| session.cib.remove(it));
            session.cib.remove(found);
            Ok(())
        }
        ("assign", [id, rest @ ..]) => {
            role(session, id)?;
            let (subject, name) = subject(session, rest, "to")?;
            if assignment(session, subject, id).is_some() {
                return Err(Refusal::said(format!(
                    "Role '{id}' is already assigned to '{name}'"
                )));
            }
            let assigned = session.cib.append(subject, "role");
            session.cib.set(assigned, "id", id);
            Ok(())
        }
        ("unassign", [id, rest @ ..]) => {
            let (subject, name) = subject(session, rest, "from")?;
            let Some(assigned) = assignment(session, subject, id) else {
                return Err(Refusal::said(format!(
                    "Role '{id}' is not assigned to '{name}'"
                )));
            };
            session.cib.remove(assigned);
            let is_empty = session.cib.element(subject).child("role").is_none();
            if session.options.has("--autodelete") && is_empty {
                session.cib.remove(subject);
            }
            Ok(())
        }
        _ => Err(Refusal::Usage),
    }
}

fn assignment(session: &Session<'_>, subject: XmlId, role: &str) -> Option<XmlId> {
    let mut roles = session.cib.element(subject).children_named("role");
    roles.find(|it| it.id() == Some(role)).map(Element::xml_id)
}

/// `[to|from] [user|group] NAME`
fn subject(session: &Session<'_>, words: &[String], joint: &str) -> Done<(XmlId, String)> {
    let words = match words {
        [first, rest @ ..] if first == joint => rest,
        words => words,
    };
    let (kinds, name): (&[&str], &String) = match words {
        [kind, name] if kind == "user" => (&["acl_target"], name),
        [kind, name] if kind == "group" => (&["acl_group"], name),
        [name] => (&["acl_target", "acl_group"], name),
        _ => return Err(Refusal::Usage),
    };
    let found = kinds.iter().find_map(|kind| find(session, kind, name));
    let missing = || Refusal::said(format!("ACL user or group '{name}' does not exist"));
    Ok((found.ok_or_else(missing)?, name.clone()))
}

/// `acl user create|delete|remove …`
pub(super) fn users(session: &mut Session<'_>, words: &[String]) -> Done {
    subjects(session, words, "acl_target", "user")
}

/// `acl group create|delete|remove …`
pub(super) fn groups(session: &mut Session<'_>, words: &[String]) -> Done {
    subjects(session, words, "acl_group", "group")
}

fn subjects(session: &mut Session<'_>, words: &[String], kind: &str, title: &str) -> Done {
    let (verb, rest) = words.split_first().ok_or(Refusal::Usage)?;
    match (verb.as_str(), rest) {
        ("create", [id, assigned @ ..]) => {
            if id_exists(&session.cib, id) {
                return Err(Refusal::said(format!("'{id}' already exists")));
            }
            for one in assigned {
                role(session, one)?;
            }
            let parent = section(&mut session.cib, "acls");
            let subject = session.cib.append(parent, kind);
            session.cib.set(subject, "id", id);
            for one in assigned {
                let element = session.cib.append(subject, "role");
                session.cib.set(element, "id", one);
            }
            Ok(())
        }
        ("delete" | "remove", [id]) => match find(session, kind, id) {
            Some(found) => {
                session.cib.remove(found);
                Ok(())
            }
            None => Err(Refusal::said(format!("ACL {title} '{id}' does not exist"))),
        },
        _ => Err(Refusal::Usage),
    }
}

/// `acl permission add|delete|remove …`
pub(super) fn permission(session: &mut Session<'_>, words: &[String]) -> Done {
    let (verb, rest) = words.split_first().ok_or(Refusal::Usage)?;
    match (verb.as_str(), rest) {
        ("add", [id, rest @ ..]) if !rest.is_empty() => {
            let all = permissions(rest)?;
            let found = match find(session, "acl_role", id) {
                Some(found) => found,
                None => {
                    let parent = section(&mut session.cib, "acls");
                    let role = session.cib.append(parent, "acl_role");
                    session.cib.set(role, "id", id);
                    role
                }
            };
            add_permissions(session, found, &all)
        }
        ("delete" | "remove", [id]) => {
            let mut below = in_section(&session.cib, "acls").flat_map(Element::children);
            let found = below.find(|it| it.name() == "acl_permission" && it.id() == Some(id));
            let found = found.map(Element::xml_id);
            drop(below);
            match found {
                Some(found) => {
                    session.cib.remove(found);
                    Ok(())
                }
                None => Err(Refusal::said(format!(
                    "ACL permission '{id}' does not exist"
                ))),
            }
        }
        _ => Err(Refusal::Usage),
    }
}
