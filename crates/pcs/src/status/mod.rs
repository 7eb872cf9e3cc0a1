//! The status of a cluster: its nodes and resources, as `crm_simulate` and `crm_mon` show them.
//!
//! - [`nodes`], [`resources`], [`attributes`], [`failures`] and [`fail_counts`] say what there is to say,
//!   in no particular form;
//! - [`text`] writes it for people, [`xml`] as Pacemaker's API schema has it, [`json`] as one value.
//!
//! What is shown is the state at the start of a run of the scheduler (`scheduler::read`), before
//! anything is decided.

pub mod attributes;
pub mod fail_counts;
pub mod failures;
pub mod json;
pub mod nodes;
pub mod resources;
pub mod text;
pub mod xml;

use fail_counts::NodeFailures;

/// What is shown besides nodes and resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Whether actions that history shows as not finished are shown as what resources are doing.
    pub pending: bool,
    /// Whether attributes of nodes are shown.
    pub attributes: bool,
    /// Fail counts, where they are shown; failed operations are shown with them.
    pub fail_counts: Option<Vec<NodeFailures>>,
}
