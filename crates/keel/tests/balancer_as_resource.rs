//! `ocf:heartbeat:haproxy` with this program as the balancer: what the cluster relies on.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use agents::{AgentFolders, Executor, OcfCode, Operation, Outcome, Settings};

const LIMIT: Duration = Duration::from_secs(20);

/// A configuration in a folder of its own.
struct Machine {
    folder: tempfile::TempDir,
    program: PathBuf,
    executor: Executor,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let text = format!(
            "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n\
             frontend f\n bind unix@{}\n http-request return status 200\n",
            socket.display()
        );
        fs::write(folder.path().join("haproxy.cfg"), text).expect("it is written");
        let keel = PathBuf::from(env!("CARGO_BIN_EXE_keel"));
        let settings = Settings {
            folders: AgentFolders {
                ocf_root: folder.path().into(),
                ..AgentFolders::default()
            },
            balancer: Some(keel.clone()),
            ..Settings::default()
        };
        Self {
            program: keel,
            executor: Executor::new(settings),
            folder,
        }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn operation(&self, action: &str) -> Operation {
        let agent = "ocf:heartbeat:haproxy".parse().expect("a name");
        let mut operation = Operation::new(agent, "haproxy", action, LIMIT)
            .parameter("binpath", self.program.display().to_string())
            .parameter("conffile", self.file("haproxy.cfg"))
            .parameter("pidfile", self.file("pid"));
        if action == "monitor" {
            operation.interval = Duration::from_secs(10);
        }
        operation
    }

    async fn does(&self, action: &str) -> Outcome {
        self.executor.carry_out(&self.operation(action)).await
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let number = fs::read_to_string(self.file("pid")).unwrap_or_default();
        if !number.trim().is_empty() {
            let _ = Command::new("kill").args(["-KILL", number.trim()]).status();
        }
    }
}

#[test]
fn the_clusters_own_balancer_starts_at_once_and_its_death_is_an_event() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut machine = Machine::new();
    let keel = machine.program.clone();
    let link = machine.folder.path().join("haproxy");
    symlink(&keel, &link).expect("a link");
    // By its own name, under HAProxy's, and where no HAProxy is.
    for program in [&keel, &link, Path::new("/no/such/folder/haproxy")] {
        machine.program = program.into();
        runtime.block_on(async {
            let started = machine.does("start").await;
            assert_eq!(started.code, OcfCode::Ok, "{program:?} {started:?}");
            assert!(
                started.duration < Duration::from_secs(2),
                "{:?}",
                started.duration
            );
            assert_eq!(machine.does("monitor").await.code, OcfCode::Ok);
            let monitor = machine.operation("monitor");
            let mut watch = machine.executor.watch(&monitor).expect("a watch");
            let quiet = tokio::time::timeout(Duration::from_millis(100), watch.changed()).await;
            assert!(quiet.is_err(), "{quiet:?}");
            let number = fs::read_to_string(machine.file("pid")).expect("a pid file");
            let begun = Instant::now();
            let killed = Command::new("kill").args(["-KILL", number.trim()]).status();
            assert!(killed.expect("kill runs").success());
            assert_eq!(watch.changed().await.code, OcfCode::NotRunning);
            assert!(begun.elapsed() < Duration::from_millis(500));
            // After a death as after nothing.
            assert_eq!(machine.does("stop").await.code, OcfCode::Ok);
            let again = machine.does("start").await;
            assert_eq!(again.code, OcfCode::Ok, "{again:?}");
            let stopped = machine.does("stop").await;
            assert_eq!(stopped.code, OcfCode::Ok, "{stopped:?}");
            assert_eq!(machine.does("monitor").await.code, OcfCode::NotRunning);
        });
    }
}
