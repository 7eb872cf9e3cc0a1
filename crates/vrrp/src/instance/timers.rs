//! What happens when a time has come, and what a pause of the machine changes about it.

use std::time::Duration;

use super::{Command, Instance, State};
use crate::peers::HELLO_INTERVAL;
use crate::timing::skew_time;

/// A timer later than this, and later than the master's interval, was late because the machine or
/// the process stood still.
const PAUSE: Duration = Duration::from_millis(50);

/// An address that somebody keeps removing is added again at most this often.
pub(super) const READD_INTERVAL: Duration = Duration::from_millis(100);

/// The times at which something is due.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers {
    /// Master: the next advert.
    pub(super) advert: Option<Duration>,
    /// Backup: the master counts as down.
    pub(super) master_down: Option<Duration>,
    /// Master: `garp_master_delay`.
    pub(super) announce_again: Option<Duration>,
    /// Master: `garp_master_refresh`.
    pub(super) announce_refresh: Option<Duration>,
    /// Master: `garp_lower_prio_delay`.
    pub(super) announce_lower: Option<Duration>,
    /// Master: add a removed address again.
    pub(super) readd: Option<Duration>,
    /// Leaving master: the heir did not take over in time.
    pub(super) handover: Option<Duration>,
    /// A leaving master whose heir has taken over removes the addresses.
    pub(super) last_answers: Option<Duration>,
    /// The next hello.
    pub(super) hello: Option<Duration>,
}

impl Timers {
    pub(super) fn earliest(&self) -> Option<Duration> {
        [
            self.advert,
            self.master_down,
            self.announce_again,
            self.announce_refresh,
            self.announce_lower,
            self.readd,
            self.handover,
            self.last_answers,
            self.hello,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Everything but the hello, which goes on in each state.
    pub(super) fn clear_election(&mut self) {
        *self = Self {
            hello: self.hello,
            ..Self::default()
        };
    }
}

/// Takes the time out of `slot` where it has come.
fn take_due(slot: &mut Option<Duration>, now: Duration) -> Option<Duration> {
    slot.take_if(|due| *due <= now)
}

impl Instance {
    pub(super) fn wake(&mut self, now: Duration) {
        if take_due(&mut self.timers.handover, now).is_some() {
            self.finish_stop(false);
            return;
        }
        if take_due(&mut self.timers.last_answers, now).is_some() {
            self.finish_stop(true);
            return;
        }
        if let Some(due) = take_due(&mut self.timers.master_down, now) {
            self.expire_master(due, now);
        }
        if let Some(due) = take_due(&mut self.timers.advert, now) {
            self.advertise_on_time(due, now);
        }
        let announcements = self.settings.announcements;
        if take_due(&mut self.timers.announce_again, now).is_some() {
            self.announce(announcements.repeat);
        }
        if take_due(&mut self.timers.announce_lower, now).is_some() {
            self.announce(announcements.lower_priority_repeat);
        }
        if take_due(&mut self.timers.announce_refresh, now).is_some() {
            self.announce(announcements.refresh_repeat);
            self.timers.announce_refresh = Some(now + announcements.refresh);
        }
        if take_due(&mut self.timers.readd, now).is_some() {
            self.readd(now);
        }
        if take_due(&mut self.timers.hello, now).is_some() {
            self.send_hello(now);
        }
    }

    pub(super) fn announce(&mut self, repeat: u8) {
        if repeat > 0 {
            self.command(Command::Announce { repeat });
        }
    }

    pub(super) fn start_hellos(&mut self, now: Duration) {
        self.timers.hello = self
            .settings
            .hello
            .is_some()
            .then_some(now + HELLO_INTERVAL);
    }

    /// A backup that stood still may have missed the adverts of a living master: it listens for one
    /// more interval before it takes the address.
    fn expire_master(&mut self, due: Duration, now: Duration) {
        let late = now.saturating_sub(due);
        if late >= self.master_interval.max(PAUSE) {
            let skew = skew_time(
                self.settings.version,
                self.effective_priority(),
                self.master_interval,
            );
            self.timers.master_down = Some(now + self.master_interval + skew);
            self.log(format!(
                "{} ms late: listening for the master once more",
                late.as_millis()
            ));
            return;
        }
        self.inherit_by_election(now);
    }

    /// A master that was silent for so long that a backup has replaced it listens for one interval
    /// before it advertises again; `hear_advert` then steps down if somebody did.
    fn advertise_on_time(&mut self, due: Duration, now: Duration) {
        let interval = self.settings.advert_interval;
        let late = now.saturating_sub(due);
        if late >= PAUSE && self.may_be_replaced(now) {
            self.timers.advert = Some(now + interval);
            self.log(format!(
                "{} ms late: listening for another master first",
                late.as_millis()
            ));
            self.send_hello(now);
            return;
        }
        self.send_advert(now);
        // The pace is kept from the time it was due, so that lateness does not add up.
        self.timers.advert = Some((due + interval).max(now + interval / 2));
    }

    /// Whether we were silent for so long that backups took us for dead.
    pub(super) fn may_be_replaced(&self, now: Duration) -> bool {
        let patience = self.settings.advert_interval * u32::from(self.settings.down_timer_adverts);
        self.state == State::Master && now.saturating_sub(self.last_advert_at) >= patience
    }

    pub(super) fn send_advert(&mut self, now: Duration) {
        let priority = self.effective_priority();
        self.last_advert_at = now;
        self.counters.adverts_sent += 1;
        self.command(Command::SendAdvert { priority });
    }
}
