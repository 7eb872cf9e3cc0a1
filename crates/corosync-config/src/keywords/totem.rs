//! `totem` and `nodelist`: `corosync.conf(5)`.

use super::{Keyword, Meaning, Section, Subsection, U8, U32, Value, corosync, old, taken, within};

const RING: &str = "the embedded transport has no token that goes round";
const MULTICAST: &str = "messages go to each node's own address";
const PACKETS: &str = "QUIC finds the size of packets by itself";
const RRP: &str = "redundant rings became links with corosync 3: see link_mode";
const COMPRESSION: &str = "messages are not compressed";
const DATAGRAM: Value = Value::Number(0, u16::MAX as u64);

pub(super) static TOTEM: Section = Section {
    path: "totem",
    keywords: KEYWORDS,
    sections: &[within("interface", &INTERFACE)],
};

/// What `totem` sets, in both languages.
pub(super) const KEYWORDS: &[Keyword] = &[
    taken("version", U32),
    taken("cluster_name", Value::Text),
    taken("cluster_uuid", Value::Text),
    taken("config_version", Value::Number(0, u64::MAX)),
    taken("transport", Value::Text),
    taken(
        "ip_version",
        Value::OneOf(&["ipv4", "ipv6", "ipv4-6", "ipv6-4"]),
    ),
    taken("link_mode", Value::OneOf(&["passive", "active", "rr"])),
    corosync("crypto_model", Value::Text, "TLS has one library here"),
    taken(
        "crypto_cipher",
        Value::OneOf(&["none", "aes256", "aes192", "aes128"]),
    ),
    taken(
        "crypto_hash",
        Value::OneOf(&["none", "md5", "sha1", "sha256", "sha384", "sha512"]),
    ),
    taken("secauth", Value::YesNo),
    corosync("keyfile", Value::Text, KEY),
    corosync("key", Value::Text, KEY),
    taken("token", U32),
    taken("token_coefficient", U32),
    corosync("token_warning", Value::Number(0, 100), RING),
    corosync("token_retransmit", U32, RING),
    corosync("token_retransmits_before_loss_const", U32, RING),
    corosync("hold", U32, RING),
    corosync("join", U32, "a view is agreed as soon as all have answered"),
    corosync("send_join", U32, RING),
    taken("consensus", U32),
    corosync("merge", U32, "other parts are looked for all the time"),
    corosync("downcheck", U32, "links are tried all the time"),
    corosync("fail_recv_const", U32, RING),
    corosync("seqno_unchanged_const", U32, RING),
    corosync(
        "heartbeat_failures_allowed",
        U32,
        "nodes always send heartbeats: see keel.heartbeat_ms",
    ),
    corosync("max_network_delay", U32, "the network's delay is measured"),
    corosync("window_size", U32, RING),
    corosync("max_messages", U32, RING),
    corosync("miss_count_const", U32, RING),
    corosync("cancel_token_hold_on_retransmit", Value::YesNo, RING),
    corosync("netmtu", U32, PACKETS),
    corosync("knet_mtu", U32, PACKETS),
    corosync("knet_pmtud_interval", U32, PACKETS),
    corosync(
        "knet_compression_model",
        Value::OneOf(&["zlib", "lz4", "lz4hc", "lzo2", "lzma", "bzip2", "zstd"]),
        COMPRESSION,
    ),
    corosync("knet_compression_threshold", U32, COMPRESSION),
    corosync("knet_compression_level", Value::Text, COMPRESSION),
    corosync(
        "block_unlisted_ips",
        Value::YesNo,
        "a node without the cluster's certificate is never heard",
    ),
    corosync(
        "clear_node_high_bit",
        Value::YesNo,
        "every node has its nodeid written",
    ),
    old("nodeid", U32, "each node's nodeid stands in nodelist"),
    old("vsftype", Value::Text, "there is one way to keep order"),
    old("threads", Value::Text, "there are no sending threads"),
    old("crypto_type", Value::Text, "the word is crypto_cipher"),
    old("rrp_mode", Value::Text, RRP),
    old("rrp_token_expired_timeout", Value::Text, RRP),
    old("rrp_problem_count_timeout", Value::Text, RRP),
    old("rrp_problem_count_threshold", Value::Text, RRP),
    old("rrp_problem_count_mcast_threshold", Value::Text, RRP),
    old("rrp_autorecovery_check_timeout", Value::Text, RRP),
];

const KEY: &str = "nodes prove who they are by certificates: see keel.certificates";

static INTERFACE: Section = Section {
    path: "totem.interface",
    keywords: &[
        taken("linknumber", U8),
        taken("ringnumber", U8),
        taken("knet_link_priority", U8),
        taken("knet_ping_interval", U32),
        taken("knet_ping_timeout", U32),
        taken("knet_pong_count", U32),
        corosync(
            "knet_ping_precision",
            U32,
            "the mean delay of a link is kept by QUIC",
        ),
        corosync(
            "knet_transport",
            Value::OneOf(&["udp", "sctp"]),
            "links are QUIC over UDP",
        ),
        taken("mcastport", DATAGRAM),
        corosync("bindnetaddr", Value::Text, "links use the nodes' addresses"),
        corosync("mcastaddr", Value::Text, MULTICAST),
        corosync("broadcast", Value::YesNo, MULTICAST),
        corosync("ttl", U8, MULTICAST),
    ],
    sections: &[Subsection {
        name: "member",
        section: None,
        meaning: Meaning::Old("nodes stand in nodelist"),
    }],
};

pub(super) static NODELIST: Section = Section {
    path: "nodelist",
    keywords: &[],
    sections: &[within("node", &NODE)],
};

static NODE: Section = Section {
    path: "nodelist.node",
    keywords: &[
        taken("ring0_addr", Value::Text),
        taken("ring1_addr", Value::Text),
        taken("ring2_addr", Value::Text),
        taken("ring3_addr", Value::Text),
        taken("ring4_addr", Value::Text),
        taken("ring5_addr", Value::Text),
        taken("ring6_addr", Value::Text),
        taken("ring7_addr", Value::Text),
        taken("nodeid", U32),
        taken("name", Value::Text),
        taken("quorum_votes", U32),
    ],
    sections: &[],
};
