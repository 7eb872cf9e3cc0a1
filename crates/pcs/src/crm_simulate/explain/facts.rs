//! What a program can use of where something comes from: names and values beside the sentence.

use scheduler::explain::{Origin, Source};

/// Names and values.
type Facts = Vec<(&'static str, String)>;

/// Where a part of a score comes from: `source` says what kind of thing it is.
pub(super) fn of_source(source: &Source) -> Facts {
    let (kind, found): (&str, Vec<(&'static str, Option<String>)>) = match source {
        Source::Base => ("node", Vec::new()),
        Source::Location { id, rule } => (
            "location",
            vec![("constraint", Some(id.clone())), ("rule", rule.clone())],
        ),
        Source::Health { strategy, .. } => ("health", vec![("strategy", Some(strategy.clone()))]),
        Source::Colocation {
            id, with, place, ..
        } => (
            "colocation",
            vec![
                ("constraint", id.clone()),
                ("with", Some(with.clone())),
                ("with_node", place.clone()),
            ],
        ),
        Source::Stickiness => ("stickiness", Vec::new()),
        Source::Failures {
            count, threshold, ..
        } => (
            "failures",
            vec![
                ("count", Some(count.to_string())),
                ("threshold", Some(threshold.to_string())),
            ],
        ),
        Source::Ticket { id, .. } => ("ticket", vec![("ticket", Some(id.clone()))]),
        Source::Utilization(_) => ("utilization", Vec::new()),
        Source::ShutdownLock { node } => ("shutdown-lock", vec![("locked_to", node.clone())]),
        Source::Launcher(launcher) => ("launcher", vec![("with", Some(launcher.clone()))]),
        Source::ToBeStopped(reason) => ("stop", vec![("reason", reason.clone())]),
        Source::InstanceLimit => ("instance-limit", Vec::new()),
        Source::NodeFull => ("node-limit", Vec::new()),
        Source::PromotionScore => ("promotion-score", Vec::new()),
        Source::NoPromotionScore => ("no-promotion-score", Vec::new()),
        Source::Other(_) => ("other", Vec::new()),
    };
    let found = found
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    std::iter::once(("source", kind.to_owned()))
        .chain(found)
        .collect()
}

/// Where the order of two actions comes from.
pub(super) fn of_origin(origin: &Origin) -> Facts {
    match origin {
        Origin::Constraint(id) => vec![("constraint", id.clone())],
        _ => Vec::new(),
    }
}
