//! Attributes of nodes, as far as they are the operator's business.

use scheduler::Plan;
use scheduler::configuration::parameters;
use scheduler::model::{NodeId, ResourceId};

/// An attribute of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute<'p> {
    /// Its name.
    pub name: &'p str,
    /// Its value.
    pub value: &'p str,
    /// What it is when all is well, where a `ping` resource that runs on the node sets it: as many
    /// hosts as it is to reach, times what each counts.
    pub expected: Option<i64>,
}

/// Each online node that has attributes, by name, with these.
pub fn by_node<'p>(
    plan: &'p Plan<'_>,
) -> impl Iterator<Item = (NodeId, Vec<Attribute<'p>>)> + use<'p> {
    let plan: &'p Plan<'p> = plan;
    plan.nodes_by_name
        .iter()
        .filter(|&&node| plan.nodes[node].online)
        .map(move |&node| (node, of_node(plan, node)))
        .filter(|(_, attributes)| !attributes.is_empty())
}

fn of_node<'p>(plan: &'p Plan<'_>, node: NodeId) -> Vec<Attribute<'p>> {
    const INTERNAL_PREFIXES: &[&str] = &[
        "fail-count-",
        "last-failure-",
        "shutdown",
        "terminate",
        "standby",
        "#",
    ];
    let is_internal = |name: &str| {
        INTERNAL_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let of = &plan.nodes[node];
    of.attributes
        .iter()
        .filter(|(name, _)| !is_internal(name))
        .map(|(name, value)| Attribute {
            name,
            value,
            expected: expected(plan, node, &of.running, name),
        })
        .collect()
}

fn expected(plan: &Plan<'_>, node: NodeId, resources: &[ResourceId], name: &str) -> Option<i64> {
    resources.iter().find_map(|&resource| {
        let of = &plan.resources[resource];
        let kind = of.xml.attribute("type")?;
        if !["ping", "pingd"]
            .iter()
            .any(|ping| kind.eq_ignore_ascii_case(ping))
        {
            return None;
        }
        let values = parameters(plan, resource, Some(node));
        if !values
            .get("name")
            .unwrap_or("pingd")
            .eq_ignore_ascii_case(name)
        {
            return None;
        }
        let hosts = values
            .get("host_list")
            .map_or(0, |hosts| hosts.split(' ').count());
        let multiplier: i64 = values
            .get("multiplier")
            .and_then(|value| value.parse().ok())
            .unwrap_or(1);
        i64::try_from(hosts).ok()?.checked_mul(multiplier)
    })
}
