//! Taking a new configuration in place: the balancer first, the keeper after it, one answer.
//!
//! The shell has already checked both files, so a refusal here is rare. Whatever refuses keeps
//! what it had.

use super::{AskId, Command, KeeperWord, Level, Role, Supervisor, Time, limits::RELOAD_LIMIT};

/// A reload under way.
#[derive(Debug)]
pub struct Reload {
    ask: AskId,
    asked: Time,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The balancer has the candidate of that generation.
    Balancer { generation: u64 },
    /// The keeper reads its file.
    Keeper,
}

impl Reload {
    /// When it is given up.
    pub fn deadline(&self) -> Time {
        self.asked + RELOAD_LIMIT
    }
}

impl Supervisor {
    /// `generation` is the balancer's candidate, held by the shell until `Keep` or `Discard`.
    pub(super) fn reload(&mut self, now: Time, ask: AskId, generation: Option<u64>) {
        let refusal = if self.reload.is_some() {
            Some("a reload is already under way")
        } else if self.is_running() {
            None
        } else {
            Some("starting or ending: nothing can be reloaded now")
        };
        if let Some(refusal) = refusal {
            self.out.extend(generation.map(Command::Discard));
            self.answer(ask, Err(refusal.to_owned()));
            return;
        }
        let step = match generation {
            Some(generation) => Step::Balancer { generation },
            None => Step::Keeper,
        };
        self.reload = Some(Reload {
            ask,
            asked: now,
            step,
        });
        match generation {
            Some(generation) if self.balancer.pid().is_some() => {
                self.balancer.expect_new_threads(now);
                self.out.push(Command::GiveBalancer(generation));
            }
            // It waits for its next start: the new configuration may be the cure.
            Some(_) => {
                self.balancer.hurry(now);
                self.woken(now);
            }
            None => self.reload_keeper(),
        }
    }

    /// The configuration that a balancer started now gets.
    pub(super) fn generation_to_start(&self) -> u64 {
        match self.reload.as_ref().map(|reload| reload.step) {
            Some(Step::Balancer { generation }) => generation,
            _ => self.generation,
        }
    }

    /// The balancer is ready; says whether that ends the balancer's part of a reload by one that
    /// was ready before.
    pub(super) fn reload_took(&mut self, now: Time, generation: u64) -> bool {
        let Some(Reload { step, .. }) = &mut self.reload else {
            return false;
        };
        if *step != (Step::Balancer { generation }) {
            return false;
        }
        *step = Step::Keeper;
        self.generation = generation;
        self.out.push(Command::Keep(generation));
        let in_place = self.balancer.ready_since().is_some();
        if in_place {
            self.balancer.expect_new_threads(now);
        } else {
            self.balancer_ready(now);
        }
        self.reload_keeper();
        true
    }

    /// The balancer refused; says whether that was a reload's candidate.
    pub(super) fn reload_refused(&mut self, now: Time, generation: u64, reason: &str) -> bool {
        if self.reload.as_ref().map(|reload| reload.step) != Some(Step::Balancer { generation }) {
            return false;
        }
        self.out.push(Command::Discard(generation));
        self.finish_reload(Err(format!(
            "the balancer refused the new configuration and keeps the old one: {reason}"
        )));
        if self.balancer.ready_since().is_some() {
            self.balancer.expect_new_threads(now);
        } else {
            self.balancer.condemn(&mut self.out);
        }
        true
    }

    fn reload_keeper(&mut self) {
        if !self.plan.keeper {
            self.finish_reload(Ok("the new configuration is in force".to_owned()));
        } else if self.keeper.ready_since().is_some() {
            self.out.push(Command::TellKeeper(KeeperWord::Reload));
        } else {
            self.finish_reload(Ok(
                "the address keeper is not running now: it reads its configuration as it starts"
                    .to_owned(),
            ));
        }
    }

    /// The keeper answered; says whether a reload had asked.
    pub(super) fn keeper_reload_done(&mut self, outcome: Result<(), String>) -> bool {
        if self.reload.as_ref().map(|reload| reload.step) != Some(Step::Keeper) {
            return false;
        }
        let taken = self.plan.balancer;
        self.finish_reload(match outcome {
            Ok(()) => Ok("the new configuration is in force".to_owned()),
            Err(reason) if taken => Err(format!(
                "the balancer took its new configuration; the address keeper refused its own and \
                 keeps the old one: {reason}"
            )),
            Err(reason) => Err(format!(
                "the address keeper refused the new configuration and keeps the old one: {reason}"
            )),
        });
        true
    }

    /// A child died: a reload that waits for its answer gets none.
    pub(super) fn fail_reload_of(&mut self, role: Role, how: &str) {
        let Some(step) = self.reload.as_ref().map(|reload| reload.step) else {
            return;
        };
        match (step, role) {
            (Step::Balancer { generation }, Role::Balancer) => {
                self.out.push(Command::Discard(generation));
                self.finish_reload(Err(format!(
                    "the balancer {how} on the new configuration; its successor gets the old one"
                )));
            }
            (Step::Keeper, Role::Keeper) => self.finish_reload(Err(format!(
                "the address keeper {how} while it read its new configuration"
            ))),
            _ => {}
        }
    }

    pub(super) fn give_up_late_reload(&mut self, now: Time) {
        let late = |reload: &Reload| now >= reload.deadline();
        if !self.reload.as_ref().is_some_and(late) {
            return;
        }
        let seconds = RELOAD_LIMIT.as_secs();
        match self.reload.as_ref().map(|reload| reload.step) {
            // It has both now and says nothing: only a new process is surely in the old one.
            Some(Step::Balancer { generation }) => {
                self.out.push(Command::Discard(generation));
                self.finish_reload(Err(format!(
                    "the balancer did not answer within {seconds} s; a successor with the old \
                     configuration replaces it"
                )));
                self.balancer.condemn(&mut self.out);
            }
            _ => self.finish_reload(Err(format!(
                "the address keeper did not answer within {seconds} s"
            ))),
        }
    }

    pub(super) fn finish_reload(&mut self, outcome: Result<String, String>) {
        let Some(reload) = self.reload.take() else {
            return;
        };
        match &outcome {
            Ok(text) => self.log(Level::Notice, format!("reload: {text}")),
            Err(text) => self.log(Level::Error, format!("reload: {text}")),
        }
        self.answer(reload.ask, outcome);
    }

    fn answer(&mut self, ask: AskId, outcome: Result<String, String>) {
        self.out.push(Command::Answer { ask, outcome });
    }
}
