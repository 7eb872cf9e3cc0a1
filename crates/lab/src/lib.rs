//! Machines as namespaces on one computer: start them, join them, break them, and watch what a
//! client sees.
//!
//! Owns: everything that runs inside a lab, and the figures that come out of it. Must never: change
//! anything of the computer outside its namespaces, or leave a process or a namespace behind,
//! however it ends.
//!
//! ```text
//! lab.toml ── Plan ──► Lab ── requests ──► room (pid 1 of the lab: switches, links)
//!                       │                    └─► nodes (pid 1 each: files, commands)
//!                       │                          └─► probe ── samples ──► report
//!  rehearsal: fault ────┘◄── address events, report ──┘
//!     └──► table, JSON
//! ```

pub mod clock;
mod command_line;
mod error;
mod handle;
mod holders;
mod node;
mod plan;
pub mod power;
pub mod probe;
mod protocol;
mod rehearsal;
mod room;
mod table;
mod web;

pub use command_line::command_line;
pub use error::{Error, Result};
pub use handle::{Lab, LabBuilder, Node, Terminator};
pub use holders::Holders;
pub use plan::{Action, Bmc, CLIENT, Command, Engine, Fault, Limits, Plan, Times};

pub use protocol::{
    AddressChange, AddressEvent, AddressSpec, CommandState, InterfaceSpec, LinkState, NodeSpec,
    Output, Process, Target,
};

pub(crate) use node::search_path as node_search_path;
pub use rehearsal::{Cost, Details, Rehearsal};
