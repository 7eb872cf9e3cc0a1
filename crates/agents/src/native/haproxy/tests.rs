use std::fs;
use std::time::Duration;

use super::*;
use crate::executor::Executor;
use crate::native::tests::{LONG, run};

/// A configuration and a pid file for a balancer, in a folder of their own.
struct Machine {
    folder: tempfile::TempDir,
    executor: Executor,
    program: String,
}

impl Machine {
    fn new() -> Option<Self> {
        let program = testing_support::require_command("haproxy", "haproxy")?;
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let text = format!(
            "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n\
             frontend f\n bind unix@{}\n",
            socket.display()
        );
        fs::write(folder.path().join("haproxy.cfg"), text).unwrap();
        Some(Self {
            folder,
            executor: Executor::default(),
            program: program.display().to_string(),
        })
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn operation(&self, action: &str) -> Operation {
        let agent = "ocf:heartbeat:haproxy".parse().unwrap();
        let mut operation = Operation::new(agent, "haproxy", action, LONG)
            .parameter("binpath", &self.program)
            .parameter("conffile", self.file("haproxy.cfg"))
            .parameter("pidfile", self.file("pid"));
        if action == "monitor" {
            operation.interval = Duration::from_secs(10);
        }
        operation
    }

    fn pid(&self) -> String {
        fs::read_to_string(self.file("pid"))
            .unwrap()
            .trim()
            .to_owned()
    }

    fn kill(&self, signal: &str) {
        let status = std::process::Command::new("kill")
            .args([signal, &self.pid()])
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        run(self.executor.carry_out(&self.operation("stop")));
    }
}

#[test]
fn a_balancer_starts_reloads_and_stops() {
    let Some(machine) = Machine::new() else {
        return;
    };
    for extra in ["", "-W"] {
        for (action, expected) in [
            ("validate-all", OcfCode::Ok),
            ("monitor", OcfCode::NotRunning),
            ("stop", OcfCode::Ok),
            ("start", OcfCode::Ok),
            ("start", OcfCode::Ok),
            ("monitor", OcfCode::Ok),
            ("stop", OcfCode::Ok),
            ("monitor", OcfCode::NotRunning),
            ("promote", OcfCode::Unimplemented),
        ] {
            let operation = machine.operation(action).parameter("extraconf", extra);
            let outcome = run(machine.executor.carry_out(&operation));
            assert_eq!(outcome.code, expected, "{action} '{extra}' {outcome:?}");
        }
    }
    assert!(!Path::new(&machine.file("pid")).exists());
}

#[test]
fn a_balancer_that_dies_is_known_at_once_and_a_reload_is_no_death() {
    let Some(machine) = Machine::new() else {
        return;
    };
    run(async {
        let started = machine
            .executor
            .carry_out(&machine.operation("start"))
            .await;
        assert_eq!(started.code, OcfCode::Ok, "{started:?}");
        let mut watch = machine
            .executor
            .watch(&machine.operation("monitor"))
            .unwrap();
        let first = machine.pid();
        let reloaded = machine
            .executor
            .carry_out(&machine.operation("reload"))
            .await;
        assert_eq!(reloaded.code, OcfCode::Ok, "{reloaded:?}");
        assert_ne!(first, machine.pid());
        let quiet = tokio::time::timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(quiet.is_err(), "{quiet:?}");
        let begun = Instant::now();
        machine.kill("-KILL");
        let failed = watch.changed().await;
        assert!(
            begun.elapsed() < Duration::from_millis(500),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(failed.code, OcfCode::NotRunning);
        assert!(failed.exit_reason.contains("no process of"), "{failed:?}");
        let again = machine
            .executor
            .carry_out(&machine.operation("start"))
            .await;
        assert_eq!(again.code, OcfCode::Ok, "{again:?}");
    });
}

#[test]
fn a_balancer_that_does_not_stop_is_killed_in_time() {
    let Some(machine) = Machine::new() else {
        return;
    };
    run(async {
        let started = machine
            .executor
            .carry_out(&machine.operation("start"))
            .await;
        assert_eq!(started.code, OcfCode::Ok, "{started:?}");
        machine.kill("-STOP");
        let mut stop = machine.operation("stop");
        stop.timeout = Duration::from_secs(2);
        let stopped = machine.executor.carry_out(&stop).await;
        assert_eq!(stopped.code, OcfCode::Ok, "{stopped:?}");
        assert!(stopped.duration < stop.timeout);
    });
}

#[test]
fn what_cannot_be_started_says_why() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let outcome = |operation: &Operation| run(machine.executor.carry_out(operation));
    fs::write(machine.file("broken.cfg"), "frontend f\n nonsense\n").unwrap();
    let broken = |action| {
        machine
            .operation(action)
            .parameter("conffile", machine.file("broken.cfg"))
    };
    let refused = outcome(&broken("start"));
    assert_eq!(refused.code, OcfCode::Error);
    assert!(!refused.exit_reason.is_empty(), "{refused:?}");
    assert_eq!(
        outcome(&broken("validate-all")).code,
        OcfCode::NotConfigured
    );
    let absent = machine
        .operation("start")
        .parameter("binpath", "/no/such/program");
    assert_eq!(outcome(&absent).code, OcfCode::NotInstalled);
    let silent = machine
        .operation("start")
        .parameter("binpath", "/bin/false");
    assert_eq!(outcome(&silent).exit_reason, "/bin/false: exit code 1");
}

#[test]
fn a_pid_file_that_names_another_process_or_none_is_no_balancer() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let own = std::process::id().to_string();
    for text in [
        "",
        "x",
        "-1",
        "0",
        "4194304",
        &own,
        "99999999999999999999",
        &"9".repeat(1000),
    ] {
        fs::write(machine.file("pid"), text).unwrap();
        let outcome = run(machine.executor.carry_out(&machine.operation("monitor")));
        assert_eq!(outcome.code, OcfCode::NotRunning, "{text}");
    }
    // Stopping it harms nobody: this test goes on.
    fs::write(machine.file("pid"), own).unwrap();
    let stopped = run(machine.executor.carry_out(&machine.operation("stop")));
    assert_eq!(stopped.code, OcfCode::Ok);
}
