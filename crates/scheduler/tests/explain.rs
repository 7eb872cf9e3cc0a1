//! What explanations promise, whatever the cluster.

use std::path::PathBuf;

use cib::Score;
use cib::schema;
use cib::time::DateTime;
use cib::xml::Document;
use scheduler::explain::{Part, explain, noted_score};
use scheduler::simulation::{Injections, inject};
use scheduler::{Plan, Wishes, decide, expansion, read};

/// A moment after everything in the examples' histories.
const NOW_S: i64 = 1_790_000_600;

/// A promotable clone, for the promotion of which there are many reasons.
const PROMOTABLE: &str = r##"<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0">
  <configuration>
    <crm_config><cluster_property_set id="o">
      <nvpair id="o-fencing" name="stonith-enabled" value="false"/>
    </cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
    <resources>
      <clone id="db-clone">
        <meta_attributes id="m">
          <nvpair id="m-p" name="promotable" value="true"/>
          <nvpair id="m-n" name="clone-node-max" value="2"/>
          <nvpair id="m-m" name="clone-max" value="3"/>
          <nvpair id="m-u" name="globally-unique" value="true"/>
        </meta_attributes>
        <primitive id="db" class="ocf" provider="pacemaker" type="Stateful"/>
      </clone>
      <primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2"/>
    </resources>
    <constraints>
      <rsc_location id="prefer" rsc="db-clone" role="Promoted" node="n1" score="30"/>
      <rsc_location id="usually" rsc="db-clone" node="n2" score="7"/>
      <rsc_location id="ip-on" rsc="ip" node="n1" score="5"/>
      <rsc_colocation id="with" rsc="ip" with-rsc="db-clone" with-rsc-role="Promoted" score="40"/>
      <rsc_colocation id="near" rsc="db-clone" rsc-role="Promoted" with-rsc="ip" score="3"/>
    </constraints>
  </configuration>
  <status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">
      <lrm id="1"><lrm_resources/></lrm>
      <transient_attributes id="1"><instance_attributes id="a1">
        <nvpair id="a1-0" name="master-db:0" value="10"/>
        <nvpair id="a1-1" name="master-db:1" value="12"/>
      </instance_attributes></transient_attributes>
    </node_state>
    <node_state id="2" uname="n2" in_ccm="true" crmd="online" join="member" expected="member">
      <lrm id="2"><lrm_resources/></lrm>
      <transient_attributes id="2"><instance_attributes id="a2">
        <nvpair id="a2-2" name="master-db:2" value="20"/>
      </instance_attributes></transient_attributes>
    </node_state>
  </status>
</cib>"##;

/// The CIBs of the examples, and one more.
fn examples() -> Vec<(String, Document)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut found = Vec::new();
    for cluster in std::fs::read_dir(folder).expect("the examples are there") {
        let cluster = cluster.expect("the examples can be listed").path();
        let Ok(files) = std::fs::read_dir(cluster) else {
            continue;
        };
        for file in files {
            let path = file.expect("the example can be listed").path();
            if path.extension().is_some_and(|extension| extension == "xml") {
                let text = std::fs::read_to_string(&path).expect("the example can be read");
                let mut cib = Document::parse(&text).expect("the example is well-formed");
                schema::upgrade(&mut cib).expect("the example has a known syntax");
                found.push((path.display().to_string(), cib));
            }
        }
    }
    assert!(!found.is_empty());
    let promotable = Document::parse(PROMOTABLE).expect("it is well-formed");
    found.push(("promotable".to_owned(), promotable));
    found
}

fn planned(expanded: &Document) -> Plan<'_> {
    let wishes = Wishes {
        explain: true,
        ..Wishes::default()
    };
    read(expanded, DateTime::from_epoch_s(NOW_S), wishes)
}

/// Decides about `cib`, and checks what has to hold for each resource.
fn check(name: &str, cib: &Document) {
    let expanded = expansion::expand(cib);
    let mut plan = planned(&expanded);
    decide(&mut plan);
    for resource in plan.resources.ids() {
        let of = &plan.resources[resource];
        if plan.is_primitive(resource) {
            for candidate in of.allowed.iter() {
                let node = plan.nodes[candidate.node].name;
                let noted = noted_score(&plan, resource, candidate.node);
                assert_eq!(noted, candidate.score, "{name}: {} on {node}", of.id);
            }
        }
        let explanation = explain(&plan, &of.id, None).expect("the resource is known");
        for placement in &explanation.placements {
            if let Some(promotion) = placement.promotion.as_ref()
                && !promotion.parts.is_empty()
            {
                let add = |score, part: &Part| part.change.apply(score);
                let sum = promotion.parts.iter().fold(Score::ZERO, add);
                assert_eq!(sum, promotion.score, "{name}: promotion of {}", of.id);
            }
            for action in &placement.actions {
                let blocked = action.blocker.is_some();
                assert!(!blocked || action.waits.is_empty(), "{name}: {}", of.id);
            }
        }
    }
}

/// The parts of each score add up to it.
#[test]
fn parts_add_up_to_scores() {
    for (name, cib) in examples() {
        check(&name, &cib);
        let nodes: Vec<String> = {
            let expanded = expansion::expand(&cib);
            let plan = planned(&expanded);
            plan.nodes.values().map(|of| of.name.to_owned()).collect()
        };
        for node in nodes {
            let changes = [
                Injections {
                    node_fail: vec![node.clone()],
                    ..Injections::default()
                },
                Injections {
                    node_down: vec![node.clone()],
                    ..Injections::default()
                },
                Injections {
                    node_up: vec![node.clone()],
                    quorum: Some("false".to_owned()),
                    ..Injections::default()
                },
            ];
            for change in changes {
                let mut changed = cib.clone();
                let before = expansion::expand(&cib);
                let plan = planned(&before);
                inject(&mut changed, &plan, &change, NOW_S).expect("the node is known");
                check(&format!("{name}, {node}"), &changed);
            }
        }
    }
}
