//! The frames, byte by byte.

use std::net::{Ipv4Addr, Ipv6Addr};

const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];
const ETHERTYPE_IPV6: [u8; 2] = [0x86, 0xdd];
const BROADCAST: [u8; 6] = [0xff; 6];
/// Where frames for all nodes of a link go (RFC 2464 section 7).
const ALL_NODES_MAC: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ICMPV6: u8 = 58;
/// RFC 4861 section 7.1.2: anything less comes from beyond the link and is dropped.
const HOP_LIMIT: u8 = 255;

/// An ARP request for the own address (RFC 826): Ethernet, IPv4, operation, sender, target. The
/// target's hardware address is the broadcast one, as keepalived fills it.
pub(super) fn arp(mac: [u8; 6], address: Ipv4Addr) -> Vec<u8> {
    const REQUEST: u8 = 1;
    let mut frame = ethernet(BROADCAST, mac, ETHERTYPE_ARP);
    frame.extend([0, 1, 8, 0, 6, 4, 0, REQUEST]);
    frame.extend(mac);
    frame.extend(address.octets());
    frame.extend(BROADCAST);
    frame.extend(address.octets());
    frame
}

/// A neighbour advertisement (RFC 4861 section 4.4) from the address itself to all nodes.
pub(super) fn neighbour_advertisement(mac: [u8; 6], address: Ipv6Addr, router: bool) -> Vec<u8> {
    const TYPE: u8 = 136;
    const FLAG_ROUTER: u8 = 0x80;
    const FLAG_OVERRIDE: u8 = 0x20;
    /// Target link-layer address, one unit of eight bytes.
    const OPTION: [u8; 2] = [2, 1];
    let flags = FLAG_OVERRIDE | if router { FLAG_ROUTER } else { 0 };

    let mut message = vec![TYPE, 0, 0, 0, flags, 0, 0, 0];
    message.extend(address.octets());
    message.extend(OPTION);
    message.extend(mac);
    let length = u16::try_from(message.len()).expect("32 bytes");
    let sum = checksum(&[
        &address.octets(),
        &ALL_NODES.octets(),
        &[0, 0],
        &length.to_be_bytes(),
        &[0, 0, 0, ICMPV6],
        &message,
    ]);
    message[2..4].copy_from_slice(&sum.to_be_bytes());

    let mut frame = ethernet(ALL_NODES_MAC, mac, ETHERTYPE_IPV6);
    frame.extend([0x60, 0, 0, 0]);
    frame.extend(length.to_be_bytes());
    frame.extend([ICMPV6, HOP_LIMIT]);
    frame.extend(address.octets());
    frame.extend(ALL_NODES.octets());
    frame.extend(message);
    frame
}

fn ethernet(to: [u8; 6], from: [u8; 6], kind: [u8; 2]) -> Vec<u8> {
    [&to[..], &from, &kind].concat()
}

/// The Internet checksum (RFC 1071) over parts of even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = parts
        .iter()
        .flat_map(|part| part.chunks_exact(2))
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    #[test]
    fn an_arp_frame_is_what_the_rfc_draws() {
        let address = Ipv4Addr::new(192, 0, 2, 1);
        let expected = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6, // Ethernet
            0, 1, 8, 0, 6, 4, 0, 1, // request
            2, 0, 0, 0, 0, 1, 192, 0, 2, 1, // sender
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 192, 0, 2, 1, // target
        ];
        assert_eq!(arp(MAC, address), expected);
    }

    #[test]
    fn a_neighbour_advertisement_sums_up() {
        let address: Ipv6Addr = "2001:db8::1".parse().unwrap();
        for (router, flags) in [(false, 0x20), (true, 0xa0)] {
            let frame = neighbour_advertisement(MAC, address, router);
            assert_eq!(frame.len(), 14 + 40 + 32);
            assert_eq!(frame[58], flags);
            let (header, message) = frame[14..].split_at(40);
            let whole = checksum(&[&header[8..], &[0, 32], &[0, ICMPV6], message]);
            assert_eq!(whole, 0, "a sound message with its sum adds up to nothing");
        }
    }
}
