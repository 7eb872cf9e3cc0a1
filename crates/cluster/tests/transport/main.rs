//! Nodes that talk to each other over loopback, and strangers who try.

mod exchange;
mod forged;
mod limits;
mod peers;
mod restarts;
mod rotation;
mod strangers;
mod support;
