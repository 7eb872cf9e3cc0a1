//! Commands about constraints.

use super::{Command, cib};
use crate::pcs::{constraint, constraint_text, location, location_rules};

const ORDER_FORMS: &[&str] = &[
    "[config] [--full]",
    "[ACTION] RESOURCE then [ACTION] RESOURCE [OPTION=VALUE]...",
    "set RESOURCE... [OPTION=VALUE]... [set ...] [setoptions OPTION=VALUE...]",
    "remove|delete RESOURCE...",
];

const COLOCATION_FORMS: &[&str] = &[
    "[config] [--full]",
    "add [ROLE] RESOURCE with [ROLE] RESOURCE [SCORE] [OPTION=VALUE]...",
    "set RESOURCE... [OPTION=VALUE]... [set ...] [setoptions OPTION=VALUE...]",
    "remove|delete RESOURCE RESOURCE",
];

const LOCATION_FORMS: &[&str] = &[
    "[config [resources [RESOURCE...] | nodes [NODE...]]] [--full]",
    "RESOURCE prefers NODE[=SCORE]...",
    "RESOURCE avoids NODE[=SCORE]...",
    "add ID RESOURCE NODE SCORE [resource-discovery=OPTION]",
    "RESOURCE rule [id=ID] [constraint-id=ID] [role=ROLE] [score=SCORE | score-attribute=ATTRIBUTE] EXPRESSION",
    "remove|delete ID",
];

const TICKET_FORMS: &[&str] = &[
    "[config] [--full]",
    "add TICKET [ROLE] RESOURCE [loss-policy=POLICY] [id=ID]",
    "set RESOURCE... [role=ROLE] [set ...] setoptions ticket=TICKET [OPTION=VALUE]...",
    "remove|delete TICKET RESOURCE",
];

pub(super) const COMMANDS: &[Command] = &[
    cib(
        "constraint",
        &["[config] [--full]"],
        &["--full", "--output-format", "--all"],
        constraint_text::config,
    ),
    cib(
        "constraint config",
        &["[--full]"],
        &["--full", "--output-format", "--all"],
        constraint_text::config,
    ),
    cib(
        "constraint list",
        &["[--full]"],
        &["--full", "--all"],
        constraint_text::old_list,
    ),
    cib(
        "constraint show",
        &["[--full]"],
        &["--full", "--all"],
        constraint_text::old_list,
    ),
    cib(
        "constraint location",
        LOCATION_FORMS,
        &["--full", "--all"],
        location::location,
    ),
    cib(
        "constraint order",
        ORDER_FORMS,
        &["--full"],
        constraint::order,
    ),
    cib(
        "constraint colocation",
        COLOCATION_FORMS,
        &["--full"],
        constraint::colocation,
    ),
    cib(
        "constraint ticket",
        TICKET_FORMS,
        &["--full"],
        constraint::ticket,
    ),
    cib("constraint remove", &["ID..."], &[], constraint::remove),
    cib("constraint delete", &["ID..."], &[], constraint::remove),
    cib(
        "constraint ref",
        &["RESOURCE..."],
        &[],
        constraint_text::references,
    ),
    cib(
        "constraint rule",
        &[
            "add CONSTRAINT [id=ID] [role=ROLE] [score=SCORE] EXPRESSION",
            "remove|delete RULE",
        ],
        &[],
        location_rules::rule,
    ),
];
