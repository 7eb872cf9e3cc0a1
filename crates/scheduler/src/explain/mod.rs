//! Why a resource is, or is not, where it is: a decided [`Plan`] as an answer that an operator can
//! act on.
//!
//! ```text
//! journal ──► scores ──► nodes ──► placement ──► Explanation
//! (causes)    parts      verdicts      ▲
//! actions ──► actions, blockers ───────┘
//! orderings ─► origins ─┘
//! ```
//!
//! 1. The answer is data ([`Explanation`]); how it is worded is the reader's business.
//! 2. It is about primitives. A group, clone or bundle is explained part by part; instances that are
//!    not active and get no node are only counted if there is nothing to say but that there are
//!    enough.
//! 3. The parts of a score add up, in order, to the score that the scheduler used
//!    ([`noted_score`]). Causes are noted where scores are changed (`model::journal`), if
//!    `Wishes::explain` is set.
//! 4. Milestones of the graph are looked through: what is named is what agents do. The order of two
//!    actions comes from a constraint if one orders them or what they are part of, otherwise from
//!    what they are.
//! 5. Nothing is decided here: without a cause, the answer says that it does not know.

mod actions;
mod blockers;
mod data;
mod near;
mod nodes;
mod origins;
mod placement;
mod promotion;
mod scores;

pub use data::{
    ActionView, Because, Blocker, Circumstance, Direction, Explanation, Kind, NodeView, Obstacle,
    Origin, Outcome, Part, Placement, Promotion, Root, Source, Step, Tie, Unknown, Verdict, Wait,
};
pub use scores::noted_score;

use actions::step;
use origins::Origins;

use crate::model::{Plan, ResourceId, Variant};

/// Explains why the resource called `name` is where it is, or will be; `node` limits the answer to
/// that node.
///
/// # Errors
/// There is no such resource or node.
pub fn explain(plan: &Plan<'_>, name: &str, node: Option<&str>) -> Result<Explanation, Unknown> {
    let resource = find_resource(plan, name)?;
    let node = node.map(|node| find_node(plan, node)).transpose()?;
    let origins = Origins::new(plan);
    let mut primitives = Vec::new();
    add_primitives(plan, resource, &mut primitives);
    let count = primitives.len();
    if count > 1 {
        primitives.retain(|&part| !is_spare(plan, part));
    }
    let spare = count - primitives.len();
    let mut placements: Vec<Placement> = primitives
        .into_iter()
        .map(|part| placement::of(plan, &origins, part))
        .collect();
    if let Some(node) = &node {
        for placement in &mut placements {
            placement.nodes.retain(|view| view.node == *node);
        }
    }
    Ok(Explanation {
        resource: plan.printable_id(resource).to_owned(),
        kind: match plan.resources[resource].variant {
            Variant::Primitive => Kind::Primitive,
            Variant::Group(_) => Kind::Group,
            Variant::Clone(_) => Kind::Clone,
            Variant::Bundle(_) => Kind::Bundle,
        },
        node,
        placements,
        spare,
    })
}

/// The resource called `name`. What an anonymous clone is made of stands for the clone.
fn find_resource(plan: &Plan<'_>, name: &str) -> Result<ResourceId, Unknown> {
    let by_configuration = || {
        plan.resources
            .iter()
            .find(|(_, of)| of.xml.id() == Some(name))
            .map(|(resource, of)| of.parent.unwrap_or(resource))
    };
    plan.resource_by_id(name)
        .or_else(by_configuration)
        .ok_or_else(|| Unknown {
            what: "resource",
            name: name.to_owned(),
            near: near::nearest(name, plan.resources.ids().map(|id| plan.printable_id(id))),
        })
}

fn find_node(plan: &Plan<'_>, name: &str) -> Result<String, Unknown> {
    plan.node_by_name(name)
        .map(|node| plan.nodes[node].name.to_owned())
        .ok_or_else(|| Unknown {
            what: "node",
            name: name.to_owned(),
            near: near::nearest(name, plan.nodes.values().map(|node| node.name)),
        })
}

/// Adds the primitives that `resource` consists of. Recurses as deep as resources are nested.
fn add_primitives(plan: &Plan<'_>, resource: ResourceId, primitives: &mut Vec<ResourceId>) {
    let of = &plan.resources[resource];
    match &of.variant {
        Variant::Primitive => primitives.push(resource),
        Variant::Group(_) | Variant::Clone(_) => {
            for &child in &of.children {
                add_primitives(plan, child, primitives);
            }
        }
        Variant::Bundle(bundle) => {
            for replica in &bundle.replicas {
                let parts = [
                    Some(replica.container),
                    replica.ip,
                    replica.remote,
                    replica.child,
                ];
                for part in parts.into_iter().flatten() {
                    add_primitives(plan, part, primitives);
                }
            }
        }
    }
}

/// Whether there is nothing to say about an instance but that there are enough of them.
fn is_spare(plan: &Plan<'_>, part: ResourceId) -> bool {
    let of = &plan.resources[part];
    let numbered = of.instance.is_some();
    numbered && of.active_on.is_empty() && of.assigned_to.is_none() && !of.failed
}
