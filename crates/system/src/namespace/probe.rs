//! Whether machines can be made here.

use std::io;
use std::time::Duration;

use nix::unistd::{ForkResult, fork};

use super::{Namespaces, unshare};
use crate::process::{Child, Exit};

/// Why a machine cannot be made here, and what would change that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; enable: {enable}")]
pub struct NotPossible {
    /// The reason.
    pub reason: String,
    /// A command that an administrator may run.
    pub enable: String,
}

/// Whether this process may make a user namespace, and in it the namespaces of a machine. Tried in
/// a copy of this process.
pub fn can_unshare_user() -> Result<(), NotPossible> {
    let refused = match try_in_copy(|| {
        let user = Namespaces {
            user: true,
            ..Namespaces::default()
        };
        unshare(user).and_then(|()| unshare(Namespaces::MACHINE))
    }) {
        Ok(()) => return Ok(()),
        Err(refused) => refused,
    };
    // Where a distribution has its own switch, it is the likely reason.
    let switches = [
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("user.max_user_namespaces", "0", "10000"),
    ];
    let switch = switches.iter().find(|(name, forbidding, _)| {
        super::read_sysctl(name).is_ok_and(|value| value == *forbidding)
    });
    let (name, _, allowing) = switch.unwrap_or(&switches[2]);
    Err(NotPossible {
        reason: format!("the kernel refuses user namespaces ({refused})"),
        enable: format!("sysctl -w {name}={allowing}"),
    })
}

/// Whether this process may make the namespaces of a machine as it is, without a user namespace.
/// Tried in a copy of this process.
pub fn can_create_namespaces() -> Result<(), NotPossible> {
    try_in_copy(|| unshare(Namespaces::MACHINE)).map_err(|refused| NotPossible {
        reason: format!("this process may not make namespaces ({refused})"),
        enable: "run it as root (in a container: with --privileged)".to_owned(),
    })
}

/// Does `work` in a copy of this process and answers how that went.
fn try_in_copy(work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    const LIMIT: Duration = Duration::from_secs(5);
    // SAFETY: the copy makes a system call or two and ends; it takes no lock and allocates nothing.
    let copy = match unsafe { fork() }? {
        ForkResult::Child => {
            let code = match work() {
                Ok(()) => 0,
                Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
            };
            // SAFETY: ends the copy without running this process's exit handlers.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => Child::new(child, false)?,
    };
    match copy.wait_within(LIMIT)? {
        Some(Exit::Code(0)) => Ok(()),
        Some(Exit::Code(number)) => Err(io::Error::from_raw_os_error(number)),
        _ => Err(io::ErrorKind::TimedOut.into()),
    }
}
