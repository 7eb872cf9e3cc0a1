//! `pcs resource enable`, `disable`, `manage`, `unmanage`, `move-with-constraint`, `ban`, `clear`:
//! what the cluster may do with a resource.

use ::cib::time::{DateTime, Duration};
use ::cib::xml::{Element, XmlId};

use super::cib_edit::{
    self, clone_of, first_set, free_id, in_section, is_clone, resource, set_pairs,
};
use super::pairs::Pairs;
use super::resource_update::has_pair;
use super::session::{Done, Refusal, Session};
use crate::moved::{self, Moved};

const META: &str = "meta_attributes";

/// The resources that are named, those of tags included.
fn named(session: &mut Session<'_>, words: &[String]) -> Done<Vec<XmlId>> {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for id in words {
        let cib = &session.cib;
        let tag = in_section(cib, "tags").find(|it| it.id() == Some(id));
        if let Some(element) = resource(cib, id) {
            found.push(element.xml_id());
        } else if let Some(tag) = tag {
            let members = tag.children_named("obj_ref").filter_map(Element::id);
            found.extend(
                members
                    .filter_map(|it| resource(cib, it))
                    .map(Element::xml_id),
            );
        } else {
            missing.push(id.clone());
        }
    }
    for id in missing {
        session.error(&format!(
            "bundle/clone/group/resource/tag '{id}' does not exist"
        ));
    }
    session.check()?;
    Ok(found)
}

/// Sets a meta attribute, in a set before everything else where there is none yet.
fn set_meta(session: &mut Session<'_>, owner: XmlId, name: &str, value: &str) {
    let pairs = vec![(name.to_owned(), value.to_owned())];
    update_meta(&mut session.cib, owner, &pairs);
}

/// What has to be looked at for `element` to start: itself, the clone or bundle around it and, for a
/// clone, what it holds.
fn related(element: Element<'_>) -> Vec<XmlId> {
    let mut all = vec![element.xml_id()];
    if is_clone(element) || element.name() == "bundle" {
        let inner = element
            .children()
            .filter(|it| matches!(it.name(), "primitive" | "group"));
        all.extend(inner.map(Element::xml_id));
    } else if let Some(parent) = element
        .parent()
        .filter(|it| is_clone(*it) || it.name() == "bundle")
    {
        all.push(parent.xml_id());
    }
    all
}

/// `resource enable RESOURCE…`
pub(super) fn enable(session: &mut Session<'_>, words: &[String]) -> Done {
    let found = named(session, words)?;
    let mut all: Vec<XmlId> = Vec::new();
    for element in found {
        for one in related(session.cib.element(element)) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    let mut unmanaged = Vec::new();
    for one in all {
        set_meta(session, one, "target-role", "");
        let element = session.cib.element(one);
        let of_parts = related(element);
        let is_unmanaged =
            |it: &XmlId| has_pair(session.cib.element(*it), META, "is-managed", "false");
        if of_parts.iter().any(is_unmanaged) {
            unmanaged.push(element.id().unwrap_or("").to_owned());
        }
    }
    for id in unmanaged {
        session.warn(&format!("'{id}' is unmanaged"));
    }
    Ok(())
}

/// `resource disable RESOURCE…`
pub(super) fn disable(session: &mut Session<'_>, words: &[String]) -> Done {
    let found = named(session, words)?;
    for one in found {
        set_meta(session, one, "target-role", "Stopped");
        let element = session.cib.element(one);
        if has_pair(element, META, "is-managed", "false") {
            let id = element.id().unwrap_or("").to_owned();
            session.warn(&format!("'{id}' is unmanaged"));
        }
    }
    Ok(())
}

fn primitives(session: &Session<'_>, owners: &[XmlId]) -> Vec<XmlId> {
    let all = owners
        .iter()
        .flat_map(|it| session.cib.element(*it).descendants());
    all.filter(|it| it.name() == "primitive")
        .map(Element::xml_id)
        .collect()
}

fn monitors(session: &Session<'_>, primitive: XmlId) -> Vec<XmlId> {
    let list = session.cib.element(primitive).child("operations");
    let operations = list.into_iter().flat_map(|it| it.children_named("op"));
    operations
        .filter(|it| it.attribute("name") == Some("monitor"))
        .map(Element::xml_id)
        .collect()
}

/// `resource unmanage RESOURCE… [--monitor]`
pub(super) fn unmanage(session: &mut Session<'_>, words: &[String]) -> Done {
    let found = named(session, words)?;
    for primitive in primitives(session, &found) {
        set_meta(session, primitive, "is-managed", "false");
        if session.options.has("--monitor") {
            for monitor in monitors(session, primitive) {
                session.cib.set(monitor, "enabled", "false");
            }
        }
    }
    Ok(())
}

/// `resource manage RESOURCE… [--monitor]`
pub(super) fn manage(session: &mut Session<'_>, words: &[String]) -> Done {
    let found = named(session, words)?;
    for one in &found {
        let mut owner = Some(*one);
        while let Some(it) = owner {
            set_meta(session, it, "is-managed", "");
            let parent = session.cib.element(it).parent();
            let parent = parent.filter(|it| cib_edit::RESOURCES.contains(&it.name()));
            owner = parent.map(Element::xml_id);
        }
    }
    for primitive in primitives(session, &found) {
        set_meta(session, primitive, "is-managed", "");
        let monitors = monitors(session, primitive);
        if session.options.has("--monitor") {
            for monitor in monitors {
                session.cib.unset(monitor, "enabled");
            }
            continue;
        }
        let is_off = |it: &XmlId| {
            let enabled = session.cib.element(*it).attribute("enabled");
            enabled.and_then(::cib::literal::parse_boolean) == Some(false)
        };
        if !monitors.is_empty() && monitors.iter().all(is_off) {
            let id = session.cib.element(primitive).id().unwrap_or("").to_owned();
            session.warn(&format!(
                "Resource '{id}' has no enabled monitor operations. Re-run with '--monitor' to \
                 enable them."
            ));
        }
    }
    Ok(())
}

/// Words of `move` and `ban`.
struct Placing {
    id: String,
    node: Option<String>,
    until: Option<DateTime>,
}

impl Placing {
    /// The constraint for `node`; until when it holds is told.
    fn moved<'m>(&'m self, session: &mut Session<'_>, node: &'m str) -> Moved<'m> {
        if let Some(until) = self.until {
            session.say(&format!("Migration will take effect until: {until}"));
        }
        Moved {
            resource: &self.id,
            node,
            promoted: session.options.has("--promoted"),
            until: self.until,
        }
    }
}

fn placing(session: &mut Session<'_>, words: &[String], is_move: bool) -> Done<Placing> {
    let (id, rest) = words.split_first().ok_or(Refusal::Usage)?;
    let mut node = None;
    let mut until = None;
    for word in rest {
        if let Some(text) = word.strip_prefix("lifetime=") {
            let lifetime = Duration::parse(text).map_err(|_| {
                Refusal::said(format!(
                    "'{text}' is not a valid lifetime, use ISO 8601 duration"
                ))
            })?;
            until = Some(lifetime.after(session.now.with_offset_s(0)));
        } else if node.is_none() && !word.contains('=') {
            node = Some(word.clone());
        } else {
            return Err(Refusal::Usage);
        }
    }
    check_placing(session, id, node.as_deref(), is_move);
    session.check()?;
    if node.is_none() {
        node = Some(active_node(session, id)?);
    }
    Ok(Placing {
        id: id.clone(),
        node,
        until,
    })
}

fn check_placing(session: &mut Session<'_>, id: &str, node: Option<&str>, is_move: bool) {
    let is_promoted = session.options.has("--promoted");
    let is_promotable = |it: Element<'_>| {
        it.name() == "master" || (it.name() == "clone" && has_pair(it, META, "promotable", "true"))
    };
    let problem = match resource(&session.cib, id) {
        None => Some(format!("bundle/clone/group/resource '{id}' does not exist")),
        Some(it) if is_promoted && !is_promotable(it) => {
            Some("when specifying --promoted you must use the promotable clone id".to_owned())
        }
        Some(it) if is_move && !is_promoted && (is_clone(it) || clone_of(it).is_some()) => {
            Some("cannot move cloned resources".to_owned())
        }
        Some(_) => None,
    };
    if let Some(problem) = problem {
        session.error(&problem);
    }
    if let Some(node) = node.filter(|it| !super::node::exists(&session.cib, it)) {
        session.error(&format!(
            "Node '{node}' does not appear to exist in configuration"
        ));
    }
}

/// Where the resource is active now.
fn active_node(session: &Session<'_>, id: &str) -> Done<String> {
    let stopped =
        || Refusal::said("You must specify a node when moving/banning a stopped resource");
    super::status::active_node(session, id).ok_or_else(stopped)
}

/// `resource move-with-constraint RESOURCE [NODE] [lifetime=DURATION] [--promoted]`
pub(super) fn move_with_constraint(session: &mut Session<'_>, words: &[String]) -> Done {
    let has_node = words.iter().skip(1).any(|it| !it.contains('='));
    let placing = placing(session, words, true)?;
    let node = placing.node.clone().unwrap_or_default();
    let rsc = placing.id.clone();
    if !has_node {
        tell_ban(session, &placing, &node);
        return Ok(());
    }
    let ban = moved::ban_id(&rsc, &node);
    moved::take_out(&mut session.cib, |it| it.id() == Some(&ban));
    let moved = placing.moved(session, &node);
    moved::prefer(&mut session.cib, &moved);
    if placing.until.is_none() {
        session.warn(&format!(
            "A move constraint has been created and the resource '{rsc}' may or may not move \
             depending on other configuration"
        ));
    }
    Ok(())
}

fn tell_ban(session: &mut Session<'_>, placing: &Placing, node: &str) {
    let rsc = placing.id.clone();
    let moved = placing.moved(session, node);
    let id = moved::ban(&mut session.cib, &moved);
    let role = if session.options.has("--promoted") {
        "being promoted"
    } else {
        "running"
    };
    session.warn(&format!(
        "Creating location constraint '{id}' with a score of -INFINITY for resource {rsc} on {node}."
    ));
    session.say(&format!(
        "\tThis will prevent {rsc} from {role} on {node} until the constraint is removed"
    ));
    session.say(&format!(
        "\tThis will be the case even if {node} is the last node in the cluster"
    ));
}

/// `resource ban RESOURCE [NODE] [lifetime=DURATION] [--promoted]`
pub(super) fn ban(session: &mut Session<'_>, words: &[String]) -> Done {
    let placing = placing(session, words, false)?;
    let node = placing.node.clone().unwrap_or_default();
    moved::forget_preference(&mut session.cib, &placing.id, &node);
    tell_ban(session, &placing, &node);
    Ok(())
}

/// `resource clear RESOURCE [NODE]`
pub(super) fn clear(session: &mut Session<'_>, words: &[String]) -> Done {
    let (id, node) = match words {
        [id] => (id, None),
        [id, node] => (id, Some(node.as_str())),
        _ => return Err(Refusal::Usage),
    };
    check_placing(session, id, node, false);
    session.check()?;
    let only_expired = session.options.has("--expired").then_some(session.now);
    let removed = moved::clear(&mut session.cib, id, node, only_expired);
    for id in removed {
        session.say(&format!("Removing constraint: {id}"));
    }
    Ok(())
}

/// Sets meta-attributes of a resource; what is set to nothing is taken out.
pub(crate) fn update_meta(cib: &mut ::cib::xml::Document, owner: XmlId, pairs: &Pairs) {
    if let Some(set) = first_set(cib, owner, META) {
        set_pairs(cib, set, pairs);
    } else if pairs.iter().any(|(_, value)| !value.is_empty()) {
        let first = cib.element(owner).children().next().map(Element::xml_id);
        let id = format!("{}-{META}", cib.element(owner).id().unwrap_or(""));
        let set = cib_edit::add_set(cib, owner, META, &id, pairs);
        if let Some(first) = first {
            cib.insert_before(set, first);
        }
    }
}

/// Sets a pair in the first set of that kind with a given id; the set is made where there is none.
pub(super) fn set_named(
    session: &mut Session<'_>,
    owner: XmlId,
    kind: &str,
    id: &str,
    wanted: &Pairs,
) {
    let cib = &mut session.cib;
    let set = match first_set(cib, owner, kind) {
        Some(set) => set,
        None if wanted.iter().all(|(_, value)| value.is_empty()) => return,
        None => {
            let set = cib.append(owner, kind);
            let id = free_id(cib, id);
            cib.set(set, "id", &id);
            set
        }
    };
    set_pairs(cib, set, wanted);
}
