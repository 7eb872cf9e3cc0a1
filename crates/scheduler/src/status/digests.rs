//! Digests of parameters: whether an operation was executed with those that are configured now.
//!
//! A digest is the MD5 sum of the parameters as the attributes of a `<parameters>` element, sorted
//! by name. What goes in (who comes first wins):
//!
//! 1. for the connection to a bundle's container whose address is "wherever the container runs":
//!    the container's host as `addr`;
//! 2. the resource's parameters as they hold on the node;
//! 3. the operation's own parameters;
//! 4. for a recurring operation, its `CRM_meta_timeout`.
//!
//! Left out are other names that begin with `CRM_meta_`, and `id`, `crm_feature_set`, `op-digest`,
//! `on_node`, `on_node_uuid` and `pcmk_external_ip`.
//!
//! History records up to three digests, and [`compare`] compares two of them:
//!
//! | recorded | of | if it differs |
//! | --- | --- | --- |
//! | `op-restart-digest` | those in `op-force-restart`, which cannot be changed while running | restart |
//! | `op-digest` | all | mismatch (reload), but restart for an operation that does not recur and has parameters of its own |
//! | `op-secure-digest` | all but those in `op-secure-params`, which reports mask, and the timeout | (only compared where secrets may be masked) |
//!
//! Digests are kept by node and operation. That is part of the behaviour: an operation is compared
//! with the digests made for the first history entry of its key, and the verdict "restart" for own
//! parameters lasts only until the first comparison that says otherwise.

use cib::hashed::HashMap;

use cib::Values;
use cib::digest;
use cib::xml::Element;

use super::number::interval_ms;
use crate::actions;
use crate::configuration;
use crate::model::{NodeId, Plan, ResourceId};

/// From this feature set on, secure digests are made from all parameters.
const SECURE_DIGEST_OF_ALL: [u32; 3] = [3, 16, 0];

/// The operation under whose name digests of a device's parameters are kept for unfencing.
const UNFENCING: &str = "stonith-on";

/// What fencing devices' agents take as secret where nothing was recorded.
const SECRETS_OF_DEVICES: &str = " passwd password user ";

/// What a comparison with history says of the parameters of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// They are the same.
    #[default]
    Match,
    /// They differ in what cannot be changed without a restart.
    Restart,
    /// They differ.
    Mismatch,
    /// History does not say.
    Unknown,
}

/// Digests of one operation as it is configured now.
#[derive(Clone, Debug, Default)]
pub struct Digests {
    /// Of all parameters.
    pub all: String,
    /// Without those that reports mask; only where these may be masked, and for unfencing.
    pub secure: Option<String>,
    /// Of those that force a restart.
    pub restart: Option<String>,
    /// What the last comparison said; at first, what a mismatch of all parameters means.
    pub comparison: Comparison,
}

/// Digests by node and operation key.
#[derive(Clone, Debug, Default)]
pub struct DigestCache(HashMap<(NodeId, String), Digests>);

/// What digests are to be made.
#[derive(Clone, Copy)]
struct Request<'c> {
    resource: ResourceId,
    node: NodeId,
    task: &'c str,
    interval_ms: u32,
    entry: Option<Element<'c>>,
    with_secure: bool,
}

/// Compares the parameters of the operation in `entry` with those that are configured now.
pub fn compare<'c>(
    plan: &mut Plan<'c>,
    resource: ResourceId,
    entry: Element<'c>,
    node: NodeId,
) -> Comparison {
    let interval_ms = interval_ms(entry);
    let request = Request {
        resource,
        node,
        task: entry.attribute("operation").unwrap_or_default(),
        interval_ms,
        entry: Some(entry),
        with_secure: plan.sanitized,
    };
    // A failure that has expired counts as if a parameter had changed.
    let restart_recorded = if plan.expired_recurring.contains(&entry.xml_id()) {
        Some("calculated-failure-timeout")
    } else {
        entry.attribute("op-restart-digest")
    };
    let all_recorded = entry.attribute("op-digest");
    let digests = cached(plan, request);
    let restart_differs = match (digests.restart.as_deref(), restart_recorded) {
        (Some(restart), Some(recorded)) => restart != recorded,
        _ => false,
    };
    if restart_differs {
        digests.comparison = Comparison::Restart;
    } else if let Some(all_recorded) = all_recorded {
        let own_parameters_differ = interval_ms == 0 && digests.comparison == Comparison::Restart;
        if all_recorded == digests.all {
            digests.comparison = Comparison::Match;
        } else if !own_parameters_differ {
            digests.comparison = Comparison::Mismatch;
        }
    } else {
        digests.comparison = Comparison::Unknown;
    }
    digests.comparison
}

/// Whether nothing but masked secrets differs between what is configured and the parameters of the
/// operation in `entry`, which has just been compared.
pub(super) fn only_secrets_differ<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    entry: Element<'c>,
    node: NodeId,
) -> bool {
    let task = entry.attribute("operation").unwrap_or_default();
    let key = actions::operation_key(&plan.resources[resource].id, task, interval_ms(entry));
    let recorded = entry.attribute("op-secure-digest");
    plan.sanitized
        && recorded.is_some()
        && plan.digests.0.get(&(node, key)).is_some_and(|digests| {
            digests.comparison != Comparison::Match && digests.secure.as_deref() == recorded
        })
}

/// Compares the parameters of `device`, a fencing device, with those that it had when it last
/// unfenced `node`.
pub fn compare_device(
    plan: &mut Plan<'_>,
    device: ResourceId,
    agent: &str,
    node: NodeId,
) -> Digests {
    let request = Request {
        resource: device,
        node,
        task: UNFENCING,
        interval_ms: 0,
        entry: None,
        with_secure: true,
    };
    let mut digests = cached(plan, request).clone();
    let id = &plan.resources[device].id;
    let attributes = &plan.nodes[node].attributes;
    let is_recorded = |recorded: Option<&str>, digest: &str| {
        recorded.is_some_and(|recorded| recorded.contains(&format!("{id}:{agent}:{digest}")))
    };
    let all = attributes.get("#digests-all");
    let secure_matches = digests
        .secure
        .as_deref()
        .is_some_and(|secure| is_recorded(attributes.get("#digests-secure"), secure));
    let all_matches = is_recorded(all, &digests.all);
    digests.comparison = if all.is_none() {
        Comparison::Unknown
    } else if all_matches || secure_matches {
        Comparison::Match
    } else {
        Comparison::Mismatch
    };
    let name = plan.nodes[node].name;
    if all.is_some() && secure_matches && !all_matches {
        let text = format!("Only 'private' parameters to {id} for unfencing {name} changed");
        plan.remark(text.clone());
        plan.info(text);
    } else if let (Comparison::Mismatch, true, Some(secure)) =
        (digests.comparison, plan.sanitized, &digests.secure)
    {
        plan.remark(format!(
            "Parameters to {id} for unfencing {name} changed, try '{id}:{agent}:{secure}'"
        ));
    }
    digests
}

/// Whether `resource` is the connection to a bundle's container whose address is that of the host
/// that the container will run on, which is not known before containers are assigned.
#[must_use]
pub fn address_follows_container(plan: &Plan<'_>, resource: ResourceId) -> bool {
    plan.resources[resource].is_remote_connection
        && configuration::parameters(plan, resource, None)
            .get("addr")
            .is_some_and(|address| address.eq_ignore_ascii_case("#uname"))
}

/// The name of the host of a bundle's container, for the connection to it: where it will run, or
/// else where it runs now.
#[must_use]
pub fn container_host<'c>(plan: &Plan<'c>, connection: ResourceId) -> Option<&'c str> {
    if !address_follows_container(plan, connection) {
        return None;
    }
    let container = plan.replica_of_connection(connection)?.container;
    let host = plan.resources[container]
        .assigned_to
        .or_else(|| plan.active_node(container))?;
    Some(plan.nodes[host].name)
}

fn cached<'p, 'c>(plan: &'p mut Plan<'c>, request: Request<'c>) -> &'p mut Digests {
    let id = &plan.resources[request.resource].id;
    let key = actions::operation_key(id, request.task, request.interval_ms);
    let place = (request.node, key);
    let fresh = if plan.digests.0.contains_key(&place) {
        None
    } else {
        configuration::note_changes(plan, request.resource, Some(request.node));
        Some(calculate(plan, request))
    };
    let entry = plan.digests.0.entry(place);
    entry.or_insert_with(|| fresh.unwrap_or_default())
}

fn calculate<'c>(plan: &mut Plan<'c>, request: Request<'c>) -> Digests {
    let Request {
        resource,
        node,
        task,
        interval_ms,
        entry,
        ..
    } = request;
    let configured = configuration::parameters(plan, resource, Some(node));
    let mut all = Values::new();
    if let Some(host) = container_host(plan, resource) {
        all.set("addr", host);
    }
    all.add_defaults(&configured);
    let operation = actions::operation_configuration(plan, resource, task, interval_ms, true);
    let mut has_own_parameters = false;
    if let Some(operation) = operation {
        let own = actions::operation_parameters(plan, operation, Some(node));
        has_own_parameters = !own.is_empty();
        all.add_defaults(&own);
    }
    let mut all = without_irrelevant(&all);
    // Read even where its timeout does not count: its rules may come to another result at some time.
    let meta = actions::operation_meta(plan, resource, Some(node), task, interval_ms, operation);
    if let Some(timeout) = meta.get_cow("timeout").filter(|_| interval_ms > 0) {
        all.set("CRM_meta_timeout", timeout.clone());
    }
    Digests {
        secure: request
            .with_secure
            .then(|| digest_of(&without_secrets(plan, request, &all, &configured))),
        restart: entry.and_then(|entry| restart_digest(plan, entry, &all)),
        all: digest_of(&all),
        comparison: if interval_ms == 0 && has_own_parameters {
            Comparison::Restart
        } else {
            Comparison::Match
        },
    }
}

fn without_irrelevant<'c>(values: &Values<'c>) -> Values<'c> {
    kept(values, |name| !digest::is_left_out(name))
}

fn kept<'c>(values: &Values<'c>, keep: impl FnMut(&str) -> bool) -> Values<'c> {
    let mut kept = values.clone();
    kept.retain(keep);
    kept
}

/// The digest of what forces a restart, where history has one to compare with.
fn restart_digest(plan: &Plan<'_>, entry: Element<'_>, all: &Values<'_>) -> Option<String> {
    if entry.attribute("op-restart-digest").is_none()
        && !plan.expired_recurring.contains(&entry.xml_id())
    {
        return None;
    }
    Some(match entry.attribute("op-force-restart") {
        Some(names) => digest_of(&kept(all, |name| is_listed(names, name))),
        None => digest_of(all),
    })
}

fn is_listed(names: &str, name: &str) -> bool {
    names.split(' ').any(|listed| listed == name)
}

/// What is left without secrets.
fn without_secrets<'c>(
    plan: &Plan<'c>,
    request: Request<'c>,
    all: &Values<'c>,
    configured: &Values<'c>,
) -> Values<'c> {
    let secrets = match request.entry {
        Some(entry) => entry.attribute("op-secure-params").unwrap_or_default(),
        None => SECRETS_OF_DEVICES,
    };
    let is_secret = |name: &str| is_listed(secrets, name);
    if feature_set(plan, request.entry) >= SECURE_DIGEST_OF_ALL {
        return kept(&without_irrelevant(all), |name| !is_secret(name));
    }
    // Before, neither the operation's own parameters nor those of the fencer were part of it.
    let is_device = plan.resources[request.resource].fence_device;
    kept(&without_irrelevant(configured), |name| {
        !(is_secret(name) || (is_device && is_fencer_parameter(name)))
    })
}

/// Whether a parameter of a fencing device is read by the fencer, not by the agent.
fn is_fencer_parameter(name: &str) -> bool {
    /// Parameters of the fencer that are not about one action.
    const GENERAL: [&str; 7] = [
        "action_limit",
        "delay_base",
        "delay_max",
        "host_argument",
        "host_check",
        "host_list",
        "host_map",
    ];
    match name.strip_prefix("pcmk_") {
        Some(name) => {
            let after_action = name.find('_').map_or("", |index| &name[index..]);
            GENERAL.contains(&name) || matches!(after_action, "_action" | "_timeout" | "_retries")
        }
        None => matches!(name, "provides" | "stonith-timeout"),
    }
}

/// The feature set that an operation was recorded with, or that of the CIB.
fn feature_set(plan: &Plan<'_>, entry: Option<Element<'_>>) -> [u32; 3] {
    let recorded = entry.and_then(|entry| entry.attribute("crm_feature_set"));
    let Some(text) = recorded.or_else(|| plan.cib.attribute("crm_feature_set")) else {
        return [u32::MAX; 3];
    };
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn digest_of(values: &Values<'_>) -> String {
    digest::of_parameters(values.iter())
}
