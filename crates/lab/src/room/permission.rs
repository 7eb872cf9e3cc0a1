//! Whether this computer allows a lab, and what would allow it.

use std::fs;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// Why a lab cannot be had, and the command that would change it.
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) enable: String,
}

/// With fewer user numbers than this a machine cannot have users of its own (`nobody` is 65534).
const ALL_USERS: u64 = 65_535;

/// Puts this process (its later children, for process numbers) into namespaces of its own; returns
/// whether root is the only user there is, as in a user namespace that nobody set up for more.
pub(super) fn take_namespaces() -> Result<bool, Refusal> {
    let wanted = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    if geteuid().is_root() && unshare(wanted).is_ok() {
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        return Ok(users_in(&map) < ALL_USERS);
    }
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|error| refusal("a user namespace", error))?;
    for (file, map) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {user} 1")),
        ("gid_map", format!("0 {group} 1")),
    ] {
        fs::write(format!("/proc/self/{file}"), map).map_err(|error| {
            let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            refusal("a user namespace", errno)
        })?;
    }
    unshare(wanted).map_err(|error| refusal("network and process namespaces", error))?;
    Ok(true)
}

/// How many user numbers a `uid_map` knows (user_namespaces(7): inside, outside, count).
fn users_in(map: &str) -> u64 {
    map.lines()
        .filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok())
        .sum()
}

fn refusal(what: &str, error: Errno) -> Refusal {
    let read = |path| fs::read_to_string(path).map(|text| text.trim().to_owned());
    let enable = if read("/proc/sys/kernel/unprivileged_userns_clone").is_ok_and(|v| v == "0") {
        "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    } else if read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").is_ok_and(|v| v == "1")
    {
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    } else if read("/proc/sys/user/max_user_namespaces").is_ok_and(|v| v == "0") {
        "sudo sysctl -w user.max_user_namespaces=15000"
    } else if geteuid().is_root() {
        "start the container with --privileged (or --cap-add SYS_ADMIN --security-opt \
         seccomp=unconfined --security-opt apparmor=unconfined)"
    } else {
        "run it as root: sudo keel lab …"
    };
    Refusal {
        reason: format!("the kernel refuses {what}: {}", error.desc()),
        enable: enable.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_says_how_many_users_there_are() {
        for (map, expected) in [
            ("         0          0 4294967295\n", 4_294_967_295),
            ("         0       1000          1\n", 1),
            ("0 1000 1\n1 100000 65536\n", 65_537),
            ("", 0),
        ] {
            assert_eq!(users_in(map), expected, "{map:?}");
        }
    }
}
