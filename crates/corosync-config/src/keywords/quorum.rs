//! `quorum`: `votequorum(5)` and `corosync-qdevice(8)`.

use super::{Section, U32, Value, corosync, old, taken, within};

pub(super) static QUORUM: Section = Section {
    path: "quorum",
    keywords: &[
        taken("provider", Value::OneOf(&["corosync_votequorum"])),
        taken("expected_votes", Value::Number(1, u32::MAX as u64)),
        taken("two_node", Value::Flag),
        taken("wait_for_all", Value::Flag),
        taken("auto_tie_breaker", Value::Flag),
        taken("auto_tie_breaker_node", Value::Text),
        taken("last_man_standing", Value::Flag),
        taken("last_man_standing_window", U32),
        taken("allow_downscale", Value::Flag),
        taken("expected_votes_tracking", Value::Flag),
        corosync(
            "leaving_timeout",
            U32,
            "a node that leaves is gone with the view that it left",
        ),
        old(
            "votes",
            U32,
            "each node's votes are its quorum_votes in nodelist",
        ),
    ],
    sections: &[within("device", &DEVICE)],
};

static DEVICE: Section = Section {
    path: "quorum.device",
    keywords: &[
        taken("model", Value::OneOf(&["net"])),
        taken("votes", U32),
        taken("timeout", U32),
        taken("sync_timeout", U32),
        taken("master_wins", Value::Flag),
    ],
    sections: &[within("net", &NET), within("heuristics", &HEURISTICS)],
};

static NET: Section = Section {
    path: "quorum.device.net",
    keywords: &[
        taken("host", Value::Text),
        taken("port", Value::Number(1, u16::MAX as u64)),
        taken(
            "algorithm",
            Value::OneOf(&["ffsplit", "lms", "2nodelms", "test"]),
        ),
        taken("tie_breaker", Value::Text),
        taken("tls", Value::OneOf(&["on", "off", "required"])),
        taken("connect_timeout", U32),
        taken("force_ip_version", Value::OneOf(&["0", "4", "6"])),
        taken("keep_active_partition_tie_breaker", Value::OnOff),
    ],
    sections: &[],
};

static HEURISTICS: Section = Section {
    path: "quorum.device.heuristics",
    keywords: &[
        taken("mode", Value::OneOf(&["on", "sync", "off"])),
        taken("timeout", Value::Number(1000, 120_000)),
        taken("sync_timeout", Value::Number(1000, 120_000)),
        taken("interval", Value::Number(1000, 3_600_000)),
        taken("exec_*", Value::Text),
    ],
    sections: &[],
};
