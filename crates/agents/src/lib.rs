//! Resource agents: carries out one operation of one resource on this machine.
//!
//! Owns: the names of agents and where they are installed, the processes of an operation until they
//! end, what a result means. Must never: know of the CIB, of other nodes or of schedules, decide
//! what to do next, or let an agent hold it up beyond its time.
//!
//! ```text
//! Operation ──► Executor ──┬─► ocf: a script of /usr/lib/ocf ─┐
//! (agent, action,          ├─► lsb: an init script            ├──► Outcome
//!  parameters, timeout)    └─► service: whichever there is ───┘    (exit code, status, reason)
//! ```
//!
//! The exit codes, statuses and the environment of scripts are those of the OCF resource agent API
//! 1.1 and of Pacemaker (Pacemaker Explained, "Resource Agents"; Pacemaker Administration, "Resource
//! Agents").

mod capture;
mod executor;
mod folders;
mod lsb;
mod name;
mod ocf;
mod operation;
mod outcome;
mod process_group;

pub use capture::{MAX_EXIT_REASON_BYTES, MAX_OUTPUT_BYTES};
pub use executor::{Executor, Settings};
pub use folders::{AgentFolders, MAX_AGENTS_LISTED};
pub use name::{AgentName, NameError, Standard};
pub use operation::Operation;
pub use outcome::{ExecutionStatus, OcfCode, Outcome};
pub use process_group::{KILL_LIMIT, TERMINATION_GRACE};
