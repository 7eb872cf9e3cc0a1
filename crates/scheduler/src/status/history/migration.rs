//! Live migrations, as history tells of them.
//!
//! A migration is three operations: `migrate_to` on the source, `migrate_from` on the target, and
//! `stop` on the source. Either node's history may be erased at any time between, and operations
//! of later transitions may have come between as well. "Newer state" of a node is a start, stop or
//! migration after the one in question, or (where said) a monitor that found nothing there.
//!
//! After a successful `migrate_to`:
//!
//! | `migrate_from` on the target | otherwise known | then |
//! | --- | --- | --- |
//! | any | the source was changed since | it does not matter any more |
//! | none, or any | source and target have newer state | it does not matter any more |
//! | succeeded | | *dangling*: the source needs a stop, without harm to the target |
//! | failed | target online, no newer state there | active on the target as well |
//! | failed | otherwise | failed, and not to be migrated |
//! | none or pending | target online, and nothing at all is known of it there | active on the source; the target will be probed |
//! | none or pending | target online, no newer state there | *partial*: active on both; it may be continued |
//! | none or pending | otherwise, and the source was not changed since | failed, and not to be migrated |
//!
//! After a failed `migrate_to` it is active on the source, and on the target too if that is
//! online and something, but nothing newer, is known there; otherwise, unless the source was
//! changed since, the source is dangling. After a failed `migrate_from` it is active on the target,
//! and on the source too if that is online and something, but nothing newer, is known there.

use super::entry::Entry;
use super::event::{Event, History, Reading};
use super::outcome::{Execution, exit};
use crate::model::{NodeId, Plan, ResourceId, Role};
use crate::status::activity::add_active;
use crate::status::fencing::mark_failed;

/// Source and target of a migration, by name.
#[derive(Clone, Copy)]
struct Ends<'c> {
    source: &'c str,
    target: &'c str,
}

/// Which end of a migration a history entry is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Source,
    Target,
}

/// How a `migrate_from` went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Unknown,
    Succeeded,
    Failed,
}

/// Applies a successful `migrate_to`.
pub(super) fn apply_successful_departure<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &History<'c>,
    event: &Event<'c>,
) {
    let Some(ends) = ends(plan, history, event, End::Source) else {
        return;
    };
    let resource = history.resource;
    let id = plan.resources[resource].id.clone();
    let index = &mut reading.index;
    let source_changed = index.is_changed_after(plan, &id, ends.source, &event.entry);
    let migrate_from = index.migration(plan, &id, "migrate_from", ends.target, ends.source);
    if migrate_from.is_some() && source_changed {
        return;
    }
    let target_changed = has_newer_state(
        plan,
        reading,
        &id,
        ends.target,
        Some(&event.entry),
        migrate_from.as_ref(),
    );
    if source_changed && target_changed {
        return;
    }
    let arrival = migrate_from.as_ref().map_or(Arrival::Unknown, arrival);
    if arrival == Arrival::Succeeded {
        plan.resources[resource].role = Role::Stopped;
        add_dangling_source(plan, resource, history.node);
        return;
    }

    plan.resources[resource].role = Role::Started;
    let online = |name: &str| {
        plan.node_by_name(name)
            .filter(|&node| plan.nodes[node].online)
    };
    let (source, target) = (online(ends.source), online(ends.target));
    let active_target = target.filter(|_| !target_changed);
    match (arrival, active_target) {
        (Arrival::Failed, Some(target)) => add_active(plan, resource, target, true),
        (Arrival::Failed, None) => fail_without_migration(plan, resource),
        _ if target.is_some() && reading.index.is_unknown_on(plan, &id, ends.target) => {}
        (_, Some(target)) => {
            add_active(plan, resource, target, false);
            if source.is_some() {
                let of = &mut plan.resources[resource];
                of.partial_migration_target = Some(target);
                of.partial_migration_source = source;
            }
        }
        (_, None) => {
            if !source_changed {
                fail_without_migration(plan, resource);
            }
        }
    }
}

/// Applies a failed `migrate_to`.
pub(super) fn apply_failed_departure<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &History<'c>,
    event: &Event<'c>,
) {
    let Some(ends) = ends(plan, history, event, End::Source) else {
        return;
    };
    let resource = history.resource;
    let id = plan.resources[resource].id.clone();
    plan.resources[resource].role = Role::Started;

    let migrate_from = reading
        .index
        .migration(plan, &id, "migrate_from", ends.target, ends.source)
        .filter(has_succeeded);
    let may_be_on_target = !reading.index.is_unknown_on(plan, &id, ends.target)
        && !has_newer_state(
            plan,
            reading,
            &id,
            ends.target,
            Some(&event.entry),
            migrate_from.as_ref(),
        );
    if may_be_on_target {
        add_active_if_online(plan, resource, ends.target, false);
    } else if !reading
        .index
        .is_changed_after(plan, &id, ends.source, &event.entry)
    {
        add_dangling_source(plan, resource, history.node);
    }
}

/// Applies a failed `migrate_from`.
pub(super) fn apply_failed_arrival<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &History<'c>,
    event: &Event<'c>,
) {
    let Some(ends) = ends(plan, history, event, End::Target) else {
        return;
    };
    let resource = history.resource;
    let id = plan.resources[resource].id.clone();
    plan.resources[resource].role = Role::Started;

    let migrate_to = reading
        .index
        .migration(plan, &id, "migrate_to", ends.source, ends.target)
        .filter(has_succeeded);
    let may_be_on_source = !reading.index.is_unknown_on(plan, &id, ends.source)
        && !has_newer_state(
            plan,
            reading,
            &id,
            ends.source,
            migrate_to.as_ref(),
            Some(&event.entry),
        );
    if may_be_on_source {
        add_active_if_online(plan, resource, ends.source, true);
    }
}

/// Source and target of a migration, where both are recorded, and the one that the entry is of is
/// the node that it was found on.
fn ends<'c>(
    plan: &mut Plan<'c>,
    history: &History<'c>,
    event: &Event<'c>,
    end: End,
) -> Option<Ends<'c>> {
    let about = format_args!("Ignoring resource history entry {}", event.id);
    let (Some(source), Some(target)) = (event.entry.migrate_source, event.entry.migrate_target)
    else {
        let text = format!("{about} without migrate_source and migrate_target");
        plan.configuration_error(text);
        return None;
    };
    let (attribute, recorded) = match end {
        End::Source => ("migrate_source", source),
        End::Target => ("migrate_target", target),
    };
    let node = plan.nodes[history.node].name;
    if !recorded.eq_ignore_ascii_case(node) {
        let text = format!("{about} because {attribute}='{recorded}' does not match {node}");
        plan.configuration_error(text);
        return None;
    }
    Some(Ends { source, target })
}

/// How the operation of `entry` went; one that is not complete says nothing.
fn arrival(entry: &Entry<'_>) -> Arrival {
    match (entry.execution(), entry.exit_status()) {
        (Some(Execution::Done), Some(exit::OK)) => Arrival::Succeeded,
        (None | Some(Execution::Pending), _) => Arrival::Unknown,
        _ => Arrival::Failed,
    }
}

fn has_succeeded(entry: &Entry<'_>) -> bool {
    arrival(entry) == Arrival::Succeeded
}

/// Whether `resource` has newer state on `node` than the migration. It is compared with the
/// operation on that node, if there is one, because calls are comparable only on one node.
fn has_newer_state<'c>(
    plan: &Plan<'c>,
    reading: &mut Reading<'c>,
    resource: &str,
    node: &str,
    migrate_to: Option<&Entry<'c>>,
    migrate_from: Option<&Entry<'c>>,
) -> bool {
    let is_source = migrate_from
        .or(migrate_to)
        .and_then(|entry| entry.migrate_source)
        .is_some_and(|source| source.eq_ignore_ascii_case(node));
    let event = match (migrate_to, migrate_from) {
        (Some(migrate_to), Some(_)) if is_source => migrate_to,
        (_, Some(migrate_from)) => migrate_from,
        (Some(migrate_to), None) => migrate_to,
        (None, None) => return false,
    };
    let index = &mut reading.index;
    index.is_changed_after(plan, resource, node, event)
        || index.is_found_inactive_after(plan, resource, node, event)
}

fn add_active_if_online(plan: &mut Plan<'_>, resource: ResourceId, node: &str, failed: bool) {
    if let Some(node) = plan.node_by_name(node)
        && plan.nodes[node].online
    {
        add_active(plan, resource, node, failed);
    }
}

fn add_dangling_source(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    plan.resources[resource]
        .dangling_migration_sources
        .insert(0, node);
}

fn fail_without_migration(plan: &mut Plan<'_>, resource: ResourceId) {
    mark_failed(plan, resource);
    plan.resources[resource].migratable = false;
}
