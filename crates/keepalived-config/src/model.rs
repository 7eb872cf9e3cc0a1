//! What a keepalived.conf says, understood: the typed configuration.
//!
//! Every default is already filled in, global settings are already inherited, and references
//! (a tracked script, a member of a group) are known to exist. What only the machine can tell
//! (whether an interface or a user exists, whether a script may run) is left to the shell; the
//! names it needs for such messages keep their place ([`Spanned`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use diagnostics::{Span, Spanned};

/// A whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// `global_defs`.
    pub global: Global,
    /// `vrrp_script` blocks in the order written.
    pub scripts: Vec<TrackScript>,
    /// `vrrp_sync_group` blocks in the order written.
    pub sync_groups: Vec<SyncGroup>,
    /// `vrrp_instance` blocks in the order written.
    pub instances: Vec<Instance>,
    /// `static_ipaddress`: set at start, left on the machine at the end.
    pub static_addresses: Vec<VirtualAddress>,
}

impl Configuration {
    /// The tracking script of that name.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&TrackScript> {
        self.scripts.iter().find(|script| script.name.value == name)
    }

    /// The instance of that name.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&Instance> {
        self.instances
            .iter()
            .find(|instance| instance.name.value == name)
    }
}

/// `global_defs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Global {
    /// `router_id`; where absent, the machine's name.
    pub router_id: Option<String>,
    /// `script_user`: who runs scripts that name nobody.
    pub script_user: Option<ScriptUser>,
    /// `enable_script_security`: scripts that somebody other than root can alter are not run as
    /// root.
    pub script_security: bool,
    /// `use_symlink_paths`: script paths are run as written instead of resolved.
    pub keep_symlinks: bool,
    /// `set_supplementary_groups`: scripts get the supplementary groups of their user.
    pub supplementary_groups: bool,
    /// `vrrp_mcast_group4`, by default 224.0.0.18.
    pub multicast_group_v4: Ipv4Addr,
    /// `vrrp_mcast_group6`, by default ff02::12.
    pub multicast_group_v6: Ipv6Addr,
    /// `vrrp_startup_delay`: instances wait that long after the start before they take part.
    pub startup_delay: Duration,
    /// `vrrp_delay_after_boot`: the wait ends only once the machine is up for that long.
    pub delay_after_boot: Duration,
    /// `dynamic_interfaces`: an interface that does not exist yet is no error.
    pub dynamic_interfaces: bool,
    /// `default_interface`: where static addresses go that name no interface; by default eth0.
    pub default_interface: String,
    /// `log_unknown_vrids`: a packet for a virtual router not configured here is logged.
    pub log_unknown_virtual_routers: bool,
}

/// Who runs a script: `USER [[:]GROUP]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptUser {
    /// The user's name or number.
    pub user: Spanned<String>,
    /// The group's name or number; where absent, the user's own.
    pub group: Option<Spanned<String>>,
    /// The group was written with a colon: the user's supplementary groups are set too.
    pub supplementary_groups: bool,
}

/// A command with its arguments; no shell is involved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; never empty.
    pub words: Vec<String>,
    /// Who runs it; where absent, `script_user`, then `keepalived_script` if that user exists,
    /// then root.
    pub user: Option<ScriptUser>,
    /// Where it was written.
    pub span: Span,
}

/// A `vrrp_script` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackScript {
    /// Its name.
    pub name: Spanned<String>,
    /// `script` and `user`.
    pub command: Command,
    /// `interval`: from start to start; by default 1 s.
    pub interval: Duration,
    /// `timeout`: a run that takes longer has failed; by default the interval.
    pub timeout: Duration,
    /// `weight`.
    pub weight: Weight,
    /// `rise`: successes in a row until it counts as up; at least 1.
    pub rise: u32,
    /// `fall`: failures in a row until it counts as down; at least 1.
    pub fall: u32,
    /// `init_fail`: counts as down until it has succeeded.
    pub starts_failed: bool,
}

/// What a tracked thing does to the priority.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// −253..=253. Zero: down means FAULT. Positive: added while up. Negative: added (that is,
    /// subtracted) while down.
    pub value: i16,
    /// Up and down change places.
    pub reverse: bool,
}

/// One line of `track_script`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedScript {
    /// The name of a `vrrp_script`; it exists.
    pub name: Spanned<String>,
    /// The weight written here, else the script's own.
    pub weight: Weight,
}

/// One line of `track_interface`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedInterface {
    /// The interface's name.
    pub name: Spanned<String>,
    /// Zero where none was written: the interface down means FAULT.
    pub weight: Weight,
}

/// The protocol's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// RFC 3768.
    V2,
    /// RFC 5798 and RFC 9568.
    V3,
}

/// `state`: where an instance starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialState {
    /// Takes part at once as master until it hears a better one.
    Master,
    /// Listens first.
    Backup,
}

/// A `vrrp_instance` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name.
    pub name: Spanned<String>,
    /// `state`, by default BACKUP.
    pub state: InitialState,
    /// `interface`.
    pub interface: Spanned<String>,
    /// `dont_track_primary`: the state of `interface` does not matter.
    pub ignore_interface_state: bool,
    /// `track_src_ip`: FAULT while the source address is not on the interface.
    pub track_source_address: bool,
    /// `virtual_router_id`, 1..=255.
    pub virtual_router_id: Spanned<u8>,
    /// `priority`, 1..=255; 255 is the owner of the addresses; by default 100, or
    /// 255 where `state` is MASTER.
    pub priority: u8,
    /// `version`, else `vrrp_version`, else 2 (3 for IPv6).
    pub version: Version,
    /// Whether adverts travel over IPv6: `native_ipv6`, or IPv6 virtual addresses.
    pub ipv6: bool,
    /// `advert_int`, by default 1 s. Whole seconds in version 2, 10 ms to 40.95 s in version 3.
    pub advert_interval: Duration,
    /// `down_timer_adverts`: missed adverts until the master counts as down; by default 3.
    pub down_timer_adverts: u8,
    /// Whether a lower priority master is pre-empted; `nopreempt` says no.
    pub preempt: bool,
    /// `preempt_delay`, 0..=1000 s.
    pub preempt_delay: Duration,
    /// How adverts travel.
    pub transport: Transport,
    /// `virtual_ipaddress`: named in adverts; all of one family.
    pub addresses: Vec<VirtualAddress>,
    /// `virtual_ipaddress_excluded`: held like the others, not named in adverts.
    pub excluded_addresses: Vec<VirtualAddress>,
    /// `promote_secondaries`: the interface keeps the other addresses of a network when one goes.
    pub promote_secondaries: bool,
    /// `authentication`: the bytes of `auth_type PASS`, padded with zeros. Version 2 only.
    pub password: Option<[u8; 8]>,
    /// `garp_*` of the instance, else of `global_defs`.
    pub announce: Announce,
    /// `lower_prio_no_advert`: a lower priority advert is not answered at once.
    pub lower_priority_no_advert: bool,
    /// `higher_prio_send_advert`: one more advert before giving way to a better master.
    pub higher_priority_send_advert: bool,
    /// `skip_check_adv_addr`: further adverts of the same master are not compared with the
    /// addresses configured.
    pub skip_address_check: bool,
    /// `check_unicast_src`: a unicast advert from an address that is no peer is dropped.
    pub check_unicast_source: bool,
    /// `owner_ignore_adverts`: the address owner does not react to adverts.
    pub owner_ignores_adverts: bool,
    /// `track_script`.
    pub track_scripts: Vec<TrackedScript>,
    /// `track_interface`.
    pub track_interfaces: Vec<TrackedInterface>,
    /// `notify` and its family.
    pub notify: Notify,
}

/// How adverts travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// To a group.
    Multicast {
        /// `mcast_src_ip`; where absent, the interface's first address (link-local for IPv6).
        source: Option<Spanned<IpAddr>>,
        /// `mcast_dst_ip`, else `vrrp_mcast_group4` or `vrrp_mcast_group6`.
        group: IpAddr,
    },
    /// To each peer.
    Unicast {
        /// `unicast_src_ip`; where absent, the interface's first address.
        source: Option<Spanned<IpAddr>>,
        /// `unicast_peer`, in the order written.
        peers: Vec<UnicastPeer>,
        /// `unicast_ttl`, by default 255.
        ttl: u8,
    },
}

impl Transport {
    /// The source address where one was written.
    #[must_use]
    pub fn source(&self) -> Option<IpAddr> {
        match self {
            Self::Multicast { source, .. } | Self::Unicast { source, .. } => {
                source.as_ref().map(|source| source.value)
            }
        }
    }
}

/// One line of `unicast_peer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnicastPeer {
    /// The peer's address.
    pub address: Spanned<IpAddr>,
    /// `min_ttl`: a packet with fewer hops left is dropped; by default 0.
    pub min_ttl: u8,
    /// `max_ttl`: a packet with more hops left is dropped; by default 255.
    pub max_ttl: u8,
}

/// When gratuitous ARP or unsolicited neighbour advertisements are sent, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announce {
    /// `garp_master_repeat`: how many at a time on becoming master; by default 5.
    pub repeat: u32,
    /// `garp_master_delay`: the second set comes so long after the first; zero for no second set;
    /// by default 5 s.
    pub delay: Duration,
    /// `garp_master_refresh`: again and again in that interval while master; zero for never, the
    /// default.
    pub refresh: Duration,
    /// `garp_master_refresh_repeat`: how many at each refresh; by default 1.
    pub refresh_repeat: u32,
    /// `garp_lower_prio_repeat`: how many on a lower priority advert while master; by default as
    /// `repeat`.
    pub lower_priority_repeat: u32,
    /// `garp_lower_prio_delay`: the second set after that; by default as `delay`.
    pub lower_priority_delay: Duration,
    /// `vrrp_garp_interval`: between two ARP packets of one interface; by default zero.
    pub arp_interval: Duration,
    /// `vrrp_gna_interval`: between two neighbour advertisements of one interface; by default
    /// zero.
    pub neighbour_interval: Duration,
}

/// An address that an instance holds while it is master, or a static one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// The prefix length; 32 or 128 where none was written.
    pub prefix_len: u8,
    /// `brd`.
    pub broadcast: Option<Ipv4Addr>,
    /// `dev`; where absent, the instance's interface.
    pub interface: Option<Spanned<String>>,
    /// `scope` as the kernel counts it: 0 global, 200 site, 253 link, 254 host, 255 nowhere.
    pub scope: u8,
    /// `label`, as in `eth0:1`.
    pub label: Option<String>,
    /// `peer`: the other end of a point-to-point link, and its prefix length.
    pub peer: Option<(IpAddr, u8)>,
    /// `home` (IPv6).
    pub home: bool,
    /// `-nodad` (IPv6): no duplicate address detection.
    pub no_dad: bool,
    /// `mngtmpaddr` (IPv6).
    pub manage_temporary: bool,
    /// `noprefixroute`.
    pub no_prefix_route: bool,
    /// `autojoin`.
    pub auto_join: bool,
    /// `no_track`: that somebody removes it by hand is not noticed.
    pub no_track: bool,
    /// `preferred_lft`; `None` is for ever. Zero by default for an IPv6 address of 128 bits.
    pub preferred_lifetime_s: Option<u32>,
    /// Where it was written.
    pub span: Span,
}

/// The scripts of an instance or a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify {
    /// `notify_master`.
    pub master: Option<Command>,
    /// `notify_backup`.
    pub backup: Option<Command>,
    /// `notify_fault`.
    pub fault: Option<Command>,
    /// `notify_stop`.
    pub stop: Option<Command>,
    /// `notify_deleted` with a script.
    pub deleted: Option<Command>,
    /// `notify_deleted`: an instance gone at a reload is told as `DELETED`, else as `FAULT`.
    pub tell_deleted: bool,
    /// `notify_master_rx_lower_pri`.
    pub master_heard_lower: Option<Command>,
    /// `notify`: run after the others with `INSTANCE|GROUP NAME STATE PRIORITY` added.
    pub any: Option<Command>,
}

/// A `vrrp_sync_group` block: its members change state together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncGroup {
    /// Its name.
    pub name: Spanned<String>,
    /// `group`: names of instances; they exist, and each is in one group at most.
    pub members: Vec<Spanned<String>>,
    /// `track_script`.
    pub track_scripts: Vec<TrackedScript>,
    /// `track_interface`.
    pub track_interfaces: Vec<TrackedInterface>,
    /// `notify` and its family.
    pub notify: Notify,
    /// `sync_group_tracking_weight`: members keep the weights of what they track.
    pub tracking_weight: bool,
}
