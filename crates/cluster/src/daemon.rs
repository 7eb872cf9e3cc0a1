//! The daemon: what comes in goes to the group and to the node's decisions, and what they want is done.
//!
//! ```text
//!            links ──► GroupService ──► ClusterNode ──► Writer ──► disk
//! clients ── requests ─────────────────►    │ answers, events
//!         ◄─────────────────────────────────┘
//! ```

mod access;
mod acting;
mod requests;
mod sentences;
mod status;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use cluster_api::{Access, Answer, Event, Frame, Topic};
use cluster_node::{ClusterNode, Output};
use membership::{Note, Refused};
use replica::RequestId;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::alerts::Alerts;
use crate::cables::Cables;
use crate::clients::{ClientId, Clients, FromClient, User};
use crate::clock;
use crate::fencing::FencingSide;
use crate::group::{GroupEvent, GroupService};
use crate::log::Log;
use crate::resources::{ResourceSide, epoch_s};
use crate::setup::Setup;
use crate::witness::WitnessSide;
use crate::writer::Writer;

/// Requests of clients that are looked at before the clock is looked at again.
const REQUESTS_AT_ONCE: usize = 256;
/// Messages that wait for room in the group: beyond, clients wait.
const BACKLOG: usize = 1024;

/// How long the resources of a node that is to leave may take to stop (`shutdown-escalation`).
const LONGEST_STOP: Duration = Duration::from_secs(20 * 60);

/// A change of view that takes no longer does not count as a loss of quorum.
const CHANGE_IN_SILENCE: Duration = Duration::from_millis(50);

/// What the daemon is made of.
pub struct Parts<G> {
    /// What it runs with.
    pub setup: Setup,
    /// The group.
    pub group: G,
    /// The decisions.
    pub node: ClusterNode,
    /// The disk.
    pub writer: Writer,
    /// The local socket.
    pub clients: Clients,
    /// The log.
    pub log: Log,
    /// The witness, where there is one.
    pub witness: Option<WitnessSide>,
    /// Where agents are, and what they find.
    pub agents: agents::Settings,
}

/// The daemon.
pub struct Daemon<G> {
    setup: Setup,
    group: G,
    node: ClusterNode,
    writer: Writer,
    clients: Clients,
    log: Log,
    witness: Option<WitnessSide>,
    resources: ResourceSide,
    fencing: FencingSide,
    alerts: Alerts,
    /// None where there are no others, or the kernel does not tell.
    cables: Option<Cables>,
    /// Until when the witness' vote is held.
    vote_until: Option<Duration>,

    sessions: BTreeMap<ClientId, Session>,
    /// Whose request is under way in the replica.
    asked: BTreeMap<RequestId, ClientId>,
    next_request: u64,
    /// Messages that the group had no room for.
    backlog: VecDeque<Bytes>,
    began_at: Duration,
    view_at: Duration,
    was_quorate: bool,
    /// Since when the view has been changing.
    changing_since: Option<Duration>,
    lost_files: BTreeSet<String>,
    /// This node is about to leave: until when what runs here may take to stop.
    leave_by: Option<Duration>,
    leaving: bool,
}

/// A client that is connected.
struct Session {
    access: Access,
    user: User,
    answers: mpsc::Sender<Bytes>,
    topics: BTreeSet<u8>,
    joined: bool,
}

impl<G: GroupService> Daemon<G> {
    /// A daemon that has not begun.
    #[must_use]
    pub fn new(parts: Parts<G>) -> Self {
        let now = clock::now();
        let names = parts.setup.names.iter();
        let names = names.map(|(id, name)| (id.0, name.clone())).collect();
        let mut fencing = FencingSide::new(parts.setup.name(parts.setup.node), names);
        fencing.cib(parts.node.replica().committed());
        let cables = watch_cables(&parts.setup);
        Self {
            alerts: Alerts::new(parts.setup.name(parts.setup.node)),
            fencing,
            cables,
            setup: parts.setup,
            group: parts.group,
            node: parts.node,
            writer: parts.writer,
            clients: parts.clients,
            log: parts.log,
            witness: parts.witness,
            resources: ResourceSide::new(parts.agents),
            vote_until: None,
            sessions: BTreeMap::new(),
            asked: BTreeMap::new(),
            next_request: 1,
            backlog: VecDeque::new(),
            began_at: now,
            view_at: now,
            was_quorate: false,
            changing_since: None,
            lost_files: BTreeSet::new(),
            leave_by: None,
            leaving: false,
        }
    }

    /// Runs until a signal or a client ends it.
    ///
    /// # Errors
    /// Where signals cannot be waited for.
    pub async fn run(mut self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let is_out = self.cables.as_ref().map(Cables::are_out);
        self.node
            .unplugged(clock::now(), matches!(is_out, Some(Ok(true))));
        self.turn();
        while !self.leaving {
            self.wait(&mut terminate, &mut interrupt, &mut hangup).await;
            self.turn();
        }
        let now = clock::now();
        self.group.leave(now);
        while self.group.poll().is_some() {}
        self.log.say("this node has left the cluster");
        self.group.shutdown().await;
        Ok(())
    }

    async fn wait(&mut self, terminate: &mut Signal, interrupt: &mut Signal, hangup: &mut Signal) {
        let deadline = self
            .group
            .deadline()
            .min(self.node.deadline().unwrap_or(Duration::MAX))
            .min(self.fencing.deadline().unwrap_or(Duration::MAX))
            .min(
                self.witness
                    .as_ref()
                    .map_or(Duration::MAX, WitnessSide::deadline),
            );
        let pause = deadline
            .saturating_sub(clock::now())
            .min(Duration::from_secs(1));
        let has_room = self.backlog.len() < BACKLOG;
        tokio::select! {
            biased;
            () = self.group.ready() => {}
            Some((number, result)) = self.writer.done.recv() => self.node.written(clock::now(), number, result),
            ended = self.resources.next() => self.take_ended(ended),
            is_out = unplugged(&self.cables) => self.unplugged(is_out),
            ended = self.fencing.next() => self.fencing.take(clock::now(), ended),
            Some(message) = self.clients.incoming.recv(), if has_room => self.hear_client(message),
            _ = terminate.recv() => self.leave_in_order("SIGTERM"),
            _ = interrupt.recv() => self.leave_in_order("SIGINT"),
            _ = hangup.recv() => self.reload_keys(),
            () = witness_ready(&mut self.witness) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// What runs here is stopped, or moved, before this node leaves; if that lasts longer than
    /// [`LONGEST_STOP`], or somebody asks again, it leaves at once, and is fenced where there is fencing.
    fn leave_in_order(&mut self, why: &str) {
        if self.node.controller().is_none() || self.leave_by.is_some() {
            return self.leave(why);
        }
        self.log.say(&format!(
            "{why}: this node leaves the cluster once nothing runs on it any more"
        ));
        let now = clock::now();
        self.leave_by = Some(now + LONGEST_STOP);
        self.node.wants_to_leave(now);
    }

    fn leave(&mut self, why: &str) {
        self.log.say(&format!(
            "{why}: this node leaves the cluster; the others need not wait for it"
        ));
        self.leaving = true;
    }

    fn unplugged(&mut self, is_out: std::io::Result<bool>) {
        match is_out {
            Ok(is_out) => self.node.unplugged(clock::now(), is_out),
            Err(error) => {
                self.log
                    .say(&format!("the kernel no longer tells of cables: {error}"));
                self.cables = None;
            }
        }
    }

    fn reload_keys(&mut self) {
        let said = match self.group.reload_keys() {
            Ok(()) => "the keys were read again; new connections use them".to_owned(),
            Err(error) => format!("the keys are not read again, the old ones stay: {error}"),
        };
        self.log.say(&said);
    }

    /// Everything that is there to be done, done.
    fn turn(&mut self) {
        let now = clock::now();
        // The group must not vouch on a vote of the witness that ran out while this process stood still.
        self.node.calendar(now, epoch_s());
        self.node.tick(now);
        self.fencing.tick(now);
        self.obey_all();
        self.group.take_in(now);
        while let Ok((number, result)) = self.writer.done.try_recv() {
            self.node.written(now, number, result);
        }
        while let Some(ended) = self.resources.ready() {
            self.take_ended(ended);
        }
        if self.leave_by.is_some_and(|by| now >= by) {
            self.leave("what runs here does not stop");
        }
        for _ in 0..REQUESTS_AT_ONCE {
            if self.backlog.len() >= BACKLOG {
                break;
            }
            let Ok(message) = self.clients.incoming.try_recv() else {
                break;
            };
            self.hear_client(message);
        }
        self.group.tick(now);
        loop {
            while self.pass_on(now) {
                self.group.flush(now);
            }
            if !self.follow_witness(now) {
                break;
            }
        }
        self.review_quorum(now);
    }

    /// Carries between group and node what each has for the other. Whether there was anything.
    fn pass_on(&mut self, now: Duration) -> bool {
        let mut any = false;
        while let Some(event) = self.group.poll() {
            any = true;
            self.hear_group(now, event);
        }
        while let Some(message) = self.backlog.pop_front() {
            match self.group.submit(message.clone()) {
                Ok(()) => any = true,
                Err(Refused::Full) => {
                    self.backlog.push_front(message);
                    break;
                }
                Err(error @ Refused::TooLong(_)) => {
                    self.log
                        .say(&format!("a message of this node is dropped: {error}"));
                }
            }
        }
        any | self.obey_all()
    }

    /// Does what the node wants. Whether there was anything.
    fn obey_all(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.node.poll() {
            any = true;
            self.obey_node(output);
        }
        any | self.obey_fencing()
    }

    fn hear_group(&mut self, now: Duration, event: GroupEvent) {
        match event {
            GroupEvent::View(view) => {
                self.view_at = now;
                let said = self.say_view(&view);
                self.log.say(&said);
                self.alert_of_view(&view);
                self.fencing.view(now, view.nodes().map(|node| node.0));
                self.node.view(now, &view);
                let status = self.view_status(now);
                self.tell(Topic::Views, &Event::View(status));
            }
            GroupEvent::Deliver(delivery) => self.node.deliver(now, delivery),
            GroupEvent::Committed(seq) => self.node.committed(seq),
            GroupEvent::AcknowledgedByAll(seq) => self.node.acknowledged_by_all(now, seq),
            GroupEvent::Verdict(verdict) => self.node.judge(now, verdict),
            GroupEvent::Note(note) => {
                if let Note::Heard { node, .. } = note {
                    self.node.heard_of(now, node.0);
                }
                if let Some(said) = self.say_note(&note) {
                    self.log.say(&said);
                }
            }
            GroupEvent::Said(said) => self.log.say(&said),
        }
    }

    fn obey_node(&mut self, output: Output) {
        match output {
            Output::Submit(message) => self.backlog.push_back(message),
            Output::Acknowledge(view, seq) => self.group.acknowledge(view, seq),
            Output::SetVotes(votes) => self.group.set_votes(votes),
            Output::SetAttachment(attachment) => self.group.set_attachment(attachment),
            Output::Write(number, write) => self.writer.write(number, write),
            Output::Answer(request, answer) => self.answer_request(request, answer),
            Output::Verdict(verdict) => {
                let said = self.say_verdict(&verdict);
                self.log.say(&said);
            }
            Output::FactRefused(_, refusal) => {
                self.log.say(&format!(
                    "what was said about quorum changes nothing: {refusal}"
                ));
            }
            Output::Changed(changed) => {
                self.fencing.cib(&changed.after);
                let version = changed.version().to_string();
                self.tell(Topic::Cib, &Event::Cib { version });
            }
            Output::Act(action) => self.act(action),
            Output::Fencing { sender, payload } => {
                self.fencing.hear(clock::now(), sender.node.0, &payload);
            }
            Output::Application { sender, payload } => self.pass_message(sender.node.0, &payload),
            Output::Unreadable(sender) => {
                let name = self.setup.name(sender.node);
                self.log.say(&format!(
                    "a message of {name} is not understood and left out: it runs another version"
                ));
            }
            Output::Report(report) => self.take_report(&report),
        }
    }

    fn take_report(&mut self, report: &replica::Report) {
        if let replica::Report::Kept { name } = report {
            self.lost_files.insert(name.clone());
        }
        self.log.say(&report.to_string());
        if matches!(report, replica::Report::NotDurable) {
            self.leave("the disk cannot be written");
        }
    }

    /// Tells the witness how it stands, and quorum what the witness says. Whether that is news.
    fn follow_witness(&mut self, now: Duration) -> bool {
        let Some(witness) = &mut self.witness else {
            return false;
        };
        while let Some(said) = witness.said() {
            self.log.say(&said);
        }
        let until = witness.follow(now, self.node.quorum());
        if until == self.vote_until {
            return false;
        }
        self.vote_until = until;
        self.node.witness(now, until);
        true
    }

    /// The lease begins and ends without anybody's message. While a view changes there is none, for
    /// some milliseconds: that is not worth a word unless it lasts.
    fn review_quorum(&mut self, now: Duration) {
        let is_quorate = self.is_quorate(now);
        if is_quorate || self.group.is_operating() {
            self.changing_since = None;
        } else if now < *self.changing_since.get_or_insert(now) + CHANGE_IN_SILENCE {
            return;
        }
        if is_quorate != self.was_quorate {
            self.was_quorate = is_quorate;
            let said = self.say_lease(now, is_quorate);
            self.log.say(&said);
            let status = self.quorum_status(now);
            self.tell(Topic::Quorum, &Event::Quorum(status));
        }
    }

    /// Whether this node may act now.
    fn is_quorate(&self, now: Duration) -> bool {
        self.node.is_quorate(now) && self.group.lease(now).is_some()
    }

    fn tell(&mut self, topic: Topic, event: &Event) {
        let frame = Bytes::from(Frame::json(&Answer::Event(event.clone())).encode());
        self.sessions.retain(|_, session| {
            !session.topics.contains(&(topic as u8))
                || session.answers.try_send(frame.clone()).is_ok()
        });
    }

    fn hear_client(&mut self, message: FromClient) {
        match message {
            FromClient::Connected {
                client,
                access,
                user,
                answers,
            } => {
                let session = Session {
                    access,
                    user,
                    answers,
                    topics: BTreeSet::new(),
                    joined: false,
                };
                self.sessions.insert(client, session);
            }
            FromClient::Gone(client) => {
                self.sessions.remove(&client);
                self.asked.retain(|_, asking| *asking != client);
            }
            FromClient::Frame(client, frame) => self.hear_session(client, frame),
        }
    }
}

async fn witness_ready(witness: &mut Option<WitnessSide>) {
    match witness {
        Some(witness) => witness.ready().await,
        None => std::future::pending().await,
    }
}

/// Not in a cluster of one node: it has nobody to be cut off from.
fn watch_cables(setup: &Setup) -> Option<Cables> {
    let addresses = setup.links.iter().map(|link| link.listen.ip());
    (setup.names.len() > 1)
        .then(|| Cables::watch(addresses.collect()).ok())
        .flatten()
}

async fn unplugged(cables: &Option<Cables>) -> std::io::Result<bool> {
    match cables {
        Some(cables) => cables.changed().await,
        None => std::future::pending().await,
    }
}
