//! Commands about options, nodes, status and what is stored beside resources.

use super::{Command, NOT_BUILT, cib, machine, refused};
use crate::pcs::{cluster_config, node, property, quorum, status};

pub(super) const COMMANDS: &[Command] = &[
    cib(
        "property",
        &["[config [NAME | --all | --defaults]]"],
        &["--all", "--defaults", "--output-format"],
        property::config,
    ),
    cib(
        "property config",
        &["[NAME | --all | --defaults]"],
        &["--all", "--defaults", "--output-format"],
        property::config,
    ),
    cib(
        "property list",
        &["[NAME | --all | --defaults]"],
        &["--all", "--defaults"],
        property::list,
    ),
    cib(
        "property show",
        &["[NAME | --all | --defaults]"],
        &["--all", "--defaults"],
        property::list,
    ),
    cib("property set", &["NAME=[VALUE]..."], &[], property::set),
    cib("property unset", &["NAME..."], &[], property::unset),
    cib("config", &["[show]"], &[], status::config),
    cib("config show", &[""], &[], status::config),
    refused("config backup", NOT_BUILT),
    refused("config restore", NOT_BUILT),
    refused("config checkpoint", NOT_BUILT),
    cib(
        "status",
        &["[--full] [--hide-inactive]"],
        &["--full", "--hide-inactive"],
        status::status,
    ),
    cib(
        "status status",
        &["[--full] [--hide-inactive]"],
        &["--full", "--hide-inactive"],
        status::status,
    ),
    cib("status resources", &["[RESOURCE]"], &[], status::resources),
    cib("status nodes", &[""], &[], status::status_nodes),
    cib("status cluster", &[""], &[], status::status_cluster),
    refused("status xml", NOT_BUILT),
    refused("status corosync", "see 'keel cluster status'"),
    machine("status quorum", &[""], &["--output-format"], quorum::status),
    refused("status booth", "there is no booth here"),
    machine(
        "status pcsd",
        &["[NODE...]"],
        &["--output-format"],
        cluster_config::pcsd_status,
    ),
    cib(
        "node attribute",
        &["[NODE]", "NODE NAME=[VALUE]..."],
        &["--name"],
        node::attribute,
    ),
    cib(
        "node utilization",
        &["[NODE]", "NODE NAME=[VALUE]..."],
        &[],
        node::utilization,
    ),
    cib(
        "node standby",
        &["NODE... | --all"],
        &["--all", "--wait"],
        node::standby,
    ),
    cib(
        "node unstandby",
        &["NODE... | --all"],
        &["--all", "--wait"],
        node::unstandby,
    ),
    cib(
        "node maintenance",
        &["NODE... | --all"],
        &["--all", "--wait"],
        node::maintenance,
    ),
    cib(
        "node unmaintenance",
        &["NODE... | --all"],
        &["--all", "--wait"],
        node::unmaintenance,
    ),
    refused("acl", NOT_BUILT),
    refused("alert", NOT_BUILT),
    refused("tag", NOT_BUILT),
];
