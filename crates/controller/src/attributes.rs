//! Transient attributes of this node, as its agents want them (attrd_updater(8)).
//!
//! A change is written when its dampening is over, counted from the first of several changes, and
//! nothing is where the last one takes the others back. What is wanted is written anew for each view.

use std::collections::BTreeMap;
use std::time::Duration;

use replica::Operation as Edit;

use crate::states;

/// The most attributes of a node that agents may want; more are not kept.
const MAX_ATTRIBUTES: usize = 1_000;

/// What agents want.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    all: BTreeMap<String, Wanted>,
}

#[derive(Debug, Default)]
struct Wanted {
    value: Option<String>,
    written: Option<String>,
    due: Option<Duration>,
}

impl Attributes {
    /// An agent wants a value, or none.
    pub fn set(&mut self, now: Duration, name: &str, value: Option<&str>, dampening: Duration) {
        if !self.all.contains_key(name) && self.all.len() == MAX_ATTRIBUTES {
            return;
        }
        let wanted = self.all.entry(name.to_owned()).or_default();
        wanted.value = value.map(str::to_owned);
        if wanted.value == wanted.written {
            wanted.due = None;
        } else {
            let due = now.saturating_add(dampening);
            wanted.due = Some(wanted.due.map_or(due, |earlier| earlier.min(due)));
        }
    }

    /// When the next one is to be written.
    pub fn deadline(&self) -> Option<Duration> {
        self.all.values().filter_map(|wanted| wanted.due).min()
    }

    /// What is to be written now.
    pub fn due(&mut self, now: Duration, node: u32) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (name, wanted) in &mut self.all {
            if wanted.due.is_some_and(|due| due <= now) {
                wanted.due = None;
                wanted.written.clone_from(&wanted.value);
                edits.push(states::of_attribute(node, name, wanted.value.as_deref()));
            }
        }
        self.all
            .retain(|_, wanted| wanted.value.is_some() || wanted.due.is_some());
        edits
    }

    /// All that was written, anew.
    pub fn publish(&self, node: u32) -> Vec<Edit> {
        let written = |(name, wanted): (&String, &Wanted)| {
            let value = wanted.written.as_deref()?;
            Some(states::of_attribute(node, name, Some(value)))
        };
        self.all.iter().filter_map(written).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_written_when_their_dampening_is_over() {
        let at = Duration::from_secs;
        let mut attributes = Attributes::default();
        // When, what is wanted, how long is waited; then what is due when.
        for (now, value, dampening, deadline, edits) in [
            (0, Some("1"), 5, Some(5), 0),
            (3, Some("2"), 5, Some(5), 0),
            (5, Some("2"), 5, None, 1),
            (6, Some("2"), 5, None, 0),
            (7, Some("3"), 5, Some(12), 0),
            (8, Some("2"), 5, None, 0),
            (20, Some("4"), 0, None, 1),
            (21, None, 2, Some(23), 0),
            (23, None, 2, None, 1),
            (24, None, 2, None, 0),
        ] {
            attributes.set(at(now), "pingd", value, at(dampening));
            assert_eq!(attributes.due(at(now), 1).len(), edits, "{now}");
            assert_eq!(attributes.deadline(), deadline.map(at), "{now}");
        }
        assert_eq!(attributes.publish(1), []);
        attributes.set(at(30), "pingd", Some("<1>"), at(0));
        let [Edit::Modify { element, .. }] = &attributes.due(at(30), 1)[..] else {
            panic!("one change");
        };
        assert!(element.contains("value=\"&lt;1&gt;\""), "{element}");
        assert_eq!(attributes.publish(1).len(), 1);
    }
}
