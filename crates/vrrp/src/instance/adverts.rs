//! What an advert of another router does (RFC 5798 section 6.4, and keepalived where it goes
//! beyond).

use std::cmp::Ordering;
use std::time::Duration;

use super::{Command, Instance, Notification, OtherMaster, State};
use crate::acceptance::{Received, accept};
use crate::settings::{PRIORITY_OWNER, PRIORITY_STOP};
use crate::timing::skew_time;
use crate::{Advert, Version};

impl Instance {
    pub(super) fn hear_advert(&mut self, received: &Received<'_>, now: Duration) {
        if self.started_at.is_none() {
            return;
        }
        let known_master = self
            .master
            .is_some_and(|master| master.address == received.source);
        let check_addresses = !(self.settings.skip_check_addresses && known_master);
        let advert = match accept(&self.settings, received, check_addresses) {
            Ok(advert) => advert,
            Err(reject) => {
                // The 1st, 2nd, 4th, 8th …: a storm of bad packets does not fill the log.
                let count = self.counters.refuse(&reject);
                if count.is_power_of_two() {
                    self.log(format!(
                        "refused advert from {} ({count} of this kind): {reject}",
                        received.source
                    ));
                }
                return;
            }
        };
        self.counters.adverts_received += 1;
        if advert.priority == PRIORITY_STOP {
            self.counters.priority_zero_received += 1;
        }
        match self.state {
            State::Master if self.is_leaving() => {
                if advert.priority != PRIORITY_STOP {
                    self.heir_took_over(now);
                }
            }
            State::Master => self.hear_as_master(received, &advert, now),
            State::Backup => self.hear_as_backup(received, &advert, now),
            State::Init | State::Fault => self.remember_master(received, &advert, now),
        }
    }

    fn hear_as_master(&mut self, received: &Received<'_>, advert: &Advert, now: Duration) {
        let source = received.source;
        let is_owner = self.effective_priority() == PRIORITY_OWNER;
        if is_owner && self.settings.owner_ignores_adverts {
            return;
        }
        if advert.priority == PRIORITY_STOP {
            self.send_advert(now);
            return;
        }
        if self.may_be_replaced(now) {
            self.remember_master(received, advert, now);
            self.yield_to_master(format!("stood still, {source} has taken over"), now);
            return;
        }
        if advert.priority == PRIORITY_OWNER && is_owner {
            self.owner_conflict = true;
            self.log(format!(
                "{source} is configured as owner of the addresses too: priority 254"
            ));
        }
        let ours = (self.effective_priority(), self.settings.source);
        match (advert.priority, source).cmp(&ours) {
            Ordering::Greater => {
                if self.settings.higher_priority_send_advert {
                    self.send_advert(now);
                }
                self.remember_master(received, advert, now);
                let reason = if advert.priority > ours.0 {
                    format!(
                        "{source} has priority {}, ours is {}",
                        advert.priority, ours.0
                    )
                } else {
                    format!("{source} has the same priority and the higher address")
                };
                self.yield_to_master(reason, now);
            }
            Ordering::Less => self.defend(received, advert, now),
            Ordering::Equal => {
                self.log(format!(
                    "another router advertises from our own address {source}"
                ));
            }
        }
    }

    /// A lower master: it shall know of us at once, and so shall those who believed it.
    fn defend(&mut self, received: &Received<'_>, advert: &Advert, now: Duration) {
        self.log(format!(
            "{} advertises the lower priority {}, ours is {}",
            received.source,
            advert.priority,
            self.effective_priority()
        ));
        if !self.settings.lower_priority_no_advert {
            self.send_advert(now);
        }
        let announcements = self.settings.announcements;
        if announcements.lower_priority_repeat > 0 {
            self.announce(announcements.lower_priority_repeat);
            if !announcements.lower_priority_delay.is_zero() {
                self.timers.announce_lower = Some(now + announcements.lower_priority_delay);
            }
        }
        self.command(Command::Notify(Notification::HeardLower));
    }

    fn hear_as_backup(&mut self, received: &Received<'_>, advert: &Advert, now: Duration) {
        if advert.priority == PRIORITY_STOP {
            let skew = skew_time(
                self.settings.version,
                self.effective_priority(),
                self.master_interval,
            );
            self.timers.master_down = Some(now + skew);
            if let Some(master) = self
                .master
                .as_mut()
                .filter(|it| it.address == received.source)
            {
                master.priority = PRIORITY_STOP;
            }
            return;
        }
        let is_lower = advert.priority < self.effective_priority();
        let obeys = !is_lower || !self.settings.preempt || self.is_held_back(now);
        if self.master.map(|master| master.address) != Some(received.source) {
            let verb = if obeys { "follows" } else { "will preempt" };
            self.log(format!(
                "{verb} {} of priority {}",
                received.source, advert.priority
            ));
        }
        if !obeys {
            // The timer goes on: the lower master's adverts do not count.
            self.remember_master_without_interval(received, advert, now);
            return;
        }
        self.remember_master(received, advert, now);
        self.timers.master_down = Some(now + self.master_down_interval());
        if self.settings.preempt_delay.is_zero() {
            return;
        }
        if !is_lower {
            self.preempt_at = None;
        } else if self.preempt_at.is_none() {
            self.preempt_at = Some(now + self.settings.preempt_delay);
        }
    }

    /// `preempt_delay` begins with the first advert of a lower master.
    fn is_held_back(&self, now: Duration) -> bool {
        !self.settings.preempt_delay.is_zero() && self.preempt_at.is_none_or(|until| now < until)
    }

    fn remember_master(&mut self, received: &Received<'_>, advert: &Advert, now: Duration) {
        if advert.priority == PRIORITY_STOP {
            return;
        }
        if self.settings.version == Version::V3 && !advert.interval.is_zero() {
            self.master_interval = advert.interval;
        }
        self.remember_master_without_interval(received, advert, now);
    }

    fn remember_master_without_interval(
        &mut self,
        received: &Received<'_>,
        advert: &Advert,
        now: Duration,
    ) {
        self.master = Some(OtherMaster {
            address: received.source,
            priority: advert.priority,
            heard_at: now,
        });
    }
}
