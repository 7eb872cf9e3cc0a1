//! What a process does to itself: its name, its rank, its limits, its user.

use std::io;
use std::path::PathBuf;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, raise, sigaction};
use nix::unistd::{Gid, Pid, Uid, chdir, chroot, setgroups, setresgid, setresuid};

use super::Signal;

/// The longest process name in bytes.
pub const MAX_PROCESS_NAME_BYTES: usize = 15;

/// Sets this process's name as `ps`, `killall` and `pidof` see it (`/proc/self/comm`), cut to
/// [`MAX_PROCESS_NAME_BYTES`]. It names the calling thread: call it on the main one.
pub fn set_process_name(name: &str) -> io::Result<()> {
    let cut = &name[..name.floor_char_boundary(MAX_PROCESS_NAME_BYTES)];
    let name = std::ffi::CString::new(cut)?;
    prctl::set_name(&name)?;
    Ok(())
}

/// This process receives `signal` when the thread that started it ends. A change of user clears it:
/// call it again after [`drop_privileges`].
pub fn set_death_signal(signal: Signal) -> io::Result<()> {
    prctl::set_pdeathsig(Some(signal))?;
    Ok(())
}

/// Ends this process by the signal `number`, even where the process that started it has it ignored
/// (a shell does so with SIGINT for what runs in the background). Returns only when it fails.
pub fn die_by(number: i32) -> io::Result<()> {
    let signal = Signal::try_from(number)?;
    // SAFETY: the default disposition runs no code of this process.
    unsafe {
        sigaction(
            signal,
            &SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty()),
        )
    }?;
    let mut mask = SigSet::empty();
    mask.add(signal);
    mask.thread_unblock()?;
    raise(signal)?;
    Ok(())
}

/// The processors the calling thread may run on, counted from 0.
pub fn allowed_processors() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..CpuSet::count())
        .filter(|processor| set.is_set(*processor) == Ok(true))
        .collect())
}

/// The calling thread runs before everything that is not in real time (`sched(7)`, SCHED_RR, lowest
/// priority): on a machine that is busy it still answers at once. Threads and processes that it
/// starts afterwards are ordinary again.
///
/// # Errors
///
/// Where the process lacks CAP_SYS_NICE, or its control group has no share of real time.
pub fn run_in_real_time() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 1 };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: the parameters outlive the call, which reads them only.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Raises the limit of open descriptors to `wanted` where it is lower, the hard limit too where
/// allowed; answers what is in force after that.
pub fn raise_descriptor_limit(wanted: u64) -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= wanted {
        return Ok(soft);
    }
    if wanted > hard && setrlimit(Resource::RLIMIT_NOFILE, wanted, wanted).is_ok() {
        return Ok(wanted);
    }
    let reachable = wanted.min(hard);
    setrlimit(Resource::RLIMIT_NOFILE, reachable, hard)?;
    Ok(reachable)
}

/// From now on no program that this process or a descendant starts gains rights by its file:
/// setuid bits and file capabilities are ignored (prctl(2), `PR_SET_NO_NEW_PRIVS`). For good.
pub fn forbid_new_privileges() -> io::Result<()> {
    prctl::set_no_new_privs()?;
    Ok(())
}

/// Who a process becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privileges {
    /// The new root directory.
    pub chroot: Option<PathBuf>,
    /// The group's number.
    pub group: Option<u32>,
    /// The user's number.
    pub user: Option<u32>,
    /// Supplementary groups, which replace those that the process has.
    pub supplementary_groups: Vec<u32>,
}

/// Gives up root for good: root directory, supplementary groups, group, user, in that order.
///
/// Groups are replaced only where a user or a group is given, and kept in a user namespace that
/// forbids their change (user_namespaces(7)): they are those of whoever made the namespace. After a
/// change of user to another than root, it is made sure that root cannot be had back.
///
/// # Errors
/// What the kernel says of the first step that it refused; the process must end then.
pub fn drop_privileges(privileges: &Privileges) -> io::Result<()> {
    let groups_are_fixed = std::fs::read_to_string("/proc/self/setgroups")
        .is_ok_and(|permission| permission.trim() == "deny");
    if let Some(root) = &privileges.chroot {
        chroot(root)?;
        chdir("/")?;
    }
    if privileges.user.is_some() || privileges.group.is_some() {
        let groups: Vec<Gid> = privileges
            .supplementary_groups
            .iter()
            .map(|group| Gid::from_raw(*group))
            .collect();
        let nothing_to_drop = groups.is_empty() && !Uid::effective().is_root();
        if !nothing_to_drop && !groups_are_fixed {
            setgroups(&groups)?;
        }
    }
    if let Some(group) = privileges.group {
        let group = Gid::from_raw(group);
        setresgid(group, group, group)?;
    }
    if let Some(user) = privileges.user {
        let user = Uid::from_raw(user);
        setresuid(user, user, user)?;
        if !user.is_root() && setresuid(Uid::from_raw(0), Uid::from_raw(0), user).is_ok() {
            return Err(io::Error::other("root could be had back"));
        }
    }
    Ok(())
}
