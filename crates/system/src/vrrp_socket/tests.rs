use std::time::Duration;

use super::*;
use crate::address::{AddressFlags, NewAddress};
use crate::namespace::tests::{connected_pair, in_own_network, neighbour};
use crate::namespace::within_network_of;
use crate::netlink::Netlink;
use crate::process::{Child, Signal, wait_readable};

/// A raw protocol as the address keeper uses it.
const RAW: Protocol = Protocol::Raw(112);
const GROUP_V4: &str = "224.0.0.18";
const GROUP_V6: &str = "ff02::12";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn options(protocol: Protocol, group: &str, interface: &str, index: u32) -> SocketOptions {
    SocketOptions {
        ipv6: ip(group).is_ipv6(),
        protocol,
        interface: Some(interface.to_owned()),
        groups: vec![(ip(group), index)],
        ttl: LINK_TTL,
    }
}

fn next(socket: &VrrpSocket) -> Datagram {
    let waited = wait_readable(socket.as_fd(), Duration::from_secs(10)).unwrap();
    assert!(waited, "nothing arrived");
    socket.receive().unwrap()
}

/// Two machines on one wire, here `a` with `.1` and over there `b` with `.2`.
struct Wire {
    here: u32,
    there: u32,
    neighbour: Child,
}

impl Wire {
    fn new() -> Self {
        let mut netlink = Netlink::open().unwrap();
        let (a, b) = connected_pair(&mut netlink);
        let neighbour = neighbour();
        let pid = neighbour.pid().as_raw() as u32;
        netlink.move_link(b.index, pid, "b").unwrap();
        furnish(a.index, "192.0.2.1", "2001:db8::1");
        let there = within_network_of(neighbour.pidfd(), || {
            let b = Netlink::open().unwrap().link_by_name("b").unwrap().unwrap();
            furnish(b.index, "192.0.2.2", "2001:db8::2");
            b.index
        })
        .unwrap();
        Self {
            here: a.index,
            there,
            neighbour,
        }
    }

    /// Sockets of a group, here and over there.
    fn sockets(&self, protocol: Protocol, group: &str) -> (VrrpSocket, VrrpSocket) {
        let here = options(protocol, group, "a", self.here);
        let there = options(protocol, group, "b", self.there);
        let there = self.over_there(|| VrrpSocket::open(&there)).unwrap();
        (VrrpSocket::open(&here).unwrap(), there)
    }

    fn over_there<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        within_network_of(self.neighbour.pidfd(), work).unwrap()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.neighbour.signal(Signal::SIGKILL).unwrap();
        self.neighbour.wait_within(Duration::from_secs(20)).unwrap();
    }
}

fn furnish(index: u32, v4: &str, v6: &str) {
    let mut netlink = Netlink::open().unwrap();
    netlink.set_up(index, true).unwrap();
    for (address, prefix_len) in [(v4, 24), (v6, 64)] {
        let new = NewAddress {
            flags: AddressFlags {
                no_dad: true,
                ..Default::default()
            },
            ..NewAddress::new(index, ip(address), prefix_len)
        };
        netlink.add_address(&new).unwrap();
    }
}

#[test]
fn multicast_arrives_with_all_that_an_election_asks_for() {
    in_own_network(|| {
        let wire = Wire::new();
        for (protocol, group, from) in [
            (RAW, GROUP_V4, "192.0.2.2"),
            (RAW, GROUP_V6, "2001:db8::2"),
            (Protocol::Udp(40112), GROUP_V4, "192.0.2.2"),
            (Protocol::Udp(40112), GROUP_V6, "2001:db8::2"),
        ] {
            let (here, there) = wire.sockets(protocol, group);
            let to = SocketAddr::new(ip(group), 40112);
            there.send(b"advert", ip(from), to, wire.there).unwrap();
            let heard = next(&here);
            assert_eq!(heard.payload, b"advert");
            assert_eq!(heard.source.ip(), ip(from));
            assert_eq!(heard.destination, ip(group));
            assert_eq!(heard.interface_index, wire.here);
            assert_eq!(heard.ttl, LINK_TTL);
            assert!(!heard.truncated);
            let own = there.receive().unwrap_err();
            assert_eq!(own.kind(), io::ErrorKind::WouldBlock, "not looped back");
        }
    });
}

#[test]
fn unicast_arrives_with_the_ttl_that_it_was_sent_with() {
    in_own_network(|| {
        let wire = Wire::new();
        for (to, from) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
            let mut options = SocketOptions {
                ipv6: ip(to).is_ipv6(),
                protocol: RAW,
                interface: None,
                groups: vec![],
                ttl: 64,
            };
            let here = VrrpSocket::open(&options).unwrap();
            options.ttl = 7;
            let there = wire.over_there(|| VrrpSocket::open(&options)).unwrap();
            let destination = SocketAddr::new(ip(to), 0);
            there.send(b"x", ip(from), destination, 0).unwrap();
            let heard = next(&here);
            assert_eq!((heard.ttl, heard.destination), (7, ip(to)));
        }
    });
}

#[test]
fn a_source_that_is_no_address_of_the_machine_may_be_configured() {
    in_own_network(|| {
        let wire = Wire::new();
        for (group, from) in [(GROUP_V4, "198.51.100.9"), (GROUP_V6, "2001:db8:9::9")] {
            let (here, there) = wire.sockets(RAW, group);
            let to = SocketAddr::new(ip(group), 0);
            there.send(b"x", ip(from), to, wire.there).unwrap();
            assert_eq!(next(&here).source.ip(), ip(from));
        }
    });
}

#[test]
fn the_last_words_of_a_dead_keeper_are_heard() {
    in_own_network(|| {
        let wire = Wire::new();
        for (protocol, group, from) in [
            (RAW, GROUP_V4, "192.0.2.2"),
            (RAW, GROUP_V6, "2001:db8::2"),
            (Protocol::Udp(40112), GROUP_V4, "192.0.2.2"),
        ] {
            let here = VrrpSocket::open(&options(protocol, group, "a", wire.here)).unwrap();
            wire.over_there(|| send_once(protocol, b"bye", ip(from), ip(group), wire.there))
                .unwrap();
            let heard = next(&here);
            assert_eq!((heard.payload.as_slice(), heard.ttl), (&b"bye"[..], 255));
        }
    });
}

#[test]
fn payloads_up_to_the_limit_are_whole_and_longer_ones_marked() {
    in_own_network(|| {
        let wire = Wire::new();
        for group in [GROUP_V4, GROUP_V6] {
            let here = VrrpSocket::open(&options(RAW, group, "a", wire.here)).unwrap();
            for (length, truncated) in [
                (0, false),
                (MAX_PAYLOAD_BYTES, false),
                (MAX_PAYLOAD_BYTES + 1, true),
                (MAX_PAYLOAD_BYTES + 100, true),
            ] {
                let from = if ip(group).is_ipv6() {
                    "2001:db8::2"
                } else {
                    "192.0.2.2"
                };
                wire.over_there(|| {
                    send_once(RAW, &vec![1; length], ip(from), ip(group), wire.there)
                })
                .unwrap();
                let heard = next(&here);
                assert_eq!(heard.truncated, truncated, "{length} to {group}");
                assert_eq!(heard.payload.len(), length.min(MAX_PAYLOAD_BYTES));
            }
        }
    });
}

#[test]
fn what_cannot_be_sent_or_joined_is_refused() {
    in_own_network(|| {
        let wire = Wire::new();
        let socket = VrrpSocket::open(&options(RAW, GROUP_V4, "a", wire.here)).unwrap();
        let to_v6 = SocketAddr::new(ip(GROUP_V6), 0);
        let refused = socket.send(b"", ip("192.0.2.1"), to_v6, wire.here);
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let mut mixed = options(RAW, GROUP_V4, "a", wire.here);
        mixed.ipv6 = true;
        assert!(VrrpSocket::open(&mixed).is_err());
        assert!(VrrpSocket::open(&options(RAW, GROUP_V4, "nowhere", wire.here)).is_err());
        assert!(VrrpSocket::open(&options(RAW, GROUP_V4, "a", 9999)).is_err());
    });
}
