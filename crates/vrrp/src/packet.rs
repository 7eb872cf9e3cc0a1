//! Adverts on the wire: VRRPv2 (RFC 3768 section 5) and VRRPv3 (RFC 5798 section 5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use thiserror::Error;

use crate::IP_PROTOCOL;

/// The fixed part of an advert.
const HEADER_LEN_BYTES: usize = 8;
/// The authentication data at the end of a VRRPv2 advert.
const AUTHENTICATION_LEN_BYTES: usize = 8;
/// The only packet type there is.
const TYPE_ADVERT: u8 = 1;
/// VRRPv3 has 12 bits for its interval in centiseconds.
const MAX_INTERVAL_CENTISECONDS: u16 = 0x0fff;
/// VRRPv2's authentication types (RFC 2338 section 5.3.6).
const AUTHENTICATION_NONE: u8 = 0;
const AUTHENTICATION_PASS: u8 = 1;

/// The protocol's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// RFC 3768: intervals in whole seconds.
    V2,
    /// RFC 5798: intervals in centiseconds, learned from the master.
    V3,
}

impl Version {
    const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// The address family of a virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    const fn address_len_bytes(self) -> usize {
        match self {
            Self::V4 => 4,
            Self::V6 => 16,
        }
    }
}

/// What a VRRPv2 advert says about itself. VRRPv3 has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Nothing, and always so in VRRPv3.
    None,
    /// `auth_type PASS`: eight bytes in clear text.
    Pass([u8; AUTHENTICATION_LEN_BYTES]),
    /// Another type, with its number.
    Other(u8),
}

impl Authentication {
    /// `auth_pass`: cut to eight bytes and filled with zeros, as keepalived does.
    #[must_use]
    pub fn pass(password: &[u8]) -> Self {
        let mut data = [0; AUTHENTICATION_LEN_BYTES];
        for (to, from) in data.iter_mut().zip(password) {
            *to = *from;
        }
        Self::Pass(data)
    }

    const fn number(self) -> u8 {
        match self {
            Self::None => AUTHENTICATION_NONE,
            Self::Pass(_) => AUTHENTICATION_PASS,
            Self::Other(number) => number,
        }
    }
}

/// One advert, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advert {
    /// The protocol's version.
    pub version: Version,
    /// The virtual router that it is about.
    pub virtual_router_id: u8,
    /// The sender's priority; 0 says that it stops being master.
    pub priority: u8,
    /// How often the sender advertises: whole seconds in VRRPv2, centiseconds in VRRPv3.
    pub interval: Duration,
    /// VRRPv2's authentication.
    pub authentication: Authentication,
    /// The virtual addresses, in the sender's order.
    pub addresses: Vec<IpAddr>,
}

/// Why bytes are no advert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PacketError {
    /// Shorter or longer than its own counts say.
    #[error("length {actual} bytes where {expected} are expected")]
    Length {
        /// Bytes received.
        actual: usize,
        /// Bytes that the header announces.
        expected: usize,
    },
    /// A version that is neither 2 nor 3.
    #[error("version {0}")]
    Version(u8),
    /// Not an advertisement.
    #[error("packet type {0}")]
    Type(u8),
}

impl Advert {
    /// Reads the payload of an IP packet. The checksum is `checksum_is_valid`'s matter.
    ///
    /// # Errors
    ///
    /// When the bytes are no complete VRRPv2 or VRRPv3 advert.
    pub fn parse(payload: &[u8], family: Family) -> Result<Self, PacketError> {
        let Some((header, rest)) = payload.split_first_chunk::<HEADER_LEN_BYTES>() else {
            return Err(PacketError::Length {
                actual: payload.len(),
                expected: HEADER_LEN_BYTES,
            });
        };
        let version = match header[0] >> 4 {
            2 => Version::V2,
            3 => Version::V3,
            other => return Err(PacketError::Version(other)),
        };
        if header[0] & 0x0f != TYPE_ADVERT {
            return Err(PacketError::Type(header[0] & 0x0f));
        }
        let expected = advert_len_bytes(version, family, usize::from(header[3]));
        if payload.len() != expected {
            return Err(PacketError::Length {
                actual: payload.len(),
                expected,
            });
        }
        let (addresses, data) = rest.split_at(usize::from(header[3]) * family.address_len_bytes());
        let (interval, authentication) = match version {
            Version::V2 => (
                Duration::from_secs(u64::from(header[5])),
                match header[4] {
                    AUTHENTICATION_NONE => Authentication::None,
                    AUTHENTICATION_PASS => Authentication::pass(data),
                    other => Authentication::Other(other),
                },
            ),
            Version::V3 => {
                let field = u16::from_be_bytes([header[4], header[5]]);
                let centiseconds = field & MAX_INTERVAL_CENTISECONDS;
                (
                    Duration::from_millis(u64::from(centiseconds) * 10),
                    Authentication::None,
                )
            }
        };
        Ok(Self {
            version,
            virtual_router_id: header[1],
            priority: header[2],
            interval,
            authentication,
            addresses: read_addresses(addresses, family),
        })
    }
}

/// An advert's bytes with their checksum. At most 255 addresses fit; those beyond are left out.
///
/// `source` and `destination` are those of the IP header: they count in the checksum of VRRPv3 and
/// of IPv6. Addresses of the other family are left out.
#[must_use]
pub fn encode(advert: &Advert, source: IpAddr, destination: IpAddr) -> Vec<u8> {
    let family = Family::of(source);
    let addresses: Vec<IpAddr> = advert
        .addresses
        .iter()
        .copied()
        .filter(|address| Family::of(*address) == family)
        .take(usize::from(u8::MAX))
        .collect();
    let count = u8::try_from(addresses.len()).unwrap_or(u8::MAX);
    let mut bytes = Vec::with_capacity(advert_len_bytes(advert.version, family, addresses.len()));
    bytes.extend([
        advert.version.number() << 4 | TYPE_ADVERT,
        advert.virtual_router_id,
        advert.priority,
        count,
    ]);
    match advert.version {
        Version::V2 => {
            let seconds = u8::try_from(advert.interval.as_secs()).unwrap_or(u8::MAX);
            bytes.extend([advert.authentication.number(), seconds]);
        }
        Version::V3 => {
            let centiseconds = u16::try_from(advert.interval.as_millis() / 10)
                .unwrap_or(u16::MAX)
                .min(MAX_INTERVAL_CENTISECONDS);
            bytes.extend(centiseconds.to_be_bytes());
        }
    }
    bytes.extend([0, 0]);
    for address in addresses {
        match address {
            IpAddr::V4(address) => bytes.extend(address.octets()),
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    if advert.version == Version::V2 {
        match advert.authentication {
            Authentication::Pass(data) => bytes.extend(data),
            _ => bytes.extend([0; AUTHENTICATION_LEN_BYTES]),
        }
    }
    let sum = checksum(&bytes, advert.version, source, destination);
    bytes[6..8].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// Whether an advert's checksum is right.
///
/// VRRPv2 over IPv4 sums the packet alone (RFC 3768 section 5.3.8), everything else a pseudo header
/// too (RFC 5798 section 5.2.8).
pub(crate) fn checksum_is_valid(
    payload: &[u8],
    version: Version,
    source: IpAddr,
    destination: IpAddr,
) -> bool {
    checksum(payload, version, source, destination) == 0
}

const fn advert_len_bytes(version: Version, family: Family, addresses: usize) -> usize {
    let fixed = match version {
        Version::V2 => HEADER_LEN_BYTES + AUTHENTICATION_LEN_BYTES,
        Version::V3 => HEADER_LEN_BYTES,
    };
    fixed + addresses * family.address_len_bytes()
}

fn read_addresses(bytes: &[u8], family: Family) -> Vec<IpAddr> {
    match family {
        Family::V4 => {
            let (chunks, _) = bytes.as_chunks::<4>();
            chunks
                .iter()
                .map(|chunk| Ipv4Addr::from(*chunk).into())
                .collect()
        }
        Family::V6 => {
            let (chunks, _) = bytes.as_chunks::<16>();
            chunks
                .iter()
                .map(|chunk| Ipv6Addr::from(*chunk).into())
                .collect()
        }
    }
}

fn checksum(payload: &[u8], version: Version, source: IpAddr, destination: IpAddr) -> u16 {
    let mut sum = sum_words(payload);
    if version == Version::V3 || source.is_ipv6() {
        sum += sum_address(source) + sum_address(destination);
        sum += u64::from(IP_PROTOCOL) + payload.len() as u64;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("the loop above leaves 16 bits")
}

fn sum_address(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => sum_words(&address.octets()),
        IpAddr::V6(address) => sum_words(&address.octets()),
    }
}

fn sum_words(bytes: &[u8]) -> u64 {
    let (words, odd) = bytes.as_chunks::<2>();
    let words: u64 = words
        .iter()
        .map(|word| u64::from(u16::from_be_bytes(*word)))
        .sum();
    words + odd.first().map_or(0, |byte| u64::from(*byte) << 8)
}
