//! `pcs resource create` and `pcs stonith create`: a new primitive.

use diagnostics::nearest;

use super::agents::{AgentName, Metadata};
use super::cib_edit::{self, add_set, bad_character, free_id, id_exists, section};
use super::operations::{self, Operation};
use super::pairs::{self, Pairs, quoted};
use super::session::{Done, Refusal, Session};

/// Parameters that every OCF agent has by its shell library.
const TRACING: &[&str] = &["trace_file", "trace_ra"];

/// Parameters that every fence device has (pacemaker-fenced(7)).
pub(super) const OF_FENCE_DEVICES: &[&str] = &[
    "pcmk_action_limit",
    "pcmk_delay_base",
    "pcmk_delay_max",
    "pcmk_host_argument",
    "pcmk_host_check",
    "pcmk_host_list",
    "pcmk_host_map",
    "pcmk_list_action",
    "pcmk_list_retries",
    "pcmk_list_timeout",
    "pcmk_metadata_action",
    "pcmk_metadata_retries",
    "pcmk_metadata_timeout",
    "pcmk_monitor_action",
    "pcmk_monitor_retries",
    "pcmk_monitor_timeout",
    "pcmk_off_action",
    "pcmk_off_retries",
    "pcmk_off_timeout",
    "pcmk_on_action",
    "pcmk_on_retries",
    "pcmk_on_timeout",
    "pcmk_reboot_action",
    "pcmk_reboot_retries",
    "pcmk_reboot_timeout",
    "pcmk_status_action",
    "pcmk_status_retries",
    "pcmk_status_timeout",
    "priority",
    "provides",
    "stonith-timeout",
];

/// What fence agents have that Pacemaker itself supplies.
const SUPPLIED: &[&str] = &["port", "plug", "nodename"];

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    parameters: Pairs,
    operations: Vec<Operation>,
    meta: Pairs,
    clone: Option<NewClone>,
}

/// The clone that the new resource is to stand in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NewClone {
    id: Option<String>,
    meta: Pairs,
}

/// `resource create NAME AGENT …`
pub(super) fn resource(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id, agent, rest @ ..] = words else {
        return Err(Refusal::Usage);
    };
    let wanted = parse(session, rest)?;
    check_id(session, id, "resource name")?;
    let agent = full_name(session, agent)?;
    if agent.standard == "stonith" {
        session.deprecated(
            "Ability of this command to accept stonith resources is deprecated and will be removed \
             in a future release. Please use 'pcs stonith create' instead.",
        );
    }
    create(session, id, &agent, wanted)
}

/// `stonith create NAME AGENT …`
pub(super) fn stonith(session: &mut Session<'_>, words: &[String]) -> Done {
    let [id, agent, rest @ ..] = words else {
        return Err(Refusal::Usage);
    };
    let wanted = parse(session, rest)?;
    check_id(session, id, "stonith device name")?;
    let kind = agent.strip_prefix("stonith:").unwrap_or(agent);
    let Some(agent) = AgentName::parse(&format!("stonith:{kind}")) else {
        return Err(Refusal::said(format!(
            "Invalid stonith agent name '{kind}'. Agent name cannot contain the ':' character"
        )));
    };
    if wanted.clone.is_some() {
        return Err(Refusal::said("stonith resources cannot be cloned"));
    }
    create(session, id, &agent, wanted)
}

/// Takes the words behind the agent apart.
fn parse(session: &mut Session<'_>, words: &[String]) -> Done<Wanted> {
    let is_keyword = |it: &String| {
        matches!(
            it.as_str(),
            "op" | "meta" | "clone" | "promotable" | "master" | "bundle"
        )
    };
    let mut wanted = Wanted::default();
    let mut keyword = "";
    let mut rest = words;
    let mut operations: Vec<String> = Vec::new();
    loop {
        let len = rest.iter().position(is_keyword).unwrap_or(rest.len());
        let (part, after) = rest.split_at(len);
        match keyword {
            "" => wanted.parameters = pairs::parse(part)?,
            "op" if part.is_empty() => drop(operations::parse(session, part)?),
            "op" => operations.extend_from_slice(part),
            "meta" => wanted.meta.extend(pairs::parse(part)?),
            "bundle" => return Err(Refusal::said("bundles are not built yet")),
            clone => wanted.clone = Some(parse_clone(clone, part)?),
        }
        let Some((next, after)) = after.split_first() else {
            break;
        };
        keyword = next.as_str();
        rest = after;
    }
    if !operations.is_empty() {
        wanted.operations = operations::parse(session, &operations)?;
    }
    let placed = session.options.value("--group").is_some();
    if placed && wanted.clone.is_some() {
        return Err(Refusal::said(
            "you cannot specify both --group and clone or promotable",
        ));
    }
    for name in ["--before", "--after"] {
        if session.options.value(name).is_some() && !placed {
            return Err(Refusal::said(format!(
                "you cannot use {name} without --group"
            )));
        }
    }
    Ok(wanted)
}

fn parse_clone(keyword: &str, words: &[String]) -> Done<NewClone> {
    let (id, options) = match words.split_first() {
        Some((first, rest)) if !first.contains('=') => (Some(first.clone()), rest),
        _ => (None, words),
    };
    let mut meta = pairs::parse(options)?;
    if keyword != "clone" {
        if pairs::get(&meta, "promotable").is_some() {
            return Err(Refusal::said(format!(
                "you cannot specify both promotable option and {keyword} keyword"
            )));
        }
        meta.push(("promotable".to_owned(), "true".to_owned()));
    }
    Ok(NewClone {
        id,
        meta: pairs::sorted(meta),
    })
}

fn check_id(session: &Session<'_>, id: &str, what: &str) -> Done {
    if let Some((character, is_first)) = bad_character(id) {
        let first = if is_first { "first " } else { "" };
        return Err(Refusal::said(format!(
            "invalid {what} '{id}', '{character}' is not a valid {first}character for a {what}"
        )));
    }
    if id_exists(&session.cib, id) {
        return Err(Refusal::said(format!("'{id}' already exists")));
    }
    Ok(())
}

/// The agent's full name, which may be written without standard and provider where that is enough.
pub(super) fn full_name(session: &mut Session<'_>, written: &str) -> Done<AgentName> {
    if let Some(name) = AgentName::parse(written) {
        return Ok(name);
    }
    if written.contains(':') {
        return Err(Refusal::said(format!(
            "Invalid resource agent name '{written}'. Use standard:provider:type when standard is \
             'ocf' or standard:type otherwise."
        )));
    }
    let all = session.agents.installed();
    let matching = all
        .iter()
        .filter(|it| it.standard == "ocf" && it.kind.eq_ignore_ascii_case(written));
    let matching: Vec<&AgentName> = matching.collect();
    match matching.as_slice() {
        [only] => {
            session.say(&format!(
                "Assumed agent name '{only}' (deduced from '{written}')"
            ));
            Ok((*only).clone())
        }
        [] => {
            session.error(&format!(
                "Unable to find agent '{written}', try specifying its full name"
            ));
            if let Some(meant) = nearest(written, all.iter().map(|it| it.kind.as_str())) {
                session.say(&format!("Did you mean '{meant}'?"));
            }
            Err(Refusal::Reported)
        }
        several => {
            let names: Vec<String> = several.iter().map(|it| format!("'{it}'")).collect();
            session.error(&format!(
                "Multiple agents match '{written}', please specify full name: {}",
                names.join(" or ")
            ));
            Err(Refusal::Reported)
        }
    }
}

/// The agent's metadata; none where it has none and that is to be overridden.
pub(super) fn metadata(session: &mut Session<'_>, agent: &AgentName) -> Option<Metadata> {
    match session.agents.metadata(agent) {
        Ok(metadata) => Some(metadata),
        Err(reason) => {
            session.objection(&format!(
                "Agent '{agent}' is not installed or does not provide valid metadata: {reason}"
            ));
            None
        }
    }
}

/// Reports what is wrong with parameters. Of those that are missing nothing is said where only some
/// are to be changed.
pub(super) fn check_parameters(
    session: &mut Session<'_>,
    agent: &AgentName,
    metadata: &Metadata,
    parameters: &Pairs,
    is_complete: bool,
) {
    let what = if agent.standard == "stonith" {
        "stonith"
    } else {
        "resource"
    };
    let extra = match agent.standard.as_str() {
        "stonith" => OF_FENCE_DEVICES,
        "ocf" => TRACING,
        _ => &[],
    };
    let known = || {
        let own = metadata.parameters.iter().map(|it| it.name.as_str());
        own.chain(extra.iter().copied())
    };
    let has_parameters = agent.standard == "ocf" || agent.standard == "stonith";
    for (name, _) in parameters.iter().filter(|_| has_parameters) {
        if !known().any(|it| it == name) {
            let mut allowed: Vec<&str> = known().collect();
            allowed.sort_unstable();
            allowed.dedup();
            let allowed = quoted(allowed);
            session.objection(&format!(
                "invalid {what} option '{name}', allowed options are: {allowed}"
            ));
            if let Some(meant) = nearest(name, known()) {
                session.say(&format!("Did you mean '{meant}'?"));
            }
        } else if what == "stonith"
            && matches!(name.as_str(), "action" | "method")
            && name == "action"
        {
            session.objection(
                "stonith option 'action' is deprecated and should not be used, use \
                 'pcmk_off_action', 'pcmk_reboot_action' instead",
            );
        } else if metadata.parameter(name).is_some_and(|it| it.is_deprecated) {
            let new = metadata
                .parameters
                .iter()
                .find(|it| it.obsoletes.as_deref() == Some(name));
            let instead = new.map(|it| format!(", use '{}' instead", it.name));
            let instead = instead.unwrap_or_default();
            session.warn(&format!(
                "{what} option '{name}' is deprecated and should not be used{instead}"
            ));
        }
    }
    if is_complete {
        check_required(session, what, metadata, parameters);
    }
}

fn check_required(session: &mut Session<'_>, what: &str, metadata: &Metadata, given: &Pairs) {
    let is_given = |name: &str| pairs::get(given, name).is_some();
    let is_missing = |it: &&super::agents::Parameter| {
        let is_supplied =
            what == "stonith" && (SUPPLIED.contains(&it.name.as_str()) || it.name == "action");
        let old = it.obsoletes.as_deref();
        it.is_required
            && !it.is_deprecated
            && !is_supplied
            && !is_given(&it.name)
            && !old.is_some_and(is_given)
    };
    let missing: Vec<&str> = metadata
        .parameters
        .iter()
        .filter(is_missing)
        .map(|it| it.name.as_str())
        .collect();
    match missing.as_slice() {
        [] => {}
        [name] => session.objection(&format!("required {what} option '{name}' is missing")),
        names => {
            let names = quoted(names.iter().copied());
            session.objection(&format!("required {what} options {names} are missing"));
        }
    }
}

/// Reports parameters that another resource of the same agent has with the same value, and that must
/// not be the same.
pub(super) fn check_unique(
    session: &mut Session<'_>,
    own_id: &str,
    agent: &AgentName,
    metadata: &Metadata,
    parameters: &Pairs,
) {
    let unique = metadata
        .parameters
        .iter()
        .filter(|it| it.unique_group.is_some());
    for parameter in unique {
        let Some(value) = pairs::get(parameters, &parameter.name) else {
            continue;
        };
        let is_same = |it: &::cib::xml::Element<'_>| {
            it.name() == "primitive"
                && it.id() != Some(own_id)
                && crate::pcs::stonith::agent_of(*it) == agent.to_string()
                && cib_edit::value(*it, "instance_attributes", &parameter.name) == Some(value)
        };
        let others: Vec<&str> = cib_edit::resources(&session.cib)
            .filter(is_same)
            .filter_map(|it| it.id())
            .collect();
        if !others.is_empty() {
            let others = quoted(others);
            session.objection(&format!(
                "Value '{value}' of option '{}' is not unique across '{agent}' resources. Following \
                 resources are configured with the same value of the instance attribute: {others}",
                parameter.name
            ));
        }
    }
}

fn create(session: &mut Session<'_>, id: &str, agent: &AgentName, mut wanted: Wanted) -> Done {
    let metadata = metadata(session, agent);
    let place = place_in_group(session)?;
    operations::check(session, &wanted.operations, metadata.as_ref());
    if let Some(metadata) = &metadata {
        check_parameters(session, agent, metadata, &wanted.parameters, true);
        check_unique(session, id, agent, metadata, &wanted.parameters);
    }
    if let Some(clone) = wanted.clone.as_ref().and_then(|it| it.id.as_ref())
        && id_exists(&session.cib, clone)
    {
        session.error(&format!("'{clone}' already exists"));
    }
    session.check()?;
    if session.options.has("--disabled") {
        pairs::take(&mut wanted.meta, "target-role");
        let meta = match &mut wanted.clone {
            Some(clone) => &mut clone.meta,
            None => &mut wanted.meta,
        };
        meta.push(("target-role".to_owned(), "Stopped".to_owned()));
    }
    write(session, id, agent, wanted, metadata.as_ref(), place);
    Ok(())
}

/// Where in a group the new resource is to stand.
struct Place {
    group: String,
    beside: Option<(String, bool)>,
}

fn place_in_group(session: &mut Session<'_>) -> Done<Option<Place>> {
    let Some(group) = session.options.value("--group").map(str::to_owned) else {
        return Ok(None);
    };
    let value = |name| session.options.value(name).map(str::to_owned);
    let (before, after) = (value("--before"), value("--after"));
    if before.is_some() && after.is_some() {
        return Err(Refusal::said(
            "you cannot specify both --before and --after",
        ));
    }
    let beside = before.map(|it| (it, true)).or(after.map(|it| (it, false)));
    if cib_edit::resource_of(&session.cib, &group, "group").is_none()
        && id_exists(&session.cib, &group)
    {
        session.error(&format!("'{group}' is not a group"));
    }
    if let Some((id, _)) = &beside {
        match cib_edit::resource(&session.cib, id) {
            None => session.error(&format!("'{id}' does not exist")),
            Some(it) if cib_edit::group_of(it).and_then(|it| it.id()) != Some(&group) => {
                session.error(&format!(
                    "there is no resource '{id}' in the group '{group}'"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(Some(Place { group, beside }))
}

fn write(
    session: &mut Session<'_>,
    id: &str,
    agent: &AgentName,
    wanted: Wanted,
    metadata: Option<&Metadata>,
    place: Option<Place>,
) {
    let monitor_only = agent.standard == "stonith" || session.options.has("--no-default-ops");
    let cib = &mut session.cib;
    let resources = section(cib, "resources");
    let parent = match (&wanted.clone, &place) {
        (Some(_), _) => cib.append(resources, "clone"),
        (None, Some(place)) => {
            let found = cib_edit::resource_of(cib, &place.group, "group").map(|it| it.xml_id());
            found.unwrap_or_else(|| {
                let group = cib.append(resources, "group");
                cib.set(group, "id", &place.group);
                group
            })
        }
        (None, None) => resources,
    };
    let primitive = cib.append(parent, "primitive");
    cib.set(primitive, "id", id);
    cib.set(primitive, "class", &agent.standard);
    cib.set(primitive, "type", &agent.kind);
    if let Some(provider) = &agent.provider {
        cib.set(primitive, "provider", provider);
    }
    for (kind, pairs) in [
        ("instance_attributes", wanted.parameters),
        ("meta_attributes", wanted.meta),
    ] {
        if !pairs.is_empty() {
            let set = format!("{id}-{kind}");
            add_set(cib, primitive, kind, &set, &pairs::sorted(pairs));
        }
    }
    let list = cib.append(primitive, "operations");
    for operation in operations::complete(wanted.operations, metadata, monitor_only) {
        operations::append(cib, list, id, &operation);
    }
    if let Some(clone) = wanted.clone {
        let own = clone
            .id
            .unwrap_or_else(|| free_id(cib, &format!("{id}-clone")));
        cib.set(parent, "id", &own);
        if !clone.meta.is_empty() {
            let set = format!("{own}-meta_attributes");
            add_set(
                cib,
                parent,
                "meta_attributes",
                &set,
                &pairs::sorted(clone.meta),
            );
        }
    }
    let beside = place.and_then(|it| it.beside);
    if let Some((sibling, is_before)) = beside
        && let Some(sibling) = cib_edit::resource(cib, &sibling).map(|it| it.xml_id())
    {
        if is_before {
            cib.insert_before(primitive, sibling);
        } else {
            cib.insert_after(primitive, sibling);
        }
    } else if let Some(meta) = cib
        .element(parent)
        .child("meta_attributes")
        .map(|it| it.xml_id())
        && cib.element(parent).name() == "group"
    {
        // Members stand before a group's own sets.
        cib.insert_before(primitive, meta);
    }
}
