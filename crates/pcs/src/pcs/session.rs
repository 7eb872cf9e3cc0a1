//! One run of a command on one CIB, and what it says.

use ::cib::time::DateTime;
use ::cib::xml::Document;
use cluster_api::Status;

use super::Machine;
use super::agents::Agents;
use super::grammar::Command;
use super::hosts::Hosts;
use super::options::Options;
use crate::{ExitCode, Files, Outcome};

/// Why a command ends without having done its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// For a reason that is to be told.
    Said(String),
    /// For reasons that were reported already.
    Reported,
    /// The reasons were told, and nothing is to be added.
    Quiet,
    /// The cluster did not settle in time, as was told.
    TimedOut,
    /// The words make no command.
    Usage,
}

impl Refusal {
    /// A refusal for one reason.
    pub fn said(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }
}

/// What came of a part of a command.
pub(crate) type Done<T = ()> = Result<T, Refusal>;

/// One run of a command.
pub(crate) struct Session<'s> {
    /// The CIB, which the command may edit.
    pub cib: Document,
    /// The options of the command line.
    pub options: &'s Options,
    /// The agents of this machine.
    pub agents: &'s mut dyn Agents,
    /// Files and the environment.
    pub files: &'s mut dyn Files,
    /// The machines of the cluster, this one among them.
    pub hosts: &'s mut dyn Hosts,
    /// The current time.
    pub now: DateTime,
    /// How the cluster is, where the daemon was asked.
    pub status: Option<Status>,
    /// Whether what was edited is kept although the command fails, as pcs does where it works
    /// through a list.
    pub keeps_in_spite: bool,
    outcome: Outcome,
    errors: usize,
}

impl<'s> Session<'s> {
    /// A run on `cib`.
    pub fn new(cib: Document, options: &'s Options, machine: &'s mut Machine<'_>) -> Self {
        Self {
            cib,
            options,
            agents: &mut *machine.agents,
            files: &mut *machine.files,
            hosts: &mut *machine.hosts,
            now: machine.now,
            status: None,
            keeps_in_spite: false,
            outcome: Outcome::default(),
            errors: 0,
        }
    }

    /// A run of a command that needs no CIB.
    pub fn without_cib(options: &'s Options, machine: &'s mut Machine<'_>) -> Self {
        Self::new(Document::new("cib"), options, machine)
    }

    /// The edited CIB.
    pub fn take_cib(&mut self) -> Document {
        std::mem::replace(&mut self.cib, Document::new("cib"))
    }

    /// Whether checks are to be overridden.
    pub fn is_forced(&self) -> bool {
        self.options.has("--force")
    }

    /// Adds a line to standard output.
    pub fn print(&mut self, line: &str) {
        self.outcome.standard_output.push_str(line);
        self.outcome.standard_output.push('\n');
    }

    /// Adds lines, each ended, to standard output.
    pub fn print_text(&mut self, text: &str) {
        self.outcome.standard_output.push_str(text);
    }

    /// Adds a line to standard error.
    pub fn say(&mut self, line: &str) {
        self.outcome.say(line);
    }

    /// Warns.
    pub fn warn(&mut self, text: &str) {
        self.say(&format!("Warning: {text}"));
    }

    /// Warns of an old form.
    pub fn deprecated(&mut self, text: &str) {
        self.say(&format!("Deprecation Warning: {text}"));
    }

    /// Reports an error; [`Session::check`] ends the command once all are reported.
    pub fn error(&mut self, text: &str) {
        self.say(&format!("Error: {text}"));
        self.errors += 1;
    }

    /// Reports what `--force` overrides.
    pub fn objection(&mut self, text: &str) {
        if self.is_forced() {
            self.warn(text);
        } else {
            self.error(&format!("{text}, use --force to override"));
        }
    }

    /// Ends the command where errors were reported.
    pub fn check(&self) -> Done {
        if self.errors > 0 {
            Err(Refusal::Reported)
        } else {
            Ok(())
        }
    }

    /// What came of the command.
    pub fn finish(mut self, command: &Command, result: Done) -> Outcome {
        let Err(refusal) = result else {
            return self.outcome;
        };
        self.outcome.exit_code = ExitCode::ERROR;
        match refusal {
            Refusal::Said(text) => self.say(&format!("Error: {text}")),
            Refusal::Reported => {
                self.say("Error: Errors have occurred, therefore pcs is unable to continue");
            }
            Refusal::Quiet => {}
            Refusal::TimedOut => self.outcome.exit_code = ExitCode::TIMEOUT,
            Refusal::Usage => self.say(command.usage_text().trim_end()),
        }
        self.outcome
    }
}
