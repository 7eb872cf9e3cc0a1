use std::collections::BTreeMap;

use diagnostics::{Sources, render_line};

use super::*;

/// Files in memory; a pattern matches as a whole path, with one `*`.
pub(crate) struct Texts(BTreeMap<String, String>);

impl Texts {
    pub(crate) fn new(texts: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| (path.to_string(), text.to_string());
        Self(texts.iter().map(owned).collect())
    }
}

impl Files for Texts {
    fn matching(&mut self, directory: &str, pattern: &str) -> Result<Vec<String>, String> {
        let path = if pattern.starts_with('/') {
            pattern.to_owned()
        } else {
            format!("{}/{pattern}", directory.trim_end_matches('/'))
        };
        let (start, end) = path.split_once('*').unwrap_or((&path, ""));
        let matches = |name: &&String| {
            (path.contains('*') && name.starts_with(start) && name.ends_with(end)) || **name == path
        };
        Ok(self.0.keys().filter(matches).cloned().collect())
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "no such file".to_owned())
    }
}

/// Loads one text and renders what was said about it.
fn loaded(text: &str) -> (Option<Configuration>, Vec<String>) {
    loaded_as("", text)
}

fn loaded_as(config_id: &str, text: &str) -> (Option<Configuration>, Vec<String>) {
    let inputs = Inputs {
        config_id: config_id.to_owned(),
        ..Inputs::default()
    };
    let mut sources = Sources::new();
    let loaded = load(
        "k.conf",
        &inputs,
        &mut Texts::new(&[("k.conf", text)]),
        &mut sources,
    );
    let messages = loaded
        .diagnostics
        .iter()
        .map(|message| render_line(&sources, message))
        .collect();
    (loaded.configuration, messages)
}

const LANDLORD_SLAVE: &str = r#"
global_defs {
    # Keepalived process identifier
    lvs_id landlord_ethyl
}
# Script used to check if HAProxy is running
vrrp_script check_haproxy {
    script "killall -0 haproxy"
    interval 2
    weight 2
}
vrrp_instance router37 {
    state SLAVE
    interface eth1
    virtual_router_id 37
    priority 100
    # The virtual ip address shared between the two loadbalancers
    virtual_ipaddress {
        192.168.56.200
    }
    track_script {
        check_haproxy
    }
}
"#;

#[test]
fn the_landlords_file_is_understood_with_two_notices() {
    let (configuration, messages) = loaded(LANDLORD_SLAVE);
    assert_eq!(
        messages,
        [
            "k.conf:4:5: notice: 'lvs_id' is the old name of 'router_id'",
            "k.conf:13:11: notice: 'SLAVE' is the old name of 'BACKUP'",
        ]
    );
    insta::assert_debug_snapshot!(configuration.unwrap());
}

/// An instance that is complete, with `more` in it.
fn instance(more: &str) -> String {
    format!(
        "vrrp_instance V {{\ninterface eth0\nvirtual_router_id 1\n\
         virtual_ipaddress {{\n192.0.2.1/24\n}}\n{more}\n}}\n"
    )
}

fn check_message(text: &str, expected: &str) {
    let (configuration, messages) = loaded(text);
    assert!(
        messages.iter().any(|message| message.contains(expected)),
        "{text}\nexpected: {expected}\nfound: {messages:#?}"
    );
    let refused = messages.iter().any(|message| message.contains(": error: "));
    assert_eq!(configuration.is_none(), refused, "{text}\n{messages:#?}");
}

#[test]
fn each_mistake_is_told_where_it_stands_and_with_what_was_meant() {
    for (text, expected) in [
        (
            "vrrp_instanse V {\n}\n",
            "k.conf:1:1: error: unknown keyword 'vrrp_instanse' at the top level (unknown keyword; did you mean 'vrrp_instance'?)",
        ),
        ("global_defs {\n routerid x\n}", "did you mean 'router_id'?"),
        (
            "global_defs {\n priority 1\n}",
            "'priority' does not stand in 'global_defs' (belongs elsewhere; it belongs in 'vrrp_instance')",
        ),
        ("priority 1", "'priority' does not stand at the top level"),
        (
            "global_defs {\n vrrp_script x {\n}\n}",
            "(belongs to the top level)",
        ),
        (
            "virtual_server 1.2.3.4 80 {\n real_server x {\n}\n}",
            "'virtual_server' at the top level is a keyword of keepalived that is not built yet",
        ),
        ("global_defs {\n enable_dbus\n}", "not built yet"),
        (
            "global_defs {\n router_id a\n router_id b\n}",
            "k.conf:3:2: warning: 'router_id' is given twice",
        ),
        ("global_defs {\n router_id a b\n}", "unexpected 'b'"),
        ("global_defs {\n router_id\n}", "'router_id' needs a value"),
        (
            "global_defs {\n enable_script_security maybe\n}",
            "neither on nor off",
        ),
        ("global_defs {\n vrrp_strict\n}", "not built yet"),
        (
            "global_defs {\n vrrp_mcast_group4 10.0.0.1\n}",
            "not a multicast group",
        ),
        (
            "global_defs {\n vrrp_mcast_group4 ff02::12\n}",
            "not an IPv4 address",
        ),
        (
            "global_defs {\n smtp_server 127.0.0.1\n}",
            "notice: 'smtp_server' has no effect: no mail is sent without smtp_alert",
        ),
        ("global_defs {\n smtp_alert on\n}", "not built yet"),
        ("global_defs {", "the '{' of 'global_defs' is never closed"),
        ("}", "'}' without '{'"),
        ("{\n}", "'{' without a keyword"),
        ("global_defs\nvrrp_script", "'global_defs' needs a block"),
        (
            "global_defs {\n router_id \"a\n}",
            "opens a \" that it does not close",
        ),
        ("vrrp_script {\n script x\n}", "'vrrp_script' needs a name"),
        ("vrrp_script s {\n}", "this vrrp_script has no 'script'"),
        ("vrrp_script s {\n script \"\"\n}", "an empty command"),
        (
            "vrrp_script s {\n script killall -0 haproxy\n}",
            "stand inside its quotes",
        ),
        (
            "vrrp_script s {\n script \"x 'y\"\n}",
            "opens a ' that it does not close",
        ),
        (
            "vrrp_script s {\n script x\n}",
            "warning: vrrp_script 's' is never run",
        ),
        (
            "vrrp_script s {\n script x\n interval 0\n}",
            "not a number of seconds from 0.001",
        ),
        (
            "vrrp_script s {\n script x\n rise 0\n}",
            "not a whole number from 1",
        ),
        (
            "vrrp_script s {\n script x\n weight 254\n}",
            "'254' for 'weight' is not a whole number from -253 to 253",
        ),
        (
            "vrrp_script s {\n script x\n weight 2 revers\n}",
            "did you mean 'reverse'?",
        ),
        (
            "vrrp_script s {\n script x\n}\nvrrp_script s {\n script x\n}",
            "there are two of vrrp_script 's'",
        ),
        (
            "vrrp_sync_group G {\n group {\n V\n}\n}",
            "there is no vrrp_instance 'V'",
        ),
        ("vrrp_sync_group G {\n}", "has no members"),
        (
            "static_ipaddress {\n 10.0.0.1/33\n}",
            "'33' is not a prefix length from 0 to 32",
        ),
        (
            "static_ipaddress {\n 10.0.0.1 scope lnk\n}",
            "did you mean 'link'?",
        ),
        (
            "static_ipaddress {\n 10.0.0.1 foo\n}",
            "unknown option 'foo' of an address",
        ),
        (
            "static_ipaddress {\n 10.0.0.1 dev\n}",
            "'dev' needs a value",
        ),
        ("static_ipaddress {\n ::1 brd +\n}", "IPv6 has no broadcast"),
        ("static_ipaddress {\n ::1 label x\n}", "cannot have a label"),
        (
            "static_ipaddress {\n 10.0.0.1 peer ::1\n}",
            "the other IP version",
        ),
        ("vrrp_instance V {\n}", "this instance has no 'interface'"),
    ] {
        check_message(text, expected);
    }
    for (more, expected) in [
        (
            "state MASTR",
            "k.conf:7:7: error: unknown state 'MASTR' (did you mean 'MASTER'?)",
        ),
        ("state other", "expected MASTER or BACKUP"),
        ("interface sixteen-letters-", "1 to 15 bytes"),
        (
            "state MASTER",
            "warning: 'state MASTER' without 'priority' means priority 255",
        ),
        ("priority 0", "not a whole number from 1 to 255"),
        ("priority 256", "not a whole number from 1 to 255"),
        ("virtual_router_id 256", "not a whole number from 1 to 255"),
        ("virtual_router_id 0", "not a whole number from 1 to 255"),
        ("advert_int 0.5", "VRRP version 2 counts in whole seconds"),
        ("advert_int 0", "not a number of seconds from 0.01 to 255"),
        ("advert_int 256", "not a number of seconds"),
        ("version 3\nadvert_int 41", "at most 40.95 seconds"),
        ("version 3\nadvert_int 0.015", "hundredths of a second"),
        ("version 4", "not a whole number from 2 to 3"),
        (
            "preempt_delay 1001",
            "not a number of seconds from 0 to 1000",
        ),
        (
            "state MASTER\nnopreempt",
            "warning: 'nopreempt' has no effect with 'state MASTER'",
        ),
        (
            "nopreempt\npreempt_delay 5",
            "'preempt_delay' has no effect with 'nopreempt'",
        ),
        (
            "virtual_ipaddress {\n2001:db8::1\n}",
            "IPv4 and IPv6 addresses in one",
        ),
        ("track_script {\nchk\n}", "there is no vrrp_script 'chk'"),
        ("track_script {\nchk wieght 2\n}", "did you mean 'weight'?"),
        ("track_interface {\neth1 weight 300\n}", "from -253 to 253"),
        ("track_file {\nx\n}", "not built yet"),
        ("use_vmac", "not built yet"),
        ("no_accept", "not built yet"),
        ("smtp_alert", "not built yet"),
        (
            "authentication {\nauth_type PASS\nauth_pass 123456789\n}",
            "warning: only the first 8 bytes",
        ),
        ("authentication {\nauth_type AH\n}", "not built yet"),
        ("authentication {\nauth_type PAS\n}", "did you mean 'PASS'?"),
        (
            "version 3\nauthentication {\nauth_type PASS\nauth_pass x\n}",
            "VRRP version 3 has no authentication",
        ),
        (
            "unicast_src_ip 192.0.2.2",
            "a unicast keyword without 'unicast_peer'",
        ),
        ("unicast_peer {\n2001:db8::1\n}", "in an instance of IPv4"),
        (
            "unicast_peer {\n192.0.2.3 min_ttl\n}",
            "'min_ttl' needs a value",
        ),
        ("native_ipv6", "'native_ipv6' with IPv4 addresses"),
        ("notify", "'notify' needs a value"),
        ("notify_master /x root root root", "unexpected 'root'"),
    ] {
        check_message(&instance(more), expected);
    }
}

#[test]
fn the_same_virtual_router_twice_is_refused_where_both_would_hear_it() {
    let of = |name: &str, address: &str, more: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id 7\n{more}\n\
             virtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let peer = |address: &str| format!("unicast_peer {{\n{address}\n}}");
    for (second, clashes) in [
        (of("B", "192.0.2.2", ""), true),
        (of("B", "2001:db8::1", ""), false),
        (of("B", "192.0.2.2", "mcast_dst_ip 224.0.0.19"), false),
        (of("B", "192.0.2.2", &peer("198.51.100.1")), false),
        (of("B", "192.0.2.2", "interface eth1"), false),
        (of("B", "192.0.2.1", "virtual_router_id 8"), true),
        (of("A", "192.0.2.2", "virtual_router_id 8"), true),
    ] {
        let (configuration, messages) = loaded(&(of("A", "192.0.2.1", "") + &second));
        assert_eq!(configuration.is_none(), clashes, "{second}\n{messages:#?}");
    }
}

#[test]
fn each_keyword_is_known_in_its_block() {
    for block in keywords::Block::ALL {
        for keyword in block.keywords() {
            let text = match block {
                keywords::Block::Top => format!("{keyword}\n"),
                keywords::Block::Authentication => {
                    instance(&format!("authentication {{\n{keyword}\n}}"))
                }
                keywords::Block::VrrpInstance => instance(keyword),
                _ => format!("{} x {{\n{keyword}\n}}\n", block.name()),
            };
            let (_, messages) = loaded(&text);
            let unknown = |message: &String| {
                let at_fault = format!("unknown keyword '{keyword}'");
                message.contains(&at_fault) || message.contains(&format!("'{keyword}' does not"))
            };
            assert!(!messages.iter().any(unknown), "{text}\n{messages:#?}");
        }
    }
}

#[test]
fn what_is_written_ends_up_in_the_model() {
    use model::{InitialState, Transport, Version, Weight};
    use std::time::Duration;

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

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n\t]{0,400}") {
        loaded(&text);
    }

    #[test]
    fn no_mixture_of_its_own_words_makes_it_panic(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..80)
    ) {
        loaded_as("main", &words.concat());
    }
}

const WORDS: &[&str] = &[
    " ",
    "\n",
    "\n",
    "\t",
    "{",
    "}",
    "{\n",
    "}\n",
    "\"",
    "'",
    "\\",
    "\\\n",
    "#",
    "!",
    "@main ",
    "@^main ",
    "$A=",
    "$A",
    "${A}",
    "${_ENV X}",
    "${_RANDOM 1 2}",
    "${_HASH}",
    "~SEQ(A,1,3) ",
    "~SEQx(B, 1) ",
    "~LST({A,B},{1,2}) ",
    "include k.conf",
    "include *",
    "global_defs",
    "vrrp_instance V ",
    "vrrp_script s ",
    "virtual_ipaddress ",
    "192.0.2.1/24 ",
    "2001:db8::1 ",
    "track_script ",
    "weight ",
    "-5 ",
    "0 ",
    "9999999999999999999 ",
    "interface ",
    "eth0 ",
    "state ",
    "MASTER ",
    "advert_int ",
    "0.01 ",
    "notify ",
    "\"/bin/x 'y' z\" ",
    "authentication ",
    "auth_type ",
    "PASS ",
    "auth_pass ",
    "ö",
    "\u{0}",
    "unicast_peer ",
    "min_ttl ",
    "brd ",
    "+ ",
    "/",
    "priority ",
];
