//! The call of one agent: with agents that do as they should, and with others that hang, fork, lie
//! and talk without end.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fencing::call::{End, MAX_ERRORS_BYTES, MAX_OUTPUT_BYTES, find, run};
use fencing::{Action, CallResult, Metadata, Parameters};
use testing_support::eventually;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);

/// A folder with an agent that is this shell script.
fn agent(script: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fence_fake");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
    (folder, path)
}

fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    let mut parameters = Parameters::default();
    for (name, value) in pairs {
        parameters.set(*name, *value);
    }
    parameters
}

#[tokio::test]
async fn an_agent_reads_its_parameters_and_answers() {
    let (_folder, path) = agent("cat; echo careful >&2; exit 2");
    let told = parameters(&[("ip", "::1"), ("action", "status"), ("login", "a b=c")]);
    let answer = run(&path, &told, LONG).await.expect("it runs");
    assert_eq!(answer.end, End::Code(2));
    assert_eq!(answer.output, "action=status\nip=::1\nlogin=a b=c\n");
    assert_eq!(answer.errors, "careful\n");
    assert!(matches!(
        answer.result(Action::Status),
        CallResult::Success { .. }
    ));
}

#[tokio::test]
async fn a_password_is_on_standard_input_and_nowhere_else() {
    let (_folder, path) = agent(
        "grep -c hunter2\n tr '\\0' ' ' < /proc/$$/cmdline\n tr '\\0' '\\n' < /proc/$$/environ\n\
         echo \"connect -P hunter2\" >&2",
    );
    let told = parameters(&[("passwd", "hunter2")]);
    let answer = run(&path, &told, LONG).await.expect("it runs");
    assert!(
        answer.output.starts_with("1\n/bin/sh "),
        "{}",
        answer.output
    );
    assert!(answer.output.contains("\nLC_ALL=C\n"), "{}", answer.output);
    assert!(!answer.output.contains("CARGO"), "{}", answer.output);
    assert_eq!(answer.errors, "connect -P ***\n");
    let shown = format!("{answer:?} {told:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn ways_to_end() {
    for (script, expected) in [
        ("exit 0", End::Code(0)),
        ("exit 255", End::Code(255)),
        ("kill -SEGV $$", End::Signal(11)),
        // It closes its streams and lives on.
        ("exec >&- 2>&- <&-; sleep 0.2; exit 3", End::Code(3)),
        // It never reads what it is told.
        ("exec <&-; exit 4", End::Code(4)),
        ("trap '' TERM; sleep 1000", End::TimedOut),
    ] {
        let (_folder, path) = agent(script);
        let start = Instant::now();
        let limit = if expected == End::TimedOut {
            SHORT
        } else {
            LONG
        };
        let long = parameters(&[("a", &"x".repeat(60_000))]);
        let answer = run(&path, &long, limit).await.expect("it runs");
        assert_eq!(answer.end, expected, "{script}");
        assert!(
            start.elapsed() < LONG / 2,
            "{script}: {:?}",
            start.elapsed()
        );
    }
}

/// Whether the process whose number is in `file` has ended.
fn is_gone(file: &Path) -> Option<()> {
    let number = fs::read_to_string(file).ok()?;
    let status = fs::read_to_string(format!("/proc/{}/stat", number.trim()));
    let lives = status.is_ok_and(|text| !text.contains(") Z "));
    (!lives && !number.trim().is_empty()).then_some(())
}

#[tokio::test]
async fn nothing_is_left_of_an_agent() {
    for (what, script, expected) in [
        (
            "hangs with a child",
            "sleep 1000 & echo $! > $0.pid; wait",
            End::TimedOut,
        ),
        (
            "leaves a child that holds its streams",
            "sleep 1000 & echo $! > $0.pid",
            End::Code(0),
        ),
        (
            "is stopped",
            "echo $$ > $0.pid; kill -STOP $$",
            End::TimedOut,
        ),
    ] {
        let (folder, path) = agent(script);
        let start = Instant::now();
        let limit = if expected == End::TimedOut {
            SHORT
        } else {
            LONG
        };
        let answer = run(&path, &Parameters::default(), limit)
            .await
            .expect("it runs");
        assert_eq!(answer.end, expected, "{what}");
        assert!(start.elapsed() < LONG / 2, "{what}");
        eventually(what, || is_gone(&folder.path().join("fence_fake.pid")));
    }
}

#[tokio::test]
async fn an_agent_that_nobody_waits_for_is_killed() {
    let (folder, path) = agent("echo $$ > $0.pid; sleep 1000");
    let file = folder.path().join("fence_fake.pid");
    let nobody = Parameters::default();
    let call = run(&path, &nobody, LONG);
    assert!(tokio::time::timeout(SHORT, call).await.is_err());
    eventually("the agent is gone", || is_gone(&file));
}

#[tokio::test]
async fn an_agent_that_talks_without_end_is_cut_short() {
    let (_folder, path) = agent("yes said & yes complained >&2");
    let answer = run(&path, &Parameters::default(), SHORT)
        .await
        .expect("it runs");
    assert_eq!(answer.end, End::TimedOut);
    assert_eq!(answer.output.len(), MAX_OUTPUT_BYTES);
    assert_eq!(answer.errors.len(), MAX_ERRORS_BYTES);
}

#[tokio::test]
async fn what_cannot_be_called() {
    let nothing = Parameters::default();
    let check = |error: String, expected: &str| assert!(error.starts_with(expected), "{error}");
    let missing = run(Path::new("/no/fence_x"), &nothing, LONG).await;
    let text = missing.expect_err("it is not there").to_string();
    check(
        text,
        "the fence agent /no/fence_x cannot be started: No such file",
    );
    let (_folder, path) = agent("exit 0");
    let bad = parameters(&[("passwd", "a\nb")]);
    let text = run(&path, &bad, LONG)
        .await
        .expect_err("it is refused")
        .to_string();
    check(
        text,
        "the value of the fence agent's parameter passwd is of more than one line",
    );
}

#[tokio::test]
async fn a_real_agents_metadata_are_read() {
    if testing_support::require_command("fence_ipmilan", "fence-agents").is_none() {
        return;
    }
    let path = find("fence_ipmilan").expect("it is installed");
    let told = parameters(&[("action", "metadata")]);
    let answer = run(&path, &told, LONG).await.expect("it runs");
    let metadata = Metadata::parse(&answer.output).expect("it is metadata");
    assert_eq!(metadata.name, "fence_ipmilan");
    assert!(metadata.can("reboot") && metadata.can("status") && !metadata.can("list"));
    assert_eq!(metadata.host_argument(), Some("port"));
    let ip = metadata.parameters.iter().find(|it| it.name == "ip");
    assert_eq!(ip.and_then(|it| it.obsoletes.as_deref()), Some("ipaddr"));
}
