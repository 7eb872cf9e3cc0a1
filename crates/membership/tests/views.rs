//! What a cluster relies on, step by step: who is together, and in what order messages come.

mod net;

use std::time::Duration;

use membership::{NodeId, Timing};
use net::Net;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn formed(nodes: u32) -> Net {
    let mut net = Net::new(nodes, 1, Timing::default());
    net.run(ms(500));
    let everybody: Vec<u32> = (1..=nodes).collect();
    for node in 1..=nodes {
        assert_eq!(net.view(node), everybody, "notes: {:#?}", net.notes);
        assert!(net.has_lease(node));
    }
    net
}

#[test]
fn nodes_that_hear_each_other_form_one_view() {
    for nodes in [1, 2, 3, 5, 8, 32] {
        formed(nodes);
    }
}

#[test]
fn a_view_stays_while_nothing_happens() {
    let mut net = formed(3);
    let views = net.views[&NodeId(1)].len();
    net.run(Duration::from_secs(60));
    assert_eq!(net.views[&NodeId(1)].len(), views);
    assert!((1..=3).all(|node| net.has_lease(node)));
}

#[test]
fn messages_come_to_all_in_one_order() {
    let mut net = formed(3);
    for round in 0..100 {
        for node in 1..=3 {
            net.submit(node, &format!("{node}-{round}"));
        }
    }
    net.run(ms(100));
    assert_eq!(net.texts(1).len(), 300);
    assert_eq!(net.texts(1), net.texts(2));
    assert_eq!(net.texts(1), net.texts(3));
    assert_eq!(net.committed[&NodeId(3)], 300);
}

#[test]
fn a_dead_member_and_a_dead_leader_are_replaced_within_the_limit() {
    for dead in [1, 3] {
        let mut net = formed(3);
        net.kill(dead);
        let rest: Vec<u32> = (1..=3).filter(|node| *node != dead).collect();
        net.run(ms(300));
        for node in &rest {
            assert_eq!(net.view(*node), rest, "{:#?}", net.notes);
            assert!(net.has_lease(*node));
        }
    }
}

#[test]
fn a_node_that_is_cut_off_loses_its_lease_before_the_others_go_on() {
    for alone in [1, 2, 3] {
        let mut net = formed(3);
        let rest: Vec<u32> = (1..=3).filter(|node| *node != alone).collect();
        net.cut_both(&[alone], &rest);
        for _ in 0..1000 {
            net.run(ms(1));
            let others_went_on = rest
                .iter()
                .any(|node| net.view(*node) == rest && net.has_lease(*node));
            assert!(!(others_went_on && net.has_lease(alone)));
        }
        assert_eq!(net.view(alone), [alone]);
        assert!(!net.has_lease(alone));
        net.cut.clear();
        net.run(ms(1500));
        assert_eq!(net.view(alone), [1, 2, 3]);
    }
}

#[test]
fn one_way_links_exclude_whoever_cannot_be_heard_or_cannot_hear() {
    for (from, to) in [(1, 3), (3, 1)] {
        let mut net = formed(3);
        net.cut.insert((NodeId(from), NodeId(to), 0));
        net.run(ms(1500));
        assert_eq!(net.view(1), [1, 2], "{:#?}", net.notes);
        assert_eq!(net.view(2), [1, 2]);
        assert_eq!(net.view(3), [3]);
    }
}

#[test]
fn the_loss_of_one_of_two_links_changes_nothing() {
    let mut net = Net::new(3, 2, Timing::default());
    net.run(ms(500));
    let views = net.views[&NodeId(1)].len();
    for round in 0..500 {
        net.submit(2, &format!("{round}"));
        if round == 250 {
            for (a, b) in [(1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2)] {
                net.cut.insert((NodeId(a), NodeId(b), 0));
            }
        }
        net.run(ms(2));
    }
    net.run(ms(500));
    assert_eq!(net.views[&NodeId(1)].len(), views, "{:#?}", net.notes);
    let expected: Vec<String> = (0..500).map(|round| round.to_string()).collect();
    for node in 1..=3 {
        assert_eq!(net.texts(node), expected);
    }
}

#[test]
fn a_restarted_node_is_a_new_member() {
    let mut net = formed(3);
    net.kill(2);
    net.start(2, 2);
    net.run(ms(200));
    assert_eq!(net.view(1), [1, 2, 3], "{:#?}", net.notes);
    let member = net.groups[&NodeId(1)]
        .view()
        .member(NodeId(2))
        .expect("it is in the view");
    assert_eq!(member.incarnation.0, 2);
}

#[test]
fn messages_submitted_around_a_view_change_come_once() {
    let mut net = formed(4);
    for round in 0..400 {
        net.submit(4, &round.to_string());
        if round == 200 {
            net.kill(1);
        }
        net.run(ms(2));
    }
    net.run(ms(500));
    let expected: Vec<String> = (0..400).map(|round| round.to_string()).collect();
    for node in 2..=4 {
        assert_eq!(net.texts(node), expected);
    }
}

#[test]
fn who_leaves_is_not_waited_for() {
    for leaver in [1, 2] {
        let mut net = formed(3);
        net.leave(leaver);
        net.run(ms(20));
        let rest: Vec<u32> = (1..=3).filter(|node| *node != leaver).collect();
        assert_eq!(net.view(3), rest, "{:#?}", net.notes);
    }
}
