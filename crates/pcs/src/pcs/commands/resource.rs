//! Commands about resources.

use super::{Command, NOT_BUILT, cib, machine, refused};
use crate::pcs::{
    debugging, defaults, relations, resource, resource_create, resource_history, resource_move,
    resource_state, resource_structure, resource_update, status,
};

const SETS: &[&str] = &["--full", "--all", "--no-expire-check"];

const CREATE: &[&str] = &[
    "--disabled",
    "--group",
    "--before",
    "--after",
    "--no-default-ops",
    "--wait",
];

const DEFAULTS_FORMS: &[&str] = &[
    "[config]",
    "[update] NAME=[VALUE]...",
    "set create [id=ID] [score=SCORE] [meta NAME=VALUE...] [rule EXPRESSION]",
    "set update SET [meta NAME=[VALUE]...]",
    "set delete|remove SET...",
];

pub(super) const COMMANDS: &[Command] = &[
    cib("resource", &["[status [RESOURCE]]"], &[], status::resources),
    cib("resource status", &["[RESOURCE]"], &[], status::resources),
    cib(
        "resource show",
        &["[RESOURCE...]"],
        &["--full"],
        status::old_show,
    ),
    cib(
        "resource config",
        &["[RESOURCE...]"],
        &["--output-format"],
        resource::config,
    ),
    machine("resource standards", &[""], &[], resource::standards),
    machine("resource providers", &[""], &[], resource::providers),
    machine(
        "resource agents",
        &["[STANDARD[:PROVIDER]]"],
        &[],
        resource::agents,
    ),
    machine(
        "resource list",
        &["[FILTER]"],
        &["--nodesc"],
        resource::list_agents,
    ),
    machine(
        "resource describe",
        &["[STANDARD:[PROVIDER:]]TYPE"],
        &["--full"],
        resource::describe,
    ),
    cib(
        "resource create",
        &[
            "NAME [STANDARD:[PROVIDER:]]TYPE [OPTION=VALUE]... [op OPERATION OPTION=VALUE...]... [meta OPTION=VALUE...] [clone [CLONE] [OPTION=VALUE]... | promotable [CLONE] [OPTION=VALUE]...]",
        ],
        CREATE,
        resource_create::resource,
    ),
    cib(
        "resource delete",
        &["RESOURCE"],
        &[],
        resource_structure::delete,
    ),
    cib(
        "resource remove",
        &["RESOURCE"],
        &[],
        resource_structure::delete,
    ),
    cib(
        "resource update",
        &[
            "RESOURCE [OPTION=[VALUE]]... [op OPERATION OPTION=VALUE...]... [meta OPTION=[VALUE]...]",
        ],
        &["--wait"],
        resource_update::update,
    ),
    cib(
        "resource meta",
        &["RESOURCE OPTION=[VALUE]..."],
        &["--wait"],
        resource_update::meta,
    ),
    cib(
        "resource op add",
        &["RESOURCE OPERATION [OPTION=VALUE]..."],
        &[],
        resource_update::op_add,
    ),
    cib(
        "resource op delete",
        &["RESOURCE OPERATION [OPTION=VALUE]...", "OPERATION-ID"],
        &[],
        resource_update::op_remove,
    ),
    cib(
        "resource op remove",
        &["RESOURCE OPERATION [OPTION=VALUE]...", "OPERATION-ID"],
        &[],
        resource_update::op_remove,
    ),
    cib(
        "resource op defaults",
        DEFAULTS_FORMS,
        SETS,
        defaults::of_operations,
    ),
    cib(
        "resource defaults",
        DEFAULTS_FORMS,
        SETS,
        defaults::of_resources,
    ),
    cib(
        "resource utilization",
        &["[RESOURCE [NAME=[VALUE]...]]"],
        &[],
        resource_update::utilization,
    ),
    cib(
        "resource group list",
        &[""],
        &[],
        resource_structure::group_list,
    ),
    cib(
        "resource group add",
        &["GROUP RESOURCE..."],
        &["--before", "--after", "--wait"],
        resource_structure::group_add,
    ),
    cib(
        "resource group remove",
        &["GROUP [RESOURCE...]"],
        &["--wait"],
        resource_structure::group_remove,
    ),
    cib(
        "resource group delete",
        &["GROUP [RESOURCE...]"],
        &["--wait"],
        resource_structure::group_remove,
    ),
    cib(
        "resource ungroup",
        &["GROUP [RESOURCE...]"],
        &["--wait"],
        resource_structure::group_remove,
    ),
    cib(
        "resource clone",
        &["RESOURCE [CLONE] [OPTION=VALUE]..."],
        &["--wait"],
        resource_structure::clone,
    ),
    cib(
        "resource promotable",
        &["RESOURCE [CLONE] [OPTION=VALUE]..."],
        &["--wait"],
        resource_structure::promotable,
    ),
    cib(
        "resource unclone",
        &["RESOURCE"],
        &["--wait"],
        resource_structure::unclone,
    ),
    cib(
        "resource enable",
        &["RESOURCE..."],
        &["--wait"],
        resource_state::enable,
    ),
    cib(
        "resource disable",
        &["RESOURCE..."],
        &["--wait"],
        resource_state::disable,
    ),
    cib(
        "resource manage",
        &["RESOURCE..."],
        &["--monitor"],
        resource_state::manage,
    ),
    cib(
        "resource unmanage",
        &["RESOURCE..."],
        &["--monitor"],
        resource_state::unmanage,
    ),
    cib(
        "resource move-with-constraint",
        &["RESOURCE [NODE] [lifetime=DURATION]"],
        &["--promoted", "--wait"],
        resource_state::move_with_constraint,
    ),
    cib(
        "resource ban",
        &["RESOURCE [NODE] [lifetime=DURATION]"],
        &["--promoted", "--wait"],
        resource_state::ban,
    ),
    cib(
        "resource clear",
        &["RESOURCE [NODE]"],
        &["--promoted", "--expired", "--wait"],
        resource_state::clear,
    ),
    machine(
        "resource move",
        &["RESOURCE [NODE]"],
        &["--promoted", "--wait"],
        resource_move::move_resource,
    ),
    cib(
        "resource cleanup",
        &["[RESOURCE] [node=NODE] [operation=OPERATION [interval=INTERVAL]]"],
        &["--strict", "--node", "--wait"],
        resource_history::cleanup,
    ),
    cib(
        "resource refresh",
        &["[RESOURCE] [node=NODE]"],
        &["--strict", "--node", "--full", "--wait"],
        resource_history::refresh,
    ),
    machine(
        "resource restart",
        &["RESOURCE"],
        &["--wait"],
        resource_move::restart,
    ),
    cib(
        "resource failcount",
        &["[show [RESOURCE] [node=NODE] [operation=OPERATION [interval=INTERVAL]]]"],
        &["--full"],
        resource_history::failcount,
    ),
    cib(
        "resource relations",
        &["RESOURCE"],
        &["--full"],
        relations::relations,
    ),
    refused("resource relocate", NOT_BUILT),
    refused("resource bundle", NOT_BUILT),
    refused("resource safe-disable", NOT_BUILT),
    machine(
        "resource debug-start",
        &["RESOURCE"],
        &["--full"],
        debugging::start,
    ),
    machine(
        "resource debug-stop",
        &["RESOURCE"],
        &["--full"],
        debugging::stop,
    ),
    machine(
        "resource debug-promote",
        &["RESOURCE"],
        &["--full"],
        debugging::promote,
    ),
    machine(
        "resource debug-demote",
        &["RESOURCE"],
        &["--full"],
        debugging::demote,
    ),
    machine(
        "resource debug-monitor",
        &["RESOURCE"],
        &["--full"],
        debugging::monitor,
    ),
];
