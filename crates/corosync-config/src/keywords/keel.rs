//! `keel`, our own section, and those that only corosync has a use for.

use super::{Keyword, Meaning, Section, Subsection, U32, Value, corosync, taken};

/// The bounds of `heartbeat_ms`: below, a core does nothing else; above, detection takes a minute.
const HEARTBEAT_MS: Value = Value::Number(1, 10_000);
/// The bounds of both detection times.
const DETECTION_MS: Value = Value::Number(10, 600_000);

pub(super) static KEEL: Section = Section {
    path: "keel",
    keywords: &[
        taken("transport", Value::OneOf(&["embedded", "corosync"])),
        taken("heartbeat_ms", HEARTBEAT_MS),
        taken("detection_floor_ms", DETECTION_MS),
        taken("detection_ceiling_ms", DETECTION_MS),
        taken("port", Value::Number(1, u16::MAX as u64)),
        taken("certificates", Value::Path),
        taken("cib", Value::Path),
        taken("acknowledge", Value::OneOf(&["all", "quorum"])),
        taken("generations", Value::Number(1, 1000)),
    ],
    sections: &[],
};

const PRIORITY: &str = "the service manager sets the daemon's priority";

pub(super) static SYSTEM: Section = Section {
    path: "system",
    keywords: &[
        corosync(
            "qb_ipc_type",
            Value::OneOf(&["native", "shm", "socket"]),
            "clients come through one unix socket",
        ),
        corosync("sched_rr", Value::OneOf(&["yes", "no"]), PRIORITY),
        corosync("priority", Value::Text, PRIORITY),
        corosync(
            "move_to_root_cgroup",
            Value::OneOf(&["yes", "no", "auto"]),
            "the daemon stays in the group it was started in",
        ),
        corosync(
            "allow_knet_handle_fallback",
            Value::OneOf(&["yes", "no"]),
            "knet is not used",
        ),
        corosync(
            "state_dir",
            Value::Text,
            "state lies beside the CIB: see keel.cib",
        ),
    ],
    sections: &[],
};

const RESOURCES_GONE: &str = "the watch over memory and load is not for a cluster's messages";

pub(super) static RESOURCES: Section = Section {
    path: "resources",
    keywords: &[
        Keyword {
            name: "watchdog_device",
            value: Value::TextOrNone,
            meaning: Meaning::Refused(
                "no watchdog is fed, and a machine that counts on one must not lose it unnoticed",
            ),
        },
        corosync("watchdog_timeout", U32, "no watchdog is fed"),
    ],
    sections: &[
        Subsection {
            name: "system",
            section: None,
            meaning: Meaning::CorosyncAlone(RESOURCES_GONE),
        },
        Subsection {
            name: "process",
            section: None,
            meaning: Meaning::CorosyncAlone(RESOURCES_GONE),
        },
    ],
};

pub(super) static NOZZLE: Section = Section {
    path: "nozzle",
    keywords: &[
        taken("name", Value::Text),
        taken("ipaddr", Value::Text),
        taken("ipprefix", Value::Text),
        taken("macaddr", Value::Text),
    ],
    sections: &[],
};

pub(super) static UIDGID: Section = Section {
    path: "uidgid",
    keywords: &[taken("uid", Value::Text), taken("gid", Value::Text)],
    sections: &[],
};
