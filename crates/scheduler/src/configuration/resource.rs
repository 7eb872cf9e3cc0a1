//! What all kinds of resources have in common: meta-attributes and what follows from them.
//!
//! | meta-attribute | if missing | what else to know |
//! | --- | --- | --- |
//! | `priority`, `resource-stickiness` | 0 | clones make their instances' stickiness 1 |
//! | `migration-threshold` | `INFINITY` | negative ones are invalid |
//! | `critical` | true | |
//! | `is-managed` | true | never in maintenance mode, nor with `maintenance` |
//! | `allow-migrate` | false | true for connections to remote nodes (not to guests) |
//! | `globally-unique` | false | true where `clone-node-max` is above 1; only clones are not unique |
//! | `multiple-active` | `stop_start` | |
//! | `requires` | see [`super::requires`] | |
//! | `target-role` | `Started` | see [`super::target_role`] |
//! | `failure-timeout` | 0 | a remote connection's `reconnect_interval` replaces it |
//!
//! `#default` (and `default`, for some) as a value is an old way to say nothing.

use cib::literal::{parse_boolean, parse_interval_ms};
use cib::rules::{Findings, Input};
use cib::xml::Element;
use cib::{Score, nvset};

use super::meta;
use super::nodes::is_remote_connection;
use super::number::parse_integer;
use super::parameters::{check_rules, note_changes, parameters};
use super::presence::Presence;
use super::{bundle, clone, group, primitive, requires, target_role};
use crate::model::resource::Group;
use crate::model::{MultiplyActive, Plan, Resource, ResourceId, Variant};
use crate::status::note_findings;

/// Reads the resource that `element` describes, with all its parts, into `plan`. `instance` is its
/// number if it is (part of) an instance of a clone. `None`, with an error noted, where it cannot
/// be used.
pub(super) fn unpack<'c>(
    plan: &mut Plan<'c>,
    element: Element<'c>,
    parent: Option<ResourceId>,
    instance: Option<usize>,
    presence: &mut Presence,
) -> Option<ResourceId> {
    let Some(name) = element.id() else {
        let text = format!("Ignoring <{}> configuration without id", element.name());
        plan.configuration_error(text);
        return None;
    };
    if !check_template(plan, element, name) {
        return None;
    }
    check_operations(plan, element);
    let Some(variant) = variant(element) else {
        let text = format!(
            "Ignoring resource '{name}' of unknown type '{}'",
            element.name()
        );
        plan.configuration_error(text);
        return None;
    };
    let id = instance.map_or_else(|| name.to_owned(), |instance| format!("{name}:{instance}"));
    let mut of = Resource::new(id, element, parent);
    (of.variant, of.instance) = (variant, instance);
    let resource = plan.resources.push(of);
    let is_guest = read_common(plan, resource);

    let is_usable = match plan.resources[resource].variant {
        Variant::Primitive => primitive::check(plan, resource, presence),
        Variant::Group(_) => group::unpack(plan, resource, presence),
        Variant::Clone(_) => clone::unpack(plan, resource, presence),
        Variant::Bundle(_) => bundle::unpack(plan, resource, presence),
    };
    if !is_usable {
        plan.resources.take_back(resource);
        return None;
    }
    presence.allow_default(plan, resource, is_guest);
    read_utilization(plan, resource);
    check_rules(plan, resource);
    if let Some(template) = element.attribute("template") {
        let users = plan.templates.entry(template).or_default();
        if users.last() != Some(&name) {
            users.push(name);
        }
    }
    Some(resource)
}

fn variant<'c>(element: Element<'_>) -> Option<Variant<'c>> {
    match element.name() {
        "primitive" | "lrm_resource" => Some(Variant::Primitive),
        "group" => Some(Variant::Group(Group {
            ordered: true,
            colocated: true,
        })),
        "clone" => Some(Variant::Clone(Box::default())),
        "bundle" => Some(Variant::Bundle(Box::default())),
        _ => None,
    }
}

/// Reads what follows from meta-attributes alone. Says whether it is the connection to a guest.
fn read_common(plan: &mut Plan<'_>, resource: ResourceId) -> bool {
    meta::read(plan, resource);
    let element = plan.resources[resource].xml;
    let is_connection = is_remote_connection(element);
    let is_guest = is_connection && plan.resources[resource].meta.contains("container");
    let in_maintenance = plan.options.maintenance || is(plan, resource, "maintenance", false);

    let of = &mut plan.resources[resource];
    of.is_remote_connection = is_connection;
    of.maintenance = in_maintenance;
    of.fence_device = element
        .attribute("class")
        .is_some_and(|class| class.eq_ignore_ascii_case("stonith"));
    plan.options.have_fencing |= of.fence_device;

    let critical = is(plan, resource, "critical", true);
    let notify = is(plan, resource, "notify", false);
    let migratable = is(plan, resource, "allow-migrate", is_connection && !is_guest);
    let managed = match plan.resources[resource].meta.get("is-managed") {
        Some(value) if value.eq_ignore_ascii_case("default") => {
            warn_of_default(plan, "is-managed");
            true
        }
        Some(value) => parse_boolean(value) == Some(true),
        None => true,
    };
    let of = &mut plan.resources[resource];
    (of.critical, of.notify, of.migratable) = (critical, notify, migratable);
    of.managed = managed && !in_maintenance;

    if plan.is_clone(plan.top(resource, false)) {
        let unique = is_unique(&plan.resources[resource]);
        let promotable = is(plan, resource, "promotable", false);
        let of = &mut plan.resources[resource];
        (of.unique, of.promotable) = (unique, promotable);
    } else {
        plan.resources[resource].unique = true;
    }
    plan.resources[resource].multiply_active = read_multiply_active(plan, resource);
    read_scores(plan, resource);
    requires::read(plan, resource);
    read_failure_timeout(plan, resource, is_connection && !is_guest);
    target_role::read(plan, resource);
    is_guest
}

/// Whether meta-attribute `name` is true, or `default` where it is missing.
fn is(plan: &Plan<'_>, resource: ResourceId, name: &str, default: bool) -> bool {
    let value = plan.resources[resource].meta.get(name);
    value.map_or(default, |value| parse_boolean(value) == Some(true))
}

/// Whether a clone, or a part of one, is unique by its meta-attributes.
fn is_unique(of: &Resource<'_>) -> bool {
    match of.meta.get("globally-unique") {
        Some(value) => parse_boolean(value) == Some(true),
        None => of
            .meta
            .get("clone-node-max")
            .and_then(parse_integer)
            .is_some_and(|per_node| per_node > 1),
    }
}

fn read_multiply_active(plan: &mut Plan<'_>, resource: ResourceId) -> MultiplyActive {
    const POLICIES: [(&str, MultiplyActive); 4] = [
        ("stop_only", MultiplyActive::Stop),
        ("block", MultiplyActive::Block),
        ("stop_unexpected", MultiplyActive::StopUnexpected),
        ("stop_start", MultiplyActive::Restart),
    ];
    let Some(value) = plan.resources[resource].meta.get("multiple-active") else {
        return MultiplyActive::Restart;
    };
    let policy = POLICIES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(value));
    if policy.is_none() {
        let text = format!(
            "{value} is not a valid value for multiple-active, using default of \"stop_start\""
        );
        plan.configuration_warning(text);
    }
    policy.map_or(MultiplyActive::Restart, |&(_, policy)| policy)
}

fn read_scores(plan: &mut Plan<'_>, resource: ResourceId) {
    let priority = score(plan, resource, "priority", Score::ZERO, false).unwrap_or_else(|value| {
        let id = &plan.resources[resource].id;
        let text = format!(
            "Using default (0) for resource {id} priority because '{value}' is not a valid value: \
             Bad input value provided"
        );
        plan.configuration_warning(text);
        Score::ZERO
    });
    let stickiness = score(plan, resource, "resource-stickiness", Score::ZERO, true)
        .unwrap_or_else(|value| {
            let id = &plan.resources[resource].id;
            let text = format!(
                "Using default (0) for resource {id} resource-stickiness because '{value}' is not \
                 a valid value: Bad input value provided"
            );
            plan.configuration_warning(text);
            Score::ZERO
        });
    let threshold = score(plan, resource, "migration-threshold", Score::INFINITY, true)
        .and_then(|score| {
            if score < Score::ZERO {
                Err(score.to_string())
            } else {
                Ok(score)
            }
        })
        .unwrap_or_else(|value| {
            let id = &plan.resources[resource].id;
            let text = format!(
                "Using default (INFINITY) for resource {id} meta-attribute migration-threshold \
                 because '{value}' is not a valid value: Bad input value provided"
            );
            plan.configuration_warning(text);
            Score::INFINITY
        });
    let of = &mut plan.resources[resource];
    of.priority = priority.value();
    of.stickiness = stickiness;
    of.migration_threshold = threshold;
}

/// The score that meta-attribute `name` says, or its value if it is none. `default` as a value is
/// an old way to say nothing for some (`may_be_default`).
fn score(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    name: &str,
    default: Score,
    may_be_default: bool,
) -> Result<Score, String> {
    let Some(value) = plan.resources[resource].meta.get(name) else {
        return Ok(default);
    };
    if may_be_default && value.eq_ignore_ascii_case("default") {
        warn_of_default(plan, name);
        return Ok(default);
    }
    plan.options
        .parse_score(value)
        .ok_or_else(|| value.to_owned())
}

/// Says that the explicit value `default` of meta-attribute `name` is on its way out.
pub(super) fn warn_of_default(plan: &mut Plan<'_>, name: &str) {
    plan.configuration_warning(format!(
        "Support for setting {name} to the explicit value 'default' is deprecated and will be \
         removed in a future release (just leave it unset)"
    ));
}

/// A remote node that cannot be reached is tried again after `reconnect_interval`: until then its
/// failure counts.
fn read_failure_timeout(plan: &mut Plan<'_>, resource: ResourceId, is_remote: bool) {
    let timeout = plan.resources[resource].meta.get("failure-timeout");
    let mut timeout_ms = timeout.map_or(0, parse_interval_ms);
    if is_remote {
        note_changes(plan, resource, None);
    }
    if is_remote && let Some(reconnect) = parameters(plan, resource, None).get("reconnect_interval")
    {
        timeout_ms = parse_interval_ms(reconnect);
        plan.resources[resource].reconnect_interval_ms = timeout_ms.into();
    }
    plan.resources[resource].failure_timeout_ms = timeout_ms.into();
}

fn read_utilization(plan: &mut Plan<'_>, resource: ResourceId) {
    let input = Input {
        now: plan.now,
        ..Input::default()
    };
    let mut findings = Findings::default();
    let of = &mut plan.resources[resource];
    nvset::collect(
        of.xml,
        "utilization",
        None,
        &input,
        &mut of.utilization,
        &mut findings,
    );
    note_findings(plan, findings);
}

/// Whether the template that `element` is made from, if any, was found (see `expansion`).
fn check_template(plan: &mut Plan<'_>, element: Element<'_>, name: &str) -> bool {
    match crate::expansion::missing_template(element) {
        None => true,
        Some(template) => {
            plan.configuration_error(if template == name {
                format!("The resource object '{name}' should not reference itself")
            } else {
                format!("No template named '{template}'")
            });
            false
        }
    }
}

/// Says so where the operations are a reference to others that are not there (see `expansion`).
fn check_operations(plan: &mut Plan<'_>, element: Element<'_>) {
    let operations = element.child("operations");
    if let Some(id) = operations.and_then(|operations| operations.attribute("id-ref")) {
        plan.configuration_error(format!(
            "Ignoring invalid operations configuration: id-ref '{id}' does not reference a valid \
             object"
        ));
    }
}
