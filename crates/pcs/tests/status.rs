//! What the status says of nodes and resources, line by line.

use cib::time::DateTime;
use pcs::{MemoryFiles, crm_simulate};

/// A cluster of three nodes, where `resources` are configured and `histories` are known of `n1`,
/// `n2` and `n3`.
fn cib(options: &str, resources: &str, histories: [&str; 3]) -> String {
    let states: String = histories
        .iter()
        .zip(1..)
        .map(|(history, number)| {
            format!(
                r#"<node_state id="{number}" uname="n{number}" in_ccm="true" crmd="online"
                join="member" expected="member"><lrm id="{number}"><lrm_resources>{history}
                </lrm_resources></lrm></node_state>"#
            )
        })
        .collect();
    format!(
        r#"<cib validate-with="pacemaker-4.0" admin_epoch="0" epoch="1" num_updates="0"
        have-quorum="1"><configuration><crm_config><cluster_property_set id="o">
        <nvpair id="o1" name="fencing-enabled" value="false"/>{options}</cluster_property_set>
        </crm_config><nodes><node id="1" uname="n1"/><node id="2" uname="n2"/>
        <node id="3" uname="n3"/></nodes><resources>{resources}</resources><constraints/>
        </configuration><status>{states}</status></cib>"#
    )
}

/// A history of `resource`, an `ocf:heartbeat:Dummy`, that ends with these operations, each a task
/// with its result; `pending` for one that has none yet.
fn history(resource: &str, operations: &[(&str, &str)]) -> String {
    let operations: String = operations
        .iter()
        .zip(1..)
        .map(|((task, result), call)| {
            let (task, interval) = task.split_once('=').unwrap_or((task, "0"));
            let (status, result) = match *result {
                "pending" => ("-1", "193"),
                result => ("0", result),
            };
            let expected = if *operations == [("monitor", "7")] {
                "7"
            } else {
                "0"
            };
            format!(
                r#"<lrm_rsc_op id="{resource}_{call}" operation_key="{resource}_{task}_{interval}"
                operation="{task}" call-id="{call}" rc-code="{result}" op-status="{status}"
                interval="{interval}" on_node="n1" transition-key="{call}:1:{expected}:x"
                transition-magic="{status}:{result};{call}:1:{expected}:x"/>"#
            )
        })
        .collect();
    format!(
        r#"<lrm_resource id="{resource}" class="ocf" provider="heartbeat" type="Dummy">{operations}
        </lrm_resource>"#
    )
}

fn primitive(id: &str, inside: &str) -> String {
    format!(
        r#"<primitive id="{id}" class="ocf" provider="heartbeat" type="Dummy">{inside}</primitive>"#
    )
}

fn meta(name: &str, value: &str) -> String {
    format!(
        r#"<meta_attributes id="m-{name}"><nvpair id="n-{name}" name="{name}" value="{value}"/>
        </meta_attributes>"#
    )
}

/// The lines of the status, without bullets and indentation.
fn status(cib: String) -> Vec<String> {
    let mut files = MemoryFiles::default();
    files.files.insert("cib".to_owned(), cib.into());
    let arguments = ["-x", "cib"].map(str::to_owned);
    let clock = || DateTime::from_epoch_s(1_700_000_000);
    let outcome = crm_simulate::run(&arguments, clock, &mut files);
    assert_eq!(outcome.standard_error, "");
    outcome
        .standard_output
        .lines()
        .map(|line| line.trim_start_matches([' ', '*']).to_owned())
        .collect()
}

/// The lines of the list of resources.
fn resources(cib: String) -> Vec<String> {
    let lines = status(cib);
    let heading = lines
        .iter()
        .position(|line| line == "Full List of Resources:");
    lines[heading.map_or(0, |heading| heading + 1)..].to_vec()
}

#[test]
fn primitives() {
    const STARTED: (&str, &str) = ("start", "0");
    for (meta, n1, n2, expected) in [
        (String::new(), vec![], vec![], "Stopped"),
        (String::new(), vec![STARTED], vec![], "Started n1"),
        (
            String::new(),
            vec![STARTED, ("monitor=10000", "7")],
            vec![],
            "FAILED n1",
        ),
        (
            String::new(),
            vec![STARTED, ("stop", "1")],
            vec![],
            "FAILED n1 (blocked)",
        ),
        (
            String::new(),
            vec![STARTED],
            vec![STARTED],
            "Started [ n1 n2 ]",
        ),
        (
            String::new(),
            vec![("start", "pending")],
            vec![],
            "Starting n1",
        ),
        (
            String::new(),
            vec![STARTED, ("stop", "pending")],
            vec![],
            "Stopping n1",
        ),
        (
            String::new(),
            vec![STARTED, ("monitor=10000", "pending")],
            vec![],
            "Started n1 (Monitoring)",
        ),
        (
            String::new(),
            vec![("monitor", "5")],
            vec![],
            "Stopped (Not installed)",
        ),
        (
            meta("target-role", "Stopped"),
            vec![STARTED],
            vec![],
            "Started n1 (disabled)",
        ),
        (
            meta("is-managed", "false"),
            vec![STARTED],
            vec![],
            "Started n1 (unmanaged)",
        ),
        (
            meta("maintenance", "true"),
            vec![STARTED],
            vec![],
            "Started n1 (maintenance)",
        ),
    ] {
        let histories = [history("a", &n1), history("a", &n2), String::new()];
        let histories = [&*histories[0], &*histories[1], &*histories[2]];
        let lines = resources(cib("", &primitive("a", &meta), histories));
        let line = lines[0].trim_end();
        assert_eq!(line, format!("a\t(ocf:heartbeat:Dummy):\t {expected}"));
    }
}

#[test]
fn a_removed_resource_is_shown_while_it_is_active() {
    let gone = history("gone", &[("start", "0")]);
    assert_eq!(
        resources(cib("", "", [&gone, "", ""])),
        ["gone\t(ocf:heartbeat:Dummy):\t ORPHANED Started n1"]
    );
    let stopped = history("gone", &[("stop", "0")]);
    assert_eq!(resources(cib("", "", [&stopped, "", ""])), ["No resources"]);
}

#[test]
fn clones_are_sets_of_nodes() {
    let clone = |inside: &str, own: &str| format!(r#"<clone id="c">{own}{inside}</clone>"#);
    let started = history("a", &[("start", "0")]);
    let promoted = history("a", &[("promote", "0")]);
    let failed = history("a", &[("start", "0"), ("monitor=10000", "1")]);
    let promotable = meta("promotable", "true");
    let unique = meta("globally-unique", "true");
    for (own, histories, expected) in [
        (
            "",
            ["", "", ""],
            vec!["Clone Set: c [a]:", "Stopped: [ n1 n2 n3 ]"],
        ),
        (
            "",
            [&*started, "", &started],
            vec!["Clone Set: c [a]:", "Started: [ n1 n3 ]", "Stopped: [ n2 ]"],
        ),
        (
            &promotable,
            [&started, &promoted, ""],
            vec![
                "Clone Set: c [a] (promotable):",
                "Promoted: [ n2 ]",
                "Unpromoted: [ n1 ]",
                "Stopped: [ n3 ]",
            ],
        ),
        (
            "",
            [&started, &failed, &started],
            vec![
                "Clone Set: c [a]:",
                "a\t(ocf:heartbeat:Dummy):\t FAILED n2",
                "Started: [ n1 n3 ]",
            ],
        ),
        (
            &unique,
            ["", "", ""],
            vec![
                "Clone Set: c [a] (unique):",
                "a:0\t(ocf:heartbeat:Dummy):\t Stopped",
                "a:1\t(ocf:heartbeat:Dummy):\t Stopped",
                "a:2\t(ocf:heartbeat:Dummy):\t Stopped",
            ],
        ),
    ] {
        let lines = resources(cib("", &clone(&primitive("a", ""), own), histories));
        assert_eq!(lines, expected, "{own}");
    }
}

#[test]
fn groups_and_bundles_show_their_parts() {
    let group = format!(
        r#"<group id="g">{}{}{}</group>"#,
        meta("is-managed", "false"),
        primitive("a", ""),
        primitive("b", "")
    );
    let started = history("a", &[("start", "0")]);
    assert_eq!(
        resources(cib("", &group, [&started, "", ""])),
        [
            "Resource Group: g (unmanaged):",
            "a\t(ocf:heartbeat:Dummy):\t Started n1 (unmanaged)",
            "b\t(ocf:heartbeat:Dummy):\t Stopped (unmanaged)",
        ]
    );
    let bundle = format!(
        r#"<bundle id="b"><podman image="i" replicas="2"/>
        <network ip-range-start="192.0.2.5" control-port="3121"/>{}</bundle>"#,
        primitive("a", "")
    );
    assert_eq!(
        resources(cib("", &bundle, ["", "", ""])),
        [
            "Container bundle set: b [i]:",
            "b-0 (192.0.2.5)\t(ocf:heartbeat:Dummy):\t Stopped",
            "b-1 (192.0.2.6)\t(ocf:heartbeat:Dummy):\t Stopped",
        ]
    );
}

#[test]
fn what_limits_the_cluster_comes_first() {
    let maintenance = r#"<nvpair id="o2" name="maintenance-mode" value="true"/>"#;
    let disabled = primitive("a", &meta("target-role", "Stopped"));
    let lines = status(cib(maintenance, &disabled, ["", "", ""]));
    assert_eq!(
        lines[..6],
        [
            "",
            "Resource management is DISABLED ***",
            "The cluster will not attempt to start, stop or recover services",
            "",
            "1 of 1 resource instances DISABLED and 0 BLOCKED from further action due to failure",
            "",
        ]
    );
}

#[test]
fn nodes_of_which_there_is_something_to_say_come_first() {
    let cib = cib("", &primitive("a", ""), ["", "", ""])
        .replace(
            r#"<node id="1" uname="n1"/>"#,
            r#"<node id="1" uname="n1"><instance_attributes id="i">
            <nvpair id="i1" name="standby" value="on"/></instance_attributes></node>"#,
        )
        .replace(
            r#"<node_state id="3" uname="n3" in_ccm="true""#,
            r#"<node_state id="3" uname="n3" in_ccm="false""#,
        );
    let lines = status(cib);
    assert_eq!(
        lines[1..5],
        [
            "Node List:",
            "Node n1: standby",
            "Online: [ n2 ]",
            "OFFLINE: [ n3 ]"
        ]
    );
}
