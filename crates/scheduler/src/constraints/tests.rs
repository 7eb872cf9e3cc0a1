//! What constraints make of a small cluster: nodes `n1` and `n2`, primitives `a`, `b`, `c`, the
//! promotable clone `p`, the group `g` of `g1` and `g2`, the tags `ab` of `a` and `b`, `abc` of `ab`
//! and `c`, `gap` of `a` and something unknown, and `loop` of itself.

use cib::time::DateTime;
use cib::xml::Document;

use crate::model::{Plan, Severity};
use crate::{Wishes, expansion};

const RESOURCES: &str = r#"
  <primitive id="a" class="ocf" provider="test" type="Dummy"/>
  <primitive id="b" class="ocf" provider="test" type="Dummy"/>
  <primitive id="c" class="ocf" provider="test" type="Dummy"/>
  <clone id="p">
    <meta_attributes id="p-meta"><nvpair id="p-promotable" name="promotable" value="true"/></meta_attributes>
    <primitive id="s" class="ocf" provider="test" type="Stateful"/>
  </clone>
  <group id="g">
    <primitive id="g1" class="ocf" provider="test" type="Dummy"/>
    <primitive id="g2" class="ocf" provider="test" type="Dummy"/>
  </group>"#;

/// Calls `look` with a plan for which `constraints` have been read.
fn with(constraints: &str, look: impl FnOnce(&mut Plan<'_>)) {
    let text = format!(
        r#"<cib><configuration><crm_config/>
        <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
        <resources>{RESOURCES}</resources>
        <constraints>{constraints}</constraints>
        <tags><tag id="ab"><obj_ref id="a"/><obj_ref id="b"/></tag>
        <tag id="abc"><obj_ref id="ab"/><obj_ref id="c"/></tag>
        <tag id="gap"><obj_ref id="a"/><obj_ref id="x"/></tag>
        <tag id="loop"><obj_ref id="loop"/></tag></tags>
        </configuration><status/></cib>"#
    );
    let cib = Document::parse(&text).expect("the test's CIB is well-formed");
    let cib = expansion::expand(&cib);
    let mut plan = crate::read(&cib, DateTime::from_epoch_s(1), Wishes::default());
    plan.messages.clear();
    super::unpack(&mut plan);
    look(&mut plan);
}

/// The orderings of `plan`, as `first then then`.
fn orderings(plan: &Plan<'_>) -> Vec<String> {
    plan.orderings
        .iter()
        .map(|ordering| {
            let name = |end: &crate::model::OrderingEnd| match (&end.task, end.action) {
                (Some(task), _) => {
                    let id = end.resource.map(|resource| &*plan.resources[resource].id);
                    format!("{}_{task}", id.unwrap_or_default())
                }
                (None, Some(action)) => plan.actions[action].key.to_string(),
                (None, None) => String::from("?"),
            };
            format!("{} then {}", name(&ordering.first), name(&ordering.then))
        })
        .collect()
}

#[test]
fn orders() {
    let check = |constraint: &str, expected: &[&str]| {
        with(constraint, |plan| {
            assert_eq!(orderings(plan), expected, "{constraint}");
            assert!(plan.messages.is_empty(), "{:?}", plan.messages);
        });
    };
    check(
        r#"<rsc_order id="o" first="a" then="b"/>"#,
        &["a_start then b_start", "b_stop then a_stop"],
    );
    check(
        r#"<rsc_order id="o" first="p" first-action="promote" then="b" then-action="start"/>"#,
        &["p_promote then b_start", "b_stop then p_demote"],
    );
    check(
        r#"<rsc_order id="o" first="p" then="b" symmetrical="false"/>"#,
        &["p_start then b_start"],
    );
    check(
        r#"<rsc_order id="o" first="a" then="b" kind="Serialize"/>"#,
        &["a_start then b_start"],
    );
    check(
        r#"<rsc_order id="o"><resource_set id="s1">
             <resource_ref id="a"/><resource_ref id="b"/><resource_ref id="c"/>
           </resource_set></rsc_order>"#,
        &[
            "a_start then b_start",
            "b_start then c_start",
            "b_stop then a_stop",
            "c_stop then b_stop",
        ],
    );
    check(
        r#"<rsc_order id="o" symmetrical="false">
             <resource_set id="s1" require-all="false" sequential="false">
               <resource_ref id="a"/><resource_ref id="b"/>
             </resource_set>
             <resource_set id="s2"><resource_ref id="c"/></resource_set>
           </rsc_order>"#,
        &[
            "a_start then one-or-more:s1",
            "b_start then one-or-more:s1",
            "one-or-more:s1 then c_start",
        ],
    );
    check(
        r#"<rsc_order id="o" symmetrical="false" first="ab" then="c"/>"#,
        &["a_start then c_start", "b_start then c_start"],
    );
    check(
        r#"<rsc_order id="o" symmetrical="false"><resource_set id="s1">
             <resource_ref id="abc"/></resource_set></rsc_order>"#,
        &["a_start then b_start", "b_start then c_start"],
    );
}

#[test]
fn colocations_are_sorted() {
    let constraints = r#"
        <rsc_colocation id="1" rsc="c" with-rsc="a" score="1"/>
        <rsc_colocation id="2" rsc="g" with-rsc="a" score="2"/>
        <rsc_colocation id="3" rsc="b" with-rsc="a" score="3"/>
        <rsc_colocation id="4" rsc="p" with-rsc="a" score="4"/>
        <rsc_colocation id="5" rsc="b" with-rsc="a" score="5"/>
        <rsc_colocation id="6" rsc="b" with-rsc="a" score="0"/>"#;
    with(constraints, |plan| {
        let a = plan.resource_by_id("a").expect("configured");
        let order: Vec<&str> = plan.resources[a]
            .with_this
            .iter()
            .map(|&id| &*plan.colocations[id].id)
            .collect();
        assert_eq!(order, ["4", "2", "5", "3", "1"]);
    });
}

#[test]
fn colocation_sets() {
    let check = |set: &str, score: &str, expected: &[&str]| {
        let constraint =
            format!(r#"<rsc_colocation id="x" score="{score}">{set}</rsc_colocation>"#);
        with(&constraint, |plan| {
            let id = |id| plan.resources[id].id.as_str();
            let pairs: Vec<String> = plan
                .colocations
                .values()
                .map(|pair| format!("{} with {}", id(pair.dependent), id(pair.primary)))
                .collect();
            assert_eq!(pairs, expected, "{constraint}");
        });
    };
    let members = r#"<resource_ref id="a"/><resource_ref id="b"/><resource_ref id="c"/>"#;
    let set = format!(r#"<resource_set id="1">{members}</resource_set>"#);
    check(&set, "10", &["b with a", "c with b"]);
    check(&set, "-10", &["b with a", "c with a", "c with b"]);
    let two = r#"<resource_set id="1" sequential="false">
            <resource_ref id="a"/><resource_ref id="b"/>
        </resource_set>
        <resource_set id="2"><resource_ref id="c"/><resource_ref id="g"/></resource_set>"#;
    check(two, "10", &["g with c", "a with g", "b with g"]);
}

#[test]
fn mistakes_are_named() {
    let check = |constraint: &str, severity: Severity, expected: &str| {
        with(constraint, |plan| {
            let found = plan
                .messages
                .iter()
                .any(|message| message.severity == severity && message.text == expected);
            assert!(found, "{constraint}: {:?}", plan.messages);
        });
    };
    check(
        r#"<rsc_order id="o" first="a" then="b" kind="foo"/>"#,
        Severity::Error,
        "Resetting 'kind' for constraint o to 'Mandatory' because 'foo' is not valid",
    );
    check(
        r#"<rsc_location id="l" rsc="x" node="n1" score="1"/>"#,
        Severity::Error,
        "Ignoring constraint 'l' because 'x' is not a valid resource or tag",
    );
    check(
        r#"<rsc_location id="l" rsc-pattern="(" node="n1" score="1"/>"#,
        Severity::Error,
        "Ignoring constraint 'l' because rsc-pattern has invalid value '('",
    );
    check(
        r#"<rsc_colocation id="c" rsc="a" with-rsc="b" rsc-role="Master of none" score="1"/>"#,
        Severity::Error,
        "Ignoring constraint c: Invalid role 'Master of none'",
    );
    check(
        r#"<rsc_colocation id="c" rsc="ab" with-rsc="ab" score="1"/>"#,
        Severity::Error,
        "Ignoring constraint 'c' because two templates or tags cannot be colocated",
    );
    check(
        r#"<rsc_order id="o"><resource_set id="s"><resource_ref id="gap"/></resource_set></rsc_order>"#,
        Severity::Error,
        "Ignoring resource sets for constraint 'o' because 'x' is not a valid resource or tag",
    );
    check(
        r#"<rsc_order id="o"><resource_set id="s"><resource_ref id="loop"/></resource_set></rsc_order>"#,
        Severity::Error,
        "Ignoring resource sets for constraint 'o' because 'loop' is not a valid resource or tag",
    );
    check(
        r#"<rsc_what id="w"/>"#,
        Severity::Error,
        "Unsupported constraint type: rsc_what",
    );
}

#[test]
fn locations_reach_parts() {
    let constraints = r#"
        <rsc_location id="1" rsc-pattern="^g" node="n1" score="5"/>
        <rsc_location id="2" rsc="p" node="n2" score="-INFINITY"/>"#;
    with(constraints, |plan| {
        super::apply_node_criteria(plan);
        let score = |resource: &str, node: &str| {
            let resource = plan.resource_by_id(resource).expect("configured");
            let node = plan.node_by_name(node).expect("configured");
            plan.resources[resource]
                .allowed
                .get(node)
                .map(|candidate| candidate.score.value())
        };
        assert_eq!(score("g", "n1"), Some(5));
        assert_eq!(score("g1", "n1"), Some(5));
        assert_eq!(score("g2", "n1"), Some(0), "g2 follows g1");
        assert_eq!(score("s:1", "n2"), Some(-1_000_000));
    });
}
