//! The changes of state, and what each one commands.

use std::net::IpAddr;
use std::time::Duration;

use super::timers::READD_INTERVAL;
use super::{Command, Instance, Notification, OtherMaster, State};
use crate::settings::{PRIORITY_OWNER, PRIORITY_STOP};
use crate::timing::master_down_interval;
use crate::{Settings, Tracked};

/// How long a leaving master keeps the address while its heir takes over. The heir needs about
/// a millisecond; this is when the master no longer believes in it.
const HANDOVER_LIMIT: Duration = Duration::from_millis(20);

/// How long a leaving master keeps the address after its heir took over, without a word: the
/// answers to requests that it has already received go out from that address. New requests go to
/// the heir, which announces itself again at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(50);

/// How a router came to be master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accession {
    /// The old master is dead, unknown, or not a `keel`: the advert goes first, so that an old
    /// master removes the address before we announce it (as keepalived does).
    Election,
    /// The old master is a living `keel`: it keeps serving until it hears our advert, which goes
    /// last. Nobody is without the address, and both hold it for about a millisecond.
    Handover,
}

impl Instance {
    pub(super) fn start(&mut self, now: Duration) {
        if self.started_at.is_some() {
            return;
        }
        self.started_at = Some(now);
        // What an earlier run left behind when it was killed.
        self.command(Command::RemoveAddresses);
        self.start_hellos(now);
        match self.hindrance() {
            Some(Hindrance::Failed(reason)) => self.enter_fault(reason, now),
            Some(Hindrance::Unknown) => {
                self.reason = "waiting for the first result of a script".to_owned();
                self.send_hello(now);
            }
            None => self.join_election(self.master_down_interval(), "started", now),
        }
    }

    /// Applies a change to what decides fitness and priority, and does what follows from it.
    pub(super) fn change(&mut self, now: Duration, apply: impl FnOnce(&mut Self)) {
        let priority_before = self.effective_priority();
        let wait_before = self.master_down_interval();
        apply(self);
        if self.started_at.is_none() {
            return;
        }
        let failed = match self.hindrance() {
            Some(Hindrance::Failed(reason)) => Some(reason),
            Some(Hindrance::Unknown) => return,
            None => None,
        };
        if self.is_leaving() {
            // It cannot serve until the heir comes: leave now.
            if failed.is_some() {
                self.finish_stop(false);
            }
            return;
        }
        match (self.state, failed) {
            (State::Fault, Some(reason)) => self.reason = reason,
            (_, Some(reason)) => self.enter_fault(reason, now),
            (State::Init | State::Fault, None) => {
                self.join_election(self.master_down_interval(), "fit again", now);
            }
            (State::Backup | State::Master, None) => {
                self.follow_priority(priority_before, wait_before, now);
            }
        }
    }

    fn follow_priority(&mut self, priority_before: u8, wait_before: Duration, now: Duration) {
        let priority = self.effective_priority();
        let wait = self.master_down_interval();
        if let Some(due) = self.timers.master_down {
            self.timers.master_down = Some((due + wait).saturating_sub(wait_before));
        }
        if priority != priority_before {
            self.log(format!(
                "priority changes from {priority_before} to {priority}"
            ));
            let better = self.peers.better_than(priority).is_some();
            if self.state == State::Master && priority < priority_before && better {
                self.offer_to_better(now);
            } else {
                self.send_hello(now);
            }
        }
    }

    pub(super) fn hindrance(&self) -> Option<Hindrance> {
        if let Some(fault) = &self.interface_fault {
            return Some(Hindrance::Failed(fault.clone()));
        }
        match &self.tracked {
            Tracked::Fit { .. } => None,
            Tracked::Unknown => Some(Hindrance::Unknown),
            Tracked::Failed { reason } => Some(Hindrance::Failed(reason.clone())),
        }
    }

    /// INIT or FAULT to BACKUP; the owner of the addresses goes straight on to MASTER.
    fn join_election(&mut self, wait: Duration, why: &str, now: Duration) {
        self.master_interval = self.settings.advert_interval;
        self.enter_backup(wait, why.to_owned(), now);
        self.send_hello(now);
        if self.effective_priority() == PRIORITY_OWNER && self.settings.starts_as_master {
            self.become_master(Accession::Election, "owner of the addresses", now);
        }
    }

    pub(super) fn enter_backup(&mut self, wait: Duration, reason: String, now: Duration) {
        let begins = match self.started_at {
            Some(started_at) => now.max(started_at + self.settings.startup_delay),
            None => now,
        };
        self.state = State::Backup;
        self.preempt_at = None;
        self.timers.clear_election();
        self.timers.master_down = Some(begins + wait);
        self.log(format!("BACKUP: {reason}"));
        self.reason = reason;
        self.command(Command::Notify(Notification::Backup));
    }

    fn enter_fault(&mut self, reason: String, now: Duration) {
        let was_master = self.state == State::Master;
        self.state = State::Fault;
        self.timers.clear_election();
        self.log(format!("FAULT: {reason}"));
        self.reason = reason;
        if was_master {
            self.counters.released_master += 1;
            self.command(Command::RemoveAddresses);
            self.send_stop();
            self.send_hello_to_heir(now);
        } else {
            self.send_hello(now);
        }
        self.command(Command::Notify(Notification::Fault));
    }

    /// The master is down, or nobody better objects.
    pub(super) fn inherit_by_election(&mut self, now: Duration) {
        let patience = self.master_interval * u32::from(self.settings.down_timer_adverts);
        let is_alive = |master: OtherMaster| now.saturating_sub(master.heard_at) < patience;
        let (accession, why) = match self.master {
            None => (Accession::Election, "no other master".to_owned()),
            Some(master) if master.priority == PRIORITY_STOP => {
                (Accession::Election, format!("{} stopped", master.address))
            }
            Some(master) if is_alive(master) => {
                let why = format!(
                    "preempts {} of priority {}",
                    master.address, master.priority
                );
                let known = self.peers.knows(master.address);
                (
                    if known {
                        Accession::Handover
                    } else {
                        Accession::Election
                    },
                    why,
                )
            }
            Some(master) => (Accession::Election, format!("{} is silent", master.address)),
        };
        self.become_master(accession, &why, now);
    }

    pub(super) fn become_master(&mut self, accession: Accession, why: &str, now: Duration) {
        self.state = State::Master;
        self.reason = if self.balancer_serving {
            why.to_owned()
        } else {
            format!("holding although the balancer is lost: {why}")
        };
        self.log(format!("MASTER: {}", self.reason));
        self.master = None;
        self.master_interval = self.settings.advert_interval;
        self.counters.became_master += 1;
        self.timers.clear_election();
        let announcements = self.settings.announcements;
        match accession {
            Accession::Election => {
                self.send_advert(now);
                self.command(Command::AddAddresses);
                self.announce(announcements.repeat);
            }
            Accession::Handover => {
                self.command(Command::AddAddresses);
                self.announce(announcements.repeat);
                self.send_advert(now);
            }
        }
        self.timers.advert = Some(now + self.settings.advert_interval);
        let after = |delay: Duration| (!delay.is_zero()).then_some(now + delay);
        self.timers.announce_again = after(announcements.delay);
        self.timers.announce_refresh = after(announcements.refresh);
        self.send_hello(now);
        self.command(Command::Notify(Notification::Master));
    }

    /// MASTER to BACKUP because another master is the right one.
    pub(super) fn yield_to_master(&mut self, reason: String, now: Duration) {
        self.counters.released_master += 1;
        self.command(Command::RemoveAddresses);
        let wait = self.master_down_interval();
        self.enter_backup(wait, reason, now);
        self.send_hello(now);
    }

    /// MASTER to BACKUP of our own will: the address goes first, so that nobody reaches a machine
    /// that cannot serve, then everybody is told.
    pub(super) fn give_way(&mut self, reason: &str, now: Duration) {
        self.counters.released_master += 1;
        self.command(Command::RemoveAddresses);
        self.send_stop();
        let wait = self.master_down_interval();
        self.enter_backup(wait, reason.to_owned(), now);
        // One hello, not two: a later one that overtook it would make it count as replayed.
        self.send_hello_to_heir(now);
    }

    pub(super) fn stop(&mut self, now: Duration) {
        if self.is_leaving() {
            return;
        }
        let can_hand_over =
            self.state == State::Master && self.balancer_serving && self.heir().is_some();
        if can_hand_over {
            self.timers.clear_election();
            self.timers.handover = Some(now + HANDOVER_LIMIT);
            self.log("leaving: hands over to the next in line");
            self.send_leaving_hello(self.heir());
        } else {
            self.finish_stop(false);
        }
    }

    /// The heir answers for the addresses now.
    pub(super) fn heir_took_over(&mut self, now: Duration) {
        if self.timers.handover.take().is_some() {
            self.timers.last_answers = Some(now + LAST_ANSWERS);
        }
    }

    /// The end. `taken_over` says that another master was heard already.
    pub(super) fn finish_stop(&mut self, taken_over: bool) {
        if self.state == State::Master {
            self.counters.released_master += 1;
            self.command(Command::RemoveAddresses);
            if !taken_over {
                self.send_stop();
            }
            self.state = State::Backup;
        }
        if self.started_at.is_some() {
            // Who has taken over hears by it that nobody else answers for the addresses now.
            let heir = if taken_over { None } else { self.heir() };
            self.send_leaving_hello(heir);
        }
        self.state = State::Init;
        self.reason = "stopped".to_owned();
        self.stopped = true;
        self.command(Command::Notify(Notification::Stop));
        self.command(Command::Stopped);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.timers.handover.is_some() || self.timers.last_answers.is_some()
    }

    pub(super) fn send_stop(&mut self) {
        self.counters.adverts_sent += 1;
        self.counters.priority_zero_sent += 1;
        self.command(Command::SendAdvert {
            priority: PRIORITY_STOP,
        });
    }

    pub(super) fn lose_address(&mut self, address: IpAddr, now: Duration) {
        if self.state != State::Master || self.is_leaving() {
            return;
        }
        self.log(format!("somebody removed {address}: adding it again"));
        let next = self.last_readd_at.map_or(now, |last| last + READD_INTERVAL);
        if next <= now {
            self.readd(now);
        } else {
            self.timers.readd = Some(next);
        }
    }

    pub(super) fn readd(&mut self, now: Duration) {
        self.last_readd_at = Some(now);
        self.command(Command::AddAddresses);
        self.announce(self.settings.announcements.repeat);
    }

    pub(super) fn reconfigure(&mut self, settings: Settings, now: Duration) {
        if self.state == State::Master && !self.is_leaving() {
            let addresses_differ = settings.addresses != self.settings.addresses;
            self.settings = settings;
            self.master_interval = self.settings.advert_interval;
            if addresses_differ {
                self.readd(now);
            }
            self.send_advert(now);
            self.timers.advert = Some(now + self.settings.advert_interval);
            self.send_hello(now);
            return;
        }
        let learned = self.master.is_some();
        self.change(now, |instance| {
            if !learned {
                instance.master_interval = settings.advert_interval;
            }
            instance.settings = settings;
        });
        self.start_hellos(now);
        if let Some(due) = self.timers.master_down {
            // A shorter interval must not wait for the old one.
            let longest = master_down_interval(&self.settings, 0, self.master_interval);
            self.timers.master_down = Some(due.min(now + longest));
        }
    }
}

/// Why a router cannot take part in the election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hindrance {
    Unknown,
    Failed(String),
}
