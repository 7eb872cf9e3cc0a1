//! What each flag of a relation does to two actions as such, parts of collective resources aside.
//!
//! | flag | if | then |
//! | --- | --- | --- |
//! | `THEN_IMPLIES_FIRST` | `then` is required | `first` is required and, if `then` is, unmigratable |
//! | `PROMOTED_THEN_IMPLIES_FIRST` | … and of a promoted instance | likewise |
//! | `UNMIGRATABLE_THEN_BLOCKS` | `then` cannot migrate or run | `first` cannot run |
//! | | `then` is required | `first` is required |
//! | `FIRST_ELSE_THEN` | `first` cannot run | `then` is real and unmigratable |
//! | `UNRUNNABLE_FIRST_BLOCKS` | `first` cannot run | `then` can neither run nor migrate |
//! | `FIRST_IMPLIES_THEN` | `first` is required and unmigratable | `then` is required |
//! | `INTERMEDIATE_STOP` | see [`Propagation::restart`] | |
//! | `ASYMMETRIC` | see [`Propagation::hold_back_asymmetric`] | |
//!
//! Whoever loses something because of an action of another resource gives that as its reason.

use super::pair::{Pair, Scope};
use super::propagation::{Changed, Propagation};
use crate::actions::{as_reason, set_reason};
use crate::model::{Action, ActionId, Relation, Role, Task};

/// Something that an action can lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Optional,
    Runnable,
    Migratable,
}

impl Loss {
    /// The fact that is lost.
    fn fact<'a>(self, action: &'a mut Action<'_>) -> &'a mut bool {
        match self {
            Self::Optional => &mut action.optional,
            Self::Runnable => &mut action.runnable,
            Self::Migratable => &mut action.migratable,
        }
    }

    /// What the cause is then called.
    const fn of_cause(self) -> &'static str {
        match self {
            Self::Optional => "required",
            Self::Runnable => "unrunnable",
            Self::Migratable => "unmigrateable",
        }
    }
}

impl Propagation<'_, '_> {
    /// Applies the flag of `pair` to its two actions.
    pub(super) fn affect(&mut self, pair: Pair) -> Changed {
        let (first, then) = (pair.first, pair.then);
        let before = (self.state(first), self.state(then));
        self.apply_effect(pair);
        let changed = Changed {
            first: before.0 != self.state(first),
            then: before.1 != self.state(then),
        };
        let is_part = self.plan.actions[then]
            .resource
            .is_some_and(|resource| self.plan.resources[resource].parent.is_some());
        if changed.then && is_part {
            self.settle(then);
        }
        changed
    }

    fn apply_effect(&mut self, pair: Pair) {
        let (first, then, scope) = (pair.first, pair.then, pair.scope);
        let (of_first, of_then) = (&self.plan.actions[first], &self.plan.actions[then]);
        match pair.relation {
            Relation::ASYMMETRIC => self.hold_back_asymmetric(first, then),
            Relation::INTERMEDIATE_STOP => self.restart(first, then, scope),
            Relation::THEN_IMPLIES_FIRST if !of_then.optional => {
                let unmigratable = pair.first_flags.migratable && !of_then.migratable;
                if scope.optional && !pair.first_flags.optional {
                    self.lose(first, Loss::Optional, then);
                }
                if unmigratable {
                    self.lose(first, Loss::Migratable, then);
                }
            }
            Relation::PROMOTED_THEN_IMPLIES_FIRST
                if scope.optional && !of_then.optional && self.was_promoted(then) =>
            {
                let unmigratable = !of_then.migratable;
                self.lose(first, Loss::Optional, then);
                if unmigratable {
                    self.lose(first, Loss::Migratable, then);
                }
            }
            Relation::UNMIGRATABLE_THEN_BLOCKS if scope.optional => {
                let (can_migrate, required) =
                    (of_then.migratable && of_then.runnable, !of_then.optional);
                if !can_migrate {
                    self.lose(first, Loss::Runnable, then);
                }
                if required {
                    self.lose(first, Loss::Optional, then);
                }
            }
            Relation::FIRST_ELSE_THEN if scope.optional && !of_first.runnable => {
                self.lose(then, Loss::Migratable, first);
                self.plan.actions[then].pseudo = false;
            }
            Relation::UNRUNNABLE_FIRST_BLOCKS
                if scope.runnable && of_then.runnable && !pair.first_flags.runnable =>
            {
                self.lose(then, Loss::Runnable, first);
                self.lose(then, Loss::Migratable, first);
            }
            Relation::FIRST_IMPLIES_THEN
                if scope.optional && !pair.first_flags.optional && !of_first.migratable =>
            {
                self.lose(then, Loss::Optional, first);
            }
            _ => {}
        }
    }

    /// The stop in a restart, or of the member after in a group: where `then` is required, or is an
    /// action of the same managed resource that cannot run, `first` is required (the latter only if
    /// it can run), and unmigratable if `then` is; and if it then cannot run, neither can `then`.
    fn restart(&mut self, first: ActionId, then: ActionId, scope: Scope) {
        let (of_first, of_then) = (&self.plan.actions[first], &self.plan.actions[then]);
        let (Some(resource), Some(then_resource)) = (of_first.resource, of_then.resource) else {
            return;
        };
        let both_primitive =
            self.plan.is_primitive(resource) && self.plan.is_primitive(then_resource);
        let is_required = scope.optional && !of_then.optional;
        let cannot_start_again = scope.runnable
            && !of_then.runnable
            && self.plan.resources[then_resource].managed
            && resource == then_resource;
        if !both_primitive || !(is_required || cannot_start_again) {
            return;
        }
        let unmigratable = !of_then.migratable;
        if of_first.runnable || !of_then.optional {
            self.lose(first, Loss::Optional, then);
        }
        if unmigratable {
            self.lose(first, Loss::Migratable, then);
        }
        let of_first = &self.plan.actions[first];
        if !of_first.optional && !of_first.runnable {
            self.lose(then, Loss::Runnable, first);
        }
    }

    /// An ordering in one direction only: `then` cannot run where `first` cannot, unless it is done
    /// already (a stop of what is stopped, a start of what is started there alone).
    fn hold_back_asymmetric(&mut self, first: ActionId, then: ActionId) {
        let of = &self.plan.actions[then];
        let (Some(resource), false) = (of.resource, self.plan.actions[first].runnable) else {
            return;
        };
        let role = self.plan.role(resource, true);
        let active_on = &self.plan.resources[resource].active_on;
        let is_done = match of.task {
            Task::Stop => role == Role::Stopped,
            Task::Start => {
                role >= Role::Started
                    && active_on.len() == 1
                    && of.node == active_on.first().copied()
            }
            _ => false,
        };
        if of.optional && is_done {
            return;
        }
        self.lose(then, Loss::Optional, first);
        self.lose(then, Loss::Runnable, first);
    }

    fn was_promoted(&self, action: ActionId) -> bool {
        self.plan.actions[action]
            .resource
            .is_some_and(|resource| self.plan.resources[resource].role == Role::Promoted)
    }

    /// Takes something from `action` because of `cause`.
    fn lose(&mut self, action: ActionId, loss: Loss, cause: ActionId) {
        let fact = loss.fact(&mut self.plan.actions[action]);
        if !std::mem::replace(fact, false) {
            return;
        }
        let of_cause = &self.plan.actions[cause];
        if self.plan.actions[action].resource != of_cause.resource {
            let reason = as_reason(self.plan, of_cause, loss.of_cause());
            set_reason(self.plan, action, &reason, false);
        }
    }
}
