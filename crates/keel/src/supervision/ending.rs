//! The order of an end: the address leaves first, then the balancer.
//!
//! ```text
//!  KeeperLeaves ──▶ AddressSettles ──▶ BalancerDrains ──▶ BalancerStops ──▶ Exit
//!   (priority 0,     (late packets      (no new ones,      (nothing more
//!    withdrawn)       still served)      open ones end)     to wait for)
//! ```
//!
//! Whoever connects after the word to stop is either served here or, once the address moved, by
//! the machine that took it: nobody is refused.

use super::{
    Command, ExitStatus, KeeperWord, Level, Phase, Role, Supervisor, Time, ToBalancerWord,
    limits::{ADDRESS_SETTLES, BALANCER_STOP_LIMIT, KEEPER_LEAVE_LIMIT, STOP_GRACE},
};

/// How long requests in flight are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grace {
    /// Not at all.
    None,
    /// For [`STOP_GRACE`].
    Short,
    /// Until the last one ended: a drain.
    Unlimited,
}

/// An end under way.
#[derive(Debug)]
pub(super) struct Ending {
    grace: Grace,
    exit: ExitStatus,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    KeeperLeaves {
        until: Time,
    },
    AddressSettles {
        until: Time,
    },
    BalancerDrains {
        until: Option<Time>,
    },
    BalancerStops {
        until: Time,
    },
    /// The last process was killed; its end is on the way.
    Killed,
    Over,
}

impl Ending {
    pub(super) fn deadline(&self) -> Option<Time> {
        match self.step {
            Step::KeeperLeaves { until }
            | Step::AddressSettles { until }
            | Step::BalancerStops { until } => Some(until),
            Step::BalancerDrains { until } => until,
            Step::Killed | Step::Over => None,
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self.grace {
            Grace::Unlimited => "draining",
            Grace::None | Grace::Short => "ending",
        }
    }
}

impl Supervisor {
    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }

    /// Begins the end, or shortens one that is under way.
    pub(super) fn stop(&mut self, now: Time, grace: Grace, exit: ExitStatus) {
        if let Phase::Ending(ending) = &mut self.phase {
            hasten(ending, now, grace, exit);
            self.go_on_ending(now);
            return;
        }
        self.finish_reload(Err("ending: the reload was given up".to_owned()));
        self.phase = Phase::Ending(Ending {
            grace,
            exit,
            step: Step::KeeperLeaves {
                until: now + KEEPER_LEAVE_LIMIT,
            },
        });
        if self.keeper.want_no_successor() {
            self.out.push(Command::TellKeeper(KeeperWord::Stop));
        } else {
            self.end_balancer(now);
        }
    }

    fn set_step(&mut self, step: Step) {
        if let Phase::Ending(ending) = &mut self.phase {
            ending.step = step;
        }
    }

    fn grace(&self) -> Grace {
        match &self.phase {
            Phase::Ending(ending) => ending.grace,
            Phase::Starting | Phase::Running => Grace::None,
        }
    }

    pub(super) fn child_ended_while_ending(&mut self, now: Time, role: Role) {
        match role {
            Role::Balancer => {
                if !self.keeper.exists() {
                    self.over();
                }
            }
            Role::Keeper if !self.balancer.want_no_successor() => self.over(),
            Role::Keeper if self.grace() == Grace::None => self.end_balancer(now),
            Role::Keeper => self.set_step(Step::AddressSettles {
                until: now + ADDRESS_SETTLES,
            }),
        }
    }

    fn end_balancer(&mut self, now: Time) {
        if !self.balancer.want_no_successor() {
            self.over();
            return;
        }
        let until = match self.grace() {
            Grace::None => {
                self.stop_balancer(now);
                return;
            }
            Grace::Short => Some(now + STOP_GRACE),
            Grace::Unlimited => None,
        };
        self.set_step(Step::BalancerDrains { until });
        self.out.push(Command::CloseListeners);
        self.out.push(Command::TellBalancer(ToBalancerWord::Drain));
    }

    fn stop_balancer(&mut self, now: Time) {
        self.set_step(Step::BalancerStops {
            until: now + BALANCER_STOP_LIMIT,
        });
        self.out.push(Command::TellBalancer(ToBalancerWord::Stop));
    }

    fn over(&mut self) {
        let Phase::Ending(ending) = &mut self.phase else {
            return;
        };
        if ending.step != Step::Over {
            ending.step = Step::Over;
            let exit = ending.exit;
            self.out.push(Command::Exit(exit));
        }
    }

    pub(super) fn go_on_ending(&mut self, now: Time) {
        let Phase::Ending(Ending { step, .. }) = &self.phase else {
            return;
        };
        match *step {
            Step::KeeperLeaves { until } if now >= until => {
                self.log(
                    Level::Warning,
                    format!(
                        "the address keeper did not leave within {} ms: killing it",
                        KEEPER_LEAVE_LIMIT.as_millis()
                    ),
                );
                self.set_step(Step::Killed);
                self.out.push(Command::Kill(Role::Keeper));
            }
            Step::AddressSettles { until } if now >= until => self.end_balancer(now),
            Step::BalancerDrains { until: Some(until) } if now >= until => {
                self.log(
                    Level::Notice,
                    "requests were still in flight after the grace: ending them",
                );
                self.stop_balancer(now);
            }
            Step::BalancerStops { until } if now >= until => {
                self.set_step(Step::Killed);
                self.out.push(Command::Kill(Role::Balancer));
            }
            _ => {}
        }
    }
}

/// A second word to stop never waits longer than the first.
fn hasten(ending: &mut Ending, now: Time, grace: Grace, exit: ExitStatus) {
    let earlier = ending.grace;
    // The same word again: whoever says it twice is in a hurry.
    let wanted = match (earlier, grace) {
        (Grace::Unlimited, grace) => grace,
        _ => Grace::None,
    };
    if wanted == Grace::Unlimited {
        return;
    }
    ending.grace = wanted;
    ending.exit = exit;
    let limit = match wanted {
        Grace::None => now,
        Grace::Short | Grace::Unlimited => now + STOP_GRACE,
    };
    match &mut ending.step {
        Step::BalancerDrains { until } => *until = Some(until.map_or(limit, |at| at.min(limit))),
        Step::AddressSettles { until } => *until = (*until).min(limit),
        Step::KeeperLeaves { .. } | Step::BalancerStops { .. } | Step::Killed | Step::Over => {}
    }
}
