use std::process::{Child, Command};
use std::time::{Duration, Instant};

use system::namespace::{Namespaces, make_mounts_private, unshare};

use super::*;
use crate::executor::Executor;
use crate::name::AgentName;
use crate::native::IMPLEMENTATION_ATTRIBUTE;
use crate::native::tests::{LONG, run};

/// Runs `work` with a folder, on a thread whose mounts are its own; or says why not.
fn on_a_machine(work: impl FnOnce(&Path) + Send) {
    std::thread::scope(|scope| {
        let name = std::thread::current().name().unwrap_or("test").to_owned();
        let thread = std::thread::Builder::new().name(name);
        let machine = thread.spawn_scoped(scope, || {
            let own = unshare(Namespaces::MOUNTS).and_then(|()| make_mounts_private());
            if let Err(refused) = own {
                testing_support::skip(
                    &format!("no namespaces ({refused})"),
                    "sudo cargo xtask test (in a container: start it with --privileged)",
                );
                return;
            }
            let folder = tempfile::tempdir().unwrap();
            work(&folder.path().canonicalize().unwrap());
        });
        machine.unwrap().join().unwrap();
    });
}

fn operation(action: &str, folder: &Path, parameters: &str, implementation: &str) -> Operation {
    let agent = AgentName::ocf("heartbeat", "Filesystem").unwrap();
    let mut operation = Operation::new(agent, "fs", action, LONG);
    let name = IMPLEMENTATION_ATTRIBUTE.to_owned();
    operation.meta.insert(name, implementation.to_owned());
    for pair in parameters.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        let value = value.replace('@', &folder.display().to_string());
        operation = operation.parameter(name, value);
    }
    operation
}

fn is_mounted(point: &Path) -> bool {
    mounts().unwrap().iter().any(|mount| mount.point == point)
}

const MEMORY: &str = "device=memory directory=@/a/b fstype=tmpfs";

/// Actions with parameters, what they end with, and whether `@/a/b` is mounted then.
const STEPS: [(&str, &str, OcfCode, bool); 21] = [
    ("monitor", MEMORY, OcfCode::NotRunning, false),
    ("stop", MEMORY, OcfCode::Ok, false),
    ("start", MEMORY, OcfCode::Ok, true),
    ("start", MEMORY, OcfCode::Ok, true),
    ("monitor", MEMORY, OcfCode::Ok, true),
    (
        "monitor",
        "device=memory directory=@/a/b// fstype=tmpfs",
        OcfCode::Ok,
        true,
    ),
    (
        "monitor",
        "device=memory directory=@/a fstype=tmpfs",
        OcfCode::NotRunning,
        true,
    ),
    (
        "start",
        "device=memory directory=@/a fstype=tmpfs",
        OcfCode::NotConfigured,
        true,
    ),
    (
        "stop",
        "device=memory directory=@/link fstype=tmpfs",
        OcfCode::Ok,
        false,
    ),
    ("monitor", MEMORY, OcfCode::NotRunning, false),
    (
        "start",
        "device=@/source directory=@/a/b fstype=none options=bind",
        OcfCode::Ok,
        true,
    ),
    (
        "monitor",
        "device=@/source directory=@/a/b fstype=none options=bind",
        OcfCode::Ok,
        true,
    ),
    (
        "stop",
        "device=@/source directory=@/a/b fstype=none options=bind",
        OcfCode::Ok,
        false,
    ),
    ("validate-all", MEMORY, OcfCode::Ok, false),
    (
        "start",
        "device=@/absent directory=@/a/b fstype=none options=bind",
        OcfCode::Error,
        false,
    ),
    (
        "start",
        "device=@/absent directory=@/a/b fstype=ext4",
        OcfCode::NotInstalled,
        false,
    ),
    (
        "start",
        "device=memory directory=@/a/b fstype=nosuchfs",
        OcfCode::NotInstalled,
        false,
    ),
    (
        "start",
        "device=memory fstype=tmpfs",
        OcfCode::NotConfigured,
        false,
    ),
    (
        "stop",
        "directory=@/a/b fstype=tmpfs",
        OcfCode::NotConfigured,
        false,
    ),
    (
        "monitor",
        "device=/dev/absent fstype=ext4",
        OcfCode::NotRunning,
        false,
    ),
    ("frobnicate", MEMORY, OcfCode::Unimplemented, false),
];

#[test]
fn mounts_come_and_go_as_with_the_script() {
    let executor = Executor::default();
    let agent = AgentName::ocf("heartbeat", "Filesystem").unwrap();
    let has_script = executor.folders().script(&agent).unwrap().is_file();
    if !has_script {
        testing_support::skip(
            "Filesystem is not installed",
            "apt-get install resource-agents psmisc kmod",
        );
    }
    for implementation in ["native", "script"] {
        if implementation == "script" && !has_script {
            continue;
        }
        on_a_machine(|folder| {
            std::fs::create_dir(folder.join("source")).unwrap();
            std::os::unix::fs::symlink(folder.join("a/b"), folder.join("link")).unwrap();
            for (action, parameters, code, mounted) in STEPS {
                let operation = operation(action, folder, parameters, implementation);
                let outcome = run(executor.carry_out(&operation));
                let step = format!("{implementation} {action} {parameters}: {outcome:?}");
                assert_eq!(outcome.code, code, "{step}");
                assert_eq!(is_mounted(&folder.join("a/b")), mounted, "{step}");
            }
        });
    }
}

#[test]
fn a_file_can_be_written_or_a_thorough_monitor_fails() {
    on_a_machine(|folder| {
        let executor = Executor::default();
        let outcome = |action, parameters: &str, level| {
            let mut operation = operation(action, folder, parameters, "native");
            operation.check_level = level;
            run(executor.carry_out(&operation))
        };
        assert_eq!(outcome("start", MEMORY, 0).code, OcfCode::Ok);
        for (level, code) in [
            (10, OcfCode::Ok),
            (20, OcfCode::Ok),
            (30, OcfCode::NotConfigured),
        ] {
            let monitored = outcome("monitor", MEMORY, level);
            assert_eq!(monitored.code, code, "{monitored:?}");
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let file = format!("a/b/.Filesystem_status/fs_{}", host.trim());
        let written = std::fs::read_to_string(folder.join(&file)).unwrap();
        assert!(written.starts_with("fs\n"), "{written}");
        assert_eq!(outcome("stop", MEMORY, 20).code, OcfCode::Ok);
        let read_only = format!("{MEMORY} options=ro");
        assert_eq!(outcome("start", &read_only, 0).code, OcfCode::Ok);
        let refused = outcome("monitor", &read_only, 20);
        assert_eq!(refused.code, OcfCode::Error);
        assert!(refused.exit_reason.contains("status file"), "{refused:?}");
        assert_eq!(outcome("stop", &read_only, 0).code, OcfCode::Ok);
    });
}

/// A process whose working folder is in the mount, that does that at `SIGTERM`.
fn user(folder: &Path, at_term: &str) -> Child {
    let ready = folder.join("ready");
    let script = format!(
        "trap '{at_term}' TERM; : > {}; while :; do sleep 0.05; done",
        ready.display()
    );
    let child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.join("a/b"))
        .spawn()
        .unwrap();
    testing_support::eventually("the user", || ready.exists().then_some(()));
    child
}

#[test]
fn those_who_use_a_mount_are_ended_or_it_stays() {
    on_a_machine(|folder| {
        let executor = Executor::default();
        let outcome = |action, parameters: &str, limit| {
            let mut operation = operation(action, folder, parameters, "native");
            operation.timeout = limit;
            run(executor.carry_out(&operation))
        };
        for (at_term, least, most) in [("exit 0", 0, 1500), ("", 1800, 4000)] {
            assert_eq!(outcome("start", MEMORY, LONG).code, OcfCode::Ok);
            let mut child = user(folder, at_term);
            let spared = format!("{MEMORY} force_unmount=false");
            let refused = outcome("stop", &spared, Duration::from_secs(1));
            assert_eq!(refused.code, OcfCode::Error, "{refused:?}");
            assert!(refused.exit_reason.contains("cannot be unmounted"));
            assert!(child.try_wait().unwrap().is_none(), "it is spared");
            // Mounts below go first, whoever uses what is above.
            let below = "device=memory directory=@/a/b/c fstype=tmpfs";
            assert_eq!(outcome("start", below, LONG).code, OcfCode::Ok);
            let begun = Instant::now();
            let stopped = outcome("stop", MEMORY, Duration::from_secs(4));
            assert_eq!(stopped.code, OcfCode::Ok, "{stopped:?}");
            let took = begun.elapsed().as_millis();
            assert!((least..most).contains(&took), "'{at_term}' {took} ms");
            assert!(!child.wait().unwrap().success() || at_term == "exit 0");
            std::fs::remove_file(folder.join("ready")).unwrap();
        }
    });
}

#[test]
fn a_device_in_a_file_is_checked_mounted_and_read() {
    let Some(make) = testing_support::require_command("mkfs.ext4", "e2fsprogs") else {
        return;
    };
    on_a_machine(|folder| {
        let image = folder.join("image");
        std::fs::File::create(&image)
            .unwrap()
            .set_len(4 << 20)
            .unwrap();
        let made = Command::new(make).arg("-q").arg(&image).status().unwrap();
        assert!(made.success());
        let parameters = "device=@/image directory=@/a/b fstype=ext4 options=loop";
        let outcome = |action, level| {
            let mut operation = operation(action, folder, parameters, "native");
            operation.check_level = level;
            run(Executor::default().carry_out(&operation))
        };
        let started = outcome("start", 0);
        if started.exit_reason.contains("loop") {
            testing_support::skip("no loop devices", "modprobe loop");
            return;
        }
        for (action, level) in [("monitor", 10), ("monitor", 20), ("stop", 0), ("stop", 0)] {
            let done = outcome(action, level);
            assert_eq!(done.code, OcfCode::Ok, "{action} {done:?} {started:?}");
        }
    });
}

#[test]
fn what_must_not_be_a_clone_is_refused_as_one() {
    for (parameters, expected) in [
        ("fstype=nfs", true),
        ("fstype=ext4", false),
        ("fstype=ext4 options=ro", false),
        ("fstype=ext4 force_clones=true", true),
        ("fstype=btrfs", false),
        ("fstype=btrfs options=noatime,ro", true),
        ("fstype=gfs2", true),
    ] {
        let all = format!("device=/dev/null directory=@/a {parameters}");
        let mut operation = operation("start", Path::new("/x"), &all, "native");
        assert!(Wanted::read(&operation).is_ok(), "{parameters}");
        operation
            .meta
            .insert("clone-max".to_owned(), "2".to_owned());
        assert_eq!(Wanted::read(&operation).is_ok(), expected, "{parameters}");
        operation.action = "stop".to_owned();
        assert!(Wanted::read(&operation).is_ok(), "it must be stopped");
    }
}

#[test]
fn an_unmounted_folder_is_known_at_once() {
    on_a_machine(|folder| {
        run(async {
            let executor = Executor::default();
            let start = operation("start", folder, MEMORY, "native");
            assert_eq!(executor.carry_out(&start).await.code, OcfCode::Ok);
            let mut monitor = operation("monitor", folder, MEMORY, "native");
            monitor.interval = Duration::from_secs(20);
            let mut watch = executor.watch(&monitor).unwrap();
            let other = "device=memory directory=@/other fstype=tmpfs";
            for action in ["start", "stop"] {
                let operation = operation(action, folder, other, "native");
                assert_eq!(executor.carry_out(&operation).await.code, OcfCode::Ok);
            }
            let quiet = tokio::time::timeout(Duration::from_millis(50), watch.changed()).await;
            assert!(quiet.is_err(), "another mount went: {quiet:?}");
            let begun = Instant::now();
            let unmounted = Command::new("umount").arg(folder.join("a/b")).status();
            assert!(unmounted.unwrap().success());
            let failed = watch.changed().await;
            assert!(begun.elapsed() < Duration::from_millis(500));
            assert_eq!(failed.code, OcfCode::NotRunning);
            assert!(failed.exit_reason.contains("nothing is mounted"));
        });
    });
}
