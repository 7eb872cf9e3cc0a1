//! Whether this computer allows a lab, and what would allow it.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::unistd::geteuid;
use system::namespace::{Namespaces, become_root_of_own_user_namespace, read_sysctl, unshare};

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
    if geteuid().is_root() && unshare(Namespaces::MACHINE).is_ok() {
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        return Ok(users_in(&map) < ALL_USERS);
    }
    become_root_of_own_user_namespace().map_err(|error| refusal("a user namespace", &error))?;
    unshare(Namespaces::MACHINE)
        .map_err(|error| refusal("network and process namespaces", &error))?;
    Ok(true)
}

/// How many user numbers a `uid_map` knows (user_namespaces(7): inside, outside, count).
fn users_in(map: &str) -> u64 {
    map.lines()
        .filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok())
        .sum()
}

fn refusal(what: &str, error: &io::Error) -> Refusal {
    let is = |setting, value| read_sysctl(setting).is_ok_and(|found| found == value);
    let enable = if is("kernel.unprivileged_userns_clone", "0") {
        "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    } else if is("kernel.apparmor_restrict_unprivileged_userns", "1") {
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    } else if is("user.max_user_namespaces", "0") {
        "sudo sysctl -w user.max_user_namespaces=15000"
    } else if geteuid().is_root() {
        "start the container with --privileged (or --cap-add SYS_ADMIN --security-opt \
         seccomp=unconfined --security-opt apparmor=unconfined)"
    } else {
        "run it as root: sudo keel lab …"
    };
    let reason = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    Refusal {
        reason: format!("the kernel refuses {what}: {}", reason.desc()),
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
