//! `pcs resource update`, `meta`, `op add|delete`, `utilization`: what a resource has.

use ::cib::xml::{Element, XmlId};

use super::agents::AgentName;
use super::cib_edit::{
    self, as_id, child, first_set, free_id, pair, resource, resources, set_pairs, update_set,
};
use super::operations::{self, Operation, same_interval};
use super::pairs::{self, Pairs};
use super::resource_create::{check_parameters, check_unique, metadata};
use super::session::{Done, Refusal, Session};
use super::stonith::agent_of;

/// `resource update RESOURCE [OPTION=VALUE]… [op OPERATION OPTION=VALUE…]… [meta OPTION=VALUE…]`
pub(super) fn update(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id, rest @ ..] = words else {
        return Err(Refusal::Usage);
    };
    if rest.is_empty() {
        return Err(Refusal::Usage);
    }
    let Some(element) = resource(&session.cib, id) else {
        return Err(Refusal::said(format!("Unable to find resource: {id}")));
    };
    let kind = element.name();
    let target = element.xml_id();
    if kind != "primitive" {
        if !cib_edit::is_clone(element) {
            return Err(Refusal::said(format!("Unable to find resource: {id}")));
        }
        // A clone has options of its own only.
        let meta = pairs::parse(rest.strip_prefix(&["meta".to_owned()]).unwrap_or(rest))?;
        update_meta(session, target, &meta);
        return Ok(());
    }
    let agent = AgentName::parse(&agent_of(element));
    let (parameters, operations, meta) = split(session, rest)?;
    if let Some(agent) = agent.filter(|_| !parameters.is_empty())
        && let Some(metadata) = metadata(session, &agent)
    {
        let set: Pairs = parameters
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .cloned()
            .collect();
        check_parameters(session, &agent, &metadata, &set, false);
        check_unique(session, id, &agent, &metadata, &set);
    }
    session.check().map_err(|_| Refusal::Quiet)?;
    if !parameters.is_empty() {
        update_set(&mut session.cib, target, "instance_attributes", &parameters);
    }
    for operation in &operations {
        update_operation(session, id, target, operation)?;
    }
    if !meta.is_empty() {
        update_meta(session, target, &meta);
    }
    Ok(())
}

/// Parameters, operations and meta attributes.
fn split(session: &mut Session<'_>, words: &[String]) -> Done<(Pairs, Vec<Operation>, Pairs)> {
    let is_keyword = |it: &String| it == "op" || it == "meta";
    let (mut parameters, mut operations, mut meta) = (Pairs::new(), Vec::new(), Pairs::new());
    let mut keyword = "";
    let mut rest = words;
    loop {
        let len = rest.iter().position(is_keyword).unwrap_or(rest.len());
        let (part, after) = rest.split_at(len);
        match keyword {
            "op" => operations.extend(operations::parse(session, part)?),
            "meta" => meta.extend(pairs::parse(part)?),
            _ => parameters = pairs::parse(part)?,
        }
        let Some((next, after)) = after.split_first() else {
            return Ok((parameters, operations, meta));
        };
        keyword = next.as_str();
        rest = after;
    }
}

/// The first operation of that name is written anew; where there is none it is added.
fn update_operation(
    session: &mut Session<'_>,
    id: &str,
    primitive: XmlId,
    operation: &Operation,
) -> Done {
    let cib = &mut session.cib;
    let list = child(cib, primitive, "operations");
    let old = of_name(cib.element(list), &operation.name)
        .next()
        .map(Element::xml_id);
    let next = old.and_then(|old| {
        let mut rest = cib
            .element(list)
            .children()
            .skip_while(|it| it.xml_id() != old);
        rest.nth(1).map(Element::xml_id)
    });
    if let Some(old) = old {
        cib.remove(old);
    }
    refuse_same(session, id, list, operation)?;
    let new = operations::append(&mut session.cib, list, id, operation);
    if let Some(next) = next.filter(|_| old.is_some()) {
        session.cib.insert_before(new, next);
    }
    Ok(())
}

fn refuse_same(session: &Session<'_>, id: &str, list: XmlId, operation: &Operation) -> Done {
    let given = pairs::get(&operation.options, "interval");
    let interval = given.unwrap_or(operations::default_interval(&operation.name));
    let same: Vec<String> = of_name(session.cib.element(list), &operation.name)
        .filter(|it| same_interval(it.attribute("interval").unwrap_or("0"), interval))
        .map(described)
        .collect();
    if same.is_empty() {
        return Ok(());
    }
    Err(Refusal::said(format!(
        "operation {} with interval {interval} already specified for {id}:\n{}",
        operation.name,
        same.join("\n")
    )))
}

fn of_name<'d>(list: Element<'d>, name: &'d str) -> impl Iterator<Item = Element<'d>> {
    list.children_named("op")
        .filter(move |it| it.attribute("name") == Some(name))
}

/// An operation in one line.
fn described(operation: Element<'_>) -> String {
    let mut text = operation.attribute("name").unwrap_or("").to_owned();
    let own = |name: &str| name != "name" && name != "id";
    let mut options: Vec<_> = operation
        .attributes()
        .filter(|(name, _)| own(name))
        .collect();
    options.sort_by_key(|(name, _)| *name != "interval");
    for (name, value) in options {
        text.push_str(&format!(" {name}={value}"));
    }
    text.push_str(&format!(" ({})", operation.id().unwrap_or("")));
    text
}

fn update_meta(session: &mut Session<'_>, owner: XmlId, meta: &Pairs) {
    match first_set(&session.cib, owner, "meta_attributes") {
        Some(set) => set_pairs(&mut session.cib, set, meta),
        None => {
            let kind = "meta_attributes";
            let id = format!("{}-{kind}", session.cib.element(owner).id().unwrap_or(""));
            cib_edit::add_set(&mut session.cib, owner, kind, &id, meta);
        }
    }
}

/// `resource meta RESOURCE OPTION=[VALUE]…`
pub(super) fn meta(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id, rest @ ..] = words else {
        return Err(Refusal::Usage);
    };
    if rest.is_empty() {
        return Err(Refusal::Usage);
    }
    let meta = pairs::parse(rest)?;
    let Some(owner) = resource(&session.cib, id).map(Element::xml_id) else {
        return Err(Refusal::said(format!(
            "unable to find a resource/clone/group: {id}"
        )));
    };
    update_meta(session, owner, &meta);
    Ok(())
}

/// `resource op add RESOURCE OPERATION [OPTION=VALUE]…`
pub(super) fn op_add(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id, name, options @ ..] = words else {
        return Err(Refusal::Usage);
    };
    let mut options = pairs::parse(options)?;
    let primitive = primitive(session, id)?;
    check_role(session, &options)?;
    operations::modernize_role(session, &mut options);
    let operation = Operation {
        name: name.clone(),
        options,
    };
    operations::check(session, std::slice::from_ref(&operation), None);
    session.check()?;
    let list = child(&mut session.cib, primitive, "operations");
    refuse_same(session, id, list, &operation)?;
    let same: Vec<String> = of_name(session.cib.element(list), name)
        .map(described)
        .collect();
    if name == "monitor" && !same.is_empty() && !session.is_forced() {
        return Err(Refusal::said(format!(
            "operation monitor already specified for {id}, use --force to override:\n{}",
            same.join("\n")
        )));
    }
    operations::append(&mut session.cib, list, id, &operation);
    Ok(())
}

fn check_role(session: &Session<'_>, options: &Pairs) -> Done {
    const ROLES: &[&str] = &[
        "master",
        "promoted",
        "slave",
        "started",
        "stopped",
        "unpromoted",
    ];
    match pairs::get(options, "role") {
        Some(role) if !ROLES.contains(&role.to_lowercase().as_str()) && !session.is_forced() => {
            Err(Refusal::said(
                "role must be: 'Master', 'Promoted', 'Slave', 'Started', 'Stopped' or 'Unpromoted' \
                 (use --force to override)",
            ))
        }
        _ => Ok(()),
    }
}

fn primitive(session: &Session<'_>, id: &str) -> Done<XmlId> {
    let found = cib_edit::resource_of(&session.cib, id, "primitive").map(Element::xml_id);
    found.ok_or_else(|| Refusal::said(format!("Unable to find resource: {id}")))
}

/// `resource op delete|remove RESOURCE OPERATION [OPTION=VALUE]…`, or `… OPERATION-ID`
pub(super) fn op_remove(session: &mut Session<'_>, words: &[String]) -> Done {
    let found = match words {
        [] => return Err(Refusal::Usage),
        [id] => {
            let mut all = session.cib.with_id(id).filter(|it| it.name() == "op");
            let found = all.next().map(Element::xml_id);
            found.ok_or_else(|| Refusal::said(format!("unable to find operation id: {id}")))?
        }
        [id, name, options @ ..] => {
            let options = pairs::parse(options)?;
            let list = child_operations(session, id)?;
            let mut operations = of_name(list, name);
            let found = operations.find(|it| {
                let own = it
                    .attributes()
                    .filter(|(name, _)| !matches!(*name, "name" | "id"));
                let own: Pairs = own
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                let is_default =
                    options.is_empty() && own.iter().all(|(name, _)| name == "interval");
                is_default || pairs::sorted(own) == pairs::sorted(options.clone())
            });
            let found = found.map(Element::xml_id);
            found.ok_or_else(|| {
                Refusal::said(format!(
                    "Unable to find operation matching: {}",
                    words[1..].join(" ")
                ))
            })?
        }
    };
    session.cib.remove(found);
    Ok(())
}

fn child_operations<'d>(session: &'d Session<'_>, id: &str) -> Done<Element<'d>> {
    let primitive = primitive(session, id)?;
    let list = session.cib.element(primitive).child("operations");
    list.ok_or_else(|| Refusal::said(format!("Unable to find any operation of {id}")))
}

/// `resource utilization [RESOURCE [NAME=VALUE]…]`
pub(super) fn utilization(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id, rest @ ..] = words else {
        let lines: Vec<String> = resources(&session.cib)
            .filter_map(utilization_line)
            .collect();
        session.print("Resource Utilization:");
        lines.iter().for_each(|line| session.print(line));
        return Ok(());
    };
    let Some(element) = cib_edit::resource_of(&session.cib, id, "primitive") else {
        return Err(Refusal::said(format!("Unable to find a resource: {id}")));
    };
    if rest.is_empty() {
        let line = utilization_line(element);
        session.print("Resource Utilization:");
        line.iter().for_each(|line| session.print(line));
        return Ok(());
    }
    let target = element.xml_id();
    let id = format!("{id}-utilization");
    set_utilization(session, target, &id, rest)
}

/// Sets capacities or needs, which are whole numbers.
pub(super) fn set_utilization(
    session: &mut Session<'_>,
    owner: XmlId,
    id: &str,
    words: &[String],
) -> Done {
    let wanted = pairs::parse(words)?;
    for (name, value) in &wanted {
        if !value.is_empty() && value.parse::<i64>().is_err() {
            return Err(Refusal::said(format!(
                "Value of utilization attribute must be integer: '{name}={value}'"
            )));
        }
    }
    let cib = &mut session.cib;
    let set = match first_set(cib, owner, "utilization") {
        Some(set) => set,
        None => {
            let set = cib.append(owner, "utilization");
            let id = free_id(cib, &as_id(id));
            cib.set(set, "id", &id);
            set
        }
    };
    set_pairs(cib, set, &wanted);
    Ok(())
}

/// What `owner` has or needs, in one line.
pub(super) fn utilization_line(owner: Element<'_>) -> Option<String> {
    let set = owner.child("utilization")?;
    set.child("nvpair")?;
    let pairs: Vec<String> = super::config_text::pairs_of(set).collect();
    let name = owner.attribute("uname").or(owner.id()).unwrap_or("");
    Some(format!(" {name}: {}", pairs.join(" ")))
}

/// Whether a pair has that value.
pub(super) fn has_pair(owner: Element<'_>, kind: &str, name: &str, value: &str) -> bool {
    let set = owner.child(kind);
    let found = set.and_then(|it| pair(it, name));
    found.and_then(|it| it.attribute("value")) == Some(value)
}
