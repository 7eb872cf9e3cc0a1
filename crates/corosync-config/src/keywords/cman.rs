//! `cluster.conf` of CMAN: the schema `cluster.rng` of cluster 3, elements as sections and attributes
//! as keywords.

use super::totem;
use super::{Keyword, Meaning, Section, Subsection, U32, Value, taken, unread, within};

const IDS: Value = Value::Number(1, u32::MAX as u64);
const PORT: Value = Value::Number(1, u16::MAX as u64);
const MULTICAST_ADDRESS: &str = "messages go to each node's own address";
const DISK: &str = "there is no quorum disk";
const GONE: &str = "it is of CMAN's own daemons";
const LOCKS: &str = "locks for cluster file systems are the DLM's own matter";

const fn without(name: &'static str, why: &'static str) -> Keyword {
    Keyword {
        name,
        value: Value::TextOrNone,
        meaning: Meaning::Without(why),
    }
}

const fn passed_over(name: &'static str, why: &'static str) -> Subsection {
    Subsection {
        name,
        section: None,
        meaning: Meaning::Without(why),
    }
}

const fn refused(name: &'static str, why: &'static str) -> Subsection {
    Subsection {
        name,
        section: None,
        meaning: Meaning::Refused(why),
    }
}

/// The top level of a `cluster.conf`.
pub static CLUSTER_CONF: Section = Section {
    path: "",
    keywords: &[],
    sections: &[within("cluster", &CLUSTER)],
};

static CLUSTER: Section = Section {
    path: "cluster",
    keywords: &[
        taken("name", Value::Text),
        taken("config_version", Value::Number(0, u64::MAX)),
        without("alias", "a cluster is known by its name"),
    ],
    sections: &[
        within("cman", &CMAN),
        within("clusternodes", &CLUSTERNODES),
        within("fencedevices", &FENCEDEVICES),
        within("totem", &TOTEM),
        within("logging", &LOGGING),
        within("keel", &KEEL),
        refused(
            "quorumd",
            "a witness on a third machine takes the place of a quorum disk: 'device' in section \
             'quorum' of corosync.conf",
        ),
        refused(
            "rm",
            "services of rgmanager become resources: 'keel pcs resource create'",
        ),
        passed_over(
            "fence_daemon",
            "the cluster's scheduler decides when a node is fenced",
        ),
        passed_over("fence_xvmd", "it is a daemon of its own"),
        passed_over("dlm", LOCKS),
        passed_over("gfs_controld", LOCKS),
        passed_over("clvmd", LOCKS),
        passed_over("group", GONE),
        passed_over("uidgid", "who may use keel's socket is not told here"),
        unread("service", "services are built in"),
        unread("aisexec", "the daemon runs as who starts it"),
        unread("event", "the event service was dropped with corosync 2"),
        unread(
            "amf",
            "the availability framework was dropped with corosync 2",
        ),
    ],
};

static KEEL: Section = Section {
    path: "keel",
    keywords: &[
        taken("authority", Value::Text),
        taken("authority_key", Value::Text),
    ],
    sections: &[],
};

static CMAN: Section = Section {
    path: "cman",
    keywords: &[
        taken("two_node", Value::Flag),
        taken("expected_votes", IDS),
        taken("port", PORT),
        taken("transport", Value::OneOf(&["udp", "udpb", "udpu", "rdma"])),
        without("broadcast", MULTICAST_ADDRESS),
        without("keyfile", "nodes prove who they are by certificates"),
        without("cluster_id", "a cluster is known by its name"),
        without("hash_cluster_id", "a cluster is known by its name"),
        without("upgrading", "there are no nodes of cluster 2"),
        without("disallowed", "there are no nodes of cluster 2"),
        without("quorum_dev_poll", DISK),
        without("shutdown_timeout", GONE),
        without("ccsd_poll", GONE),
        without("debug_mask", GONE),
        without(
            "nodename",
            "a machine finds itself by its name or addresses",
        ),
        without("disable_openais", "there are no services of OpenAIS"),
    ],
    sections: &[
        within("multicast", &MULTICAST),
        within("altmulticast", &MULTICAST),
    ],
};

static MULTICAST: Section = Section {
    path: "multicast",
    keywords: &[
        without("addr", MULTICAST_ADDRESS),
        without("ttl", MULTICAST_ADDRESS),
        taken("port", PORT),
    ],
    sections: &[],
};

static TOTEM: Section = Section {
    path: "totem",
    keywords: totem::KEYWORDS,
    sections: &[passed_over(
        "interface",
        "CMAN takes addresses and ports from 'clusternode' and 'cman'",
    )],
};

static CLUSTERNODES: Section = Section {
    path: "clusternodes",
    keywords: &[],
    sections: &[within("clusternode", &CLUSTERNODE)],
};

static CLUSTERNODE: Section = Section {
    path: "clusternode",
    keywords: &[
        taken("name", Value::Text),
        taken("nodeid", IDS),
        taken("votes", U32),
        without("weight", LOCKS),
    ],
    sections: &[
        within("altname", &ALTNAME),
        within("fence", &FENCE),
        within("unfence", &UNFENCE),
    ],
};

static ALTNAME: Section = Section {
    path: "altname",
    keywords: &[
        taken("name", Value::Text),
        taken("port", PORT),
        without("mcast", MULTICAST_ADDRESS),
        without("ttl", MULTICAST_ADDRESS),
    ],
    sections: &[],
};

static FENCE: Section = Section {
    path: "fence",
    keywords: &[],
    sections: &[within("method", &METHOD)],
};

static UNFENCE: Section = Section {
    path: "unfence",
    keywords: &[],
    sections: &[within("device", &DEVICE)],
};

static METHOD: Section = Section {
    path: "method",
    keywords: &[taken("name", Value::Text)],
    sections: &[within("device", &DEVICE)],
};

static DEVICE: Section = Section {
    path: "device",
    keywords: &[taken("name", Value::Text), taken("*", Value::TextOrNone)],
    sections: &[],
};

static FENCEDEVICES: Section = Section {
    path: "fencedevices",
    keywords: &[],
    sections: &[within("fencedevice", &FENCEDEVICE)],
};

static FENCEDEVICE: Section = Section {
    path: "fencedevice",
    keywords: &[
        taken("name", Value::Text),
        taken("agent", Value::Text),
        taken("*", Value::TextOrNone),
    ],
    sections: &[],
};

const DEBUG: Value = Value::OneOf(&["on", "off"]);

static LOGGING: Section = Section {
    path: "logging",
    keywords: &[
        taken("to_syslog", Value::YesNo),
        taken("to_logfile", Value::YesNo),
        taken("syslog_facility", Value::OneOf(super::logging::FACILITIES)),
        taken("syslog_priority", Value::Priority),
        taken("logfile_priority", Value::Priority),
        taken("logfile", Value::Path),
        taken("debug", DEBUG),
    ],
    sections: &[within("logging_daemon", &LOGGING_DAEMON)],
};

static LOGGING_DAEMON: Section = Section {
    path: "logging_daemon",
    keywords: &[
        taken("name", Value::Text),
        taken("subsys", Value::Text),
        taken("to_syslog", Value::YesNo),
        taken("to_logfile", Value::YesNo),
        taken("syslog_facility", Value::OneOf(super::logging::FACILITIES)),
        taken("syslog_priority", Value::Priority),
        taken("logfile_priority", Value::Priority),
        taken("logfile", Value::Path),
        taken("debug", DEBUG),
    ],
    sections: &[],
};
