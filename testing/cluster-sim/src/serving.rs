//! The world's part in the replicated CIB: what is carried between group, node, disk and clients, in
//! the order in which the daemon does it.

use std::time::Duration;

use cluster_node::Output;
use replica::{Report, Request, RequestId};

use crate::agenda::Event;
use crate::judge::{Verdict, name};
use crate::node::{Input, id};
use crate::service::said;
use crate::world::World;

impl World {
    /// A client asks a node, if it runs.
    pub(crate) fn ask(&mut self, node: usize) {
        if !self.nodes[node].runs() {
            return;
        }
        if let Some((place, request)) = self.clients.ask(self.now, &mut self.dice) {
            self.tell(node, Input::Ask(place, request));
        }
    }

    pub(crate) fn hear_client(&mut self, node: usize, place: usize, request: Request) {
        if let Some(service) = self.nodes[node].service() {
            let number = RequestId(service.next_request);
            service.next_request += 1;
            service.asked.insert(number, place);
            service.node.request(number, request);
        }
    }

    /// The write that was under way has come to its end, well or not; the next one begins.
    pub(crate) fn end_write(&mut self, node: usize, local: Duration) {
        let me = self.nodes[node].member();
        let ended = self.nodes[node].service().and_then(|it| it.write());
        if let Some((number, result)) = ended {
            self.note(|| format!("{}: write {} ends: {result:?}", name(me), number.0));
            if let Some(service) = self.nodes[node].service() {
                service.node.written(local, number, result);
            }
        }
        self.begin_write(node);
    }

    fn begin_write(&mut self, node: usize) {
        let at = self.now + self.dice.time_below(self.scenario.disk_delay);
        let machine = &mut self.nodes[node];
        let stalls = machine.disk_stalls_until;
        let life = Some(machine.incarnation);
        if machine.service().is_some_and(|it| !it.writes.is_empty()) {
            let input = Input::WriteEnds;
            self.agenda
                .add(at.max(stalls), Event::Input { node, life, input });
        }
    }

    /// Carries out what the node's decisions want. Whether there was anything.
    pub(crate) fn serve(&mut self, node: usize, local: Duration) -> Result<bool, String> {
        let mut any = self.pass_backlog(node);
        loop {
            let Some(process) = &mut self.nodes[node].process else {
                return Ok(any);
            };
            let Some(service) = &mut process.service else {
                return Ok(any);
            };
            if process.dies_after == Some(0) {
                // The group's part sees to it.
                return Ok(true);
            }
            let Some(output) = service.node.poll() else {
                return Ok(any);
            };
            process.dies_after = process.dies_after.map(|steps| steps - 1);
            any = true;
            self.obey(node, local, output)?;
        }
    }

    fn pass_backlog(&mut self, node: usize) -> bool {
        let mut any = false;
        let Some(process) = &mut self.nodes[node].process else {
            return false;
        };
        let Some(service) = &mut process.service else {
            return false;
        };
        while let Some(message) = service.backlog.pop_front() {
            if process.group.submit(message.clone()).is_err() {
                service.backlog.push_front(message);
                break;
            }
            any = true;
        }
        any
    }

    fn obey(&mut self, node: usize, local: Duration, output: Output) -> Verdict {
        let me = self.nodes[node].member();
        let text = said(&output);
        if let Some(text) = text {
            self.note(|| format!("{}: {text}", name(me)));
        }
        let now = self.now;
        let Some(process) = &mut self.nodes[node].process else {
            return Ok(());
        };
        let Some(service) = &mut process.service else {
            return Ok(());
        };
        match output {
            Output::Submit(message) => service.backlog.push_back(message),
            Output::Acknowledge(view, seq) => {
                process.group.acknowledge(view, seq);
                self.judge.acknowledges(me, view, seq);
            }
            Output::SetVotes(votes) => {
                self.judge.sets_votes(me, &votes);
                process.group.set_votes(votes);
            }
            Output::SetAttachment(attachment) => {
                self.judge.attaches(me, attachment.clone());
                process
                    .group
                    .set_attachment(attachment)
                    .map_err(|error| format!("the attachment is refused: {error}"))?;
            }
            Output::Write(number, write) => {
                service.writes.push_back((number, write));
                if service.writes.len() == 1 {
                    self.begin_write(node);
                }
            }
            Output::Answer(request, answer) => {
                let term = service.node.replica().position().term;
                match service.asked.remove(&request) {
                    Some(place) => self.clients.answered(now, place, &answer, term),
                    None => self.operator_is_answered(node, request),
                }
            }
            Output::Act(action) => return self.act(node, action),
            Output::Unreadable(sender) => {
                return Err(format!("{} does not understand {}", name(me), name(sender)));
            }
            Output::Report(report) => return self.hear_report(node, local, &report),
            Output::Verdict(_)
            | Output::FactRefused(..)
            | Output::Changed(_)
            | Output::Fencing { .. }
            | Output::Application { .. } => {}
        }
        Ok(())
    }

    fn hear_report(&mut self, node: usize, _local: Duration, report: &Report) -> Verdict {
        let me = self.nodes[node].member();
        match report {
            // As the daemon does: the others need not wait for it.
            Report::NotDurable => self.tell(node, Input::Leave),
            Report::CannotAdopt { .. } | Report::Unreadable { .. } => {
                return Err(format!("{}: {report}", name(me)));
            }
            _ => {}
        }
        Ok(())
    }

    /// What must hold of the copies and of who may act, after each turn of a node.
    pub(crate) fn check_cib(&mut self, node: usize) -> Verdict {
        self.check_exclusive(node)?;
        let me = self.nodes[node].member();
        let machine = &self.nodes[node];
        let process = machine.process.as_ref();
        let Some(service) = process.and_then(|it| it.service.as_ref()) else {
            return Ok(());
        };
        let replica = service.node.replica();
        match replica.established() {
            Some((view, standing)) if standing.exclusive && self.arbiter.is_none() => self
                .cib_judge
                .looks_at(me, view, replica, &self.clients.vouched),
            _ => Ok(()),
        }
    }

    /// Where a node may act and no other part of the cluster is said to be able to, none is.
    fn check_exclusive(&mut self, node: usize) -> Verdict {
        let now = self.now;
        if !self.nodes[node].is_quorate(now) {
            return Ok(());
        }
        let own = self.nodes[node].standing();
        for other in &self.nodes {
            let others = other.standing();
            let apart = others.map(|it| it.0) != own.map(|it| it.0);
            let excluded = own.is_some_and(|it| it.1) || others.is_some_and(|it| it.1);
            if apart && excluded && other.is_quorate(now) {
                return Err(format!(
                    "node {} may act in {own:?}, and so may node {} in {others:?}",
                    id(node),
                    other.id
                ));
            }
        }
        Ok(())
    }
}
