//! What the members of a view know of electorates, taken together.

use crate::MAX_OPEN;
use crate::attachment::{Memory, Record};
use crate::electorate::Electorate;
use crate::options::Options;
use crate::view::View;

/// The members' records, taken together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Knowledge {
    /// The newest electorate that was formed; none: the configuration.
    pub formed: Option<Electorate>,
    /// Newer ones that may have been formed, by number.
    pub open: Vec<Electorate>,
    /// The newest asserted one.
    pub asserted: Option<Electorate>,
    /// The highest number of any.
    pub newest_number: u64,
    tracked: u32,
}

impl Knowledge {
    pub fn of(view: &View) -> Self {
        let records = || view.members.values().map(|member| &member.record);
        let newest = |of: fn(&Record) -> Option<&Electorate>| {
            records()
                .filter_map(of)
                .max_by_key(|electorate| electorate.number)
                .cloned()
        };
        let mut knowledge = Self {
            formed: newest(|record| record.formed.as_ref()),
            open: Vec::new(),
            asserted: newest(|record| record.asserted.as_ref()),
            newest_number: records().map(Record::newest_number).max().unwrap_or(0),
            tracked: records().map(|record| record.tracked).max().unwrap_or(0),
        };
        for electorate in records().flat_map(|record| &record.open) {
            let known = knowledge.open.contains(electorate);
            if !known
                && electorate.number > knowledge.formed_number()
                && !unformed(view, electorate)
            {
                knowledge.open.push(electorate.clone());
            }
        }
        knowledge.open.sort_by_key(|electorate| electorate.number);
        knowledge
    }

    /// The electorate that was formed last, or that of the configuration.
    pub fn formed(&self, options: &Options) -> Electorate {
        let tracked = if options.expected_votes_tracking() {
            self.tracked
        } else {
            0
        };
        match &self.formed {
            Some(formed) => formed.clone(),
            None => Electorate::configured(options, tracked),
        }
    }

    /// From now on `electorate` is formed.
    pub fn settle(&mut self, electorate: &Electorate) {
        self.open.retain(|open| open.newer(electorate));
        self.formed = Some(electorate.clone());
    }

    /// Whether one node can keep all of it on record.
    pub const fn fits(&self) -> bool {
        self.open.len() < MAX_OPEN
    }

    pub fn formed_number(&self) -> u64 {
        self.formed.as_ref().map_or(0, |formed| formed.number)
    }
}

/// Whether one who was there when it was proposed, and remembers, has not heard of it: then not all
/// have it on record, and never will.
fn unformed(view: &View, electorate: &Electorate) -> bool {
    let witnesses = electorate
        .present
        .iter()
        .filter_map(|node| view.members.get(node));
    witnesses
        .filter(|member| member.memory == Memory::Kept)
        .any(|member| {
            member.record.formed_number() < electorate.number
                && !member.record.open.contains(electorate)
        })
}
