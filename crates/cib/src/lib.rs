//! The cluster information base: what a cluster is meant to be, and what is known of its state.
//!
//! ```text
//! text ──► xml::Document ──► schema (upgrade, validate) ──► views ──► scheduler
//!              ▲    │
//!       patch ─┘    └─► text, digest, query
//! ```
//!
//! Owns: the XML tree and everything that can be said of a CIB without deciding anything: its
//! versions, schemas, rules, name-value sets, patches, queries and digests.
//!
//! Must never: place a resource, read a clock or a file. Time and text go in.

pub mod digest;
pub mod hashed;
pub mod literal;
pub mod number;
pub mod nvset;
pub mod patch;
pub mod query;
pub mod rules;
pub mod schema;
pub mod score;
pub mod time;
pub mod values;
pub mod version;
pub mod views;
pub mod xml;

pub use score::{HealthScores, Score};
pub use values::Values;
pub use version::CibVersion;
