//! Which nodes a configuration makes.

use cib::time::DateTime;
use cib::xml::Document;

use crate::{Wishes, expansion, read};

/// The nodes that are there with `resources` and the member `n`.
#[track_caller]
fn check(resources: &str, expected: &[&str]) {
    let text = format!(
        r#"<cib><configuration><crm_config/><nodes><node id="1" uname="n"/></nodes>
        <resources>{resources}</resources><constraints/></configuration><status/></cib>"#
    );
    let cib = Document::parse(&text).expect("the test's CIB is well-formed");
    let cib = expansion::expand(&cib);
    let plan = read(&cib, DateTime::from_epoch_s(1), Wishes::default());
    let nodes = plan.nodes_by_name.iter();
    let nodes: Vec<&str> = nodes.map(|&node| plan.nodes[node].name).collect();
    assert_eq!(nodes, expected);
}

#[test]
fn a_connection_makes_a_node() {
    let remote = r#"class="ocf" provider="pacemaker" type="remote""#;
    check(&format!(r#"<primitive id="far" {remote}/>"#), &["far", "n"]);
    check(
        &format!(r#"<template id="t" {remote}/><primitive id="far" template="t"/>"#),
        &["n", "t"],
    );
}

#[test]
fn a_bundle_makes_nodes_if_it_can_be_used() {
    let bundle = |class: &str, promoted_max: u8| {
        format!(
            r#"<bundle id="b"><docker image="i" replicas="2" promoted-max="{promoted_max}"/>
               <network control-port="3121"/><primitive id="p" class="{class}" type="p"/></bundle>"#
        )
    };
    check(&bundle("ocf", 1), &["b-0", "b-1", "n"]);
    check(&bundle("lsb", 0), &["b-0", "b-1", "n"]);
    check(&bundle("lsb", 1), &["n"]);
}

#[test]
fn replicas_of_what_cannot_be_unique_are_one_a_node() {
    let bundle = |class: &str| {
        format!(
            r#"<bundle id="b"><docker image="i" replicas="3" replicas-per-host="2"/>
               <network ip-range-start="192.0.2.1"/><primitive id="p" class="{class}" type="p"/>
               </bundle>"#
        )
    };
    check(&bundle("ocf"), &["b-0", "b-1", "b-2", "n"]);
    check(&bundle("lsb"), &["b-0", "n"]);
}
