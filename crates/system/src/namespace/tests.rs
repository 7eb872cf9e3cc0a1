use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::channel::Channel;
use crate::link::Link;
use crate::netlink::Netlink;
use crate::process::tests::in_a_copy;
use crate::process::{Child, Exit, Privileges, RoleCommand, Signal, Stream, drop_privileges};

const LIMIT: Duration = Duration::from_secs(20);

/// Runs `work` in a network namespace of its own, or says why not.
pub(crate) fn in_own_network(work: impl FnOnce() + Send) {
    if let Err(why) = can_create_namespaces() {
        println!("SKIPPED: {}; enable: {}", why.reason, why.enable);
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
    netlink.create_veth("a", "b").unwrap();
    let [a, b] = ["a", "b"].map(|name| {
        let link = netlink.link_by_name(name).unwrap().unwrap();
        netlink.set_up(link.index, true).unwrap();
        link
    });
    let again = |netlink: &mut Netlink, link: Link| netlink.link(link.index).unwrap().unwrap();
    (again(netlink, a), again(netlink, b))
}

/// A machine that stays until its channel's far end goes.
fn machine() -> (Channel, Child) {
    let (ours, theirs) = Channel::pair().unwrap();
    let command = RoleCommand::program("/bin/sh", "machine")
        .arguments([
            "-c",
            "eval \"exec cat <&$KEEL_CHANNEL_FD\" >/dev/null 2>&1 || exec sleep 1000",
        ])
        .streams(Stream::Null, Stream::Null, Stream::Null)
        .channel(theirs);
    let child = spawn_in_new(command, Namespaces::MACHINE).unwrap();
    (ours, child)
}

fn privileged() -> bool {
    match can_create_namespaces() {
        Ok(()) => true,
        Err(why) => {
            println!("SKIPPED: {}; enable: {}", why.reason, why.enable);
            false
        }
    }
}

#[test]
fn the_probes_answer_with_a_reason_or_not_at_all() {
    for answer in [can_unshare_user(), can_create_namespaces()] {
        if let Err(why) = answer {
            assert!(!why.reason.is_empty() && !why.enable.is_empty());
        }
    }
}

#[test]
fn whoever_may_not_be_root_is_root_of_a_namespace_of_its_own() {
    if let Err(why) = can_unshare_user() {
        println!("SKIPPED: {}; enable: {}", why.reason, why.enable);
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
            && nix::unistd::geteuid().is_root()
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
    let (_channel, machine) = machine();
    let here = read_sysctl("kernel.hostname").unwrap();
    let uts_and_network = Namespaces {
        pid: false,
        mount: false,
        ..Namespaces::MACHINE
    };
    let (name, links) = within(machine.pidfd(), uts_and_network, || {
        set_hostname("fred").unwrap();
        write_sysctl("net.ipv4.ip_nonlocal_bind", "1").unwrap();
        let links = Netlink::open().unwrap().links().unwrap();
        (read_sysctl("kernel.hostname").unwrap(), links)
    })
    .unwrap();
    assert_eq!(name, "fred");
    assert_eq!(links.len(), 1, "only the loopback: {links:?}");
    assert!(links[0].loopback);
    assert_eq!(read_sysctl("kernel.hostname").unwrap(), here);
    let setting = within(machine.pidfd(), Namespaces::NETWORK, || {
        read_sysctl("net.ipv4.ip_nonlocal_bind").unwrap()
    });
    assert_eq!(setting.unwrap(), "1");

    let (mut reader, writer) = io::pipe().unwrap();
    let command = RoleCommand::program("/bin/sh", "sh")
        .arguments(["-c", "echo $$ $(uname -n)"])
        .streams(
            Stream::Null,
            Stream::Descriptor(writer.into()),
            Stream::Inherit,
        );
    let child = spawn_within(command, machine.pidfd(), Namespaces::MACHINE).unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(child.wait_within(LIMIT).unwrap().unwrap().success());
    assert_eq!(text, "2 fred\n", "the second process of that machine");

    machine.signal(Signal::SIGKILL).unwrap();
    assert_eq!(machine.wait_within(LIMIT).unwrap(), Some(Exit::Signal(9)));
}

#[test]
fn all_processes_of_a_machine_end_with_it() {
    if !privileged() {
        return;
    }
    let (_channel, machine) = machine();
    let sleeper = RoleCommand::program("/bin/sleep", "sleep").argument("1000");
    let sleeper = spawn_within(sleeper, machine.pidfd(), Namespaces::MACHINE).unwrap();
    machine.signal(Signal::SIGKILL).unwrap();
    assert_eq!(sleeper.wait_within(LIMIT).unwrap(), Some(Exit::Signal(9)));
    assert!(machine.wait_within(LIMIT).unwrap().is_some());
}

#[test]
fn what_is_mounted_inside_is_not_seen_outside() {
    if !privileged() {
        return;
    }
    let mount = Namespaces {
        mount: true,
        ..Namespaces::default()
    };
    on_own_thread(|| {
        unshare(mount)?;
        make_mounts_private()?;
        mount_tmpfs(Path::new("/mnt"), 1024 * 1024)?;
        std::fs::write("/mnt/file", "inside")?;
        std::fs::create_dir("/mnt/shown")?;
        std::fs::create_dir("/mnt/source")?;
        std::fs::write("/mnt/source/kept", "kept")?;
        mount_bind(Path::new("/mnt/source"), Path::new("/mnt/shown"), true)?;
        assert_eq!(std::fs::read_to_string("/mnt/shown/kept")?, "kept");
        let refused = std::fs::write("/mnt/shown/kept", "altered").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ReadOnlyFilesystem);
        let too_much = std::fs::write("/mnt/big", vec![0; 2 * 1024 * 1024]).unwrap_err();
        assert_eq!(too_much.kind(), io::ErrorKind::StorageFull);
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
