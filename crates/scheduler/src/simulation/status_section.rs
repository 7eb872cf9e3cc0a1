//! The status section of a CIB, for edits: the states of nodes, and the histories in them.
//!
//! - A node's state is found by its name; failing that by its identity, and gets the name; failing
//!   that it is made, at the end of the section.
//! - A resource's history on a node is found by either of two names (an instance of a clone may be
//!   recorded with or without its number); failing that it is made, under the second.
//! - A node that is unknown to the configuration is added to it where that was asked for.

use cib::hashed::HashMap;
use cib::version::CibVersion;
use cib::xml::{Document, Element, XmlId};

/// Why a simulation cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is more than one state of the same node.
    #[error("Detected multiple node_state entries for {0}, bailing")]
    DuplicateNodeState(String),
}

/// What has become of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// It is a full member of the cluster.
    Full,
    /// It has vanished.
    Lost,
    /// It has left in good order.
    Left,
}

/// The status section, with what finds things in it quickly.
pub(super) struct StatusSection<'d> {
    cib: &'d mut Document,
    pub section: XmlId,
    /// Whether nodes that the configuration does not know are added to it.
    configure_nodes: bool,
    /// States of nodes by the nodes' names.
    states: HashMap<String, XmlId>,
    /// Histories of resources by state of node and name; filled when a state is first asked for.
    histories: HashMap<XmlId, HashMap<String, XmlId>>,
    /// The document's count of edits when the CIB last got a new version.
    versioned_edits: u64,
}

/// The agent of a resource, as its history records it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agent<'a> {
    pub class: Option<&'a str>,
    pub provider: Option<&'a str>,
    pub kind: Option<&'a str>,
}

impl<'a> Agent<'a> {
    pub fn of(element: Element<'a>) -> Self {
        Self {
            class: element.attribute("class"),
            provider: element.attribute("provider"),
            kind: element.attribute("type"),
        }
    }
}

impl<'d> StatusSection<'d> {
    pub fn new(cib: &'d mut Document, configure_nodes: bool) -> Result<Self, Fault> {
        let root = cib.root();
        let section = match root.child("status") {
            Some(section) => section.xml_id(),
            None => {
                let root = root.xml_id();
                cib.append(root, "status")
            }
        };
        let mut states = HashMap::default();
        for state in cib.element(section).children_named("node_state") {
            if let Some(name) = state.attribute("uname")
                && states.insert(name.to_owned(), state.xml_id()).is_some()
            {
                return Err(Fault::DuplicateNodeState(name.to_owned()));
            }
        }
        Ok(Self {
            versioned_edits: cib.edits(),
            cib,
            section,
            configure_nodes,
            states,
            histories: HashMap::default(),
        })
    }

    /// Ends an edit of the status section that a cluster makes at once: the CIB gets a new version, if
    /// anything changed.
    pub fn commit(&mut self) {
        self.raise_version(false);
    }

    /// The same for an edit of the configuration.
    pub fn commit_configuration(&mut self) {
        self.raise_version(true);
    }

    fn raise_version(&mut self, configuration_changed: bool) {
        if self.cib.edits() == self.versioned_edits {
            return;
        }
        let root = self.cib.root();
        let version = CibVersion::of(root).next(configuration_changed);
        let root = root.xml_id();
        if configuration_changed {
            self.cib.set(root, "epoch", &version.epoch.to_string());
        }
        let updates = version.num_updates.to_string();
        self.cib.set(root, "num_updates", &updates);
        self.versioned_edits = self.cib.edits();
    }

    pub fn document(&self) -> &Document {
        self.cib
    }

    pub fn document_mut(&mut self) -> &mut Document {
        self.cib
    }

    /// Whether `node` is known, or may be made known.
    pub fn knows(&self, node: &str) -> bool {
        self.configure_nodes
            || self.states.contains_key(node)
            || identity(self.cib.root(), node).is_some()
    }

    /// The state of `node`, made if need be. `uuid` is the node's identity where it is known.
    pub fn state(&mut self, node: &str, uuid: Option<&str>) -> XmlId {
        if self.configure_nodes {
            self.configure_node(node);
            self.commit_configuration();
        }
        if let Some(&state) = self.states.get(node) {
            return state;
        }
        let uuid = match uuid {
            Some(uuid) => uuid.to_owned(),
            // A name that nothing knows serves as its own identity.
            None => identity(self.cib.root(), node).unwrap_or_else(|| node.to_owned()),
        };
        let nameless = self
            .cib
            .element(self.section)
            .children_named("node_state")
            .find(|state| state.id() == Some(&*uuid))
            .map(Element::xml_id);
        let state = nameless.unwrap_or_else(|| {
            let state = self.cib.append(self.section, "node_state");
            self.cib.set(state, "id", &uuid);
            state
        });
        self.cib.set(state, "uname", node);
        self.commit();
        self.states.insert(node.to_owned(), state);
        state
    }

    /// Says what has become of `node`, in the name of `origin`.
    pub fn set_membership(&mut self, node: &str, membership: Membership, origin: &str) -> XmlId {
        let state = self.state(node, None);
        let values = match membership {
            Membership::Full => ["true", "online", "member", "member"],
            Membership::Lost => ["false", "online", "member", "member"],
            Membership::Left => ["false", "offline", "down", "down"],
        };
        for (name, value) in ["in_ccm", "crmd", "join", "expected"]
            .into_iter()
            .zip(values)
        {
            self.cib.set(state, name, value);
        }
        self.cib.set(state, "crm-debug-origin", origin);
        self.commit();
        state
    }

    /// Forgets all results and transient attributes of a node, as the cluster does when it has left.
    pub fn forget(&mut self, state: XmlId) {
        let gone: Vec<XmlId> = self
            .cib
            .element(state)
            .children()
            .filter(|child| matches!(child.name(), "lrm" | "transient_attributes"))
            .map(Element::xml_id)
            .collect();
        for child in gone {
            self.cib.remove(child);
            self.commit();
        }
        self.histories.remove(&state);
    }

    /// The history of a resource on a node, known as `name` or as `preferred_name`. An error, in
    /// words for the operator, if there is none and `agent` does not allow to make one.
    pub fn history(
        &mut self,
        state: XmlId,
        name: &str,
        preferred_name: &str,
        agent: Agent<'_>,
    ) -> Result<XmlId, String> {
        let cib = &*self.cib;
        let histories = self
            .histories
            .entry(state)
            .or_insert_with(|| histories_below(cib.element(state)));
        if let Some(&history) = histories
            .get(name)
            .or_else(|| histories.get(preferred_name))
        {
            return Ok(history);
        }
        let (class, kind) = self.usable(state, name, agent)?;
        let history = self.new_history(state, preferred_name);
        self.cib.set(history, "class", class);
        if let Some(provider) = agent.provider {
            self.cib.set(history, "provider", provider);
        }
        self.cib.set(history, "type", kind);
        if let Some(histories) = self.histories.get_mut(&state) {
            histories.insert(preferred_name.to_owned(), history);
        }
        Ok(history)
    }

    /// Class and type of `agent`, if a history can be made for it.
    fn usable<'a>(
        &self,
        state: XmlId,
        name: &str,
        agent: Agent<'a>,
    ) -> Result<(&'a str, &'a str), String> {
        const CLASSES: &[&str] = &["ocf", "stonith", "service", "systemd", "lsb"];
        let (Some(class), Some(kind)) = (agent.class, agent.kind) else {
            let node = self.cib.element(state).id().unwrap_or_default();
            return Err(format!(
                "Resource {name} not found in the status section of {node} \
                 (supply class and type to continue)"
            ));
        };
        if !CLASSES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(class))
        {
            return Err(format!("Invalid class for {name}: {class}"));
        }
        if class.eq_ignore_ascii_case("ocf") && agent.provider.is_none() {
            return Err(format!("Please specify the provider for resource {name}"));
        }
        Ok((class, kind))
    }

    fn new_history(&mut self, state: XmlId, name: &str) -> XmlId {
        let uuid = self.cib.element(state).id().unwrap_or_default().to_owned();
        let lrm = self.child_or_new(state, "lrm", Some(&uuid));
        let resources = self.child_or_new(lrm, "lrm_resources", None);
        let history = self.cib.append(resources, "lrm_resource");
        self.cib.set(history, "id", name);
        history
    }

    /// The first child of `parent` called `name`; a new one, with `id`, if there is none.
    pub fn child_or_new(&mut self, parent: XmlId, name: &str, id: Option<&str>) -> XmlId {
        if let Some(child) = self.cib.element(parent).child(name) {
            return child.xml_id();
        }
        let child = self.cib.append(parent, name);
        if let Some(id) = id {
            self.cib.set(child, "id", id);
        }
        child
    }

    fn configure_node(&mut self, node: &str) {
        let root = self.cib.root();
        if root
            .descendants()
            .any(|element| element.name() == "node" && element.attribute("uname") == Some(node))
        {
            return;
        }
        let root = root.xml_id();
        let configuration = self.child_or_new(root, "configuration", None);
        let nodes = self.child_or_new(configuration, "nodes", None);
        let element = self.cib.append(nodes, "node");
        self.cib.set(element, "id", node);
        self.cib.set(element, "uname", node);
    }
}

fn histories_below(state: Element<'_>) -> HashMap<String, XmlId> {
    state
        .descendants()
        .filter(|element| element.name() == "lrm_resource")
        .filter_map(|history| Some((history.id()?.to_owned(), history.xml_id())))
        .collect()
}

/// The identity of the node called `name` (case-insensitively): that of its `<node>`, or its name
/// if it is a remote or guest node.
fn identity(cib: Element<'_>, name: &str) -> Option<String> {
    let is_name = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case(name));
    let configuration = cib.child("configuration");
    let section = |name| {
        configuration
            .and_then(|configuration| configuration.child(name))
            .into_iter()
            .flat_map(Element::children)
    };
    let cluster_node = section("nodes")
        .filter(|node| node.name() == "node" && is_name(node.attribute("uname")))
        .find_map(|node| match node.attribute("type") {
            Some(kind) if kind.eq_ignore_ascii_case("remote") => node.attribute("uname"),
            _ => node.id(),
        });
    let remote_node = || {
        section("resources")
            .filter(|resource| resource.name() == "primitive")
            .find_map(|resource| remote_node_of(resource).filter(|node| is_name(Some(node))))
    };
    let remembered = || {
        cib.child("status")?
            .children_named("node_state")
            .find(|state| state.attribute("remote_node") == Some("true") && is_name(state.id()))?
            .attribute("uname")
    };
    cluster_node
        .or_else(remote_node)
        .or_else(remembered)
        .map(str::to_owned)
}

/// The remote or guest node that `primitive` makes.
fn remote_node_of(primitive: Element<'_>) -> Option<&str> {
    let attribute = |name| primitive.attribute(name);
    if attribute("class") == Some("ocf")
        && attribute("provider") == Some("pacemaker")
        && attribute("type") == Some("remote")
    {
        return primitive.id();
    }
    primitive
        .children_named("meta_attributes")
        .flat_map(Element::children)
        .find(|pair| pair.attribute("name") == Some("remote-node"))?
        .attribute("value")
}
