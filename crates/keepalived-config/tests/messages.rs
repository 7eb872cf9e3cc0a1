//! What is said about a configuration with a mistake in it.

mod support;

use support::loaded;

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
        (
            "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n2001:db8::1\n}\n}",
            "notice: the first IPv6 address should be a link-local one",
        ),
        ("vrrp_instance V {\n}", "this instance has no 'interface'"),
        (
            "vrrp_sync_group G {\n track_script {\n chk\n}\n group {\n V\n}\n}",
            "there is no vrrp_script 'chk'",
        ),
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
        (of("B", "192.0.2.1", "virtual_router_id 8"), false),
        (of("A", "192.0.2.2", "virtual_router_id 8"), true),
    ] {
        let (configuration, messages) = loaded(&(of("A", "192.0.2.1", "") + &second));
        assert_eq!(configuration.is_none(), clashes, "{second}\n{messages:#?}");
    }
}

#[test]
fn what_follows_from_a_mistake_is_not_told_again() {
    let text = "vrrp_script chk {\n}\nvrrp_instance V {\n interface eth0\n priority 0\n \
                track_script {\n chk\n}\n}\nvrrp_sync_group G {\n group {\n V\n}\n}\n";
    let (_, messages) = loaded(text);
    assert!(
        !messages
            .iter()
            .any(|message| message.contains("there is no")),
        "{messages:#?}"
    );
}
