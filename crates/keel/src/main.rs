//! `keel`: HAProxy's and keepalived's work in one program, and what lies between them.
//!
//! Owns: the command lines' first word, the supervisor, the control socket. Must never: touch a
//! client's bytes or decide an election; that is done by the roles, each a process of its own.
//!
//! ```text
//! argv ── invocation ──► haproxy, keepalived, run ──► verbs::launch ──► shell (supervises)
//!                   ├──► status, reload ──► wire ──► the shell's control socket
//!                   ├──► role-balancer, role-keeper (started by the shell) ──► balancer, address-keeper
//!                   └──► lab
//! ```

mod invocation;
mod shell;
mod supervision;
mod verbs;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    verbs::run(invocation::read(std::env::args_os().collect()))
}
