//! Cluster properties, from 2.x to 3.0.
//!
//! Some have another name, some were defaults of resources or operations all along and move there
//! unless the same is said there already, some have no meaning any more.

use super::Upgrade;
use super::renames::{Case, Replacement, dropped, moved, renamed, replacement};
use crate::xml::XmlId;

const PREFIX: &str = "Cluster properties";
const THRESHOLD: &str = "migration-threshold in rsc_defaults can be configured instead";
const ALERTS: &str = "standalone alerts can be configured instead";
const OPERATIONS: &str = "op_defaults";
const RESOURCES: &str = "rsc_defaults";

/// A failure stickiness of minus infinity: the first failure moves resources away.
const fn first_failure(old: &'static str) -> Replacement {
    Replacement {
        case: Case::OneOf(&["-INFINITY"]),
        value: Some("1"),
        ..moved(old, "migration-threshold", RESOURCES)
    }
}

const PROPERTIES: &[Replacement] = &[
    Replacement {
        case: Case::OneOf(&[
            "heartbeat",
            "openais",
            "classic openais",
            "classic openais (with plugin)",
            "cman",
        ]),
        ..dropped(
            "cluster-infrastructure",
            "corosync (2+) infrastructure can be used instead, though the value is not of \
             significance",
        )
    },
    renamed("cluster_recheck_interval", "cluster-recheck-interval"),
    renamed("dc_deadtime", "dc-deadtime"),
    moved("default-action-timeout", "timeout", OPERATIONS),
    moved("default_action_timeout", "timeout", OPERATIONS),
    dropped("default-migration-threshold", THRESHOLD),
    dropped("default_migration_threshold", THRESHOLD),
    moved(
        "default-resource-stickiness",
        "resource-stickiness",
        RESOURCES,
    ),
    moved(
        "default_resource_stickiness",
        "resource-stickiness",
        RESOURCES,
    ),
    first_failure("default-resource-failure-stickiness"),
    dropped("default-resource-failure-stickiness", THRESHOLD),
    first_failure("default_resource_failure_stickiness"),
    dropped("default_resource_failure_stickiness", THRESHOLD),
    renamed("election_timeout", "election-timeout"),
    dropped(
        "expected-quorum-votes",
        "corosync (2+) infrastructure tracks quorum on its own",
    ),
    moved("is-managed-default", "is-managed", RESOURCES),
    moved("is_managed_default", "is-managed", RESOURCES),
    renamed("no_quorum_policy", "no-quorum-policy"),
    dropped("notification-agent", ALERTS),
    dropped("notification-recipient", ALERTS),
    renamed("remove_after_stop", "remove-after-stop"),
    renamed("shutdown_escalation", "shutdown-escalation"),
    renamed("startup_fencing", "startup-fencing"),
    renamed("stonith_action", "stonith-action"),
    renamed("stonith_enabled", "stonith-enabled"),
    renamed("stop_orphan_actions", "stop-orphan-actions"),
    renamed("stop_orphan_resources", "stop-orphan-resources"),
    renamed("symmetric_cluster", "symmetric-cluster"),
    renamed("transition_idle_timeout", "cluster-delay"),
];

/// Rewrites one set of properties.
pub(super) fn rewrite(upgrade: &mut Upgrade<'_>, set: XmlId) {
    for (pair, name, value) in upgrade.pairs(set) {
        let Some(what) = replacement(PROPERTIES, &name, &value) else {
            continue;
        };
        let context = upgrade.id_of(pair);
        upgrade.tell(PREFIX, &context, what);
        match (what.new, what.place) {
            (None, _) => upgrade.cib.remove(pair),
            (Some(_), None) => upgrade.rewrite_pair(pair, &value, what),
            (Some(new), Some(place)) => {
                upgrade.rewrite_pair(pair, &value, what);
                move_to_defaults(upgrade, set, pair, new, place);
            }
        }
    }
    upgrade.remove_empty_set(set);
}

/// Moves a pair of a property set to the defaults in `section`.
fn move_to_defaults(
    upgrade: &mut Upgrade<'_>,
    set: XmlId,
    pair: XmlId,
    name: &str,
    section: &'static str,
) {
    let section = defaults_section(upgrade, section);
    if upgrade.element(set).child("rule").is_some() {
        upgrade.move_to_new_set(pair, set, section);
    } else if is_said(upgrade, section, name) {
        upgrade.cib.remove(pair);
    } else {
        let target = plain_set(upgrade, section);
        upgrade.cib.move_into(pair, target);
    }
}

/// The section of that name, made where there is none.
fn defaults_section(upgrade: &mut Upgrade<'_>, name: &'static str) -> XmlId {
    let found = upgrade.find(|it| it.name() == name && super::parent_name(it) == "configuration");
    if let Some(&section) = found.first() {
        return section;
    }
    let root = upgrade.cib.root();
    let configuration = root.child("configuration").unwrap_or(root).xml_id();
    upgrade.add(configuration, name, &[])
}

/// Whether a set without a rule says something of `name`.
fn is_said(upgrade: &Upgrade<'_>, section: XmlId, name: &str) -> bool {
    upgrade
        .element(section)
        .children_named("meta_attributes")
        .filter(|set| set.child("rule").is_none())
        .flat_map(|set| set.children_named("nvpair"))
        .any(|pair| pair.attribute("name") == Some(name))
}

/// The first set without a rule, made where there is none.
fn plain_set(upgrade: &mut Upgrade<'_>, section: XmlId) -> XmlId {
    let found = upgrade
        .element(section)
        .children_named("meta_attributes")
        .find(|set| set.child("rule").is_none() && set.attribute("id-ref").is_none())
        .map(|set| set.xml_id());
    if let Some(found) = found {
        return found;
    }
    let id = match upgrade.element(section).name() {
        OPERATIONS => "_2TO3_-op-defaults",
        _ => "_2TO3_-rsc-defaults",
    };
    upgrade.add(section, "meta_attributes", &[("id", id)])
}
