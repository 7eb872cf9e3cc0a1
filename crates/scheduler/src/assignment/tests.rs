//! What operators rely on: where things go, and why there.

use cib::time::DateTime;
use cib::xml::Document;

use crate::Wishes;
use crate::model::{Plan, Role};

/// Nodes `a`, `b` and `c`, all up, with what is active as `RESOURCE@NODE`.
fn cib(options: &str, resources: &str, constraints: &str, active: &str) -> Document {
    let nodes: String = ["a", "b", "c"]
        .map(|name| {
            format!(
                r#"<node id="{name}" uname="{name}"><utilization id="{name}-u">
                   <nvpair id="{name}-cpu" name="cpu" value="4"/></utilization></node>"#
            )
        })
        .concat();
    let states: String = ["a", "b", "c"].map(|name| state(name, active)).concat();
    let text = format!(
        r#"<cib validate-with="pacemaker-3.7" have-quorum="1" crm_feature_set="3.16.2">
           <configuration><crm_config><cluster_property_set id="options">
           <nvpair id="fencing" name="fencing-enabled" value="false"/>{options}
           </cluster_property_set></crm_config><nodes>{nodes}</nodes>
           <resources>{resources}</resources><constraints>{constraints}</constraints>
           </configuration><status>{states}</status></cib>"#
    );
    Document::parse(&text).expect("the test's own text is well-formed")
}

fn state(node: &str, active: &str) -> String {
    let history: String = active
        .split_whitespace()
        .filter_map(|place| place.split_once('@'))
        .filter(|&(_, at)| at == node)
        .map(|(id, _)| {
            format!(
                r#"<lrm_resource id="{id}" class="ocf" provider="pacemaker" type="Dummy">
                   <lrm_rsc_op id="{id}-start" operation="start" operation_key="{id}_start_0"
                   interval="0" call-id="1" rc-code="0" op-status="0"
                   transition-magic="0:0;1:1:0:x" transition-key="1:1:0:x"/></lrm_resource>"#
            )
        })
        .collect();
    format!(
        r#"<node_state id="{node}" uname="{node}" in_ccm="true" crmd="online" join="member"
           expected="member"><lrm id="{node}"><lrm_resources>{history}</lrm_resources></lrm>
           </node_state>"#
    )
}

fn primitive(id: &str) -> String {
    format!(r#"<primitive id="{id}" class="ocf" provider="pacemaker" type="Dummy"/>"#)
}

fn location(id: &str, node: &str, score: &str) -> String {
    format!(r#"<rsc_location id="{id}-{node}" rsc="{id}" node="{node}" score="{score}"/>"#)
}

fn colocation(dependent: &str, primary: &str, score: &str) -> String {
    format!(
        r#"<rsc_colocation id="{dependent}-{primary}" rsc="{dependent}" with-rsc="{primary}"
           score="{score}"/>"#
    )
}

/// Where all primitives go, in the order of configuration: `RESOURCE@NODE`, `*` after those that
/// are promoted.
fn places(cib: &Document) -> String {
    assigned(cib, |plan| {
        let primitives = plan.resources.ids().filter(|&id| plan.is_primitive(id));
        let places: Vec<String> = primitives.map(|id| place(plan, id)).collect();
        places.join(" ")
    })
}

/// What `ask` says about the plan once everything is assigned.
fn assigned<T>(cib: &Document, ask: impl FnOnce(&Plan<'_>) -> T) -> T {
    let expanded = crate::expansion::expand(cib);
    let now = DateTime::from_epoch_s(1_700_000_000);
    let mut plan = crate::read(&expanded, now, Wishes::default());
    crate::constraints::unpack(&mut plan);
    crate::constraints::apply_node_criteria(&mut plan);
    crate::constraints::imply(&mut plan);
    super::assign_all(&mut plan);
    ask(&plan)
}

fn place(plan: &Plan<'_>, resource: crate::model::ResourceId) -> String {
    let of = &plan.resources[resource];
    let node = of.assigned_to.map_or("-", |node| plan.nodes[node].name);
    let promoted = if of.next_role == Role::Promoted {
        "*"
    } else {
        ""
    };
    format!("{}@{node}{promoted}", of.id)
}

#[track_caller]
fn check(resources: &[&str], constraints: &[String], active: &str, expected: &str) {
    let resources: String = resources.iter().map(|id| primitive(id)).collect();
    let cib = cib("", &resources, &constraints.concat(), active);
    assert_eq!(places(&cib), expected);
}

#[test]
fn resources_spread_over_nodes_and_stay_where_they_are() {
    check(&["p", "q", "r", "s"], &[], "", "p@a q@b r@c s@a");
    check(&["p", "q"], &[], "p@c", "p@c q@a");
    check(&["p"], &[location("p", "b", "1")], "p@c", "p@b");
    check(&["p"], &[location("p", "b", "-INFINITY")], "p@b", "p@a");
}

#[test]
fn a_dependent_follows_and_has_a_say() {
    let with = |score: &str| colocation("d", "p", score);
    let prefers_c = |score: &str| location("d", "c", score);
    check(
        &["d", "p"],
        &[with("INFINITY"), location("p", "b", "1")],
        "",
        "d@b p@b",
    );
    check(
        &["d", "p"],
        &[with("INFINITY"), prefers_c("1")],
        "",
        "d@c p@c",
    );
    // At a thousandth, 100 is nothing; but it counts.
    check(
        &["d", "p"],
        &[with("1000"), prefers_c("100")],
        "",
        "d@c p@c",
    );
    let no_influence = with("INFINITY").replace("/>", r#" influence="false"/>"#);
    check(
        &["d", "p"],
        &[no_influence, prefers_c("1")],
        "p@b",
        "d@b p@b",
    );
}

#[test]
fn what_must_not_be_together_is_not_and_what_should_not_may_be() {
    let only_a = |id: &str| location(id, "b", "-INFINITY") + &location(id, "c", "-INFINITY");
    let apart = |score: &str| [colocation("d", "p", score), only_a("d"), only_a("p")];
    check(&["d", "p"], &apart("-INFINITY"), "", "d@- p@a");
    check(&["d", "p"], &apart("-1000"), "", "d@a p@a");
    // The primary makes way for a dependent that can be nowhere else.
    let elsewhere = [
        colocation("d", "p", "-INFINITY"),
        only_a("d"),
        location("p", "a", "9"),
    ];
    check(&["d", "p"], &elsewhere, "", "d@a p@b");
}

#[test]
fn a_loop_of_colocations_is_cut() {
    let round = [
        colocation("p", "q", "INFINITY"),
        colocation("q", "r", "INFINITY"),
        colocation("r", "p", "INFINITY"),
        location("q", "b", "1"),
    ];
    check(&["p", "q", "r"], &round, "", "p@b q@b r@b");
}

#[test]
fn members_of_a_group_share_a_node() {
    let group = format!(
        r#"<group id="g">{}{}</group>"#,
        primitive("p"),
        primitive("q")
    );
    let cib = cib("", &group, &location("g", "c", "5"), "q@b");
    assert_eq!(places(&cib), "p@c q@c");
}

fn clone(meta: &[(&str, &str)]) -> String {
    let pairs: String = meta
        .iter()
        .map(|(name, value)| format!(r#"<nvpair id="m-{name}" name="{name}" value="{value}"/>"#))
        .collect();
    format!(
        r#"<clone id="k"><meta_attributes id="m">{pairs}</meta_attributes>{}</clone>"#,
        primitive("p")
    )
}

#[test]
fn instances_of_a_clone_are_not_shuffled() {
    let two = clone(&[("clone-max", "2")]);
    assert_eq!(places(&cib("", &two, "", "p@c p@b")), "p:0@b p:1@c");
    let better = location("k", "a", "100");
    let cib = cib("", &two, &better, "p@c p@b");
    assert_eq!(places(&cib), "p:0@b p:1@a");
}

#[test]
fn promotion_needs_a_score_or_a_constraint() {
    let promotable = clone(&[("promotable", "true"), ("clone-max", "2")]);
    assert_eq!(places(&cib("", &promotable, "", "")), "p:0@a p:1@b");
    let on_b = r##"<rsc_location id="l" rsc="k"><rule id="r" role="Promoted" score="10">
        <expression id="e" attribute="#uname" operation="eq" value="b"/></rule></rsc_location>"##;
    assert_eq!(places(&cib("", &promotable, on_b, "")), "p:0@a p:1@b*");
}

#[test]
fn nodes_take_no_more_than_they_have_room_for() {
    let heavy = |id: &str| {
        primitive(id).replace(
            "/>",
            &format!(
                r#"><utilization id="{id}-u"><nvpair id="{id}-cpu" name="cpu" value="3"/>
                   </utilization></primitive>"#
            ),
        )
    };
    let strategy = r#"<nvpair id="strategy" name="placement-strategy" value="utilization"/>"#;
    let resources: String = ["p", "q", "r", "s"].map(heavy).concat();
    let cib = cib(strategy, &resources, &location("q", "a", "5"), "");
    assert_eq!(places(&cib), "p@b q@a r@c s@-");
}

#[test]
fn rules_on_time_ask_for_another_run_where_they_have_a_say() {
    let until = "2023-11-14T23:00:00Z";
    let rule =
        format!(r#"<rule id="R"><date_expression id="d" operation="lt" end="{until}"/></rule>"#);
    let of_parameters = primitive("p").replace(
        "/>",
        &format!(r#"><instance_attributes id="i">{rule}</instance_attributes></primitive>"#),
    );
    let of_location = r##"<rsc_location id="l" rsc="p"><rule id="r" score="1">
        <expression id="e" attribute="#uname" operation="eq" value="b"/></rule></rsc_location>"##;
    let recheck = |constraint: &str| {
        assigned(&cib("", &of_parameters, constraint, ""), |plan| {
            plan.recheck_by_s
        })
    };
    assert_eq!(recheck(""), None, "nothing depends on the parameters");
    assert_eq!(recheck(of_location), Some(1_700_002_800));
}
