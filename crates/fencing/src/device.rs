//! Fence devices: the `stonith` resources of a CIB, with what pacemaker-fenced(7) says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cib::Values;
use cib::literal::{parse_boolean, parse_integer};
use cib::nvset;
use cib::rules::{Findings, Input};
use cib::time::{DateTime, parse_interval_ms};
use cib::xml::{Document, Element};

use crate::action::Action;
use crate::host_map::{HostMap, host_list};
use crate::limits::{DEFAULT_ATTEMPTS, MAX_DEVICES};
use crate::location;
use crate::metadata::Metadata;
use crate::parameters::Parameters;

mod targets;

pub use targets::HostCheck;

/// A fence device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The resource's id.
    pub id: String,
    /// The agent: `fence_ipmilan`.
    pub agent: String,
    /// What the agent is always told.
    pub parameters: Parameters,
    /// Nodes that it can fence (`pcmk_host_list`).
    pub host_list: Vec<String>,
    /// What it calls nodes (`pcmk_host_map`).
    pub host_map: HostMap,
    /// How to find out what it can fence, where that is said (`pcmk_host_check`).
    pub host_check: Option<HostCheck>,
    /// The parameter that names the target (`pcmk_host_argument`), where that is said.
    pub host_argument: Option<String>,
    /// `pcmk_delay_base`: for all nodes, or for each.
    pub delay_base: Duration,
    delay_of: BTreeMap<String, Duration>,
    /// `pcmk_delay_max`.
    pub delay_max: Duration,
    /// `pcmk_action_limit`; none: no limit.
    pub action_limit: Option<usize>,
    /// `priority`: without topology, higher ones are tried first.
    pub priority: i64,
    /// Meta-attribute `provides="unfencing"`.
    pub provides_unfencing: bool,
    /// Nodes that must not use it.
    pub banned: BTreeSet<String>,
    asked: BTreeMap<Action, Asked>,
}

/// What `pcmk_ACTION_…` says of one action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Asked {
    command: Option<String>,
    timeout: Option<Duration>,
    attempts: Option<u32>,
}

impl Device {
    /// What the agent is asked for `action`; the agent that cannot reboot is asked for `off`
    /// ("Remapping Reboots").
    #[must_use]
    pub fn translate(&self, action: Action, metadata: &Metadata) -> Action {
        let is_said = |action| {
            self.asked
                .get(&action)
                .is_some_and(|it| it.command.is_some())
        };
        match action {
            Action::Reboot if !is_said(action) && !metadata.can(action.name()) => Action::Off,
            other => other,
        }
    }

    /// Whether the agent's reboot is nothing but off and then on, and nobody has said how it is to
    /// reboot.
    #[must_use]
    pub fn reboots_by_switching(&self, metadata: &Metadata) -> bool {
        let method = self.parameters.get("method").map(crate::Secret::expose);
        !self.asked.contains_key(&Action::Reboot)
            && metadata.reboots_by_switching()
            && method.is_none_or(|method| method == "onoff")
    }

    /// The agent's word for `action` (`pcmk_ACTION_action`).
    #[must_use]
    pub fn command(&self, action: Action) -> &str {
        let said = self.asked.get(&action).and_then(|it| it.command.as_deref());
        said.unwrap_or(action.name())
    }

    /// How long `action` may take, all tries together, where the request says `default`.
    #[must_use]
    pub fn timeout(&self, action: Action, default: Duration) -> Duration {
        let said = self.asked.get(&action).and_then(|it| it.timeout);
        said.unwrap_or(default)
    }

    /// How often `action` is tried, at least once.
    #[must_use]
    pub fn attempts(&self, action: Action) -> u32 {
        let said = self.asked.get(&action).and_then(|it| it.attempts);
        said.unwrap_or(DEFAULT_ATTEMPTS).max(1)
    }

    /// How long to wait before `target` is cut off: the base, and what `dice` adds to it, below
    /// `pcmk_delay_max`.
    #[must_use]
    pub fn delay(&self, target: &str, dice: u64) -> Duration {
        let base = self.base_of(target);
        let room_ms = u64::try_from(self.delay_max.saturating_sub(base).as_millis());
        let added_ms = match room_ms.unwrap_or(u64::MAX) {
            0 => 0,
            room_ms => dice % room_ms,
        };
        base + Duration::from_millis(added_ms)
    }

    /// The longest that [`Device::delay`] can be.
    #[must_use]
    pub fn longest_delay(&self, target: &str) -> Duration {
        self.base_of(target).max(self.delay_max)
    }

    fn base_of(&self, target: &str) -> Duration {
        let of_target = self.delay_of.get(&target.to_ascii_lowercase());
        of_target.copied().unwrap_or(self.delay_base)
    }

    /// Whether nodes are unfenced with it when they join.
    #[must_use]
    pub fn unfences(&self, metadata: &Metadata) -> bool {
        self.provides_unfencing || metadata.unfences()
    }

    /// What the agent is told to do `action` to `target`: its parameters, the action, the node's
    /// name, and the port by the parameter that names it, unless one is set already.
    #[must_use]
    pub fn told(&self, action: Action, target: Option<&str>, metadata: &Metadata) -> Parameters {
        let mut told = self.parameters.clone();
        told.set("action", self.command(action));
        let Some(target) = target.filter(|_| action.has_target()) else {
            return told;
        };
        told.set("nodename", target);
        let argument = match self.host_argument.as_deref() {
            Some("none") => None,
            Some(said) => Some(said),
            None => metadata.host_argument(),
        };
        let Some(argument) = argument else {
            return told;
        };
        // `port` and `plug` are the old and the new name of the same parameter.
        let names: &[&str] = match argument {
            "port" | "plug" => &["port", "plug"],
            other => &[other],
        };
        let is_set = |name: &&&str| {
            let value = told.get(name).map(crate::Secret::expose);
            value.is_some_and(|value| value != "dynamic")
        };
        if !names.iter().any(|name| is_set(&name)) {
            told.set(argument, self.host_map.get(target).unwrap_or(target));
        }
        told
    }
}

/// The devices of a CIB that are not disabled (`target-role="Stopped"`), those with a higher
/// priority first, otherwise in the CIB's order. `nodes` are all nodes with their attributes, for
/// the constraints that keep a device from a node.
#[must_use]
pub fn devices(
    cib: &Document,
    nodes: &BTreeMap<String, Values<'_>>,
    now: DateTime,
    findings: &mut Findings,
) -> Vec<Device> {
    let Some(configuration) = cib.root().child("configuration") else {
        return Vec::new();
    };
    let mut devices = Vec::new();
    let resources = configuration.child("resources");
    let primitives = resources
        .into_iter()
        .flat_map(Element::descendants)
        .filter(|element| element.name() == "primitive");
    for primitive in primitives {
        let reading = Reading {
            configuration,
            primitive,
            template: template_of(resources, primitive),
            now,
        };
        if devices.len() == MAX_DEVICES {
            findings.error(format!(
                "only the first {MAX_DEVICES} fence devices are used"
            ));
            break;
        }
        devices.extend(reading.device(nodes, findings));
    }
    devices.sort_by_key(|device| -device.priority);
    devices
}

fn template_of<'c>(resources: Option<Element<'c>>, primitive: Element<'c>) -> Option<Element<'c>> {
    let id = primitive.attribute("template")?;
    let mut templates = resources?.children_named("template");
    templates.find(|template| template.id() == Some(id))
}

/// One primitive, being read.
struct Reading<'c> {
    configuration: Element<'c>,
    primitive: Element<'c>,
    template: Option<Element<'c>>,
    now: DateTime,
}

impl<'c> Reading<'c> {
    fn attribute(&self, name: &str) -> Option<&'c str> {
        let of_template = || self.template.and_then(|template| template.attribute(name));
        self.primitive.attribute(name).or_else(of_template)
    }

    fn device(
        &self,
        nodes: &BTreeMap<String, Values<'_>>,
        findings: &mut Findings,
    ) -> Option<Device> {
        if self.attribute("class") != Some("stonith") {
            return None;
        }
        let (id, agent) = (self.primitive.id()?, self.attribute("type")?);
        let meta = self.meta(findings);
        let role = meta.get("target-role").unwrap_or_default();
        if role.eq_ignore_ascii_case("stopped") {
            return None;
        }
        let mut values = Values::new();
        for element in [Some(self.primitive), self.template].into_iter().flatten() {
            self.collect(element, "instance_attributes", &mut values, findings);
        }
        let mut device = Device {
            id: id.to_owned(),
            agent: agent.to_owned(),
            parameters: Parameters::default(),
            host_list: Vec::new(),
            host_map: HostMap::default(),
            host_check: None,
            host_argument: None,
            delay_base: Duration::ZERO,
            delay_of: BTreeMap::new(),
            delay_max: Duration::ZERO,
            action_limit: Some(1),
            priority: meta.get("priority").and_then(parse_integer).unwrap_or(0),
            provides_unfencing: meta.get("provides") == Some("unfencing"),
            banned: BTreeSet::new(),
            asked: BTreeMap::new(),
        };
        for (name, value) in values.iter() {
            if let Err(expected) = device.set(name, value) {
                findings.error(format!(
                    "{id}: '{value}' for {name} is not understood: {expected} is expected"
                ));
            }
        }
        device.banned = location::banned(
            self.configuration,
            &self.family(),
            nodes,
            self.now,
            findings,
        );
        Some(device)
    }

    /// The primitive's id, and those of the group or clone that it stands in.
    fn family(&self) -> Vec<&'c str> {
        std::iter::successors(Some(self.primitive), |element| element.parent())
            .take_while(|element| element.name() != "resources")
            .filter_map(Element::id)
            .collect()
    }

    fn meta(&self, findings: &mut Findings) -> Values<'c> {
        let mut meta = Values::new();
        let parents = std::iter::successors(self.primitive.parent(), |element| element.parent())
            .take_while(|element| element.name() != "resources");
        let all = [Some(self.primitive), self.template].into_iter().flatten();
        for element in all
            .chain(parents)
            .chain(self.configuration.child("rsc_defaults"))
        {
            self.collect(element, "meta_attributes", &mut meta, findings);
        }
        meta
    }

    fn collect(
        &self,
        element: Element<'c>,
        set: &str,
        into: &mut Values<'c>,
        findings: &mut Findings,
    ) {
        let input = Input {
            now: self.now,
            class: Some("stonith"),
            agent: self.attribute("type"),
            ..Input::default()
        };
        nvset::collect(element, set, None, &input, into, findings);
    }
}

impl Device {
    /// Takes one instance attribute; what was expected where it cannot be understood.
    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "pcmk_host_list" => self.host_list = host_list(value),
            "pcmk_host_map" => self.host_map = HostMap::parse(value),
            "pcmk_host_check" => {
                let check = HostCheck::parse(value);
                self.host_check = Some(check.ok_or("static-list, dynamic-list, status or none")?);
            }
            "pcmk_host_argument" => self.host_argument = Some(value.to_owned()),
            "pcmk_delay_base" => self.set_delay_base(value)?,
            "pcmk_delay_max" => self.delay_max = span(value)?,
            "pcmk_action_limit" => {
                self.action_limit = match parse_integer(value).ok_or("a number")? {
                    ..0 => None,
                    0 => Some(1),
                    limit => Some(usize::try_from(limit).unwrap_or(usize::MAX)),
                }
            }
            "priority" => self.priority = parse_integer(value).ok_or("a number")?,
            "provides" => self.provides_unfencing |= value == "unfencing",
            // The cluster says the action; and the last one is for agents of another kind.
            "action" | "stonith-timeout" => {}
            other if other.starts_with("pcmk_") => self.set_asked(other, value)?,
            other => self.parameters.set(other, value),
        }
        Ok(())
    }

    fn set_delay_base(&mut self, value: &str) -> Result<(), &'static str> {
        let map = HostMap::parse(value);
        if map.is_empty() {
            self.delay_base = span(value)?;
        }
        for (node, delay) in map.iter() {
            self.delay_of
                .insert(node.to_ascii_lowercase(), span(delay)?);
        }
        Ok(())
    }

    /// `pcmk_ACTION_action`, `…_timeout`, `…_retries`. Others are for no action that there is.
    fn set_asked(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        for action in Action::ALL {
            let rest = name
                .strip_prefix("pcmk_")
                .and_then(|it| it.strip_prefix(action.name()));
            let Some(what) = rest else { continue };
            let asked = self.asked.entry(action).or_default();
            match what {
                "_action" => asked.command = Some(value.to_owned()),
                "_timeout" => asked.timeout = Some(span(value)?),
                "_retries" => {
                    let attempts = parse_integer(value).ok_or("a number")?;
                    asked.attempts = Some(u32::try_from(attempts.max(0)).unwrap_or(u32::MAX));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn span(value: &str) -> Result<Duration, &'static str> {
    let span_ms = parse_interval_ms(value).ok_or("a time")?;
    Ok(Duration::from_millis(span_ms.into()))
}

/// Whether the cluster's nodes may use devices that no constraint gives them (`symmetric-cluster`).
pub(crate) fn is_symmetric(text: Option<&str>) -> bool {
    text.and_then(parse_boolean).unwrap_or(true)
}

#[cfg(test)]
mod tests;
