//! Who is in the cluster, and in what order its messages come: agreed views, total order inside a
//! view, virtual synchrony.

#![allow(clippy::module_name_repetitions)]

pub mod limits;
mod view;

pub use view::{Incarnation, Member, NodeId, View, ViewId};
