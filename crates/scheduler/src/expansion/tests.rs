//! What small configurations stand for, as XML.

use cib::xml::Document;

/// What `resources` looks like once it is spelled out.
fn expanded(resources: &str) -> String {
    let text =
        format!("<cib><configuration><resources>{resources}</resources></configuration></cib>");
    let cib = Document::parse(&text).expect("the test's XML is well-formed");
    let expanded = super::expand(&cib);
    let configuration = expanded.root().child("configuration");
    let resources = configuration.and_then(|section| section.child("resources"));
    resources.map_or_else(String::new, |resources| {
        resources
            .children()
            .map(|resource| resource.to_compact_text())
            .collect::<Vec<_>>()
            .join("\n")
    })
}

#[test]
fn templates_give_what_resources_do_not_say() {
    let template = r#"<template id="T" class="ocf" type="Dummy"><operations><op id="T1" name="monitor" interval="10"/><op id="T2" name="start" interval="0"/></operations></template>"#;
    let check = |resource: &str, expected: &str| {
        let all = expanded(&format!("{template}{resource}"));
        assert_eq!(all, format!("{template}\n{expected}"));
    };
    check(
        r#"<primitive id="A" template="T"/>"#,
        r#"<primitive id="A" class="ocf" type="Dummy" template="T" template-expanded="true"><operations><op id="T1" name="monitor" interval="10"/><op id="T2" name="start" interval="0"/></operations></primitive>"#,
    );
    check(
        r#"<primitive id="A" template="T"><operations><op id="A1" name="monitor" interval="5" role="Started"/></operations></primitive>"#,
        r#"<primitive id="A" class="ocf" type="Dummy" template="T" template-expanded="true"><operations><op id="A1" name="monitor" interval="5" role="Started"/><op id="T2" name="start" interval="0"/></operations></primitive>"#,
    );
    check(
        r#"<primitive id="A" template="missing"/>"#,
        r#"<primitive id="A" template="missing"/>"#,
    );
}

#[test]
fn guests_get_connections() {
    let guest = r#"<primitive id="vm"><meta_attributes id="m"><nvpair id="n" name="remote-node" value="guest1"/></meta_attributes></primitive>"#;
    let connection = r#"<primitive id="guest1" class="ocf" provider="pacemaker" type="remote"><meta_attributes id="guest1-meta_attributes"><nvpair id="guest1-meta_attributes-internal_rsc" name="internal_rsc" value="true"/><nvpair id="guest1-meta_attributes-container" name="container" value="vm"/></meta_attributes><operations><op id="guest1-monitor-30s" interval="30s" name="monitor" timeout="30s"/><op id="guest1-start-0" interval="0" name="start" timeout="60s"/></operations></primitive>"#;
    assert_eq!(expanded(guest), format!("{guest}\n{connection}"));
    let nested = guest.replace(
        r#"id="vm""#,
        r#"id="vm" class="ocf" provider="pacemaker" type="remote""#,
    );
    assert_eq!(expanded(&nested), nested);
}

#[test]
fn bundles_hold_what_they_imply() {
    let all = expanded(
        r#"<bundle id="B"><podman image="i" replicas="2"/><network ip-range-start="10.0.0.254"><port-mapping id="p" port="80"/></network><primitive id="A" class="ocf"/></bundle>"#,
    );
    let parts = [
        r#"<clone id="B-clone"><meta_attributes id="B-clone-meta">"#,
        r#"<primitive id="A" class="ocf"/></clone>"#,
        r#"<replica ip="10.0.0.254"><primitive id="B-podman-0" class="ocf" provider="heartbeat" type="podman">"#,
        r#"name="run_opts" value=" -h B-0 -e PCMK_stderr=1 -e PCMK_remote_port=3121 -v /etc/pacemaker/authkey:/etc/pacemaker/authkey -v /var/log/pacemaker/bundles/B-0:/var/log -p 10.0.0.254:80:80 -p 10.0.0.254:3121:3121  --add-host=B-0:10.0.0.254 --add-host=B-1:10.0.1.1"/>"#,
        r#"name="mount_points" value="/var/log/pacemaker/bundles/B-0"/>"#,
        r#"<primitive id="B-ip-10.0.0.254" class="ocf" provider="heartbeat" type="IPaddr2">"#,
        r#"<replica ip="10.0.1.1"><primitive id="B-podman-1""#,
        r#"<primitive id="B-1" class="ocf" provider="pacemaker" type="remote">"#,
        r#"name="addr" value="10.0.1.1"/>"#,
    ];
    let mut rest = all.as_str();
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("{part} is missing in {rest}");
        };
        rest = after;
    }
}

#[test]
fn a_container_that_cannot_be_reached_is_left_alone() {
    let bundle = r#"<bundle id="B"><docker image="i"/><primitive id="A" class="ocf"/></bundle>"#;
    assert_eq!(expanded(bundle), bundle);
}
