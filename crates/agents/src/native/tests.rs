use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::executor::Executor;
use crate::metadata::Metadata;

pub(in crate::native) const LONG: Duration = Duration::from_secs(20);

/// Runs the future in a runtime of its own.
pub(in crate::native) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn operation(agent: &str, action: &str) -> Operation {
    Operation::new(agent.parse().unwrap(), "rsc", action, LONG)
}

fn with_choice(mut operation: Operation, choice: &str) -> Operation {
    let name = IMPLEMENTATION_ATTRIBUTE.to_owned();
    operation.meta.insert(name, choice.to_owned());
    operation
}

/// What cannot be compared: descriptions, which are our own.
fn bare(mut metadata: Metadata) -> Metadata {
    metadata.short_description.clear();
    metadata.long_description.clear();
    for parameter in &mut metadata.parameters {
        parameter.short_description.clear();
        parameter.long_description.clear();
    }
    metadata
}

#[test]
fn native_agents_describe_themselves_as_their_scripts_do() {
    let executor = Executor::default();
    for name in Native::names() {
        let native = Native::of(&name).unwrap();
        let ours = Metadata::parse(&native.metadata()).unwrap();
        let undescribed = ours.parameters.iter().find(|parameter| {
            parameter.short_description.is_empty() || parameter.long_description.is_empty()
        });
        assert_eq!(undescribed, None);
        let script = executor.folders().script(&name).unwrap();
        if native == Native::Haproxy {
            continue; // No package of Debian's has its script.
        }
        if !script.is_file() {
            testing_support::skip(
                &format!("{name} is not installed"),
                "apt-get install resource-agents pacemaker-resource-agents",
            );
            continue;
        }
        let operation = Operation::new(name.clone(), "RESOURCE_ID", "meta-data", LONG);
        let outcome = run(executor.carry_out(&with_choice(operation, "script")));
        let theirs = Metadata::parse(&outcome.output).unwrap();
        assert_eq!(bare(ours), bare(theirs), "{name}");
    }
}

#[test]
fn the_script_is_run_where_it_is_asked_for_or_needed() {
    let nobody = |reason: &str| Choice::Nobody(reason.to_owned());
    let dummy = "ocf:heartbeat:Dummy";
    let other = "ocf:heartbeat:pgsql";
    let check = |agent: &str, choice: &str, parameter: &str, has_script, expected: Choice| {
        let operation = operation(agent, "start").parameter(parameter, "true");
        let operation = with_choice(operation, choice);
        assert_eq!(
            choose(&operation, has_script),
            expected,
            "{agent} {choice} {parameter}"
        );
    };
    check(
        dummy,
        "automatic",
        "fake",
        true,
        Choice::Native(Native::HeartbeatDummy),
    );
    check(
        dummy,
        "native",
        "fake",
        false,
        Choice::Native(Native::HeartbeatDummy),
    );
    check(dummy, "script", "fake", true, Choice::Script);
    check(other, "automatic", "x", true, Choice::Script);
    check(other, "script", "x", true, Choice::Script);
    check(
        other,
        "native",
        "x",
        true,
        nobody("there is no native agent 'ocf:heartbeat:pgsql'"),
    );
    check(
        dummy,
        "skript",
        "fake",
        true,
        nobody(
            "agent-implementation is automatic, native or script, not 'skript'; did you mean 'script'?",
        ),
    );
    let address = "ocf:heartbeat:IPaddr2";
    let refused = "the native agent 'ocf:heartbeat:IPaddr2' does not do lvs_support; the script of that \
                   name does";
    check(
        address,
        "automatic",
        "ip",
        true,
        Choice::Native(Native::Ipaddr2),
    );
    check(address, "automatic", "lvs_support", true, Choice::Script);
    check(address, "automatic", "lvs_support", false, nobody(refused));
    check(address, "native", "lvs_support", true, nobody(refused));
    check(address, "script", "lvs_support", true, Choice::Script);
    check(
        "ocf:pacemaker:Dummy",
        "automatic",
        "envfile",
        true,
        Choice::Script,
    );
}

#[test]
fn dummies_start_and_stop_as_their_scripts_do() {
    let folder = tempfile::tempdir().unwrap();
    let executor = Executor::default();
    for agent in ["ocf:heartbeat:Dummy", "ocf:pacemaker:Dummy"] {
        for choice in ["native", "script"] {
            let script = executor.folders().script(&agent.parse().unwrap()).unwrap();
            if choice == "script" && !script.is_file() {
                testing_support::skip(
                    &format!("{agent} is not installed"),
                    "apt-get install resource-agents",
                );
                continue;
            }
            let state = folder.path().join("state");
            for (action, interval_s, expected, is_there) in [
                ("monitor", 0, OcfCode::NotRunning, false),
                ("start", 0, OcfCode::Ok, true),
                ("start", 0, OcfCode::Ok, true),
                ("monitor", 10, OcfCode::Ok, true),
                ("reload", 0, OcfCode::Ok, true),
                ("migrate_to", 0, OcfCode::Ok, false),
                ("migrate_from", 0, OcfCode::Ok, true),
                ("stop", 0, OcfCode::Ok, false),
                ("stop", 0, OcfCode::Ok, false),
                ("monitor", 10, OcfCode::NotRunning, false),
                ("validate-all", 0, OcfCode::Ok, false),
                ("frobnicate", 0, OcfCode::Unimplemented, false),
            ] {
                let mut operation =
                    operation(agent, action).parameter("state", state.display().to_string());
                operation.interval = Duration::from_secs(interval_s);
                let outcome = run(executor.carry_out(&with_choice(operation, choice)));
                assert_eq!(
                    outcome.code, expected,
                    "{agent} {choice} {action} {outcome:?}"
                );
                assert_eq!(state.exists(), is_there, "{agent} {choice} {action}");
            }
        }
    }
}

#[test]
fn pacemakers_dummy_can_be_slow_and_fail() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").display().to_string();
    let executor = Executor::default();
    let outcome = |action: &str, parameters: &[(&str, &str)], level, timeout| {
        let mut operation = operation("ocf:pacemaker:Dummy", action).parameter("state", &state);
        for (name, value) in parameters {
            operation = operation.parameter(*name, *value);
        }
        operation.check_level = level;
        operation.timeout = timeout;
        run(executor.carry_out(&operation))
    };
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let short = Duration::from_millis(50);
    let begun = Instant::now();
    let late = outcome("start", &[("op_sleep", "1000")], 0, short);
    assert_eq!(late.status, ExecutionStatus::Timeout);
    assert_eq!(late.exit_reason, "start did not complete within 50ms");
    assert!(begun.elapsed() < LONG && !Path::new(&state).exists());
    let failed = outcome("start", &[("fail_start_on", host.trim())], 0, LONG);
    assert_eq!(failed.code, OcfCode::Error);
    assert_eq!(outcome("monitor", &[], 0, LONG).code, OcfCode::Ok);
    assert_eq!(
        outcome("monitor", &[], 10, short).status,
        ExecutionStatus::Timeout
    );
    assert_eq!(outcome("monitor", &[], 30, LONG).code, OcfCode::Error);
    std::fs::write(&state, "8\n").unwrap();
    assert_eq!(outcome("monitor", &[], 40, LONG).code, OcfCode::Promoted);
    assert_eq!(
        outcome("validate-all", &[("op_sleep", "x")], 0, LONG).code,
        OcfCode::NotConfigured
    );
    assert_eq!(outcome("stop", &[], 0, LONG).code, OcfCode::Ok);
}

#[test]
fn a_dummy_whose_file_is_deleted_is_known_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for agent in ["ocf:heartbeat:Dummy", "ocf:pacemaker:Dummy"] {
        run(async {
            let executor = Executor::default();
            let state = |number: usize| folder.path().join(format!("state-{number}"));
            let operation = |action: &str, number| {
                let mut operation = operation(agent, action)
                    .parameter("state", state(number).display().to_string());
                operation.interval = Duration::from_secs(10);
                operation
            };
            let mut watches = Vec::new();
            for number in 0..300 {
                let started = executor.carry_out(&operation("start", number)).await;
                assert_eq!(started.code, OcfCode::Ok);
                // More than a user may have inotify instances: one is for all.
                let watch = executor.watch(&operation("monitor", number)).unwrap();
                watches.push(watch);
            }
            let quiet = tokio::time::timeout(Duration::from_millis(20), watches[7].changed()).await;
            assert!(quiet.is_err(), "{quiet:?}");
            let begun = Instant::now();
            std::fs::remove_file(state(7)).unwrap();
            let failed = watches[7].changed().await;
            assert!(
                begun.elapsed() < Duration::from_millis(500),
                "{:?}",
                begun.elapsed()
            );
            assert_eq!(failed.code, OcfCode::NotRunning);
            let quiet = tokio::time::timeout(Duration::from_millis(20), watches[8].changed()).await;
            assert!(quiet.is_err(), "{quiet:?}");
            std::fs::remove_dir_all(folder.path()).unwrap();
            for mut watch in watches {
                assert_eq!(watch.changed().await.code, OcfCode::NotRunning);
            }
            std::fs::create_dir(folder.path()).unwrap();
        });
    }
}
