//! Typed views over what the scheduler does not read: access control, alerts, fencing levels.

pub mod access;
pub mod alerts;
pub mod fencing_levels;
