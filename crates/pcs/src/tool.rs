//! What Pacemaker's small tools have in common: a grammar, one act, and a reply in the form that was
//! asked for.

use std::fmt;

use cib::time::DateTime;
use cib::xml::{Document, Element, XmlId};

use crate::command_line::{CommonOptions, Given, Grammar, Request, Words};
use crate::output::{Format, Output};
use crate::store::{StoreError, Target};
use crate::{ExitCode, Files, Outcome, document};

/// Why a tool ends without having done its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What is told, without the tool's name; nothing where all was told.
    pub text: String,
    pub exit_code: ExitCode,
}

impl Failure {
    pub fn new(text: impl Into<String>, exit_code: ExitCode) -> Self {
        Self {
            text: text.into(),
            exit_code,
        }
    }

    /// The words make no command.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(text, ExitCode::USAGE)
    }

    /// It ends so, and there is nothing to be told.
    pub fn silent(exit_code: ExitCode) -> Self {
        Self::new("", exit_code)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotRunning => {
                Self::new(crate::source::NOT_CONNECTED, ExitCode::DISCONNECTED)
            }
            StoreError::Cluster(_) => Self::new(error.to_string(), ExitCode::DISCONNECTED),
            StoreError::File { .. } => Self::new(
                format!("Could not connect to the CIB: {error}"),
                ExitCode::NO_SUCH,
            ),
            StoreError::Parse(_) => Self::new(error.to_string(), ExitCode::CONFIGURATION),
            other => Self::new(other.to_string(), ExitCode::ERROR),
        }
    }
}

/// What came of a part of a tool's work.
pub(crate) type Done<T = ()> = Result<T, Failure>;

/// What a tool works with.
pub(crate) struct Workplace<'w> {
    pub files: &'w mut dyn Files,
    pub target: Target,
    /// The time, as the local clock shows it.
    pub now: DateTime,
    pub common: CommonOptions,
    pub reply: Reply,
}

impl Workplace<'_> {
    /// The CIB as it is now.
    pub fn cib(&mut self) -> Done<Document> {
        Ok(self.target.read(self.files)?)
    }

    /// Plays `act` on the CIB and writes what comes of it; see [`Target::edit`].
    pub fn edit<T>(&mut self, act: impl FnMut(&mut Document) -> Done<T>) -> Done<T> {
        self.target.edit(self.files, act)
    }

    /// The name of this node: as the agent's environment has it, as the daemon says, or, where a file
    /// stands for the cluster, as the machine is called.
    pub fn node_name(&mut self) -> Done<String> {
        if let Some(name) = self.files.variable("OCF_RESKEY_CRM_meta_on_node") {
            return Ok(name);
        }
        if let Some(cluster) = self.target.cluster() {
            return Ok(cluster.status()?.name);
        }
        let name = self.files.read("/proc/sys/kernel/hostname");
        let name = name.unwrap_or_default();
        Ok(String::from_utf8_lossy(&name).trim().to_owned())
    }
}

/// What a tool says: lines for people, or elements of Pacemaker's API schema (and, of the same
/// content, JSON).
#[derive(Debug)]
pub(crate) struct Reply {
    pub format: Format,
    name: &'static str,
    lines: String,
    document: Document,
    said: Vec<String>,
}

impl Reply {
    pub fn new(name: &'static str, arguments: &[String], format: Format) -> Self {
        Self {
            format,
            name,
            lines: String::new(),
            document: document::new_xml(name, arguments),
            said: Vec::new(),
        }
    }

    /// A line for people.
    pub fn line(&mut self, line: impl fmt::Display) {
        if self.format == Format::Text {
            self.lines.push_str(&format!("{line}\n"));
        }
    }

    /// Something for people that has its line ends already.
    pub fn text(&mut self, text: &str) {
        if self.format == Format::Text {
            self.lines.push_str(text);
        }
    }

    /// An element for programs, at the top.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)]) -> XmlId {
        let root = self.document.root().xml_id();
        self.element_in(root, name, attributes)
    }

    /// An element for programs.
    pub fn element_in(&mut self, parent: XmlId, name: &str, attributes: &[(&str, &str)]) -> XmlId {
        let element = self.document.append(parent, name);
        for (name, value) in attributes {
            self.document.set(element, name, value);
        }
        element
    }

    /// Copies of elements for programs, at the top.
    pub fn copies<'d>(&mut self, elements: impl Iterator<Item = Element<'d>>) {
        let root = self.document.root().xml_id();
        elements.for_each(|it| {
            self.document.append_copy(root, it);
        });
    }

    /// An element for programs that holds a text.
    pub fn text_element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let element = self.element(name, attributes);
        self.document.append_text(element, text);
    }

    fn finish(self, result: Done, outcome: &mut Outcome) -> String {
        let mut said = self.said;
        if let Err(failure) = result {
            outcome.exit_code = failure.exit_code;
            match failure.text.as_str() {
                "" => {}
                text if text.starts_with("error: ") => said.push(text.to_owned()),
                text => said.push(format!("{}: {text}", self.name)),
            }
        }
        match self.format {
            Format::Xml => document::xml_text(self.document, outcome.exit_code, &said),
            Format::Json => document::json_of_xml(&self.document, outcome.exit_code, &said),
            Format::Text | Format::Html | Format::None => {
                said.iter().for_each(|line| outcome.say(line));
                self.lines
            }
        }
    }
}

/// Runs a tool: `take` reads its own options, `act` does its work.
pub(crate) fn run<T: Copy, O: Default>(
    grammar: &Grammar<T>,
    arguments: &[String],
    now: DateTime,
    files: &mut dyn Files,
    take: fn(&mut O, T, Given<'_>, &mut Words<'_>) -> Result<(), String>,
    act: impl FnOnce(&O, &mut Workplace<'_>) -> Done,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut options = O::default();
    let take =
        |meaning, given: Given<'_>, rest: &mut Words<'_>| take(&mut options, meaning, given, rest);
    // Scripts join letters and arguments as they please.
    let request = grammar.read(arguments, &mut String::new(), take);
    let common = match request {
        Ok(Request::Run(common)) => common,
        Ok(Request::Help(text)) => {
            outcome.standard_output = text;
            return outcome;
        }
        Err(problem) => {
            outcome.fail(&format!("{}: {problem}", grammar.tool), ExitCode::USAGE);
            return outcome;
        }
    };
    let output = match Output::open(&common, files) {
        Ok(output) => output,
        Err(refused) => {
            outcome.fail(
                &format!("{}: {}", grammar.tool, refused.text),
                refused.exit_code,
            );
            return outcome;
        }
    };
    if common.version {
        let text = document::version(output.format, grammar.tool, arguments);
        output.write(text, &mut outcome, files);
        return outcome;
    }
    let target = Target::of(files);
    let mut workplace = Workplace {
        target,
        now,
        reply: Reply::new(grammar.tool, arguments, output.format),
        files: &mut *files,
        common,
    };
    let result = act(&options, &mut workplace);
    let text = workplace.reply.finish(result, &mut outcome);
    output.write(text, &mut outcome, files);
    outcome
}
