//! What must be on disk before which message is acknowledged, and the one write that is under way.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::copy::{CibCopy, Position};
use crate::history::Chain;
use crate::limits::{FIRST_RETRY, LONGEST_RETRY, WRITE_FAILURES};
use crate::output::{Generation, LostCopy, Output, Report, WriteFailure, WriteId, WriteJob};

/// What must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The promise of this term.
    Promise(u64),
    /// This state of the copy, or a later one.
    Generation(u64),
    /// Something that this node will not have in this view.
    Never,
}

/// What of a copy goes to disk: if it is the same, so is the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    position: Position,
    chain: Chain,
    admin_epoch: i64,
    epoch: i64,
}

impl Kept {
    fn of(copy: &CibCopy) -> Self {
        let version = copy.version();
        Self {
            position: copy.position,
            chain: copy.chain,
            admin_epoch: version.admin_epoch,
            epoch: version.epoch,
        }
    }
}

enum UnderWay {
    Promise(u64),
    Generation(u64),
    Lost(String),
}

/// The disk, as the replica sees it.
pub(super) struct Durability {
    /// What has to be on disk for a message, by its number, ascending.
    needs: VecDeque<(u64, Need)>,
    /// The number of the newest state that differs from the ones before in what is kept.
    newest: u64,
    newest_kept: Kept,
    /// The number of the state that is on disk.
    written: u64,
    /// The highest term promised, and the highest that is on disk as such.
    pub(super) promised: u64,
    written_promise: u64,
    lost: VecDeque<Arc<LostCopy>>,
    /// Until this is set free, the newest state is not written, only the one put aside here.
    held: Option<Option<(u64, Box<Generation>)>>,
    under_way: Option<(WriteId, UnderWay)>,
    next_id: u64,
    failures: u32,
    now: Duration,
    retry_at: Option<Duration>,
}

impl Durability {
    pub(super) fn new(copy: &CibCopy, promised: u64) -> Self {
        Self {
            needs: VecDeque::new(),
            newest: 0,
            newest_kept: Kept::of(copy),
            written: 0,
            promised,
            written_promise: promised,
            lost: VecDeque::new(),
            held: None,
            under_way: None,
            next_id: 0,
            failures: 0,
            now: Duration::ZERO,
            retry_at: None,
        }
    }

    /// Messages are numbered anew; nothing of the old ones can be acknowledged any more.
    pub(super) fn begin_view(&mut self) {
        self.needs.clear();
        self.held = None;
    }

    /// A new exchange begins in the same view: nothing is held for the old one.
    pub(super) fn begin_round(&mut self) {
        self.held = None;
    }

    /// Message `seq` is acknowledged only with this on disk.
    pub(super) fn need(&mut self, seq: u64, need: Need) {
        if let Need::Promise(term) = need {
            self.promised = self.promised.max(term);
        }
        self.needs.push_back((seq, need));
    }

    /// Message `seq` has made `copy` what it is; it is acknowledged when that is on disk.
    pub(super) fn need_copy(&mut self, seq: u64, copy: &CibCopy) {
        let kept = Kept::of(copy);
        if kept != self.newest_kept {
            self.newest += 1;
            self.newest_kept = kept;
        }
        if self.newest > self.written {
            self.need(seq, Need::Generation(self.newest));
        }
    }

    /// From here on, new states of the copy are not written until [`Durability::set_free`]: but what
    /// messages before this one need is, which is `copy` as it still is.
    pub(super) fn hold(&mut self, copy: &CibCopy) {
        let is_needed = |(_, need): &(u64, Need)| matches!(need, Need::Generation(_));
        let before = self.needs.iter().any(is_needed);
        let before = before.then(|| (self.newest, self.generation(copy)));
        self.held = Some(before);
    }

    pub(super) fn set_free(&mut self) {
        self.held = None;
    }

    pub(super) fn keep_lost(&mut self, lost: LostCopy) {
        self.lost.push_back(Arc::new(lost));
    }

    /// Up to which message, of `delivered`, everything is on disk that has to be.
    pub(super) fn acknowledged(&mut self, delivered: u64) -> u64 {
        while let Some(&(_, need)) = self.needs.front() {
            let is_met = match need {
                Need::Promise(term) => self.written_promise >= term,
                Need::Generation(number) => self.written >= number,
                Need::Never => false,
            };
            if !is_met {
                break;
            }
            self.needs.pop_front();
        }
        self.needs.front().map_or(delivered, |&(seq, _)| seq - 1)
    }

    /// Whether writes succeed.
    pub(super) fn is_durable(&self) -> bool {
        self.failures < WRITE_FAILURES
    }

    pub(super) fn set_time(&mut self, now: Duration) {
        self.now = self.now.max(now);
        if self.retry_at.is_some_and(|at| at <= self.now) {
            self.retry_at = None;
        }
    }

    /// When a write is tried again.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.retry_at
    }

    fn generation(&self, copy: &CibCopy) -> Box<Generation> {
        Box::new(Generation {
            document: Arc::clone(&copy.document),
            position: copy.position,
            promised: self.promised,
            chain: copy.chain,
            history: copy.history.clone(),
        })
    }

    /// The next write, if there is any and none is under way.
    pub(super) fn next_write(&mut self, copy: &CibCopy) -> Option<Output> {
        if self.under_way.is_some() || self.retry_at.is_some() {
            return None;
        }
        let (under_way, job) = self.next_job(copy)?;
        let id = WriteId(self.next_id);
        self.next_id += 1;
        self.under_way = Some((id, under_way));
        Some(Output::Write { id, job })
    }

    fn next_job(&self, copy: &CibCopy) -> Option<(UnderWay, WriteJob)> {
        if self.promised > self.written_promise {
            let term = self.promised;
            return Some((UnderWay::Promise(term), WriteJob::Promise(term)));
        }
        if let Some(lost) = self.lost.front() {
            let under_way = UnderWay::Lost(lost.name.clone());
            return Some((under_way, WriteJob::Lost(Arc::clone(lost))));
        }
        let (number, generation) = match &self.held {
            Some(before) => before.clone()?,
            None => (self.newest, self.generation(copy)),
        };
        let is_needed =
            |&(_, need): &(u64, Need)| matches!(need, Need::Generation(it) if it > self.written);
        (number > self.written && self.needs.iter().any(is_needed)).then(|| {
            (
                UnderWay::Generation(number),
                WriteJob::Generation(generation),
            )
        })
    }

    /// The write `id` has come to an end. What is to be told of it.
    pub(super) fn written(
        &mut self,
        id: WriteId,
        result: Result<(), WriteFailure>,
    ) -> Option<Report> {
        let (_, under_way) = self.under_way.take_if(|(under_way, _)| *under_way == id)?;
        if let Err(failure) = result {
            return Some(self.failed(failure));
        }
        let failed = std::mem::take(&mut self.failures) >= WRITE_FAILURES;
        match under_way {
            UnderWay::Promise(term) => self.written_promise = self.written_promise.max(term),
            UnderWay::Generation(number) => self.written = self.written.max(number),
            UnderWay::Lost(name) => {
                self.lost.pop_front();
                return Some(Report::Kept { name });
            }
        }
        failed.then_some(Report::DurableAgain)
    }

    fn failed(&mut self, failure: WriteFailure) -> Report {
        let doubled = FIRST_RETRY.saturating_mul(1 << self.failures.min(16));
        self.retry_at = Some(self.now + doubled.min(LONGEST_RETRY));
        self.failures = self.failures.saturating_add(1);
        if self.failures == WRITE_FAILURES {
            return Report::NotDurable;
        }
        Report::WriteFailed {
            failure,
            failures: self.failures,
        }
    }
}
