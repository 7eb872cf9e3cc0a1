//! What `quorum { … }` of corosync.conf means for crate `quorum`.

use std::collections::BTreeMap;
use std::time::Duration;

use corosync_config::Configuration;
use corosync_config::model::{self, Algorithm};
use diagnostics::{Diagnostic, Spanned};
use quorum::{DEFAULT_LAST_MAN_STANDING_WINDOW, Options, Settings, TieBreaker, WitnessSettings};

pub(super) fn of(configuration: &Configuration) -> Result<Options, Diagnostic> {
    let written = &configuration.quorum;
    let is_on = |option: &Option<Spanned<bool>>| option.as_ref().is_some_and(|value| value.value);
    let window = written.last_man_standing_window_ms.as_ref();
    let window = window.map_or(DEFAULT_LAST_MAN_STANDING_WINDOW, |ms| {
        Duration::from_millis(ms.value.into())
    });
    let votes: BTreeMap<u32, u32> = configuration
        .nodes
        .iter()
        .map(|node| (node.id.value, node.votes()))
        .collect();
    // CMAN writes expected_votes="1" beside two_node="1"; what it means is one vote for each of two.
    let expected = written
        .expected_votes
        .as_ref()
        .map(|votes| votes.value)
        .filter(|_| !is_on(&written.two_node));
    let settings = Settings {
        votes,
        expected_votes: expected,
        two_node: is_on(&written.two_node),
        wait_for_all: written.wait_for_all.as_ref().map(|value| value.value),
        auto_tie_breaker: is_on(&written.auto_tie_breaker).then(|| {
            written
                .auto_tie_breaker_node
                .as_ref()
                .map_or(TieBreaker::Lowest, |node| tie_breaker(&node.value))
        }),
        last_man_standing: is_on(&written.last_man_standing).then_some(window),
        expected_votes_tracking: is_on(&written.expected_votes_tracking),
        witness: written.device.as_ref().map(|device| WitnessSettings {
            algorithm: match device
                .net
                .algorithm
                .as_ref()
                .map(|algorithm| algorithm.value)
            {
                Some(Algorithm::Lms) => quorum::Algorithm::LastManStanding,
                Some(Algorithm::Ffsplit) | None => quorum::Algorithm::Ffsplit,
            },
            votes: device.votes.as_ref().map(|votes| votes.value),
        }),
        ..Settings::default()
    };
    Options::try_from(settings).map_err(|error| {
        let message = Diagnostic::error(format!("quorum: {error}"));
        match written.provider {
            Some(span) => message.at(span),
            None => message,
        }
    })
}

fn tie_breaker(written: &model::TieBreaker) -> TieBreaker {
    match written {
        model::TieBreaker::Lowest => TieBreaker::Lowest,
        model::TieBreaker::Highest => TieBreaker::Highest,
        model::TieBreaker::Nodes(nodes) => TieBreaker::Nodes(nodes.clone()),
    }
}
