//! The configuration, turned into what each virtual router needs to run on this machine.

use std::net::IpAddr;
use std::time::Duration;

use diagnostics::{Diagnostic, Diagnostics, Spanned};
use keepalived_config::Configuration;
use keepalived_config::model::{
    Announce, InitialState, Instance, Notify, TrackedInterface, TrackedScript, Transport, Version,
    VirtualAddress,
};
use vrrp::{Announcements, Authentication, Family, HelloKey, Settings};

use crate::network::Network;

/// Everything that runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// In the order of the configuration.
    pub(crate) routers: Vec<RouterPlan>,
    /// Names of scripts that some router tracks.
    pub(crate) tracked_scripts: Vec<String>,
}

/// One virtual router.
#[derive(Debug, Clone)]
pub(crate) struct RouterPlan {
    pub(crate) name: String,
    pub(crate) interface: String,
    pub(crate) ipv6: bool,
    /// What the election needs; its `source` is set once the interface's addresses are known.
    pub(crate) settings: Settings,
    /// The configured source address.
    pub(crate) source: Option<IpAddr>,
    pub(crate) must_have_source: bool,
    pub(crate) ignore_interface_state: bool,
    pub(crate) promote_secondaries: bool,
    pub(crate) ttl: u8,
    /// `virtual_ipaddress` and `virtual_ipaddress_excluded`.
    pub(crate) addresses: Vec<VirtualAddress>,
    pub(crate) announce: Announce,
    pub(crate) track_scripts: Vec<TrackedScript>,
    pub(crate) track_interfaces: Vec<TrackedInterface>,
    pub(crate) notify: Notify,
}

impl RouterPlan {
    /// Whether `other` is the same virtual router, so that a reload may change it in place.
    pub(crate) fn is_same_router(&self, other: &Self) -> bool {
        self.name == other.name
            && self.interface == other.interface
            && self.ipv6 == other.ipv6
            && self.ttl == other.ttl
            && self.settings.version == other.settings.version
            && self.settings.virtual_router_id == other.settings.virtual_router_id
            && self.settings.group == other.settings.group
    }

    /// The interface of one of its addresses.
    pub(crate) fn interface_of<'a>(&'a self, address: &'a VirtualAddress) -> &'a str {
        address
            .interface
            .as_ref()
            .map_or(&self.interface, |interface| &interface.value)
    }

    /// Its virtual addresses without anything about them.
    pub(crate) fn virtual_addresses(&self) -> Vec<IpAddr> {
        self.addresses
            .iter()
            .map(|address| address.address)
            .collect()
    }
}

/// Plans a configuration, and says what this machine cannot do of it.
pub(crate) fn plan(
    configuration: &Configuration,
    network: Option<&Network>,
) -> (Plan, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    for group in &configuration.sync_groups {
        diagnostics.push(
            Diagnostic::error("vrrp_sync_group is known but not built yet")
                .at(group.name.span)
                .help("let each instance track the same scripts and interfaces"),
        );
    }
    for address in &configuration.static_addresses {
        let text = "static_ipaddress is known but not built yet";
        diagnostics.push(Diagnostic::error(text).at(address.span));
    }
    let mut plan = Plan::default();
    for instance in &configuration.instances {
        if let Some(network) = network.filter(|_| !configuration.global.dynamic_interfaces) {
            for interface in interfaces(instance) {
                if network.link(&interface.value).is_none() {
                    let text = format!("interface '{}' does not exist", interface.value);
                    diagnostics.push(Diagnostic::error(text).at(interface.span));
                }
            }
        }
        if instance.state == InitialState::Master && !instance.preempt {
            let text = "nopreempt has no effect with state MASTER";
            let help = "use state BACKUP on all routers; the priority decides";
            diagnostics.push(Diagnostic::warning(text).at(instance.name.span).help(help));
        }
        if instance.owner_ignores_adverts {
            let text = "owner_ignore_adverts is known but not built yet";
            diagnostics.push(Diagnostic::error(text).at(instance.name.span));
        }
        for script in &instance.track_scripts {
            if !plan.tracked_scripts.contains(&script.name.value) {
                plan.tracked_scripts.push(script.name.value.clone());
            }
        }
        plan.routers.push(router(instance, configuration));
    }
    (plan, diagnostics)
}

fn interfaces(instance: &Instance) -> impl Iterator<Item = &Spanned<String>> {
    let addresses = instance
        .addresses
        .iter()
        .chain(&instance.excluded_addresses);
    std::iter::once(&instance.interface)
        .chain(addresses.filter_map(|address| address.interface.as_ref()))
        .chain(
            instance
                .track_interfaces
                .iter()
                .map(|tracked| &tracked.name),
        )
}

fn router(instance: &Instance, configuration: &Configuration) -> RouterPlan {
    let (peers, ttl) = match &instance.transport {
        Transport::Multicast { .. } => (Vec::new(), vrrp::HOP_LIMIT),
        Transport::Unicast { peers, ttl, .. } => {
            (peers.iter().map(|peer| peer.address.value).collect(), *ttl)
        }
    };
    RouterPlan {
        name: instance.name.value.clone(),
        interface: instance.interface.value.clone(),
        ipv6: instance.ipv6,
        settings: settings(instance, configuration, peers),
        source: instance.transport.source(),
        must_have_source: instance.track_source_address,
        ignore_interface_state: instance.ignore_interface_state,
        promote_secondaries: instance.promote_secondaries,
        ttl,
        addresses: instance
            .addresses
            .iter()
            .chain(&instance.excluded_addresses)
            .cloned()
            .collect(),
        announce: instance.announce,
        track_scripts: instance.track_scripts.clone(),
        track_interfaces: instance.track_interfaces.clone(),
        notify: instance.notify.clone(),
    }
}

fn settings(instance: &Instance, configuration: &Configuration, peers: Vec<IpAddr>) -> Settings {
    let global = &configuration.global;
    let unspecified: IpAddr = if instance.ipv6 {
        std::net::Ipv6Addr::UNSPECIFIED.into()
    } else {
        std::net::Ipv4Addr::UNSPECIFIED.into()
    };
    let starts_as_master = instance.state == InitialState::Master;
    let repeat = |count: u32| u8::try_from(count).unwrap_or(u8::MAX);
    let announce = &instance.announce;
    Settings {
        version: match instance.version {
            Version::V2 => vrrp::Version::V2,
            Version::V3 => vrrp::Version::V3,
        },
        family: if instance.ipv6 {
            Family::V6
        } else {
            Family::V4
        },
        virtual_router_id: instance.virtual_router_id.value,
        priority: instance.priority,
        starts_as_master,
        advert_interval: instance.advert_interval,
        // With state MASTER keepalived drops both.
        preempt: instance.preempt || starts_as_master,
        preempt_delay: if starts_as_master {
            Duration::ZERO
        } else {
            instance.preempt_delay
        },
        addresses: instance
            .addresses
            .iter()
            .map(|address| address.address)
            .collect(),
        source: instance.transport.source().unwrap_or(unspecified),
        group: match &instance.transport {
            Transport::Multicast { group, .. } => *group,
            Transport::Unicast { .. } if instance.ipv6 => global.multicast_group_v6.into(),
            Transport::Unicast { .. } => global.multicast_group_v4.into(),
        },
        unicast_peers: peers,
        unicast_hop_limits: match &instance.transport {
            Transport::Multicast { .. } => Vec::new(),
            Transport::Unicast { peers, .. } => peers
                .iter()
                .map(|peer| peer.min_ttl..=peer.max_ttl)
                .collect(),
        },
        check_unicast_source: instance.check_unicast_source,
        authentication: match instance.password {
            Some(password) => Authentication::Pass(password),
            None => Authentication::None,
        },
        lower_priority_no_advert: instance.lower_priority_no_advert,
        higher_priority_send_advert: instance.higher_priority_send_advert,
        skip_check_addresses: instance.skip_address_check,
        down_timer_adverts: instance.down_timer_adverts,
        startup_delay: global
            .startup_delay
            .max(left_after_boot(global.delay_after_boot)),
        announcements: Announcements {
            repeat: repeat(announce.repeat),
            delay: announce.delay,
            refresh: announce.refresh,
            refresh_repeat: repeat(announce.refresh_repeat),
            lower_priority_repeat: repeat(announce.lower_priority_repeat),
            lower_priority_delay: announce.lower_priority_delay,
        },
        hello: Some(match instance.password {
            Some(password) => HelloKey::password(&password),
            None => HelloKey::none(),
        }),
    }
}

/// How long the machine must still be up for `vrrp_delay_after_boot`.
fn left_after_boot(delay: Duration) -> Duration {
    if delay.is_zero() {
        return delay;
    }
    let uptime = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
    uptime.map_or(Duration::ZERO, |uptime| delay.saturating_sub(uptime.into()))
}
