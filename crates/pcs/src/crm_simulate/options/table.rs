//! Every option: its names, its argument, what it does, and what the help text says of it.

use crate::command_line::{Grammar, Group, HIDDEN, application_options, entry, output_options};

/// What an option does that only this tool has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Run,
    Simulate,
    InPlace,
    ShowAttributes,
    ShowFailCounts,
    ShowScores,
    ShowUtilization,
    Explain,
    Profile,
    Repeat,
    Pending,
    NodeUp,
    NodeDown,
    NodeFail,
    OperationInject,
    OperationFail,
    SetDate,
    Quorum,
    Watchdog,
    TicketGrant,
    TicketRevoke,
    TicketStandby,
    TicketActivate,
    SaveInput,
    SaveOutput,
    SaveGraph,
    SaveDot,
    AllActions,
    Live,
    File,
    Pipe,
}

#[rustfmt::skip]
pub(super) const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: "crm_simulate",
    summary: "crm_simulate - simulate a Pacemaker cluster's response to events",
    closing: OPERATION_SPECIFICATION,
    groups: &[
        Group {
            name: "output",
            heading: "Output Options:",
            help: "Show output help",
            entries: &output_options(),
        },
        Group {
            name: "operations",
            heading: "Operations:",
            help: "Show operations options",
            entries: &[
                entry("run", 'R', None, Meaning::Run, "Process the supplied input and show what actions the cluster will take in response"),
                entry("simulate", 'S', None, Meaning::Simulate, "Like --run, but also simulate taking those actions and show the resulting new status"),
                entry("in-place", 'X', None, Meaning::InPlace, "Like --simulate, but also store the results back to the input file"),
                entry("show-attrs", 'A', None, Meaning::ShowAttributes, "Show node attributes"),
                entry("show-failcounts", 'c', None, Meaning::ShowFailCounts, "Show resource fail counts"),
                entry("show-scores", 's', None, Meaning::ShowScores, "Show allocation scores"),
                entry("show-utilization", 'U', None, Meaning::ShowUtilization, "Show utilization information"),
                entry("explain", ' ', Some("RESOURCE [NODE]"), Meaning::Explain, "Explain why a resource is, or is not, where it is (on NODE), what will be done with it,\nand what that waits for"),
                entry("profile", 'P', Some("DIR"), Meaning::Profile, "Process all the XML files in the named directory to create profiling data"),
                entry("repeat", 'N', Some("N"), Meaning::Repeat, "With --profile, repeat each test N times and print timings"),
                entry("pending", 'j', None, Meaning::Pending, HIDDEN),
            ],
        },
        Group {
            name: "synthetic",
            heading: "Synthetic Cluster Events:",
            help: "Show synthetic cluster event options",
            entries: &[
                entry("node-up", 'u', Some("NODE"), Meaning::NodeUp, "Simulate bringing a node online"),
                entry("node-down", 'd', Some("NODE"), Meaning::NodeDown, "Simulate taking a node offline"),
                entry("node-fail", 'f', Some("NODE"), Meaning::NodeFail, "Simulate a node failing"),
                entry("op-inject", 'i', Some("OPSPEC"), Meaning::OperationInject, "Generate a failure for the cluster to react to in the simulation.\nSee `Operation Specification` help for more information."),
                entry("op-fail", 'F', Some("OPSPEC"), Meaning::OperationFail, "If the specified task occurs during the simulation, have it fail with return code ${rc}.\nThe transition will normally stop at the failed action.\nSave the result with --save-output and re-run with --xml-file.\nSee `Operation Specification` help for more information."),
                entry("set-datetime", 't', Some("DATETIME"), Meaning::SetDate, "Set date/time (ISO 8601 format, see https://en.wikipedia.org/wiki/ISO_8601)"),
                entry("quorum", 'q', Some("QUORUM"), Meaning::Quorum, "Set to '1' (or 'true') to indicate cluster has quorum"),
                entry("watchdog", 'w', Some("DEVICE"), Meaning::Watchdog, "Set to '1' (or 'true') to indicate cluster has an active watchdog device"),
                entry("ticket-grant", 'g', Some("TICKET"), Meaning::TicketGrant, "Simulate granting a ticket"),
                entry("ticket-revoke", 'r', Some("TICKET"), Meaning::TicketRevoke, "Simulate revoking a ticket"),
                entry("ticket-standby", 'b', Some("TICKET"), Meaning::TicketStandby, "Simulate making a ticket standby"),
                entry("ticket-activate", 'e', Some("TICKET"), Meaning::TicketActivate, "Simulate activating a ticket"),
            ],
        },
        Group {
            name: "artifact",
            heading: "Artifact Options:",
            help: "Show artifact options",
            entries: &[
                entry("save-input", 'I', Some("FILE"), Meaning::SaveInput, "Save the input configuration to the named file"),
                entry("save-output", 'O', Some("FILE"), Meaning::SaveOutput, "Save the output configuration to the named file"),
                entry("save-graph", 'G', Some("FILE"), Meaning::SaveGraph, "Save the transition graph (XML format) to the named file"),
                entry("save-dotfile", 'D', Some("FILE"), Meaning::SaveDot, "Save the transition graph (DOT format) to the named file"),
                entry("all-actions", 'a', None, Meaning::AllActions, "Display all possible actions in DOT graph (even if not part of transition)"),
            ],
        },
        Group {
            name: "source",
            heading: "Data Source:",
            help: "Show data source options",
            entries: &[
                entry("live-check", 'L', None, Meaning::Live, "Connect to CIB manager and use the current CIB contents as input"),
                entry("xml-file", 'x', Some("FILE"), Meaning::File, "Retrieve XML from the named file"),
                entry("xml-pipe", 'p', None, Meaning::Pipe, "Retrieve XML from stdin"),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('Q', "Display only essential output"),
        },
    ],
};

const OPERATION_SPECIFICATION: &str = "\
Operation Specification:

The OPSPEC in any command line option is of the form
${resource}_${task}_${interval_in_ms}@${node}=${rc}
(memcached_monitor_20000@bart.example.com=7, for example).
${rc} is an OCF return code.  For more information on these
return codes, refer to https://clusterlabs.org/pacemaker/doc/2.1/Pacemaker_Administration/html/agents.html#ocf-return-codes

Examples:

Pretend a recurring monitor action found memcached stopped on node
fred.example.com and, during recovery, that the memcached stop
action failed:

\tcrm_simulate -LS --op-inject memcached:0_monitor_20000@bart.example.com=7 --op-fail memcached:0_stop_0@fred.example.com=1 --save-output /tmp/memcached-test.xml

Now see what the reaction to the stop failed would be:

\tcrm_simulate -S --xml-file /tmp/memcached-test.xml


";
