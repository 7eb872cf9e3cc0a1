//! Which options contradict themselves, and which only deserve a word.

mod cluster;

use std::time::Duration;

use cluster::{equal, nodes};
use quorum::{
    Algorithm, DEFAULT_LAST_MAN_STANDING_WINDOW, MAX_LAST_MAN_STANDING_WINDOW, MAX_NODES,
    MAX_VOTES, MIN_LAST_MAN_STANDING_WINDOW, Notice, Options, OptionsError, Settings, TieBreaker,
    WitnessSettings,
};

const WINDOW: Duration = DEFAULT_LAST_MAN_STANDING_WINDOW;

fn witness(algorithm: Algorithm, votes: Option<u32>) -> Option<WitnessSettings> {
    Some(WitnessSettings { algorithm, votes })
}

fn refused(settings: Settings, error: OptionsError) {
    assert_eq!(Options::try_from(settings), Err(error));
}

fn accepted(settings: Settings) -> Options {
    Options::try_from(settings).expect("these settings do not contradict themselves")
}

#[test]
fn votes_have_limits() {
    refused(Settings::default(), OptionsError::NoVotes);
    accepted(equal(MAX_NODES));
    let nodes_over = MAX_NODES + 1;
    refused(
        equal(nodes_over),
        OptionsError::TooManyNodes { nodes: nodes_over },
    );
    refused(
        Settings {
            votes: [(0, 1)].into(),
            ..Settings::default()
        },
        OptionsError::NodeZero,
    );
    let votes = |votes| Settings {
        votes: nodes(&[1, votes]),
        ..Settings::default()
    };
    accepted(votes(MAX_VOTES));
    let over = MAX_VOTES + 1;
    refused(votes(over), OptionsError::TooManyVotes { votes: over });
    refused(
        Settings {
            default_votes: over,
            ..equal(1)
        },
        OptionsError::TooManyVotes { votes: over },
    );
    refused(
        Settings {
            expected_votes: Some(over),
            ..equal(1)
        },
        OptionsError::TooManyVotes { votes: over },
    );
    refused(
        Settings {
            expected_votes: Some(0),
            ..equal(1)
        },
        OptionsError::NoExpectedVotes,
    );
    refused(
        Settings {
            votes: nodes(&[0, 0]),
            ..Settings::default()
        },
        OptionsError::NoExpectedVotes,
    );
}

#[test]
fn two_node_is_for_two_nodes_with_a_vote_each() {
    let two_node = |settings| Settings {
        two_node: true,
        ..settings
    };
    let options = accepted(two_node(equal(2)));
    assert!(options.two_node() && options.wait_for_all());
    let options = accepted(Settings {
        wait_for_all: Some(false),
        ..two_node(equal(2))
    });
    assert!(!options.wait_for_all());
    accepted(two_node(Settings {
        expected_votes: Some(2),
        ..Settings::default()
    }));
    for count in [1, 3] {
        refused(
            two_node(equal(count)),
            OptionsError::TwoNodeNodes { nodes: count },
        );
    }
    refused(
        two_node(Settings {
            expected_votes: Some(3),
            ..Settings::default()
        }),
        OptionsError::TwoNodeVotes { expected_votes: 3 },
    );
    refused(
        two_node(Settings {
            votes: nodes(&[2, 1]),
            ..Settings::default()
        }),
        OptionsError::TwoNodeVotes { expected_votes: 3 },
    );
    refused(
        two_node(Settings {
            auto_tie_breaker: Some(TieBreaker::Lowest),
            ..equal(2)
        }),
        OptionsError::TwoNodeTieBreaker,
    );
    // The witness decides: two_node is off, what it implied stays.
    let options = accepted(two_node(Settings {
        witness: witness(Algorithm::Ffsplit, Some(1)),
        ..equal(2)
    }));
    assert!(!options.two_node() && options.wait_for_all());
}

#[test]
fn the_tie_breaker_names_nodes_that_there_are() {
    let with = |tie_breaker| Settings {
        auto_tie_breaker: Some(tie_breaker),
        ..equal(4)
    };
    accepted(with(TieBreaker::Highest));
    accepted(with(TieBreaker::Nodes(vec![4, 1])));
    refused(
        with(TieBreaker::Nodes(vec![])),
        OptionsError::TieBreakerEmpty,
    );
    refused(
        with(TieBreaker::Nodes(vec![1, 5])),
        OptionsError::TieBreakerNode { node: 5 },
    );
    refused(
        Settings {
            witness: witness(Algorithm::Ffsplit, Some(1)),
            ..with(TieBreaker::Lowest)
        },
        OptionsError::TieBreakerWitness,
    );
}

#[test]
fn last_man_standing_needs_equal_nodes_and_no_witness() {
    let with = |window, settings| Settings {
        last_man_standing: Some(window),
        ..settings
    };
    let options = accepted(with(WINDOW, equal(3)));
    assert_eq!(options.last_man_standing(), Some(Duration::from_secs(10)));
    refused(
        with(
            WINDOW,
            Settings {
                votes: nodes(&[1, 2, 1]),
                ..Settings::default()
            },
        ),
        OptionsError::LastManStandingVotes { node: 2, votes: 2 },
    );
    refused(
        with(
            WINDOW,
            Settings {
                witness: witness(Algorithm::LastManStanding, None),
                ..equal(3)
            },
        ),
        OptionsError::LastManStandingWitness,
    );
    accepted(with(MIN_LAST_MAN_STANDING_WINDOW, equal(3)));
    accepted(with(MAX_LAST_MAN_STANDING_WINDOW, equal(3)));
    for window in [
        MIN_LAST_MAN_STANDING_WINDOW - Duration::from_nanos(1),
        MAX_LAST_MAN_STANDING_WINDOW + Duration::from_nanos(1),
    ] {
        refused(
            with(window, equal(3)),
            OptionsError::LastManStandingWindow { window },
        );
    }
}

#[test]
fn the_witness_has_the_votes_that_its_algorithm_needs() {
    let with = |algorithm, votes, settings| Settings {
        witness: witness(algorithm, votes),
        ..settings
    };
    let options = accepted(with(Algorithm::Ffsplit, Some(1), equal(4)));
    assert_eq!(
        (options.witness_votes(), options.expected_votes()),
        (Some(1), 5)
    );
    let options = accepted(with(Algorithm::LastManStanding, None, equal(4)));
    assert_eq!(
        (options.witness_votes(), options.expected_votes()),
        (Some(3), 7)
    );
    accepted(with(Algorithm::Ffsplit, None, equal(2)));
    refused(
        with(Algorithm::Ffsplit, None, equal(4)),
        OptionsError::FfsplitVotes,
    );
    refused(
        with(
            Algorithm::Ffsplit,
            Some(1),
            Settings {
                votes: nodes(&[2, 1]),
                ..Settings::default()
            },
        ),
        OptionsError::FfsplitVotes,
    );
    refused(
        with(Algorithm::LastManStanding, Some(1), equal(4)),
        OptionsError::LmsVotes {
            needed: 3,
            votes: 1,
        },
    );
    refused(
        with(
            Algorithm::Ffsplit,
            Some(1),
            Settings {
                expected_votes: Some(3),
                ..Settings::default()
            },
        ),
        OptionsError::WitnessNodes,
    );
}

#[test]
fn what_is_allowed_may_deserve_a_word() {
    let check = |settings: Settings, expected: &[Notice]| {
        assert_eq!(Options::notices(&settings), expected);
        accepted(settings);
    };
    check(equal(3), &[]);
    check(
        Settings {
            last_man_standing: Some(WINDOW),
            ..equal(3)
        },
        &[Notice::LastManStandingAlone],
    );
    let waits = Settings {
        last_man_standing: Some(WINDOW),
        wait_for_all: Some(true),
        ..equal(3)
    };
    check(waits, &[]);
    let both = Settings {
        two_node: true,
        witness: witness(Algorithm::Ffsplit, Some(1)),
        ..equal(2)
    };
    check(both, &[Notice::TwoNodeWitness]);
    let low = |expected_votes| Settings {
        expected_votes: Some(expected_votes),
        ..equal(4)
    };
    check(
        low(3),
        &[Notice::ExpectedVotesLow {
            expected_votes: 3,
            votes: 4,
        }],
    );
    check(low(4), &[]);
    let odd = Settings {
        witness: witness(Algorithm::Ffsplit, Some(1)),
        ..equal(3)
    };
    check(odd, &[Notice::FfsplitOdd]);
}
