//! What explanations promise, whatever the cluster.

use std::path::PathBuf;

use cib::schema;
use cib::time::DateTime;
use cib::xml::Document;
use scheduler::explain::{explain, noted_score};
use scheduler::simulation::{Injections, inject};
use scheduler::{Plan, Wishes, decide, expansion, read};

/// A moment after everything in the examples' histories.
const NOW_S: i64 = 1_790_000_600;

/// The CIBs of the examples.
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
