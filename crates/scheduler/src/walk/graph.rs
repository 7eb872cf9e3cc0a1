//! A transition graph, read from its XML.

use cib::xml::Element;

/// A graph: steps, each waiting for actions of others.
#[derive(Clone, Debug)]
pub struct Graph<'g> {
    /// How many steps may be in flight at once; `None` for as many as there are.
    pub batch_limit: Option<usize>,
    /// What a failed start does to the fail count (`failed-start-offset`).
    pub failed_start_offset: Option<&'g str>,
    /// What a failed stop does to the fail count (`failed-stop-offset`).
    pub failed_stop_offset: Option<&'g str>,
    /// The steps, in the order of the graph.
    pub steps: Vec<Step<'g>>,
}

/// A step (`<synapse>`).
#[derive(Clone, Debug)]
pub struct Step<'g> {
    /// Above which abort priority it is still carried out.
    pub priority: i32,
    /// What is done in it.
    pub actions: Vec<GraphAction<'g>>,
    /// The numbers of the actions that must have been done before, each once.
    pub inputs: Vec<u32>,
}

/// Who carries an action out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Nobody: a point in the order of things.
    Pseudo,
    /// The executor of a node, through a resource agent.
    Resource,
    /// The cluster itself: fencing, shutdown, clearing of fail counts.
    Cluster,
}

/// An action of a graph.
#[derive(Clone, Copy, Debug)]
pub struct GraphAction<'g> {
    /// The number that other steps know it by.
    pub number: u32,
    /// Who carries it out.
    pub kind: ActionKind,
    /// Its element.
    pub element: Element<'g>,
}

impl<'g> Graph<'g> {
    /// The graph that `root` (`<transition_graph>`) describes. What makes no sense is left out.
    #[must_use]
    pub fn read(root: Element<'g>) -> Self {
        Self {
            batch_limit: root
                .attribute("batch-limit")
                .and_then(|value| value.parse().ok())
                .filter(|&limit| limit > 0),
            failed_start_offset: root.attribute("failed-start-offset"),
            failed_stop_offset: root.attribute("failed-stop-offset"),
            steps: root.children_named("synapse").map(Step::read).collect(),
        }
    }
}

impl<'g> Step<'g> {
    fn read(element: Element<'g>) -> Self {
        let actions = element
            .children_named("action_set")
            .flat_map(Element::children)
            .filter_map(GraphAction::read)
            .collect();
        let mut inputs: Vec<u32> = element
            .children_named("inputs")
            .flat_map(|inputs| inputs.children_named("trigger"))
            .flat_map(Element::children)
            .filter_map(GraphAction::read)
            .map(|input| input.number)
            .collect();
        inputs.sort_unstable();
        inputs.dedup();
        Self {
            priority: element
                .attribute("priority")
                .and_then(|value| value.parse().ok())
                .unwrap_or(0),
            actions,
            inputs,
        }
    }
}

impl<'g> GraphAction<'g> {
    fn read(element: Element<'g>) -> Option<Self> {
        let kind = match element.name() {
            "pseudo_event" => ActionKind::Pseudo,
            "rsc_op" => ActionKind::Resource,
            "crm_event" => ActionKind::Cluster,
            _ => return None,
        };
        Some(Self {
            number: element.id()?.parse().ok()?,
            kind,
            element,
        })
    }

    /// The task (`operation`).
    #[must_use]
    pub fn task(&self) -> &'g str {
        self.element.attribute("operation").unwrap_or_default()
    }

    /// The name of the node that it is done on.
    #[must_use]
    pub fn node(&self) -> Option<&'g str> {
        self.element.attribute("on_node")
    }

    /// The resource that it is done to, as the agent's node is told.
    #[must_use]
    pub fn resource(&self) -> Option<Element<'g>> {
        self.element.child("primitive")
    }

    /// The parameters that go with it: attributes, and `<param>` elements for names that cannot be
    /// attributes.
    pub fn parameters(&self) -> impl Iterator<Item = (&'g str, &'g str)> + use<'g> {
        let attributes = self.element.child("attributes");
        let params = attributes
            .into_iter()
            .flat_map(|attributes| attributes.children_named("param"))
            .filter_map(|param| Some((param.attribute("name")?, param.attribute("value")?)));
        attributes
            .into_iter()
            .flat_map(Element::attributes)
            .chain(params)
    }

    /// The parameter `name` of the cluster's own (`CRM_meta_NAME`).
    #[must_use]
    pub fn meta(&self, name: &str) -> Option<&'g str> {
        self.parameters()
            .find_map(|(key, value)| (key.strip_prefix("CRM_meta_")? == name).then_some(value))
    }

    /// How often it recurs, in milliseconds; 0 for once.
    #[must_use]
    pub fn interval_ms(&self) -> u32 {
        self.meta("interval")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }
}
