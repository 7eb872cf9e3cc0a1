//! The command lines of the cluster role: `crm_simulate` and `crm_verify`.
//!
//! ```text
//! arguments ─► CIB file ─► cib ─► scheduler ─► status text, scores, actions, graph
//! ```
//!
//! Owns: what operators type and read, in Pacemaker's grammar and words.
//!
//! Must never: decide what the cluster does.
