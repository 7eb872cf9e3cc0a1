//! The checks that an advert must pass before it counts, in keepalived's order
//! (RFC 5798 section 7.1).

use std::net::IpAddr;

use thiserror::Error;

use crate::packet::checksum_is_valid;
use crate::{Advert, Authentication, Family, HOP_LIMIT, PacketError, Settings, Version};

/// An IP packet of protocol 112 as the socket gave it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it was sent to: the group or our own address.
    pub destination: IpAddr,
    /// Its TTL or hop limit, where the socket tells.
    pub hop_limit: Option<u8>,
    /// What follows the IP header.
    pub payload: &'a [u8],
}

/// Why an advert does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reject {
    /// The bytes are no advert.
    #[error("malformed advert: {0}")]
    Malformed(#[from] PacketError),
    /// A router lies between, or somebody forged it from afar.
    #[error("TTL or hop limit {0} is not what a neighbour or this peer may have")]
    HopLimit(u8),
    /// The other router speaks the other version.
    #[error("the other router speaks VRRP version {0}")]
    Version(u8),
    /// One side authenticates, or each in another way.
    #[error("authentication type differs from ours")]
    AuthenticationType,
    /// `auth_pass` differs.
    #[error("the password differs from ours")]
    Password,
    /// `advert_int` differs, which VRRPv2 forbids.
    #[error("advertises every {theirs_s} s where we are configured for {ours_s} s")]
    Interval {
        /// The sender's interval in seconds.
        theirs_s: u64,
        /// Ours in seconds.
        ours_s: u64,
    },
    /// The sum is wrong.
    #[error("wrong checksum")]
    Checksum,
    /// Sent to the group where unicast peers are configured, or the reverse.
    #[error("sent by {} where we are configured for {}", cast(*.multicast), cast(!*.multicast))]
    Cast {
        /// Whether it came by multicast.
        multicast: bool,
    },
    /// The routers disagree about the virtual addresses.
    #[error("carries other virtual addresses than ours (its count is {0})")]
    Addresses(usize),
    /// `check_unicast_src`, and the sender is no configured peer.
    #[error("the sender is no configured unicast peer")]
    UnknownPeer,
}

impl Reject {
    /// The name under which it is counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed(PacketError::Length { .. }) => "length",
            Self::Malformed(PacketError::Version(_)) | Self::Version(_) => "version",
            Self::Malformed(PacketError::Type(_)) => "type",
            Self::HopLimit(_) => "hop limit",
            Self::AuthenticationType => "authentication type",
            Self::Password => "password",
            Self::Interval { .. } => "interval",
            Self::Checksum => "checksum",
            Self::Cast { .. } => "unicast or multicast",
            Self::Addresses(_) => "addresses",
            Self::UnknownPeer => "unknown peer",
        }
    }
}

fn cast(multicast: bool) -> &'static str {
    if multicast { "multicast" } else { "unicast" }
}

/// Reads and checks an advert. `check_addresses` is false where `skip_check_adv_addr` lets a known
/// master's list pass.
pub(crate) fn accept(
    settings: &Settings,
    received: &Received<'_>,
    check_addresses: bool,
) -> Result<Advert, Reject> {
    let unicast = !settings.unicast_peers.is_empty();
    let advert = Advert::parse(received.payload, settings.family)?;
    if let Some(hop_limit) = received.hop_limit
        && !unicast
        && hop_limit != HOP_LIMIT
    {
        return Err(Reject::HopLimit(hop_limit));
    }
    if advert.version != settings.version {
        return Err(Reject::Version(match advert.version {
            Version::V2 => 2,
            Version::V3 => 3,
        }));
    }
    if advert.version == Version::V2 {
        check_version_2(settings, &advert)?;
    }
    if check_addresses && advert.addresses.len() != settings.addresses.len() {
        return Err(Reject::Addresses(advert.addresses.len()));
    }
    if !sum_is_right(settings, received) {
        return Err(Reject::Checksum);
    }
    let multicast = received.destination.is_multicast();
    if multicast == unicast {
        return Err(Reject::Cast { multicast });
    }
    if check_addresses
        && !settings
            .addresses
            .iter()
            .all(|ours| advert.addresses.contains(ours))
    {
        return Err(Reject::Addresses(advert.addresses.len()));
    }
    if unicast {
        check_peer(settings, received)?;
    }
    Ok(advert)
}

fn check_peer(settings: &Settings, received: &Received<'_>) -> Result<(), Reject> {
    let place = settings
        .unicast_peers
        .iter()
        .position(|peer| *peer == received.source);
    let limits = place.and_then(|place| settings.unicast_hop_limits.get(place));
    match (place, limits, received.hop_limit) {
        (None, ..) if settings.check_unicast_source => Err(Reject::UnknownPeer),
        (_, Some(limits), Some(hop_limit)) if !limits.contains(&hop_limit) => {
            Err(Reject::HopLimit(hop_limit))
        }
        _ => Ok(()),
    }
}

fn check_version_2(settings: &Settings, advert: &Advert) -> Result<(), Reject> {
    match (settings.authentication, advert.authentication) {
        (Authentication::None, Authentication::None) => {}
        (Authentication::Pass(ours), Authentication::Pass(theirs)) => {
            if !equal_in_constant_time(&ours, &theirs) {
                return Err(Reject::Password);
            }
        }
        _ => return Err(Reject::AuthenticationType),
    }
    if advert.interval.as_secs() != settings.advert_interval.as_secs() {
        return Err(Reject::Interval {
            theirs_s: advert.interval.as_secs(),
            ours_s: settings.advert_interval.as_secs(),
        });
    }
    Ok(())
}

/// Old keepalived (`old_unicast_checksum`) sums VRRPv3 unicast as if it went to the group; both are
/// taken.
fn sum_is_right(settings: &Settings, received: &Received<'_>) -> bool {
    let valid_for = |destination| {
        checksum_is_valid(
            received.payload,
            settings.version,
            received.source,
            destination,
        )
    };
    Family::of(received.source) == settings.family
        && (valid_for(received.destination) || valid_for(settings.group))
}

fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    let difference = left
        .iter()
        .zip(right)
        .fold(0, |difference, (left, right)| difference | (left ^ right));
    difference == 0 && left.len() == right.len()
}
