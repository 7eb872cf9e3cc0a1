//! Walking a transition graph: which action may be started now, given what has been done so far.
//!
//! A pure state machine for whoever carries a graph out: the simulation (where every action is done
//! at once), and the controller of a running cluster (where many are in flight).
//!
//! ```text
//!            Graph
//!              │
//!  next() ◄──┌─▼──┐◄── done(step, success)
//!  a step    │Walk│◄── abort(priority)
//!  to start  └────┘
//! ```
//!
//! The rules:
//!
//! - A step may start when all its inputs are done. Steps are looked at in passes, each from the
//!   first step to the last, so that a step that becomes ready behind the current place is started
//!   in the same pass, and one before it in the next.
//! - What failed is done only for steps of infinite priority; all others wait for it forever.
//! - After an abort with a priority, a step with a lower one is not started any more, unless all it
//!   does is pseudo-actions.
//! - No more steps are in flight than `batch-limit` says, if it says anything above 0.
//! - The walk ends when nothing is in flight and nothing can start. It is complete if every step was
//!   done, stopped if it was aborted, and terminated if steps are left though it was not: then the
//!   graph has a circle, or waits for an action that it does not have.

mod graph;

use cib::hashed::HashMap;
use std::collections::BTreeSet;

pub use graph::{Action, ActionKind, Graph, GraphAction, Header, Step};

/// Above every other priority (`INFINITY`).
pub const HIGHEST_PRIORITY: i32 = 1_000_000;

/// How a walk ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every step was done.
    Complete,
    /// It was aborted before.
    Stopped,
    /// Steps are left that can never start.
    Terminated,
}

/// What there is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Start this step (a place in [`Graph::steps`]).
    Start(usize),
    /// Wait: something is in flight.
    Wait,
    /// Nothing more.
    End(Ending),
}

/// How far a graph has been carried out.
#[derive(Clone, Debug)]
pub struct Walk {
    /// For each step, how many of its inputs are not done yet.
    open_inputs: Vec<usize>,
    /// For each action number, the steps that wait for it.
    waiting: HashMap<u32, Vec<usize>>,
    /// Steps that are neither started nor waiting for an input.
    ready: BTreeSet<usize>,
    /// Where the current pass has got to.
    place: usize,
    /// Steps below this priority are not started any more.
    abort_priority: i32,
    in_flight: usize,
    left: usize,
}

impl Walk {
    /// The beginning of a walk through `graph`.
    #[must_use]
    pub fn new<A>(graph: &Graph<A>) -> Self {
        let mut waiting: HashMap<u32, Vec<usize>> = HashMap::default();
        let mut open_inputs = Vec::with_capacity(graph.steps.len());
        let mut ready = BTreeSet::new();
        for (place, step) in graph.steps.iter().enumerate() {
            for &input in &step.inputs {
                waiting.entry(input).or_default().push(place);
            }
            if step.inputs.is_empty() {
                ready.insert(place);
            }
            open_inputs.push(step.inputs.len());
        }
        Self {
            open_inputs,
            waiting,
            ready,
            place: 0,
            abort_priority: 0,
            in_flight: 0,
            left: graph.steps.len(),
        }
    }

    /// What to do next. Steps that `may_start` refuses are passed over in this pass, and asked about
    /// again in the next one.
    pub fn next<A: Action>(
        &mut self,
        graph: &Graph<A>,
        mut may_start: impl FnMut(&Step<A>) -> bool,
    ) -> Next {
        // The rest of this pass, then a whole one.
        for from in [self.place, 0] {
            if graph
                .header
                .batch_limit
                .is_some_and(|limit| self.in_flight >= limit)
            {
                return Next::Wait;
            }
            let next = self.ready.range(from..).copied().find(|&place| {
                let step = &graph.steps[place];
                self.is_wanted(step) && may_start(step)
            });
            if let Some(place) = next {
                self.ready.remove(&place);
                self.place = place + 1;
                self.in_flight += 1;
                return Next::Start(place);
            }
        }
        match (self.in_flight, self.left, self.abort_priority) {
            (1.., _, _) => Next::Wait,
            (0, 0, _) => Next::End(Ending::Complete),
            (0, _, ..=0) => Next::End(Ending::Terminated),
            (0, _, _) => Next::End(Ending::Stopped),
        }
    }

    /// Notes that a step that was started is done, and whether its actions were successful.
    pub fn done<A: Action>(&mut self, graph: &Graph<A>, place: usize, success: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.left = self.left.saturating_sub(1);
        for action in graph
            .steps
            .get(place)
            .into_iter()
            .flat_map(|step| &step.actions)
        {
            let Some(waiting) = self.waiting.remove(&action.number()) else {
                continue;
            };
            for waiter in waiting {
                if success || graph.steps[waiter].priority >= HIGHEST_PRIORITY {
                    self.open_inputs[waiter] -= 1;
                    if self.open_inputs[waiter] == 0 {
                        self.ready.insert(waiter);
                    }
                }
            }
        }
    }

    /// Ends a walk as soon as what is in flight is done: steps below `priority` are not started any
    /// more.
    pub fn abort(&mut self, priority: i32) {
        self.abort_priority = self.abort_priority.max(priority);
    }

    fn is_wanted<A: Action>(&self, step: &Step<A>) -> bool {
        step.priority >= self.abort_priority
            || step
                .actions
                .iter()
                .all(|action| action.kind() == ActionKind::Pseudo)
    }
}

#[cfg(test)]
mod tests {
    use cib::xml::Document;

    use super::*;

    /// A graph of pseudo-events and one resource action (4): 1 → 3 → 2, 3 → 4.
    const GRAPH: &str = r#"<transition_graph transition_id="1" batch-limit="0">
        <synapse id="0" priority="10"><action_set><pseudo_event id="2" operation="b"/></action_set>
            <inputs><trigger><pseudo_event id="3"/></trigger></inputs></synapse>
        <synapse id="1"><action_set><pseudo_event id="1" operation="a"/></action_set><inputs/></synapse>
        <synapse id="2"><action_set><pseudo_event id="3" operation="c"/></action_set>
            <inputs><trigger><pseudo_event id="1"/></trigger></inputs></synapse>
        <synapse id="3"><action_set><rsc_op id="4" operation="start"/></action_set>
            <inputs><trigger><pseudo_event id="3"/></trigger></inputs></synapse>
        </transition_graph>"#;

    /// Numbers of actions in the order of their start, and how it ended. What `fail` names fails,
    /// and the walk is aborted.
    fn walked(source: &str, fail: Option<u32>) -> (Vec<u32>, Ending) {
        let document = Document::parse(source).expect("the test's graph is well-formed");
        let graph = Graph::read(document.root());
        let mut walk = Walk::new(&graph);
        let mut started = Vec::new();
        loop {
            match walk.next(&graph, |_| true) {
                Next::Start(place) => {
                    let number = graph.steps[place].actions[0].number;
                    started.push(number);
                    let failed = fail == Some(number);
                    if failed {
                        walk.abort(HIGHEST_PRIORITY);
                    }
                    walk.done(&graph, place, !failed);
                }
                Next::Wait => panic!("everything is done at once"),
                Next::End(ending) => return (started, ending),
            }
        }
    }

    #[test]
    fn a_pass_goes_on_before_the_next_one_begins() {
        assert_eq!(walked(GRAPH, None), (vec![1, 3, 4, 2], Ending::Complete));
    }

    #[test]
    fn what_comes_after_a_failure_is_not_started() {
        assert_eq!(walked(GRAPH, Some(1)), (vec![1], Ending::Stopped));
        assert_eq!(walked(GRAPH, Some(4)), (vec![1, 3, 4, 2], Ending::Complete));
    }

    #[test]
    fn a_circle_terminates_the_walk() {
        let circle = GRAPH.replace(
            "<inputs/>",
            r#"<inputs><trigger><pseudo_event id="2"/></trigger></inputs>"#,
        );
        assert_eq!(walked(&circle, None), (vec![], Ending::Terminated));
    }

    #[test]
    fn a_batch_limit_holds_steps_back() {
        let document = Document::parse(
            r#"<transition_graph batch-limit="1">
            <synapse id="0"><action_set><rsc_op id="1"/></action_set></synapse>
            <synapse id="1"><action_set><rsc_op id="2"/></action_set></synapse></transition_graph>"#,
        )
        .expect("the test's graph is well-formed");
        let graph = Graph::read(document.root());
        let mut walk = Walk::new(&graph);
        assert_eq!(walk.next(&graph, |_| true), Next::Start(0));
        assert_eq!(walk.next(&graph, |_| true), Next::Wait);
        walk.done(&graph, 0, true);
        assert_eq!(walk.next(&graph, |_| false), Next::End(Ending::Terminated));
        assert_eq!(walk.next(&graph, |_| true), Next::Start(1));
    }
}
