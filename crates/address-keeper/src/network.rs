//! What is known of this machine's interfaces and addresses, kept up by the kernel's events.

use std::net::IpAddr;

use system::address::InterfaceAddress;
use system::link::Link;
use system::monitor::NetworkEvent;
use system::netlink::{Netlink, NetlinkError};

/// The scope of a link-local address.
const SCOPE_LINK: u8 = 253;

/// Links and addresses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    links: Vec<Link>,
    addresses: Vec<InterfaceAddress>,
}

impl Network {
    /// Asks the kernel for everything.
    pub(crate) fn list(netlink: &mut Netlink) -> Result<Self, NetlinkError> {
        Ok(Self {
            links: netlink.links()?,
            addresses: netlink.addresses(None)?,
        })
    }

    /// Takes a change in. `Resync` is the caller's matter.
    pub(crate) fn apply(&mut self, event: &NetworkEvent) {
        match event {
            NetworkEvent::Link(link) => {
                self.links
                    .retain(|known| known.index != link.index && known.name != link.name);
                self.links.push(link.clone());
            }
            NetworkEvent::LinkGone { index, .. } => {
                self.links.retain(|known| known.index != *index);
                self.addresses
                    .retain(|known| known.interface_index != *index);
            }
            NetworkEvent::Address(address) => {
                self.addresses.retain(|known| !is_same(known, address));
                self.addresses.push(address.clone());
            }
            NetworkEvent::AddressGone(address) => {
                self.addresses.retain(|known| !is_same(known, address));
            }
            NetworkEvent::Resync => {}
        }
    }

    /// The interface of that name.
    pub(crate) fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// Whether an address is on an interface.
    pub(crate) fn has(&self, interface_index: u32, address: IpAddr) -> bool {
        let is_there = |known: &InterfaceAddress| {
            known.interface_index == interface_index && known.address == address
        };
        self.addresses.iter().any(is_there)
    }

    /// The address that adverts come from: the first of the interface that is none of the virtual
    /// ones; for IPv6 a link-local one (RFC 5798 section 5.1.2.1).
    pub(crate) fn source(
        &self,
        interface_index: u32,
        ipv6: bool,
        not: &[IpAddr],
    ) -> Option<IpAddr> {
        self.addresses
            .iter()
            .filter(|known| known.interface_index == interface_index)
            .filter(|known| known.address.is_ipv6() == ipv6 && !not.contains(&known.address))
            .filter(|known| !ipv6 || (known.scope == SCOPE_LINK && !known.tentative))
            .min_by_key(|known| known.secondary)
            .map(|known| known.address)
    }
}

fn is_same(left: &InterfaceAddress, right: &InterfaceAddress) -> bool {
    left.interface_index == right.interface_index
        && left.address == right.address
        && left.prefix_len == right.prefix_len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{link, machine, on_eth0};

    fn address(text: &str) -> IpAddr {
        text.parse().expect("a test's address")
    }

    #[test]
    fn adverts_come_from_the_interfaces_own_address() {
        let check = |add: &[(&str, u8)], ipv6, not: &str, expected: Option<&str>| {
            let mut network = machine();
            for (text, scope) in add {
                network.apply(&NetworkEvent::Address(on_eth0(text, *scope)));
            }
            let source = network.source(1, ipv6, &[address(not)]);
            assert_eq!(source, expected.map(address), "{add:?} {ipv6} {not}");
        };
        check(&[], false, "10.0.0.200", Some("10.0.0.1"));
        check(&[("10.0.0.200", 0)], false, "10.0.0.1", Some("10.0.0.200"));
        check(&[], false, "10.0.0.1", None);
        check(&[("2001:db8::1", 0)], true, "fe80::2", Some("fe80::1"));
        check(&[("2001:db8::1", 0)], true, "fe80::1", None);
    }

    #[test]
    fn changes_of_the_kernel_are_taken_in() {
        let mut network = machine();
        assert!(network.link("eth0").is_some_and(Link::usable));
        network.apply(&NetworkEvent::Link(link(1, "eth0", false)));
        assert!(!network.link("eth0").is_some_and(Link::usable));
        network.apply(&NetworkEvent::AddressGone(on_eth0("10.0.0.1", 0)));
        assert!(!network.has(1, address("10.0.0.1")));
        network.apply(&NetworkEvent::LinkGone {
            index: 1,
            name: "eth0".to_owned(),
        });
        assert!(network.link("eth0").is_none());
        assert!(
            !network.has(1, address("fe80::1")),
            "its addresses went with it"
        );
        // Made again under the same name: another index.
        network.apply(&NetworkEvent::Link(link(9, "eth0", true)));
        assert_eq!(network.link("eth0").map(|link| link.index), Some(9));
    }
}
