//! Attributes of nodes, of the cluster, of tickets, and defaults: `crm_attribute`, `crm_master`,
//! `crm_standby`, `crm_failcount`, `attrd_updater`.
//!
//! | where | owner in the CIB | set, where there is none yet |
//! | --- | --- | --- |
//! | cluster options | `crm_config` | `cluster_property_set` `cib-bootstrap-options` |
//! | of a node, for ever | `node` | `instance_attributes` `nodes-ID` |
//! | of a node, its capacities | `node` | `utilization` `nodes-ID-utilization` |
//! | of a node, until it leaves | `node_state/transient_attributes` | `instance_attributes` `status-ID` |
//! | defaults | `rsc_defaults`, `op_defaults` | `meta_attributes` `rsc-options`, `op-options` |
//! | tickets | `status/tickets` | `instance_attributes` `status-tickets` |
//!
//! Attributes that last until the node leaves are written to the cluster by name and id, whatever else
//! changes meanwhile: agents write them all the time and on all nodes at once.

mod attrd_updater;
mod crm_attribute;
mod crm_failcount;
mod crm_standby;
pub(crate) mod transient;

pub use attrd_updater::run as attrd_updater;
pub use crm_attribute::{master, run as crm_attribute};
pub use crm_failcount::run as crm_failcount;
pub use crm_standby::run as crm_standby;

use cib::xml::{Document, Element, XmlId, sanitized_id};

use crate::ExitCode;
use crate::tool::{Done, Failure};

/// Whose attributes are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The cluster's options.
    Cluster,
    /// A node's, for ever.
    Node { name: String, utilization: bool },
    /// A node's, until it leaves.
    NodeState { name: String },
    /// Defaults of resources.
    ResourceDefaults,
    /// Defaults of operations.
    OperationDefaults,
    /// Tickets, in their old form.
    Tickets,
}

/// One attribute that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub id: String,
    pub name: String,
    pub value: String,
    element: XmlId,
}

/// Which attributes of an owner are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub name: Option<String>,
    pub id: Option<String>,
    pub set: Option<String>,
}

impl Owner {
    /// What Pacemaker's tools call it.
    pub fn scope(&self) -> &'static str {
        match self {
            Self::Cluster => "crm_config",
            Self::Node { .. } => "nodes",
            Self::NodeState { .. } | Self::Tickets => "status",
            Self::ResourceDefaults => "rsc_defaults",
            Self::OperationDefaults => "op_defaults",
        }
    }

    /// What one of its attributes is called.
    fn kind(&self) -> &'static str {
        match self {
            Self::Cluster => "option",
            _ => "attribute",
        }
    }

    fn set_name(&self) -> &'static str {
        match self {
            Self::Cluster => "cluster_property_set",
            Self::Node {
                utilization: true, ..
            } => "utilization",
            Self::Node { .. } | Self::NodeState { .. } | Self::Tickets => "instance_attributes",
            Self::ResourceDefaults | Self::OperationDefaults => "meta_attributes",
        }
    }

    /// The element that has the sets.
    fn element<'d>(&self, cib: &'d Document) -> Option<Element<'d>> {
        let configuration = cib.root().child("configuration");
        let status = cib.root().child("status");
        match self {
            Self::Cluster => configuration?.child("crm_config"),
            Self::ResourceDefaults => configuration?.child("rsc_defaults"),
            Self::OperationDefaults => configuration?.child("op_defaults"),
            Self::Tickets => status?.child("tickets"),
            Self::Node { name, .. } => node(cib, name),
            Self::NodeState { name } => transient::of(cib, &node_id(cib, name)?),
        }
    }

    /// The element that has the sets, which is made where there is none.
    fn make_element(&self, cib: &mut Document) -> Done<XmlId> {
        if let Some(found) = self.element(cib) {
            return Ok(found.xml_id());
        }
        let root = cib.root().xml_id();
        Ok(match self {
            Self::Cluster | Self::ResourceDefaults | Self::OperationDefaults => {
                let configuration = child(cib, root, "configuration");
                child(cib, configuration, self.scope())
            }
            Self::Tickets => {
                let status = child(cib, root, "status");
                child(cib, status, "tickets")
            }
            Self::Node { name, .. } => return Err(unknown_node(name)),
            Self::NodeState { name } => {
                let id = node_id(cib, name).ok_or_else(|| unknown_node(name))?;
                transient::make(cib, &id, name)
            }
        })
    }

    /// The id of the set, where there is none yet.
    fn new_set_id(&self, cib: &Document) -> String {
        let id = |name: &str| node_id(cib, name).unwrap_or_default();
        match self {
            Self::Cluster => "cib-bootstrap-options".to_owned(),
            Self::Node {
                name,
                utilization: false,
            } => format!("nodes-{}", id(name)),
            Self::Node { name, .. } => format!("nodes-{}-utilization", id(name)),
            Self::NodeState { name } => format!("status-{}", id(name)),
            Self::ResourceDefaults => "rsc-options".to_owned(),
            Self::OperationDefaults => "op-options".to_owned(),
            Self::Tickets => "status-tickets".to_owned(),
        }
    }

    /// Its attributes that are meant.
    pub fn find(&self, cib: &Document, wanted: &Wanted) -> Vec<Found> {
        let Some(element) = self.element(cib) else {
            return Vec::new();
        };
        let is_set = |it: &Element<'_>| {
            it.name() == self.set_name() && wanted.set.as_ref().is_none_or(|id| it.id() == Some(id))
        };
        let is = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_ref().is_none_or(|it| value == Some(it))
        };
        let pairs = element.children().filter(is_set);
        let pairs = pairs.flat_map(|set| set.children_named("nvpair"));
        pairs
            .filter(|it| is(&wanted.name, it.attribute("name")) && is(&wanted.id, it.id()))
            .map(|it| Found {
                id: it.id().unwrap_or("").to_owned(),
                name: it.attribute("name").unwrap_or("").to_owned(),
                value: it.attribute("value").unwrap_or("").to_owned(),
                element: it.xml_id(),
            })
            .collect()
    }

    /// Gives the attribute that is meant a value; it is made where there is none.
    pub fn set(&self, cib: &mut Document, wanted: &Wanted, value: &str) -> Done {
        self.check_node(cib)?;
        match self.find(cib, wanted).as_slice() {
            [] => {}
            [one] => {
                let value = counted(value, wanted.name.as_deref(), &one.value);
                cib.set(one.element, "value", &value);
                return Ok(());
            }
            several => return Err(ambiguous(wanted, several)),
        }
        let Some(name) = &wanted.name else {
            return Err(Failure::new("No attribute name was given", ExitCode::USAGE));
        };
        let value = counted(value, Some(name), "");
        let owner = self.make_element(cib)?;
        let set = self.set_of(cib, owner, wanted.set.as_deref());
        let set_id = cib.element(set).id().unwrap_or("").to_owned();
        let id = wanted.id.clone();
        let id = id.unwrap_or_else(|| sanitized_id(&format!("{set_id}-{name}")));
        let pair = cib.append(set, "nvpair");
        cib.set(pair, "id", &id);
        cib.set(pair, "name", name);
        cib.set(pair, "value", &value);
        Ok(())
    }

    /// Removes the attribute that is meant; nothing where there is none.
    pub fn remove(&self, cib: &mut Document, wanted: &Wanted) -> Done<Option<Found>> {
        self.check_node(cib)?;
        let mut found = self.find(cib, wanted);
        if found.len() > 1 {
            return Err(ambiguous(wanted, &found));
        }
        let found = found.pop();
        if let Some(one) = &found {
            cib.remove(one.element);
        }
        Ok(found)
    }

    fn set_of(&self, cib: &mut Document, owner: XmlId, id: Option<&str>) -> XmlId {
        let mut sets = cib.element(owner).children_named(self.set_name());
        let found = sets.find(|it| id.is_none_or(|id| it.id() == Some(id)));
        let found = found.map(Element::xml_id);
        drop(sets);
        if let Some(set) = found {
            return set;
        }
        let id = id.map_or_else(|| self.new_set_id(cib), str::to_owned);
        let set = cib.append(owner, self.set_name());
        cib.set(set, "id", &id);
        set
    }

    /// Refuses a node that there is not.
    pub fn check_node(&self, cib: &Document) -> Done {
        match self {
            Self::Node { name, .. } | Self::NodeState { name } if node_id(cib, name).is_none() => {
                Err(unknown_node(name))
            }
            _ => Ok(()),
        }
    }
}

fn unknown_node(name: &str) -> Failure {
    Failure::new(
        format!("Could not map name={name} to a UUID"),
        ExitCode::NO_SUCH,
    )
}

fn ambiguous(wanted: &Wanted, found: &[Found]) -> Failure {
    let name = wanted.name.as_deref().unwrap_or("<null>");
    let mut text = format!("Multiple attributes match name={name}");
    for Found { id, value, .. } in found {
        text.push_str(&format!("\n  Value: {value} \t(id={id})"));
    }
    Failure::new(text, ExitCode::MULTIPLE)
}

/// A value, where `NAME++` and `NAME+=N` count from what there is.
pub(crate) fn counted(value: &str, name: Option<&str>, before: &str) -> String {
    let step = name
        .and_then(|name| value.strip_prefix(name))
        .or_else(|| value.strip_prefix("value"))
        .and_then(|rest| match rest.strip_prefix("+=") {
            Some(step) => step.parse().ok(),
            None => (rest == "++").then_some(1),
        });
    match step {
        Some(step) => {
            let before = cib::Score::parse_or(Some(before), cib::Score::ZERO);
            let sum = i64::from(before.value()) + step;
            cib::Score::parse(&sum.to_string()).map_or_else(|| sum.to_string(), |it| it.to_string())
        }
        None => value.to_owned(),
    }
}

fn child(cib: &mut Document, parent: XmlId, name: &str) -> XmlId {
    let found = cib.element(parent).child(name).map(Element::xml_id);
    found.unwrap_or_else(|| cib.append(parent, name))
}

/// The element of the node that is called so.
fn node<'d>(cib: &'d Document, name: &str) -> Option<Element<'d>> {
    let nodes = cib.root().child("configuration")?.child("nodes")?;
    nodes.children().find(|it| {
        it.attribute("uname")
            .is_some_and(|own| own.eq_ignore_ascii_case(name))
    })
}

/// The id of the node that is called so, a remote or guest node's being its name.
pub(crate) fn node_id(cib: &Document, name: &str) -> Option<String> {
    if let Some(node) = node(cib, name) {
        return node.id().map(str::to_owned);
    }
    if let Some(status) = cib.root().child("status") {
        let mut states = status.children_named("node_state");
        let state = states.find(|it| it.attribute("uname") == Some(name));
        if let Some(id) = state.and_then(Element::id) {
            return Some(id.to_owned());
        }
    }
    is_remote(cib, name).then(|| name.to_owned())
}

/// Whether a resource makes a remote or guest node of that name.
fn is_remote(cib: &Document, name: &str) -> bool {
    let resources = cib.root().child("configuration");
    let resources = resources.and_then(|it| it.child("resources"));
    let mut all = resources.into_iter().flat_map(Element::descendants);
    all.any(|it| {
        let is_agent = it.name() == "primitive"
            && it.attribute("provider") == Some("pacemaker")
            && it.attribute("type") == Some("remote");
        let is_guest = it.name() == "nvpair" && it.attribute("name") == Some("remote-node");
        (is_agent && it.id() == Some(name)) || (is_guest && it.attribute("value") == Some(name))
    })
}
