//! What is written ends up in the model.

mod support;

use std::time::Duration;

use keepalived_config::model::{InitialState, Transport, Version, Weight};
use support::loaded;

#[test]
fn what_is_written_ends_up_in_the_model() {
    let text = "
global_defs {
    router_id r1
    script_user nobody :
    enable_script_security
    vrrp_version 3
    vrrp_garp_master_repeat 2
    vrrp_garp_interval 0.001
    vrrp_mcast_group6 ff02::99
}
vrrp_script chk {
    script \"/bin/check 'a b' c\"
    interval 0.25
    timeout 0.1
    weight -20 reverse
    rise 2
    fall 3
    user root :wheel
    init_fail
}
vrrp_sync_group G {
    sync_group_tracking_weight
    group {
        V4
        V6
    }
    notify \"/bin/n x\" root
}
vrrp_instance V4 {
    interface eth0
    virtual_router_id 1
    priority 150
    advert_int 0.01
    nopreempt
    unicast_src_ip 192.0.2.10
    unicast_peer { 192.0.2.11 min_ttl 254 }
    garp_master_delay 0
    virtual_ipaddress { 192.0.2.1/24 brd + dev eth1 label eth1:v scope link }
    track_script { chk
        chk weight 5 }
    track_interface { eth2 weight -10 }
}
vrrp_instance V6 {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress { fe80::1/64
        2001:db8::1 }
    virtual_ipaddress_excluded { 192.0.2.9 no_track }
}
";
    let (configuration, messages) = loaded(text);
    let configuration = configuration.unwrap_or_else(|| panic!("{messages:#?}"));
    let user = configuration.global.script_user.as_ref().unwrap();
    assert_eq!((user.user.as_str(), &user.group), ("nobody", &None));
    assert!(user.supplementary_groups && configuration.global.script_security);

    let script = configuration.script("chk").unwrap();
    assert_eq!(script.command.words, ["/bin/check", "a b", "c"]);
    assert_eq!(script.interval, Duration::from_millis(250));
    assert_eq!(script.timeout, Duration::from_millis(100));
    let weight = Weight {
        value: -20,
        reverse: true,
    };
    assert_eq!((script.weight, script.rise, script.fall), (weight, 2, 3));
    let user = script.command.user.as_ref().unwrap();
    assert_eq!(user.group.as_ref().unwrap().as_str(), "wheel");
    assert!(script.starts_failed && user.supplementary_groups);

    let v4 = configuration.instance("V4").unwrap();
    assert_eq!(
        (v4.version, v4.ipv6, v4.priority),
        (Version::V3, false, 150)
    );
    assert_eq!((v4.state, v4.preempt), (InitialState::Backup, false));
    assert_eq!(v4.advert_interval, Duration::from_millis(10));
    let Transport::Unicast { source, peers, ttl } = &v4.transport else {
        panic!("{:?}", v4.transport);
    };
    assert_eq!(source.as_ref().unwrap().to_string(), "192.0.2.10");
    assert_eq!((peers.len(), peers[0].min_ttl, *ttl), (1, 254, 255));
    assert!(v4.check_unicast_source, "switched on by min_ttl");
    assert_eq!((v4.announce.repeat, v4.announce.delay), (2, Duration::ZERO));
    assert_eq!(v4.announce.lower_priority_repeat, 2);
    assert_eq!(v4.announce.arp_interval, Duration::from_millis(1));
    let vip = &v4.addresses[0];
    assert_eq!(vip.broadcast.unwrap().to_string(), "192.0.2.255");
    assert_eq!(vip.interface.as_ref().unwrap().as_str(), "eth1");
    assert_eq!((vip.label.as_deref(), vip.scope), (Some("eth1:v"), 253));
    let weights: Vec<i16> = v4.track_scripts.iter().map(|t| t.weight.value).collect();
    assert_eq!(weights, [-20, 5], "the script's own, and the one written");
    assert_eq!(v4.track_interfaces[0].weight.value, -10);

    let v6 = configuration.instance("V6").unwrap();
    assert_eq!((v6.version, v6.ipv6, v6.priority), (Version::V3, true, 100));
    assert_eq!(v6.addresses[0].preferred_lifetime_s, None);
    assert_eq!(v6.addresses[1].preferred_lifetime_s, Some(0), "128 bits");
    assert!(v6.excluded_addresses[0].no_track);
    let Transport::Multicast { group, .. } = &v6.transport else {
        panic!("{:?}", v6.transport);
    };
    assert_eq!(group.to_string(), "ff02::99");
    assert_eq!(configuration.sync_groups[0].members.len(), 2);
}
