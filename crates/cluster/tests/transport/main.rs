//! Nodes that talk to each other over loopback, and strangers who try.

mod exchange;
mod forged;
mod strangers;
mod support;
