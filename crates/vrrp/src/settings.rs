//! What an operator configured for one virtual router, as far as the election needs it.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{
    Advert, Authentication, Family, HelloKey, MULTICAST_GROUP_V4, MULTICAST_GROUP_V6, Version,
};

/// The priority of the address owner (RFC 5798 section 5.2.4).
pub(crate) const PRIORITY_OWNER: u8 = 255;
/// The priority by which a master says that it stops (RFC 5798 section 5.2.4).
pub(crate) const PRIORITY_STOP: u8 = 0;
/// The lowest priority in an election; that of a router whose balancer is lost.
pub(crate) const PRIORITY_LOWEST: u8 = 1;
/// `down_timer_adverts`: adverts missed before the master counts as down.
const DEFAULT_DOWN_TIMER_ADVERTS: u8 = 3;

/// The settings of one `vrrp_instance`. Names in the text are keywords of keepalived.conf(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `version`.
    pub version: Version,
    /// IPv4 or IPv6, from the first of `virtual_ipaddress`.
    pub family: Family,
    /// `virtual_router_id`, 1 to 255.
    pub virtual_router_id: u8,
    /// `priority`, 1 to 255.
    pub priority: u8,
    /// `state MASTER`. It only makes the owner of the addresses (priority 255) master at once;
    /// everybody else waits for the master down interval, as in keepalived.
    pub starts_as_master: bool,
    /// `advert_int`: whole seconds in VRRPv2, centiseconds in VRRPv3.
    pub advert_interval: Duration,
    /// Not `nopreempt`: take the address from a master of lower priority.
    pub preempt: bool,
    /// `preempt_delay`.
    pub preempt_delay: Duration,
    /// `virtual_ipaddress`: what adverts carry, in the configured order.
    pub addresses: Vec<IpAddr>,
    /// The address that our adverts come from; it settles elections of equal priority.
    pub source: IpAddr,
    /// The multicast group, where `unicast_peers` is empty.
    pub group: IpAddr,
    /// `unicast_peer`; empty means multicast.
    pub unicast_peers: Vec<IpAddr>,
    /// `min_ttl` and `max_ttl` of each unicast peer, in their order; peers beyond have no limits.
    pub unicast_hop_limits: Vec<RangeInclusive<u8>>,
    /// `check_unicast_src`: refuse adverts that come from no configured peer.
    pub check_unicast_source: bool,
    /// `authentication`, VRRPv2 only.
    pub authentication: Authentication,
    /// `lower_prio_no_advert`: stay silent on an advert of lower priority.
    pub lower_priority_no_advert: bool,
    /// `higher_prio_send_advert`: say a last word on an advert of higher priority.
    pub higher_priority_send_advert: bool,
    /// `owner_ignore_adverts`: the owner of the addresses stays master whatever it hears.
    pub owner_ignores_adverts: bool,
    /// `skip_check_adv_addr`: look at the address list only when the master changes.
    pub skip_check_addresses: bool,
    /// `down_timer_adverts`.
    pub down_timer_adverts: u8,
    /// `vrrp_startup_delay`.
    pub startup_delay: Duration,
    /// The gratuitous ARP and unsolicited NA options.
    pub announcements: Announcements,
    /// Whether to know other `keel`s by their hello, and the key of it.
    pub hello: Option<HelloKey>,
}

impl Settings {
    /// A virtual router with keepalived's defaults: VRRPv2 (VRRPv3 for IPv6), priority 100, one
    /// advert each second, preempting.
    #[must_use]
    pub fn new(virtual_router_id: u8, source: IpAddr, addresses: Vec<IpAddr>) -> Self {
        let family = Family::of(source);
        Self {
            version: match family {
                Family::V4 => Version::V2,
                Family::V6 => Version::V3,
            },
            family,
            virtual_router_id,
            priority: 100,
            starts_as_master: false,
            advert_interval: Duration::from_secs(1),
            preempt: true,
            preempt_delay: Duration::ZERO,
            addresses,
            source,
            group: match family {
                Family::V4 => MULTICAST_GROUP_V4.into(),
                Family::V6 => MULTICAST_GROUP_V6.into(),
            },
            unicast_peers: Vec::new(),
            unicast_hop_limits: Vec::new(),
            check_unicast_source: false,
            authentication: Authentication::None,
            lower_priority_no_advert: false,
            higher_priority_send_advert: false,
            owner_ignores_adverts: false,
            skip_check_addresses: false,
            down_timer_adverts: DEFAULT_DOWN_TIMER_ADVERTS,
            startup_delay: Duration::ZERO,
            announcements: Announcements::default(),
            hello: Some(HelloKey::none()),
        }
    }

    /// Where adverts and hellos go: the group, or each unicast peer.
    #[must_use]
    pub fn destinations(&self) -> &[IpAddr] {
        if self.unicast_peers.is_empty() {
            std::slice::from_ref(&self.group)
        } else {
            &self.unicast_peers
        }
    }

    /// The advert of this router at that priority.
    #[must_use]
    pub fn advert(&self, priority: u8) -> Advert {
        Advert {
            version: self.version,
            virtual_router_id: self.virtual_router_id,
            priority,
            interval: self.advert_interval,
            authentication: self.authentication,
            addresses: self.addresses.clone(),
        }
    }
}

/// When gratuitous ARP and unsolicited NA are sent. A repeat of 0 sends none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcements {
    /// `garp_master_repeat`: messages for each address on becoming master.
    pub repeat: u8,
    /// `garp_master_delay`: when to send them once more; zero for never.
    pub delay: Duration,
    /// `garp_master_refresh`: how often to repeat while master; zero for never.
    pub refresh: Duration,
    /// `garp_master_refresh_repeat`.
    pub refresh_repeat: u8,
    /// `garp_lower_prio_repeat`: messages on an advert of lower priority.
    pub lower_priority_repeat: u8,
    /// `garp_lower_prio_delay`: when to send them once more; zero for never.
    pub lower_priority_delay: Duration,
}

impl Default for Announcements {
    /// keepalived's defaults.
    fn default() -> Self {
        Self {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_priority_repeat: 5,
            lower_priority_delay: Duration::from_secs(5),
        }
    }
}

/// What tracking of scripts and interfaces says about a virtual router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tracked {
    /// A script of weight 0 has not given its first result yet.
    Unknown,
    /// Fit to be master; the sum of the weights is added to the priority.
    Fit {
        /// The sum, in points of priority.
        weight: i32,
    },
    /// Something of weight 0 failed: FAULT.
    Failed {
        /// What failed, in words.
        reason: String,
    },
}
