//! The data plane with real sockets on loopback: origins and clients in this process, worker
//! threads between them.

mod balancer;
mod endings;
mod http;
mod living;
mod memory;
mod persistence;
mod support;
mod tls;
mod trust;
