//! What happens to a resource, and why.

use cib::Score;
use scheduler::explain::{
    Because, Circumstance, Direction, Explanation, Kind, NodeView, Outcome, Part, Placement,
    Promotion, Source, Tie, Verdict,
};
use scheduler::model::Role;
use scheduler::model::journal::Choice;

use super::sources::{amount, obstacles, refusal, role_reason, source};
use super::{all, counted, steps};

/// How many parts of a score are named in a headline.
const PARTS_IN_HEADLINE: usize = 2;

/// The answer in one sentence.
pub(super) fn headline(placement: &Placement) -> String {
    let happens = happens(placement);
    let no_device = placement
        .circumstances
        .contains(&Circumstance::NoFencingDevice);
    match because(&placement.because) {
        Some(_) if no_device => {
            format!("{happens}, because there is no fencing device, but fencing is enabled.")
        }
        Some(because) if placement.blocked => {
            format!("{happens}, but that cannot be done, because {because}.")
        }
        Some(because) => format!("{happens}, because {because}."),
        None => format!("{happens}."),
    }
}

/// What is asked about, if it has parts.
pub(super) fn whole(explanation: &Explanation) -> Option<String> {
    let Explanation {
        resource,
        placements,
        spare,
        ..
    } = explanation;
    let (kind, part) = match explanation.kind {
        Kind::Primitive => return None,
        Kind::Group => ("group", "member"),
        Kind::Clone => ("clone", "part"),
        Kind::Bundle => ("bundle", "part"),
    };
    let mut words = format!(
        "{resource} is a {kind}; each {part} in turn ({}):",
        counted(placements.len(), part)
    );
    if *spare > 0 {
        words.push_str(&format!(
            "\n{} more without a node: there are enough.",
            counted(*spare, part)
        ));
    }
    Some(words)
}

fn happens(placement: &Placement) -> String {
    let Placement {
        resource,
        current,
        next,
        role,
        next_role,
        ..
    } = placement;
    let with_role = |role: Role| match role {
        Role::Promoted | Role::Unpromoted => format!(" ({})", role.name()),
        _ => String::new(),
    };
    let here = all(current);
    let runs = format!("{resource} runs on {here}{}", with_role(*role));
    let there = next.as_deref().unwrap_or("no node");
    let as_role = with_role(*next_role);
    match placement.outcome {
        Outcome::LeftAlone if current.is_empty() => format!("{resource} is stopped and left alone"),
        Outcome::LeftAlone => format!("{runs} and is left alone"),
        Outcome::StaysStopped => format!("{resource} is stopped and stays so"),
        Outcome::Starts if current.is_empty() => {
            format!("{resource} is stopped and will start on {there}{as_role}")
        }
        Outcome::Starts => format!("{resource} will start on {there}{as_role}"),
        Outcome::Stays => format!("{runs} and stays there"),
        Outcome::Stops => format!("{runs} and will be stopped"),
        Outcome::Moves => format!("{runs} and will move to {there}{as_role}"),
        Outcome::Migrates => format!("{runs} and will migrate alive to {there}{as_role}"),
        Outcome::Restarts => format!("{runs} and will be restarted on {there}{as_role}"),
        Outcome::Recovers => format!("{runs} and will be recovered on {there}{as_role}"),
        Outcome::Reloads => format!("{runs} and will be reloaded"),
        Outcome::Promotes => format!("{runs} and will be promoted"),
        Outcome::Demotes => format!("{runs} and will be demoted"),
    }
}

fn because(because: &Because) -> Option<String> {
    Some(match because {
        Because::Unmanaged => "it is not managed".to_owned(),
        Because::StopAll => "stop-all-resources is set".to_owned(),
        Because::ToBeStopped(None) => "it is to be stopped".to_owned(),
        Because::ToBeStopped(Some(reason)) => role_reason(reason),
        Because::NoNode => "no node can run it (see below)".to_owned(),
        Because::Unavailable {
            node,
            obstacles: found,
        } => format!("{node} is {}", obstacles(found)),
        Because::Forbidden { node, parts } if parts.is_empty() => {
            format!("it cannot be on {node} any more")
        }
        Because::Forbidden { parts, .. }
            if matches!(
                parts[0].source,
                Source::Colocation {
                    direction: Direction::Follows,
                    ..
                }
            ) =>
        {
            source(&parts[0].source)
        }
        Because::Forbidden { node, parts } => {
            let sources: Vec<String> = parts
                .iter()
                .take(PARTS_IN_HEADLINE)
                .map(|part| source(&part.source))
                .collect();
            format!("it cannot be on {node} any more: {}", all(&sources))
        }
        Because::Outscored {
            node,
            score,
            better,
            parts,
        } => format!(
            "its score is {better} there and {score} on {node}{}",
            main_parts(parts)
        ),
        Because::OnlyNode => "no other node can run it".to_owned(),
        Because::BestScore { score, next, parts } => format!(
            "its score is {score} there, and at most {next} elsewhere{}",
            main_parts(parts)
        ),
        Because::Tie(found) => format!("other nodes have the same score, but {}", tie(*found)),
        Because::Failed => "it has failed".to_owned(),
        Because::Promotion => "of its promotion score".to_owned(),
        Because::Action(reason) => steps::reason(reason),
        Because::Blocked(blocker) => steps::blocker(blocker),
        Because::Unknown => return None,
    })
}

fn main_parts(parts: &[Part]) -> String {
    let words: Vec<String> = parts
        .iter()
        .take(PARTS_IN_HEADLINE)
        .map(|part| format!("{} by {}", amount(part), source(&part.source)))
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({})", words.join("; "))
    }
}

fn tie(tie: Tie) -> String {
    match tie {
        Tie::Current => "it is there already".to_owned(),
        Tie::AskedFor => "what it belongs to prefers this one".to_owned(),
        Tie::Load { chosen, other } => {
            format!("this one had fewer resources ({chosen}, not {other}) when it was its turn")
        }
        Tie::Capacity => "this one has more free capacity".to_owned(),
        Tie::Name => "its name comes first".to_owned(),
    }
}

/// What came of a node, for the table.
pub(super) fn verdict(view: &NodeView, placement: &Placement) -> String {
    match view.verdict {
        Verdict::Chosen => match placement.choice {
            Choice::Unmanaged => "it is left here".to_owned(),
            _ => "chosen".to_owned(),
        },
        Verdict::Unavailable | Verdict::NotAllowed | Verdict::Forbidden => refusal(view),
        Verdict::Outscored => "not the best score".to_owned(),
        Verdict::Tied(Tie::Current) => "as good, but it is active elsewhere".to_owned(),
        Verdict::Tied(Tie::AskedFor) => "as good, but another was asked for".to_owned(),
        Verdict::Tied(Tie::Load { chosen, other }) => format!(
            "as good, but had {} (chosen: {chosen})",
            counted(other, "resource")
        ),
        Verdict::Tied(Tie::Capacity) => "as good, but has less free capacity".to_owned(),
        Verdict::Tied(Tie::Name) => "as good, but later in the alphabet".to_owned(),
        Verdict::Free => "possible".to_owned(),
    }
}

/// What else there is to know about a resource, and what to do about it.
pub(super) fn circumstance(circumstance: &Circumstance, resource: &str) -> String {
    match circumstance {
        Circumstance::Unmanaged => {
            "It is not managed (is-managed=false): the cluster does not start or stop it."
                .to_owned()
        }
        Circumstance::Maintenance => {
            "Maintenance: the cluster leaves it alone until maintenance-mode or maintenance is \
             turned off."
                .to_owned()
        }
        Circumstance::NoFencingDevice => {
            "Fencing is enabled, but there is no fencing device: nothing is started or stopped \
             until there is one, or stonith-enabled is false."
                .to_owned()
        }
        Circumstance::BlockedByFailure => format!(
            "It is blocked after a failure. When that is repaired: \
             crm_resource --cleanup --resource {resource}"
        ),
        Circumstance::Failed => "It has failed.".to_owned(),
        Circumstance::Removed => "It is not in the configuration any more.".to_owned(),
        Circumstance::ActiveOnSeveral => "It is active on more than one node.".to_owned(),
        Circumstance::TargetRole(owner, role) => {
            format!("target-role of {owner} is {role}: it may not be more than that.")
        }
        Circumstance::NoQuorum => "The cluster has no quorum.".to_owned(),
        Circumstance::Pending(task) => format!("A {task} is under way."),
    }
}

/// Whether an instance is promoted, and why.
pub(super) fn promotion(promotion: &Promotion) -> String {
    let Promotion {
        score,
        limit,
        better,
        promoted,
        ..
    } = *promotion;
    if promoted {
        return format!(
            "Its promotion score is {score}: it is among the {limit} that may be promoted."
        );
    }
    if score < Score::ZERO {
        return format!("Its promotion score is {score}: it may not be promoted.");
    }
    if better >= limit {
        return format!(
            "Its promotion score is {score}, and {} better: {limit} may be promoted.",
            if better == 1 {
                "1 other is".to_owned()
            } else {
                format!("{better} others are")
            }
        );
    }
    format!("Its promotion score is {score}: it is not promoted ({limit} may be).")
}
