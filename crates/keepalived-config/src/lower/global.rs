//! `global_defs`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::announce::AnnounceDraft;
use super::reading::Reading;
use super::{instance, script};
use crate::keywords::Block;
use crate::model::{Global, Version};
use crate::read::Statement;

/// RFC 5798 section 5.1.1.2.
const MULTICAST_GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// RFC 5798 section 5.1.2.2.
const MULTICAST_GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// The longest waits, in seconds.
const MAX_WAIT: Duration = Duration::from_secs(86_400);

/// `global_defs` as read, and what instances inherit.
pub(super) struct GlobalDraft {
    pub(super) global: Global,
    pub(super) announce: AnnounceDraft,
    pub(super) arp_interval: Duration,
    pub(super) neighbour_interval: Duration,
    pub(super) version: Option<Version>,
    pub(super) down_timer_adverts: Option<u8>,
    pub(super) lower_priority_no_advert: bool,
    pub(super) higher_priority_send_advert: bool,
    pub(super) skip_address_check: bool,
    pub(super) check_unicast_source: bool,
    pub(super) owner_ignores_adverts: bool,
}

impl Default for GlobalDraft {
    fn default() -> Self {
        Self {
            global: Global {
                router_id: None,
                script_user: None,
                script_security: false,
                keep_symlinks: false,
                supplementary_groups: false,
                multicast_group_v4: MULTICAST_GROUP_V4,
                multicast_group_v6: MULTICAST_GROUP_V6,
                startup_delay: Duration::ZERO,
                delay_after_boot: Duration::ZERO,
                dynamic_interfaces: false,
                default_interface: "eth0".to_owned(),
                log_unknown_virtual_routers: false,
            },
            announce: AnnounceDraft::default(),
            arp_interval: Duration::ZERO,
            neighbour_interval: Duration::ZERO,
            version: None,
            down_timer_adverts: None,
            lower_priority_no_advert: false,
            higher_priority_send_advert: false,
            skip_address_check: false,
            check_unicast_source: false,
            owner_ignores_adverts: false,
        }
    }
}

impl GlobalDraft {
    /// Takes a block; several add up.
    pub(super) fn take(&mut self, statement: &Statement, reading: &mut Reading<'_>) {
        if let Some(extra) = statement.values().first() {
            reading.unexpected(extra);
        }
        let block = reading.block(statement);
        reading.once_each(block, &[]);
        for entry in block {
            self.entry(entry, reading);
        }
        let least = |entry: &&Statement| entry.keyword().text == "vrrp_min_garp";
        let least = block.iter().find(least);
        if least.is_some_and(|entry| reading.switch(entry) == Some(true)) {
            self.announce.least();
        }
    }

    fn entry(&mut self, entry: &Statement, reading: &mut Reading<'_>) {
        let keyword = entry.keyword().text.as_str();
        let global = &mut self.global;
        // The defaults stay where a value was refused; the message has been given.
        let set = |slot: &mut bool, value: Option<bool>| *slot = value.unwrap_or(*slot);
        match keyword {
            "router_id" => global.router_id = reading.one(entry).map(|word| word.text.clone()),
            "lvs_id" => {
                let message = "'lvs_id' is the old name of 'router_id'";
                reading.notice(entry.keyword().span, message);
                global.router_id = reading.one(entry).map(|word| word.text.clone());
            }
            "script_user" => global.script_user = script::user(entry.values(), entry, reading),
            "enable_script_security" => set(&mut global.script_security, reading.switch(entry)),
            "use_symlink_paths" => set(&mut global.keep_symlinks, reading.switch(entry)),
            "set_supplementary_groups" => {
                set(&mut global.supplementary_groups, reading.switch(entry));
            }
            "log_unknown_vrids" => {
                set(
                    &mut global.log_unknown_virtual_routers,
                    reading.switch(entry),
                );
            }
            "dynamic_interfaces" => self.dynamic_interfaces(entry, reading),
            "default_interface" => {
                let name = reading.one(entry).and_then(|word| reading.interface(word));
                if let Some(name) = name {
                    global.default_interface = name.value;
                }
            }
            "vrrp_mcast_group4" => match group(entry, reading) {
                Some(IpAddr::V4(group)) => global.multicast_group_v4 = group,
                Some(IpAddr::V6(_)) => reading.error(entry.span(), "not an IPv4 address"),
                None => {}
            },
            "vrrp_mcast_group6" => match group(entry, reading) {
                Some(IpAddr::V6(group)) => global.multicast_group_v6 = group,
                Some(IpAddr::V4(_)) => reading.error(entry.span(), "not an IPv6 address"),
                None => {}
            },
            "vrrp_startup_delay" | "vrrp_delay_after_boot" => {
                let wait = reading.seconds(entry, Duration::ZERO..=MAX_WAIT);
                let slot = match keyword {
                    "vrrp_startup_delay" => &mut global.startup_delay,
                    _ => &mut global.delay_after_boot,
                };
                *slot = wait.unwrap_or(*slot);
            }
            "vrrp_version" => self.version = instance::version(entry, reading),
            "vrrp_down_timer_adverts" => {
                self.down_timer_adverts = reading.number(entry, instance::DOWN_TIMER_ADVERTS);
            }
            "vrrp_lower_prio_no_advert" => {
                set(&mut self.lower_priority_no_advert, reading.switch(entry));
            }
            "vrrp_higher_prio_send_advert" => {
                set(&mut self.higher_priority_send_advert, reading.switch(entry));
            }
            "vrrp_skip_check_adv_addr" => {
                set(&mut self.skip_address_check, reading.switch(entry));
            }
            "vrrp_check_unicast_src" => set(&mut self.check_unicast_source, reading.switch(entry)),
            "vrrp_owner_ignore_adverts" => {
                set(&mut self.owner_ignores_adverts, reading.switch(entry));
            }
            "vrrp_garp_interval" | "vrrp_gna_interval" => {
                let interval = reading.seconds(entry, Duration::ZERO..=Duration::from_secs(4294));
                let slot = match keyword {
                    "vrrp_garp_interval" => &mut self.arp_interval,
                    _ => &mut self.neighbour_interval,
                };
                *slot = interval.unwrap_or(*slot);
            }
            // Read last, because it gives way to what is written out.
            "vrrp_min_garp" => {}
            "vrrp_strict"
            | "smtp_alert"
            | "smtp_alert_vrrp"
            | "vrrp_notify_priority_changes"
            | "fifo_write_vrrp_states_on_reload"
            | "v3_checksum_as_v2" => {
                reading.must_be_off(Block::GlobalDefs, entry);
            }
            // Without virtual servers nobody alerts.
            "smtp_alert_checker" => {
                reading.switch(entry);
            }
            _ => {
                let plain = keyword.strip_prefix("vrrp_").unwrap_or_default();
                if !self.announce.take(plain, entry, reading) {
                    reading.not_taken(Block::GlobalDefs, entry);
                }
            }
        }
    }

    /// `dynamic_interfaces [allow_if_changes]`.
    fn dynamic_interfaces(&mut self, entry: &Statement, reading: &mut Reading<'_>) {
        match entry.values() {
            [word] if word.text == "allow_if_changes" => {
                let message = "'allow_if_changes' is not built yet";
                reading.error(word.span, message);
            }
            _ => self.global.dynamic_interfaces = reading.switch(entry).unwrap_or(false),
        }
    }
}

/// The one value of a keyword, a multicast group.
pub(super) fn group(entry: &Statement, reading: &mut Reading<'_>) -> Option<IpAddr> {
    let word = reading.one(entry)?;
    let address = reading.address(word)?;
    if !address.is_multicast() {
        reading.error(word.span, format!("{address} is not a multicast group"));
        return None;
    }
    Some(address)
}
