//! Machines made of namespaces: entered, furnished, started in.
//!
//! A machine is a process that was started with [`spawn_in_new`] and [`Namespaces::MACHINE`]; its
//! [`Pidfd`] is the handle by which the others reach it.

mod mounts;
mod sysctl;

use std::io;
use std::os::fd::AsFd;

use nix::sched::{CloneFlags, setns};
use nix::unistd::{getegid, geteuid};

use crate::process::{Child, Pidfd, RoleCommand};

pub use mounts::{make_mounts_private, mount_bind, mount_proc, mount_tmpfs};
pub use sysctl::{read_sysctl, write_sysctl};

/// A choice of namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namespaces(CloneFlags);

impl Namespaces {
    /// Network alone.
    pub const NETWORK: Self = Self(CloneFlags::CLONE_NEWNET);
    /// Mounts alone. They spread to others until [`make_mounts_private`].
    pub const MOUNTS: Self = Self(CloneFlags::CLONE_NEWNS);
    /// What makes a machine of its own: network, mounts, host name, process numbers, System V IPC
    /// and message queues; all but users.
    pub const MACHINE: Self = Self(
        CloneFlags::CLONE_NEWNET
            .union(CloneFlags::CLONE_NEWNS)
            .union(CloneFlags::CLONE_NEWUTS)
            .union(CloneFlags::CLONE_NEWPID)
            .union(CloneFlags::CLONE_NEWIPC),
    );
}

/// Makes the calling process root of a user namespace of its own, in which its only user and group
/// stand for the ones that it was (user_namespaces(7)). Call it before any thread is started
/// (`InvalidInput` otherwise).
pub fn become_root_of_own_user_namespace() -> io::Result<()> {
    let (user, group) = (geteuid(), getegid());
    nix::sched::unshare(CloneFlags::CLONE_NEWUSER)?;
    // The kernel lets a process map its own group only once it can no longer leave a group.
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {group} 1"))
}

/// Moves the calling thread into new namespaces; one for process numbers is for its children only.
pub fn unshare(namespaces: Namespaces) -> io::Result<()> {
    nix::sched::unshare(namespaces.0)?;
    Ok(())
}

/// Does `work` in the network namespace of another process, on a thread of its own that ends
/// afterwards. Sockets opened by `work` stay in that namespace.
pub fn within_network_of<T: Send>(
    target: &Pidfd,
    work: impl FnOnce() -> T + Send,
) -> io::Result<T> {
    on_own_thread(|| {
        setns(target.as_fd(), Namespaces::NETWORK.0)?;
        Ok(work())
    })
}

/// Starts a command in new namespaces. In one for process numbers it is process 1: when it ends,
/// the kernel kills all others there.
///
/// # Errors
/// `InvalidInput` where the command asks for a death signal, for the thread that starts it ends at
/// once: let it watch the far end of its channel instead. `PermissionDenied` without
/// `CAP_SYS_ADMIN`.
pub fn spawn_in_new(command: RoleCommand, namespaces: Namespaces) -> io::Result<Child> {
    if command.has_death_signal() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a command in namespaces cannot have a death signal",
        ));
    }
    on_own_thread(|| {
        unshare(namespaces)?;
        command.spawn()
    })
}

/// Runs `work` on a thread whose namespaces are nobody else's concern.
fn on_own_thread<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("namespace".to_owned())
            .spawn_scoped(scope, work)?;
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Sets the host name of this UTS namespace.
pub fn set_hostname(name: &str) -> io::Result<()> {
    nix::unistd::sethostname(name)?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
