//! The end of the witness' vote: how long it lasts on its holder's clock, and who must know of its
//! end before anybody goes on.

mod cluster;

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::{equal, options};
use quorum::witness::{
    Answer, ClusterName, Heuristics, Holder, HolderSettings, Preference, Ruling,
};
use quorum::{
    Algorithm, Attachment, Command, Fact, NodeId, Options, Quorum, Settings, Start, View, ViewId,
    WitnessSettings,
};

const LEASE: Duration = Duration::from_millis(1000);
const FOLLOWER_LEASE: Duration = Duration::from_millis(100);
const START: Duration = Duration::from_secs(60);
const INSTANT: Duration = Duration::from_nanos(1);

const GIVEN: Fact = Fact::Witness { vote: true };
const WITHDRAWN: Fact = Fact::Witness { vote: false };

/// Four nodes and a witness with one vote.
fn four() -> Options {
    let witness = WitnessSettings {
        algorithm: Algorithm::Ffsplit,
        votes: Some(1),
    };
    options(Settings {
        witness: Some(witness),
        ..equal(4)
    })
}

/// `node` in its first view, with these members; the first of them leads.
fn member(node: NodeId, members: &[NodeId]) -> Quorum {
    let quorum = |node| Quorum::new(node, four(), Start::New);
    let attachments: BTreeMap<NodeId, Attachment> = members
        .iter()
        .map(|node| (*node, quorum(*node).attachment(START)))
        .collect();
    let id = ViewId {
        counter: 1,
        leader: members[0],
    };
    let view = View {
        id,
        members: attachments,
    };
    let mut quorum = quorum(node);
    quorum.view(view, START);
    quorum
}

/// A leader with half of the nodes, and with the witness' vote until `until`.
fn leader_until(until: Duration) -> Quorum {
    let mut quorum = member(1, &[1, 2]);
    assert_eq!(quorum.witness(Some(until), START), said(&[GIVEN]));
    assert_eq!(quorum.deliver(1, GIVEN, START), []);
    assert_eq!(quorum.stable(1, START), []);
    assert!(quorum.quorate(START) && quorum.vouches(START));
    quorum
}

fn said(facts: &[Fact]) -> Vec<Command> {
    facts.iter().copied().map(Command::Broadcast).collect()
}

#[test]
fn a_vote_lasts_from_when_it_was_asked_for_however_late_the_answer() {
    let millis = Duration::from_millis;
    // How long the answer took, what it grants, and how long after the request the vote is let go.
    for (took, granted, lasts) in [
        (0, 1000, 900),
        (1, 1000, 900),
        (300, 1000, 900),
        (2000, 1000, 900),
        (300, 600, 500),
        (300, 5000, 900),
        (300, 50, 0),
    ] {
        let quorum = member(1, &[1, 2]);
        let settings = HolderSettings {
            cluster: ClusterName::new("alpha").expect("it can be a name"),
            node: 1,
            incarnation: 1,
            nodes: (1..=4).collect(),
            preference: Preference::default(),
            lease: LEASE,
            follower_lease: FOLLOWER_LEASE,
        };
        let mut holder = Holder::new(settings).expect("the lease is long enough");
        let request = holder
            .follow(&quorum, Heuristics::Disabled, START)
            .expect("half of the nodes asks");
        let answer = Answer {
            incarnation: 1,
            number: request.number,
            ruling: Ruling::Granted {
                lease: millis(granted),
            },
        };
        holder.answer(&answer, START + millis(took));
        let expected = Some(START + millis(lasts));
        assert_eq!(holder.until(), expected, "{granted} ms after {took} ms");
    }
}

#[test]
fn a_leader_lets_nobody_go_on_when_the_vote_that_quorum_hangs_on_has_run_out() {
    let until = START + LEASE;
    let quorum = leader_until(until);
    let before = until - INSTANT;
    assert!(quorum.vouches(before) && quorum.quorate(before));
    assert!(!quorum.vouches(until) && !quorum.quorate(until));
    // With three of four the vote does not matter.
    let mut many = member(1, &[1, 2, 3]);
    many.witness(Some(until), START);
    many.deliver(1, GIVEN, START);
    assert!(many.vouches(until) && many.quorate(until));
    // A follower has nothing to vouch for: it goes on as long as its leader does.
    let mut follower = member(2, &[1, 2]);
    follower.deliver(1, GIVEN, START);
    assert!(follower.vouches(until) && follower.quorate(until));
}

#[test]
fn a_withdrawn_vote_stops_all_until_each_has_acknowledged_it() {
    let until = START + LEASE;
    let mut quorum = leader_until(until);
    assert_eq!(quorum.tick(until), said(&[WITHDRAWN]));
    assert!(!quorum.vouches(until), "nobody has heard of it");
    assert_eq!(quorum.deliver(2, WITHDRAWN, until), []);
    assert!(!quorum.vouches(until), "only the leader has heard of it");
    assert_eq!(quorum.stable(1, until), []);
    assert!(!quorum.vouches(until), "what came before is acknowledged");
    assert_eq!(quorum.stable(2, until), []);
    assert!(quorum.vouches(until), "all have acknowledged it");
    assert!(!quorum.quorate(until));
}

#[test]
fn a_vote_that_comes_back_is_given_after_its_withdrawal_is_acknowledged() {
    let until = START + LEASE;
    let mut quorum = leader_until(until);
    assert_eq!(quorum.tick(until), said(&[WITHDRAWN]));
    let again = Some(until + LEASE);
    assert_eq!(quorum.witness(again, until), []);
    assert_eq!(quorum.deliver(2, WITHDRAWN, until), []);
    assert!(!quorum.vouches(until) && !quorum.quorate(until));
    assert_eq!(quorum.stable(2, until), said(&[GIVEN]));
    assert_eq!(quorum.deliver(3, GIVEN, until), []);
    assert!(quorum.vouches(until) && quorum.quorate(until));
}
