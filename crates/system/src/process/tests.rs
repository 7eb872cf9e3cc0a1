use std::io::Read;
use std::time::Duration;

use nix::unistd::{ForkResult, fork};

use super::*;
use crate::channel::{CHANNEL_VARIABLE, Channel};

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> RoleCommand {
    RoleCommand::program("/bin/sh", "sh")
        .arguments(["-c", script])
        .streams(Stream::Null, Stream::Null, Stream::Null)
}

/// Starts a command and hears what it prints.
fn heard(command: RoleCommand) -> (Child, io::PipeReader) {
    let (reader, writer) = io::pipe().unwrap();
    let output = Stream::Descriptor(writer.into());
    let command = command.streams(Stream::Null, output, Stream::Inherit);
    (command.spawn().unwrap(), reader)
}

/// What a shell script prints.
fn output(command: RoleCommand) -> String {
    let (child, mut reader) = heard(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(child.wait_within(LIMIT).unwrap().is_some());
    text
}

#[test]
fn the_end_of_a_child_is_told_once_and_for_all() {
    for (script, expected) in [
        ("exit 0", Exit::Code(0)),
        ("exit 7", Exit::Code(7)),
        ("kill -9 $$", Exit::Signal(9)),
    ] {
        let child = shell(script).spawn().unwrap();
        assert_eq!(child.wait().unwrap(), expected);
        assert_eq!(child.wait_within(LIMIT).unwrap(), Some(expected), "again");
        assert_eq!(child.try_wait().unwrap(), Some(expected), "again");
        child.signal(Signal::SIGTERM).unwrap();
    }
    assert_eq!(Exit::Signal(9).to_string(), "signal SIGKILL");
    assert_eq!(Exit::Code(3).to_string(), "exit code 3");
}

#[test]
fn a_running_child_has_no_end_yet() {
    let child = shell("exec sleep 100").spawn().unwrap();
    assert_eq!(child.try_wait().unwrap(), None);
    assert_eq!(child.exit().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert!(!child.pidfd().ended_within(Duration::ZERO).unwrap());
    child.signal(Signal::SIGTERM).unwrap();
    assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Signal(15)));
}

#[test]
fn tokio_tasks_learn_of_the_end() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let child = shell("exit 5").spawn().unwrap();
        let awaited = crate::awaited::Awaited::new(child).unwrap();
        assert_eq!(awaited.read(Child::exit).await.unwrap(), Exit::Code(5));
    });
}

#[test]
fn a_group_ends_with_the_child_that_led_it() {
    let script = "trap '' TERM; sleep 1000 & echo $!; wait";
    let (child, mut reader) = heard(shell(script).own_group());
    let mut line = [0; 16];
    let length = reader.read(&mut line).unwrap();
    let grandchild: i32 = std::str::from_utf8(&line[..length])
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let grandchild = Pidfd::open(Pid::from_raw(grandchild)).unwrap();
    child.signal(Signal::SIGKILL).unwrap();
    assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Signal(9)));
    assert!(grandchild.ended_within(LIMIT).unwrap());
}

#[test]
fn a_child_that_ignores_the_request_is_ended_all_the_same() {
    let script = "trap '' TERM; echo; while :; do sleep 1000; done";
    let (child, mut reader) = heard(shell(script).own_group());
    reader.read_exact(&mut [0]).unwrap();
    let exit = child.end(Duration::from_millis(50)).unwrap();
    assert_eq!(exit, Some(Exit::Signal(9)));
}

#[test]
fn a_child_gets_what_it_was_given_and_nothing_else() {
    let (other, _other_writer) = io::pipe().unwrap();
    let script = format!(
        "echo $0 $A; (true <&{}) 2>/dev/null || echo closed",
        other.as_raw_fd()
    );
    let text = output(
        RoleCommand::program("/bin/sh", "keel-role")
            .arguments(["-c", &script, "zero"])
            .environment("A", "b c"),
    );
    assert_eq!(text, "zero b c\nclosed\n");
}

#[test]
fn a_child_with_a_session_of_its_own_leads_a_group_without_the_parents_environment() {
    let script = "sleep 1000 & echo $$ $! $(cut -d' ' -f5,6 /proc/$$/stat) $A ${HOME-none}; wait";
    let command = shell(script)
        .environment("A", "b")
        .clean_environment()
        .own_group()
        .own_session();
    let (child, mut reader) = heard(command);
    let mut line = [0; 64];
    let length = reader.read(&mut line).unwrap();
    let text = std::str::from_utf8(&line[..length]).unwrap();
    let words: Vec<_> = text.split_whitespace().collect();
    let pid = child.pid().to_string();
    assert_eq!(words[0], pid);
    assert_eq!(words[2..], [&pid, &pid, "b", "none"]);
    let grandchild = Pidfd::open(Pid::from_raw(words[1].parse().unwrap())).unwrap();
    child.signal(Signal::SIGKILL).unwrap();
    assert!(child.wait_within(LIMIT).unwrap().is_some());
    assert!(grandchild.ended_within(LIMIT).unwrap());
}

#[test]
fn a_child_is_known_by_its_name_and_finds_its_channel() {
    let (ours, theirs) = Channel::pair().unwrap();
    let script =
        format!("tr '\\0' ' ' < /proc/self/cmdline; readlink /proc/$$/fd/${CHANNEL_VARIABLE}");
    let text = output(
        RoleCommand::program("/bin/sh", "haproxy")
            .arguments(["-c", &script])
            .channel(theirs),
    );
    assert!(text.contains("socket:["), "{text}");
    assert!(ours.receive().unwrap().is_none(), "the child is gone");
    let without = output(
        RoleCommand::program("/bin/sh", "sh")
            .arguments(["-c", &format!("echo [${CHANNEL_VARIABLE}]")]),
    );
    assert_eq!(without, "[]\n");
}

#[test]
fn a_program_that_is_not_there_is_an_error_and_no_child() {
    let error = RoleCommand::program("/nonexistent/program", "x")
        .spawn()
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

/// Runs `work` in a forked copy of this process and answers its exit code, so that what it does to
/// itself is not done to the test.
pub(crate) fn in_a_copy(work: impl FnOnce() -> bool) -> Exit {
    // SAFETY: the copy makes system calls and small allocations only; glibc keeps its allocator
    // usable across fork.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            let code = if work() { 0 } else { 1 };
            // SAFETY: ends the copy at once, without the test harness's exit handlers.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            let child = Child::new(child, false).unwrap();
            child.wait_within(LIMIT).unwrap().unwrap()
        }
    }
}

#[test]
fn a_process_takes_a_name_cut_to_what_the_kernel_keeps() {
    for (name, expected) in [
        ("haproxy", "haproxy\n"),
        ("123456789012345", "123456789012345\n"),
        ("1234567890123456", "123456789012345\n"),
        ("12345678901234ö", "12345678901234\n"),
    ] {
        let exit = in_a_copy(|| {
            set_process_name(name).is_ok()
                && std::fs::read_to_string("/proc/self/comm").is_ok_and(|comm| comm == expected)
        });
        assert_eq!(exit, Exit::Code(0), "{name}");
    }
}

#[test]
fn programs_gain_no_rights_by_their_file() {
    let exit = in_a_copy(|| {
        let before = nix::sys::prctl::get_no_new_privs();
        forbid_new_privileges().is_ok()
            && before == Ok(false)
            && nix::sys::prctl::get_no_new_privs() == Ok(true)
    });
    assert_eq!(exit, Exit::Code(0));
}

#[test]
fn root_is_given_up_for_good() {
    if !nix::unistd::Uid::effective().is_root() {
        testing_support::skip("root is needed to give it up", "sudo cargo xtask test");
        return;
    }
    let privileges = Privileges {
        chroot: Some("/usr".into()),
        group: Some(65534),
        user: Some(65534),
        supplementary_groups: vec![],
    };
    let exit = in_a_copy(|| {
        drop_privileges(&privileges).is_ok()
            && nix::unistd::getuid().as_raw() == 65534
            && nix::unistd::getgid().as_raw() == 65534
            && nix::unistd::getgroups().is_ok_and(|groups| groups.is_empty())
            && nix::unistd::setuid(nix::unistd::Uid::from_raw(0)).is_err()
            && std::path::Path::new("/bin").exists()
            && !std::path::Path::new("/usr").exists()
    });
    assert_eq!(exit, Exit::Code(0));
    let text = output(
        RoleCommand::program("/bin/sh", "sh")
            .arguments(["-c", "id -u; id -G"])
            .privileges(Privileges {
                user: Some(65534),
                group: Some(65534),
                supplementary_groups: vec![65534, 4],
                chroot: None,
            }),
    );
    assert_eq!(text, "65534\n65534 4\n");
}

#[test]
fn a_child_does_not_outlive_the_thread_that_it_follows() {
    let child = std::thread::spawn(|| {
        shell("exec sleep 1000")
            .death_signal(Signal::SIGKILL)
            .spawn()
            .unwrap()
    })
    .join()
    .unwrap();
    assert_eq!(child.wait_within(LIMIT).unwrap(), Some(Exit::Signal(9)));
}

#[test]
fn accounts_are_found_by_name_and_number() {
    for written in ["root", "0"] {
        let root = user(written).unwrap().unwrap();
        assert_eq!((root.name.as_str(), root.id, root.group), ("root", 0, 0));
        assert!(root.groups.contains(&0));
        assert_eq!(group(written).unwrap(), Some(0));
    }
    assert_eq!(user("no-such-user").unwrap(), None);
    assert_eq!(group("no-such-group").unwrap(), None);
    assert_eq!(user("4000000000").unwrap(), None);
}

#[test]
fn the_descriptor_limit_is_raised_as_far_as_allowed() {
    let exit = in_a_copy(|| {
        let before = raise_descriptor_limit(1).unwrap();
        raise_descriptor_limit(before).unwrap() == before
            && raise_descriptor_limit(before + 1)
                .is_ok_and(|now| now == before + 1 || now == before)
    });
    assert_eq!(exit, Exit::Code(0));
}
