use cib::time::DateTime;
use cib::version::CibVersion;
use cib::xml::{Document, Element};

use super::*;
use crate::walk::Ending;
use crate::{Wishes, expansion, read};

const NOW_S: i64 = 1_700_000_000;

const CIB: &str = r#"<cib have-quorum="1"><configuration><crm_config/>
    <nodes><node id="1" uname="a"/><node id="2" uname="b"/></nodes>
    <resources>
      <primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2"/>
      <clone id="c"><primitive id="d" class="lsb" type="d"/></clone>
      <primitive id="far" class="ocf" provider="pacemaker" type="remote"/>
    </resources><constraints/></configuration>
    <status>
      <node_state id="1" uname="a" in_ccm="true" crmd="online" join="member" expected="member">
        <transient_attributes id="1"><instance_attributes id="s1">
          <nvpair id="s1-fail-count-ip.monitor_10000" name="fail-count-ip#monitor_10000" value="2"/>
        </instance_attributes></transient_attributes>
        <lrm id="1"><lrm_resources>
          <lrm_resource id="ip" class="ocf" provider="heartbeat" type="IPaddr2">
            <lrm_rsc_op id="ip_last_0" operation_key="ip_monitor_0" operation="monitor" call-id="7"
              rc-code="7" op-status="0" interval="0"/>
          </lrm_resource>
        </lrm_resources></lrm>
      </node_state>
      <node_state id="2"/>
    </status></cib>"#;

/// A CIB as text, parsed; the test's own are well-formed.
fn parsed(text: &str) -> Document {
    Document::parse(text).expect("the test's XML is well-formed")
}

/// The CIB after `graph`, whose steps are given one by one, and what happened.
fn carried_out(steps: &[&str], failing: &[&str]) -> (Document, Execution) {
    let mut cib = parsed(CIB);
    let expanded = expansion::expand(&cib);
    let plan = read(&expanded, DateTime::from_epoch_s(NOW_S), Wishes::default());
    let graph: String = steps
        .iter()
        .map(|step| format!("<synapse><action_set>{step}</action_set><inputs/></synapse>"))
        .collect();
    let graph = parsed(&format!(
        r#"<transition_graph failed-start-offset="1">{graph}</transition_graph>"#
    ));
    let failing: Vec<String> = failing.iter().map(|&key| key.to_owned()).collect();
    let execution = carry_out(&mut cib, &plan, &graph, &failing, false, NOW_S);
    (cib, execution.expect("no state is there twice"))
}

fn injected(injections: &Injections) -> (Document, Vec<Event>) {
    let mut cib = parsed(CIB);
    let expanded = expansion::expand(&cib);
    let plan = read(&expanded, DateTime::from_epoch_s(NOW_S), Wishes::default());
    let events = inject(&mut cib, &plan, injections, NOW_S);
    (cib, events.expect("no state is there twice"))
}

fn state<'d>(cib: &'d Document, node: &str) -> Element<'d> {
    cib.root()
        .descendants()
        .find(|element| element.name() == "node_state" && element.attribute("uname") == Some(node))
        .expect("the node has a state")
}

/// Ids, results and call numbers of what history says of a resource on a node.
fn history<'d>(cib: &'d Document, node: &str, resource: &str) -> Vec<[&'d str; 3]> {
    state(cib, node)
        .descendants()
        .filter(|element| element.name() == "lrm_resource" && element.id() == Some(resource))
        .flat_map(Element::children)
        .map(|entry| {
            ["id", "rc-code", "call-id"].map(|name| entry.attribute(name).unwrap_or_default())
        })
        .collect()
}

fn attribute<'d>(state: Element<'d>, name: &str) -> Option<&'d str> {
    state
        .descendants()
        .find(|pair| pair.attribute("name") == Some(name))?
        .attribute("value")
}

/// An operation of `ip` on `node`.
fn operation(task: &str, interval_ms: u32, node: &str, uuid: &str) -> String {
    format!(
        r#"<rsc_op id="5" operation="{task}" on_node="{node}" on_node_uuid="{uuid}">
        <primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2"/>
        <attributes CRM_meta_interval="{interval_ms}" CRM_meta_op_target_rc="0"/></rsc_op>"#
    )
}

#[test]
fn results_replace_what_they_make_obsolete() {
    let start = operation("start", 0, "a", "1");
    let monitor = operation("monitor", 10_000, "a", "1");
    let reload = operation("reload-agent", 0, "a", "1");
    let (cib, execution) = carried_out(&[&start, &monitor, &reload], &[]);
    assert_eq!(execution.ending, Ending::Complete);
    assert_eq!(
        history(&cib, "a", "ip"),
        [["ip_last_0", "0", "10"], ["ip_monitor_10000", "0", "9"]]
    );
}

#[test]
fn a_node_without_a_name_gets_one_and_an_unknown_node_a_state() {
    let known = operation("start", 0, "b", "2");
    let unknown = operation("start", 0, "z", "9");
    let (cib, _) = carried_out(&[&known, &unknown], &[]);
    for (node, uuid) in [("b", "2"), ("z", "9")] {
        assert_eq!(state(&cib, node).id(), Some(uuid));
        assert_eq!(history(&cib, node, "ip"), [["ip_last_0", "0", "1"]]);
    }
}

#[test]
fn failures_are_counted_and_end_the_transition() {
    let start = operation("start", 0, "a", "1");
    let stop = operation("stop", 0, "b", "2");
    let (cib, execution) = carried_out(&[&start, &stop], &["IP_start_0@a=1"]);
    assert_eq!(execution.ending, Ending::Stopped);
    assert_eq!(
        history(&cib, "a", "ip"),
        [["ip_last_0", "1", "8"], ["ip_last_failure_0", "1", "8"]]
    );
    assert_eq!(
        attribute(state(&cib, "a"), "fail-count-ip#start_0"),
        Some("1")
    );
    let (cib, _) = carried_out(&[&stop], &["ip_stop_0@b=1"]);
    // Where the graph does not say what a failure counts, it counts as infinitely many.
    assert_eq!(
        attribute(state(&cib, "b"), "fail-count-ip#stop_0"),
        Some("INFINITY")
    );
}

#[test]
fn fencing_makes_a_node_leave_without_a_trace() {
    let fence = r#"<crm_event id="1" operation="stonith" on_node="a" on_node_uuid="1">
        <attributes CRM_meta_stonith_action="reboot"/></crm_event>"#;
    let (cib, _) = carried_out(&[fence], &[]);
    let state = state(&cib, "a");
    assert_eq!(state.attribute("in_ccm"), Some("false"));
    assert_eq!(state.attribute("join"), Some("down"));
    assert_eq!(state.children().count(), 0);
    let unfence = fence.replace("reboot", "on");
    let (cib, _) = carried_out(&[&unfence], &[]);
    assert_eq!(self::state(&cib, "a").attribute("in_ccm"), Some("true"));
}

#[test]
fn nodes_and_tickets_change_as_asked() {
    let one = |name: &str| vec![name.to_owned()];
    let (cib, _) = injected(&Injections {
        node_up: one("new"),
        node_down: one("a"),
        node_fail: one("far"),
        ticket_grant: one("t"),
        ticket_standby: one("t"),
        quorum: Some("false".to_owned()),
        watchdog: Some("1".to_owned()),
        ..Injections::default()
    });
    let values = |node| ["id", "in_ccm", "join"].map(|name| state(&cib, node).attribute(name));
    assert_eq!(values("new"), [Some("new"), Some("true"), Some("member")]);
    assert_eq!(values("a"), [Some("1"), Some("false"), Some("down")]);
    assert_eq!(values("far"), [Some("far"), Some("false"), Some("member")]);
    assert_eq!(cib.root().attribute("have-quorum"), Some("false"));
    assert_eq!(attribute(cib.root(), "have-watchdog"), Some("1"));
    let has = |name: &str, id: &str| {
        cib.root()
            .descendants()
            .any(|element| element.name() == name && element.id() == Some(id))
    };
    assert!(has("node", "new"));
    assert!(has("node", "far"));
    let ticket = cib
        .root()
        .descendants()
        .find(|element| element.name() == "ticket_state")
        .expect("the ticket has a state");
    assert_eq!(ticket.attribute("granted"), Some("true"));
    assert_eq!(ticket.attribute("standby"), Some("true"));
}

#[test]
fn edits_that_change_something_raise_the_version() {
    let check = |injections: &Injections, expected: (i64, i64)| {
        let (cib, _) = injected(injections);
        let version = CibVersion::of(cib.root());
        assert_eq!((version.epoch, version.num_updates), expected);
    };
    let nodes = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let node_up = |names| Injections {
        node_up: nodes(names),
        ..Injections::default()
    };
    check(&node_up(&["a"]), (0, 1));
    check(&node_up(&["a", "a"]), (0, 1));
    // The configuration gets the node, the status section its state, which then changes.
    check(&node_up(&["new"]), (1, 2));
    // The state changes, attributes and results go.
    let node_down = Injections {
        node_down: nodes(&["a"]),
        ..Injections::default()
    };
    check(&node_down, (0, 3));
    let quorum = Injections {
        quorum: Some("1".to_owned()),
        ..Injections::default()
    };
    check(&quorum, (0, 0));
}

#[test]
fn nodes_that_nothing_knows_are_refused() {
    let (_, events) = injected(&Injections {
        node_down: vec!["z".to_owned()],
        operations: vec!["ip_stop_0@z=1".to_owned()],
        ..Injections::default()
    });
    let refused = Event::Error("Invalid node name: z (--node-up adds it)".to_owned());
    let operation = Event::Operation("ip_stop_0@z=1".to_owned());
    assert_eq!(events, [refused.clone(), operation, refused]);
}

#[test]
fn injected_results_count_as_failures() {
    let operations = [
        "ip_monitor_10000@a=7",
        "d:0_monitor_0@a=7",
        "none_stop_0@a=1",
        "x@a",
    ];
    let (cib, events) = injected(&Injections {
        operations: operations.map(str::to_owned).into(),
        ..Injections::default()
    });
    assert_eq!(
        attribute(state(&cib, "a"), "fail-count-ip#monitor_10000"),
        Some("3")
    );
    assert_eq!(
        history(&cib, "a", "ip"),
        [["ip_last_0", "7", "7"], ["ip_last_failure_0", "7", "8"]]
    );
    assert_eq!(history(&cib, "a", "d:0").len(), 2);
    let errors: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event, Event::Error(_)))
        .collect();
    assert_eq!(
        errors,
        [
            &Event::Error("Invalid resource name: none".to_owned()),
            &Event::Error("Invalid operation spec: x@a.  Only found 2 fields".to_owned()),
        ]
    );
}

#[test]
fn a_state_that_is_there_twice_is_refused() {
    let mut cib = parsed(&CIB.replace(r#"<node_state id="2"/>"#, r#"<node_state uname="a"/>"#));
    let expanded = expansion::expand(&cib);
    let plan = read(&expanded, DateTime::from_epoch_s(NOW_S), Wishes::default());
    let injections = Injections {
        node_up: vec!["a".to_owned()],
        ..Injections::default()
    };
    assert_eq!(
        inject(&mut cib, &plan, &injections, NOW_S),
        Err(Fault::DuplicateNodeState("a".to_owned()))
    );
}
