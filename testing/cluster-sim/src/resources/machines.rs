//! What truly runs on a machine, and its agents.

use std::collections::{BTreeMap, BTreeSet};

use cluster_node::{CallId, Operation, OperationResult, OperationStatus};
use dice::Dice;
use std::time::Duration;

use super::ResourcePlan;
use super::plan::FENCE_DEVICE;

/// The codes of the OCF resource agent API.
const OK: i32 = 0;
const ERROR: i32 = 1;
const UNIMPLEMENTED: i32 = 3;
const NOT_RUNNING: i32 = 7;

/// A machine. It outlives its daemon, and dies with its power.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// What runs.
    pub active: BTreeSet<String>,
    /// Operations that are under way, by number.
    under_way: BTreeMap<u64, UnderWay>,
}

/// An agent at work.
#[derive(Debug)]
struct UnderWay {
    call: CallId,
    operation: Operation,
    /// Of the daemon that called it.
    life: u64,
    effect: Effect,
    says: Says,
}

/// What an operation does to the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Nothing,
    Begins,
    Ends,
}

/// What an agent answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Code(i32),
    /// What is so when it is asked.
    TheTruth,
    /// Nothing, in its time.
    Nothing,
}

/// An operation that has ended.
pub(crate) struct Ended {
    pub call: CallId,
    pub life: u64,
    pub resource: String,
    pub result: OperationResult,
    /// The resource was started.
    pub has_begun: bool,
}

impl Machine {
    /// An agent is called; how long it takes.
    pub(crate) fn call(
        &mut self,
        number: u64,
        life: u64,
        (call, operation): (CallId, Operation),
        (plan, is_calm): (&ResourcePlan, bool),
        dice: &mut Dice,
    ) -> Duration {
        let fails =
            !is_calm && operation.resource != FENCE_DEVICE && dice.happens(plan.failures_percent);
        let (effect, says) = course(&operation.task, fails, dice);
        let duration = if says == Says::Nothing {
            operation.timeout
        } else {
            dice.time_below(plan.longest_operation)
                .min(operation.timeout)
        };
        let under_way = UnderWay {
            call,
            operation,
            life,
            effect,
            says,
        };
        self.under_way.insert(number, under_way);
        duration
    }

    /// An agent has ended; nothing, where it was ended before.
    pub(crate) fn end(&mut self, number: u64) -> Option<Ended> {
        let ended = self.under_way.remove(&number)?;
        let resource = ended.operation.resource.clone();
        self.take_effect(&resource, ended.effect);
        let is_active = self.active.contains(&resource);
        let (outcome, code) = match ended.says {
            Says::Code(code) => (OperationStatus::Done, code),
            Says::TheTruth if is_active => (OperationStatus::Done, OK),
            Says::TheTruth => (OperationStatus::Done, NOT_RUNNING),
            Says::Nothing => (OperationStatus::TimedOut, ERROR),
        };
        Some(Ended {
            call: ended.call,
            life: ended.life,
            has_begun: ended.effect == Effect::Begins,
            resource,
            result: OperationResult {
                outcome,
                code,
                reason: String::new(),
                took: Duration::ZERO,
            },
        })
    }

    fn take_effect(&mut self, resource: &str, effect: Effect) {
        match effect {
            Effect::Nothing => {}
            Effect::Begins => drop(self.active.insert(resource.to_owned())),
            Effect::Ends => drop(self.active.remove(resource)),
        }
    }

    /// The daemon dies, and its agents with it, some of them after they had their effect. What was
    /// started so.
    pub(crate) fn lose_daemon(&mut self, dice: &mut Dice) -> Vec<String> {
        let mut begun = Vec::new();
        for ended in std::mem::take(&mut self.under_way).into_values() {
            if dice.happens(50) {
                self.take_effect(&ended.operation.resource, ended.effect);
                if ended.effect == Effect::Begins {
                    begun.push(ended.operation.resource);
                }
            }
        }
        begun
    }

    /// Its power fails.
    pub(crate) fn lose_power(&mut self) {
        self.under_way.clear();
        self.active.clear();
    }

    /// Nothing but recurring monitors is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.under_way
            .values()
            .all(|it| it.operation.interval_ms > 0)
    }
}

/// What an operation does, and what its agent says of it.
fn course(task: &str, fails: bool, dice: &mut Dice) -> (Effect, Says) {
    let well = match task {
        "start" => (Effect::Begins, Says::Code(OK)),
        "stop" => (Effect::Ends, Says::Code(OK)),
        "monitor" => (Effect::Nothing, Says::TheTruth),
        _ => (Effect::Nothing, Says::Code(UNIMPLEMENTED)),
    };
    if !fails {
        return well;
    }
    match (task, dice.within(0..5)) {
        // It did what it was asked for, and says that it failed, or nothing in time.
        (_, 0) => (well.0, Says::Code(ERROR)),
        (_, 1) => (well.0, Says::Nothing),
        // It did not.
        (_, 2) => (Effect::Nothing, Says::Nothing),
        // It lies: only a stop that lies cannot be survived by anybody.
        ("start", 3) => (Effect::Nothing, Says::Code(OK)),
        _ => (Effect::Nothing, Says::Code(ERROR)),
    }
}
