//! The clusters of the examples, as an operator asks about them.

use cib::time::DateTime;
use pcs::{MachineFiles, crm_simulate};

/// A moment after everything in the examples' histories.
const NOW_S: i64 = 1_790_000_600;

/// What `crm_simulate -x examples/CIB OPTIONS` prints.
fn ask(cib: &str, options: &[&str]) -> String {
    // Tests run in the folder of their crate.
    let path = format!("../../examples/{cib}");
    let arguments: Vec<String> = ["-x", &path]
        .iter()
        .chain(options)
        .map(|&argument| argument.to_owned())
        .collect();
    let clock = || DateTime::from_epoch_s(NOW_S);
    let outcome = crm_simulate::run(&arguments, clock, &mut MachineFiles);
    format!("{}{}", outcome.standard_output, outcome.standard_error)
}

#[test]
fn a_settled_cluster_is_left_alone() {
    insta::assert_snapshot!(ask("cern/cib.xml", &["-S"]));
}

#[test]
fn a_node_that_fails_is_fenced_and_its_group_started_on_the_other() {
    insta::assert_snapshot!(ask("cern/cib.xml", &["-S", "--node-fail", "HOST-1"]));
}

#[test]
fn without_quorum_and_with_policy_ignore_nothing_stops() {
    insta::assert_snapshot!(ask("cern/cib.xml", &["-S", "--quorum", "false"]));
}

#[test]
fn a_resource_that_cannot_start_takes_its_group_to_the_other_node() {
    insta::assert_snapshot!(ask("cern/cib-start-failed.xml", &["-S", "-s"]));
}

#[test]
fn a_failed_monitor_of_the_address_restarts_the_group() {
    let options = ["-S", "--op-inject", "VIP_monitor_1000@HOST-1=7"];
    insta::assert_snapshot!(ask("cern/cib.xml", &options));
}

#[test]
fn nothing_starts_while_fencing_is_wanted_but_not_configured() {
    insta::assert_snapshot!(ask(
        "active-standby/cib-before-stonith-disabled.xml",
        &["-S"]
    ));
}

#[test]
fn a_preference_moves_the_address_and_what_is_with_it() {
    insta::assert_snapshot!(ask("active-standby/cib-prefers-node1.xml", &["-S", "-s"]));
}

#[test]
fn the_status_is_the_same_for_programs() {
    insta::assert_snapshot!(ask(
        "active-standby/cib-prefers-node1.xml",
        &["--output-as=json"]
    ));
    insta::assert_snapshot!(ask(
        "active-standby/cib-prefers-node1.xml",
        &["--output-as=xml"]
    ));
}

#[test]
fn a_move_is_explained() {
    insta::assert_snapshot!(ask(
        "active-standby/cib-prefers-node1.xml",
        &["--explain", "WebSite"]
    ));
}

#[test]
fn one_node_is_explained_to_programs() {
    for format in ["--output-as=json", "--output-as=xml"] {
        insta::assert_snapshot!(ask(
            "active-standby/cib-prefers-node1.xml",
            &["--explain", "WebSite", "node2", format]
        ));
    }
}

#[test]
fn a_group_that_leaves_its_node_is_explained() {
    insta::assert_snapshot!(ask(
        "cern/cib-start-failed.xml",
        &["--explain", "HAproxyGroup"]
    ));
}

#[test]
fn what_waits_for_fencing_is_explained() {
    insta::assert_snapshot!(ask(
        "cern/cib.xml",
        &["--node-fail", "HOST-1", "--explain", "VIP"]
    ));
}

#[test]
fn what_cannot_start_is_explained() {
    insta::assert_snapshot!(ask(
        "active-standby/cib-before-stonith-disabled.xml",
        &["--explain", "ClusterIP"]
    ));
}

#[test]
fn a_name_that_is_not_known_gets_the_near_one() {
    insta::assert_snapshot!(ask("cern/cib.xml", &["--explain", "haprox"]));
    insta::assert_snapshot!(ask("cern/cib.xml", &["--explain", "VIP", "HOST-3"]));
}
