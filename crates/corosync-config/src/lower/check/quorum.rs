//! Options of quorum that cannot stand together (`votequorum(5)`), and ids that must exist.

use diagnostics::{Span, Spanned};

use crate::lower::Reading;
use crate::model::{Algorithm, Configuration, Quorum, TieBreaker};

fn is_on(option: &Option<Spanned<bool>>) -> Option<Span> {
    option
        .as_ref()
        .filter(|option| option.value)
        .map(|option| option.span)
}

pub(super) fn check(configuration: &Configuration, reading: &mut Reading<'_>) {
    let quorum = &configuration.quorum;
    pairs(quorum, reading);
    two_node(configuration, reading);
    last_man_standing(configuration, reading);
    witness_votes(configuration, reading);
    let witness = quorum.device.as_ref();
    let tie_breakers = [
        quorum.auto_tie_breaker_node.as_ref(),
        witness.and_then(|device| device.net.tie_breaker.as_ref()),
    ];
    for tie_breaker in tie_breakers.into_iter().flatten() {
        existing_nodes(configuration, tie_breaker, reading);
    }
    if quorum.auto_tie_breaker_node.is_some() && is_on(&quorum.auto_tie_breaker).is_none() {
        let span = quorum.auto_tie_breaker_node.as_ref().map(|node| node.span);
        if let Some(span) = span {
            let message = "'auto_tie_breaker_node' has no effect without 'auto_tie_breaker: 1'";
            reading.warning(span, message);
        }
    }
}

/// Options of which votequorum would switch one off, or refuse to start.
fn pairs(quorum: &Quorum, reading: &mut Reading<'_>) {
    let device = quorum.device.as_ref().map(|device| device.span);
    let two_node = is_on(&quorum.two_node);
    let tie_breaker = is_on(&quorum.auto_tie_breaker);
    let last_man = is_on(&quorum.last_man_standing);
    let downscale = is_on(&quorum.allow_downscale);
    let pairs = [
        ("two_node", two_node, "auto_tie_breaker", tie_breaker),
        ("two_node", two_node, "a device", device),
        ("auto_tie_breaker", tie_breaker, "a device", device),
        ("last_man_standing", last_man, "a device", device),
        ("allow_downscale", downscale, "a device", device),
    ];
    for (one, one_span, other, other_span) in pairs {
        if let (Some(one_span), Some(other_span)) = (one_span, other_span) {
            let line = reading.line(other_span);
            let message = format!("'{one}' cannot stand together with {other} (line {line})");
            reading.error(one_span, message);
        }
    }
}

fn two_node(configuration: &Configuration, reading: &mut Reading<'_>) {
    let nodes = configuration.nodes.len();
    if let Some(span) = is_on(&configuration.quorum.two_node)
        && nodes != 2
    {
        let message = format!("'two_node' has no effect: there are {nodes} nodes");
        reading.warning(span, message);
    }
}

fn last_man_standing(configuration: &Configuration, reading: &mut Reading<'_>) {
    let quorum = &configuration.quorum;
    let Some(span) = is_on(&quorum.last_man_standing) else {
        return;
    };
    if let Some(node) = configuration.nodes.iter().find(|node| node.votes() != 1) {
        let message = format!(
            "'last_man_standing' needs nodes of one vote each: '{}' has {}",
            node.name.value,
            node.votes()
        );
        reading.error(span, message);
    }
    let waits = quorum
        .wait_for_all
        .as_ref()
        .is_some_and(|waits| waits.value);
    if !waits {
        let message = "'last_man_standing' without 'wait_for_all: 1' can leave two parts that both \
                       have quorum";
        reading.warning(span, message);
    }
}

/// What each algorithm needs of the device's votes (`corosync-qdevice(8)`).
fn witness_votes(configuration: &Configuration, reading: &mut Reading<'_>) {
    let Some(device) = &configuration.quorum.device else {
        return;
    };
    let nodes = configuration.nodes.iter();
    let sum = nodes.fold(0u32, |sum, node| sum.saturating_add(node.votes()));
    let default = sum.saturating_sub(1);
    let span = device
        .votes
        .as_ref()
        .map_or(device.span, |votes| votes.span);
    let votes = device.votes.as_ref().map_or(default, |votes| votes.value);
    let algorithm = device.net.algorithm.as_ref();
    match algorithm.map_or(Algorithm::Ffsplit, |found| found.value) {
        Algorithm::Ffsplit if votes != 1 => {
            let message = format!("with algorithm ffsplit the device has one vote, not {votes}");
            reading.error_with_help(span, message, "write 'votes: 1' in section device");
        }
        Algorithm::Lms if votes != default => {
            let message = format!(
                "with algorithm lms the device has one vote less than all nodes together, {default}"
            );
            reading.error_with_help(span, message, "leave 'votes' out");
        }
        Algorithm::Ffsplit | Algorithm::Lms => {}
    }
    if device.votes.is_none() && configuration.quorum.expected_votes.is_some() {
        let message = "with 'expected_votes', the device needs 'votes', too";
        reading.error(device.span, message);
    }
}

fn existing_nodes(
    configuration: &Configuration,
    tie_breaker: &Spanned<TieBreaker>,
    reading: &mut Reading<'_>,
) {
    if let TieBreaker::Nodes(ids) = &tie_breaker.value {
        for id in ids.iter().filter(|id| configuration.node(**id).is_none()) {
            reading.error(
                tie_breaker.span,
                format!("there is no node with nodeid {id}"),
            );
        }
    }
}
