//! What the hello of another `keel` does, and when we send ours.

use std::net::IpAddr;
use std::time::Duration;

use super::transitions::Accession;
use super::{Command, Instance, State};
use crate::hello::LAST_SEQUENCE;
use crate::peers::Heard;
use crate::{HOP_LIMIT, Hello};

impl Instance {
    pub(super) fn hear_hello(
        &mut self,
        source: IpAddr,
        hop_limit: Option<u8>,
        payload: &[u8],
        now: Duration,
    ) {
        let Some(key) = &self.settings.hello else {
            return;
        };
        if self.started_at.is_none() {
            return;
        }
        let from_afar = self.settings.unicast_peers.is_empty()
            && hop_limit.is_some_and(|hop_limit| hop_limit != HOP_LIMIT);
        let stranger = !self.settings.unicast_peers.is_empty()
            && !self.settings.unicast_peers.contains(&source);
        let hello = match Hello::parse(payload, key) {
            Ok(hello) => hello,
            Err(error) => {
                self.counters.hellos_refused += 1;
                if self.counters.hellos_refused.is_power_of_two() {
                    self.log(format!("refused hello from {source}: {error}"));
                }
                return;
            }
        };
        let about_us = hello.virtual_router_id == self.settings.virtual_router_id
            && hello.family == self.settings.family;
        if !about_us || hello.incarnation == self.incarnation {
            return;
        }
        let heard = if from_afar || stranger {
            None
        } else {
            self.peers.hear(source, hello, now)
        };
        let Some(heard) = heard else {
            self.counters.hellos_refused += 1;
            return;
        };
        self.counters.hellos_received += 1;
        if heard.is_new && !hello.leaving && !self.is_leaving() {
            // It shall know us without waiting for our next one.
            self.send_hello(now);
        }
        match self.state {
            State::Backup if hello.heir == Some(self.incarnation) => self.inherit(source, now),
            State::Master => self.hear_hello_as_master(&hello, heard, now),
            State::Init | State::Backup | State::Fault => {}
        }
    }

    fn hear_hello_as_master(&mut self, hello: &Hello, heard: Heard, now: Duration) {
        let is_rival = hello.state == State::Master && !hello.leaving;
        if self.is_leaving() {
            if is_rival {
                self.heir_took_over(now);
            }
        } else if is_rival && !self.may_be_replaced(now) {
            // Two masters: one advert settles it, without waiting for the next one due.
            self.send_advert(now);
        } else if !self.balancer_serving && heard.became_eligible {
            self.give_way("the balancer is lost, and another one serves", now);
        } else if heard.stepped_down {
            // It answered for the addresses until now: whoever asked in between asks nobody again.
            self.announce(self.settings.announcements.repeat);
        }
    }

    /// The master gives way and names us. Only the master can, as only its advert of priority 0
    /// would make us wait no longer.
    fn inherit(&mut self, source: IpAddr, now: Duration) {
        let from_master = self.master.is_none_or(|master| master.address == source);
        if from_master && self.balancer_serving {
            self.become_master(
                Accession::Handover,
                &format!("{source} gives way to us"),
                now,
            );
        }
    }

    /// The incarnation of the next in line among known `keel`s.
    pub(super) fn heir(&self) -> Option<u64> {
        self.peers.heir().map(|peer| peer.hello.incarnation)
    }

    pub(super) fn send_hello(&mut self, now: Duration) {
        self.start_hellos(now);
        let hello = self.hello();
        self.push_hello(hello);
    }

    pub(super) fn send_hello_to_heir(&mut self, now: Duration) {
        self.start_hellos(now);
        let hello = Hello {
            heir: self.heir(),
            ..self.hello()
        };
        self.push_hello(hello);
    }

    /// A peer that is better than us now would take the address after the master down interval; it
    /// may at once. We serve until we hear its advert.
    pub(super) fn offer_to_better(&mut self, now: Duration) {
        let Some(better) = self.peers.better_than(self.effective_priority()) else {
            return;
        };
        let (address, heir) = (better.address, Some(better.hello.incarnation));
        self.log(format!(
            "{address} has a higher priority now: offers it the addresses"
        ));
        self.start_hellos(now);
        let hello = Hello {
            heir,
            ..self.hello()
        };
        self.push_hello(hello);
    }

    pub(super) fn send_leaving_hello(&mut self, heir: Option<u64>) {
        let hello = Hello {
            heir,
            leaving: true,
            ..self.hello()
        };
        self.push_hello(hello);
    }

    /// The hello that the supervisor sends should this process die.
    pub(super) fn last_hello(&self) -> Option<Hello> {
        self.settings.hello.as_ref()?;
        Some(Hello {
            sequence: LAST_SEQUENCE,
            leaving: true,
            heir: if self.state == State::Master {
                self.heir()
            } else {
                None
            },
            state: State::Init,
            ..self.hello()
        })
    }

    fn push_hello(&mut self, hello: Hello) {
        if self.settings.hello.is_none() {
            return;
        }
        // The last sequence is the supervisor's.
        self.hello_sequence = (self.hello_sequence + 1).min(LAST_SEQUENCE - 1);
        self.command(Command::SendHello(Hello {
            sequence: self.hello_sequence,
            ..hello
        }));
    }

    fn hello(&self) -> Hello {
        Hello {
            family: self.settings.family,
            virtual_router_id: self.settings.virtual_router_id,
            priority: self.effective_priority(),
            state: self.state,
            primary: self.settings.source,
            incarnation: self.incarnation,
            sequence: self.hello_sequence,
            leaving: self.is_leaving(),
            balancer_lost: !self.balancer_serving,
            preempts: self.settings.preempt && self.settings.preempt_delay.is_zero(),
            heir: None,
        }
    }
}
