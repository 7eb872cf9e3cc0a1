//! The command lines of the cluster role: `pcs`, `crm_simulate` and `crm_verify`.
//!
//! ```text
//! arguments ─► CIB file ─► cib ─► scheduler ─► report (text, XML, JSON) ─► outcome
//!                                    │
//!                                    └─► graph, dot, CIB files
//!
//! words of pcs ─► edit of the CIB ─► file, or the cluster's daemon
//! ```
//!
//! Owns: what operators type and read, in Pacemaker's grammar and words.
//!
//! Must never: decide what the cluster does; touch a file or the environment other than through
//! [`files::Files`], an agent other than through [`pcs::agents::Agents`], or the clock other than
//! through its arguments, so that a whole command can run inside a test.

mod command_line;
pub mod crm_simulate;
pub mod crm_verify;
mod document;
pub mod exit;
pub mod files;
pub mod outline;
mod output;
pub mod pcs;
mod said;
mod source;
pub mod status;
mod summary;

pub use exit::ExitCode;
pub use files::{Files, MachineFiles, MemoryFiles};

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
