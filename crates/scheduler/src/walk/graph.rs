//! A transition graph, read from its XML.

use std::time::Duration;

use cib::literal::parse_milliseconds;
use cib::xml::Element;

/// A graph: steps, each waiting for actions of others. `A` is what is known of an action: its place
/// in the XML ([`GraphAction`]), or what whoever carries it out makes of that.
#[derive(Clone, Debug)]
pub struct Graph<A> {
    /// What holds for all of it.
    pub header: Header,
    /// The steps, in the order of the graph.
    pub steps: Vec<Step<A>>,
}

/// What holds for all of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many steps may be in flight at once; `None` for as many as there are.
    pub batch_limit: Option<usize>,
    /// How long messages and agents' starts may take, on top of an action's own time-out.
    pub cluster_delay: Duration,
    /// How long fencing may take where nothing else says.
    pub fencing_timeout: Duration,
    /// Whether one failed start keeps the resource from the node (`failed-start-offset`).
    pub is_failed_start_fatal: bool,
    /// Whether one failed stop does (`failed-stop-offset`).
    pub is_failed_stop_fatal: bool,
}

/// A step (`<synapse>`).
#[derive(Clone, Debug)]
pub struct Step<A> {
    /// Above which abort priority it is still carried out.
    pub priority: i32,
    /// What is done in it.
    pub actions: Vec<A>,
    /// The numbers of the actions that must have been done before, each once.
    pub inputs: Vec<u32>,
}

/// An action, as far as a walk cares.
pub trait Action {
    /// The number that other steps know it by.
    fn number(&self) -> u32;
    /// Who carries it out.
    fn kind(&self) -> ActionKind;
}

impl Action for GraphAction<'_> {
    fn number(&self) -> u32 {
        self.number
    }

    fn kind(&self) -> ActionKind {
        self.kind
    }
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

impl<'g> Graph<GraphAction<'g>> {
    /// The graph that `root` (`<transition_graph>`) describes. What makes no sense is left out.
    #[must_use]
    pub fn read(root: Element<'g>) -> Self {
        Self {
            header: Header::read(root),
            steps: root.children_named("synapse").map(Step::read).collect(),
        }
    }
}

impl<A> Graph<A> {
    /// The same graph, with something else for each action.
    #[must_use]
    pub fn map<B>(self, mut make: impl FnMut(A) -> B) -> Graph<B> {
        let steps = self.steps.into_iter().map(|step| Step {
            priority: step.priority,
            actions: step.actions.into_iter().map(&mut make).collect(),
            inputs: step.inputs,
        });
        Graph {
            header: self.header,
            steps: steps.collect(),
        }
    }
}

/// Where the graph does not say, as the options' defaults are.
const DEFAULT_DELAY: Duration = Duration::from_secs(60);

impl Header {
    fn read(root: Element<'_>) -> Self {
        let duration = |name| {
            let milliseconds = root.attribute(name).and_then(parse_milliseconds);
            let milliseconds = milliseconds.and_then(|number| u64::try_from(number).ok());
            milliseconds.map_or(DEFAULT_DELAY, Duration::from_millis)
        };
        let is_fatal = |name| {
            let offset = root.attribute(name);
            offset.is_none_or(|offset| matches!(offset, "INFINITY" | "+INFINITY"))
        };
        Self {
            batch_limit: root
                .attribute("batch-limit")
                .and_then(|value| value.parse().ok())
                .filter(|&limit| limit > 0),
            cluster_delay: duration("cluster-delay"),
            fencing_timeout: duration("fencing-timeout"),
            is_failed_start_fatal: is_fatal("failed-start-offset"),
            is_failed_stop_fatal: is_fatal("failed-stop-offset"),
        }
    }
}

impl<'g> Step<GraphAction<'g>> {
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
