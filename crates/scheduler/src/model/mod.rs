//! The vocabulary of the scheduler: what a cluster consists of, and what may happen in it.
//!
//! Everything lives in one table per kind inside [`Plan`] and is referred to by its number there
//! ([`ids`]), never by pointer. A number, once given, stays valid for the life of the plan: nothing
//! is ever removed from a table.

pub mod action;
pub mod activity;
pub mod constraint;
pub mod finding;
pub mod ids;
pub mod journal;
pub mod message;
pub mod node;
pub mod options;
pub mod plan;
pub mod queries;
pub mod relation;
pub mod resource;
pub mod role;
pub(crate) mod table_order;

pub use action::{Action, OnFail, Requires, Task};
pub use constraint::{Colocation, Location, LossPolicy, Ticket, TicketDependency};
pub use finding::Finding;
pub use ids::{ActionId, ColocationId, LocationId, NodeId, ResourceId, Table, TicketId};
pub use journal::{Cause, Journal};
pub use message::{Message, Severity};
pub use node::{Candidate, Candidates, Node, NodeKind, ProbeMode};
pub use options::{NoQuorumPolicy, Options, PlacementStrategy};
pub use plan::Plan;
pub use queries::find::{Match, base_name};
pub use queries::place::Places;
pub use queries::state::InstanceCounts;
pub use relation::{Ordering, OrderingEnd, Relation};
pub use resource::{MultiplyActive, Notification, Resource, Variant};
pub use role::Role;
