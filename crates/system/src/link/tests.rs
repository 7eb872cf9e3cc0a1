use super::*;
use crate::namespace::tests::{connected_pair, in_own_network};
use crate::namespace::{Namespaces, spawn_in_new, within};
use crate::process::{RoleCommand, Signal};

#[test]
fn a_link_runs_while_both_of_its_ends_are_up() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, b) = connected_pair(&mut netlink);
        assert!(a.usable() && b.usable());
        assert_eq!(a.mtu, 1500);
        assert!(a.ethernet_address().is_some());
        netlink.set_up(b.index, false).unwrap();
        let a = netlink.link(a.index).unwrap().unwrap();
        assert!(a.up && !a.running, "cut at the other end");
        netlink.remove_link(b.index).unwrap();
        assert_eq!(netlink.link_by_name("a").unwrap(), None, "gone with it");
        assert_eq!(netlink.link(a.index).unwrap(), None);
    });
}

#[test]
fn a_name_that_cannot_be_one_is_never_found_nor_made() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        for name in ["", "a/b", "a b", "sixteen-letters-"] {
            assert_eq!(netlink.link_by_name(name).unwrap(), None, "{name}");
            assert!(netlink.create_bridge(name).is_err(), "{name}");
        }
        netlink.create_bridge("fifteen-letters").unwrap();
        let found = netlink.link_by_name("fifteen-letters").unwrap().unwrap();
        assert_eq!(found.name, "fifteen-letters");
        assert!(netlink.create_bridge("fifteen-letters").is_err(), "twice");
        netlink.rename(found.index, "other").unwrap();
        let renamed = netlink.link(found.index).unwrap().unwrap();
        assert_eq!(renamed.name, "other");
        assert!(netlink.rename(found.index, "a b").is_err());
    });
}

#[test]
fn machines_are_wired_to_a_switch() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        netlink.create_bridge("switch").unwrap();
        let switch = netlink.link_by_name("switch").unwrap().unwrap();
        netlink.set_up(switch.index, true).unwrap();
        let command = RoleCommand::program("/bin/sleep", "sleep").argument("1000");
        let machine = spawn_in_new(command, Namespaces::NETWORK).unwrap();
        let pid = machine.pid().as_raw() as u32;

        netlink.create_veth("port1", "far1").unwrap();
        let port = netlink.link_by_name("port1").unwrap().unwrap();
        let far = netlink.link_by_name("far1").unwrap().unwrap();
        netlink.set_mac(far.index, [2, 0, 0, 0, 0, 1]).unwrap();
        netlink
            .set_controller(port.index, Some(switch.index))
            .unwrap();
        netlink.set_up(port.index, true).unwrap();
        netlink.move_link(far.index, pid, "eth1").unwrap();
        let port = netlink.link(port.index).unwrap().unwrap();
        assert_eq!(port.controller, Some(switch.index));
        assert_eq!(netlink.link_by_name("far1").unwrap(), None);

        within(machine.pidfd(), Namespaces::NETWORK, || {
            let mut netlink = Netlink::open().unwrap();
            let eth1 = netlink.link_by_name("eth1").unwrap().unwrap();
            assert_eq!(eth1.ethernet_address(), Some([2, 0, 0, 0, 0, 1]));
            netlink.set_up(eth1.index, true).unwrap();
            let address = crate::address::NewAddress::new(eth1.index, [192, 0, 2, 1].into(), 24);
            netlink.add_address(&address).unwrap();
            let route = Route {
                destination: [0, 0, 0, 0].into(),
                prefix_len: 0,
                gateway: Some([192, 0, 2, 254].into()),
                interface_index: None,
            };
            netlink.add_route(&route).unwrap();
            netlink.add_route(&route).unwrap();
            let table = std::fs::read_to_string("/proc/thread-self/net/route").unwrap();
            assert!(table.contains("eth1\t00000000\tFE0200C0"), "{table}");
        })
        .unwrap();
        netlink.set_controller(port.index, None).unwrap();
        machine.signal(Signal::SIGKILL).unwrap();
        machine
            .wait_within(std::time::Duration::from_secs(20))
            .unwrap();
    });
}
