//! What operators rely on, as scripts: at that time this happens, then exactly that is done.
//!
//! Log lines are left out, but for the tests about them.

use std::net::{IpAddr, Ipv4Addr};

use address_keeper::supervision::{Farewell, FarewellTransport, HeldAddress};

use super::limits::*;
use super::*;
use Command::{
    Announce, CloseListeners, Discard, Execute, Exit, GiveBalancer, Keep, Kill, Spawn,
    TellBalancer, TellKeeper,
};
use Role::{Balancer, Keeper};

const BOTH: Plan = Plan {
    balancer: true,
    keeper: true,
    respawn: true,
};
const BALANCER: Plan = Plan {
    balancer: true,
    keeper: false,
    respawn: true,
};
const KEEPER: Plan = Plan {
    balancer: false,
    keeper: true,
    respawn: true,
};

fn ms(value: u64) -> Time {
    Duration::from_millis(value)
}

/// A supervisor with its own time, and children that beat unless they are silenced.
struct Scene {
    supervisor: Supervisor,
    now: Time,
    next_pid: i32,
    lively: Vec<(Role, u16)>,
    finding: Finding,
    done: Vec<Command>,
    log: Vec<String>,
}

impl Scene {
    fn new(plan: Plan) -> Self {
        let mut scene = Self {
            supervisor: Supervisor::new(plan, 1),
            now: Time::ZERO,
            next_pid: 100,
            lively: Vec::new(),
            finding: Finding {
                stopped: false,
                waited_for_cpu: Duration::ZERO,
            },
            done: Vec::new(),
            log: Vec::new(),
        };
        let commands = scene.supervisor.begin(Time::ZERO);
        scene.carry_out(commands);
        scene
    }

    /// Everything is up; the balancer has two workers.
    fn running(plan: Plan) -> Self {
        let mut scene = Self::new(plan);
        if plan.balancer {
            scene.balancer_ready(1);
        }
        if plan.keeper {
            scene.keeper_ready();
        }
        scene.take();
        scene
    }

    fn balancer_ready(&mut self, generation: u64) {
        self.lively.extend([(Balancer, 0), (Balancer, 1)]);
        self.say(FromBalancer::Ready { generation });
    }

    fn keeper_ready(&mut self) {
        self.lively.push((Keeper, 0));
        self.event(Event::Keeper(FromKeeper::Ready));
    }

    fn say(&mut self, message: FromBalancer) {
        self.event(Event::Balancer(message));
    }

    fn exits(&mut self, role: Role, status: ExitStatus) {
        self.lively.retain(|(of, _)| *of != role);
        self.event(Event::Exited { role, status });
    }

    fn stop(&mut self, grace: Grace) {
        self.event(Event::Stop {
            grace,
            exit: ExitStatus::Code(0),
        });
    }

    fn event(&mut self, event: Event) {
        let commands = self.supervisor.handle(self.now, event);
        self.carry_out(commands);
    }

    /// The shell's part: spawning and examining answer at once.
    fn carry_out(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command.clone() {
                Command::Log(_, line) => {
                    self.log.push(line);
                    continue;
                }
                Command::Examine(role) => {
                    let finding = self.finding;
                    self.event(Event::Examined { role, finding });
                    continue;
                }
                Spawn(role) => {
                    self.done.push(command);
                    let pid = self.next_pid;
                    self.next_pid += 1;
                    self.event(Event::Spawned { role, pid });
                    continue;
                }
                _ => {}
            }
            self.done.push(command);
        }
    }

    /// Lets time pass: heartbeats every 50 ms, `Woken` at each deadline.
    fn pass(&mut self, time: Time) {
        let end = self.now + time;
        let mut beat = self.now + ms(50);
        while self.now < end {
            let deadline = self.supervisor.deadline().unwrap_or(end).max(self.now);
            self.now = deadline.min(beat).min(end);
            if self.now == beat {
                beat += ms(50);
                for (role, worker) in self.lively.clone() {
                    self.event(match role {
                        Balancer => Event::Balancer(FromBalancer::Heartbeat { worker }),
                        Keeper => Event::Keeper(FromKeeper::Heartbeat),
                    });
                }
            }
            if deadline <= self.now {
                self.event(Event::Woken);
            }
        }
    }

    fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.done)
    }

    #[track_caller]
    fn expect(&mut self, expected: &[Command]) {
        assert_eq!(self.take(), expected, "log: {:#?}", self.log);
    }

    #[track_caller]
    fn expect_logged(&self, part: &str) {
        let found = self.log.iter().any(|line| line.contains(part));
        assert!(found, "{part:?} is not in {:#?}", self.log);
    }
}

fn serving() -> Command {
    TellKeeper(KeeperWord::Balancer(Ok(())))
}

fn not_serving(reason: &str) -> Command {
    TellKeeper(KeeperWord::Balancer(Err(reason.to_owned())))
}

const KILLED: ExitStatus = ExitStatus::Signal(9);

fn testament() -> Testament {
    let here = IpAddr::V4(Ipv4Addr::new(192, 168, 56, 200));
    Testament {
        addresses: vec![HeldAddress {
            interface_index: 2,
            address: here,
            prefix_len: 32,
        }],
        farewells: vec![Farewell {
            interface_index: 2,
            source: here,
            destination: IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18)),
            transport: FarewellTransport::Ip { protocol: 112 },
            payload: vec![0x21, 37, 0, 1],
        }],
    }
}

#[test]
fn the_keeper_starts_once_the_balancer_serves_and_knows_that_before_all_else() {
    let mut scene = Scene::new(BOTH);
    scene.expect(&[Spawn(Balancer), GiveBalancer(1)]);
    scene.balancer_ready(1);
    scene.expect(&[Spawn(Keeper), serving()]);
    scene.keeper_ready();
    scene.expect(&[Announce]);
}

#[test]
fn each_role_runs_alone() {
    let mut scene = Scene::new(BALANCER);
    scene.balancer_ready(1);
    scene.expect(&[Spawn(Balancer), GiveBalancer(1), Announce]);
    let mut scene = Scene::new(KEEPER);
    scene.keeper_ready();
    scene.expect(&[Spawn(Keeper), Announce]);
}

#[test]
fn a_start_that_fails_leaves_nothing_behind() {
    let failed = ExitStatus::Code(1);
    let mut scene = Scene::new(BOTH);
    scene.say(FromBalancer::Refused {
        generation: 1,
        reason: "no memory".to_owned(),
    });
    scene.exits(Balancer, KILLED);
    scene.expect(&[
        Spawn(Balancer),
        GiveBalancer(1),
        Kill(Balancer),
        Exit(failed),
    ]);
    scene.expect_logged("no memory");

    let mut scene = Scene::new(BOTH);
    scene.balancer_ready(1);
    scene.take();
    scene.event(Event::Keeper(FromKeeper::Refused {
        reason: "interface eth1 does not exist".to_owned(),
    }));
    scene.exits(Keeper, ExitStatus::Code(1));
    scene.expect(&[Kill(Keeper), TellBalancer(ToBalancerWord::Stop)]);
    scene.exits(Balancer, ExitStatus::Code(0));
    scene.expect(&[Exit(failed)]);
    scene.expect_logged("eth1");

    let mut scene = Scene::new(BALANCER);
    scene.pass(START_LIMIT);
    scene.expect(&[Spawn(Balancer), GiveBalancer(1), Kill(Balancer)]);
}

#[test]
fn a_dead_balancer_gets_a_successor_at_once_and_the_address_stays() {
    let mut scene = Scene::running(BOTH);
    scene.pass(ms(5_000));
    scene.exits(Balancer, KILLED);
    scene.expect(&[Spawn(Balancer), GiveBalancer(1)]);
    scene.pass(ms(20));
    scene.balancer_ready(1);
    scene.pass(ms(3_000));
    scene.expect(&[]);
    scene.expect_logged(
        "the balancer (pid 100) was killed by SIGKILL after serving for 5.0 s; its successor \
         starts now",
    );
    scene.expect_logged("the balancer (pid 102) serves, 20.0 ms after the end of the one before");
}

#[test]
fn a_balancer_that_does_not_come_back_gives_the_address_away_and_gets_it_back_when_stable() {
    let mut scene = Scene::running(BOTH);
    scene.exits(Balancer, KILLED);
    scene.take();
    scene.pass(REVIVAL_LIMIT - ms(1));
    scene.expect(&[]);
    scene.pass(ms(1));
    scene.expect(&[not_serving(
        "the balancer did not serve again within 300 ms",
    )]);
    scene.balancer_ready(1);
    scene.pass(STABLE_AFTER - ms(1));
    scene.expect(&[]);
    scene.pass(ms(1));
    scene.expect(&[serving()]);
}

#[test]
fn a_balancer_that_dies_again_and_again_gives_the_address_away() {
    let mut scene = Scene::running(BOTH);
    for _ in 1..DEATHS_IN_A_ROW {
        scene.exits(Balancer, KILLED);
        scene.expect(&[Spawn(Balancer), GiveBalancer(1)]);
        scene.balancer_ready(1);
    }
    scene.exits(Balancer, KILLED);
    scene.expect(&[not_serving(
        "the balancer died 3 times in a row: was killed by SIGKILL",
    )]);
    scene.pass(BACK_OFF_FIRST);
    scene.expect(&[Spawn(Balancer), GiveBalancer(1)]);
}

#[test]
fn a_hung_worker_is_found_at_the_limit_and_the_address_leaves_before_the_process() {
    let mut scene = Scene::running(BOTH);
    scene.pass(ms(1_000));
    scene.lively.retain(|child| *child != (Balancer, 1));
    scene.pass(HANG_LIMIT - ms(1));
    scene.expect(&[]);
    scene.pass(ms(1));
    let reason = "the balancer (pid 100, worker 1) hangs (silent for 500 ms)";
    scene.expect(&[not_serving(reason), Kill(Balancer)]);
    scene.exits(Balancer, KILLED);
    scene.expect(&[Spawn(Balancer), GiveBalancer(1)]);
    scene.balancer_ready(1);
    scene.pass(STABLE_AFTER);
    scene.expect(&[serving()]);
}

#[test]
fn a_worker_that_never_spoke_counts_as_hung() {
    let mut scene = Scene::running(BALANCER);
    scene.lively.clear();
    scene.pass(HANG_LIMIT);
    scene.expect(&[Kill(Balancer)]);
}

#[test]
fn a_stopped_keeper_is_killed_and_its_testament_executed() {
    let mut scene = Scene::running(BOTH);
    scene.event(Event::Keeper(FromKeeper::Testament(testament())));
    scene.pass(ms(100));
    scene.lively.retain(|(role, _)| *role != Keeper);
    scene.finding.stopped = true;
    scene.pass(STOPPED_LIMIT - ms(1));
    scene.expect(&[]);
    scene.pass(ms(1));
    scene.expect(&[Kill(Keeper)]);
    scene.expect_logged("is stopped (silent for 250 ms)");
    scene.exits(Keeper, KILLED);
    scene.expect(&[Execute(testament()), Spawn(Keeper), serving()]);
}

#[test]
fn a_starved_child_is_given_time_but_not_for_ever() {
    let mut scene = Scene::running(BALANCER);
    scene.pass(ms(100));
    scene.lively.clear();
    let mut rounds = 0;
    while scene.take().is_empty() {
        scene.pass(ms(50));
        scene.finding.waited_for_cpu += ms(50);
        rounds += 1;
        assert!(rounds < 1_000, "it is never given up");
    }
    let periods = u64::from(STARVED_EXTENSIONS_MAX) + 1;
    let limit_ms = u64::try_from(HANG_LIMIT.as_millis()).unwrap() * periods;
    assert_eq!(rounds * 50, limit_ms);
    scene.expect_logged("for want of CPU time");
    scene.expect_logged("has had no CPU time (silent for 2000 ms)");
}

#[test]
fn the_supervisors_own_pause_is_not_held_against_its_children() {
    let mut scene = Scene::running(BOTH);
    scene.pass(ms(1_000));
    scene.now += ms(10_000);
    scene.event(Event::Woken);
    scene.expect(&[]);
    scene.expect_logged("the supervisor itself did not run for 10000 ms");
    scene.lively.clear();
    scene.pass(HANG_LIMIT - ms(1));
    scene.expect(&[]);
    scene.pass(ms(1));
    assert_eq!(
        scene.take().len(),
        3,
        "after a full fresh period they count"
    );
}

#[test]
fn a_killed_keeper_is_undone_first_and_succeeded_next() {
    let mut scene = Scene::running(KEEPER);
    scene.event(Event::Keeper(FromKeeper::Testament(testament())));
    scene.exits(Keeper, KILLED);
    scene.expect(&[Execute(testament()), Spawn(Keeper)]);
    scene.exits(Keeper, KILLED);
    scene.expect(&[Spawn(Keeper)]);
}

#[test]
fn a_keeper_that_left_by_itself_said_its_own_farewells() {
    let mut scene = Scene::running(KEEPER);
    scene.event(Event::Keeper(FromKeeper::Testament(testament())));
    scene.exits(Keeper, ExitStatus::Code(0));
    let removal = Testament {
        farewells: Vec::new(),
        ..testament()
    };
    scene.expect(&[Execute(removal), Spawn(Keeper)]);
}

#[test]
fn dont_respawn_ends_the_whole() {
    let mut scene = Scene::running(Plan {
        respawn: false,
        ..KEEPER
    });
    scene.event(Event::Keeper(FromKeeper::Testament(testament())));
    scene.exits(Keeper, KILLED);
    scene.expect(&[Execute(testament()), Exit(ExitStatus::Code(1))]);
}

#[test]
fn on_a_stop_the_address_leaves_before_the_balancer() {
    let mut scene = Scene::running(BOTH);
    scene.stop(Grace::Short);
    scene.expect(&[TellKeeper(KeeperWord::Stop)]);
    scene.pass(ms(5));
    scene.exits(Keeper, ExitStatus::Code(0));
    scene.pass(ADDRESS_SETTLES - ms(1));
    scene.expect(&[]);
    scene.pass(ms(1));
    scene.expect(&[CloseListeners, TellBalancer(ToBalancerWord::Drain)]);
    scene.say(FromBalancer::Drained);
    scene.exits(Balancer, ExitStatus::Code(0));
    scene.expect(&[Exit(ExitStatus::Code(0))]);
}

#[test]
fn every_step_of_a_stop_is_bounded() {
    let mut scene = Scene::running(BOTH);
    scene.event(Event::Keeper(FromKeeper::Testament(testament())));
    scene.stop(Grace::Short);
    scene.take();
    scene.pass(KEEPER_LEAVE_LIMIT);
    scene.expect(&[Kill(Keeper)]);
    scene.exits(Keeper, KILLED);
    scene.expect(&[Execute(testament())]);
    scene.pass(ADDRESS_SETTLES);
    scene.expect(&[CloseListeners, TellBalancer(ToBalancerWord::Drain)]);
    scene.pass(STOP_GRACE);
    scene.expect(&[TellBalancer(ToBalancerWord::Stop)]);
    scene.pass(BALANCER_STOP_LIMIT);
    scene.expect(&[Kill(Balancer)]);
    scene.exits(Balancer, KILLED);
    scene.expect(&[Exit(ExitStatus::Code(0))]);
}

#[test]
fn a_drain_waits_for_the_last_connection_until_told_otherwise() {
    let mut scene = Scene::running(BALANCER);
    scene.stop(Grace::Unlimited);
    scene.expect(&[CloseListeners, TellBalancer(ToBalancerWord::Drain)]);
    scene.pass(ms(60_000));
    scene.stop(Grace::Unlimited);
    scene.pass(ms(60_000));
    scene.expect(&[]);
    assert_eq!(scene.supervisor.report(scene.now).phase, "draining");
    scene.event(Event::Stop {
        grace: Grace::None,
        exit: ExitStatus::Signal(2),
    });
    scene.expect(&[TellBalancer(ToBalancerWord::Stop)]);
    scene.exits(Balancer, ExitStatus::Code(0));
    scene.expect(&[Exit(ExitStatus::Signal(2))]);
}

#[test]
fn a_second_word_to_stop_ends_the_grace() {
    let mut scene = Scene::running(BALANCER);
    scene.stop(Grace::Short);
    scene.expect(&[CloseListeners, TellBalancer(ToBalancerWord::Drain)]);
    scene.stop(Grace::Short);
    scene.expect(&[TellBalancer(ToBalancerWord::Stop)]);
}

#[test]
fn who_hangs_while_draining_is_still_ended() {
    let mut scene = Scene::running(BALANCER);
    scene.stop(Grace::Unlimited);
    scene.take();
    scene.lively.clear();
    scene.pass(HANG_LIMIT);
    scene.expect(&[Kill(Balancer)]);
    scene.exits(Balancer, KILLED);
    scene.expect(&[Exit(ExitStatus::Code(0))]);
}

#[test]
fn a_stop_while_the_successor_waits_for_its_time_ends_at_once() {
    let mut scene = Scene::running(BALANCER);
    for _ in 0..3 {
        scene.exits(Balancer, KILLED);
    }
    scene.take();
    scene.stop(Grace::Short);
    scene.expect(&[Exit(ExitStatus::Code(0))]);
    scene.pass(ms(10_000));
    scene.expect(&[]);
}

fn answer(outcome: Result<&str, &str>) -> Command {
    Command::Answer {
        ask: 7,
        outcome: outcome.map(str::to_owned).map_err(str::to_owned),
    }
}

fn reload(scene: &mut Scene, generation: Option<u64>) {
    scene.event(Event::Reload { ask: 7, generation });
}

#[test]
fn a_reload_goes_through_the_balancer_to_the_keeper() {
    let mut scene = Scene::running(BOTH);
    reload(&mut scene, Some(2));
    scene.expect(&[GiveBalancer(2)]);
    scene.say(FromBalancer::Ready { generation: 2 });
    scene.expect(&[Keep(2), TellKeeper(KeeperWord::Reload)]);
    scene.event(Event::Keeper(FromKeeper::Ready));
    scene.expect(&[answer(Ok("the new configuration is in force"))]);
    scene.exits(Balancer, KILLED);
    scene.expect(&[Spawn(Balancer), GiveBalancer(2)]);
}

#[test]
fn a_refused_reload_keeps_the_old_configuration() {
    let mut scene = Scene::running(BOTH);
    reload(&mut scene, Some(2));
    scene.take();
    scene.say(FromBalancer::Refused {
        generation: 2,
        reason: "no memory".to_owned(),
    });
    scene.expect(&[
        Discard(2),
        answer(Err(
            "the balancer refused the new configuration and keeps the old one: no memory",
        )),
    ]);
    scene.exits(Balancer, KILLED);
    scene.expect(&[Spawn(Balancer), GiveBalancer(1)]);
}

#[test]
fn a_balancer_that_dies_of_a_new_configuration_comes_back_with_the_old_one() {
    let mut scene = Scene::running(BALANCER);
    reload(&mut scene, Some(2));
    scene.take();
    scene.exits(Balancer, ExitStatus::Signal(11));
    scene.expect(&[
        Discard(2),
        answer(Err(
            "the balancer was killed by SIGSEGV on the new configuration; its successor gets the \
             old one",
        )),
        Spawn(Balancer),
        GiveBalancer(1),
    ]);
}

#[test]
fn a_balancer_that_does_not_answer_a_reload_is_replaced() {
    let mut scene = Scene::running(BALANCER);
    reload(&mut scene, Some(2));
    scene.take();
    scene.pass(RELOAD_LIMIT - ms(1));
    scene.expect(&[]);
    scene.pass(ms(1));
    let commands = scene.take();
    assert_eq!(commands.first(), Some(&Discard(2)));
    assert_eq!(commands.last(), Some(&Kill(Balancer)));
}

#[test]
fn a_reload_may_cure_a_balancer_that_keeps_dying() {
    let mut scene = Scene::running(BALANCER);
    for _ in 0..4 {
        scene.exits(Balancer, KILLED);
        scene.pass(ms(1));
    }
    scene.take();
    reload(&mut scene, Some(2));
    scene.expect(&[Spawn(Balancer), GiveBalancer(2)]);
    scene.balancer_ready(2);
    scene.expect(&[Keep(2), answer(Ok("the new configuration is in force"))]);
}

#[test]
fn one_reload_at_a_time_and_none_before_the_start() {
    let mut scene = Scene::new(BALANCER);
    scene.take();
    reload(&mut scene, Some(2));
    scene.expect(&[
        Discard(2),
        answer(Err("starting or ending: nothing can be reloaded now")),
    ]);
    let mut scene = Scene::running(BALANCER);
    reload(&mut scene, Some(2));
    scene.take();
    reload(&mut scene, Some(3));
    scene.expect(&[Discard(3), answer(Err("a reload is already under way"))]);
}

#[test]
fn a_keeper_reload_that_is_refused_says_so() {
    let mut scene = Scene::running(KEEPER);
    reload(&mut scene, None);
    scene.expect(&[TellKeeper(KeeperWord::Reload)]);
    scene.event(Event::Keeper(FromKeeper::Refused {
        reason: "line 7".to_owned(),
    }));
    scene.expect(&[answer(Err(
        "the address keeper refused the new configuration and keeps the old one: line 7",
    ))]);
    reload(&mut scene, None);
    scene.take();
    scene.exits(Keeper, KILLED);
    scene.expect(&[
        answer(Err(
            "the address keeper was killed by SIGKILL while it read its new configuration",
        )),
        Spawn(Keeper),
    ]);
}

#[test]
fn a_report_never_calls_dead_things_serving() {
    let mut scene = Scene::running(BOTH);
    scene.pass(ms(2_000));
    assert!(scene.supervisor.report(scene.now).is_well());
    scene.exits(Balancer, KILLED);
    let report = scene.supervisor.report(scene.now);
    assert!(!report.is_well());
    let balancer = report.balancer.unwrap();
    assert!(!balancer.serving);
    assert_eq!(balancer.child.deaths, 1);
    assert_eq!(
        balancer.child.last_end.as_deref(),
        Some("the balancer (pid 100) was killed by SIGKILL")
    );
    scene.exits(Keeper, KILLED);
    let keeper = scene.supervisor.report(scene.now).keeper.unwrap();
    assert_eq!(keeper.instances, []);
}
