//! The messages of one view, each in its place.

use std::collections::{BTreeMap, VecDeque};

use crate::limits::{WINDOW_BYTES, WINDOW_MESSAGES};
use crate::wire::Entry;

/// The messages that this node has received of a view, from the first that some member may still
/// ask for.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The messages without a gap; the first has the place `collected + 1`.
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Every member has everything up to here.
    collected: u64,
    /// Messages beyond a gap.
    early: BTreeMap<u64, Entry>,
    early_bytes: usize,
}

impl Log {
    /// Everything up to this place has been received.
    pub(crate) fn received(&self) -> u64 {
        self.collected + self.entries.len() as u64
    }

    /// Whether the leader may order more.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes < WINDOW_BYTES && (self.entries.len() as u64) < WINDOW_MESSAGES
    }

    /// The next message in order.
    pub(crate) fn append(&mut self, entry: Entry) -> u64 {
        self.bytes += entry.payload.len();
        self.entries.push_back(entry);
        self.received()
    }

    /// Messages from elsewhere. What is known already, or lies beyond the window, is dropped.
    /// Whether there is a gap now.
    pub(crate) fn insert(&mut self, first: u64, entries: Vec<Entry>) -> bool {
        for (place, entry) in (first..).zip(entries) {
            if place == self.received() + 1 {
                self.append(entry);
            } else if place > self.received() && self.in_window(place, &entry) {
                self.early_bytes += entry.payload.len();
                if let Some(former) = self.early.insert(place, entry) {
                    self.early_bytes -= former.payload.len();
                }
            }
        }
        while let Some(entry) = self.early.remove(&(self.received() + 1)) {
            self.early_bytes -= entry.payload.len();
            self.append(entry);
        }
        // Copies of what has come another way meanwhile.
        while let Some(first) = self
            .early
            .first_entry()
            .filter(|e| *e.key() <= self.collected + self.entries.len() as u64)
        {
            self.early_bytes -= first.remove().payload.len();
        }
        !self.early.is_empty()
    }

    fn in_window(&self, place: u64, entry: &Entry) -> bool {
        place <= self.received() + WINDOW_MESSAGES
            && self.early_bytes + entry.payload.len() <= WINDOW_BYTES
    }

    /// The message in this place, if it is still here.
    pub(crate) fn entry(&self, place: u64) -> Option<&Entry> {
        let index = place.checked_sub(self.collected + 1)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// The messages that follow `after`, up to `max_bytes` (one at least).
    pub(crate) fn following(&self, after: u64, max_bytes: usize) -> Vec<Entry> {
        let mut bytes = 0;
        let mut entries = Vec::new();
        for place in after + 1..=self.received() {
            let Some(entry) = self.entry(place) else {
                break;
            };
            bytes += entry.payload.len() + crate::wire::ENTRY_OVERHEAD;
            if bytes > max_bytes && !entries.is_empty() {
                break;
            }
            entries.push(entry.clone());
        }
        entries
    }

    /// Every member has everything up to this place.
    pub(crate) fn collect(&mut self, up_to: u64) {
        while self.collected < up_to {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= entry.payload.len();
            self.collected += 1;
        }
    }
}
