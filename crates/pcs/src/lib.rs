//! The command lines of the cluster role: `pcs`, `crm_mon` and Pacemaker's other tools, `ccs`.
//!
//! ```text
//! arguments ─► CIB file ─► cib ─► scheduler ─► report (text, XML, JSON) ─► outcome
//!                                    │
//!                                    └─► graph, dot, CIB files
//!
//! words ─► edit of the CIB ─► store ─► file, or the cluster's daemon
//!      └─► requests ─► hosts ─► each machine's pcsd
//! ```
//!
//! Owns: what operators type and read, in Pacemaker's grammar and words.
//!
//! Must never: decide what the cluster does; touch a file or the environment other than through
//! [`files::Files`], an agent other than through [`pcs::agents::Agents`], another machine other than
//! through [`pcs::hosts::Hosts`], or the clock other than
//! through its arguments, so that a whole command can run inside a test.

pub mod attributes;
pub mod ccs;
pub mod cibadmin;
mod command_line;
pub mod crm_mon;
pub mod crm_node;
pub mod crm_resource;
pub mod crm_simulate;
pub mod crm_ticket;
pub mod crm_verify;
mod document;
pub mod exit;
pub mod files;
mod history;
mod moved;
pub mod outline;
mod output;
pub mod pcs;
mod planned;
mod said;
mod settle;
mod source;
pub mod status;
pub mod stonith_admin;
pub mod store;
mod summary;
mod tool;

pub use exit::ExitCode;
pub use files::{Files, MachineFiles, MemoryFiles};

/// A tool: its arguments (without its own name) at a time, on a machine's files and cluster.
pub type Tool = fn(&[String], cib::time::DateTime, &mut dyn Files) -> Outcome;

/// A tool that calls agents as well.
pub type AgentTool =
    fn(&[String], cib::time::DateTime, &mut dyn Files, &mut dyn pcs::agents::Agents) -> Outcome;

/// Those of Pacemaker's tools that call agents, by name.
pub const AGENT_TOOLS: &[(&str, AgentTool)] = &[
    ("crm_resource", crm_resource::run),
    ("stonith_admin", stonith_admin::run),
];

/// Pacemaker's small tools, by name.
pub const TOOLS: &[(&str, Tool)] = &[
    ("attrd_updater", attributes::attrd_updater),
    ("cibadmin", cibadmin::run),
    ("crm_attribute", attributes::crm_attribute),
    ("crm_failcount", attributes::crm_failcount),
    ("crm_master", attributes::master),
    ("crm_node", crm_node::run),
    ("crm_standby", attributes::crm_standby),
    ("crm_ticket", crm_ticket::run),
    ("crmadmin", crm_node::crmadmin),
];

/// What came of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What goes to standard output.
    pub standard_output: String,
    /// What goes to standard error.
    pub standard_error: String,
    /// How the process ends.
    pub exit_code: ExitCode,
}

impl Outcome {
    fn say(&mut self, line: &str) {
        self.standard_error.push_str(line);
        self.standard_error.push('\n');
    }

    fn fail(&mut self, line: &str, exit_code: ExitCode) {
        self.say(line);
        self.exit_code = exit_code;
    }
}
