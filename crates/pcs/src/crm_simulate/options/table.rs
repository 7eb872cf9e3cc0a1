//! Every option: its names, its argument, what it does, and what the help text says of it.

use crate::options::{Entry, HIDDEN, entry};

/// What an option does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Help,
    HelpAll,
    HelpGroup(Group),
    OutputAs,
    OutputTo,
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
    Version,
    Verbose,
    Quiet,
}

/// The parts of the help text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Help,
    Output,
    Operations,
    Synthetic,
    Artifact,
    Source,
    Application,
}

impl Group {
    pub const ALL: [Self; 7] = [
        Self::Help,
        Self::Output,
        Self::Operations,
        Self::Synthetic,
        Self::Artifact,
        Self::Source,
        Self::Application,
    ];

    pub const fn heading(self) -> &'static str {
        match self {
            Self::Help => "Help Options:",
            Self::Output => "Output Options:",
            Self::Operations => "Operations:",
            Self::Synthetic => "Synthetic Cluster Events:",
            Self::Artifact => "Artifact Options:",
            Self::Source => "Data Source:",
            Self::Application => "Application Options:",
        }
    }
}

#[rustfmt::skip]
pub(super) const ENTRIES: &[Entry<Meaning, Group>] = {
    use Group::{Application, Artifact, Help, Operations, Output, Source, Synthetic};
    &[
        entry(Help, "help", 'h', None, Meaning::Help, "Show help options"),
        entry(Help, "help-all", ' ', None, Meaning::HelpAll, "Show all help options"),
        entry(Help, "help-output", ' ', None, Meaning::HelpGroup(Output), "Show output help"),
        entry(Help, "help-operations", ' ', None, Meaning::HelpGroup(Operations), "Show operations options"),
        entry(Help, "help-synthetic", ' ', None, Meaning::HelpGroup(Synthetic), "Show synthetic cluster event options"),
        entry(Help, "help-artifact", ' ', None, Meaning::HelpGroup(Artifact), "Show artifact options"),
        entry(Help, "help-source", ' ', None, Meaning::HelpGroup(Source), "Show data source options"),

        entry(Output, "output-as", ' ', Some("FORMAT"), Meaning::OutputAs, "Specify output format as one of: text (default), xml, json"),
        entry(Output, "output-to", ' ', Some("DEST"), Meaning::OutputTo, "Specify file name for output (or \"-\" for stdout)"),

        entry(Operations, "run", 'R', None, Meaning::Run, "Process the supplied input and show what actions the cluster will take in response"),
        entry(Operations, "simulate", 'S', None, Meaning::Simulate, "Like --run, but also simulate taking those actions and show the resulting new status"),
        entry(Operations, "in-place", 'X', None, Meaning::InPlace, "Like --simulate, but also store the results back to the input file"),
        entry(Operations, "show-attrs", 'A', None, Meaning::ShowAttributes, "Show node attributes"),
        entry(Operations, "show-failcounts", 'c', None, Meaning::ShowFailCounts, "Show resource fail counts"),
        entry(Operations, "show-scores", 's', None, Meaning::ShowScores, "Show allocation scores"),
        entry(Operations, "show-utilization", 'U', None, Meaning::ShowUtilization, "Show utilization information"),
        entry(Operations, "explain", ' ', Some("RESOURCE [NODE]"), Meaning::Explain, "Explain why a resource is, or is not, where it is (on NODE), what will be done with it,\nand what that waits for"),
        entry(Operations, "profile", 'P', Some("DIR"), Meaning::Profile, "Process all the XML files in the named directory to create profiling data"),
        entry(Operations, "repeat", 'N', Some("N"), Meaning::Repeat, "With --profile, repeat each test N times and print timings"),
        entry(Operations, "pending", 'j', None, Meaning::Pending, HIDDEN),

        entry(Synthetic, "node-up", 'u', Some("NODE"), Meaning::NodeUp, "Simulate bringing a node online"),
        entry(Synthetic, "node-down", 'd', Some("NODE"), Meaning::NodeDown, "Simulate taking a node offline"),
        entry(Synthetic, "node-fail", 'f', Some("NODE"), Meaning::NodeFail, "Simulate a node failing"),
        entry(Synthetic, "op-inject", 'i', Some("OPSPEC"), Meaning::OperationInject, "Generate a failure for the cluster to react to in the simulation.\nSee `Operation Specification` help for more information."),
        entry(Synthetic, "op-fail", 'F', Some("OPSPEC"), Meaning::OperationFail, "If the specified task occurs during the simulation, have it fail with return code ${rc}.\nThe transition will normally stop at the failed action.\nSave the result with --save-output and re-run with --xml-file.\nSee `Operation Specification` help for more information."),
        entry(Synthetic, "set-datetime", 't', Some("DATETIME"), Meaning::SetDate, "Set date/time (ISO 8601 format, see https://en.wikipedia.org/wiki/ISO_8601)"),
        entry(Synthetic, "quorum", 'q', Some("QUORUM"), Meaning::Quorum, "Set to '1' (or 'true') to indicate cluster has quorum"),
        entry(Synthetic, "watchdog", 'w', Some("DEVICE"), Meaning::Watchdog, "Set to '1' (or 'true') to indicate cluster has an active watchdog device"),
        entry(Synthetic, "ticket-grant", 'g', Some("TICKET"), Meaning::TicketGrant, "Simulate granting a ticket"),
        entry(Synthetic, "ticket-revoke", 'r', Some("TICKET"), Meaning::TicketRevoke, "Simulate revoking a ticket"),
        entry(Synthetic, "ticket-standby", 'b', Some("TICKET"), Meaning::TicketStandby, "Simulate making a ticket standby"),
        entry(Synthetic, "ticket-activate", 'e', Some("TICKET"), Meaning::TicketActivate, "Simulate activating a ticket"),

        entry(Artifact, "save-input", 'I', Some("FILE"), Meaning::SaveInput, "Save the input configuration to the named file"),
        entry(Artifact, "save-output", 'O', Some("FILE"), Meaning::SaveOutput, "Save the output configuration to the named file"),
        entry(Artifact, "save-graph", 'G', Some("FILE"), Meaning::SaveGraph, "Save the transition graph (XML format) to the named file"),
        entry(Artifact, "save-dotfile", 'D', Some("FILE"), Meaning::SaveDot, "Save the transition graph (DOT format) to the named file"),
        entry(Artifact, "all-actions", 'a', None, Meaning::AllActions, "Display all possible actions in DOT graph (even if not part of transition)"),

        entry(Source, "live-check", 'L', None, Meaning::Live, "Connect to CIB manager and use the current CIB contents as input"),
        entry(Source, "xml-file", 'x', Some("FILE"), Meaning::File, "Retrieve XML from the named file"),
        entry(Source, "xml-pipe", 'p', None, Meaning::Pipe, "Retrieve XML from stdin"),

        entry(Application, "version", '$', None, Meaning::Version, "Display software version and exit"),
        entry(Application, "verbose", 'V', None, Meaning::Verbose, "Increase debug output (may be specified multiple times)"),
        entry(Application, "quiet", 'Q', None, Meaning::Quiet, "Display only essential output"),
    ]
};
