//! `track_script` and `track_interface`, and weights.

use std::collections::BTreeMap;

use diagnostics::{Diagnostic, Spanned};

use super::Name;
use super::reading::Reading;
use crate::model::{Instance, SyncGroup, TrackScript, TrackedInterface, TrackedScript, Weight};
use crate::read::{Statement, Word};

/// The largest weight, up and down.
const MAX_WEIGHT: i64 = 253;

/// The priority of the owner of the addresses.
const OWNER_PRIORITY: u8 = 255;

/// Stands for "as the script says" until the scripts are known.
const UNSET: Weight = Weight {
    value: i16::MIN,
    reverse: false,
};

/// Reads `N [reverse|noreverse]`.
pub(super) fn weight(
    words: &[Word],
    statement: &Statement,
    reading: &mut Reading<'_>,
) -> Option<Weight> {
    let [value, rest @ ..] = words else {
        reading.error(statement.span(), "'weight' needs a number");
        return None;
    };
    let value = reading.number_of(value, "weight", -MAX_WEIGHT..=MAX_WEIGHT)?;
    let reverse = match rest {
        [] => false,
        [word] if word.text == "reverse" => true,
        [word] if word.text == "noreverse" => false,
        [_, extra, ..] => {
            reading.unexpected(extra);
            return None;
        }
        [word] => {
            let message = Diagnostic::error(format!("unexpected '{}' after a weight", word.text))
                .at(word.span)
                .suggest(&word.text, ["reverse", "noreverse"]);
            reading.tell(message);
            return None;
        }
    };
    Some(Weight { value, reverse })
}

/// Reads `NAME [weight N [reverse|noreverse]]`.
fn entry(line: &Statement, reading: &mut Reading<'_>) -> Option<(Name, Option<Weight>)> {
    let name = Spanned::new(line.keyword().text.clone(), line.keyword().span);
    match line.values() {
        [] => Some((name, None)),
        [word, rest @ ..] if word.text == "weight" => {
            weight(rest, line, reading).map(|weight| (name, Some(weight)))
        }
        [word, ..] => {
            let message = Diagnostic::error(format!("unexpected '{}'", word.text))
                .at(word.span)
                .suggest(&word.text, ["weight"]);
            reading.tell(message);
            None
        }
    }
}

/// Members of a `vrrp_sync_group` keep one priority, unless it has `sync_group_tracking_weight`, and
/// the owner of its addresses keeps 255: weights are taken from what they track themselves, and
/// what they track by weight alone is not tracked, as with keepalived. What a group tracks keeps its
/// weight.
pub(super) fn settle_weights(
    instances: &mut [Instance],
    groups: &[SyncGroup],
    reading: &mut Reading<'_>,
) {
    for instance in instances {
        let is_owner = instance.priority == OWNER_PRIORITY;
        let name = &instance.name.value;
        let is_bound = groups.iter().any(|group| {
            !group.tracking_weight && group.members.iter().any(|member| member.value == *name)
        });
        if !is_owner && !is_bound {
            continue;
        }
        let mut tell = |tracked: &Name, what: &str| {
            let why = if is_bound {
                "a member of a sync group without 'sync_group_tracking_weight'"
            } else {
                "the owner of its addresses"
            };
            reading.warning(
                tracked.span,
                format!(
                    "{what} of '{}' is ignored: '{name}' is {why}",
                    tracked.value
                ),
            );
        };
        instance.track_scripts.retain(|tracked| {
            let stays = tracked.weight.value == 0;
            if !stays {
                tell(&tracked.name, "tracking with the weight");
            }
            stays
        });
        instance.track_interfaces.retain_mut(|tracked| {
            if tracked.weight.value == 0 {
                return true;
            }
            if is_bound {
                tell(&tracked.name, "the weight");
                tracked.weight = Weight::default();
            } else {
                tell(&tracked.name, "tracking with the weight");
            }
            is_bound
        });
    }
}

/// Reads a `track_script` block. The weights are settled by [`resolve`].
pub(super) fn scripts(statement: &Statement, reading: &mut Reading<'_>) -> Vec<TrackedScript> {
    reading
        .lines(statement)
        .iter()
        .filter_map(|line| entry(line, reading))
        .map(|(name, weight)| TrackedScript {
            name,
            weight: weight.unwrap_or(UNSET),
        })
        .collect()
}

/// Reads a `track_interface` block.
pub(super) fn interfaces(
    statement: &Statement,
    reading: &mut Reading<'_>,
) -> Vec<TrackedInterface> {
    reading
        .lines(statement)
        .iter()
        .filter_map(|line| {
            let (_, weight) = entry(line, reading)?;
            Some(TrackedInterface {
                name: reading.interface(line.keyword())?,
                weight: weight.unwrap_or_default(),
            })
        })
        .collect()
}

/// The scripts by name.
pub(super) type Scripts<'a> = BTreeMap<&'a str, &'a TrackScript>;

/// Finds each tracked script and takes its weight where none was written.
pub(super) fn resolve(
    tracked: &mut [TrackedScript],
    scripts: &Scripts<'_>,
    reading: &mut Reading<'_>,
) {
    for entry in tracked {
        let name = entry.name.value.as_str();
        let Some(script) = scripts.get(name) else {
            let names = scripts.keys().copied();
            let message = Diagnostic::error(format!("there is no vrrp_script '{name}'"))
                .at(entry.name.span)
                .suggest(name, names);
            reading.tell(message);
            entry.weight = Weight::default();
            continue;
        };
        if entry.weight == UNSET {
            entry.weight = script.weight;
        }
    }
}
