use super::*;
use crate::namespace::tests::{connected_pair, in_own_network, neighbour};
use crate::namespace::within_network_of;
use crate::process::Signal;

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
        let made = netlink.create_bridge("fifteen-letters").unwrap();
        let found = netlink.link_by_name("fifteen-letters").unwrap().unwrap();
        assert_eq!(
            (found.index, found.name.as_str()),
            (made, "fifteen-letters")
        );
        assert!(netlink.create_bridge("fifteen-letters").is_err(), "twice");
    });
}

#[test]
fn machines_are_wired_to_a_switch() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let switch = netlink.create_bridge("switch").unwrap();
        netlink.set_up(switch, true).unwrap();
        let machine = neighbour();
        let pid = machine.pid().as_raw() as u32;

        let [port, far] = netlink.create_veth("port1", "far1").unwrap();
        netlink.set_mac(far, [2, 0, 0, 0, 0, 1]).unwrap();
        netlink.set_controller(port, Some(switch)).unwrap();
        netlink.set_up(port, true).unwrap();
        netlink.move_link(far, pid, "eth1").unwrap();
        let plugged = netlink.link(port).unwrap().unwrap();
        assert_eq!(plugged.controller, Some(switch));
        assert_eq!(netlink.link_by_name("far1").unwrap(), None);

        within_network_of(machine.pidfd(), || {
            let mut netlink = Netlink::open().unwrap();
            let eth1 = netlink.link_by_name("eth1").unwrap().unwrap();
            assert_eq!(eth1.ethernet_address(), Some([2, 0, 0, 0, 0, 1]));
            netlink.set_up(eth1.index, true).unwrap();
            let address = crate::address::NewAddress::new(eth1.index, [192, 0, 2, 1].into(), 24);
            netlink.add_address(&address).unwrap();
        })
        .unwrap();
        netlink.set_controller(port, None).unwrap();
        machine.signal(Signal::SIGKILL).unwrap();
        machine
            .wait_within(std::time::Duration::from_secs(20))
            .unwrap();
    });
}
