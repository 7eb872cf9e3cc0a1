//! `vrrp_sync_group` blocks, and notify scripts wherever they stand.

use diagnostics::Spanned;

use super::reading::Reading;
use super::{script, track};
use crate::keywords::Block;
use crate::model::{Notify, SyncGroup};
use crate::read::Statement;

/// Reads a `vrrp_sync_group`.
pub(super) fn read(statement: &Statement, reading: &mut Reading<'_>) -> Option<SyncGroup> {
    let name = reading.name(statement);
    let mut members = Vec::new();
    let mut track_scripts = Vec::new();
    let mut track_interfaces = Vec::new();
    let mut notify = Notify::default();
    let mut tracking_weight = false;
    let block = reading.block(statement);
    reading.once_each(block, &["group", "track_script", "track_interface"]);
    for entry in block {
        match entry.keyword().text.as_str() {
            "group" => {
                for line in reading.lines(entry) {
                    let names = line.words.iter();
                    members.extend(names.map(|word| Spanned::new(word.text.clone(), word.span)));
                }
            }
            "track_script" => track_scripts.extend(track::scripts(entry, reading)),
            "track_interface" => track_interfaces.extend(track::interfaces(entry, reading)),
            "sync_group_tracking_weight" => {
                reading.alone(entry);
                tracking_weight = true;
            }
            "smtp_alert" | "notify_priority_changes" => {
                reading.must_be_off(Block::VrrpSyncGroup, entry);
            }
            "notify_master_rx_lower_pri" => reading.not_taken(Block::VrrpSyncGroup, entry),
            _ if take_notify(&mut notify, entry, reading) => {}
            _ => reading.not_taken(Block::VrrpSyncGroup, entry),
        }
    }
    if members.is_empty() && statement.block.is_some() {
        reading.error(statement.span(), "this vrrp_sync_group has no members");
    }
    Some(SyncGroup {
        name: name?,
        members,
        track_scripts,
        track_interfaces,
        notify,
        tracking_weight,
    })
}

/// Takes a keyword of the notify family; whether it is one.
pub(super) fn take_notify(
    notify: &mut Notify,
    statement: &Statement,
    reading: &mut Reading<'_>,
) -> bool {
    let keyword = statement.keyword().text.as_str();
    if keyword == "notify_deleted" {
        notify.tell_deleted = true;
        if statement.values().is_empty() {
            reading.alone(statement);
            return true;
        }
    }
    let slot = match keyword {
        "notify" => &mut notify.any,
        "notify_master" => &mut notify.master,
        "notify_backup" => &mut notify.backup,
        "notify_fault" => &mut notify.fault,
        "notify_stop" => &mut notify.stop,
        "notify_deleted" => &mut notify.deleted,
        "notify_master_rx_lower_pri" => &mut notify.master_heard_lower,
        _ => return false,
    };
    *slot = script::command(statement, reading);
    true
}
