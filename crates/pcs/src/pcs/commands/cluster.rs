//! Commands about cluster, hosts, quorum.

use super::{Command, NOT_BUILT, WAITS_FOR_SETUP, cib, machine, refused};
use crate::pcs::{cluster_life, cluster_setup, host_auth, node, status};

pub(super) const COMMANDS: &[Command] = &[
    cib(
        "cluster standby",
        &["NODE... | --all"],
        &["--all", "--wait"],
        node::standby,
    ),
    cib(
        "cluster unstandby",
        &["NODE... | --all"],
        &["--all", "--wait"],
        node::unstandby,
    ),
    cib("cluster status", &[""], &[], status::status_cluster),
    cib("cluster cib", &[""], &[], status::cib),
    cib("cluster verify", &[""], &["--full"], status::verify),
    refused("cluster cib-push", NOT_BUILT),
    refused("cluster cib-upgrade", NOT_BUILT),
    refused("cluster edit", NOT_BUILT),
    machine(
        "cluster auth",
        &["[NODE...]"],
        &["-u", "-p", "--local"],
        host_auth::cluster_auth,
    ),
    machine(
        "cluster setup",
        &[
            "NAME (NODE [addr=ADDRESS]...)... [transport knet|udp|udpu [OPTION=VALUE]... [link OPTION=VALUE...]... [compression OPTION=VALUE...] [crypto OPTION=VALUE...]] [totem OPTION=VALUE...] [quorum OPTION=VALUE...]",
            "--name NAME NODE[,ADDRESS]...",
        ],
        &[
            "--name",
            "--transport",
            "--start",
            "--enable",
            "--wait",
            "--no-cluster-uuid",
            "--corosync_conf",
            "--overwrite",
        ],
        cluster_setup::setup,
    ),
    machine(
        "cluster start",
        &["[--all | NODE...]"],
        &["--all", "--wait"],
        cluster_life::start,
    ),
    machine(
        "cluster stop",
        &["[--all | NODE...]"],
        &["--all"],
        cluster_life::stop,
    ),
    machine("cluster kill", &[""], &[], cluster_life::kill),
    machine(
        "cluster enable",
        &["[--all | NODE...]"],
        &["--all"],
        cluster_life::enable,
    ),
    machine(
        "cluster disable",
        &["[--all | NODE...]"],
        &["--all"],
        cluster_life::disable,
    ),
    machine(
        "cluster destroy",
        &["[--all]"],
        &["--all"],
        cluster_life::destroy,
    ),
    refused("cluster sync", WAITS_FOR_SETUP),
    refused("cluster node", WAITS_FOR_SETUP),
    refused("cluster link", WAITS_FOR_SETUP),
    refused("cluster authkey", WAITS_FOR_SETUP),
    refused("cluster config", WAITS_FOR_SETUP),
    refused("cluster report", NOT_BUILT),
    machine(
        "host auth",
        &["(HOST [addr=ADDRESS[:PORT]])..."],
        &["-u", "-p"],
        host_auth::auth,
    ),
    machine("host deauth", &["[HOST...]"], &[], host_auth::deauth),
    refused("client", WAITS_FOR_SETUP),
    refused(
        "pcsd",
        "there is no pcsd here: the cluster's daemon is asked",
    ),
    refused("quorum", "see 'keel cluster status'"),
    refused("qdevice", "see 'keel witness'"),
    refused("booth", "there is no booth here"),
    refused("dr", "there is no disaster recovery across clusters here"),
];
