use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

use super::*;
use crate::executor::Executor;
use crate::name::AgentName;
use crate::native::IMPLEMENTATION_ATTRIBUTE;
use crate::native::tests::{LONG, run};

/// A web server's configuration in a folder of its own, on a port of its own.
struct Machine {
    folder: tempfile::TempDir,
    port: u16,
    executor: Executor,
}

impl Machine {
    fn new(more: &str) -> Option<Self> {
        testing_support::require_command("apache2", "apache2")?;
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let here = folder.path().display();
        let modules = ["mpm_event", "authz_core", "authz_host", "status", "dir"].map(|name| {
            let file = format!("/usr/lib/apache2/modules/mod_{name}.so");
            format!("LoadModule {name}_module {file}\n")
        });
        let text = format!(
            "{}ServerRoot {here}\nListen 127.0.0.1:{port}\nServerName test\nUser www-data\nErrorLog {here}/log\n\
             DocumentRoot {here}/pages\nDirectoryIndex index.html\n\
             <Location /server-status>\n SetHandler server-status\n Require local\n</Location>\n\
             {more}\n",
            modules.concat()
        );
        fs::write(folder.path().join("httpd.conf"), text).unwrap();
        fs::create_dir(folder.path().join("pages")).unwrap();
        fs::write(folder.path().join("pages/index.html"), "Hello\nworld\n").unwrap();
        // The server's user is not root.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        Some(Self {
            folder,
            port,
            executor: Executor::default(),
        })
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn operation(&self, action: &str, parameters: &[(&str, &str)]) -> Operation {
        let agent = AgentName::ocf("heartbeat", "apache").unwrap();
        let name = format!("web-{}", self.port);
        let mut operation = Operation::new(agent, name, action, LONG)
            .parameter("configfile", self.file("httpd.conf"));
        for (name, value) in parameters {
            operation = operation.parameter(*name, *value);
        }
        if action == "monitor" {
            operation.interval = Duration::from_secs(10);
        }
        operation
    }

    fn outcome(&self, action: &str, parameters: &[(&str, &str)]) -> Outcome {
        run(self.executor.carry_out(&self.operation(action, parameters)))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let mut stop = self.operation("stop", &[]);
        stop.timeout = Duration::from_secs(4);
        run(self.executor.carry_out(&stop));
    }
}

#[test]
fn a_server_starts_answers_and_stops_as_with_the_script() {
    for named in ["", "PidFile web.pid"] {
        let Some(machine) = Machine::new(named) else {
            return;
        };
        let agent = AgentName::ocf("heartbeat", "apache").unwrap();
        let has_script = machine.executor.folders().script(&agent).unwrap().is_file();
        // Started by one and stopped by the other.
        for [first, second] in [
            ["native", "native"],
            ["script", "native"],
            ["native", "script"],
        ] {
            if (first == "script" || second == "script") && !has_script {
                testing_support::skip("apache's script", "apt-get install resource-agents wget");
                continue;
            }
            for (action, by, code) in [
                ("monitor", second, OcfCode::NotRunning),
                ("stop", second, OcfCode::Ok),
                ("start", first, OcfCode::Ok),
                ("start", first, OcfCode::Ok),
                ("monitor", second, OcfCode::Ok),
                ("validate-all", second, OcfCode::Ok),
                ("stop", second, OcfCode::Ok),
                ("monitor", first, OcfCode::NotRunning),
                ("frobnicate", first, OcfCode::Unimplemented),
            ] {
                let mut operation = machine.operation(action, &[]);
                operation.interval = Duration::ZERO;
                let choice = IMPLEMENTATION_ATTRIBUTE.to_owned();
                operation.meta.insert(choice, by.to_owned());
                let outcome = run(machine.executor.carry_out(&operation));
                assert_eq!(outcome.code, code, "{action} {by} {outcome:?}");
            }
        }
    }
}

#[test]
fn a_server_that_answers_something_else_has_failed() {
    let Some(machine) = Machine::new("") else {
        return;
    };
    let started = machine.outcome("start", &[]);
    assert_eq!(started.code, OcfCode::Ok, "{started:?}");
    let status = format!("http://localhost:{}/server-status", machine.port);
    let absent = format!("http://localhost:{}/absent", machine.port);
    let tests = machine.file("tests");
    fs::write(
        &tests,
        "test a\nurl /\nmatch ^WORLD$\nend\ntest b\nurl /\nend\n",
    )
    .unwrap();
    for (parameters, level, code) in [
        (&[("statusurl", status.as_str())][..], 0, OcfCode::Ok),
        (
            &[("statusurl", &status), ("client", "curl")],
            0,
            OcfCode::Ok,
        ),
        (
            &[("statusurl", &status), ("client", "echo")],
            0,
            OcfCode::Error,
        ),
        (&[("statusurl", &absent)], 0, OcfCode::Error),
        (&[("testregex", "Apache Server Status")], 0, OcfCode::Ok),
        (&[("testregex", "no such words")], 0, OcfCode::Error),
        (&[("testregex", "(")], 0, OcfCode::NotConfigured),
        (
            &[("testurl", "/"), ("testregex10", "^hello$")],
            10,
            OcfCode::Ok,
        ),
        (
            &[("testurl", "/"), ("testregex10", "^hello$")],
            20,
            OcfCode::Ok,
        ),
        (
            &[("testurl", "/absent"), ("testregex10", "hello")],
            10,
            OcfCode::Error,
        ),
        (&[("testurl", "/")], 10, OcfCode::NotConfigured),
        (&[("testconffile", &tests)], 10, OcfCode::Ok),
        (
            &[("testconffile", &tests), ("testname", "b")],
            10,
            OcfCode::NotConfigured,
        ),
        (&[("testconffile", "/no/such/file")], 0, OcfCode::Error),
        (&[("port", "1")], 0, OcfCode::Error),
    ] {
        let mut operation = machine.operation("monitor", parameters);
        operation.check_level = level;
        let outcome = run(machine.executor.carry_out(&operation));
        assert_eq!(outcome.code, code, "{parameters:?} {level} {outcome:?}");
    }
}

#[test]
fn what_cannot_be_started_says_why_and_does_not_run() {
    let Some(machine) = Machine::new("Nonsense on") else {
        return;
    };
    let refused = machine.outcome("start", &[]);
    assert_eq!(refused.code, OcfCode::Error, "{refused:?}");
    assert!(refused.error_output.contains("Nonsense"), "{refused:?}");
    let absent = [("configfile", "/no/such/file")];
    for (action, code) in [
        ("start", OcfCode::NotInstalled),
        ("stop", OcfCode::Ok),
        ("monitor", OcfCode::Error),
    ] {
        assert_eq!(machine.outcome(action, &absent).code, code, "{action}");
    }
    let mut probe = machine.operation("monitor", &absent);
    probe.interval = Duration::ZERO;
    let probed = run(machine.executor.carry_out(&probe));
    assert_eq!(probed.code, OcfCode::NotRunning);
}

#[test]
fn a_server_that_dies_is_known_at_once_and_one_that_hangs_is_killed() {
    let Some(machine) = Machine::new("PidFile web.pid") else {
        return;
    };
    let signal = |name: &str| {
        let number = fs::read_to_string(machine.file("web.pid")).unwrap();
        let sent = Command::new("kill").args([name, number.trim()]).status();
        assert!(sent.unwrap().success());
    };
    run(async {
        let start = machine.operation("start", &[]);
        let started = machine.executor.carry_out(&start).await;
        assert_eq!(started.code, OcfCode::Ok, "{started:?}");
        let monitor = machine.operation("monitor", &[]);
        let mut watch = machine.executor.watch(&monitor).unwrap();
        signal("-USR1");
        let quiet = tokio::time::timeout(Duration::from_millis(500), watch.changed()).await;
        assert!(quiet.is_err(), "it reads its configuration anew: {quiet:?}");
        let begun = Instant::now();
        signal("-KILL");
        let failed = watch.changed().await;
        assert!(begun.elapsed() < Duration::from_millis(500));
        assert_eq!(failed.code, OcfCode::NotRunning, "{failed:?}");
        // Its workers are left, and hold the port: a stop ends them.
        let mut stop = machine.operation("stop", &[]);
        stop.timeout = Duration::from_secs(4);
        let stopped = machine.executor.carry_out(&stop).await;
        assert_eq!(stopped.code, OcfCode::Ok, "{stopped:?}");
        let started = machine.executor.carry_out(&start).await;
        let log = fs::read_to_string(machine.file("log"));
        assert_eq!(started.code, OcfCode::Ok, "{started:?} {log:?}");
        signal("-STOP");
        let stopped = machine.executor.carry_out(&stop).await;
        assert_eq!(stopped.code, OcfCode::Ok, "{stopped:?}");
    });
}
