//! Evenkeel among others: the real keepalived and HAProxy beside it, real clients before it, the
//! example configurations on it, and requests that are meant to do harm.

mod bad_input;
mod clients;
mod exchange;
mod keepalived;
mod log_lines;
mod machines;
mod seeds;
mod smuggling;
