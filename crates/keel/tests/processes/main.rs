//! Supervisors, balancers and keepers as real processes: what their users rely on.

mod balancer;
mod command_line;
mod keeper;
mod support;
