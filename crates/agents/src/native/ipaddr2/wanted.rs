//! The parameters of an address, read.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use system::link::{Link, MAX_NAME_BYTES};

use super::Failure;
use crate::operation::Operation;

/// The most announcements of one start.
pub(super) const MAX_ANNOUNCEMENTS: u32 = 1000;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) address: IpAddr,
    pub(super) interface: Option<String>,
    pub(super) prefix_len: Option<u8>,
    pub(super) broadcast: Broadcast,
    /// What follows the interface's name and a colon.
    pub(super) label: Option<String>,
    pub(super) no_dad: bool,
    pub(super) no_prefix_route: bool,
    /// IPv6; `None` is for ever.
    pub(super) preferred_lifetime_s: Option<u32>,
    pub(super) announcements: u32,
    pub(super) announcements_in_monitor: u32,
    pub(super) announcement_pace: Duration,
}

/// The broadcast address of an IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broadcast {
    /// That of the network that the address belongs to.
    OfNetwork,
    /// `+`: the address with all bits of the host set.
    AllOnes,
    /// `-`: none of them.
    AllZeros,
    /// That one.
    Given(Ipv4Addr),
}

/// Parameters that only the script understands, and whether they have to be true to ask for
/// something.
const SCRIPT_ONLY: [(&str, bool); 9] = [
    ("lvs_support", true),
    ("lvs_ipv6_addrlabel", true),
    ("unique_clone_address", true),
    ("flush_routes", true),
    ("run_arping", true),
    ("mac", false),
    ("arp_sender", false),
    ("send_arp_opts", false),
    ("network_namespace", false),
];

/// What only the script does.
pub(in crate::native) fn beyond(operation: &Operation) -> Option<String> {
    let is_unique_clone = operation
        .meta
        .get("globally-unique")
        .is_some_and(|unique| unique == "true")
        && operation
            .meta
            .get("clone-max")
            .is_some_and(|max| max != "1");
    if is_unique_clone {
        return Some("cluster addresses (a globally unique clone)".to_owned());
    }
    SCRIPT_ONLY
        .into_iter()
        .find(|(name, must_be_true)| {
            if *must_be_true {
                operation.is_true(name)
            } else {
                operation.given(name).is_some()
            }
        })
        .map(|(name, _)| name.to_owned())
}

impl Wanted {
    /// Whether the address may be on that interface: the one that was named, or else any but the
    /// loopback, which has loopback addresses alone.
    pub(super) fn may_be_on(&self, link: &Link) -> bool {
        match &self.interface {
            Some(name) => *name == link.name,
            None => link.loopback == self.address.is_loopback(),
        }
    }

    /// Reads the parameters.
    pub(super) fn read(operation: &Operation) -> Result<Self, Failure> {
        let wrong = |name: &str, what: &str| {
            let value = operation.given(name).unwrap_or_default();
            Failure::Configuration(format!("{name} is {what}, not '{value}'"))
        };
        let text = operation.given("ip").unwrap_or_default();
        let address: IpAddr = text
            .parse()
            .map_err(|_| wrong("ip", "an IPv4 or IPv6 address"))?;
        let number = |name: &str, default: u32| match operation.given(name) {
            Some(text) => text.parse::<u32>().map_err(|_| wrong(name, "a number")),
            None => Ok(default),
        };
        let (interface, label) = interface_and_label(operation)?;
        let preferred_lifetime_s = match operation.given("preferred_lft") {
            None | Some("forever") => None,
            Some(_) => Some(number("preferred_lft", 0)?),
        };
        Ok(Self {
            prefix_len: operation
                .given("cidr_netmask")
                .map(|text| {
                    prefix_len(text, address.is_ipv4())
                        .ok_or_else(|| wrong("cidr_netmask", "a prefix length such as 24"))
                })
                .transpose()?,
            broadcast: match operation.given("broadcast") {
                None => Broadcast::OfNetwork,
                Some("+") => Broadcast::AllOnes,
                Some("-") => Broadcast::AllZeros,
                Some(text) => Broadcast::Given(
                    text.parse()
                        .map_err(|_| wrong("broadcast", "an IPv4 address, + or -"))?,
                ),
            },
            interface,
            label,
            no_dad: operation.is_true("nodad"),
            no_prefix_route: operation.is_true("noprefixroute"),
            preferred_lifetime_s: preferred_lifetime_s.filter(|_| address.is_ipv6()),
            announcements: number("arp_count", 5)?.min(MAX_ANNOUNCEMENTS),
            announcements_in_monitor: number("arp_count_refresh", 0)?.min(MAX_ANNOUNCEMENTS),
            announcement_pace: Duration::from_millis(number("arp_interval", 200)?.into()),
            address,
        })
    }
}

/// `nic`, which may bring a label along (`eth0:1`), and `iflabel`.
fn interface_and_label(operation: &Operation) -> Result<(Option<String>, Option<String>), Failure> {
    let (interface, own_label) = match operation.given("nic") {
        Some(nic) => match nic.split_once(':') {
            Some((name, label)) => (Some(name), Some(label)),
            None => (Some(nic), None),
        },
        None => (None, None),
    };
    let label = own_label.or(operation.given("iflabel"));
    let length = interface.map_or(1, str::len) + label.map_or(0, |label| label.len() + 1);
    if length > MAX_NAME_BYTES {
        return Err(Failure::Configuration(format!(
            "the interface's name, a colon and its label are at most {MAX_NAME_BYTES} bytes long"
        )));
    }
    Ok((interface.map(str::to_owned), label.map(str::to_owned)))
}

/// `24`, or `255.255.255.0` as old configurations have it.
fn prefix_len(text: &str, is_ipv4: bool) -> Option<u8> {
    if is_ipv4 && let Ok(mask) = text.parse::<Ipv4Addr>() {
        let bits = mask.to_bits();
        let is_mask = bits.leading_ones() == bits.count_ones();
        return u8::try_from(bits.count_ones()).ok().filter(|_| is_mask);
    }
    let longest = if is_ipv4 { 32 } else { 128 };
    text.parse().ok().filter(|length| *length <= longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netmasks_are_lengths_or_dotted() {
        for (text, is_ipv4, expected) in [
            ("24", true, Some(24)),
            ("0", true, Some(0)),
            ("32", true, Some(32)),
            ("33", true, None),
            ("64", false, Some(64)),
            ("128", false, Some(128)),
            ("129", false, None),
            ("255.255.255.0", true, Some(24)),
            ("255.255.255.255", true, Some(32)),
            ("255.0.255.0", true, None),
            ("255.255.255.0", false, None),
            ("x", true, None),
            ("-1", true, None),
        ] {
            assert_eq!(prefix_len(text, is_ipv4), expected, "{text}");
        }
    }
}
