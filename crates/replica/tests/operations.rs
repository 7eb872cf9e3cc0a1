//! What each operation makes of a CIB.

use cib::CibVersion;
use cib::xml::Document;
use replica::execute::execute;
use replica::limits::MAX_VERSION_PART;
use replica::{Change, Expectation, Operation, Origin, section};

const CIB: &str = "<cib validate-with=\"pacemaker-3.9\" admin_epoch=\"1\" epoch=\"5\" \
    num_updates=\"3\"><configuration><crm_config/><nodes/><resources>\
    <primitive id=\"a\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\">\
    <meta_attributes id=\"a-m\"><nvpair id=\"a-p\" name=\"priority\" value=\"1\"/></meta_attributes>\
    </primitive><primitive id=\"b\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\"/></resources>\
    <constraints/></configuration><status><node_state id=\"1\" uname=\"n\"/></status></cib>";

/// Carries out `operations`; the new version and what is in `show` (a section or nothing), or the
/// error.
fn outcome(operations: Vec<Operation>, show: &str) -> String {
    let mut document = Document::parse(CIB).expect("well-formed");
    let change = Change {
        operations,
        ..Change::default()
    };
    match execute(&mut document, &change) {
        Ok(_) => {
            let version = CibVersion::of(document.root());
            let shown = document.root().descendants().find(|it| it.name() == show);
            let text = shown.map(|it| it.to_compact_text()).unwrap_or_default();
            format!("{version} {text}").trim_end().to_owned()
        }
        Err(error) => error.to_string(),
    }
}

fn check(operation: Operation, show: &str, expected: &str) {
    assert_eq!(
        outcome(vec![operation.clone()], show),
        expected,
        "{operation:?}"
    );
}

fn place(name: &str) -> String {
    section(name).expect("it is a section").to_owned()
}

#[test]
fn create() {
    let create = |parent: &str, element: &str| Operation::Create {
        parent: parent.to_owned(),
        element: element.to_owned(),
    };
    let nodes = place("nodes");
    check(
        create(&nodes, "<node id='1' uname='n'/>"),
        "nodes",
        "1.6.0 <nodes><node id=\"1\" uname=\"n\"/></nodes>",
    );
    check(
        create("//resources", "<primitive id='a'/>"),
        "",
        "there is <primitive id=\"a\"> already",
    );
    check(
        create("//tags", "<x/>"),
        "",
        "there is no element at //tags",
    );
    check(
        create("/cib/status", "<node_state id='2'/>"),
        "status",
        "1.5.4 <status><node_state id=\"1\" uname=\"n\"/><node_state id=\"2\"/></status>",
    );
    let broken = outcome(vec![create(&nodes, "<node")], "");
    assert!(
        broken.starts_with("the element that was given cannot be read"),
        "{broken}"
    );
    let invalid = outcome(vec![create(&nodes, "<nodule/>")], "");
    assert!(
        invalid.starts_with("the result does not follow its schema: "),
        "{invalid}"
    );
    let bad = outcome(vec![create("//[", "<x/>")], "");
    assert!(bad.contains("is not a query"), "{bad}");
}

#[test]
fn modify() {
    let modify = |place: Option<&str>, element: &str, may_create| Operation::Modify {
        place: place.map(str::to_owned),
        element: element.to_owned(),
        may_create,
    };
    check(
        modify(None, "<nvpair id='a-p' value='value++'/>", false),
        "meta_attributes",
        "1.6.0 <meta_attributes id=\"a-m\"><nvpair id=\"a-p\" name=\"priority\" value=\"2\"/>\
         </meta_attributes>",
    );
    check(
        modify(None, "<nvpair id='a-p' value='value+=10'/>", false),
        "nvpair",
        "1.6.0 <nvpair id=\"a-p\" name=\"priority\" value=\"11\"/>",
    );
    check(
        modify(None, "<nvpair id='a-p' value='1'/>", false),
        "",
        "1.5.3",
    );
    check(
        modify(None, "<nvpair id='x' value='1'/>", true),
        "",
        "there is no <nvpair id=\"x\">",
    );
    check(
        modify(
            Some("//meta_attributes"),
            "<nvpair id='x' name='x' value='1'/>",
            true,
        ),
        "meta_attributes",
        "1.6.0 <meta_attributes id=\"a-m\"><nvpair id=\"a-p\" name=\"priority\" value=\"1\"/>\
         <nvpair id=\"x\" name=\"x\" value=\"1\"/></meta_attributes>",
    );
    check(
        modify(
            None,
            "<cib><status><node_state id='1' uname='m'/></status></cib>",
            false,
        ),
        "status",
        "1.5.4 <status><node_state id=\"1\" uname=\"m\"/></status>",
    );
    check(modify(None, "<cib have-quorum='1'/>", false), "", "1.5.4");
    check(
        modify(None, "<cib admin_epoch='admin_epoch++'/>", false),
        "",
        "2.5.3",
    );
    check(modify(None, "<cib epoch='9'/>", false), "", "1.9.0");
    check(modify(None, "<cib epoch='4'/>", false), "", "1.5.3");
    check(modify(None, "<cib admin_epoch='0'/>", false), "", "1.5.3");
    let over = format!("<cib epoch='{}'/>", MAX_VERSION_PART + 1);
    let limit = format!("<cib epoch='{MAX_VERSION_PART}'/>");
    check(
        modify(None, &over, false),
        "",
        "a version's parts end at 1000000000",
    );
    check(modify(None, &limit, false), "", "1.1000000000.0");
}

/// Of many children each finds its own, as if it had come alone: those that are there, new ones, one
/// that comes twice, and one without an id.
#[test]
fn many_children_are_merged_like_few() {
    let states = |range: std::ops::Range<u32>, name: &str| -> String {
        range
            .map(|id| format!("<node_state id=\"{id}\" {name}=\"{id}\"/>"))
            .collect()
    };
    let twice = "<node_state id=\"30\" late=\"1\"/>";
    let children = states(1..40, "first") + twice + "<node_state crmd=\"online\"/>";
    let modify = |children: &str| Operation::Modify {
        place: None,
        element: format!("<status>{children}</status>"),
        may_create: false,
    };
    let one_by_one = children
        .split_inclusive("/>")
        .map(modify)
        .collect::<Vec<_>>();
    let at_once = outcome(vec![modify(&children)], "status");
    assert_eq!(at_once, outcome(one_by_one, "status"));
    assert_eq!(at_once.matches("<node_state ").count(), 39, "{at_once}");
    assert!(at_once.contains("uname=\"n\" first=\"1\" crmd=\"online\""));
}

#[test]
fn replace() {
    let replace = |place: Option<&str>, element: &str, is_forced| Operation::Replace {
        place: place.map(str::to_owned),
        element: element.to_owned(),
        is_forced,
    };
    let resources = place("resources");
    check(
        replace(Some(&resources), "<resources/>", false),
        "resources",
        "1.6.0 <resources/>",
    );
    check(
        replace(None, "<nvpair id='a-p' name='priority' value='1'/>", false),
        "",
        "1.5.3",
    );
    check(replace(None, "<x/>", false), "", "there is no <x>");
    let whole = |version: &str, status: &str| {
        format!(
            "<cib validate-with='pacemaker-3.9' {version}><configuration><crm_config/><nodes/>\
             <resources/><constraints/></configuration>{status}</cib>"
        )
    };
    let older = whole("admin_epoch='1' epoch='4' num_updates='9'", "<status/>");
    check(
        replace(None, &older, false),
        "",
        "the CIB that was given has version 1.4.9, which is older than 1.5.3",
    );
    check(replace(None, &older, true), "status", "1.6.0 <status/>");
    // What an administrator has edited while the status moved on.
    let edited = whole("admin_epoch='1' epoch='5' num_updates='1'", "<status/>");
    check(
        replace(None, &edited, false),
        "status",
        "1.6.0 <status><node_state id=\"1\" uname=\"n\"/></status>",
    );
    let current = whole("admin_epoch='1' epoch='5' num_updates='3'", "<status/>");
    check(replace(None, &current, false), "status", "1.6.0 <status/>");
    let newer = whole("admin_epoch='3' epoch='1' num_updates='0'", "");
    check(
        replace(None, &newer, false),
        "status",
        "3.1.0 <status><node_state id=\"1\" uname=\"n\"/></status>",
    );
    check(replace(None, CIB, false), "", "1.5.3");
}

#[test]
fn delete() {
    let matching = |element: &str| Operation::DeleteMatching {
        element: element.to_owned(),
    };
    let found = |query: &str, all| Operation::Delete {
        query: query.to_owned(),
        all,
    };
    check(
        matching("<primitive id='a' type='Dummy'/>"),
        "resources",
        "1.6.0 <resources><primitive id=\"b\" class=\"ocf\" provider=\"heartbeat\" \
         type=\"Dummy\"/></resources>",
    );
    check(matching("<primitive id='a' type='other'/>"), "", "1.5.3");
    let root = "the root element can be replaced by another <cib> only, and not be removed";
    check(matching("<cib/>"), "", root);
    check(found("/cib", true), "", root);
    check(
        found("//primitive", true),
        "resources",
        "1.6.0 <resources/>",
    );
    check(
        found("//primitive", false),
        "resources",
        "1.6.0 <resources><primitive id=\"b\" class=\"ocf\" provider=\"heartbeat\" \
         type=\"Dummy\"/></resources>",
    );
    check(
        found("//meta_attributes | //nvpair", true),
        "nvpair",
        "1.6.0",
    );
    check(found("//clone", true), "", "1.5.3");
    check(found("/cib/status", false), "status", "1.5.4 <status/>");
    let gone = outcome(vec![found("/cib/configuration", false)], "");
    assert!(gone.contains("schema"), "{gone}");
}

#[test]
fn patches_upgrades_and_the_rest() {
    let mut new = Document::parse(&CIB.replace("\"n\"", "\"m\"")).expect("well-formed");
    let old = Document::parse(CIB).expect("well-formed");
    CibVersion::of(old.root()).next(false).write(&mut new);
    let patch = cib::patch::diff(&old, &new)
        .expect("they differ")
        .to_string();
    let patch = Operation::Patch { patch };
    check(
        patch.clone(),
        "status",
        "1.5.4 <status><node_state id=\"1\" uname=\"m\"/></status>",
    );
    check(Operation::Bump, "", "1.6.0");
    check(Operation::Erase, "resources", "1.6.0 <resources/>");
    check(Operation::Upgrade, "", "1.6.0");
    let twice = outcome(vec![patch.clone(), patch], "");
    assert!(twice.contains("already"), "{twice}");
}

#[test]
fn a_batch_is_one_change() {
    let bump = || Operation::Bump;
    assert_eq!(outcome(vec![bump(), bump(), Operation::Erase], ""), "1.6.0");
    assert_eq!(outcome(vec![], ""), "1.5.3");
}

#[test]
fn who_and_when() {
    let mut document = Document::parse(CIB).expect("well-formed");
    let change = Change {
        origin: Some(Origin {
            time: "now".to_owned(),
            node: "n1".to_owned(),
            client: "cibadmin".to_owned(),
            user: "root".to_owned(),
        }),
        expectation: Some(Expectation::Version(CibVersion::of(document.root()))),
        ..Change::of(Operation::Bump)
    };
    execute(&mut document, &change).expect("it is made");
    assert_eq!(document.root().attribute("update-client"), Some("cibadmin"));
    let again = execute(&mut document, &change).map_err(|error| error.to_string());
    assert_eq!(
        again,
        Err("the CIB has version 1.6.0, which is not what the change is meant for".to_owned())
    );
}
