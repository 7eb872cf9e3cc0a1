//! The clusters of `examples/`, set up by their operators' own commands and broken once each. The
//! whole rehearsals are `keel lab rehearse examples/NAME/lab.toml`.

use std::path::Path;
use std::process::Command;

/// Sets an example up, plays one of its faults, and finds its limits kept.
#[track_caller]
fn rehearse(example: &str, fault: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO_BIN_EXE_keel"))
        .args(["lab", "rehearse"])
        .arg(root.join("examples").join(example).join("lab.toml"))
        .args(["--fault", fault])
        .output()
        .expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if let Some((_, refusal)) = said.split_once("no lab is possible here: ") {
        let (reason, enable) = refusal.split_once("to enable it: ").unwrap();
        testing_support::skip(reason, enable);
        return;
    }
    assert!(output.status.success(), "{said}");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains(fault), "{table}");
}

#[test]
fn cern_with_fencing_by_ipmi() {
    let needs = [
        ("ipmi_sim", "openipmi"),
        ("ipmitool", "ipmitool"),
        ("fence_ipmilan", "fence-agents"),
    ];
    let found = needs.map(|(command, package)| testing_support::require_command(command, package));
    if found.iter().all(Option::is_some) {
        rehearse("cern", "node dies");
    }
}

#[test]
fn the_active_standby_walk() {
    if testing_support::require_command("apache2", "apache2-bin").is_some() {
        rehearse("active-standby", "node dies");
    }
}

#[test]
fn abiquo_on_cman() {
    rehearse("abiquo", "node dies");
}
