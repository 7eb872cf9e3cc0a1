use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use super::*;
use crate::address::NewAddress;
use crate::namespace::tests::{connected_pair, in_own_network};
use crate::netlink::Netlink;
use crate::process::wait_readable;

/// Reads until `wanted` is among the events.
fn until(monitor: &NetworkMonitor, wanted: impl Fn(&NetworkEvent) -> bool) {
    let mut seen = Vec::new();
    while wait_readable(monitor.as_fd(), Duration::from_secs(10)).unwrap() {
        seen.extend(monitor.read().unwrap());
        if seen.iter().any(&wanted) {
            return;
        }
    }
    panic!("not told; seen: {seen:#?}");
}

fn until_held(monitor: &NetworkMonitor, address: IpAddr) {
    until(
        monitor,
        |event| matches!(event, NetworkEvent::Address(held) if held.address == address),
    );
}

#[test]
fn changes_are_told_as_they_happen() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let monitor = NetworkMonitor::open().unwrap();
        assert_eq!(
            monitor.read().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        let (a, b) = connected_pair(&mut netlink);
        let vip = IpAddr::from([192, 0, 2, 1]);
        netlink
            .add_address(&NewAddress::new(a.index, vip, 24))
            .unwrap();
        until_held(&monitor, vip);
        netlink.remove_address(a.index, vip, 24).unwrap();
        until(
            &monitor,
            |event| matches!(event, NetworkEvent::AddressGone(held) if held.address == vip),
        );
        netlink.set_up(b.index, false).unwrap();
        until(
            &monitor,
            |event| matches!(event, NetworkEvent::Link(link) if link.name == "a" && link.up && !link.running),
        );
        netlink.remove_link(a.index).unwrap();
        until(
            &monitor,
            |event| matches!(event, NetworkEvent::LinkGone { name, .. } if name == "a"),
        );
    });
}

#[test]
fn a_port_that_leaves_its_switch_is_not_gone() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let switch = netlink.create_bridge("switch").unwrap();
        let (a, _) = connected_pair(&mut netlink);
        netlink.set_controller(a.index, Some(switch)).unwrap();
        let monitor = NetworkMonitor::open().unwrap();
        netlink.set_controller(a.index, None).unwrap();
        until(
            &monitor,
            |event| matches!(event, NetworkEvent::Link(link) if link.name == "a" && link.controller.is_none()),
        );
        let mut left = Vec::new();
        while let Ok(events) = monitor.read() {
            left.extend(events);
        }
        let gone = |event: &NetworkEvent| matches!(event, NetworkEvent::LinkGone { .. });
        assert!(!left.iter().any(gone), "{left:?}");
    });
}

#[test]
fn lost_changes_are_told_as_lost() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, _) = connected_pair(&mut netlink);
        let monitor = NetworkMonitor::open().unwrap();
        setsockopt(&monitor, sockopt::RcvBuf, &4096).unwrap();
        let vip = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..200 {
            netlink
                .add_address(&NewAddress::new(a.index, vip, 24))
                .unwrap();
            netlink.remove_address(a.index, vip, 24).unwrap();
        }
        until(&monitor, |event| *event == NetworkEvent::Resync);
        while monitor.read().is_ok() {}
        netlink
            .add_address(&NewAddress::new(a.index, vip, 24))
            .unwrap();
        until_held(&monitor, vip);
    });
}
