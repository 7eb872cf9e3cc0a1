//! The command line of `crm_mon`: options, sections, and the help text.

use std::collections::BTreeSet;
use std::time::Duration;

use cib::time::parse_interval_ms;

use crate::command_line::{
    CommonOptions, Given, Grammar, Group, HIDDEN, Request, Words, application_options, entry,
    optional_entry, output_options,
};

/// A part of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Stack,
    Coordinator,
    Times,
    Counts,
    Options,
    Maintenance,
    Nodes,
    Resources,
    Attributes,
    FailCounts,
    Operations,
    Failures,
    Fencing,
    Tickets,
    Bans,
}

use Section::{
    Attributes, Bans, Coordinator, Counts, FailCounts, Failures, Fencing, Maintenance, Nodes,
    Operations, Resources, Stack, Tickets, Times,
};

const SUMMARY: &[Section] = &[
    Stack,
    Coordinator,
    Times,
    Counts,
    Section::Options,
    Maintenance,
];
const ALL: &[Section] = &[
    Stack,
    Coordinator,
    Times,
    Counts,
    Section::Options,
    Maintenance,
    Nodes,
    Resources,
    Attributes,
    FailCounts,
    Operations,
    Failures,
    Fencing,
    Tickets,
    Bans,
];
const DEFAULT: &[Section] = &[
    Stack,
    Coordinator,
    Times,
    Counts,
    Maintenance,
    Nodes,
    Resources,
    Failures,
    Fencing,
];
const NAMES: &[(&str, &[Section])] = &[
    ("all", ALL),
    ("attributes", &[Attributes]),
    ("bans", &[Bans]),
    ("counts", &[Counts]),
    ("dc", &[Coordinator]),
    ("default", DEFAULT),
    ("failcounts", &[FailCounts]),
    ("failures", &[Failures]),
    ("fencing", &[Fencing]),
    ("fencing-failed", &[Fencing]),
    ("fencing-pending", &[Fencing]),
    ("fencing-succeeded", &[Fencing]),
    ("maint-mode", &[Maintenance]),
    ("nodes", &[Nodes]),
    ("none", &[]),
    ("operations", &[Operations]),
    ("options", &[Section::Options]),
    ("resources", &[Resources]),
    ("stack", &[Stack]),
    ("summary", SUMMARY),
    ("tickets", &[Tickets]),
    ("times", &[Times]),
];

/// How often what is shown is brought up to date where nothing is told of changes, by default.
const INTERVAL: Duration = Duration::from_secs(5);

/// What was asked for.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option")]
pub(super) struct Options {
    pub common: CommonOptions,
    /// Changes of what is shown, in order: on or off, and what.
    changes: Vec<Choice>,
    pub only_node: Option<String>,
    pub only_resource: Option<String>,
    pub by_node: bool,
    pub inactive: bool,
    pub timing: bool,
    pub detail: bool,
    pub brief: bool,
    pub simple: bool,
    /// Bans whose ids begin so.
    pub ban_prefix: String,
    pub one_shot: bool,
    pub interval: Duration,
    pub html_title: Option<String>,
    pub html_stylesheet: Option<String>,
    pub html_cgi: bool,
    /// `-X`: the XML of old.
    pub as_xml: bool,
}

#[derive(Clone, Debug)]
enum Choice {
    With(&'static [Section]),
    Without(&'static [Section]),
    /// These and no others.
    Exactly(&'static [Section]),
    /// What is shown by default.
    Default,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            common: CommonOptions::default(),
            changes: Vec::new(),
            only_node: None,
            only_resource: None,
            by_node: false,
            inactive: false,
            timing: false,
            detail: false,
            brief: false,
            simple: false,
            ban_prefix: String::new(),
            one_shot: false,
            interval: INTERVAL,
            html_title: None,
            html_stylesheet: None,
            html_cgi: false,
            as_xml: false,
        }
    }
}

impl Options {
    /// What is shown: everything to programs, what matters most to people, and what was asked for.
    pub fn sections(&self, is_for_programs: bool) -> BTreeSet<Section> {
        let default = if is_for_programs { ALL } else { DEFAULT };
        let mut shown: BTreeSet<Section> = default.iter().copied().collect();
        for change in &self.changes {
            match change {
                Choice::With(sections) => shown.extend(sections.iter().copied()),
                Choice::Without(sections) => shown.retain(|it| !sections.contains(it)),
                Choice::Exactly(sections) => shown = sections.iter().copied().collect(),
                Choice::Default => shown = default.iter().copied().collect(),
            }
        }
        shown
    }

    fn choose(&mut self, with: bool, list: &str) -> Result<(), String> {
        let option = if with { "--include" } else { "--exclude" };
        for word in list.split(',') {
            let (name, prefix) = word.split_once(':').unwrap_or((word, ""));
            let found = NAMES.iter().find(|(it, _)| *it == name);
            let Some(&(_, sections)) = found else {
                return Err(unknown_section(option, name));
            };
            if name == "bans" && with {
                prefix.clone_into(&mut self.ban_prefix);
            }
            self.changes.push(match (name, with) {
                ("none", true) | ("all", false) => Choice::Exactly(&[]),
                ("none", false) | ("all", true) => Choice::Exactly(ALL),
                ("default", _) => Choice::Default,
                (_, true) => Choice::With(sections),
                (_, false) => Choice::Without(sections),
            });
        }
        Ok(())
    }
}

fn unknown_section(option: &str, name: &str) -> String {
    let mut names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    let meant = diagnostics::nearest(name, names.iter().copied());
    let meant = match meant.filter(|_| name != "list") {
        Some(meant) => format!(" ('{name}': did you mean '{meant}'?)"),
        None => String::new(),
    };
    if let Some(bans) = names.iter_mut().find(|it| **it == "bans") {
        *bans = "bans[:PREFIX]";
    }
    format!("{option} options: {}{meant}", names.join(", "))
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Include,
    Exclude,
    Node,
    Resource,
    ByNode,
    Inactive,
    Show(Section),
    Timing,
    FenceHistory,
    Bans,
    HideHeaders,
    Detail,
    Brief,
    Simple,
    Interval,
    OneShot,
    Title,
    Stylesheet,
    Cgi,
    WebCgi,
    AsHtml,
    AsXml,
    Refused,
    Text,
    Ignored,
}

/// Reads a command line, without the program's name. What there is to say about its form goes to
/// `notices`. Gives the help text, where that was asked for.
pub(super) fn parse(
    arguments: &[String],
    options: &mut Options,
    notices: &mut String,
) -> Result<Option<String>, String> {
    let mut form: Option<(&str, Option<String>)> = None;
    let request = GRAMMAR.read(arguments, notices, |meaning, given, _: &mut Words<'_>| {
        take(options, meaning, &given, &mut form)
    })?;
    match request {
        Request::Help(text) => Ok(Some(text)),
        Request::Run(common) => {
            options.common = common;
            if let Some((name, file)) = form {
                options.common.output_as.get_or_insert(name.to_owned());
                options.common.output_to = options.common.output_to.take().or(file);
            }
            Ok(None)
        }
    }
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: &Given<'_>,
    form: &mut Option<(&'static str, Option<String>)>,
) -> Result<(), String> {
    let argument = given.argument;
    match meaning {
        Meaning::Include => options.choose(true, argument)?,
        Meaning::Exclude => options.choose(false, argument)?,
        Meaning::Node => options.only_node = Some(argument.to_owned()),
        Meaning::Resource => options.only_resource = Some(argument.to_owned()),
        Meaning::ByNode => options.by_node = true,
        Meaning::Inactive => options.inactive = true,
        Meaning::Show(section) => options.changes.push(Choice::With(match section {
            Attributes => &[Attributes],
            FailCounts => &[FailCounts],
            Tickets => &[Tickets],
            _ => &[Operations],
        })),
        Meaning::Timing => {
            options.timing = true;
            options.changes.push(Choice::With(&[Operations]));
        }
        Meaning::FenceHistory => options.changes.push(match argument {
            "0" => Choice::Without(&[Fencing]),
            _ => Choice::With(&[Fencing]),
        }),
        Meaning::Bans => {
            argument.clone_into(&mut options.ban_prefix);
            options.changes.push(Choice::With(&[Bans]));
        }
        Meaning::HideHeaders => options.changes.push(Choice::Without(SUMMARY)),
        Meaning::Detail => options.detail = true,
        Meaning::Brief => options.brief = true,
        Meaning::Simple => {
            options.simple = true;
            options.one_shot = true;
        }
        Meaning::Interval => {
            let interval_ms = parse_interval_ms(argument)
                .ok_or_else(|| format!("Invalid value for {}: {argument}", given.name))?;
            options.interval = Duration::from_millis(u64::from(interval_ms.max(1000)));
        }
        Meaning::OneShot => options.one_shot = true,
        Meaning::Title => options.html_title = Some(argument.to_owned()),
        Meaning::Stylesheet => options.html_stylesheet = Some(argument.to_owned()),
        Meaning::Cgi => options.html_cgi = true,
        Meaning::WebCgi => {
            options.html_cgi = true;
            options.one_shot = true;
            *form = Some(("html", None));
        }
        Meaning::AsHtml => *form = Some(("html", Some(argument.to_owned()))),
        Meaning::AsXml => {
            options.as_xml = true;
            options.one_shot = true;
            *form = Some(("xml", None));
        }
        Meaning::Refused => {
            return Err(format!(
                "{} is not supported here: run crm_mon as a service of the system, and programs on \
                 events as alerts ('pcs alert')",
                given.name
            ));
        }
        Meaning::Text => *form = Some(("text", None)),
        Meaning::Ignored => {}
    }
    Ok(())
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: super::NAME,
    summary: "Provides a summary of cluster's current state.\n\nOutputs varying levels of detail in a number of different formats.",
    closing: NOTES,
    groups: &[
        Group {
            name: "output",
            heading: "Output Options:",
            help: "Show output help",
            entries: &output_options(),
        },
        Group {
            name: "html",
            heading: "HTML Options:",
            help: "Show HTML help",
            entries: &[
                entry("html-cgi", ' ', None, Meaning::Cgi, "Add CGI headers (requires --output-as=html)"),
                entry("html-stylesheet", ' ', Some("URI"), Meaning::Stylesheet, "Link to an external stylesheet (requires --output-as=html)"),
                entry("html-title", ' ', Some("TITLE"), Meaning::Title, "Specify a page title (requires --output-as=html)"),
            ],
        },
        Group {
            name: "display",
            heading: "Display Options:",
            help: "Show display options",
            entries: &[
                entry("include", 'I', Some("SECTION(s)"), Meaning::Include, "A list of sections to include in the output.\nSee `Output Control` help for more information."),
                entry("exclude", 'U', Some("SECTION(s)"), Meaning::Exclude, "A list of sections to exclude from the output.\nSee `Output Control` help for more information."),
                entry("node", ' ', Some("NODE"), Meaning::Node, "When displaying information about nodes, show only what's related to the given\nnode, or to all nodes tagged with the given tag"),
                entry("resource", ' ', Some("RSC"), Meaning::Resource, "When displaying information about resources, show only what's related to the given\nresource, or to all resources tagged with the given tag"),
                entry("group-by-node", 'n', None, Meaning::ByNode, "Group resources by node"),
                entry("inactive", 'r', None, Meaning::Inactive, "Display inactive resources"),
                entry("failcounts", 'f', None, Meaning::Show(FailCounts), "Display resource fail counts"),
                entry("operations", 'o', None, Meaning::Show(Operations), "Display resource operation history"),
                entry("timing-details", 't', None, Meaning::Timing, "Display resource operation history with timing details"),
                entry("tickets", 'c', None, Meaning::Show(Tickets), "Display cluster tickets"),
                optional_entry("fence-history", 'm', "LEVEL", Meaning::FenceHistory, "Show fence history:\n0=off, 1=failures and pending (default without option),\n2=add successes (default without value for option),\n3=show full history without reduction to most recent of each flavor"),
                optional_entry("neg-locations", 'L', "PREFIX", Meaning::Bans, "Display negative location constraints [optionally filtered by id prefix]"),
                entry("show-node-attributes", 'A', None, Meaning::Show(Attributes), "Display node attributes"),
                entry("hide-headers", 'D', None, Meaning::HideHeaders, "Hide all headers"),
                entry("show-detail", 'R', None, Meaning::Detail, "Show more details (node IDs, individual clone instances)"),
                entry("brief", 'b', None, Meaning::Brief, "Brief output"),
                entry("simple-status", 's', None, Meaning::Simple, "Display the cluster status once as a simple one line output (suitable for nagios)"),
                entry("pending", 'j', None, Meaning::Ignored, HIDDEN),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional Options:",
            help: "Show additional options",
            entries: &[
                entry("interval", 'i', Some("TIMESPEC"), Meaning::Interval, "How often to look again where the cluster does not run (default is 5 seconds);\nwhat changes in a running cluster is shown at once"),
                entry("one-shot", '1', None, Meaning::OneShot, "Display the cluster status once on the console and exit"),
                entry("daemonize", 'd', None, Meaning::Refused, HIDDEN),
                entry("pid-file", 'p', Some("FILE"), Meaning::Ignored, HIDDEN),
                entry("external-agent", 'E', Some("FILE"), Meaning::Refused, HIDDEN),
                entry("external-recipient", 'e', Some("RCPT"), Meaning::Refused, HIDDEN),
                entry("watch-fencing", 'W', None, Meaning::Refused, HIDDEN),
            ],
        },
        Group {
            name: "deprecated",
            heading: "Deprecated Options:",
            help: "Show deprecated options",
            entries: &[
                entry("as-html", 'h', Some("FILE"), Meaning::AsHtml, "Write cluster status to the named HTML file.\nUse --output-as=html --output-to=FILE instead."),
                entry("as-xml", 'X', None, Meaning::AsXml, "Write cluster status as XML to stdout. This will enable one-shot mode.\nUse --output-as=xml instead."),
                entry("disable-ncurses", 'N', None, Meaning::Text, "Use --output-as=text instead."),
                entry("web-cgi", 'w', None, Meaning::WebCgi, "Web mode with output suitable for CGI.\nUse --output-as=html --html-cgi instead."),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options('Q', "Be less descriptive in output."),
        },
    ],
};

const NOTES: &str = "\
Output Control:

What is shown by default depends on the form: XML and JSON have everything, other forms less.
--include and --exclude change that, each with a list of sections set apart by commas, in the order
in which they are given; --include=list names all sections.

Examples:

Watch the cluster: what changes is shown when it does

\tcrm_mon

Display the cluster status once, with inactive resources, grouped by node:

\tcrm_mon -1 --group-by-node --inactive

The status as XML or JSON, for programs:

\tcrm_mon --output-as xml
\tcrm_mon --output-as json

";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_come_and_go_in_order() {
        let check = |line: &str, expected: Result<&[Section], &str>| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let mut options = Options::default();
            let read = parse(&words, &mut options, &mut String::new());
            let shown = read.map(|_| options.sections(false).into_iter().collect::<Vec<_>>());
            match expected {
                Ok(expected) => assert_eq!(shown.as_deref(), Ok(expected), "{line}"),
                Err(part) => {
                    let problem = shown.expect_err(line);
                    assert!(problem.contains(part), "{line}: {problem}");
                }
            }
        };
        check("-1", Ok(DEFAULT));
        check("-I none", Ok(&[]));
        check("-I none,dc,counts", Ok(&[Coordinator, Counts]));
        check("-I none -f -A", Ok(&[Attributes, FailCounts]));
        check("-I all -U all", Ok(&[]));
        check("-D", Ok(&[Nodes, Resources, Failures, Fencing]));
        check("-Dn1", Ok(&[Nodes, Resources, Failures, Fencing]));
        check("-I none -L cli -R", Ok(&[Bans]));
        check("-I node", Err("did you mean 'nodes'?"));
        check(
            "-I list",
            Err("--include options: all, attributes, bans[:PREFIX],"),
        );
        check("-d", Err("is not supported here"));
    }
}
