//! Machines made of namespaces.

use std::io;
use std::path::Path;

use crate::process::{Child, Pidfd, RoleCommand};

/// A choice of namespaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Users and capabilities.
    pub user: bool,
    /// Network.
    pub network: bool,
    /// Mounts.
    pub mount: bool,
    /// Host name.
    pub uts: bool,
    /// Process numbers.
    pub pid: bool,
    /// System V IPC and message queues.
    pub ipc: bool,
}

impl Namespaces {
    /// What makes a machine of its own: all but users.
    pub const MACHINE: Self = Self {
        user: false,
        network: true,
        mount: true,
        uts: true,
        pid: true,
        ipc: true,
    };
    /// Network alone.
    pub const NETWORK: Self = Self {
        user: false,
        network: true,
        mount: false,
        uts: false,
        pid: false,
        ipc: false,
    };
}

/// Ids of a user namespace and the ids outside that they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// The first id inside.
    pub inside: u32,
    /// The first id outside.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

/// Makes the calling process root of a user namespace of its own, its only user being the one that
/// it was. Call it at the start of the process, before any thread.
pub fn become_root_of_own_user_namespace() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Moves the calling thread (for users and processes: see `unshare(2)`) into new namespaces.
pub fn unshare(namespaces: Namespaces) -> io::Result<()> {
    let _ = namespaces;
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes the id maps of the calling process's new user namespace. Refused by the kernel without
/// the privilege to map more than the own ids.
pub fn write_id_maps(users: &[IdRange], groups: &[IdRange]) -> io::Result<()> {
    let _ = (users, groups);
    Err(io::ErrorKind::Unsupported.into())
}

/// Does `work` inside namespaces of another process, on a thread of its own that ends afterwards.
/// `user` and `pid` cannot be entered that way (`InvalidInput`).
pub fn within<T: Send>(
    target: &Pidfd,
    namespaces: Namespaces,
    work: impl FnOnce() -> T + Send,
) -> io::Result<T> {
    let _ = (target, namespaces, work);
    Err(io::ErrorKind::Unsupported.into())
}

/// Starts a command in new namespaces. With `pid` it is process 1 there: when it ends, the kernel
/// kills all others there.
///
/// The command must not ask for a death signal (`InvalidInput`): the thread that starts it ends at
/// once. Let it watch the far end of its channel instead.
pub fn spawn_in_new(command: RoleCommand, namespaces: Namespaces) -> io::Result<Child> {
    let _ = (command, namespaces);
    Err(io::ErrorKind::Unsupported.into())
}

/// Starts a command inside namespaces of another process, `pid` included (not `user`). No death
/// signal, as for [`spawn_in_new`].
pub fn spawn_within(
    command: RoleCommand,
    target: &Pidfd,
    namespaces: Namespaces,
) -> io::Result<Child> {
    let _ = (command, target, namespaces);
    Err(io::ErrorKind::Unsupported.into())
}

/// Stops mounts of this mount namespace from spreading to others. Call it first in a new one.
pub fn make_mounts_private() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Mounts `/proc` for the calling process's process namespace.
pub fn mount_proc(target: &Path) -> io::Result<()> {
    let _ = target;
    Err(io::ErrorKind::Unsupported.into())
}

/// Mounts `/sys` for the calling process's network namespace.
pub fn mount_sys(target: &Path) -> io::Result<()> {
    let _ = target;
    Err(io::ErrorKind::Unsupported.into())
}

/// Mounts an empty memory file system of at most `limit_bytes`.
pub fn mount_tmpfs(target: &Path, limit_bytes: u64) -> io::Result<()> {
    let _ = (target, limit_bytes);
    Err(io::ErrorKind::Unsupported.into())
}

/// Shows a file or folder at a second place (`target` exists).
pub fn mount_bind(source: &Path, target: &Path, read_only: bool) -> io::Result<()> {
    let _ = (source, target, read_only);
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the host name of this UTS namespace.
pub fn set_hostname(name: &str) -> io::Result<()> {
    let _ = name;
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes a kernel setting such as `net.ipv4.ip_nonlocal_bind`; for `net.*` that of the calling
/// thread's network namespace. A `/` inside a name stands for itself, as in
/// `net/ipv4/conf/eth0.1/arp_ignore`.
pub fn write_sysctl(name: &str, value: &str) -> io::Result<()> {
    let _ = (name, value);
    Err(io::ErrorKind::Unsupported.into())
}

/// Reads a kernel setting, without its final newline.
pub fn read_sysctl(name: &str) -> io::Result<String> {
    let _ = name;
    Err(io::ErrorKind::Unsupported.into())
}

/// Why a machine cannot be made here, and what would change that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; enable: {enable}")]
pub struct NotPossible {
    /// The reason.
    pub reason: String,
    /// A command that an administrator may run.
    pub enable: String,
}

/// Whether this process may make a user namespace. Tried in a child.
pub fn can_unshare_user() -> Result<(), NotPossible> {
    Ok(())
}

/// Whether this process may make the namespaces of a machine as it is, without a user namespace.
/// Tried in a child.
pub fn can_create_namespaces() -> Result<(), NotPossible> {
    Ok(())
}
