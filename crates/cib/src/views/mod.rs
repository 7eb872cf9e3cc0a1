//! Typed views for those who have no plan: access control, alerts, fencing levels, options.

pub mod access;
pub mod alerts;
pub mod fencing_levels;
mod options;

pub use options::boolean_option;
