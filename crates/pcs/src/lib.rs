//! The command lines of the cluster role: `crm_simulate` and `crm_verify`.
//!
//! ```text
//! arguments ─► CIB file ─► cib ─► scheduler ─► report (text, XML, JSON) ─► outcome
//!                                    │
//!                                    └─► graph, dot, CIB files
//! ```
//!
//! Owns: what operators type and read, in Pacemaker's grammar and words.
//!
//! Must never: decide what the cluster does; touch a file other than through [`files::Files`], or
//! the clock other than through its arguments, so that a whole command can run inside a test.

pub mod crm_simulate;
pub mod crm_verify;
pub mod exit;
pub mod files;
mod options;
pub mod outline;
mod result;
pub mod status;

pub use exit::ExitCode;
pub use files::{Files, MachineFiles, MemoryFiles};

/// Pacemaker's version, whose behaviour this is.
const VERSION_TEXT: &str = "\
Pacemaker 3.0.2
Written by Andrew Beekhof and the Pacemaker project contributors
";

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
