//! What must hold between blocks.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::Diagnostic;

use super::Name;
use super::reading::Reading;
use crate::model::{Configuration, Instance, Transport};

/// Says what does not hold.
///
/// `instance_names` are those of all instances, the ones that were refused included.
pub(super) fn check(
    configuration: &Configuration,
    instance_names: &[Name],
    reading: &mut Reading<'_>,
) {
    let Configuration {
        scripts,
        sync_groups,
        instances,
        ..
    } = configuration;
    let names = |what: &'static str, names: Vec<&Name>, reading: &mut Reading<'_>| {
        let mut seen = BTreeMap::new();
        for name in names {
            if seen.insert(name.value.clone(), name.span).is_some() {
                let message = format!("there are two of {what} '{}'", name.value);
                reading.tell(Diagnostic::error(message).at(name.span).label("the second"));
            }
        }
    };
    let scripts_names = scripts.iter().map(|script| &script.name).collect();
    names("vrrp_script", scripts_names, reading);
    let group_names = sync_groups.iter().map(|group| &group.name).collect();
    names("vrrp_sync_group", group_names, reading);
    names("vrrp_instance", instance_names.iter().collect(), reading);

    check_virtual_routers(instances, reading);
    check_members(configuration, instance_names, reading);
    check_use(configuration, reading);
    check_same_address(instances, reading);
}

/// Two instances that would hear each other's adverts as their own.
fn check_virtual_routers(instances: &[Instance], reading: &mut Reading<'_>) {
    let mut seen: BTreeMap<(&str, bool, u8), Vec<&Instance>> = BTreeMap::new();
    for instance in instances {
        let key = (
            instance.interface.value.as_str(),
            instance.ipv6,
            instance.virtual_router_id.value,
        );
        let before = seen.entry(key).or_default();
        let clash = before
            .iter()
            .find(|other| hear_each_other(&other.transport, &instance.transport));
        if let Some(other) = clash {
            let message = format!(
                "virtual_router_id {} is used on '{}' by '{}' already",
                instance.virtual_router_id.value, instance.interface.value, other.name.value
            );
            let span = instance.virtual_router_id.span;
            reading.tell(Diagnostic::error(message).at(span).label("the second"));
        }
        before.push(instance);
    }
}

fn hear_each_other(one: &Transport, other: &Transport) -> bool {
    match (one, other) {
        (Transport::Multicast { group: a, .. }, Transport::Multicast { group: b, .. }) => a == b,
        (Transport::Unicast { peers: a, .. }, Transport::Unicast { peers: b, .. }) => {
            a.iter().any(|peer| {
                b.iter()
                    .any(|other| other.address.value == peer.address.value)
            })
        }
        _ => false,
    }
}

/// Members of groups exist and belong to one.
fn check_members(
    configuration: &Configuration,
    instance_names: &[Name],
    reading: &mut Reading<'_>,
) {
    let names: BTreeSet<&str> = instance_names.iter().map(|name| name.as_str()).collect();
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    for group in &configuration.sync_groups {
        for member in &group.members {
            let name = member.value.as_str();
            if !names.contains(name) {
                let message = Diagnostic::error(format!("there is no vrrp_instance '{name}'"))
                    .at(member.span)
                    .suggest(name, names.iter().copied());
                reading.tell(message);
            }
            if let Some(other) = owner.insert(name, &group.name.value) {
                let message = format!("'{name}' is a member of '{other}' already");
                reading.error(member.span, message);
            }
        }
    }
}

/// A script that nobody tracks is never run.
fn check_use(configuration: &Configuration, reading: &mut Reading<'_>) {
    let instances = configuration.instances.iter().map(|i| &i.track_scripts);
    let groups = configuration.sync_groups.iter().map(|g| &g.track_scripts);
    let tracked: BTreeSet<&str> = instances
        .chain(groups)
        .flatten()
        .map(|tracked| tracked.name.value.as_str())
        .collect();
    for script in &configuration.scripts {
        if !tracked.contains(script.name.value.as_str()) {
            let message = format!(
                "vrrp_script '{}' is never run: nobody tracks it",
                script.name.value
            );
            reading.warning(script.name.span, message);
        }
    }
}

/// An address that two instances would hold.
fn check_same_address(instances: &[Instance], reading: &mut Reading<'_>) {
    let mut seen: BTreeMap<_, &str> = BTreeMap::new();
    for instance in instances {
        let all = instance
            .addresses
            .iter()
            .chain(&instance.excluded_addresses);
        for held in all {
            let on = held.interface.as_ref().unwrap_or(&instance.interface);
            let key = (held.address, held.prefix_len, on.value.as_str());
            if let Some(other) = seen.insert(key, &instance.name.value) {
                let message = format!("{} is held by '{other}' already", held.address);
                reading.warning(held.span, message);
            }
        }
    }
}
