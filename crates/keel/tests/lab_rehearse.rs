//! `keel lab rehearse`: what it prints, where, and how it ends.

use std::fs;
use std::process::{Command, Output};

/// One node with the address, which answers until it is killed, and stays dead while it is watched.
const PLAN: &str = r#"
address = "10.9.6.1"
switches = ["office"]
client = { interfaces = [{ name = "eth0", switch = "office", addresses = ["10.9.6.9/24"] }] }
probe = { udp = "10.9.6.1:7", pace_ms = 1, timeout_ms = 50 }
times = { steady_ms = 100, lead_ms = 100 }

[engine.keel]
commands = { echo = "keel lab echo --listen 10.9.6.1:7" }
parts = { service = { command = "echo" } }

[[node]]
name = "one"
interfaces = [{ name = "eth0", switch = "office", addresses = ["10.9.6.1/24"] }]

[[fault]]
name = "service killed"
do = "kill"
part = "service"
observe_ms = 300
at_most_ms = 300

[[fault]]
name = "nothing"
do = "run"
command = "true"
observe_ms = 100
"#;

/// Rehearses the plan; `None` (and a recorded skip) where this computer allows no lab.
fn rehearse(plan: &str, options: &[&str]) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.toml");
    fs::write(&file, plan).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_keel"))
        .args(["lab", "rehearse"])
        .arg(&file)
        .args(options)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if let Some((_, refusal)) = said.split_once("no lab is possible here: ") {
        let (reason, enable) = refusal.split_once("to enable it: ").unwrap();
        testing_support::skip(reason, enable);
        return None;
    }
    Some(output)
}

/// A node that is set up by steps, dies, and has what it kept when it comes back.
const STEPS: &str = r#"
address = "10.9.6.1"
switches = ["office"]
client = { interfaces = [{ name = "eth0", switch = "office", addresses = ["10.9.6.9/24"] }] }
probe = { udp = "10.9.6.1:7", pace_ms = 1, timeout_ms = 50 }
times = { steady_ms = 100, lead_ms = 100, settle_ms = 3000 }

[engine.keel]
commands = { echo = "keel lab echo --listen 10.9.6.1:7" }
links = ["/opt/tools/crm_verify"]

[[engine.keel.step]]
on = "one"
run = "echo red > /srv/kept/colour; echo red > /srv/colour"

[[engine.keel.step]]
on = "all"
run = "cat /srv/kept/colour | tr a-z A-Z"
says = "RED"

[[engine.keel.step]]
on = "one"
run = "/opt/tools/crm_verify --version"
says = "Pacemaker"

[[node]]
name = "one"
interfaces = [{ name = "eth0", switch = "office", addresses = ["10.9.6.1/24"] }]
keeps = ["/srv/kept"]

[[fault]]
name = "death"
do = "node-death"
observe_ms = 100
at_most_ms = 100

[[fault]]
name = "what was kept"
do = "run"
command = "cat /srv/kept/colour && ! test -e /srv/colour && touch /srv/kept/undone"
undo = "rm /srv/kept/undone"
observe_ms = 100
"#;

#[test]
fn a_machine_is_set_up_by_steps_and_keeps_what_it_is_to_keep() {
    let Some(output) = rehearse(STEPS, &[]) else {
        return;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("one# cat /srv/kept/colour | tr a-z A-Z"),
        "{said}"
    );
    let wrong = STEPS.replace("\"RED\"", "\"BLUE\"");
    let output = rehearse(&wrong, &[]).expect("a lab is possible here");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("and 'BLUE'; it is exit 0:\nRED"), "{said}");
}

#[test]
fn json_is_all_that_standard_output_holds() {
    let Some(output) = rehearse(PLAN, &["--json"]) else {
        return;
    };
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    let value: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let members: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(members, ["faults"]);
    let faults = value["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2);
    let mut members: Vec<&String> = faults[0].as_object().unwrap().keys().collect();
    members.sort();
    let mut promised = [
        "fault",
        "sent",
        "failed",
        "longest_gap_ms",
        "holder_before",
        "holder_after",
        "two_holders_ms",
    ];
    promised.sort_unstable();
    assert_eq!(members, promised);
    let [killed, nothing] = [&faults[0], &faults[1]];
    assert_eq!(killed["fault"], "service killed");
    assert!(killed["failed"].as_u64().unwrap() > 0, "{killed}");
    assert!(
        killed["longest_gap_ms"].as_f64().unwrap() >= 200.0,
        "{killed}"
    );
    assert_eq!(killed["holder_after"], "one");
    // The service was started again before the next fault.
    assert!(nothing["sent"].as_u64().unwrap() > nothing["failed"].as_u64().unwrap());
}

#[test]
fn every_fault_strikes_and_heals() {
    let (machines, _) = PLAN.split_once("[[fault]]").unwrap();
    let mut plan = machines.replace("10.9.6.1:7\" }", "0.0.0.0:7\" }");
    let mut silencing = vec![
        "do = 'pause'",
        "do = 'pause'\npart = 'service'",
        "do = 'stop'\npart = 'service'",
        "do = 'node-death'",
        "do = 'link-cut'\ninterface = 'eth0'",
        "do = 'link-flap'\ntimes = 1\ndown_ms = 300",
        "do = 'partition'\ngroups = [['client'], ['one']]",
        "do = 'drop'",
    ];
    if testing_support::require_command("nft", "nftables").is_some() {
        silencing.push("do = 'drop'\nmatch = 'ip protocol udp'");
    }
    for words in &silencing {
        let name = words.replace('\n', ", ");
        plan.push_str(&format!(
            "[[fault]]\nname = \"{name}\"\n{words}\nobserve_ms = 300\nat_most_ms = 300\n"
        ));
    }
    let Some(output) = rehearse(&plan, &["--json"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = value["faults"].as_array().unwrap();
    assert_eq!(faults.len(), silencing.len());
    for fault in faults {
        let gap = fault["longest_gap_ms"].as_f64().unwrap();
        assert!(gap >= 200.0, "not struck: {fault}\n{said}");
    }
}

#[test]
fn a_limit_that_is_exceeded_ends_in_failure_and_is_named() {
    let plan = PLAN.replace("at_most_ms = 300", "at_most_ms = 300\nmax_failed = 0");
    let Some(output) = rehearse(&plan, &["--fault", "service killed"]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("service killed: failed "), "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with("fault "), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
}

#[test]
fn what_cannot_start_is_shown_with_its_last_words() {
    let plan = PLAN.replace(
        r#"echo = "keel lab echo --listen 10.9.6.1:7""#,
        r#"echo = ["sh", "-c", "echo out of sorts; exit 3"]"#,
    );
    let Some(output) = rehearse(&plan, &[]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in ["echo on one ended (exit 3)", "out of sorts"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
}

#[test]
fn a_wrong_command_line_or_file_starts_nothing() {
    for (plan, options, code, expected) in [
        (
            PLAN,
            &["--engine", "kel"][..],
            2,
            "there is no engine 'kel'",
        ),
        (PLAN, &["--fault", "nothin"], 2, "did you mean 'nothing'?"),
        (PLAN, &["--runs", "0"], 2, "'0' is no number from 1"),
        (PLAN, &["--what"], 2, "unknown option '--what'"),
        ("adress = \"10.9.6.1\"", &[], 1, "did you mean 'address'?"),
    ] {
        let Some(output) = rehearse(plan, options) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(expected), "{expected} is missing in {said}");
        assert!(output.stdout.is_empty());
    }
}
