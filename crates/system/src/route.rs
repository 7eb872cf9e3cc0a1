//! Routes: which networks are reached directly, and the way to an address.

use std::net::IpAddr;

use crate::address::{ip_address, octets};
use crate::netlink::wire::{Message, Request, number};
use crate::netlink::{Netlink, NetlinkError};

/// A network that an interface reaches without a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRoute {
    /// The network's address.
    pub network: IpAddr,
    /// Its prefix length in bits, never 0.
    pub prefix_len: u8,
    /// The interface's index.
    pub interface_index: u32,
    /// The address that packets to it are sent from, where the route names one.
    pub source: Option<IpAddr>,
}

/// `struct rtmsg`.
const FIXED_BYTES: usize = 12;

impl Netlink {
    /// The networks of the main table that are reached without a router: what `ip route list scope
    /// link` shows, and its like for IPv6.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn link_routes(&mut self) -> Result<Vec<LinkRoute>, NetlinkError> {
        let request = Request::new(libc::RTM_GETROUTE, &[0; FIXED_BYTES]);
        self.list(&request, read_link_route)
    }

    /// The index of the interface that packets to an address leave through; `None` where there is no
    /// way to it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn interface_towards(&mut self, address: IpAddr) -> Result<Option<u32>, NetlinkError> {
        let mut fixed = [0; FIXED_BYTES];
        let octets = octets(address);
        fixed[0] = family(address);
        fixed[1] = (octets.len() * 8) as u8;
        let request = Request::new(libc::RTM_GETROUTE, &fixed).attribute(libc::RTA_DST, &octets);
        let read = |message: &Message<'_>| {
            let (_fixed, mut attributes) = message.split::<FIXED_BYTES>()?;
            let interface = attributes.find(|(kind, _)| *kind == libc::RTA_OIF);
            interface.and_then(|(_, value)| number(value))
        };
        match self.look_up(request, read) {
            Err(error) if NO_WAY.iter().any(|number| error.is(*number)) => Ok(None),
            other => other,
        }
    }
}

/// What the kernel answers where no route leads to an address.
const NO_WAY: [i32; 3] = [libc::ENETUNREACH, libc::EHOSTUNREACH, libc::ENETDOWN];

fn family(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => libc::AF_INET as u8,
        IpAddr::V6(_) => libc::AF_INET6 as u8,
    }
}

fn read_link_route(message: &Message<'_>) -> Option<LinkRoute> {
    let (fixed, attributes) = message.split::<FIXED_BYTES>()?;
    let [family, prefix_len, _, _, table, _, scope, kind, ..] = *fixed;
    let is_ipv4 = i32::from(family) == libc::AF_INET;
    let is_ipv6 = i32::from(family) == libc::AF_INET6;
    let is_direct = if is_ipv4 {
        scope == libc::RT_SCOPE_LINK
    } else {
        is_ipv6
    };
    if !is_direct || table != libc::RT_TABLE_MAIN || kind != libc::RTN_UNICAST || prefix_len == 0 {
        return None;
    }
    let (mut network, mut interface_index, mut source) = (None, None, None);
    for (kind, value) in attributes {
        match kind {
            libc::RTA_DST => network = ip_address(value),
            libc::RTA_OIF => interface_index = number(value),
            libc::RTA_PREFSRC => source = ip_address(value),
            libc::RTA_GATEWAY | libc::RTA_VIA => return None,
            _ => {}
        }
    }
    Some(LinkRoute {
        network: network?,
        prefix_len,
        interface_index: interface_index?,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::NewAddress;
    use crate::namespace::tests::in_own_network;

    #[test]
    fn networks_of_interfaces_are_direct_and_the_rest_is_far() {
        in_own_network(|| {
            let mut netlink = Netlink::open().unwrap();
            let [lan, other] = netlink.create_veth("lan0", "other0").unwrap();
            for index in [lan, other] {
                netlink.set_up(index, true).unwrap();
            }
            let mut own = NewAddress::new(lan, "2001:db8::2".parse().unwrap(), 64);
            own.flags.no_dad = true;
            netlink.add_address(&own).unwrap();
            let own = NewAddress::new(lan, [10, 0, 0, 2].into(), 24);
            netlink.add_address(&own).unwrap();
            let routes = netlink.link_routes().unwrap();
            let shown: Vec<_> = routes
                .iter()
                .filter(|route| route.interface_index == lan && route.prefix_len != 64)
                .map(|route| (route.network.to_string(), route.prefix_len))
                .collect();
            assert_eq!(shown, [("10.0.0.0".to_owned(), 24)]);
            assert!(routes.iter().any(|route| route.network
                == "2001:db8::".parse::<IpAddr>().unwrap()
                && route.interface_index == lan));
            for (address, expected) in [
                ("10.0.0.9", Some(lan)),
                ("2001:db8::9", Some(lan)),
                ("192.0.2.1", None),
                ("2001:db9::9", None),
            ] {
                let found = netlink.interface_towards(address.parse().unwrap());
                assert_eq!(found.unwrap(), expected, "{address}");
            }
        });
    }
}
