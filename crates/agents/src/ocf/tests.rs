use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use testing_support::eventually;

use super::*;
use crate::capture::MAX_OUTPUT_BYTES;
use crate::executor::Executor;
use crate::folders::AgentFolders;
use crate::name::AgentName;
use crate::outcome::ExecutionStatus;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

/// A machine with one OCF agent and one init script of that text, both named `test`.
struct Machine {
    root: tempfile::TempDir,
    executor: Executor,
}

impl Machine {
    fn new(script: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for path in ["resource.d/test/test", "init.d/test"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(
                &path,
                format!("#!/bin/sh\ncd {}\n{script}\n", root.path().display()),
            )
            .unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let folders = AgentFolders {
            ocf_root: root.path().into(),
            init_scripts: root.path().join("init.d"),
            systemd_running: root.path().join("absent"),
            ..AgentFolders::default()
        };
        let executor = Executor::new(Settings {
            folders,
            ..Settings::default()
        });
        Self { root, executor }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(name)
    }

    /// The process whose number the script wrote to that file, while it runs.
    fn is_running(&self, file: &str) -> bool {
        let number = eventually("a process number", || {
            let text = fs::read_to_string(self.path(file)).ok()?;
            text.ends_with('\n').then(|| text.trim().to_owned())
        });
        let stat = fs::read_to_string(format!("/proc/{number}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }
}

fn run_operation(executor: &Executor, operation: &Operation) -> Outcome {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(executor.carry_out(operation))
}

fn operation(action: &str, timeout: Duration) -> Operation {
    let agent = AgentName::ocf("test", "test").unwrap();
    Operation::new(agent, "rsc", action, timeout)
}

fn run_script(script: &str, timeout: Duration) -> (Machine, Outcome) {
    let machine = Machine::new(script);
    let outcome = run_operation(&machine.executor, &operation("start", timeout));
    (machine, outcome)
}

#[test]
fn exit_codes_and_reasons_arrive() {
    for (script, code, status, reason) in [
        ("exit 0", 0, ExecutionStatus::Done, ""),
        ("exit 7", 7, ExecutionStatus::Done, ""),
        ("exit 190", 190, ExecutionStatus::Done, ""),
        ("exit 191", 191, ExecutionStatus::Done, ""),
        ("exit 42", 42, ExecutionStatus::Done, ""),
        (
            "echo ocf-exit-reason:first >&2; echo ocf-exit-reason:second >&2; exit 1",
            1,
            ExecutionStatus::Done,
            "second",
        ),
        (
            "echo ocf-exit-reason:not here; exit 1",
            1,
            ExecutionStatus::Done,
            "",
        ),
        (
            "kill -KILL $$",
            1,
            ExecutionStatus::Error,
            "the agent was ended by SIGKILL",
        ),
    ] {
        let (_machine, outcome) = run_script(script, LONG);
        assert_eq!(outcome.code.number(), code, "{script}");
        assert_eq!(outcome.status, status, "{script}");
        assert_eq!(outcome.exit_reason, reason, "{script}");
    }
}

#[test]
fn an_agent_that_cannot_be_run_is_told_from_one_that_fails() {
    let machine = Machine::new("exit 0");
    let check = |agent: &str, code, status| {
        let operation = Operation::new(agent.parse().unwrap(), "rsc", "start", LONG);
        let outcome = run_operation(&machine.executor, &operation);
        assert_eq!((outcome.code, outcome.status), (code, status), "{agent}");
        assert!(
            outcome.exit_reason.contains(agent),
            "{}",
            outcome.exit_reason
        );
    };
    let not_installed = (OcfCode::NotInstalled, ExecutionStatus::NotInstalled);
    check("ocf:test:absent", not_installed.0, not_installed.1);
    check("ocf:absent:test", not_installed.0, not_installed.1);
    check("lsb:absent", not_installed.0, not_installed.1);
    check("systemd:test", not_installed.0, not_installed.1);
    fs::write(machine.path("resource.d/test/text"), "#!/bin/sh\n").unwrap();
    check(
        "ocf:test:text",
        OcfCode::InsufficientPrivileges,
        ExecutionStatus::Error,
    );
    fs::write(machine.path("resource.d/test/test"), "#!/no/such/shell\n").unwrap();
    check("ocf:test:test", not_installed.0, not_installed.1);
}

#[test]
fn an_agent_that_hangs_is_ended_with_all_that_it_started() {
    let script = "sleep 1000 & echo $! > child; echo $$ > self; wait";
    let (machine, outcome) = run_script(script, SHORT);
    assert_eq!(outcome.status, ExecutionStatus::Timeout);
    assert_eq!(outcome.code, OcfCode::Error);
    assert_eq!(outcome.exit_reason, "start did not complete within 300ms");
    assert!(outcome.duration >= SHORT && outcome.duration < SHORT + LONG / 4);
    for file in ["self", "child"] {
        eventually("the end of the group", || {
            (!machine.is_running(file)).then_some(())
        });
    }
}

#[test]
fn an_agent_that_ignores_sigterm_is_killed_after_the_grace() {
    let script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > child; sleep 1000' & \
                  echo $$ > self; while :; do sleep 1000; done";
    let (machine, outcome) = run_script(script, SHORT);
    assert_eq!(outcome.status, ExecutionStatus::Timeout);
    assert!(outcome.duration >= SHORT + crate::TERMINATION_GRACE);
    for file in ["self", "child"] {
        eventually("the end of the group", || {
            (!machine.is_running(file)).then_some(())
        });
    }
}

#[test]
fn an_agent_that_ends_at_sigterm_costs_no_grace() {
    let (_machine, outcome) = run_script("exec sleep 1000", SHORT);
    assert_eq!(outcome.status, ExecutionStatus::Timeout);
    assert!(outcome.duration < SHORT + crate::TERMINATION_GRACE);
}

#[test]
fn a_daemon_that_keeps_the_output_open_holds_nobody_up_and_lives_on() {
    for script in [
        "sleep 1000 & echo $! > daemon; echo started",
        "setsid sh -c 'echo $$ > daemon; exec sleep 1000' & echo started",
        // It floods what nobody reads any more.
        "sh -c 'trap \"\" PIPE; echo $$ > daemon; yes; exec sleep 1000' 2>/dev/null & \
         while [ ! -s daemon ]; do sleep 0.01; done; echo started",
    ] {
        let (machine, outcome) = run_script(script, LONG);
        assert_eq!(outcome.code, OcfCode::Ok, "{script}");
        assert!(outcome.duration < LONG / 2, "{script}");
        assert!(outcome.output.contains("started") || script.contains("yes"));
        assert!(machine.is_running("daemon"), "{script}");
        let number = fs::read_to_string(machine.path("daemon")).unwrap();
        let killed = std::process::Command::new("kill")
            .args(["-KILL", number.trim()])
            .status();
        assert!(killed.unwrap().success());
    }
}

#[test]
fn megabytes_of_output_are_bounded() {
    let script = "head -c 8000000 /dev/zero | tr '\\0' x; \
                  head -c 8000000 /dev/zero | tr '\\0' y >&2; \
                  echo >&2; echo ocf-exit-reason:all the same >&2; exit 1";
    let (_machine, outcome) = run_script(script, LONG);
    assert_eq!(outcome.code, OcfCode::Error);
    assert_eq!(outcome.output.len(), MAX_OUTPUT_BYTES);
    assert_eq!(outcome.error_output.len(), MAX_OUTPUT_BYTES);
    assert_eq!(outcome.exit_reason, "all the same");
}

#[test]
fn what_is_dropped_is_killed() {
    let machine = Machine::new("echo $$ > self; sleep 1000");
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let operation = operation("start", LONG);
            let run = machine.executor.carry_out(&operation);
            assert!(tokio::time::timeout(SHORT, run).await.is_err());
        });
    eventually("the end of the agent", || {
        (!machine.is_running("self")).then_some(())
    });
}

#[test]
fn a_script_finds_what_the_api_promises_and_nothing_else() {
    let machine = Machine::new("read x; echo \"input: $? $x\"; env | sort; exit $#");
    let mut operation = operation("monitor", LONG)
        .parameter("ip", "10.0.0.4")
        .parameter("options", "a b\n'c'");
    operation.interval = Duration::from_secs(10);
    operation.check_level = 20;
    operation.meta.insert("clone-max".into(), "2".into());
    let outcome = run_operation(&machine.executor, &operation);
    assert_eq!(outcome.code, OcfCode::Error, "one argument: the action");
    let root = machine.root.path().display().to_string();
    // What the shell adds by itself, and the locale of whoever runs the tests.
    let own = ["PWD=", "OLDPWD=", "_=", "SHLVL=", "LANG=", "LC_ALL=", "TZ="];
    let lines: Vec<_> = outcome
        .output
        .lines()
        .filter(|line| !own.iter().any(|own| line.starts_with(own)))
        .map(|line| line.replace(&root, "ROOT"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_no_process_can_be_given_is_refused() {
    let machine = Machine::new("exit 0");
    for (name, value) in [("", "x"), ("a=b", "x"), ("a", "x\0y"), ("a\0", "x")] {
        let operation = operation("start", LONG).parameter(name, value);
        let outcome = run_operation(&machine.executor, &operation);
        assert_eq!(
            outcome.code,
            OcfCode::InvalidParameter,
            "{name:?} {value:?}"
        );
    }
}

#[test]
fn an_init_script_is_asked_for_its_status() {
    let machine = Machine::new(
        "case $1 in status) test -e running || exit 3;; start) : > running;; stop) rm -f running;; \
         *) exit 2;; esac",
    );
    let steps = [
        ("monitor", OcfCode::NotRunning),
        ("start", OcfCode::Ok),
        ("monitor", OcfCode::Ok),
        ("stop", OcfCode::Ok),
        ("monitor", OcfCode::NotRunning),
        ("promote", OcfCode::InvalidParameter),
    ];
    for agent in ["lsb:test", "service:test"] {
        for (action, expected) in steps {
            let operation = Operation::new(agent.parse().unwrap(), "rsc", action, LONG);
            let outcome = run_operation(&machine.executor, &operation);
            assert_eq!(outcome.code, expected, "{agent} {action}");
        }
    }
}

/// The machine's own agents, or a recorded skip.
fn installed(agent: &str) -> Option<Executor> {
    let executor = Executor::default();
    if executor.folders().is_installed(&agent.parse().unwrap()) {
        return Some(executor);
    }
    testing_support::skip(
        &format!("{agent} is not installed"),
        "apt-get install resource-agents pacemaker-resource-agents",
    );
    None
}

#[test]
fn debians_dummy_starts_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    for agent in ["ocf:heartbeat:Dummy", "ocf:pacemaker:Dummy"] {
        let Some(executor) = installed(agent) else {
            continue;
        };
        let state = folder.path().join("state").display().to_string();
        for (action, expected) in [
            ("monitor", OcfCode::NotRunning),
            ("start", OcfCode::Ok),
            ("monitor", OcfCode::Ok),
            ("stop", OcfCode::Ok),
            ("monitor", OcfCode::NotRunning),
            ("frobnicate", OcfCode::Unimplemented),
        ] {
            let mut operation = Operation::new(agent.parse().unwrap(), "d", action, LONG)
                .parameter("state", &state);
            let choice = crate::IMPLEMENTATION_ATTRIBUTE.to_owned();
            operation.meta.insert(choice, "script".to_owned());
            let outcome = run_operation(&executor, &operation);
            assert_eq!(outcome.code, expected, "{agent} {action}: {outcome:?}");
        }
    }
}

#[test]
fn debians_anything_keeps_a_process() {
    let agent = "ocf:heartbeat:anything";
    let Some(executor) = installed(agent) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let begun = Instant::now();
    for (action, expected) in [
        ("monitor", OcfCode::NotRunning),
        ("start", OcfCode::Ok),
        ("monitor", OcfCode::Ok),
        ("stop", OcfCode::Ok),
        ("monitor", OcfCode::NotRunning),
    ] {
        let operation = Operation::new(agent.parse().unwrap(), "a", action, LONG)
            .parameter("binfile", "/bin/sleep")
            .parameter("cmdline_options", "1000")
            .parameter("pidfile", file("pid"));
        let outcome = run_operation(&executor, &operation);
        assert_eq!(outcome.code, expected, "{action}: {outcome:?}");
    }
    assert!(
        begun.elapsed() < LONG,
        "none of it waited for the daemon's end"
    );
    assert!(!Path::new(&file("pid")).exists());
}

fn metadata_of(executor: &Executor, agent: &str) -> Result<crate::Metadata, crate::MetadataError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(executor.metadata(&agent.parse().unwrap()))
}

#[test]
fn debians_agents_describe_themselves() {
    let Some(executor) = installed("ocf:heartbeat:IPaddr2") else {
        return;
    };
    for name in [
        "IPaddr2",
        "apache",
        "Filesystem",
        "pgsql",
        "anything",
        "nginx",
    ] {
        let agent = format!("ocf:heartbeat:{name}");
        let metadata = metadata_of(&executor, &agent).expect(name);
        assert_eq!(metadata.name, name);
        assert!(
            metadata.actions_named("monitor").next().is_some(),
            "{agent}"
        );
        assert!(!metadata.parameters.is_empty(), "{agent}");
    }
    let ipaddr2 = metadata_of(&executor, "ocf:heartbeat:IPaddr2").unwrap();
    let ip = ipaddr2.parameter("ip").unwrap();
    assert!(ip.required);
    assert_eq!(ip.unique_group.as_deref(), Some("ip"));
    assert_eq!(ipaddr2.check(["ip", "cidr_netmask"]), []);
    let dummy = metadata_of(&executor, "ocf:pacemaker:Dummy").unwrap();
    assert_eq!(dummy.api_version, "1.1");
    assert!(dummy.parameter("fake").unwrap().reloadable);
}

#[test]
fn an_agent_that_gives_no_metadata_is_told_from_one_that_lies() {
    for (script, expected) in [
        (
            "exit 3",
            "the agent gives no metadata: unimplemented feature",
        ),
        (
            "echo ocf-exit-reason:no luck >&2; exit 1",
            "the agent gives no metadata: no luck",
        ),
        (
            "echo '<html/>'",
            "the agent's metadata begins with <html>, not with <resource-agent>",
        ),
        (
            "head -c 8000000 /dev/zero | tr '\\0' x",
            "the agent's metadata is not XML: ",
        ),
        (
            "echo '<resource-agent>'; head -c 8000000 /dev/zero | tr '\\0' x; echo '</resource-agent>'",
            "the agent's metadata is not XML: ",
        ),
    ] {
        let machine = Machine::new(script);
        let error = metadata_of(&machine.executor, "ocf:test:test").unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn an_init_script_is_described_by_its_header() {
    let machine =
        Machine::new("### BEGIN INIT INFO\n# Short-Description: a test\n### END INIT INFO");
    for agent in ["lsb:test", "service:test"] {
        let metadata = metadata_of(&machine.executor, agent).unwrap();
        assert_eq!(metadata.short_description, "a test");
    }
    assert!(metadata_of(&machine.executor, "lsb:absent").is_err());
}
