//! `vrrp_instance` blocks: read, then completed with what `global_defs` says.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use diagnostics::{Diagnostic, Span, Spanned};

use super::Name;
use super::announce::AnnounceDraft;
use super::authentication::PASSWORD_BYTES;
use super::global::{self, GlobalDraft};
use super::reading::Reading;
use super::{address, authentication, group, track};
use crate::keywords::Block;
use crate::model::{
    InitialState, Instance, Notify, TrackedInterface, TrackedScript, Transport, UnicastPeer,
    Version, VirtualAddress,
};
use crate::read::Statement;

/// `down_timer_adverts`.
pub(super) const DOWN_TIMER_ADVERTS: RangeInclusive<i64> = 1..=100;
/// RFC 5798 section 6.1.
const DEFAULT_DOWN_TIMER_ADVERTS: u8 = 3;
const DEFAULT_ADVERT_INTERVAL: Duration = Duration::from_secs(1);
const MAX_ADVERT_INTERVAL_V2: Duration = Duration::from_secs(255);
/// Twelve bits of hundredths of a second (RFC 5798 section 5.2.7).
const MAX_ADVERT_INTERVAL_V3: Duration = Duration::from_millis(40_950);
const ADVERT_INTERVAL_STEP_V3: Duration = Duration::from_millis(10);
const MAX_PREEMPT_DELAY: Duration = Duration::from_secs(1000);
const DEFAULT_PRIORITY: u8 = 100;
/// The priority of the addresses' owner (RFC 5798 section 5.2.4).
const OWNER_PRIORITY: u8 = 255;
const DEFAULT_TTL: u8 = 255;
/// The count of addresses is one byte of a packet (RFC 5798 section 5.2.5).
const MAX_ADDRESSES: usize = 255;

/// An instance as read.
#[derive(Default)]
pub(super) struct InstanceDraft {
    name: Option<Name>,
    /// The place of the keyword and the name.
    span: Option<Span>,
    state: Option<InitialState>,
    interface: Option<Name>,
    ignore_interface_state: bool,
    track_source_address: bool,
    virtual_router_id: Option<Spanned<u8>>,
    priority: Option<u8>,
    version: Option<Version>,
    ipv6_wanted: Option<Span>,
    advert_interval: Option<Spanned<Duration>>,
    down_timer_adverts: Option<u8>,
    no_preempt: Option<Span>,
    preempt_delay: Option<Spanned<Duration>>,
    multicast_source: Option<Spanned<IpAddr>>,
    multicast_group: Option<Spanned<IpAddr>>,
    unicast_source: Option<Spanned<IpAddr>>,
    unicast_peers: Vec<UnicastPeer>,
    unicast_ttl: Option<u8>,
    unicast_wanted: Option<Span>,
    addresses: Vec<VirtualAddress>,
    excluded_addresses: Vec<VirtualAddress>,
    no_addresses: bool,
    promote_secondaries: bool,
    password: Option<Spanned<[u8; PASSWORD_BYTES]>>,
    announce: AnnounceDraft,
    lower_priority_no_advert: Option<bool>,
    higher_priority_send_advert: Option<bool>,
    skip_address_check: Option<bool>,
    check_unicast_source: Option<bool>,
    owner_ignores_adverts: Option<bool>,
    track_scripts: Vec<TrackedScript>,
    track_interfaces: Vec<TrackedInterface>,
    notify: Notify,
}

impl InstanceDraft {
    /// Reads a `vrrp_instance`.
    pub(super) fn read(statement: &Statement, reading: &mut Reading<'_>) -> Option<Self> {
        /// Keywords whose blocks add up.
        const ADDING_UP: &[&str] = &[
            "virtual_ipaddress",
            "virtual_ipaddress_excluded",
            "unicast_peer",
            "track_script",
            "track_interface",
        ];
        let mut draft = Self {
            name: reading.name(statement),
            span: Some(statement.span()),
            ..Self::default()
        };
        let block = reading.block(statement);
        reading.once_each(block, ADDING_UP);
        for entry in block {
            draft.entry(entry, reading);
        }
        statement.block.as_ref().map(|_| draft)
    }

    pub(super) fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn entry(&mut self, entry: &Statement, reading: &mut Reading<'_>) {
        let keyword = entry.keyword().text.as_str();
        let span = entry.keyword().span;
        match keyword {
            "state" => self.state = state(entry, reading),
            "interface" => {
                self.interface = reading.one(entry).and_then(|word| reading.interface(word));
            }
            "virtual_router_id" => {
                let number = reading.number(entry, 1..=255);
                self.virtual_router_id = number.map(|id| Spanned::new(id, entry.span()));
            }
            "priority" => self.priority = reading.number(entry, 1..=255),
            "version" => self.version = version(entry, reading),
            "advert_int" => {
                let range = ADVERT_INTERVAL_STEP_V3..=MAX_ADVERT_INTERVAL_V2;
                let found = reading.seconds(entry, range);
                self.advert_interval = found.map(|found| Spanned::new(found, entry.span()));
            }
            "down_timer_adverts" => {
                self.down_timer_adverts = reading.number(entry, DOWN_TIMER_ADVERTS);
            }
            "preempt" | "nopreempt" => {
                reading.alone(entry);
                self.no_preempt = (keyword == "nopreempt").then_some(span);
            }
            "preempt_delay" => {
                let found = reading.seconds(entry, Duration::ZERO..=MAX_PREEMPT_DELAY);
                self.preempt_delay = found.map(|found| Spanned::new(found, span));
            }
            "virtual_ipaddress" | "virtual_ipaddress_excluded" => {
                let mut found = Vec::new();
                for line in reading.lines(entry) {
                    found.extend(address::read(line, reading));
                }
                match keyword {
                    "virtual_ipaddress" => self.addresses.extend(found),
                    _ => self.excluded_addresses.extend(found),
                }
            }
            "no_virtual_ipaddress" => {
                reading.alone(entry);
                self.no_addresses = true;
            }
            "promote_secondaries" => {
                reading.alone(entry);
                self.promote_secondaries = true;
            }
            "track_script" => self.track_scripts.extend(track::scripts(entry, reading)),
            "track_interface" => {
                self.track_interfaces
                    .extend(track::interfaces(entry, reading));
            }
            "authentication" => self.password = authentication::read(entry, reading),
            "debug" => {
                if reading.number::<u8>(entry, 0..=4).is_some() {
                    let why = "'debug' has no effect: what happens is logged at every level";
                    reading.notice(span, why);
                }
            }
            "dont_track_primary" => {
                reading.alone(entry);
                self.ignore_interface_state = true;
            }
            "native_ipv6" => {
                reading.alone(entry);
                let message = "'native_ipv6' is old: the virtual addresses say which IP version";
                reading.notice(span, message);
                self.ipv6_wanted = Some(span);
            }
            // The default, and the only one that is built.
            "accept" => reading.alone(entry),
            "lower_prio_no_advert" => self.lower_priority_no_advert = reading.switch(entry),
            "higher_prio_send_advert" => self.higher_priority_send_advert = reading.switch(entry),
            "skip_check_adv_addr" => self.skip_address_check = reading.switch(entry),
            "owner_ignore_adverts" => self.owner_ignores_adverts = reading.switch(entry),
            "strict_mode" | "smtp_alert" | "notify_priority_changes" | "v3_checksum_as_v2" => {
                reading.must_be_off(Block::VrrpInstance, entry);
            }
            _ if self.transport_entry(entry, reading) => {}
            _ if self.announce.take(keyword, entry, reading) => {}
            _ if group::take_notify(&mut self.notify, entry, reading) => {}
            _ => reading.not_taken(Block::VrrpInstance, entry),
        }
    }

    /// Keywords about how adverts travel; whether it is one.
    fn transport_entry(&mut self, entry: &Statement, reading: &mut Reading<'_>) -> bool {
        let span = entry.keyword().span;
        let mut source = || {
            let word = reading.one(entry)?;
            let found = reading.address(word)?;
            Some(Spanned::new(found, word.span))
        };
        match entry.keyword().text.as_str() {
            "mcast_src_ip" => self.multicast_source = source(),
            "unicast_src_ip" => {
                self.unicast_source = source();
                self.unicast_wanted = Some(span);
            }
            "mcast_dst_ip" => {
                let found = global::group(entry, reading);
                self.multicast_group = found.map(|found| Spanned::new(found, entry.span()));
            }
            "unicast_peer" => {
                self.unicast_wanted = Some(span);
                for line in reading.lines(entry) {
                    self.unicast_peers.extend(peer(line, reading));
                }
            }
            "unicast_ttl" => self.unicast_ttl = reading.number(entry, 0..=255),
            "unicast_fault_no_peer" => {
                reading.alone(entry);
                self.unicast_wanted = Some(span);
            }
            "check_unicast_src" => self.check_unicast_source = reading.switch(entry),
            "track_src_ip" => {
                reading.alone(entry);
                self.track_source_address = true;
            }
            _ => return false,
        }
        true
    }

    /// The instance with every default filled in; nothing where it cannot be one.
    pub(super) fn complete(
        mut self,
        global: &GlobalDraft,
        scripts: &track::Scripts<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Instance> {
        let span = self.span?;
        let ipv6 = self.family(reading);
        let version = self.complete_version(ipv6, global, reading);
        let advert_interval = self.complete_interval(version, reading);
        let priority = self.complete_priority(span, reading);
        let state = self.state.unwrap_or(match priority {
            OWNER_PRIORITY => InitialState::Master,
            _ => InitialState::Backup,
        });
        self.complete_preemption(state, priority, reading);
        let limits_ttl = self
            .unicast_peers
            .iter()
            .any(|peer| peer.min_ttl > 0 || peer.max_ttl < u8::MAX);
        let transport = self.complete_transport(ipv6, global, reading);
        if self.addresses.len() > MAX_ADDRESSES {
            let message = format!("more than {MAX_ADDRESSES} virtual addresses in one instance");
            let message = Diagnostic::error(message).at(self.addresses[MAX_ADDRESSES].span);
            reading.tell(message.help("put the others in virtual_ipaddress_excluded"));
        }
        if self.addresses.is_empty() && !self.no_addresses {
            let message = "this instance has no virtual_ipaddress";
            match version {
                Version::V2 => reading.warning(span, message),
                Version::V3 => reading.tell(
                    Diagnostic::error(message)
                        .at(span)
                        .help("VRRP version 3 needs one; or write no_virtual_ipaddress"),
                ),
            }
        }
        let password = match (version, self.password) {
            (Version::V3, Some(password)) => {
                let message = "VRRP version 3 has no authentication: this has no effect";
                reading.warning(password.span, message);
                None
            }
            (_, password) => password.map(|password| password.value),
        };
        if self.interface.is_none() {
            reading.error(span, "this instance has no 'interface'");
        }
        if self.virtual_router_id.is_none() {
            reading.error(span, "this instance has no 'virtual_router_id'");
        }
        track::resolve(&mut self.track_scripts, scripts, reading);
        Some(Instance {
            name: self.name?,
            state,
            interface: self.interface?,
            ignore_interface_state: self.ignore_interface_state,
            track_source_address: self.track_source_address,
            virtual_router_id: self.virtual_router_id?,
            priority,
            version,
            ipv6,
            advert_interval,
            down_timer_adverts: self
                .down_timer_adverts
                .or(global.down_timer_adverts)
                .unwrap_or(DEFAULT_DOWN_TIMER_ADVERTS),
            preempt: self.no_preempt.is_none(),
            preempt_delay: self
                .preempt_delay
                .map_or(Duration::ZERO, |delay| delay.value),
            transport,
            addresses: self.addresses,
            excluded_addresses: self.excluded_addresses,
            promote_secondaries: self.promote_secondaries,
            password,
            announce: self.announce.complete(
                &global.announce,
                global.arp_interval,
                global.neighbour_interval,
            ),
            lower_priority_no_advert: self
                .lower_priority_no_advert
                .unwrap_or(global.lower_priority_no_advert),
            higher_priority_send_advert: self
                .higher_priority_send_advert
                .unwrap_or(global.higher_priority_send_advert),
            skip_address_check: self.skip_address_check.unwrap_or(global.skip_address_check),
            check_unicast_source: limits_ttl
                || self
                    .check_unicast_source
                    .unwrap_or(global.check_unicast_source),
            owner_ignores_adverts: self
                .owner_ignores_adverts
                .unwrap_or(global.owner_ignores_adverts),
            track_scripts: self.track_scripts,
            track_interfaces: self.track_interfaces,
            notify: self.notify,
        })
    }

    /// Whether the instance is one of IPv6; its addresses must agree.
    fn family(&self, reading: &mut Reading<'_>) -> bool {
        let Some(first) = self.addresses.first() else {
            let source = self
                .unicast_source
                .as_ref()
                .or(self.multicast_source.as_ref());
            return self.ipv6_wanted.is_some() || source.is_some_and(|source| source.is_ipv6());
        };
        let ipv6 = first.address.is_ipv6();
        for other in &self.addresses {
            if other.address.is_ipv6() != ipv6 {
                let message = "IPv4 and IPv6 addresses in one virtual_ipaddress";
                let message = Diagnostic::error(message).at(other.span);
                reading.tell(message.help(
                    "put those of one version in virtual_ipaddress_excluded, \
                     or in an instance of their own",
                ));
                break;
            }
        }
        if let (Some(span), false) = (self.ipv6_wanted, ipv6) {
            reading.error(span, "'native_ipv6' with IPv4 addresses");
        }
        if let IpAddr::V6(address) = first.address
            && self.unicast_peers.is_empty()
            && !address.is_unicast_link_local()
        {
            // RFC 5798 section 5.2.9; keepalived sends it all the same.
            let message = "the first IPv6 address should be a link-local one";
            reading.notice(first.span, message);
        }
        ipv6
    }

    fn complete_version(
        &self,
        ipv6: bool,
        global: &GlobalDraft,
        reading: &mut Reading<'_>,
    ) -> Version {
        match (self.version, ipv6) {
            (Some(Version::V2), true) => {
                if let Some(span) = self.span {
                    let message = "VRRP version 2 knows no IPv6: this instance uses version 3";
                    reading.warning(span, message);
                }
                Version::V3
            }
            (Some(version), _) => version,
            (None, true) => Version::V3,
            (None, false) => global.version.unwrap_or(Version::V2),
        }
    }

    fn complete_interval(&self, version: Version, reading: &mut Reading<'_>) -> Duration {
        let Some(written) = &self.advert_interval else {
            return DEFAULT_ADVERT_INTERVAL;
        };
        let interval = written.value;
        let refused = match version {
            Version::V2 if interval.subsec_nanos() != 0 => {
                Some("VRRP version 2 counts in whole seconds; 'version 3' takes hundredths")
            }
            Version::V3 if interval > MAX_ADVERT_INTERVAL_V3 => {
                Some("VRRP version 3 takes at most 40.95 seconds")
            }
            Version::V3
                if interval.subsec_nanos() % ADVERT_INTERVAL_STEP_V3.subsec_nanos() != 0 =>
            {
                Some("VRRP version 3 counts in hundredths of a second")
            }
            _ => None,
        };
        if let Some(help) = refused {
            let message = format!("advert_int {} cannot be sent", interval.as_secs_f64());
            reading.tell(Diagnostic::error(message).at(written.span).help(help));
        }
        interval
    }

    fn complete_priority(&self, span: Span, reading: &mut Reading<'_>) -> u8 {
        match (self.priority, self.state) {
            (Some(priority), _) => priority,
            (None, Some(InitialState::Master)) => {
                let message = "'state MASTER' without 'priority' means priority 255";
                reading.warning(span, message);
                OWNER_PRIORITY
            }
            (None, _) => DEFAULT_PRIORITY,
        }
    }

    /// What does not go together is taken back with a warning, as keepalived does.
    fn complete_preemption(
        &mut self,
        state: InitialState,
        priority: u8,
        reading: &mut Reading<'_>,
    ) {
        if let Some(span) = self.no_preempt {
            let because = if state == InitialState::Master {
                Some("'state MASTER'")
            } else if priority == OWNER_PRIORITY {
                Some("the owner of the addresses (priority 255)")
            } else {
                None
            };
            if let Some(because) = because {
                let message = format!("'nopreempt' has no effect with {because}");
                reading.warning(span, message);
                self.no_preempt = None;
            }
        }
        let Some(delay) = self.preempt_delay.as_ref().filter(|delay| !delay.is_zero()) else {
            return;
        };
        let because = if state == InitialState::Master {
            "state MASTER"
        } else if self.no_preempt.is_some() {
            "nopreempt"
        } else {
            return;
        };
        let message = format!("'preempt_delay' has no effect with '{because}'");
        reading.warning(delay.span, message);
        self.preempt_delay = None;
    }

    fn complete_transport(
        &mut self,
        ipv6: bool,
        global: &GlobalDraft,
        reading: &mut Reading<'_>,
    ) -> Transport {
        let written = [
            &self.multicast_source,
            &self.multicast_group,
            &self.unicast_source,
        ];
        let peers = self.unicast_peers.iter().map(|peer| &peer.address);
        for address in written.into_iter().flatten().chain(peers) {
            if address.is_ipv6() != ipv6 {
                let wanted = if ipv6 { "IPv6" } else { "IPv4" };
                let message = format!("{} in an instance of {wanted}", address.value);
                reading.error(address.span, message);
            }
        }
        if !self.unicast_peers.is_empty() {
            return Transport::Unicast {
                source: self.unicast_source.take().or(self.multicast_source.take()),
                peers: std::mem::take(&mut self.unicast_peers),
                ttl: self.unicast_ttl.unwrap_or(DEFAULT_TTL),
            };
        }
        if let Some(span) = self.unicast_wanted {
            let message = "a unicast keyword without 'unicast_peer': adverts go by multicast";
            reading.warning(span, message);
        }
        let default_group = if ipv6 {
            IpAddr::V6(global.global.multicast_group_v6)
        } else {
            IpAddr::V4(global.global.multicast_group_v4)
        };
        Transport::Multicast {
            source: self.multicast_source.take().or(self.unicast_source.take()),
            group: self
                .multicast_group
                .as_ref()
                .map_or(default_group, |group| group.value),
        }
    }
}

/// `version 2|3`.
pub(super) fn version(entry: &Statement, reading: &mut Reading<'_>) -> Option<Version> {
    match reading.number(entry, 2..=3)? {
        2u8 => Some(Version::V2),
        _ => Some(Version::V3),
    }
}

/// `state MASTER|BACKUP`, and `SLAVE` as it was once written.
fn state(entry: &Statement, reading: &mut Reading<'_>) -> Option<InitialState> {
    let word = reading.one(entry)?;
    match word.text.as_str() {
        "MASTER" => Some(InitialState::Master),
        "BACKUP" => Some(InitialState::Backup),
        "SLAVE" => {
            reading.notice(word.span, "'SLAVE' is the old name of 'BACKUP'");
            Some(InitialState::Backup)
        }
        other => {
            let message = Diagnostic::error(format!("unknown state '{other}'"))
                .at(word.span)
                .help("expected MASTER or BACKUP")
                .suggest(other, ["MASTER", "BACKUP"]);
            reading.tell(message);
            None
        }
    }
}

/// `ADDRESS [min_ttl N] [max_ttl N]`.
fn peer(line: &Statement, reading: &mut Reading<'_>) -> Option<UnicastPeer> {
    let word = line.keyword();
    let mut peer = UnicastPeer {
        address: Spanned::new(reading.address(word)?, word.span),
        min_ttl: 0,
        max_ttl: u8::MAX,
    };
    let mut words = line.values().iter();
    while let Some(option) = words.next() {
        let slot = match option.text.as_str() {
            "min_ttl" => &mut peer.min_ttl,
            "max_ttl" => &mut peer.max_ttl,
            other => {
                let message = Diagnostic::error(format!("unexpected '{other}' after a peer"))
                    .at(option.span)
                    .suggest(other, ["min_ttl", "max_ttl"]);
                reading.tell(message);
                return None;
            }
        };
        let Some(value) = words.next() else {
            reading.error(option.span, format!("'{}' needs a value", option.text));
            return None;
        };
        *slot = reading.number_of(value, &option.text, 0..=255)?;
    }
    if peer.min_ttl > peer.max_ttl {
        reading.error(line.span(), "min_ttl is greater than max_ttl");
    }
    Some(peer)
}
