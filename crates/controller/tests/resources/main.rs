//! What users rely on: resources run where they should, once, and come back.

mod world;

use std::time::Duration;

use controller::Outcome;
use replica::Operation as Edit;
use world::World;

const NO_FENCING: (&str, &str) = ("stonith-enabled", "false");

fn dummy(name: &str, monitor_s: u32) -> String {
    format!(
        "<primitive id=\"{name}\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\"><operations>\
         <op id=\"{name}-monitor\" name=\"monitor\" interval=\"{monitor_s}s\"/></operations></primitive>"
    )
}

/// Three nodes that run, and one resource.
fn running() -> World {
    let mut world = World::new(3, &dummy("A", 10), "", &[NO_FENCING]);
    world.together(&[1, 2, 3]);
    world.settle();
    world
}

/// The same with a fence device: the world, the node that has the resource, and the others.
fn running_with_fencing() -> (World, u32, Vec<u32>) {
    let fencing = "<primitive id=\"F\" class=\"stonith\" type=\"fence_ipmilan\"/>";
    let mut world = World::new(3, &(dummy("A", 10) + fencing), "", &[]);
    world.together(&[1, 2, 3]);
    world.settle();
    let holder = world.holders("A")[0];
    let others = (1..=3).filter(|node| *node != holder).collect();
    (world, holder, others)
}

fn count(world: &World, words: &str) -> usize {
    world.called.iter().filter(|call| *call == words).count()
}

#[test]
fn a_resource_is_looked_for_everywhere_and_started_once() {
    let world = running();
    assert_eq!(world.holders("A").len(), 1);
    let holder = world.holders("A")[0];
    for node in 1..=3 {
        let probes = count(&world, &format!("A monitor node{node}"));
        assert_eq!(probes, if node == holder { 2 } else { 1 });
    }
    assert_eq!(count(&world, &format!("A start node{holder}")), 1);
}

#[test]
fn what_runs_already_is_left_alone() {
    let mut world = running();
    let holder = world.holders("A")[0];
    world.together(&[1, 2, 3]);
    world.settle();
    assert_eq!(world.holders("A"), [holder]);
    assert_eq!(count(&world, &format!("A start node{holder}")), 1);
}

#[test]
fn a_resource_of_a_dead_node_is_started_elsewhere() {
    let mut world = running();
    let holder = world.holders("A")[0];
    let others: Vec<u32> = (1..=3).filter(|node| *node != holder).collect();
    world.together(&others);
    world.settle();
    assert_eq!(world.holders("A").len(), 1);
    assert!(world.fenced.is_empty());
}

#[test]
fn with_fencing_a_dead_node_is_fenced_before_its_resource_moves() {
    let (mut world, holder, others) = running_with_fencing();
    world.together(&others);
    world.settle();
    assert_eq!(world.fenced, [format!("node{holder}")]);
    assert_eq!(world.holders("A").len(), 1);
}

#[test]
fn a_minority_stops_what_it_runs() {
    let mut world = running();
    let holder = world.holders("A")[0];
    world.together(&[holder]);
    world.settle();
    assert!(world.holders("A").is_empty());
}

#[test]
fn a_resource_that_dies_is_found_by_its_monitor_and_started_again() {
    let mut world = running();
    let holder = world.holders("A")[0];
    world.lose(holder, "A");
    world.pass(Duration::from_secs(11));
    world.settle();
    assert_eq!(world.holders("A"), [holder]);
    assert_eq!(count(&world, &format!("A start node{holder}")), 2);
    let name = "fail-count-A#monitor_10000";
    let mut pairs = world.cib().root().descendants();
    let pair = pairs.find(|pair| pair.attribute("name") == Some(name));
    assert_eq!(pair.and_then(|pair| pair.attribute("value")), Some("1"));
}

#[test]
fn what_an_agent_watches_is_started_again_at_once() {
    let mut world = running();
    let holder = world.holders("A")[0];
    let before = world.now();
    world.lose_visibly(holder, "A");
    world.settle();
    assert_eq!(world.holders("A"), [holder]);
    assert_eq!(count(&world, &format!("A start node{holder}")), 2);
    // In the second of the first result: it must not pass for the older of the two.
    assert!(world.now() - before < Duration::from_secs(1));
}

#[test]
fn a_failure_counts_in_the_decision_that_follows_it() {
    let threshold = "<meta_attributes id=\"A-meta\"><nvpair id=\"A-threshold\" \
                     name=\"migration-threshold\" value=\"1\"/></meta_attributes></primitive>";
    let resource = dummy("A", 10).replace("</primitive>", threshold);
    let mut world = World::new(3, &resource, "", &[NO_FENCING]);
    world.together(&[1, 2, 3]);
    world.settle();
    let holder = world.holders("A")[0];
    world.lose_visibly(holder, "A");
    world.settle();
    assert_ne!(world.holders("A"), [holder]);
    assert_eq!(world.holders("A").len(), 1);
    assert_eq!(count(&world, &format!("A start node{holder}")), 1);
}

#[test]
fn what_an_operator_refreshes_is_looked_for_anew() {
    let mut world = running();
    let holder = world.holders("A")[0];
    let probes = |world: &World| count(world, &format!("A monitor node{holder}"));
    let before = probes(&world);
    world.edit(Edit::Delete {
        query: "/cib/status/node_state//lrm_resource[@id='A']".to_owned(),
        all: true,
    });
    world.settle();
    assert_eq!(world.holders("A"), [holder]);
    assert_eq!(count(&world, &format!("A start node{holder}")), 1);
    // The probe, and the monitor that is asked for anew.
    assert_eq!(probes(&world), before + 2);
    world.pass(Duration::from_secs(11));
    assert_eq!(probes(&world), before + 3);
}

#[test]
fn a_resource_that_does_not_start_is_tried_elsewhere() {
    let mut world = World::new(3, &dummy("A", 10), "", &[NO_FENCING]);
    for node in [1, 2] {
        let words = format!("A start node{node}");
        world.answers.insert(words, (Outcome::Done, 1));
    }
    world.together(&[1, 2, 3]);
    world.settle();
    assert_eq!(world.holders("A"), [3]);
}

#[test]
fn an_agent_that_takes_too_long_has_failed() {
    let mut world = World::new(2, &dummy("A", 10), "", &[NO_FENCING]);
    world
        .answers
        .insert("A start node1".to_owned(), (Outcome::TimedOut, 1));
    world.together(&[1, 2]);
    world.settle();
    assert_eq!(world.holders("A"), [2]);
}

#[test]
fn a_node_that_leaves_is_let_go_when_nothing_runs_on_it() {
    let mut world = running();
    let holder = world.holders("A")[0];
    world.leave(holder);
    world.pass(Duration::from_secs(1));
    assert!(world.may_leave(holder));
    let holders = world.holders("A");
    assert_eq!(holders.len(), 1);
    assert_ne!(holders, [holder]);
    let others: Vec<u32> = (1..=3).filter(|node| *node != holder).collect();
    world.together(&others);
    world.settle();
    assert_eq!(world.holders("A"), holders);
    assert!(world.fenced.is_empty());
}

#[test]
fn a_new_resource_is_started_and_one_that_is_removed_stopped() {
    let mut world = running();
    world.edit(Edit::Create {
        parent: "/cib/configuration/resources".to_owned(),
        element: dummy("B", 5),
    });
    world.settle();
    assert_eq!(world.holders("B").len(), 1);
    world.edit(Edit::Delete {
        query: "/cib/configuration/resources/primitive[@id='B']".to_owned(),
        all: true,
    });
    world.settle();
    assert!(world.holders("B").is_empty());
    let mut histories = world.cib().root().descendants();
    assert!(!histories.any(|it| it.name() == "lrm_resource" && it.id() == Some("B")));
}

#[test]
fn many_resources_are_started() {
    let resources: String = (0..100)
        .map(|number| dummy(&format!("R{number}"), 10))
        .collect();
    let mut world = World::new(3, &resources, "", &[NO_FENCING]);
    world.together(&[1, 2, 3]);
    world.settle();
    for number in 0..100 {
        assert_eq!(world.holders(&format!("R{number}")).len(), 1);
    }
    let busiest = (1..=3).map(|node| {
        let of_node = |number: &u32| world.holders(&format!("R{number}")) == [node];
        (0..100).filter(of_node).count()
    });
    assert!(busiest.max() <= Some(34));
}

#[test]
fn what_waits_in_one_view_is_not_begun_in_the_next() {
    let mut world = World::new(2, &dummy("A", 10), "", &[NO_FENCING]);
    world.together(&[1, 2]);
    world.settle();
    let holder = world.holders("A")[0];
    let other = 3 - holder;
    // A start behind a probe that takes its time, from a coordinator that is none any more.
    world.ask_behind_a_probe(other, "A");
    world.together(&[1, 2]);
    world.pass(Duration::from_secs(2));
    world.settle();
    assert_eq!(world.holders("A"), [holder]);
    assert_eq!(count(&world, &format!("A start node{other}")), 0);
}

#[test]
fn what_a_lost_node_ran_is_left_to_it_for_a_moment() {
    let mut world = running();
    let holder = world.holders("A")[0];
    let others: Vec<u32> = (1..=3).filter(|node| *node != holder).collect();
    let before = world.now();
    world.together(&others);
    world.settle();
    let waited = world.now() - before;
    assert!(waited >= controller::TAKEOVER_DELAY, "{waited:?}");
    assert!(waited < controller::TAKEOVER_DELAY * 2, "{waited:?}");
}

#[test]
fn what_cannot_be_fenced_is_tried_again_with_pauses() {
    let (mut world, _, others) = running_with_fencing();
    world.fencing_fails = true;
    world.together(&others);
    world.pass(Duration::from_secs(60));
    assert_eq!(world.fenced.len(), 10);
    assert!(world.holders("A").is_empty());
    // Whatever an operator changes may be what was missing.
    world.fencing_fails = false;
    world.edit(Edit::Create {
        parent: "/cib/configuration/resources".to_owned(),
        element: dummy("B", 5),
    });
    world.settle();
    assert_eq!(world.fenced.len(), 11);
    assert_eq!(world.holders("A").len(), 1);
}

#[test]
fn a_node_whose_daemon_is_started_again_is_waited_for_and_not_fenced() {
    let (mut world, holder, others) = running_with_fencing();
    world.hear_of(&others, holder);
    world.together(&others);
    world.pass(controller::RETURN_LIMIT / 2);
    assert!(world.fenced.is_empty());
    world.pass(controller::RETURN_LIMIT);
    assert_eq!(world.fenced, [format!("node{holder}")]);
}

#[test]
fn a_node_that_starts_looks_for_the_others_before_it_stops_what_it_finds() {
    let mut world = running();
    let holder = world.holders("A")[0];
    world.start_anew(holder);
    world.together(&[holder]);
    world.pass(controller::FIRST_LOOK / 2);
    assert_eq!(world.holders("A"), [holder]);
    world.together(&[1, 2, 3]);
    world.settle();
    assert_eq!(world.holders("A"), [holder]);
    assert_eq!(count(&world, &format!("A start node{holder}")), 1);
    // Nobody comes.
    world.start_anew(holder);
    world.together(&[holder]);
    world.pass(controller::FIRST_LOOK * 2);
    assert!(world.holders("A").is_empty());
}
