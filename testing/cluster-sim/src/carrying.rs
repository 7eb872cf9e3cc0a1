//! What a node's group wants is carried out: frames are sent, views and messages handed on, and the
//! judge sees it.

use std::time::Duration;

use bytes::Bytes;
use membership::{Delivery, NodeId, Note, Output, View, Votes};

use crate::agenda::Event;
use crate::judge::{Verdict, name};
use crate::message::MessageId;
use crate::network::Way;
use crate::node::{Input, Node, id, index};
use crate::world::World;

/// A process that yields outputs so many times in one waking is in a loop.
const MAX_ROUNDS: u32 = 50;
/// Frames that a node may send within a second of its clock.
const MAX_FRAMES_A_SECOND: u64 = 100_000;

impl World {
    /// Does what the group wants until it wants nothing more, or until the process dies.
    pub(crate) fn carry_out_all(&mut self, node: usize, local: Duration) -> Verdict {
        for _ in 0..MAX_ROUNDS {
            let mut any = false;
            loop {
                let Some(process) = &mut self.nodes[node].process else {
                    return Ok(());
                };
                if process.dies_after == Some(0) {
                    self.crash(node);
                    return Ok(());
                }
                let Some(output) = process.group.poll() else {
                    break;
                };
                process.dies_after = process.dies_after.map(|steps| steps - 1);
                any = true;
                self.carry_out(node, local, output)?;
            }
            any |= self.serve(node, local)?;
            if !any && !self.follow_witness(node, local) {
                return Ok(());
            }
            if let Some(process) = &mut self.nodes[node].process {
                process.group.flush(local);
            }
        }
        Err(format!("node {} has outputs without end", id(node)))
    }

    fn carry_out(&mut self, node: usize, local: Duration, output: Output) -> Verdict {
        let me = self.nodes[node].member();
        match output {
            Output::Send { to, link, frame } => return self.send(node, to, link, &frame, local),
            Output::View(view) => return self.begin_view(node, local, &view),
            Output::Deliver(delivery) => return self.deliver(node, local, delivery),
            Output::Committed(seq) => {
                self.note(|| format!("{}: {seq} is committed", name(me)));
                self.judge.commits(me, seq)?;
                if let Some(service) = self.nodes[node].service() {
                    service.node.committed(seq);
                }
            }
            Output::AcknowledgedByAll(seq) => {
                self.note(|| format!("{}: all have acknowledged {seq}", name(me)));
                self.judge.completes(me, seq)?;
                if let Some(service) = self.nodes[node].service() {
                    service.node.acknowledged_by_all(local, seq);
                }
            }
            Output::Note(note) => {
                if let Note::Heard { node: heard, .. } = &note
                    && let Some(service) = self.nodes[node].service()
                {
                    service.node.heard_of(local, heard.0);
                }
                self.note(|| format!("{}: {note:?}", name(me)));
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        node: usize,
        to: NodeId,
        link: u8,
        frame: &Bytes,
        local: Duration,
    ) -> Verdict {
        self.frames += 1;
        let from = self.nodes[node].id;
        if let Some(process) = &mut self.nodes[node].process {
            let second = local.as_secs();
            let sent = if process.sent.0 == second {
                process.sent.1
            } else {
                0
            };
            process.sent = (second, sent + 1);
            if sent > MAX_FRAMES_A_SECOND {
                return Err(format!(
                    "node {from} sends more than {sent} frames a second"
                ));
            }
        }
        let way = Way {
            from: node,
            to: index(to),
            link: usize::from(link),
        };
        for at in self.network.arrivals(self.now, way, &mut self.dice) {
            let input = Input::Frame {
                from,
                link,
                bytes: frame.clone(),
            };
            let event = Event::Input {
                node: index(to),
                life: None,
                input,
            };
            self.agenda.add(at, event);
        }
        Ok(())
    }

    fn begin_view(&mut self, node: usize, local: Duration, view: &View) -> Verdict {
        let me = self.nodes[node].member();
        self.note(|| {
            let members: Vec<String> = view.members.keys().copied().map(name).collect();
            let together: Vec<String> = view.together.iter().copied().map(name).collect();
            format!(
                "{} is in view {} of {members:?}, together with {together:?}",
                name(me),
                view.id
            )
        });
        self.judge.installs(me, view)?;
        let machine = &mut self.nodes[node];
        let Some(process) = &mut machine.process else {
            return Ok(());
        };
        process.view = view.id;
        machine.stored_counter = process.group.counter();
        if let Some(service) = &mut process.service {
            service.node.view(local, view);
            return Ok(());
        }
        let votes = Votes {
            of: self.scenario.votes.clone(),
            needed: self.scenario.needed_votes(),
        };
        self.judge.sets_votes(me, &votes);
        process.group.set_votes(votes);
        Ok(())
    }

    fn deliver(&mut self, node: usize, local: Duration, delivery: Delivery) -> Verdict {
        let me = self.nodes[node].member();
        self.note(|| {
            let (seq, sender) = (delivery.seq, name(delivery.sender));
            match MessageId::read(&delivery.payload) {
                Ok(message) => format!("{} delivers {seq}: {message}", name(me)),
                Err(_) => format!("{} delivers {seq} of {sender}", name(me)),
            }
        });
        self.judge.delivers(me, &delivery)?;
        if let Some(service) = self.nodes[node].service() {
            service.node.deliver(local, delivery);
            return Ok(());
        }
        let written = self.now + self.dice.time_below(self.scenario.disk_delay);
        let machine = &self.nodes[node];
        if let Some(process) = &machine.process {
            let input = Input::Written {
                view: process.view,
                seq: delivery.seq,
            };
            let event = Event::Input {
                node,
                life: Some(machine.incarnation),
                input,
            };
            self.agenda
                .add(written.max(machine.disk_stalls_until), event);
        }
        Ok(())
    }

    /// At most one view has its votes, by the words of its members at this moment, those that stand
    /// still included: they would ask their clocks before they read anything.
    pub(crate) fn check_leases(&mut self, node: usize) -> Verdict {
        let now = self.now;
        if !self.nodes[node].has_lease(now) {
            return Ok(());
        }
        let view = |node: &Node| node.process.as_ref().map(|process| process.group.view().id);
        let own = view(&self.nodes[node]);
        let other = self
            .nodes
            .iter()
            .find(|other| other.runs() && view(other) != own && other.has_lease(now));
        match other {
            None => Ok(()),
            Some(other) => Err(format!(
                "{} relies on the votes of view {}, and {} on those of view {}",
                name(self.nodes[node].member()),
                own.map_or_else(String::new, |id| id.to_string()),
                name(other.member()),
                view(other).map_or_else(String::new, |id| id.to_string()),
            )),
        }
    }
}
