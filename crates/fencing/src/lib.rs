//! Fencing: which device can cut which node off, in what order, and the call of one fence agent.
//!
//! Owns: the devices of a CIB with their parameters, what is said of targets, delays, tries and
//! times, and the running agent. Must never: decide that a node is to be fenced, change the CIB, or
//! show a password: values of parameters are [`Secret`]s, which no log, argument, environment or
//! `Debug` output has.
//!
//! ```text
//!  CIB ──► devices ──► Device: which targets, which delay, what to tell the agent
//!  agent's metadata ──► Metadata ──┘                               │
//!                                        call::find, call::run ◄───┘
//!                                          └─► Answer ──► CallResult
//! ```
//!
//! All but [`call`] is pure: time comes in as a `Duration`, chance as a number. What is meant is what
//! pacemaker-fenced(7) and the chapter "Fencing" of Pacemaker Explained say; agents are those of the
//! FenceAgentAPI.

mod action;
pub mod call;
mod device;
mod host_map;
mod limits;
mod location;
mod metadata;
mod operation;
mod parameters;
mod secret;

pub use action::{Action, Goal};
pub use device::{Device, HostCheck, devices};
pub use host_map::{HostMap, host_list};
pub use limits::{DEFAULT_ATTEMPTS, DEFAULT_TIMEOUT, MAX_DEVICES};
pub use metadata::{
    AgentAction, AgentParameter, MAX_METADATA_BYTES, Metadata, MetadataError, ParameterProblem,
};
pub use operation::CallResult;
pub use parameters::{MAX_INPUT_BYTES, ParameterError, Parameters};
pub use secret::Secret;
