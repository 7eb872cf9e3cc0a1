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
    /// `static_ipaddress`, each with its interface: added at the start and left at the end.
    pub(crate) static_addresses: Vec<(String, VirtualAddress)>,
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
    /// The virtual addresses of all routers: none of them is an address of the interface's own.
    pub(crate) never_sources: Vec<IpAddr>,
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
    let mut plan = Plan::default();
    let default_interface = &configuration.global.default_interface;
    for address in &configuration.static_addresses {
        let interface = address.interface.as_ref().map(|interface| &interface.value);
        let interface = interface.unwrap_or(default_interface).clone();
        let is_missing = network.is_some_and(|network| network.link(&interface).is_none());
        if is_missing && !configuration.global.dynamic_interfaces {
            let text = format!("interface '{interface}' does not exist");
            diagnostics.push(Diagnostic::error(text).at(address.span));
        }
        plan.static_addresses.push((interface, address.clone()));
    }
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
        for script in &instance.track_scripts {
            if !plan.tracked_scripts.contains(&script.name.value) {
                plan.tracked_scripts.push(script.name.value.clone());
            }
        }
        plan.routers.push(router(instance, configuration));
    }
    let virtual_addresses: Vec<IpAddr> = plan
        .routers
        .iter()
        .flat_map(RouterPlan::virtual_addresses)
        .collect();
    for router in &mut plan.routers {
        router.never_sources.clone_from(&virtual_addresses);
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
        never_sources: Vec::new(),
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
        owner_ignores_adverts: instance.owner_ignores_adverts,
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

#[cfg(test)]
pub(crate) mod tests {
    use keepalived_config::{Files, Inputs, load};
    use system::address::InterfaceAddress;
    use system::link::Link;
    use system::monitor::NetworkEvent;

    use super::*;

    struct OneFile(String);

    impl Files for OneFile {
        fn matching(&mut self, _: &str, _: &str) -> Result<Vec<String>, String> {
            Ok(Vec::new())
        }

        fn read(&mut self, _: &str) -> Result<String, String> {
            Ok(self.0.clone())
        }
    }

    /// A machine with `eth0` (10.0.0.1, fe80::1) and `eth1` (nothing).
    pub(crate) fn machine() -> Network {
        let mut network = Network::default();
        for (index, name) in [(1, "eth0"), (2, "eth1")] {
            network.apply(&NetworkEvent::Link(link(index, name, true)));
        }
        for (address, scope) in [("10.0.0.1", 0), ("fe80::1", 253)] {
            network.apply(&NetworkEvent::Address(on_eth0(address, scope)));
        }
        network
    }

    pub(crate) fn link(index: u32, name: &str, running: bool) -> Link {
        Link {
            index,
            name: name.to_owned(),
            mac: vec![2, 0, 0, 0, 0, 1],
            mtu: 1500,
            up: true,
            running,
            loopback: false,
            controller: None,
        }
    }

    pub(crate) fn on_eth0(address: &str, scope: u8) -> InterfaceAddress {
        InterfaceAddress {
            interface_index: 1,
            address: address.parse().expect("a test's address"),
            prefix_len: 24,
            scope,
            label: None,
            tentative: false,
            deprecated: false,
            peer: None,
            duplicated: false,
            secondary: false,
        }
    }

    /// Reads and plans a configuration; each message in words.
    pub(crate) fn planned(text: &str) -> (Plan, Vec<String>) {
        let mut sources = diagnostics::Sources::new();
        let mut files = OneFile(text.to_owned());
        let loaded = load("test.conf", &Inputs::default(), &mut files, &mut sources);
        let configuration = loaded
            .configuration
            .expect("a test's configuration is readable");
        let (plan, diagnostics) = plan(&configuration, Some(&machine()));
        let messages = diagnostics
            .iter()
            .map(|message| message.message.clone())
            .collect();
        (plan, messages)
    }

    /// One instance on eth0 with these lines more.
    pub(crate) fn instance(lines: &str) -> String {
        format!(
            "vrrp_instance one {{\n interface eth0\n virtual_router_id 51\n \
             virtual_ipaddress {{\n 10.0.0.200/24\n }}\n{lines}\n}}\n"
        )
    }

    #[test]
    fn what_this_machine_cannot_do_is_said() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(planned(text).1, expected, "{text}");
        };
        check(&instance(""), &[]);
        check(
            &instance("").replace("eth0", "eth7"),
            &["interface 'eth7' does not exist"],
        );
        check(
            &instance("").replace("/24", "/24 dev eth8"),
            &["interface 'eth8' does not exist"],
        );
        check(
            &instance("track_interface {\n eth9\n }"),
            &["interface 'eth9' does not exist"],
        );
        let dynamic = "global_defs {\n dynamic_interfaces\n}\n".to_owned();
        check(&(dynamic + &instance("").replace("eth0", "eth7")), &[]);
    }

    #[test]
    fn settings_follow_the_configuration() {
        let settings = |lines: &str| planned(&instance(lines)).0.routers[0].settings.clone();
        let plain = settings("");
        assert_eq!((plain.priority, plain.preempt), (100, true));
        assert_eq!(plain.announcements, Announcements::default());
        assert_eq!(plain.hello, Some(HelloKey::none()));
        let password = "authentication {\n auth_type PASS\n auth_pass secret12\n }";
        let with_password = settings(password);
        assert_eq!(
            with_password.authentication,
            Authentication::pass(b"secret12")
        );
        assert_eq!(with_password.hello, Some(HelloKey::password(b"secret12")));
        // With state MASTER keepalived drops nopreempt.
        assert!(settings("state MASTER\n nopreempt").preempt);
        assert!(!settings("nopreempt").preempt);
        let far = settings("unicast_peer {\n 10.1.0.2 min_ttl 60\n }");
        assert_eq!(far.unicast_hop_limits, [60..=255]);
    }

    #[test]
    fn a_reload_knows_which_router_is_the_same() {
        let router = |text: &str| planned(text).0.routers[0].clone();
        let old = router(&instance("priority 100"));
        let check = |text: &str, expected: bool| {
            assert_eq!(router(text).is_same_router(&old), expected, "{text}");
        };
        check(&instance("priority 200\n advert_int 3\n nopreempt"), true);
        check(&instance("").replace("10.0.0.200", "10.0.0.201"), true);
        check(&instance("").replace("51", "52"), false);
        check(&instance("").replace("eth0", "eth1"), false);
        check(&instance("version 3"), false);
        check(&instance("").replace("one", "two"), false);
    }
}
