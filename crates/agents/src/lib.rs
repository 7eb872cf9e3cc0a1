//! Resource agents: carries out one operation of one resource on this machine.
//!
//! Owns: the names of agents and where they are installed, the processes of an operation until they
//! end, what a result means. Must never: know of the CIB, of other nodes or of schedules, decide
//! what to do next, or let an agent hold it up beyond its time.
//!
//! ```text
//! Operation ──► Executor ──┬─► native: part of this program ──┬──► Outcome
//! (agent, action,          ├─► ocf: a script of /usr/lib/ocf ─┤    (exit code, status, reason)
//!  parameters, timeout)    ├─► lsb: an init script ───────────┤
//!                          └─► systemd: a unit, over D-Bus ───┘
//! monitor ──► Watch: events in place of polls ──► Outcome, when there is news
//! ```
//!
//! The exit codes, statuses and the environment of scripts are those of the OCF resource agent API
//! 1.1 and of Pacemaker (Pacemaker Explained, "Resource Agents"; Pacemaker Administration, "Resource
//! Agents").

mod capture;
mod events;
mod executor;
mod folders;
mod lsb;
mod metadata;
mod name;
mod native;
mod ocf;
mod operation;
mod outcome;
mod process_group;
mod systemd;
mod watch;

pub use capture::{MAX_EXIT_REASON_BYTES, MAX_OUTPUT_BYTES};
pub use executor::{Executor, METADATA_TIMEOUT, Settings};
pub use folders::{AgentFolders, MAX_AGENTS_LISTED};
pub use lsb::{MAX_HEADER_BYTES, init_script_metadata};
pub use metadata::{Action, Deprecation, Metadata, MetadataError, Parameter, ParameterProblem};
pub use name::{AgentName, MAX_NAME_BYTES, NameError, Standard};
pub use native::IMPLEMENTATION_ATTRIBUTE;
pub use operation::Operation;
pub use outcome::{AttributeUpdate, ExecutionStatus, OcfCode, Outcome};
pub use process_group::{KILL_LIMIT, TERMINATION_GRACE};
pub use watch::Watch;
