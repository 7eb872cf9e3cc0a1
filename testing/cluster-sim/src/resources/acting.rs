//! The world's part in resources: what nodes want done is done, and they learn what came of it.

use std::sync::Arc;
use std::time::Duration;

use cib::time::DateTime;
use cib::xml::Document;
use cluster_node::{Action, Fencing, Ticket};
use replica::{Change, Operation as Edit, Request, RequestId};

use super::{Told, epoch_s, node_name};
use crate::agenda::Event;
use crate::judge::{Verdict, name};
use crate::node::Input;
use crate::world::World;

impl World {
    /// Does what a node wants for resources.
    pub(crate) fn act(&mut self, node: usize, action: Action) -> Verdict {
        let me = self.nodes[node].member();
        let life = self.nodes[node].incarnation;
        let is_calm = self.calm;
        let Some(resources) = &mut self.resources else {
            return Ok(());
        };
        match action {
            Action::Operate(call, operation) => {
                let text = format!(
                    "{}: {} {} every {} ms",
                    name(me),
                    operation.task,
                    operation.resource,
                    operation.interval_ms
                );
                resources.operations += 1;
                let number = resources.number();
                let machine = &mut resources.machines[node];
                let circumstances = (&resources.plan, is_calm);
                let what = (call, operation);
                let took = machine.call(number, life, what, circumstances, &mut self.dice);
                self.agenda
                    .add(self.now + took, Event::AgentEnds { node, number });
                self.note(|| format!("{text}: number {number}, takes {took:?}"));
            }
            Action::Decide(ticket, cib) => {
                let took = self.dice.time_below(resources.plan.longest_decision);
                let told = Told::Decided(ticket, graph_of(&cib, epoch_s(self.now)));
                self.note(|| format!("{}: decides", name(me)));
                self.tell_of_resources(node, self.now + took, told);
            }
            Action::Fence(ticket, fencing) => {
                let took = self.dice.time_below(resources.plan.longest_fencing);
                let percent = resources.plan.fencing_failures_percent;
                let works = is_calm || !self.dice.happens(percent);
                self.note(|| {
                    let target = &fencing.target;
                    format!("{}: fences {target}, works: {works}, {took:?}", name(me))
                });
                let event = Event::FencingEnds {
                    node,
                    life,
                    what: Box::new((ticket, fencing, works)),
                };
                self.agenda.add(self.now + took, event);
            }
            Action::MayLeave => {
                let left = &resources.machines[node].active;
                if resources.plan.has_fencing && !left.is_empty() {
                    return Err(format!("{} may leave and still runs {left:?}", name(me)));
                }
                self.tell(node, Input::Leave);
            }
            Action::Report(report) => self.note(|| format!("{}: {report}", name(me))),
        }
        Ok(())
    }

    fn tell_of_resources(&mut self, node: usize, at: Duration, told: Told) {
        let Some(resources) = &mut self.resources else {
            return;
        };
        let number = resources.number();
        resources.told.insert(number, told);
        let event = Event::Input {
            node,
            life: Some(self.nodes[node].incarnation),
            input: Input::Resource(number),
        };
        self.agenda.add(at, event);
    }

    /// A node learns something about resources.
    pub(crate) fn hear_of_resources(&mut self, node: usize, local: Duration, number: u64) {
        let resources = self.resources.as_mut();
        let Some(told) = resources.and_then(|resources| resources.told.remove(&number)) else {
            return;
        };
        let Some(service) = self.nodes[node].service() else {
            return;
        };
        match told {
            Told::Operated(call, result) => service.node.operated(local, call, result),
            Told::Decided(ticket, graph) => service.node.decided(local, ticket, &graph),
            Told::Fenced(ticket, is_done) => service.node.fenced(local, ticket, is_done),
            Told::Noticed(resource) => service.node.noticed(local, &resource),
        }
    }

    /// An agent has done what it does.
    pub(crate) fn end_agent(&mut self, node: usize, number: u64) -> Verdict {
        let Some(resources) = &mut self.resources else {
            return Ok(());
        };
        let Some(ended) = resources.machines[node].end(number) else {
            return Ok(());
        };
        self.note(|| {
            let (code, outcome) = (ended.result.code, ended.result.outcome);
            format!("number {number} ends: {outcome:?}, {code}")
        });
        if ended.has_begun {
            self.check_begun(node, &ended.resource)?;
        }
        if self.nodes[node].runs() && self.nodes[node].incarnation == ended.life {
            let told = Told::Operated(ended.call, ended.result);
            self.tell_of_resources(node, self.now, told);
        }
        Ok(())
    }

    /// A fence device has done what it does: the target's power is off, whoever asked for it lives or
    /// does not.
    pub(crate) fn end_fencing(
        &mut self,
        node: usize,
        life: u64,
        (ticket, fencing, works): (Ticket, Fencing, bool),
    ) {
        let target = (0..self.nodes.len()).find(|other| node_name(*other) == fencing.target);
        if let Some(target) = target.filter(|_| works && fencing.action != "on") {
            self.note(|| format!("{} is fenced", fencing.target));
            if let Some(resources) = &mut self.resources {
                resources.fencings += 1;
            }
            self.die(target, true);
        }
        if self.nodes[node].runs() && self.nodes[node].incarnation == life {
            self.tell_of_resources(node, self.now, Told::Fenced(ticket, works));
        }
    }

    /// A daemon ends, or its whole machine.
    pub(crate) fn end_agents(&mut self, node: usize, power_fails: bool) -> Verdict {
        let Some(resources) = &mut self.resources else {
            return Ok(());
        };
        let machine = &mut resources.machines[node];
        if power_fails {
            machine.lose_power();
            return Ok(());
        }
        let begun = machine.lose_daemon(&mut self.dice);
        begun
            .iter()
            .try_for_each(|resource| self.check_begun(node, resource))
    }

    /// A resource dies by itself. Its monitor is told at once, or finds it.
    pub(crate) fn end_resource(&mut self, node: usize) {
        let Some(resources) = &mut self.resources else {
            return;
        };
        let active: Vec<String> = resources.machines[node].active.iter().cloned().collect();
        if active.is_empty() {
            return;
        }
        let resource = self.dice.pick(&active).clone();
        resources.machines[node].active.remove(&resource);
        self.note(|| format!("{resource} dies on {}", node_name(node)));
        if self.dice.happens(50) && self.nodes[node].runs() {
            self.tell_of_resources(node, self.now, Told::Noticed(resource));
        }
    }

    /// The operator gives the cluster its configuration, until it has it.
    pub(crate) fn configure(&mut self) {
        let configured = (0..self.nodes.len()).any(|node| self.is_configured(node));
        let lives = |(node, life, _): &(usize, u64, RequestId)| {
            self.nodes[*node].runs() && self.nodes[*node].incarnation == *life
        };
        let Some(resources) = &self.resources else {
            return;
        };
        if configured || resources.asked.as_ref().is_some_and(lives) {
            return;
        }
        let now = self.now;
        let ready = (0..self.nodes.len()).find(|node| self.nodes[*node].is_established(now));
        let Some(node) = ready else {
            return;
        };
        let element = resources.plan.configuration.clone();
        let change = Change::of(Edit::Modify {
            place: Some("/cib/configuration".to_owned()),
            element,
            may_create: false,
        });
        let life = self.nodes[node].incarnation;
        let Some(service) = self.nodes[node].service() else {
            return;
        };
        let request = RequestId(service.next_request);
        service.next_request += 1;
        service.node.request(request, Request::Change(change));
        if let Some(resources) = &mut self.resources {
            resources.asked = Some((node, life, request));
        }
        self.wake_soon(node);
    }

    /// Somebody was answered: the operator, perhaps.
    pub(crate) fn operator_is_answered(&mut self, node: usize, request: RequestId) {
        if let Some(resources) = &mut self.resources
            && resources
                .asked
                .is_some_and(|it| it.0 == node && it.2 == request)
        {
            resources.asked = None;
        }
    }

    pub(crate) fn is_configured(&self, node: usize) -> bool {
        self.committed(node).is_some_and(|cib| {
            let configuration = cib.root().child("configuration");
            let resources = configuration.and_then(|it| it.child("resources"));
            resources.is_some_and(|it| it.children().next().is_some())
        })
    }

    /// The CIB that a node shows.
    pub(super) fn committed(&self, node: usize) -> Option<&Arc<Document>> {
        let process = self.nodes[node].process.as_ref()?;
        Some(process.service.as_ref()?.node.replica().committed())
    }
}

/// What the scheduler wants to be done.
pub(super) fn graph_of(cib: &Document, epoch_s: i64) -> Document {
    scheduler::graph_for(cib, DateTime::from_epoch_s(epoch_s))
}
