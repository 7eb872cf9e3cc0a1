//! What all constraints have in common when they are read: names, roles, scores, references.

use cib::hashed::HashMap;

use cib::Score;
use cib::score::HealthScores;
use cib::xml::Element;

use crate::model::{Plan, ResourceId, Role, TicketId};

/// A plan whose constraints are being read.
pub(super) struct Reader<'p, 'c> {
    /// The plan.
    pub plan: &'p mut Plan<'c>,
    /// The outermost resource (bundles left out) of each instance by the name under which history
    /// knows it, where that is not its id: what `web` means where there are only `web:0`, `web:1`.
    /// As in Pacemaker, it means nothing before any instance has a history.
    instances: HashMap<String, ResourceId>,
    /// The tickets by name.
    pub tickets: HashMap<String, TicketId>,
    /// What an `id-ref` can refer to, by id; made when first needed.
    references: Option<HashMap<&'c str, Element<'c>>>,
    /// Things that are said once only.
    warned: Vec<Deprecated>,
}

/// Old syntax that is warned of once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deprecated {
    /// `ordering` of a set in a colocation.
    SetOrdering,
    /// `score` of an ordering.
    OrderScore,
    /// `require-all` of an ordering.
    RequireAll,
}

/// What a name in a constraint stands for.
pub(super) enum Named<'c> {
    /// A resource.
    Resource(ResourceId),
    /// The resources made from a template, or tagged.
    Tag(Vec<&'c str>),
}

impl<'p, 'c> Reader<'p, 'c> {
    /// Begins to read constraints.
    pub fn new(plan: &'p mut Plan<'c>) -> Self {
        let mut instances = HashMap::default();
        for (id, resource) in plan.resources.iter() {
            match &resource.history_id {
                Some(name) if !instances.contains_key(name) => {
                    instances.insert(name.clone(), plan.top(id, false));
                }
                _ => {}
            }
        }
        let tickets = plan
            .tickets
            .iter()
            .map(|(id, ticket)| (ticket.id.to_string(), id))
            .collect();
        Self {
            plan,
            instances,
            tickets,
            references: None,
            warned: Vec::new(),
        }
    }

    /// The resource that a constraint calls `name`: one with this id, or the clone of instances
    /// that history knows by this name.
    pub fn resource(&self, name: &str) -> Option<ResourceId> {
        let named = self.plan.resource_by_id(name);
        let is_configured = |&resource: &ResourceId| !self.plan.resources[resource].removed;
        named
            .filter(is_configured)
            .or_else(|| self.instances.get(name).copied())
            .or(named)
    }

    /// What `name` stands for; `None`, with a message, if for nothing.
    pub fn named(&mut self, name: &str) -> Option<Named<'c>> {
        if let Some(resource) = self.resource(name) {
            return Some(Named::Resource(resource));
        }
        let (referrers, nothing) = if let Some(derived) = self.plan.templates.get(name) {
            (derived, "No resource is derived from template")
        } else if let Some(tagged) = self.plan.tags.get(name) {
            (tagged, "No resource is tagged with")
        } else {
            self.plan
                .configuration_warning(format!("No resource, template, or tag named '{name}'"));
            return None;
        };
        if referrers.is_empty() {
            self.plan.notice(format!("{nothing} '{name}'"));
            return None;
        }
        Some(Named::Tag(referrers.clone()))
    }

    /// The role that `text` limits constraint `id` to, `Unknown` for any; `None`, with an error, if
    /// it is no role.
    pub fn role(&mut self, id: &str, text: Option<&str>) -> Option<Role> {
        let Some(text) = text else {
            return Some(Role::Unknown);
        };
        self.plan.note_old_role(text);
        match Role::parse(text) {
            Some(Role::Started) => Some(Role::Unknown),
            None | Some(Role::Unknown) => {
                self.plan.configuration_error(format!(
                    "Ignoring constraint {id}: Invalid role '{text}'"
                ));
                None
            }
            role => role,
        }
    }

    /// The element that `element` refers to by `id-ref`, or itself; `None`, with an error, if there
    /// is no such element.
    pub fn resolve(&mut self, element: Element<'c>) -> Option<Element<'c>> {
        let Some(id) = element.attribute("id-ref") else {
            return Some(element);
        };
        let cib = self.plan.cib;
        let references = self.references.get_or_insert_with(|| {
            let mut references = HashMap::default();
            let targets = cib
                .descendants()
                .filter(|target| matches!(target.name(), "rule" | "resource_set"));
            for target in targets {
                if let Some(id) = target.id() {
                    references.entry(id).or_insert(target);
                }
            }
            references
        });
        let name = element.name();
        let target = references.get(id).filter(|target| target.name() == name);
        if target.is_none() {
            self.plan.configuration_error(format!(
                "Ignoring invalid {name} configuration: id-ref '{id}' does not reference a valid \
                 object"
            ));
        }
        target.copied()
    }

    /// Warns of old syntax, the first time it is met.
    pub fn warn_once(&mut self, of: Deprecated, text: impl FnOnce() -> String) {
        if !self.warned.contains(&of) {
            self.warned.push(of);
            self.plan.configuration_warning(text());
        }
    }
}

/// The score that `text` says; a health colour is worth what the cluster's options say.
pub(super) fn parse_score(plan: &Plan<'_>, text: &str) -> Option<Score> {
    let colours = HealthScores {
        red: plan.options.health_red,
        yellow: plan.options.health_yellow,
        green: plan.options.health_green,
    };
    Score::parse_with_health(text, colours)
}
