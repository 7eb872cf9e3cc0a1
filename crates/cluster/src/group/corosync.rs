//! A group over a running corosync: its CPG carries the messages, its votequorum decides.
//!
//! ```text
//!            ┌────────────┐ configuration, messages   ┌───────────────┐
//! corosync ─►│ Connection │──────────────────────────►│ CorosyncGroup │─► GroupEvent
//!            │   (CPG)    │◄──────────────────────────│ (pure)        │
//!          ─►│ Companion  │ quorum, links             └───────────────┘
//!            └────────────┘ a thread: what may wait for an answer of corosync's
//! ```

mod companion;
mod connection;
mod libraries;
mod sentences;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use cluster_api::LinkStatus;
use corosync_group::{CorosyncGroup, Joined, Output, Settings};
use membership::{NodeId, Refused, View, ViewId, Votes};

use self::companion::{Companion, Told};
use self::connection::{Connection, Heard, Lost};
use super::{GroupEvent, GroupService};
use crate::setup::Setup;

/// Events of CPG that are taken in before the clock is looked at again.
const TAKE_IN: usize = 512;
/// CPG has no room: after so long it is asked again.
const FULL_PAUSE: Duration = Duration::from_millis(1);
/// Corosync is gone: after so long it is looked for again; the pause doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A group over a running corosync.
pub struct Corosync {
    group: CorosyncGroup,
    names: BTreeMap<NodeId, String>,
    votes: BTreeMap<NodeId, u32>,
    companion: Companion,
    connection: Option<Connection>,
    /// What the companion said that made us ready.
    waiting: Option<Told>,
    /// A frame that CPG had no room for.
    held: Option<Bytes>,
    /// When to try again: a frame, and corosync itself.
    retry_at: Option<Duration>,
    connect_at: Option<Duration>,
    pause: Duration,
    /// What was last said of why there is no corosync.
    absent: Option<String>,
    links: Vec<LinkStatus>,
    said: VecDeque<GroupEvent>,
    leaving: bool,
}

impl Corosync {
    /// Begins to look for corosync. Until it is there, there is no view.
    ///
    /// # Errors
    /// Where no thread can be had.
    pub fn start(
        setup: &Setup,
        settings: membership::Settings,
        now: Duration,
    ) -> std::io::Result<Self> {
        let nodes = setup.configuration.nodes.iter();
        let votes: BTreeMap<NodeId, u32> = nodes
            .map(|node| (NodeId(node.id.value), node.votes()))
            .collect();
        let group = CorosyncGroup::new(
            Settings {
                me: settings.me,
                counter: settings.counter,
                attachment: settings.attachment,
                commitment: settings.commitment,
                votes: votes.clone(),
            },
            now,
        );
        Ok(Self {
            group,
            names: setup.names.clone(),
            votes,
            companion: Companion::start(setup)?,
            connection: None,
            waiting: None,
            held: None,
            retry_at: None,
            connect_at: Some(now),
            pause: FIRST_PAUSE,
            absent: None,
            links: Vec::new(),
            said: VecDeque::new(),
            leaving: false,
        })
    }

    fn say(&mut self, text: String) {
        self.said.push_back(GroupEvent::Said(text));
    }

    fn hear_companion(&mut self, now: Duration, told: Told) {
        match told {
            Told::Up {
                cpg,
                process,
                patience,
            } => match Connection::new(cpg) {
                Ok(connection) if !self.leaving => {
                    self.connection = Some(connection);
                    self.absent = None;
                    self.group.join(now, Joined { process, patience });
                    self.say(format!(
                        "corosync is there; this process joins its group. Corosync takes a node for dead after {} ms",
                        patience.as_millis()
                    ));
                }
                Ok(connection) => self.companion.close(connection, true),
                Err(error) => self.look_later(now, &error.to_string()),
            },
            Told::Down(why) => self.look_later(now, &why),
            Told::Lost(why) => self.lose(now, &why, true),
            Told::Quorum(state) => {
                if self.connection.is_some() {
                    self.group.quorum(state);
                }
            }
            Told::Links(links) => self.links = links,
            Told::Said(text) => self.say(text),
        }
    }

    /// There is no corosync: said once for each reason.
    fn look_later(&mut self, now: Duration, why: &str) {
        self.connect_at = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.absent.as_deref() != Some(why) {
            self.absent = Some(why.to_owned());
            self.say(format!(
                "{why}: this node is in no view and may not act; corosync is looked for again, at the latest every {} s",
                LONGEST_PAUSE.as_secs()
            ));
        }
    }

    fn lose(&mut self, now: Duration, why: &str, in_order: bool) {
        self.group.disconnected();
        (self.held, self.retry_at) = (None, None);
        if let Some(connection) = self.connection.take() {
            self.companion.close(connection, in_order);
            self.look_later(now, why);
        }
        self.links.clear();
    }

    fn hear(&mut self, now: Duration, heard: Heard) {
        match heard {
            Heard::Message(from, bytes) => self.group.deliver(now, from, bytes),
            Heard::Configuration(processes) => {
                // Whoever is in the group has found corosync for good.
                self.pause = FIRST_PAUSE;
                let nodes: Vec<NodeId> = processes.iter().map(|process| process.node).collect();
                let names = sentences::named(&self.names, &nodes);
                self.say(format!(
                    "corosync has another configuration: {names}; a view begins once all have answered"
                ));
                self.group.configuration(now, processes);
            }
            Heard::Ring(number) => self.group.ring(number),
        }
    }

    /// Multicasts what there is, as far as CPG has room.
    fn send(&mut self, now: Duration) {
        if self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        self.retry_at = None;
        while let Some(connection) = &self.connection {
            let Some(frame) = self.held.take().or_else(|| self.group.frame(now)) else {
                return;
            };
            match connection.send(&frame) {
                Ok(true) => {}
                Ok(false) => {
                    self.held = Some(frame);
                    self.retry_at = Some(now + FULL_PAUSE);
                    return;
                }
                Err(Lost(why)) => return self.lose(now, &why, false),
            }
        }
    }
}

impl GroupService for Corosync {
    async fn ready(&mut self) {
        if self.waiting.is_some() {
            return;
        }
        match &self.connection {
            Some(connection) => tokio::select! {
                told = self.companion.told.recv() => self.waiting = told,
                () = connection.ready() => {}
            },
            None => self.waiting = self.companion.told.recv().await,
        }
        if self.waiting.is_none() && self.connection.is_none() {
            // The companion has ended: nothing will ever come.
            std::future::pending::<()>().await;
        }
    }

    fn take_in(&mut self, now: Duration) {
        let mut told = self.waiting.take();
        while let Some(next) = told {
            self.hear_companion(now, next);
            told = self.companion.told.try_recv().ok();
        }
        for _ in 0..TAKE_IN {
            let Some(connection) = &self.connection else {
                break;
            };
            match connection.take() {
                Ok(Some(heard)) => self.hear(now, heard),
                Ok(None) => break,
                Err(Lost(why)) => self.lose(now, &why, false),
            }
        }
    }

    fn tick(&mut self, now: Duration) {
        if self.connect_at.is_some_and(|at| now >= at) && !self.leaving {
            self.connect_at = None;
            self.companion.connect();
        }
        self.group.tick(now);
        self.send(now);
    }

    fn deadline(&self) -> Duration {
        let times = [self.retry_at, self.connect_at];
        let own = times.into_iter().flatten().min().unwrap_or(Duration::MAX);
        own.min(self.group.deadline())
    }

    fn poll(&mut self) -> Option<GroupEvent> {
        if let Some(said) = self.said.pop_front() {
            return Some(said);
        }
        Some(match self.group.poll()? {
            Output::View(view) => GroupEvent::View(view),
            Output::Deliver(delivery) => GroupEvent::Deliver(delivery),
            Output::Committed(seq) => GroupEvent::Committed(seq),
            Output::AcknowledgedByAll(seq) => GroupEvent::AcknowledgedByAll(seq),
            Output::Judged(judgement) => {
                let of = |node| (node, self.votes.get(&node).copied().unwrap_or(1));
                let votes = self.group.view().nodes().map(of).collect();
                GroupEvent::Verdict(sentences::verdict(&self.names, votes, &judgement))
            }
            Output::Trouble(trouble) => GroupEvent::Said(sentences::trouble(&self.names, trouble)),
            Output::Broken => {
                let why = "corosync has lost a message of the view without saying so: this process joins its group anew";
                self.lose(crate::clock::now(), why, true);
                return self.poll();
            }
        })
    }

    fn submit(&mut self, payload: Bytes) -> Result<(), Refused> {
        self.group.submit(payload)
    }

    fn acknowledge(&mut self, view: ViewId, seq: u64) {
        self.group.acknowledge(view, seq);
    }

    fn set_votes(&mut self, votes: Votes) {
        self.group.set_votes(votes);
    }

    fn set_attachment(&mut self, attachment: Bytes) {
        if !self.group.set_attachment(attachment) {
            self.say(
                "this node brings nothing new along to the next view: it is too long".to_owned(),
            );
        }
    }

    fn flush(&mut self, now: Duration) {
        self.send(now);
    }

    fn leave(&mut self, now: Duration) {
        self.leaving = true;
        self.lose(now, "this node leaves", true);
        self.said.clear();
    }

    fn lease(&self, now: Duration) -> Option<Duration> {
        self.group.lease(now)
    }

    fn view(&self) -> &View {
        self.group.view()
    }

    fn is_operating(&self) -> bool {
        self.group.is_operating()
    }

    fn heard_at(&self, node: NodeId) -> Option<Duration> {
        self.group.heard_at(node)
    }

    fn patience(&self, _: NodeId) -> Option<Duration> {
        self.group.patience()
    }

    fn links(&self, _: Duration) -> Vec<LinkStatus> {
        self.links.clone()
    }

    fn reload_keys(&mut self) -> Result<(), String> {
        Err("corosync has its own key, totem.keyfile".to_owned())
    }

    async fn shutdown(self) {
        self.companion.end().await;
    }
}
