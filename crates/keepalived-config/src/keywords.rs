//! Every keyword of keepalived.conf by the block it stands in: the table behind "unknown", "belongs
//! elsewhere" and "not built yet".
//!
//! Taken from the newest keepalived and its manual. What is built is not said here: it is what the
//! modules of [`crate::lower`] take.

mod block;

pub(crate) use block::Block;

/// Whether a keyword's line holds a script, and so takes `'` and escapes.
pub(crate) fn is_script(keyword: &str) -> bool {
    SCRIPTS.contains(&keyword)
}

/// Keywords with no effect where nothing of what they are about is configured, and what that is.
pub(crate) fn without_effect(keyword: &str) -> Option<&'static str> {
    WITHOUT_EFFECT
        .iter()
        .find(|(keywords, _)| keywords.contains(&keyword))
        .map(|(_, why)| *why)
}

const SCRIPTS: &[&str] = &[
    "script",
    "notify",
    "notify_backup",
    "notify_deleted",
    "notify_down",
    "notify_fault",
    "notify_fifo_script",
    "notify_master",
    "notify_master_rx_lower_pri",
    "notify_stop",
    "notify_up",
    "lvs_notify_fifo_script",
    "misc_path",
    "quorum_down",
    "quorum_up",
    "shutdown_script",
    "startup_script",
    "vrrp_notify_fifo_script",
];

const WITHOUT_EFFECT: &[(&[&str], &str)] = &[
    (
        &[
            "notification_email",
            "notification_email_from",
            "smtp_server",
            "smtp_helo_name",
            "smtp_connect_timeout",
            "no_email_faults",
            "no_checker_emails",
        ],
        "no mail is sent without smtp_alert",
    ),
    (
        &[
            "lvs_timeouts",
            "lvs_flush",
            "lvs_flush_on_stop",
            "lvs_flush_onstop",
            "lvs_process_name",
            "lvs_netlink_cmd_rcv_bufs",
            "lvs_netlink_cmd_rcv_bufs_force",
            "lvs_netlink_monitor_rcv_bufs",
            "lvs_netlink_monitor_rcv_bufs_force",
            "rs_init_notifies",
            "checker_log_all_failures",
            "checker_process_name",
            "checker_priority",
            "checker_no_swap",
            "checker_rt_priority",
            "checker_cpu_affinity",
            "checker_rlimit_rttime",
            "checker_rlimit_rtime",
            "nftables_ipvs",
            "nftables_ipvs_priority",
            "nftables_ipvs_start_fwmark",
        ],
        "there are no virtual servers",
    ),
    (
        &[
            "bfd_process_name",
            "bfd_priority",
            "bfd_no_swap",
            "bfd_rt_priority",
            "bfd_cpu_affinity",
            "bfd_rlimit_rttime",
            "bfd_rlimit_rtime",
        ],
        "there are no BFD instances",
    ),
    (
        &["vmac_prefix", "vmac_addr_prefix", "disable_local_igmp"],
        "there are no virtual MACs",
    ),
    (
        &[
            "vrrp_iptables",
            "vrrp_ipsets",
            "nftables",
            "nftables_priority",
            "nftables_ifindex",
            "nftables_counters",
        ],
        "the firewall is used for no_accept and virtual MACs only",
    ),
    (
        &[
            "vrrp_netlink_cmd_rcv_bufs",
            "vrrp_netlink_cmd_rcv_bufs_force",
            "vrrp_netlink_monitor_rcv_bufs",
            "vrrp_netlink_monitor_rcv_bufs_force",
            "process_monitor_rcv_bufs",
            "process_monitor_rcv_bufs_force",
        ],
        "the buffers are sized by the kernel's answers, and lost events are recovered",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_keyword_of_keepalived_is_known() {
        let all: BTreeSet<&str> = Block::ALL
            .iter()
            .flat_map(|block| block.keywords())
            .copied()
            .collect();
        assert!(all.len() >= 363, "{} keywords", all.len());
        for keyword in SCRIPTS {
            assert!(all.contains(keyword), "{keyword}");
        }
        for (keywords, _) in WITHOUT_EFFECT {
            for keyword in *keywords {
                assert!(Block::GlobalDefs.keywords().contains(keyword), "{keyword}");
            }
        }
    }
}
