//! Commands started in namespaces: new ones, or another process's.

use std::io;

use super::{Namespaces, enter, on_own_thread, unshare};
use crate::process::{Child, Pidfd, RoleCommand};

/// Starts a command in new namespaces (not `user`). With `pid` it is process 1 there: when it ends,
/// the kernel kills all others there.
///
/// # Errors
/// `InvalidInput` where the command asks for a death signal, for the thread that starts it ends at
/// once: let it watch the far end of its channel instead; or for `user`. `PermissionDenied` without
/// `CAP_SYS_ADMIN`.
pub fn spawn_in_new(command: RoleCommand, namespaces: Namespaces) -> io::Result<Child> {
    check(&command, namespaces)?;
    on_own_thread(|| {
        unshare(namespaces)?;
        command.spawn()
    })
}

/// Starts a command inside namespaces of another process, `pid` included (not `user`).
///
/// # Errors
/// As [`spawn_in_new`].
pub fn spawn_within(
    command: RoleCommand,
    target: &Pidfd,
    namespaces: Namespaces,
) -> io::Result<Child> {
    check(&command, namespaces)?;
    on_own_thread(|| {
        enter(target, namespaces)?;
        command.spawn()
    })
}

fn check(command: &RoleCommand, namespaces: Namespaces) -> io::Result<()> {
    let reason = if command.has_death_signal() {
        "a command in namespaces cannot have a death signal"
    } else if namespaces.user {
        "a process with threads cannot make or enter a user namespace"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
}
