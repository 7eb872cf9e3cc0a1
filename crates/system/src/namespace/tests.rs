use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::link::Link;
use crate::netlink::Netlink;
use crate::process::tests::in_a_copy;
use crate::process::{Child, Exit, Privileges, RoleCommand, Signal, Stream, drop_privileges};

const LIMIT: Duration = Duration::from_secs(20);

/// Runs `work` in a network namespace of its own, or says why not.
pub(crate) fn in_own_network(work: impl FnOnce() + Send) {
    if !privileged() {
        return;
    }
    on_own_thread(|| {
        unshare(Namespaces::NETWORK)?;
        work();
        Ok(())
    })
    .unwrap();
}

/// A pair of connected interfaces `a` and `b`, both up.
pub(crate) fn connected_pair(netlink: &mut Netlink) -> (Link, Link) {
    let [a, b] = netlink.create_veth("a", "b").unwrap();
    for index in [a, b] {
        netlink.set_up(index, true).unwrap();
    }
    let mut found = |index| netlink.link(index).unwrap().unwrap();
    (found(a), found(b))
}

/// A process that stays, in a network namespace of its own.
pub(crate) fn neighbour() -> Child {
    let command = RoleCommand::program("/bin/sleep", "sleep").argument("1000");
    spawn_in_new(command, Namespaces::NETWORK).unwrap()
}

/// A machine that runs a script.
fn machine(script: &str, output: Stream) -> Child {
    let command = RoleCommand::program("/bin/sh", "machine")
        .arguments(["-c", script])
        .streams(Stream::Null, output, Stream::Null);
    spawn_in_new(command, Namespaces::MACHINE).unwrap()
}

/// Whether this process may make a machine as it is; tried on a thread.
fn privileged() -> bool {
    let tried = on_own_thread(|| unshare(Namespaces::MACHINE));
    if let Err(refused) = &tried {
        println!("SKIPPED: {refused}; enable: run the tests as root (docker: --privileged)");
    }
    tried.is_ok()
}

#[test]
fn whoever_may_not_be_root_is_root_of_a_namespace_of_its_own() {
    let allowed = in_a_copy(|| nix::sched::unshare(CloneFlags::CLONE_NEWUSER).is_ok());
    if allowed != Exit::Code(0) {
        println!("SKIPPED: no user namespaces; enable: sysctl -w user.max_user_namespaces=15000");
        return;
    }
    let nobody = Privileges {
        user: Some(65534),
        group: Some(65534),
        ..Privileges::default()
    };
    let exit = in_a_copy(|| {
        let dropped = !nix::unistd::Uid::effective().is_root() || drop_privileges(&nobody).is_ok();
        // A process that has changed user owns its files in /proc only after that.
        let own = nix::sys::prctl::set_dumpable(true).is_ok();
        dropped
            && own
            && become_root_of_own_user_namespace().is_ok()
            && geteuid().is_root()
            && unshare(Namespaces::MACHINE).is_ok()
            && set_hostname("rootless").is_ok()
            && Netlink::open().is_ok_and(|mut netlink| netlink.create_veth("a", "b").is_ok())
    });
    assert_eq!(exit, Exit::Code(0));
}

#[test]
fn a_machine_has_its_own_name_network_and_processes() {
    if !privileged() {
        return;
    }
    let here = read_sysctl("kernel.hostname").unwrap();
    let (mut reader, writer) = io::pipe().unwrap();
    let machine = machine(
        "echo fred > /proc/sys/kernel/hostname; echo $$ $(uname -n); exec >&-; sleep 1000",
        Stream::Descriptor(writer.into()),
    );
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "1 fred\n", "the first process of that machine");
    assert_eq!(read_sysctl("kernel.hostname").unwrap(), here);

    let links = within_network_of(machine.pidfd(), || {
        write_sysctl("net.ipv4.ip_nonlocal_bind", "1").unwrap();
        Netlink::open().unwrap().links().unwrap()
    });
    let links = links.unwrap();
    assert_eq!(links.len(), 1, "only the loopback: {links:?}");
    assert!(links[0].loopback);
    let setting = within_network_of(machine.pidfd(), || {
        read_sysctl("net.ipv4.ip_nonlocal_bind").unwrap()
    });
    assert_eq!(setting.unwrap(), "1");

    machine.signal(Signal::SIGKILL).unwrap();
    assert_eq!(machine.wait_within(LIMIT).unwrap(), Some(Exit::Signal(9)));
}

#[test]
fn all_processes_of_a_machine_end_with_it() {
    if !privileged() {
        return;
    }
    let (mut reader, writer) = io::pipe().unwrap();
    let machine = machine("sleep 1000 & echo; wait", Stream::Descriptor(writer.into()));
    reader.read_exact(&mut [0]).unwrap();
    machine.signal(Signal::SIGKILL).unwrap();
    assert_eq!(machine.wait_within(LIMIT).unwrap(), Some(Exit::Signal(9)));
    let rest = reader.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(rest, 0, "whoever could still write is gone");
}

#[test]
fn what_is_mounted_inside_is_not_seen_outside() {
    if !privileged() {
        return;
    }
    on_own_thread(|| {
        unshare(Namespaces::MACHINE)?;
        make_mounts_private()?;
        mount_tmpfs("/mnt", "size=1m,mode=755")?;
        std::fs::write("/mnt/file", "inside")?;
        std::fs::create_dir("/mnt/shown")?;
        std::fs::create_dir("/mnt/source")?;
        std::fs::write("/mnt/source/kept", "kept")?;
        mount_bind("/mnt/source", "/mnt/shown")?;
        assert_eq!(std::fs::read_to_string("/mnt/shown/kept")?, "kept");
        let too_much = std::fs::write("/mnt/big", vec![0; 2 * 1024 * 1024]).unwrap_err();
        assert_eq!(too_much.kind(), io::ErrorKind::StorageFull);
        let nowhere = mount_tmpfs("/mnt/nowhere", "").unwrap_err();
        assert_eq!(nowhere.kind(), io::ErrorKind::NotFound);
        assert!(
            nowhere.to_string().starts_with("/mnt/nowhere: "),
            "{nowhere}"
        );
        Ok(())
    })
    .unwrap();
    assert!(!Path::new("/mnt/file").exists());
}

#[test]
fn a_death_signal_in_namespaces_is_refused() {
    let command = RoleCommand::program("/bin/true", "true").death_signal(Signal::SIGKILL);
    let refused = spawn_in_new(command, Namespaces::NETWORK).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_setting_outside_of_the_settings_is_refused() {
    for name in ["", "net..ipv4", "../etc/passwd", "/etc/passwd", "net/./x"] {
        let refused = write_sysctl(name, "1").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{name}");
    }
}
