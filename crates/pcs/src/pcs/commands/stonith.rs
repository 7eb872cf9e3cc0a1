//! Commands about fence devices.

use super::{Command, NOT_BUILT, cib, machine, refused};
use crate::pcs::{
    fencing, fencing_levels, resource, resource_create, resource_history, status, stonith,
};

const CREATE: &[&str] = &[
    "--disabled",
    "--group",
    "--before",
    "--after",
    "--no-default-ops",
    "--wait",
];

pub(super) const COMMANDS: &[Command] = &[
    cib("stonith", &["[status [DEVICE]]"], &[], status::devices),
    cib("stonith status", &["[DEVICE]"], &[], status::devices),
    cib(
        "stonith show",
        &["[DEVICE...]"],
        &["--full"],
        status::old_show_devices,
    ),
    cib(
        "stonith config",
        &["[DEVICE...]"],
        &["--output-format"],
        resource::stonith_config,
    ),
    machine(
        "stonith list",
        &["[FILTER]"],
        &["--nodesc"],
        resource::list_devices,
    ),
    machine(
        "stonith describe",
        &["AGENT"],
        &["--full"],
        resource::describe_device,
    ),
    cib(
        "stonith create",
        &["NAME AGENT [OPTION=VALUE]... [op OPERATION OPTION=VALUE...]... [meta OPTION=VALUE...]"],
        CREATE,
        resource_create::stonith,
    ),
    cib(
        "stonith update",
        &["DEVICE [OPTION=[VALUE]]... [op OPERATION OPTION=VALUE...]... [meta OPTION=[VALUE]...]"],
        &[],
        stonith::update,
    ),
    cib("stonith delete", &["DEVICE"], &[], stonith::delete),
    cib("stonith remove", &["DEVICE"], &[], stonith::delete),
    cib(
        "stonith enable",
        &["DEVICE..."],
        &["--wait"],
        stonith::enable,
    ),
    cib(
        "stonith disable",
        &["DEVICE..."],
        &["--wait"],
        stonith::disable,
    ),
    cib("stonith level", &["[config]"], &[], fencing_levels::config),
    cib("stonith level config", &[""], &[], fencing_levels::config),
    cib(
        "stonith level add",
        &["LEVEL TARGET DEVICE..."],
        &[],
        fencing_levels::add,
    ),
    cib(
        "stonith level delete",
        &["LEVEL [target TARGET] [stonith DEVICE...]"],
        &[],
        fencing_levels::remove,
    ),
    cib(
        "stonith level remove",
        &["LEVEL [target TARGET] [stonith DEVICE...]"],
        &[],
        fencing_levels::remove,
    ),
    cib(
        "stonith level clear",
        &["[target TARGET | stonith DEVICE...]"],
        &[],
        fencing_levels::clear,
    ),
    cib("stonith level verify", &[""], &[], fencing_levels::verify),
    machine("stonith fence", &["NODE"], &["--off"], fencing::fence),
    machine("stonith confirm", &["NODE"], &[], fencing::confirm),
    machine(
        "stonith history",
        &["[show [NODE]]", "cleanup [NODE]", "update"],
        &[],
        fencing::history,
    ),
    cib(
        "stonith cleanup",
        &["[DEVICE] [node=NODE] [operation=OPERATION [interval=INTERVAL]]"],
        &["--strict", "--node"],
        resource_history::cleanup,
    ),
    cib(
        "stonith refresh",
        &["[DEVICE] [node=NODE]"],
        &["--strict", "--node", "--full"],
        resource_history::refresh,
    ),
    refused("stonith sbd", "there is no sbd here"),
    refused("stonith update-scsi-devices", NOT_BUILT),
];
