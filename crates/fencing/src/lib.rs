//! Fencing: which device can cut which node off, in what order, and the call of one fence agent.
//!
//! Owns: the devices of a CIB with their parameters, what is asked of them and when, what became of
//! it (the history), and the running agent. Must never: decide that a node is to be fenced, change
//! the CIB, or show a password: values of parameters are [`Secret`]s, which no log, argument,
//! environment or `Debug` output has.
//!
//! ```text
//!  CIB ──► devices ──► Scene: levels, executors ──┐
//!  a request for a target, now, dice ─────────────┼──► Fencer ──► Command::Call  (a node, a device)
//!  a call's result, a tick, an operator's word ───┘      │   ├──► Command::Cancel
//!                                                     History └─► Command::Finished
//!
//!  on the node that was chosen:  Call ──► call::find, call::run ──► the agent's answer
//! ```
//!
//! All but [`call`] is pure: time comes in as a `Duration` since a start of the caller's choice,
//! chance as a number, and commands go out. What is meant is what pacemaker-fenced(7) and the
//! chapter "Fencing" of Pacemaker Explained say; agents are those of the FenceAgentAPI.

mod action;
pub mod call;
mod command;
mod device;
mod fencer;
mod history;
mod host_map;
mod limits;
mod location;
mod metadata;
mod operation;
mod parameters;
mod request;
mod scene;
mod secret;

pub use action::{Action, Goal};
pub use command::{Call, CallResult, Command, Outcome, Success};
pub use device::{Device, HostCheck, devices};
pub use fencer::{Fencer, HUMAN};
pub use history::{Entry, History, MAX_HISTORY, Status};
pub use host_map::{HostMap, host_list};
pub use limits::{
    DEFAULT_ATTEMPTS, DEFAULT_TIMEOUT, MAX_DEVICES, MAX_REASONS, MAX_REQUESTS, RESULT_GRACE,
};
pub use metadata::{
    AgentAction, AgentParameter, MAX_METADATA_BYTES, Metadata, MetadataError, ParameterProblem,
};
pub use operation::Operation;
pub use parameters::{MAX_INPUT_BYTES, ParameterError, Parameters};
pub use request::{Ask, Request};
pub use scene::{Candidate, Level, Peer, Scene};
pub use secret::Secret;
