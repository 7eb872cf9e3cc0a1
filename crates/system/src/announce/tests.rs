use std::os::fd::AsFd;

use super::*;
use crate::address::{AddressFlags, NewAddress};
use crate::namespace::tests::{connected_pair, in_own_network, neighbour};
use crate::namespace::within_network_of;
use crate::netlink::Netlink;
use crate::process::Signal;

/// The next frame and its type.
fn next_frame(socket: &OwnedFd) -> Option<(u16, Vec<u8>)> {
    let limit = std::time::Duration::from_secs(10);
    if !crate::process::wait_readable(socket.as_fd(), limit).unwrap() {
        return None;
    }
    let mut frame = vec![0; 2000];
    let length = nix::sys::socket::recv(
        socket.as_raw_fd(),
        &mut frame,
        nix::sys::socket::MsgFlags::empty(),
    )
    .unwrap();
    frame.truncate(length);
    Some((u16::from_be_bytes([frame[12], frame[13]]), frame))
}

#[test]
fn the_other_end_of_the_wire_hears_each_announcement() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, _) = connected_pair(&mut netlink);
        // Everything that passes on this machine's wires.
        // SAFETY: plain numbers; the answer is checked.
        let number = unsafe {
            libc::socket(
                libc::AF_PACKET,
                libc::SOCK_RAW | libc::SOCK_CLOEXEC,
                i32::from((libc::ETH_P_ALL as u16).to_be()),
            )
        };
        assert!(number >= 0);
        // SAFETY: just made.
        let listener = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(number) };
        let mac = a.ethernet_address().unwrap();
        let announcer = Announcer::open().unwrap();
        announcer
            .gratuitous_arp(a.index, mac, Ipv4Addr::new(192, 0, 2, 7))
            .unwrap();
        announcer
            .neighbour_advertisement(a.index, mac, "2001:db8::7".parse().unwrap(), false)
            .unwrap();
        let (mut arp, mut neighbour) = (false, false);
        while let (false, Some((kind, bytes))) = (arp && neighbour, next_frame(&listener)) {
            arp |= kind == 0x0806 && bytes[28..32] == [192, 0, 2, 7];
            neighbour |= kind == 0x86dd && bytes[54] == 136 && bytes[77] == 7;
        }
        assert!(arp && neighbour, "arp {arp}, neighbour {neighbour}");
    });
}

#[test]
fn a_neighbour_that_knew_another_holder_learns_of_the_new_one() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, b) = connected_pair(&mut netlink);
        let neighbour = neighbour();
        let mac = a.ethernet_address().unwrap();
        netlink
            .move_link(b.index, neighbour.pid().as_raw() as u32, "eth0")
            .unwrap();
        netlink.set_up(a.index, true).unwrap();
        let flags = AddressFlags {
            no_dad: true,
            ..Default::default()
        };
        let add = |netlink: &mut Netlink, index, text: &str, prefix_len| {
            let new = NewAddress {
                flags,
                ..NewAddress::new(index, text.parse().unwrap(), prefix_len)
            };
            netlink.add_address(&new).unwrap();
        };
        add(&mut netlink, a.index, "192.0.2.1", 24);
        add(&mut netlink, a.index, "192.0.2.7", 24);
        within_network_of(neighbour.pidfd(), || {
            let mut netlink = Netlink::open().unwrap();
            let eth0 = netlink.link_by_name("eth0").unwrap().unwrap();
            netlink.set_up(eth0.index, true).unwrap();
            add(&mut netlink, eth0.index, "192.0.2.2", 24);
            let socket = std::net::UdpSocket::bind("192.0.2.2:0").unwrap();
            socket.send_to(b"x", "192.0.2.7:9").unwrap();
        })
        .unwrap();
        let known = || {
            within_network_of(neighbour.pidfd(), || {
                std::fs::read_to_string("/proc/thread-self/net/arp").unwrap()
            })
            .unwrap()
        };
        let text = |mac: [u8; 6]| mac.map(|byte| format!("{byte:02x}")).join(":");
        let until = |wanted: String| {
            let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
            while !known().contains(&wanted) {
                assert!(std::time::Instant::now() < end, "{wanted}: {}", known());
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        };
        until(text(mac));
        let other = [2, 0, 0, 0, 0, 0x99];
        let announcer = Announcer::open().unwrap();
        // Within a second of the last change the kernel locks the entry (`locktime`).
        within_network_of(neighbour.pidfd(), || {
            crate::namespace::write_sysctl("net.ipv4.neigh.eth0.locktime", "0").unwrap();
        })
        .unwrap();
        announcer
            .gratuitous_arp(a.index, other, Ipv4Addr::new(192, 0, 2, 7))
            .unwrap();
        until(text(other));
        neighbour.signal(Signal::SIGKILL).unwrap();
        neighbour
            .wait_within(std::time::Duration::from_secs(20))
            .unwrap();
    });
}

#[test]
fn a_missing_interface_is_refused() {
    in_own_network(|| {
        let announcer = Announcer::open().unwrap();
        let address = Ipv4Addr::new(192, 0, 2, 1);
        assert!(announcer.gratuitous_arp(9999, [0; 6], address).is_err());
    });
}
