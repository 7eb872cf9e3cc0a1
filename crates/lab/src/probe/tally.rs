//! The probe's account: every request is counted once when it is sent and once when it ends.

use crate::clock::Nanoseconds;

use super::{Failures, Report, Status};

/// Answers further apart than this are not steady.
pub const PAUSE: Nanoseconds = 100_000_000;
/// The most moments that a report names of each kind.
pub const MAX_MOMENTS: usize = 10_000;
/// The longest name of an answerer that is kept, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With an answer that names who gave it, as far as it does.
    Answered(String),
    Refused,
    Broken,
    Late,
    Status,
    Other,
}

#[derive(Debug)]
pub(crate) struct Tally {
    report: Report,
    last_answer: Nanoseconds,
    steady_since: Option<Nanoseconds>,
}

impl Tally {
    pub(crate) fn new(now: Nanoseconds) -> Self {
        Self {
            report: Report {
                started: now,
                stopped: now,
                sent: 0,
                answered: 0,
                failed: 0,
                failures: Failures::default(),
                failed_sent_at: Vec::new(),
                longest_gap: 0,
                longest_gap_began: now,
                answered_by: Vec::new(),
            },
            last_answer: now,
            steady_since: None,
        }
    }

    pub(crate) fn sent(&mut self, now: Nanoseconds) {
        self.report.sent += 1;
        self.report.stopped = now;
    }

    pub(crate) fn ended(&mut self, sent: Nanoseconds, now: Nanoseconds, outcome: Outcome) {
        let failures = &mut self.report.failures;
        let kind = match outcome {
            Outcome::Answered(who) => return self.answered(now, who),
            Outcome::Refused => &mut failures.refused,
            Outcome::Broken => &mut failures.broken,
            Outcome::Late => &mut failures.late,
            Outcome::Status => &mut failures.status,
            Outcome::Other => &mut failures.other,
        };
        *kind += 1;
        self.report.failed += 1;
        if self.report.failed_sent_at.len() < MAX_MOMENTS {
            self.report.failed_sent_at.push(sent);
        }
    }

    fn answered(&mut self, now: Nanoseconds, mut who: String) {
        who.truncate(who.floor_char_boundary(MAX_NAME_BYTES));
        self.report.answered += 1;
        if now.saturating_sub(self.last_answer) > PAUSE || self.steady_since.is_none() {
            self.steady_since = Some(now);
        }
        self.gap_until(now);
        self.last_answer = self.last_answer.max(now);
        let changed = self
            .report
            .answered_by
            .last()
            .is_none_or(|(_, last)| *last != who);
        if changed && self.report.answered_by.len() < MAX_MOMENTS {
            self.report.answered_by.push((now, who));
        }
    }

    pub(crate) fn status(&self, now: Nanoseconds) -> Status {
        let steady = now.saturating_sub(self.last_answer) <= PAUSE;
        Status {
            at: now,
            sent: self.report.sent,
            answered: self.report.answered,
            failed: self.report.failed,
            steady_since: self.steady_since.filter(|_| steady),
        }
    }

    /// The account once no request is under way; a silence up to the last request counts as a gap.
    pub(crate) fn close(mut self) -> Report {
        self.gap_until(self.report.stopped);
        self.report
    }

    fn gap_until(&mut self, now: Nanoseconds) {
        let gap = now.saturating_sub(self.last_answer);
        if gap > self.report.longest_gap {
            self.report.longest_gap = gap;
            self.report.longest_gap_began = self.last_answer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_counted_and_the_longest_silence_is_found() {
        let ms = 1_000_000;
        let mut tally = Tally::new(0);
        let fred = || Outcome::Answered("fred".to_owned());
        let ethyl = || Outcome::Answered("ethyl".to_owned());
        for (sent, ended, outcome) in [
            (0, ms, fred()),
            (2 * ms, 3 * ms, fred()),
            (4 * ms, 5 * ms, Outcome::Refused),
            (6 * ms, 256 * ms, Outcome::Late),
            (8 * ms, 203 * ms, ethyl()),
            (210 * ms, 211 * ms, Outcome::Status),
        ] {
            tally.sent(sent);
            tally.ended(sent, ended, outcome);
        }
        assert_eq!(tally.status(220 * ms).steady_since, Some(203 * ms));
        assert_eq!(tally.status(400 * ms).steady_since, None);
        let report = tally.close();
        assert_eq!((report.sent, report.answered, report.failed), (6, 3, 3));
        assert_eq!(report.longest_gap, 200 * ms);
        assert_eq!(report.longest_gap_began, 3 * ms);
        assert_eq!(report.failed_sent_at, [4 * ms, 6 * ms, 210 * ms]);
        assert_eq!(
            report.answered_by,
            [(ms, "fred".to_owned()), (203 * ms, "ethyl".to_owned())]
        );
    }

    #[test]
    fn silence_at_the_end_is_a_gap() {
        let mut tally = Tally::new(0);
        tally.sent(0);
        tally.ended(0, 10, Outcome::Answered(String::new()));
        tally.sent(500);
        tally.ended(500, 900, Outcome::Late);
        assert_eq!(tally.close().longest_gap, 490);
    }
}
