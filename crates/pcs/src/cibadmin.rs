//! `cibadmin`: the CIB as XML, asked and changed.
//!
//! What an operation does to a tree is the replica's business ([`replica::execute`]): on a file it is
//! carried out here, and on the cluster what it comes to is sent as a patch for the version that was
//! read.

use cib::query::Query;
use cib::time::DateTime;
use cib::xml::{Document, Element};
use replica::execute::{ChangeError, execute};
use replica::{Change, Operation, section};

use crate::command_line::{Given, Grammar, Group, HIDDEN, Words, application_options, entry};
use crate::source::Source;
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};

const NAME: &str = "cibadmin";

/// Runs the command with `arguments` (without its own name) at the time `now`.
#[must_use]
pub fn run(arguments: &[String], now: DateTime, files: &mut dyn Files) -> Outcome {
    tool::run(&GRAMMAR, arguments, now, files, take, act)
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Do(Command),
    Force,
    AllowCreate,
    NoChildren,
    Text,
    File,
    Pipe,
    Scope,
    XPath,
    NodePath,
    Ignored,
    IgnoredValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Upgrade,
    Query,
    Erase,
    Bump,
    Create,
    Modify,
    Patch,
    Replace,
    Delete,
    DeleteAll,
    Empty,
    Digest,
    VersionedDigest,
}

#[derive(Clone, Debug, Default)]
struct Options {
    command: Option<Command>,
    force: bool,
    may_create: bool,
    no_children: bool,
    source: Option<Source>,
    scope: Option<String>,
    xpath: Option<String>,
    node_path: bool,
}

fn take(
    options: &mut Options,
    meaning: Meaning,
    given: Given<'_>,
    _: &mut Words<'_>,
) -> Result<(), String> {
    let argument = given.argument.to_owned();
    match meaning {
        Meaning::Do(command) => options.command = Some(command),
        Meaning::Force => options.force = true,
        Meaning::AllowCreate => options.may_create = true,
        Meaning::NoChildren => options.no_children = true,
        Meaning::Text => options.source = Some(Source::Text(argument)),
        Meaning::File => options.source = Some(Source::File(argument)),
        Meaning::Pipe => options.source = Some(Source::StandardInput),
        Meaning::Scope => options.scope = Some(argument),
        Meaning::XPath => options.xpath = Some(argument),
        Meaning::NodePath => options.node_path = true,
        Meaning::Ignored | Meaning::IgnoredValue => {}
    }
    Ok(())
}

fn act(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let Some(command) = options.command else {
        return Err(Failure::usage("no command was given; see --help"));
    };
    let place = place(options)?;
    let is_dangerous =
        matches!(command, Command::Upgrade | Command::Erase) || (command == Command::DeleteAll);
    if is_dangerous && !options.force {
        return Err(Failure::new(
            "The supplied command is considered dangerous.  To prevent accidental destruction of \
             the cluster, the --force flag is required in order to proceed.",
            ExitCode::UNSAFE,
        ));
    }
    match command {
        Command::Query => query(options, place.as_deref(), workplace),
        Command::Empty => {
            workplace.reply.text(&empty().to_string());
            Ok(())
        }
        Command::Digest | Command::VersionedDigest => digest(options, command, workplace),
        _ => {
            let operation = operation(options, command, place, workplace)?;
            change(&Change::of(operation), workplace)
        }
    }
}

/// Where an operation looks.
fn place(options: &Options) -> Done<Option<String>> {
    if let Some(xpath) = &options.xpath {
        return Ok(Some(xpath.clone()));
    }
    let Some(scope) = options.scope.as_deref() else {
        return Ok(None);
    };
    const SCOPES: &[&str] = &[
        "configuration",
        "nodes",
        "resources",
        "constraints",
        "crm_config",
        "rsc_defaults",
        "op_defaults",
        "acls",
        "fencing-topology",
        "tags",
        "alerts",
        "status",
    ];
    match section(scope) {
        Some(place) => Ok(Some(place.to_owned())),
        None => {
            let meant = diagnostics::nearest(scope, SCOPES.iter().copied());
            let meant = meant.map_or(String::new(), |it| format!(", did you mean '{it}'?"));
            Err(Failure::usage(format!(
                "there is no section '{scope}'{meant}"
            )))
        }
    }
}

/// What is given with `-X`, `-x` or `-p`.
fn input(options: &Options, workplace: &mut Workplace<'_>) -> Done<Document> {
    let Some(source) = &options.source else {
        return Err(Failure::usage(
            "Please supply XML to process with -X, -x or -p",
        ));
    };
    source.read(workplace.files).map_err(|_| {
        let name = match source {
            Source::File(path) => path,
            Source::Text(_) => "the supplied string",
            Source::StandardInput | Source::Live => "stdin",
        };
        Failure::new(
            format!("Couldn't parse input from {name}."),
            ExitCode::CONFIGURATION,
        )
    })
}

fn operation(
    options: &Options,
    command: Command,
    place: Option<String>,
    workplace: &mut Workplace<'_>,
) -> Done<Operation> {
    if command == Command::Delete && options.source.is_none() {
        let query = place.ok_or_else(|| Failure::usage("nothing is said that is to be deleted"))?;
        return Ok(Operation::Delete { query, all: false });
    }
    let needs_input = !matches!(
        command,
        Command::Upgrade | Command::Erase | Command::Bump | Command::DeleteAll
    );
    let element = if needs_input {
        input(options, workplace)?.root().to_compact_text()
    } else {
        String::new()
    };
    Ok(match command {
        Command::Create => Operation::Create {
            parent: place.unwrap_or_else(|| "/cib".to_owned()),
            element,
        },
        Command::Modify => Operation::Modify {
            place: place.or_else(|| options.may_create.then(|| "/cib".to_owned())),
            element,
            may_create: options.may_create,
        },
        Command::Replace => Operation::Replace {
            place,
            element,
            is_forced: options.force,
        },
        Command::Delete => Operation::DeleteMatching { element },
        Command::Patch => Operation::Patch { patch: element },
        Command::Upgrade => Operation::Upgrade,
        Command::Erase => Operation::Erase,
        Command::Bump => Operation::Bump,
        _ => Operation::Delete {
            query: place.ok_or_else(|| Failure::usage("--delete-all needs --xpath"))?,
            all: true,
        },
    })
}

fn change(change: &Change, workplace: &mut Workplace<'_>) -> Done {
    workplace.edit(|cib| match execute(cib, change) {
        Ok(_) => Ok(()),
        Err(error) => Err(failure(&error)),
    })
}

fn failure(error: &ChangeError) -> Failure {
    let (text, exit_code) = match error {
        ChangeError::NotFound(_) => ("No such device or address", ExitCode::NO_SUCH),
        ChangeError::Exists(_) => ("File exists", ExitCode::EXISTS),
        ChangeError::Older { .. } => (
            "Update was older than existing configuration",
            ExitCode::OLD,
        ),
        ChangeError::Invalid(_) | ChangeError::Schema(_) => (
            "Update does not conform to the configured schema",
            ExitCode::CONFIGURATION,
        ),
        ChangeError::Patch(_) => ("Application of an update diff failed", ExitCode::ERROR),
        _ => ("Invalid argument", ExitCode::INVALID_DATA),
    };
    Failure::new(format!("Call failed: {text} ({error})"), exit_code)
}

fn query(options: &Options, place: Option<&str>, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let query = Query::parse(place.unwrap_or("/cib"));
    let found = query.as_ref().map(|query| query.select(&cib));
    let found = match found {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(Failure::usage(error.to_string())),
        Err(error) => return Err(Failure::usage(error.to_string())),
    };
    if found.is_empty() {
        let text = "Call failed: No such device or address";
        return Err(Failure::new(text, ExitCode::NO_SUCH));
    }
    if options.node_path {
        for element in found {
            workplace.reply.line(path_of(element));
        }
        return Ok(());
    }
    let copies = found.iter().map(|it| copy(*it, options.no_children));
    let text = match found.len() {
        1 => copies.map(|it| it.to_string()).collect(),
        _ => {
            let mut all = Document::new("xpath-query");
            let root = all.root().xml_id();
            for copy in copies {
                all.append_copy(root, copy.root());
            }
            all.to_string()
        }
    };
    workplace.reply.text(&text);
    Ok(())
}

fn copy(element: Element<'_>, no_children: bool) -> Document {
    let mut copy = Document::copy_of(element);
    if no_children {
        let root = copy.root().xml_id();
        copy.clear(root);
    }
    copy
}

/// `/cib/configuration/nodes/node[@id='1']`
fn path_of(element: Element<'_>) -> String {
    let above = element.parent().map_or(String::new(), path_of);
    let name = element.name();
    match element.id() {
        Some(id) => format!("{above}/{name}[@id='{id}']"),
        None => format!("{above}/{name}"),
    }
}

fn digest(options: &Options, command: Command, workplace: &mut Workplace<'_>) -> Done {
    let document = input(options, workplace)?;
    let digest = match command {
        Command::Digest => cib::digest::of_stored_cib(document.root()),
        _ => cib::digest::of_content(document.root()),
    };
    workplace.reply.line(digest);
    Ok(())
}

/// A CIB with nothing in it.
fn empty() -> Document {
    let mut cib = Document::new("cib");
    let root = cib.root().xml_id();
    let schema = cib::schema::Version::CURRENT.to_string();
    for (name, value) in [
        ("validate-with", schema.as_str()),
        ("epoch", "1"),
        ("num_updates", "0"),
        ("admin_epoch", "0"),
    ] {
        cib.set(root, name, value);
    }
    let configuration = cib.append(root, "configuration");
    for name in ["crm_config", "nodes", "resources", "constraints"] {
        cib.append(configuration, name);
    }
    cib.append(root, "status");
    cib
}

#[rustfmt::skip]
const GRAMMAR: Grammar<Meaning> = Grammar {
    tool: NAME,
    summary: "cibadmin - query and edit the Pacemaker configuration",
    closing: EXAMPLES,
    groups: &[
        Group {
            name: "command",
            heading: "Commands:",
            help: "Show command options",
            entries: &[
                entry("upgrade", 'u', None, Meaning::Do(Command::Upgrade), "Upgrade the configuration to the latest syntax"),
                entry("query", 'Q', None, Meaning::Do(Command::Query), "Query the contents of the CIB"),
                entry("erase", 'E', None, Meaning::Do(Command::Erase), "Erase the contents of the whole CIB"),
                entry("bump", 'B', None, Meaning::Do(Command::Bump), "Increase the CIB's epoch value by 1"),
                entry("create", 'C', None, Meaning::Do(Command::Create), "Create an object in the CIB (will fail if object already exists)"),
                entry("modify", 'M', None, Meaning::Do(Command::Modify), "Find object somewhere in CIB's XML tree and update it\n(fails if object does not exist unless -c is also specified)"),
                entry("patch", 'P', None, Meaning::Do(Command::Patch), "Supply an update in the form of an XML diff (see crm_diff(8))"),
                entry("replace", 'R', None, Meaning::Do(Command::Replace), "Recursively replace an object in the CIB"),
                entry("delete", 'D', None, Meaning::Do(Command::Delete), "Delete first object matching supplied criteria\n(for example, <op id=\"rsc1_op1\" name=\"monitor\"/>)"),
                entry("delete-all", 'd', None, Meaning::Do(Command::DeleteAll), "When used with --xpath, remove all matching objects in the\nconfiguration instead of just the first one"),
                entry("empty", 'a', None, Meaning::Do(Command::Empty), "Output an empty CIB"),
                entry("md5-sum", '5', None, Meaning::Do(Command::Digest), "Calculate the on-disk CIB digest"),
                entry("md5-sum-versioned", '6', None, Meaning::Do(Command::VersionedDigest), "Calculate an on-the-wire versioned CIB digest"),
            ],
        },
        Group {
            name: "additional",
            heading: "Additional options:",
            help: "Show additional options",
            entries: &[
                entry("force", 'f', None, Meaning::Force, "Do what is dangerous"),
                entry("timeout", 't', Some("SECONDS"), Meaning::IgnoredValue, "Taken and ignored"),
                entry("user", 'U', Some("NAME"), Meaning::IgnoredValue, "Taken and ignored"),
                entry("sync-call", 's', None, Meaning::Ignored, "Taken and ignored: each call is waited for"),
                entry("local", 'l', None, Meaning::Ignored, "Taken and ignored: queries are always answered by this node"),
                entry("allow-create", 'c', None, Meaning::AllowCreate, "(Advanced) Allow target of --modify/-M to be created if it does not exist"),
                entry("no-children", 'n', None, Meaning::NoChildren, "(Advanced) When querying an object, do not include its children in the result"),
                entry("node", 'N', Some("NODE"), Meaning::IgnoredValue, HIDDEN),
                entry("no-bcast", 'b', None, Meaning::Ignored, HIDDEN),
            ],
        },
        Group {
            name: "data",
            heading: "Data:",
            help: "Show data options",
            entries: &[
                entry("xml-text", 'X', Some("XML"), Meaning::Text, "Retrieve XML from the supplied string"),
                entry("xml-file", 'x', Some("FILE"), Meaning::File, "Retrieve XML from the named file"),
                entry("xml-pipe", 'p', None, Meaning::Pipe, "Retrieve XML from stdin"),
                entry("scope", 'o', Some("SECTION"), Meaning::Scope, "Limit scope of operation to specific section of CIB\nValid values: configuration, nodes, resources, constraints, crm_config, rsc_defaults,\nop_defaults, acls, fencing-topology, tags, alerts, status"),
                entry("xpath", 'A', Some("XPATH"), Meaning::XPath, "A valid XPath to use instead of --scope/-o"),
                entry("node-path", 'e', None, Meaning::NodePath, "When performing XPath queries, return path of any matches found\n(for example, \"/cib/configuration/resources/clone[@id='ms']/primitive[@id='rsc']\")"),
            ],
        },
        Group {
            name: "",
            heading: "Application Options:",
            help: "",
            entries: &application_options(' ', HIDDEN),
        },
    ],
};

const EXAMPLES: &str = "\
Examples:

The cluster's options, and all 'target-role' settings:

\tcibadmin --query --scope crm_config
\tcibadmin --query --xpath \"//nvpair[@name='target-role']\"

Edit the configuration with an editor:

\tcibadmin --query > local.xml
\t$EDITOR local.xml
\tcibadmin --replace --xml-file local.xml

";
