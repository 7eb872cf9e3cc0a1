//! `pcs stonith level …`: which devices fence a node, in which order.

use ::cib::xml::{Element, XmlId};

use super::cib_edit::{as_id, free_id, in_section, section};
use super::pairs::quoted;
use super::session::{Done, Refusal, Session};
use super::{node, stonith};

/// Who is fenced: a node, the nodes whose names match, or those with an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Node(String),
    Pattern(String),
    Attribute(String, String),
}

impl Target {
    fn parse(text: &str) -> Done<Self> {
        if let Some(pattern) = text.strip_prefix("regexp%") {
            return Ok(Self::Pattern(pattern.to_owned()));
        }
        if let Some(pair) = text.strip_prefix("attrib%") {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| Refusal::said(format!("missing value of '{pair}' option")))?;
            return Ok(Self::Attribute(name.to_owned(), value.to_owned()));
        }
        Ok(Self::Node(
            text.strip_prefix("node%").unwrap_or(text).to_owned(),
        ))
    }

    fn of(level: Element<'_>) -> Option<Self> {
        if let Some(node) = level.attribute("target") {
            return Some(Self::Node(node.to_owned()));
        }
        if let Some(pattern) = level.attribute("target-pattern") {
            return Some(Self::Pattern(pattern.to_owned()));
        }
        let name = level.attribute("target-attribute")?.to_owned();
        let value = level.attribute("target-value")?.to_owned();
        Some(Self::Attribute(name, value))
    }

    fn text(&self) -> String {
        match self {
            Self::Node(text) | Self::Pattern(text) => text.clone(),
            Self::Attribute(name, value) => format!("{name}={value}"),
        }
    }
}

fn levels<'d>(session: &'d Session<'_>) -> impl Iterator<Item = Element<'d>> {
    in_section(&session.cib, "fencing-topology").filter(|it| it.name() == "fencing-level")
}

/// `stonith level add LEVEL TARGET DEVICE…`
pub(super) fn add(session: &mut Session<'_>, words: &[String]) -> Done {
    let [level, target, devices @ ..] = words else {
        return Err(Refusal::Usage);
    };
    if devices.is_empty() {
        return Err(Refusal::Usage);
    }
    let target = Target::parse(target)?;
    if devices.iter().any(|it| it.contains(',')) {
        session.deprecated(
            "Delimiting stonith devices with ',' is deprecated and will be removed. Please use a \
             space to delimit stonith devices.",
        );
    }
    let devices: Vec<&str> = devices.iter().flat_map(|it| it.split(',')).collect();
    if !level.parse::<u32>().is_ok_and(|it| it > 0) {
        session.error(&format!(
            "'{level}' is not a valid level value, use a positive integer"
        ));
    }
    if let Target::Node(name) = &target
        && !node::exists(&session.cib, name)
    {
        session.objection(&format!(
            "Node '{name}' does not appear to exist in configuration"
        ));
    }
    let missing: Vec<&str> = devices
        .iter()
        .copied()
        .filter(|it| !stonith::exists(session, it))
        .collect();
    if !missing.is_empty() {
        let missing = quoted(missing);
        session.objection(&format!("Stonith resource(s) {missing} do not exist"));
    }
    let joined = devices.join(",");
    let level = level.trim_start_matches('0');
    let is_same = |it: Element<'_>| {
        Target::of(it).as_ref() == Some(&target)
            && it.attribute("index") == Some(level)
            && it.attribute("devices") == Some(&joined)
    };
    if levels(session).any(is_same) {
        let (target, devices) = (target.text(), quoted(devices.iter().copied()));
        session.error(&format!(
            "Fencing level for '{target}' at level '{level}' with device(s) {devices} already exists"
        ));
    }
    session.check()?;
    let cib = &mut session.cib;
    let topology = section(cib, "fencing-topology");
    let element = cib.append(topology, "fencing-level");
    cib.set(element, "index", level);
    cib.set(element, "devices", &joined);
    let name = match &target {
        Target::Node(name) => {
            cib.set(element, "target", name);
            name
        }
        Target::Pattern(pattern) => {
            cib.set(element, "target-pattern", pattern);
            pattern
        }
        Target::Attribute(name, value) => {
            cib.set(element, "target-attribute", name);
            cib.set(element, "target-value", value);
            name
        }
    };
    let id = free_id(cib, &as_id(&format!("fl-{name}-{level}")));
    cib.set(element, "id", &id);
    Ok(())
}

/// `stonith level [config]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let lines = lines(session);
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

/// All levels: those of nodes, then those of patterns, then those of attributes.
pub(super) fn lines(session: &Session<'_>) -> Vec<String> {
    let mut targets: Vec<Target> = Vec::new();
    for target in levels(session).filter_map(Target::of) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets.sort_by_key(|it| match it {
        Target::Node(name) => (0, name.clone()),
        Target::Pattern(pattern) => (1, pattern.clone()),
        Target::Attribute(name, value) => (2, format!("{name}={value}")),
    });
    let mut lines = Vec::new();
    for target in targets {
        let kind = if matches!(target, Target::Pattern(_)) {
            " (regexp)"
        } else {
            ""
        };
        lines.push(format!("Target{kind}: {}", target.text()));
        let mut own: Vec<(u32, &str)> = levels(session)
            .filter(|it| Target::of(*it).as_ref() == Some(&target))
            .map(|it| {
                let index = it
                    .attribute("index")
                    .and_then(|it| it.parse().ok())
                    .unwrap_or(0);
                (index, it.attribute("devices").unwrap_or(""))
            })
            .collect();
        own.sort_by_key(|(index, _)| *index);
        lines.extend(
            own.iter()
                .map(|(index, devices)| format!("  Level {index} - {devices}")),
        );
    }
    lines
}

/// What is to be taken out.
#[derive(Default)]
struct Selection {
    level: Option<String>,
    target: Option<Target>,
    devices: Option<String>,
}

impl Selection {
    /// `[target TARGET] [stonith DEVICE…]`, or the older `[TARGET] [DEVICE…]`
    fn parse(session: &mut Session<'_>, words: &[String], old_form: &str) -> Done<Self> {
        let mut selection = Self::default();
        let mut rest = words;
        let is_new = matches!(rest.first().map(String::as_str), Some("target" | "stonith"));
        if !is_new {
            if let Some((target, devices)) = rest.split_first() {
                session.deprecated(old_form);
                selection.target = Some(Target::parse(target)?);
                selection.devices = (!devices.is_empty()).then(|| devices.join(","));
            }
            return Ok(selection);
        }
        while let Some((keyword, after)) = rest.split_first() {
            let end = after
                .iter()
                .position(|it| it == "target" || it == "stonith");
            let (part, next) = after.split_at(end.unwrap_or(after.len()));
            match (keyword.as_str(), part) {
                ("target", [target]) => selection.target = Some(Target::parse(target)?),
                ("stonith", [_, ..]) => selection.devices = Some(part.join(",")),
                _ => return Err(Refusal::Usage),
            }
            rest = next;
        }
        Ok(selection)
    }

    fn matches(&self, level: Element<'_>) -> bool {
        let is = |wanted: &Option<String>, name| {
            wanted
                .as_deref()
                .is_none_or(|it| level.attribute(name) == Some(it))
        };
        is(&self.level, "index")
            && is(&self.devices, "devices")
            && self
                .target
                .as_ref()
                .is_none_or(|it| Target::of(level).as_ref() == Some(it))
    }

    fn remove(&self, session: &mut Session<'_>) -> usize {
        let found: Vec<XmlId> = levels(session)
            .filter(|it| self.matches(*it))
            .map(Element::xml_id)
            .collect();
        found.iter().for_each(|it| session.cib.remove(*it));
        drop_empty(session);
        found.len()
    }
}

/// `stonith level remove|delete LEVEL [target TARGET] [stonith DEVICE…]`
pub(super) fn remove(session: &mut Session<'_>, words: &[String]) -> Done {
    let (level, rest) = words.split_first().ok_or(Refusal::Usage)?;
    let mut selection = Selection::parse(
        session,
        rest,
        "Syntax 'pcs stonith level delete | remove <level> [<target>] [<stonith id>...]' is \
         deprecated and will be removed. Please use 'pcs stonith level delete | remove <level> \
         [target <target>] [stonith <stonith id>...]'.",
    )?;
    selection.level = Some(level.clone());
    if selection.remove(session) == 0 {
        let target = selection.target.map(|it| format!(" for '{}'", it.text()));
        let devices = selection
            .devices
            .map(|it| format!(" with device(s) '{it}'"));
        session.error(&format!(
            "Fencing level{} at level '{level}'{} does not exist",
            target.unwrap_or_default(),
            devices.unwrap_or_default()
        ));
    }
    session.check()
}

/// `stonith level clear [target TARGET | stonith DEVICE…]`
pub(super) fn clear(session: &mut Session<'_>, words: &[String]) -> Done {
    let selection = Selection::parse(
        session,
        words,
        "Syntax 'pcs stonith level clear [<target> | <stonith id(s)>] is deprecated and will be \
         removed. Please use 'pcs stonith level clear [target <target>] | [stonith <stonith id>...]'.",
    )?;
    selection.remove(session);
    Ok(())
}

/// `stonith level verify`
pub(super) fn verify(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let devices: Vec<&str> = levels(session)
        .flat_map(|it| it.attribute("devices").unwrap_or("").split(','))
        .collect();
    let mut missing: Vec<&str> = devices
        .into_iter()
        .filter(|it| !stonith::exists(session, it))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let missing = (!missing.is_empty()).then(|| quoted(missing));
    let nodes: Vec<String> = levels(session)
        .filter_map(|it| it.attribute("target"))
        .filter(|it| !node::exists(&session.cib, it))
        .map(str::to_owned)
        .collect();
    if let Some(missing) = missing {
        session.error(&format!("Stonith resource(s) {missing} do not exist"));
    }
    for node in nodes {
        session.error(&format!(
            "Node '{node}' does not appear to exist in configuration"
        ));
    }
    session.check()
}

/// Takes a device that goes out of all levels, and levels out that have none left.
pub(super) fn drop_device(session: &mut Session<'_>, id: &str) {
    let found: Vec<(XmlId, String)> = levels(session)
        .filter_map(|it| Some((it.xml_id(), it.attribute("devices")?.to_owned())))
        .filter(|(_, devices)| devices.split(',').any(|it| it == id))
        .collect();
    for (level, devices) in found {
        let rest: Vec<&str> = devices.split(',').filter(|it| *it != id).collect();
        if rest.is_empty() {
            session.cib.remove(level);
        } else {
            session.cib.set(level, "devices", &rest.join(","));
        }
    }
    drop_empty(session);
}

/// Takes the section out where no level is left.
fn drop_empty(session: &mut Session<'_>) {
    let configuration = session.cib.root().child("configuration");
    let topology = configuration.and_then(|it| it.child("fencing-topology"));
    let empty = topology.filter(|it| it.children().next().is_none());
    if let Some(empty) = empty.map(Element::xml_id) {
        session.cib.remove(empty);
    }
}
