//! In which order the entries of a history happened, and which of them still count.
//!
//! Which of two entries is newer (the first rule that decides):
//!
//! | if | then newer is |
//! | --- | --- |
//! | both have the same id on the same node | neither (and the status is odd) |
//! | both are pending (call -1) | neither |
//! | same node, different calls | the one with the higher call |
//! | both are complete | the one whose result changed later |
//! | one is pending, of another scheduler or of the same transition | the pending one |
//! | one is pending | the one of the later transition, where -1 is later than any |
//!
//! These rules contradict each other for some histories (an entry may be newer than one that is
//! newer than a third which is newer than the first), so what comes out depends on the way of
//! sorting: a stable merge sort of the entries in reverse order of the CIB, halves cut short.

use std::cmp::Ordering;

use super::entry::{Entry, TransitionKey};

/// Sorts `entries` (in the order of the CIB) from old to new. Says which ids are there twice.
pub(crate) fn sort<'c>(entries: &mut Vec<Entry<'c>>) -> Vec<&'c str> {
    let mut duplicates = Vec::new();
    entries.reverse();
    *entries = merge_sorted(entries, &mut duplicates);
    duplicates
}

fn merge_sorted<'c>(entries: &[Entry<'c>], duplicates: &mut Vec<&'c str>) -> Vec<Entry<'c>> {
    if entries.len() <= 1 {
        return entries.to_vec();
    }
    let (first, second) = entries.split_at(entries.len() / 2);
    let first = merge_sorted(first, duplicates);
    let second = merge_sorted(second, duplicates);
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    let mut merged = Vec::with_capacity(entries.len());
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        if is_duplicate(a, b) {
            duplicates.extend(a.id);
        }
        let next = match compare_age(a, b) {
            Ordering::Greater => second.next(),
            Ordering::Less | Ordering::Equal => first.next(),
        };
        merged.extend(next);
    }
    merged.extend(first);
    merged.extend(second);
    merged
}

fn is_same_node(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    match (a.on_node, b.on_node) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn is_duplicate(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    is_same_node(a, b) && a.id == b.id
}

/// Which of two entries is newer: `Greater` for `a`.
pub(crate) fn compare_age(a: &Entry<'_>, b: &Entry<'_>) -> Ordering {
    let same_node = is_same_node(a, b);
    let (a_is_complete, b_is_complete) = (a.call_id >= 0, b.call_id >= 0);
    if is_duplicate(a, b) || (a.call_id == -1 && b.call_id == -1) {
        Ordering::Equal
    } else if same_node && a_is_complete && a.call_id < b.call_id {
        Ordering::Less
    } else if same_node && b_is_complete && a.call_id > b.call_id {
        Ordering::Greater
    } else if a_is_complete && b_is_complete {
        compare_known(a.last_change_s.unwrap_or(-1), b.last_change_s.unwrap_or(-1))
    } else {
        compare_transitions(a, b)
    }
}

/// Compares numbers of which a negative one says nothing.
fn compare_known(a: i64, b: i64) -> Ordering {
    if a >= 0 && a < b {
        Ordering::Less
    } else if b >= 0 && a > b {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// Compares a pending entry with a complete one.
fn compare_transitions(a: &Entry<'_>, b: &Entry<'_>) -> Ordering {
    let (Some(a_key), Some(b_key)) = (
        a.magic.and_then(TransitionKey::parse_magic),
        b.magic.and_then(TransitionKey::parse_magic),
    ) else {
        return Ordering::Equal;
    };
    let (a_number, b_number) = (a_key.transition, b_key.transition);
    if !a_key.uuid.eq_ignore_ascii_case(b_key.uuid) || a_number == b_number {
        if b.call_id == -1 {
            Ordering::Less
        } else if a.call_id == -1 {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    } else if (a_number >= 0 && a_number < b_number) || b_number == -1 {
        Ordering::Less
    } else if (b_number >= 0 && a_number > b_number) || a_number == -1 {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// Which entries of a sorted history tell of the time since the resource was last started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActiveRange {
    /// Where the last start is, or what implies one where there is none: the last promotion or
    /// demotion, or else a monitor that found the resource active.
    pub start: Option<usize>,
    /// Where the last successful stop is.
    pub stop: Option<usize>,
}

impl ActiveRange {
    /// Finds the range in a sorted history.
    pub fn find(entries: &[Entry<'_>]) -> Self {
        let mut range = Self::default();
        let (mut monitored, mut promoted) = (None, None);
        for (index, entry) in entries.iter().enumerate() {
            let is = |word: &str| {
                entry
                    .task
                    .is_some_and(|task| task.eq_ignore_ascii_case(word))
            };
            if is("stop") && entry.status_text == Some("0") {
                range.stop = Some(index);
            } else if is("start") || is("migrate_from") {
                range.start = Some(index);
            } else if monitored <= range.stop && is("monitor") {
                if matches!(entry.exit_text, Some("0" | "8")) {
                    monitored = Some(index);
                }
            } else if is("promote") || is("demote") {
                promoted = Some(index);
            }
        }
        range.start = range.start.or(promoted).or(monitored);
        range
    }

    /// Whether the resource was stopped after it was last started.
    pub fn is_stopped(self) -> bool {
        self.start < self.stop
    }

    /// Whether the entry at `index` is older than the last start.
    pub fn is_before_start(self, index: usize) -> bool {
        self.start.is_some_and(|start| index < start)
    }
}

#[cfg(test)]
mod tests {
    use cib::xml::Document;

    use super::{ActiveRange, sort};
    use crate::status::history::entry::read_entries;

    /// Tasks of a history from old to new, each entry given as (task, call, status, result).
    fn sorted(history: &[(&str, &str, &str, &str)]) -> (Vec<String>, ActiveRange) {
        let mut document = Document::new("lrm_resource");
        let root = document.root().xml_id();
        for (index, (task, call, status, result)) in history.iter().enumerate() {
            let entry = document.append(root, "lrm_rsc_op");
            let magic = format!("{status}:{result};{index}:{index}:0:uuid");
            for (name, value) in [
                ("id", &*index.to_string()),
                ("operation", task),
                ("call-id", call),
                ("op-status", status),
                ("rc-code", result),
                ("transition-magic", &magic),
            ] {
                document.set(entry, name, value);
            }
        }
        let mut entries = read_entries(document.root());
        assert_eq!(sort(&mut entries), [] as [&str; 0]);
        let tasks = entries.iter().filter_map(|entry| entry.task);
        (
            tasks.map(str::to_owned).collect(),
            ActiveRange::find(&entries),
        )
    }

    #[test]
    fn calls_give_the_order_and_pending_entries_follow_their_transition() {
        let (tasks, range) = sorted(&[
            ("monitor", "3", "0", "0"),
            ("start", "2", "0", "0"),
            ("stop", "1", "0", "0"),
        ]);
        assert_eq!(tasks, ["stop", "start", "monitor"]);
        assert!(!range.is_stopped() && range.is_before_start(0) && !range.is_before_start(1));

        let (tasks, range) = sorted(&[
            ("start", "1", "0", "0"),
            ("stop", "2", "0", "0"),
            ("start", "-1", "-1", "193"),
        ]);
        assert_eq!(tasks, ["start", "stop", "start"]);
        assert_eq!((range.start, range.stop), (Some(2), Some(1)));
    }

    #[test]
    fn without_a_start_a_monitor_that_found_the_resource_counts() {
        let (_, range) = sorted(&[("monitor", "1", "0", "0")]);
        assert_eq!((range.start, range.stop), (Some(0), None));
        let (_, range) = sorted(&[("monitor", "1", "0", "7")]);
        assert_eq!((range.start, range.stop), (None, None));
    }
}
