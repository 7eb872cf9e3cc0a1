//! Probes before what depends on their results.
//!
//! A probe may find a resource active where it was thought not to be, and then it has to be stopped
//! in the next transition. So what would wait for a stop waits for the probe, too:
//!
//! 1. **Instances.** If a probe of a clone's instance cannot be done, instances of that clone that
//!    are not active do not start either (active ones go on).
//! 2. **Restarts.** What comes after the start (promotion) that waits for a probe may be stopped
//!    (demoted) for a restart: that waits for the probe, and so on along all orderings by which a
//!    required first action makes the other one required, and into the parts of collective
//!    resources. Where these are interleaved, only into the instance beside the probed one.
//! 3. **Stops.** Whatever is ordered after the stop of another resource waits for that resource's
//!    probes. But what is launched is not probed before its launcher stops, which may be the first
//!    half of a restart; the unfencing of a node comes before probes there; and a node's shutdown
//!    waits for probes on that node only.

use crate::actions;
use crate::assignment::compatible_instance;
use crate::model::ids::Id;
use crate::model::{ActionId, Ordering, Plan, Relation, ResourceId, Role, Task, Variant};

/// Puts probes in order with all actions that depend on their results. To be called when all
/// orderings have been applied to the actions.
pub fn order_probes(plan: &mut Plan<'_>) {
    let Some(probes) = Probes::find(plan) else {
        return;
    };
    let mut restarts = Restarts::new(plan);
    for root in plan.roots.clone() {
        order_probes_of(plan, root, &probes, &mut restarts);
    }
    for index in 0..plan.orderings.len() {
        order_like_stop(plan, index, &probes);
    }
}

/// All probes, in order of creation, by the number of their resource.
struct Probes(Vec<Vec<ActionId>>);

impl Probes {
    /// `None` where there are none.
    fn find(plan: &Plan<'_>) -> Option<Self> {
        let mut by_resource = vec![Vec::new(); plan.resources.len()];
        let mut any = false;
        for (id, action) in plan.actions.iter() {
            if action.task == Task::Monitor
                && action.interval_ms == 0
                && let Some(resource) = action.resource
            {
                by_resource[resource.index()].push(id);
                any = true;
            }
        }
        any.then_some(Self(by_resource))
    }

    fn of(&self, resource: ResourceId) -> &[ActionId] {
        self.0.get(resource.index()).map_or(&[], Vec::as_slice)
    }
}

fn order_probes_of(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    probes: &Probes,
    restarts: &mut Restarts,
) {
    if !plan.is_primitive(resource) {
        for index in 0..plan.resources[resource].children.len() {
            let child = plan.resources[resource].children[index];
            order_probes_of(plan, child, probes, restarts);
        }
        return;
    }
    for &probe in probes.of(resource) {
        for index in (0..plan.actions[probe].after.len()).rev() {
            order_instance_starts(plan, resource, probe, index);
            let then = plan.actions[probe].after[index].action;
            restarts.order_after(plan, resource, probe, then);
        }
    }
}

/// Rule 1, for the relation number `index` of `probe`.
fn order_instance_starts(plan: &mut Plan<'_>, resource: ResourceId, probe: ActionId, index: usize) {
    let related = plan.actions[probe].after[index];
    let start = &plan.actions[related.action];
    let Some(whole) = start.resource else {
        return;
    };
    if plan.actions[probe].runnable
        || start.task != Task::Start
        || related.relation.contains(Relation::UNRUNNABLE_FIRST_BLOCKS)
        || !is_clone_or_bundle(plan, whole)
        || plan.top(resource, false) != whole
    {
        return;
    }
    for index in (0..plan.actions[related.action].after.len()).rev() {
        let then = plan.actions[related.action].after[index].action;
        let then_resource = plan.actions[then].resource;
        let is_inactive_instance = then_resource.is_some_and(|instance| {
            plan.resources[instance].active_on.is_empty() && plan.top(instance, false) == whole
        });
        if is_inactive_instance && plan.actions[then].task == Task::Start {
            let relation = Relation::ORDERED | Relation::UNRUNNABLE_FIRST_BLOCKS;
            actions::order(plan, probe, then, relation);
        }
    }
}

fn is_clone_or_bundle(plan: &Plan<'_>, resource: ResourceId) -> bool {
    matches!(
        plan.resources[resource].variant,
        Variant::Clone(_) | Variant::Bundle(_)
    )
}

/// Rule 2: the walk from a probe along the orderings of what waits for it.
///
/// All probes of a resource that come before the same action have the same way to go, so it is gone
/// once.
struct Restarts {
    /// For each action the number of the last walk that came by.
    visited: Vec<u32>,
    walk: u32,
    /// Whether there is anything that could be part of a restart.
    any: bool,
    /// The resource and the action of the last walk.
    from: Option<(ResourceId, ActionId)>,
    /// The stops and demotions that the last walk came to, in order.
    found: Vec<ActionId>,
}

/// A place on the walk: an action, and which of those that come after it is to be looked at next.
struct Place {
    action: ActionId,
    left: usize,
    /// For an interleaved collective resource, the instance that goes with the probed one.
    interleaved: Option<Option<ResourceId>>,
}

impl Restarts {
    fn new(plan: &Plan<'_>) -> Self {
        Self {
            visited: vec![0; plan.actions.len()],
            walk: 0,
            any: plan.actions.values().any(|action| {
                matches!(action.task, Task::Stop | Task::Demote)
                    && action.resource.is_some()
                    && !action.pseudo
            }),
            from: None,
            found: Vec::new(),
        }
    }

    /// Puts whatever `then` may stop or demote after `probe`, of `resource`.
    fn order_after(
        &mut self,
        plan: &mut Plan<'_>,
        resource: ResourceId,
        probe: ActionId,
        then: ActionId,
    ) {
        if !self.any {
            return;
        }
        if self.from != Some((resource, then)) {
            self.from = Some((resource, then));
            self.walk(plan, resource, then);
        }
        for &found in &self.found {
            actions::order(plan, probe, found, Relation::ORDERED);
        }
    }

    /// Finds whatever `then`, which waits for a probe of `resource`, may stop or demote.
    fn walk(&mut self, plan: &Plan<'_>, resource: ResourceId, then: ActionId) {
        self.walk += 1;
        self.found.clear();
        let mut way: Vec<Place> = self.enter(plan, resource, then).into_iter().collect();
        while let Some(place) = way.last_mut() {
            let Some(index) = place.left.checked_sub(1) else {
                way.pop();
                continue;
            };
            place.left = index;
            if leads_on(plan, resource, place, index) {
                let next = plan.actions[place.action].after[index].action;
                way.extend(self.enter(plan, resource, next));
            }
        }
    }

    /// Comes to `action`, unless this walk has been there.
    fn enter(&mut self, plan: &Plan<'_>, resource: ResourceId, action: ActionId) -> Option<Place> {
        let visited = self.visited.get_mut(action.index())?;
        if *visited == self.walk {
            return None;
        }
        *visited = self.walk;
        self.find_opposite(plan, resource, action);
        let of = &plan.actions[action];
        let whole = of
            .resource
            .filter(|&whole| is_clone_or_bundle(plan, whole) && is_interleaved(plan, whole));
        Some(Place {
            action,
            left: of.after.len(),
            interleaved: whole.map(|whole| {
                compatible_instance(plan, resource, whole, Role::Unknown, false, None)
            }),
        })
    }

    /// Where `action` is a start (promotion) of another primitive, notes its stops (demotions), but
    /// for those that are not really done.
    fn find_opposite(&mut self, plan: &Plan<'_>, resource: ResourceId, action: ActionId) {
        let of = &plan.actions[action];
        let opposite = match of.task {
            Task::Start => "stop",
            Task::Promote => "demote",
            _ => return,
        };
        let Some(other) = of
            .resource
            .filter(|&other| other != resource && plan.is_primitive(other))
        else {
            return;
        };
        let key = actions::operation_key(&plan.resources[other].id, opposite, 0);
        let found = actions::find_all(plan, other, &key, None).into_iter();
        self.found
            .extend(found.filter(|&action| !plan.actions[action].pseudo));
    }
}

fn is_interleaved(plan: &Plan<'_>, resource: ResourceId) -> bool {
    plan.resources[resource]
        .meta
        .get("interleave")
        .and_then(cib::literal::parse_boolean)
        .unwrap_or(false)
}

/// Whether the walk from a probe of `resource` goes on from `place` along its relation number
/// `index`: by implication, or from a collective resource (not the probed one's own) to its parts.
fn leads_on(plan: &Plan<'_>, resource: ResourceId, place: &Place, index: usize) -> bool {
    let of = &plan.actions[place.action];
    let related = of.after[index];
    if related.relation.contains(Relation::FIRST_IMPLIES_THEN) {
        return true;
    }
    let (Some(whole), Some(part)) = (of.resource, plan.actions[related.action].resource) else {
        return false;
    };
    !plan.is_primitive(whole)
        && plan.resources[resource].parent != Some(whole)
        && !is_clone_or_bundle(plan, part)
        && plan.resources[part].parent == Some(whole)
        && place
            .interleaved
            .is_none_or(|compatible| compatible == Some(part))
}

/// Rule 3, for the ordering number `index`.
fn order_like_stop(plan: &mut Plan<'_>, index: usize, probes: &Probes) {
    let ordering = &plan.orderings[index];
    let Some(first) = ordering.first.resource else {
        return;
    };
    if ordering.relation.is_empty()
        || ordering.then.resource == Some(first)
        || !is_stop(plan, ordering, true)
        || plan.resources[first].launcher.is_some()
            && plan.resources[first].launcher == ordering.then.resource
            && is_stop(plan, ordering, false)
    {
        return;
    }
    let probes = probes.of(first);
    if probes.is_empty() {
        return;
    }
    let relation = relation_like_stop(ordering.relation);
    let then = match (
        ordering.then.action,
        ordering.then.resource,
        &ordering.then.task,
    ) {
        (Some(action), ..) => vec![action],
        (None, Some(resource), Some(task)) => actions::find_once(plan, resource, task),
        _ => return,
    };
    for &probe in probes {
        for &then in &then {
            if waits_for_probe(plan, probe, then) {
                actions::order(plan, probe, then, relation);
            }
        }
    }
}

/// Whether the first (or else the other) action of `ordering` is a stop.
fn is_stop(plan: &Plan<'_>, ordering: &Ordering, first: bool) -> bool {
    let end = if first {
        &ordering.first
    } else {
        &ordering.then
    };
    match (end.action, &end.task) {
        (Some(action), _) => plan.actions[action].task == Task::Stop,
        (None, Some(task)) => task == "stop",
        (None, None) => false,
    }
}

/// What remains of the relation of a stop for the probe in its stead.
fn relation_like_stop(relation: Relation) -> Relation {
    const WHOLE: [Relation; 2] = [
        Relation::IF_REQUIRED_ON_SAME_NODE,
        Relation::IF_ON_SAME_NODE_OR_TARGET,
    ];
    if WHOLE.contains(&relation) {
        relation
    } else {
        Relation::ORDERED | relation & (Relation::IF_FIRST_UNMIGRATABLE | Relation::IF_ON_SAME_NODE)
    }
}

fn waits_for_probe(plan: &Plan<'_>, probe: ActionId, then: ActionId) -> bool {
    let (probe, then) = (&plan.actions[probe], &plan.actions[then]);
    match then.task {
        Task::Fence => {
            let is_unfencing = then
                .meta
                .get("stonith_action")
                .is_some_and(|operation| operation.eq_ignore_ascii_case("on"));
            !(is_unfencing && then.node == probe.node)
        }
        Task::Shutdown => probe.node.is_none() || then.node.is_none() || then.node == probe.node,
        _ => true,
    }
}
