use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use zbus::OwnedObjectPath;
use zbus::connection::{Builder, Connection};
use zbus::interface;

use super::*;
use crate::executor::Executor;
use crate::folders::AgentFolders;

const LONG: Duration = Duration::from_secs(20);

/// What the stand-in for systemd knows of its one unit, `web.service`.
#[derive(Debug, Default)]
struct State {
    active: &'static str,
    /// What a start makes of it; nothing where it never ends.
    after_start: Option<&'static str>,
    calls: Vec<String>,
}

type Shared = Arc<Mutex<State>>;

struct Manager(Shared);

#[interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    fn load_unit(&self, name: &str) -> OwnedObjectPath {
        let path = match name {
            "web.service" => "/unit/web",
            _ => "/unit/absent",
        };
        path.try_into().unwrap()
    }

    fn start_unit(&self, name: &str, mode: &str) -> OwnedObjectPath {
        let mut state = self.0.lock().unwrap();
        state.calls.push(format!("start {name} {mode}"));
        state.active = state.after_start.unwrap_or("activating");
        "/job/1".try_into().unwrap()
    }

    fn stop_unit(&self, name: &str, mode: &str) -> OwnedObjectPath {
        let mut state = self.0.lock().unwrap();
        state.calls.push(format!("stop {name} {mode}"));
        state.active = "inactive";
        "/job/2".try_into().unwrap()
    }

    fn reload_unit(&self, _name: &str, _mode: &str) -> zbus::fdo::Result<OwnedObjectPath> {
        Err(zbus::fdo::Error::AccessDenied("not you".to_owned()))
    }

    fn subscribe(&self) {
        self.0.lock().unwrap().calls.push("subscribe".to_owned());
    }

    fn reload(&self) {
        self.0.lock().unwrap().calls.push("reload".to_owned());
    }
}

struct FakeUnit {
    state: Shared,
    load: &'static str,
}

#[interface(name = "org.freedesktop.systemd1.Unit")]
impl FakeUnit {
    #[zbus(property)]
    fn load_state(&self) -> String {
        self.load.to_owned()
    }

    #[zbus(property)]
    fn active_state(&self) -> String {
        let found = self.load == "loaded";
        let state = if found {
            self.state.lock().unwrap().active
        } else {
            "inactive"
        };
        state.to_owned()
    }

    #[zbus(property)]
    fn description(&self) -> String {
        "A web server".to_owned()
    }

    #[zbus(property)]
    fn job(&self) -> (u32, OwnedObjectPath) {
        (0, "/".try_into().unwrap())
    }
}

/// A message bus of its own with the stand-in on it.
struct Machine {
    folder: tempfile::TempDir,
    bus: Child,
    state: Shared,
    executor: Executor,
}

impl Machine {
    fn new() -> Option<Self> {
        let program = testing_support::require_command("dbus-daemon", "dbus-daemon")?;
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("bus");
        let address = format!("unix:path={}", socket.display());
        let bus = Command::new(program)
            .args([
                "--session",
                "--nofork",
                "--nopidfile",
                "--address",
                &address,
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        testing_support::eventually("the bus", || socket.exists().then_some(()));
        let folders = AgentFolders {
            systemd_running: folder.path().into(),
            ..AgentFolders::default()
        };
        let executor = Executor::new(Settings {
            folders,
            system_bus: Some(address),
            ..Settings::default()
        });
        let state = State {
            active: "inactive",
            after_start: Some("active"),
            ..State::default()
        };
        Some(Self {
            folder,
            bus,
            state: Arc::new(Mutex::new(state)),
            executor,
        })
    }

    async fn serve(&self) -> Connection {
        let unit = |load| FakeUnit {
            state: Arc::clone(&self.state),
            load,
        };
        Builder::address(format!("unix:path={}", self.folder.path().join("bus").display()).as_str())
            .serve_at(
                "/org/freedesktop/systemd1",
                Manager(Arc::clone(&self.state)),
            )
            .serve_at("/unit/web", unit("loaded"))
            .serve_at("/unit/absent", unit("not-found"))
            .name("org.freedesktop.systemd1")
            .build()
            .await
            .unwrap()
    }

    fn drop_in(&self) -> PathBuf {
        self.folder.path().join("web.service.d/50-keel.conf")
    }

    async fn carry_out(&self, agent: &str, action: &str, limit: Duration) -> Outcome {
        let mut operation = Operation::new(agent.parse().unwrap(), "rsc", action, limit);
        operation.interval = Duration::from_secs(10);
        self.executor.carry_out(&operation).await
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.bus.kill().unwrap();
        self.bus.wait().unwrap();
    }
}

/// Runs `test` beside the stand-in.
fn beside_systemd(test: impl AsyncFnOnce(&Machine)) {
    beside_served(async |machine, _served| test(machine).await);
}

/// The same, with the stand-in's own connection.
fn beside_served(test: impl AsyncFnOnce(&Machine, &Connection)) {
    let Some(machine) = Machine::new() else {
        return;
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let served = machine.serve().await;
            test(&machine, &served).await;
        });
}

#[test]
fn a_unit_starts_and_stops_without_systemds_own_restarts() {
    beside_systemd(async |machine| {
        for (action, code, has_drop_in) in [
            ("monitor", OcfCode::NotRunning, false),
            ("start", OcfCode::Ok, true),
            ("monitor", OcfCode::Ok, true),
            ("start", OcfCode::Ok, true),
            ("stop", OcfCode::Ok, false),
            ("stop", OcfCode::Ok, false),
            ("monitor", OcfCode::NotRunning, false),
            ("promote", OcfCode::Unimplemented, false),
        ] {
            let outcome = machine.carry_out("systemd:web", action, LONG).await;
            assert_eq!(outcome.code, code, "{action}: {outcome:?}");
            assert_eq!(machine.drop_in().exists(), has_drop_in, "{action}");
        }
        assert_eq!(
            machine.state.lock().unwrap().calls,
            [
                "reload",
                "start web.service replace",
                "start web.service replace",
                "stop web.service replace",
                "reload",
                "stop web.service replace"
            ]
        );
    });
}

#[test]
fn a_unit_that_fails_hangs_or_is_missing_is_told_apart() {
    beside_systemd(async |machine| {
        let short = Duration::from_millis(200);
        machine.state.lock().unwrap().after_start = Some("failed");
        let failed = machine.carry_out("systemd:web", "start", LONG).await;
        assert_eq!(failed.code, OcfCode::Error);
        assert_eq!(
            failed.exit_reason,
            "the unit web.service is failed after its start"
        );
        machine.state.lock().unwrap().after_start = None;
        let hangs = machine
            .carry_out("systemd:web.service", "start", short)
            .await;
        assert_eq!(hangs.status, ExecutionStatus::Timeout);
        let starting = machine.carry_out("systemd:web", "monitor", short).await;
        assert_eq!(starting.status, ExecutionStatus::Timeout);
        for (action, code) in [
            ("start", OcfCode::NotInstalled),
            ("monitor", OcfCode::NotRunning),
            ("stop", OcfCode::Ok),
        ] {
            let outcome = machine.carry_out("systemd:absent", action, LONG).await;
            assert_eq!(outcome.code, code, "{action}: {outcome:?}");
        }
        let denied = machine.carry_out("systemd:web", "reload", LONG).await;
        assert_eq!(denied.code, OcfCode::InsufficientPrivileges, "{denied:?}");
        let described = machine
            .executor
            .metadata(&"systemd:web".parse().unwrap())
            .await
            .unwrap();
        assert_eq!(described.short_description, "A web server");
    });
}

#[test]
fn a_bus_that_is_not_there_is_an_error_and_no_answer() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let socket = machine.folder.path().join("bus");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // Without systemd on the bus, and then without the bus.
    for is_there in [true, false] {
        if !is_there {
            fs::remove_file(&socket).unwrap();
        }
        let outcome = runtime.block_on(machine.carry_out("systemd:web", "monitor", LONG));
        assert_eq!(
            (outcome.code, outcome.status),
            (OcfCode::Error, ExecutionStatus::Error)
        );
        assert!(outcome.exit_reason.starts_with("systemd: "), "{outcome:?}");
    }
}

#[test]
fn a_unit_that_stops_is_known_at_once() {
    beside_served(async |machine, served| {
        let become_ = async |state| {
            machine.state.lock().unwrap().active = state;
            let unit = served.object_server().interface::<_, FakeUnit>("/unit/web");
            let unit = unit.await.unwrap();
            let fake = unit.get().await;
            let told = fake.active_state_changed(unit.signal_emitter());
            told.await.unwrap();
        };
        become_("active").await;
        let mut operation = Operation::new("systemd:web".parse().unwrap(), "rsc", "monitor", LONG);
        operation.interval = Duration::from_secs(10);
        let mut watches: Vec<_> = (0..100)
            .map(|_| machine.executor.watch(&operation).unwrap())
            .collect();
        for (index, watch) in watches.iter_mut().enumerate() {
            // The first one connects.
            let limit = Duration::from_millis(if index == 0 { 500 } else { 5 });
            let quiet = timeout(limit, watch.changed()).await;
            assert!(quiet.is_err(), "{quiet:?}");
        }
        let first = &mut watches[0];
        become_("reloading").await;
        let quiet = timeout(Duration::from_millis(50), first.changed()).await;
        assert!(quiet.is_err(), "{quiet:?}");
        become_("failed").await;
        for watch in &mut watches {
            let failed = watch.changed().await;
            assert_eq!(failed.code, OcfCode::NotRunning);
            assert_eq!(failed.exit_reason, "the unit web.service is failed");
        }
        let calls = &machine.state.lock().unwrap().calls;
        assert_eq!(calls.as_slice(), ["subscribe"], "one connection for all");
    });
}
