//! Where a part of a score comes from, and what to do about it.

use cib::Score;
use scheduler::explain::{Direction, NodeView, Obstacle, Part, Source};
use scheduler::model::journal::{Change, Shortage};

use super::all;

/// What a part does to the score: `+100`, `-INFINITY`, `= INFINITY`.
pub(super) fn amount(part: &Part) -> String {
    match part.change {
        Change::Plus(score) if score > Score::ZERO => format!("+{score}"),
        Change::Plus(score) => score.to_string(),
        Change::Becomes(score) => format!("= {score}"),
    }
}

/// Where a part comes from, in a few words.
pub(super) fn source(source: &Source) -> String {
    match source {
        Source::Base => "the node's own score".to_owned(),
        Source::Location { id, rule: None } => format!("location constraint {id}"),
        Source::Location {
            id,
            rule: Some(rule),
        } => format!("location constraint {id} (rule {rule})"),
        Source::Health {
            strategy,
            attributes,
        } => {
            let attributes: Vec<String> = attributes
                .iter()
                .map(|(name, value)| format!("{name} is {value}"))
                .collect();
            let because = if attributes.is_empty() {
                String::new()
            } else {
                format!(": {}", all(&attributes))
            };
            format!("node health ({strategy}){because}")
        }
        Source::Colocation {
            id,
            with,
            place,
            direction,
            score,
            kept_away,
        } => {
            let mut words = wish(with, *direction, *score);
            match (direction, place) {
                (Direction::Follows, Some(node)) => {
                    words.push_str(&format!(", which goes to {node}"))
                }
                (Direction::Follows, None) => words.push_str(", which has no node"),
                (Direction::Followed, _) if kept_away.is_empty() => {
                    words.push_str(", and has wishes of its own");
                }
                (Direction::Followed, _) => {
                    let sources: Vec<String> = kept_away
                        .iter()
                        .map(|part| self::source(&part.source))
                        .collect();
                    words.push_str(&format!(", and cannot be here: {}", all(&sources)));
                }
            }
            if let Some(id) = id {
                words.push_str(&format!(" (colocation {id})"));
            }
            words
        }
        Source::Stickiness => "stickiness: it is active here".to_owned(),
        Source::Failures { count, .. } if *count >= Score::INFINITY.value() => {
            "a failure here was fatal (a failed start is, unless start-failure-is-fatal is off)"
                .to_owned()
        }
        Source::Failures {
            count, threshold, ..
        } => {
            let times = if *count == 1 { "time" } else { "times" };
            format!("it failed here {count} {times}, and migration-threshold is {threshold}")
        }
        Source::Ticket { id, standby: false } => format!("ticket {id} is not granted"),
        Source::Ticket { id, standby: true } => format!("ticket {id} is on standby"),
        Source::Utilization(shortages) => {
            let shortages: Vec<String> = shortages.iter().map(shortage).collect();
            format!("not enough room: {}", all(&shortages))
        }
        Source::ShutdownLock { node: Some(node) } => {
            format!("shutdown lock: it waits for {node} to come back")
        }
        Source::ShutdownLock { node: None } => "shutdown lock".to_owned(),
        Source::Launcher(launcher) => format!("it has to be where {launcher} is"),
        Source::ToBeStopped(None) => "it is to be stopped".to_owned(),
        Source::ToBeStopped(Some(reason)) => {
            format!("it is to be stopped: {}", role_reason(reason))
        }
        Source::InstanceLimit => "there are as many instances as there may be".to_owned(),
        Source::NodeFull => "no further instance may be here".to_owned(),
        Source::PromotionScore => {
            "promotion score: its agent would like to be promoted here".to_owned()
        }
        Source::NoPromotionScore => {
            "no promotion score: its agent has not said that it may be promoted here".to_owned()
        }
        Source::Other(words) => words.clone(),
    }
}

/// What a colocation with a resource wants.
fn wish(with: &str, direction: Direction, score: Score) -> String {
    let verb = match score {
        Score::INFINITY => "must",
        Score::MINUS_INFINITY => "must not",
        score if score < Score::ZERO => "should not",
        _ => "should",
    };
    match direction {
        Direction::Follows => format!("it {verb} be with {with}"),
        Direction::Followed => format!("{with} {verb} be with it"),
    }
}

/// Where a part that forbids a node comes from, as short as possible.
pub(super) fn label(part: &Part) -> String {
    match &part.source {
        Source::Location { id, .. } => format!("banned by {id}"),
        Source::Health { .. } => "unhealthy".to_owned(),
        Source::Colocation {
            with,
            direction,
            score,
            ..
        } => wish(with, *direction, *score),
        Source::Failures { .. } => "failed here".to_owned(),
        Source::Utilization(_) => "not enough room".to_owned(),
        Source::ShutdownLock { .. } => "shutdown lock".to_owned(),
        other => source(other),
    }
}

fn shortage(shortage: &Shortage) -> String {
    let Shortage {
        attribute,
        need,
        free,
    } = shortage;
    format!("{need} {attribute} needed, {free} free")
}

/// Why a role is not the usual one.
pub(super) fn role_reason(reason: &str) -> String {
    match reason {
        "target-role" => "its target-role is Stopped".to_owned(),
        "not running" => "it is not running".to_owned(),
        "on-fail=stop" => "it failed, and on-fail=stop says that it stays stopped".to_owned(),
        "failure" => "it failed".to_owned(),
        _ => reason.to_owned(),
    }
}

/// What an operator can do about a part that keeps `resource` from the node.
pub(super) fn advice(source: &Source, resource: &str, node: &str) -> Option<String> {
    let plain = resource.split(':').next().unwrap_or(resource);
    match source {
        Source::Failures { timeout_ms, .. } => {
            let expiry = timeout_ms.map_or_else(String::new, |timeout_ms| {
                format!(
                    ", or wait until {} s have passed since the last failure",
                    timeout_ms / 1000
                )
            });
            Some(format!(
                "when the cause is repaired: crm_resource --cleanup --resource {plain} \
                 --node {node}{expiry}"
            ))
        }
        Source::Location { id, .. } if id.starts_with("cli-") => Some(format!(
            "made by a move or ban; to take it back: crm_resource --clear --resource {plain}"
        )),
        Source::Ticket { id, standby: false } => {
            Some(format!("to grant it: crm_ticket --ticket {id} --grant"))
        }
        Source::Ticket { id, standby: true } => Some(format!(
            "to activate it: crm_ticket --ticket {id} --activate"
        )),
        Source::ToBeStopped(Some(reason)) if reason == "target-role" => Some(format!(
            "to let it start: crm_resource --resource {plain} --meta \
             --delete-parameter target-role"
        )),
        Source::ShutdownLock { node: Some(home) } => Some(format!(
            "to give up waiting: crm_resource --refresh --resource {plain} --node {home}"
        )),
        _ => None,
    }
}

/// What keeps a node from running anything.
pub(super) fn obstacle(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Offline => "offline",
        Obstacle::Unclean => "unclean: to be fenced",
        Obstacle::Standby => "standby",
        Obstacle::StandbyOnFail => "standby after a failure",
        Obstacle::ShuttingDown => "shutting down",
        Obstacle::Maintenance => "in maintenance",
        Obstacle::Pending => "joining",
        Obstacle::GuestDown => "its guest will not run",
    }
}

/// All that keeps a node from running anything.
pub(super) fn obstacles(found: &[Obstacle]) -> String {
    let words: Vec<String> = found
        .iter()
        .map(|&found| obstacle(found).to_owned())
        .collect();
    all(&words)
}

/// What an operator can do about an obstacle.
pub(super) fn obstacle_advice(obstacle: Obstacle, node: &str) -> Option<String> {
    match obstacle {
        Obstacle::Standby | Obstacle::StandbyOnFail => Some(format!(
            "to take {node} out of standby: crm_standby --node {node} --delete"
        )),
        Obstacle::Maintenance => Some(format!(
            "to end maintenance of {node}: crm_attribute --node {node} --name maintenance --delete"
        )),
        _ => None,
    }
}

/// Why a node is out of the question, in a few words.
pub(super) fn refusal(view: &NodeView) -> String {
    if !view.obstacles.is_empty() {
        return obstacles(&view.obstacles);
    }
    if view.score.is_none() {
        return "nothing allows it there".to_owned();
    }
    let forbidding: Vec<String> = view
        .parts
        .iter()
        .filter(|part| part.forbids())
        .map(label)
        .collect();
    if forbidding.is_empty() {
        let score = view.score.unwrap_or_default();
        format!("its score is {score}")
    } else {
        all(&forbidding)
    }
}
