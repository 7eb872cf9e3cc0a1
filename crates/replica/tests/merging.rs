//! Whose copy wins, and the version that it takes on.

use std::collections::BTreeMap;

use cib::CibVersion;
use membership::{Incarnation, Member, NodeId};
use replica::copy::Fingerprint;
use replica::exchange::{Plan, Summary};
use replica::{Chain, Position};

/// `admin_epoch.epoch.num_updates`, term, chain, status chain; `h` and chains of its history, `q` if it
/// was in a quorate view, `r` if it was restarted.
fn summary(text: &str) -> Summary {
    let mut words = text.split(' ');
    let mut number = || {
        words
            .next()
            .expect("is there")
            .parse::<i64>()
            .expect("a number")
    };
    let version = CibVersion {
        admin_epoch: number(),
        epoch: number(),
        num_updates: number(),
    };
    let term = number();
    let link = |number: i64| Chain([u8::try_from(number).expect("small"); 16]);
    let chain = link(number());
    let status_chain = link(number());
    let words: Vec<_> = words.collect();
    Summary {
        promised: u64::try_from(term).expect("positive"),
        position: Position {
            term: u64::try_from(term).expect("positive"),
            seq: 1,
        },
        fingerprint: Fingerprint {
            version,
            chain,
            status_chain,
        },
        is_restarted: words.contains(&"r"),
        was_quorate: words.contains(&"q"),
        history: words
            .iter()
            .filter_map(|word| word.strip_prefix('h'))
            .map(|digits| link(digits.parse().expect("a number")))
            .collect(),
    }
}

fn check(copies: &[&str], winner: u32, diverged: &[u32], version: &str) {
    let member = |node| Member {
        node: NodeId(node),
        incarnation: Incarnation(1),
    };
    let summaries: BTreeMap<_, _> = (1..)
        .zip(copies)
        .map(|(node, text)| (member(node), summary(text)))
        .collect();
    let plan = Plan::new(&summaries, true).expect("there are some");
    assert_eq!(plan.source, member(winner), "{copies:?}");
    let nodes: Vec<_> = plan.diverged.iter().map(|it| it.node.0).collect();
    assert_eq!(nodes, diverged, "{copies:?}");
    assert_eq!(plan.version.to_string(), version, "{copies:?}");
}

#[test]
fn plans() {
    // The same on all.
    check(&["0 5 2 3 7 1", "0 5 2 3 7 1"], 1, &[], "0.5.2");
    // A higher admin_epoch before a higher position.
    check(&["0 9 0 9 7 0", "1 2 0 1 8 0"], 2, &[1], "1.2.0");
    // A higher position before a higher epoch.
    check(&["0 9 0 2 7 0", "0 5 0 3 8 0"], 2, &[1], "0.10.0");
    // A higher epoch within one position.
    check(&["0 5 3 2 7 0", "0 6 0 2 8 0 h7"], 2, &[], "0.6.0");
    check(&["0 5 3 2 7 0", "0 6 0 2 8 0"], 2, &[1], "0.7.0");
    // The same configuration with another status.
    check(&["0 5 3 2 7 1", "0 5 4 2 7 2"], 2, &[], "0.5.4");
    check(&["0 5 4 2 7 1", "0 5 4 2 7 2"], 2, &[], "0.5.5");
    check(&["0 5 9 1 7 1", "0 5 4 2 7 2"], 2, &[], "0.5.10");
    // The same configuration, raised alone.
    check(&["0 8 0 1 7 0", "0 5 4 2 7 2"], 2, &[], "0.9.0");
    // Who was quorate, who has a status; then any rule.
    check(&["0 5 0 2 7 0 q", "0 5 0 2 8 1"], 1, &[2], "0.6.0");
    check(&["0 5 0 2 7 1", "0 5 0 2 8 0"], 1, &[2], "0.6.0");
    check(&["0 5 0 2 7 0", "0 5 0 2 8 0"], 2, &[1], "0.6.0");
    // A copy that nothing was done to is everybody's ancestor.
    check(&["0 1 0 0 0 0", "0 5 0 2 7 1"], 2, &[], "0.5.0");
    // All have forgotten the status that this version had.
    check(&["0 5 0 2 7 0 r", "0 5 0 2 7 0 r"], 1, &[], "0.6.0");
    check(&["0 5 0 2 7 0 r", "0 5 0 2 7 0"], 1, &[], "0.5.0");
    check(&["0 5 0 2 7 0 r", "0 5 1 2 7 1"], 2, &[], "0.5.1");
}
