//! Machines made of namespaces: entered, furnished, probed for.
//!
//! A machine is a process that was started with [`spawn_in_new`] and [`Namespaces::MACHINE`]; its
//! [`Pidfd`] is the handle by which the others reach it.

mod mounts;
mod probe;
mod spawn;

use std::io;
use std::os::fd::AsFd;

use nix::sched::{CloneFlags, setns};

use crate::process::{Pid, Pidfd};

pub use mounts::{make_mounts_private, mount_bind, mount_proc, mount_sys, mount_tmpfs};
pub use probe::{NotPossible, can_create_namespaces, can_unshare_user};
pub use spawn::{spawn_in_new, spawn_within};

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

    fn flags(self) -> CloneFlags {
        [
            (self.user, CloneFlags::CLONE_NEWUSER),
            (self.network, CloneFlags::CLONE_NEWNET),
            (self.mount, CloneFlags::CLONE_NEWNS),
            (self.uts, CloneFlags::CLONE_NEWUTS),
            (self.pid, CloneFlags::CLONE_NEWPID),
            (self.ipc, CloneFlags::CLONE_NEWIPC),
        ]
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .fold(CloneFlags::empty(), |flags, (_, flag)| flags | flag)
    }
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

/// Makes the calling process root of a user namespace of its own, in which its only user and group
/// stand for the ones that it was. Call it before any thread is started (`InvalidInput` otherwise).
pub fn become_root_of_own_user_namespace() -> io::Result<()> {
    let own = |outside| IdRange {
        inside: 0,
        outside,
        count: 1,
    };
    let user = own(nix::unistd::geteuid().as_raw());
    let group = own(nix::unistd::getegid().as_raw());
    unshare(Namespaces {
        user: true,
        ..Namespaces::default()
    })?;
    write_id_maps(Pid::this(), &[user], &[group])
}

/// Moves the calling thread into new namespaces. A new process namespace is for children only; a
/// new user namespace needs a process of one thread.
pub fn unshare(namespaces: Namespaces) -> io::Result<()> {
    nix::sched::unshare(namespaces.flags())?;
    Ok(())
}

/// Writes the id maps of the user namespace that a process has just made, which can be done once.
///
/// More than the one range of length 1 that stands for the writer's own id takes a writer outside of
/// the namespace with `CAP_SETUID` and `CAP_SETGID` there. A process that writes for itself loses
/// `setgroups`, as the kernel asks for.
pub fn write_id_maps(process: Pid, users: &[IdRange], groups: &[IdRange]) -> io::Result<()> {
    let file = |name: &str| format!("/proc/{process}/{name}");
    if process == Pid::this() {
        std::fs::write(file("setgroups"), "deny")?;
    }
    std::fs::write(file("uid_map"), id_map(users))?;
    std::fs::write(file("gid_map"), id_map(groups))
}

fn id_map(ranges: &[IdRange]) -> String {
    ranges
        .iter()
        .map(|range| format!("{} {} {}\n", range.inside, range.outside, range.count))
        .collect()
}

/// Does `work` inside namespaces of another process, on a thread of its own that ends afterwards.
///
/// # Errors
/// `InvalidInput` for `user` and `pid`, which a thread cannot enter; else what the kernel says.
pub fn within<T: Send>(
    target: &Pidfd,
    namespaces: Namespaces,
    work: impl FnOnce() -> T + Send,
) -> io::Result<T> {
    if namespaces.user || namespaces.pid {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a thread cannot enter a user or process namespace",
        ));
    }
    on_own_thread(|| {
        enter(target, namespaces)?;
        Ok(work())
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

/// Moves the calling thread into namespaces of another process.
fn enter(target: &Pidfd, namespaces: Namespaces) -> io::Result<()> {
    if namespaces.mount {
        // Root and working directory are shared among threads, and then cannot be moved.
        nix::sched::unshare(CloneFlags::CLONE_FS)?;
    }
    setns(target.as_fd(), namespaces.flags())?;
    Ok(())
}

/// Sets the host name of this UTS namespace.
pub fn set_hostname(name: &str) -> io::Result<()> {
    nix::unistd::sethostname(name)?;
    Ok(())
}

/// Writes a kernel setting such as `net.ipv4.ip_nonlocal_bind`; for `net.*` that of the calling
/// thread's network namespace. Where the name holds a slash, dots stand for themselves, as in
/// `net/ipv4/conf/eth0.1/arp_ignore`.
pub fn write_sysctl(name: &str, value: &str) -> io::Result<()> {
    std::fs::write(sysctl_path(name)?, value)
}

/// Reads a kernel setting, without its final newline.
pub fn read_sysctl(name: &str) -> io::Result<String> {
    let text = std::fs::read_to_string(sysctl_path(name)?)?;
    Ok(text.trim_end().to_owned())
}

fn sysctl_path(name: &str) -> io::Result<String> {
    let path = if name.contains('/') {
        name.to_owned()
    } else {
        name.replace('.', "/")
    };
    let sound = path
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..");
    if sound {
        Ok(format!("/proc/sys/{path}"))
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("'{name}' names no kernel setting"),
        ))
    }
}

#[cfg(test)]
pub(crate) mod tests;
