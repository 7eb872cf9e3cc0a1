//! Requests from start to end: which calls are made, when and by whom, and what comes of them.

mod setting;

use std::time::Duration;

use fencing::{
    Action, Ask, Call, CallResult, Command, DEFAULT_TIMEOUT, Fencer, Goal, HUMAN, MAX_HISTORY,
    MAX_REQUESTS, Outcome, RESULT_GRACE, Request, Scene, Status,
};
use setting::{SECOND, request, scene};

fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(success) => {
            let by = success
                .by
                .iter()
                .map(|(device, node)| format!(" {device}@{node}"));
            let notes = success.notes.iter().map(|note| format!("; {note}"));
            format!("done:{}", by.chain(notes).collect::<String>())
        }
        Outcome::Confirmed => "confirmed".to_owned(),
        Outcome::Failed(reasons) => format!("failed: {}", reasons.join("; ")),
    }
}

/// Carries a request out. Each call takes a second and succeeds, or does what the next word of
/// `answers` for its device and action says: `ok`, `no`, `slow`, `lost`, or what it prints.
fn play(request: Request, scene: Scene, answers: &[(&str, &str)]) -> Vec<String> {
    let mut fencer = Fencer::default();
    let mut answers = answers.to_vec();
    let mut now = Duration::ZERO;
    let mut log = Vec::new();
    assert!(matches!(fencer.ask(request, scene, now), Ask::Running(_)));
    let mut commands = fencer.tick(now);
    for _ in 0..100 {
        let mut calls: Vec<Call> = Vec::new();
        for command in commands {
            match command {
                Command::Call(call) => {
                    let (device, action) = (&call.device, call.action.name());
                    let at = now.as_secs_f64();
                    log.push(format!("{at} {} {device} {action}", call.node));
                    calls.push(call);
                }
                Command::Finished { outcome, .. } => {
                    log.push(show(&outcome));
                    return log;
                }
                Command::Cancel { .. } => log.push("cancel".to_owned()),
                Command::CutOff { .. } => log.push("cut off".to_owned()),
            }
        }
        commands = match calls.pop() {
            Some(call) => {
                let key = format!("{} {}", call.device, call.action.name());
                let found = answers.iter().position(|(of, _)| *of == key);
                let word = found.map_or("ok", |index| answers.remove(index).1);
                now += if word == "slow" { call.timeout } else { SECOND };
                fencer.result(call.number, result(word), now)
            }
            None => {
                now = fencer.deadline().expect("it waits for something");
                fencer.tick(now)
            }
        };
    }
    panic!("it does not end: {log:#?}");
}

fn result(word: &str) -> CallResult {
    match word {
        "no" => CallResult::Failed {
            reason: "exit code 1".to_owned(),
        },
        "slow" => CallResult::TimedOut,
        "lost" => CallResult::Lost,
        printed => CallResult::Success {
            output: printed.to_owned(),
        },
    }
}

#[test]
fn a_reboot_that_is_off_and_on_is_told_of_when_the_target_is_off() {
    let check = |device: &str, expected: &[&str]| {
        let log = play(
            request("n1", Goal::Reboot),
            scene(&[device], &[], Goal::Reboot),
            &[],
        );
        assert_eq!(log, expected, "{device}");
    };
    let in_two = ["0 n2 a off", "cut off", "1 n2 a on", "done: a@n2 a@n2"];
    let in_one = ["0 n2 a reboot", "done: a@n2"];
    check("a:switch", &in_two);
    check("a:switch:method=onoff", &in_two);
    check("a:switch:method=cycle", &in_one);
    check("a:switch:pcmk_reboot_timeout=9", &in_one);
    check("a:full", &in_one);
}

#[test]
fn devices_are_tried_one_after_the_other() {
    let check = |devices: &[&str], answers: &[(&str, &str)], expected: &[&str]| {
        let log = play(
            request("n1", Goal::Reboot),
            scene(devices, &[], Goal::Reboot),
            answers,
        );
        assert_eq!(log, expected, "{devices:?} {answers:?}");
    };
    check(&[], &[], &["failed: no device can fence n1"]);
    check(&["a:full"], &[], &["0 n2 a reboot", "done: a@n2"]);
    check(&["a:plain"], &[], &["0 n2 a off", "done: a@n2"]);
    check(
        &["a:full"],
        &[("a reboot", "no")],
        &[
            "0 n2 a reboot",
            "1 n2 a reboot",
            "done: a@n2; a on n2, reboot: exit code 1",
        ],
    );
    check(
        &["a:full:pcmk_reboot_retries=1", "b:full"],
        &[("a reboot", "no")],
        &[
            "0 n2 a reboot",
            "1 n2 b reboot",
            "done: b@n2; a on n2, reboot: exit code 1",
        ],
    );
    // Its time is over: it is not tried again.
    check(
        &["a:full:pcmk_reboot_timeout=9"],
        &[("a reboot", "slow")],
        &["0 n2 a reboot", "failed: a on n2, reboot: timed out"],
    );
    // All tries together have one time.
    check(
        &["a:full:pcmk_reboot_timeout=2&pcmk_reboot_retries=9"],
        &[("a reboot", "no"), ("a reboot", "no"), ("a reboot", "no")],
        &[
            "0 n2 a reboot",
            "1 n2 a reboot",
            "failed: a on n2, reboot: exit code 1; a on n2, reboot: exit code 1",
        ],
    );
    // Another node uses the device when the first one is gone.
    let gone = |node: &str| format!("{node} is gone, which was to use a");
    check(
        &["a:full"],
        &[("a reboot", "lost")],
        &[
            "0 n2 a reboot",
            "1 n3 a reboot",
            &format!("done: a@n3; {}", gone("n2")),
        ],
    );
    check(
        &["a:full"],
        &[("a reboot", "lost"), ("a reboot", "lost")],
        &[
            "0 n2 a reboot",
            "1 n3 a reboot",
            &format!("failed: {}; {}; no node can use a", gone("n2"), gone("n3")),
        ],
    );
}

#[test]
fn a_device_is_asked_whether_it_has_the_target() {
    let check = |device: &str, answers: &[(&str, &str)], expected: &[&str]| {
        let log = play(
            request("n1", Goal::Off),
            scene(&[device], &[], Goal::Off),
            answers,
        );
        assert_eq!(log, expected, "{device} {answers:?}");
    };
    let (list, status) = ("0 n2 a list", "0 n2 a status");
    check(
        "a:list",
        &[("a list", "n1,\n")],
        &[list, "1 n2 a off", "done: a@n2"],
    );
    check(
        "a:list",
        &[("a list", "n7,\n")],
        &[list, "failed: a does not have n1"],
    );
    // A list that cannot be had by an agent that can tell a status.
    check(
        "a:list",
        &[("a list", "no")],
        &[list, "1 n2 a status", "2 n2 a off", "done: a@n2"],
    );
    let asked = "a:list:pcmk_host_check=dynamic-list";
    check(
        asked,
        &[("a list", "no")],
        &[list, "failed: a on n2, list: exit code 1"],
    );
    let asked = "a:list:pcmk_host_check=status";
    check(asked, &[], &[status, "1 n2 a off", "done: a@n2"]);
    check(
        asked,
        &[("a status", "no")],
        &[status, "failed: a on n2, status: exit code 1"],
    );
    check(
        "a:list:pcmk_host_check=none",
        &[],
        &["0 n2 a off", "done: a@n2"],
    );
}

#[test]
fn all_devices_of_a_level_must_succeed_or_the_next_one_is_tried() {
    let devices = ["a:full", "b:full", "c:full", "f:fabric"];
    let check = |goal, levels: &[&str], answers: &[(&str, &str)], expected: &[&str]| {
        let log = play(request("n1", goal), scene(&devices, levels, goal), answers);
        assert_eq!(log, expected, "{levels:?} {answers:?}");
    };
    let slow = [("a off", "slow"), ("b off", "slow"), ("a on", "slow")];
    check(
        Goal::Off,
        &["a,b"],
        &[],
        &["0 n2 a off", "1 n2 b off", "done: a@n2 b@n2"],
    );
    check(
        Goal::Off,
        &["a,b", "c"],
        &slow[1..2],
        &[
            "0 n2 a off",
            "1 n2 b off",
            "61 n2 c off",
            "done: c@n2; b on n2, off: timed out",
        ],
    );
    check(
        Goal::Off,
        &["a"],
        &slow[..1],
        &["0 n2 a off", "failed: a on n2, off: timed out"],
    );
    check(
        Goal::Off,
        &["gone", "c"],
        &[],
        &[
            "0 n2 c off",
            "done: c@n2; there is no device gone, or it is disabled",
        ],
    );
    check(
        Goal::Off,
        &[","],
        &[],
        &["failed: a fencing level names no device"],
    );
    // A reboot by several devices: all off before the first one is on again.
    check(
        Goal::Reboot,
        &["a,b"],
        &[],
        &[
            "0 n2 a off",
            "1 n2 b off",
            "cut off",
            "2 n2 a on",
            "3 n2 b on",
            "done: a@n2 b@n2 a@n2 b@n2",
        ],
    );
    // What is off is fenced, whatever becomes of the rest.
    check(
        Goal::Reboot,
        &["a,b"],
        &slow[2..],
        &[
            "0 n2 a off",
            "1 n2 b off",
            "cut off",
            "2 n2 a on",
            "62 n2 b on",
            "done: a@n2 b@n2 b@n2; a on n2, on: timed out",
        ],
    );
    // A node that was cut off from something is let in again when it joins, not before.
    check(
        Goal::Reboot,
        &["f,a"],
        &[],
        &[
            "0 n2 f off",
            "1 n2 a off",
            "cut off",
            "2 n2 a on",
            "done: f@n2 a@n2 a@n2",
        ],
    );
}

#[test]
fn delays_come_before_what_cuts_off_and_that_of_the_request_once() {
    let check = |goal, delay: Option<u64>, dice, levels: &[&str], expected: &[&str]| {
        let devices = [
            "a:full:pcmk_delay_base=n1:5;n2:9",
            "b:full:pcmk_delay_base=2",
            "r:full:pcmk_delay_max=10",
        ];
        let request = Request {
            delay: delay.map(Duration::from_secs),
            dice,
            ..request("n1", goal)
        };
        let log = play(request, scene(&devices, levels, goal), &[]);
        assert_eq!(
            log[..expected.len()],
            *expected,
            "{goal:?} {delay:?} {levels:?}"
        );
    };
    check(Goal::Off, Some(0), 0, &["a"], &["5 n2 a off"]);
    check(
        Goal::Off,
        Some(10),
        0,
        &["a,b"],
        &["15 n2 a off", "18 n2 b off"],
    );
    check(Goal::Off, None, 0, &["a,b"], &["0 n2 a off", "1 n2 b off"]);
    check(Goal::On, Some(10), 0, &["a"], &["0 n2 a on"]);
    check(Goal::Off, Some(0), 23_250, &["r"], &["3.25 n2 r off"]);
    let expected = ["7 n2 a off", "10 n2 b off", "cut off", "11 n2 a on"];
    check(Goal::Reboot, Some(2), 0, &["a,b"], &expected);
}

#[test]
fn how_long_a_request_can_take() {
    let check = |devices: &[&str], levels: &[&str], expected: u64| {
        let mut fencer = Fencer::default();
        let scene = scene(devices, levels, Goal::Reboot);
        let ask = fencer.ask(request("n1", Goal::Reboot), scene, Duration::ZERO);
        let Ask::Running(number) = ask else {
            panic!("{ask:?}");
        };
        assert_eq!(fencer.longest(number), Some(Duration::from_secs(expected)));
    };
    check(&[], &[], 0);
    check(&["a:full"], &[], 72);
    check(&["a:full:pcmk_delay_max=40"], &[], 120);
    check(&["a:full:pcmk_reboot_timeout=90", "b:full"], &[], 180);
    check(&["a:full", "b:full:pcmk_off_timeout=20"], &["a,b"], 240);
}

fn calls(commands: &[Command]) -> Vec<u64> {
    let numbers = commands.iter().filter_map(|command| match command {
        Command::Call(call) => Some(call.number),
        _ => None,
    });
    numbers.collect()
}

#[test]
fn calls_take_turns_at_a_device() {
    for (limit, at_once) in [("1", 1), ("2", 2), ("-1", 3)] {
        let mut fencer = Fencer::default();
        let device = format!("a:full:pcmk_action_limit={limit}");
        for target in ["n1", "n4", "n5"] {
            let request = request(target, Goal::Off);
            let ask = fencer.ask(request, scene(&[&device], &[], Goal::Off), Duration::ZERO);
            assert!(matches!(ask, Ask::Running(_)));
        }
        let first = calls(&fencer.tick(Duration::ZERO));
        assert_eq!(first.len(), at_once, "limit {limit}");
        // The time of those that wait has not begun.
        let later = DEFAULT_TIMEOUT;
        let mut seen = first.clone();
        for number in first {
            let commands = fencer.result(number, result("ok"), later);
            seen.extend(calls(&commands));
        }
        assert_eq!(seen.len(), 3.min(2 * at_once), "limit {limit}");
    }
}

#[test]
fn a_call_without_a_result_is_lost() {
    let mut fencer = Fencer::default();
    let scene = scene(&["a:full"], &[], Goal::Off);
    fencer.ask(request("n1", Goal::Off), scene, Duration::ZERO);
    let first = calls(&fencer.tick(Duration::ZERO))[0];
    let end = DEFAULT_TIMEOUT + RESULT_GRACE;
    assert_eq!(fencer.deadline(), Some(end));
    assert_eq!(fencer.tick(end - Duration::from_nanos(1)), []);
    let commands = fencer.tick(end);
    assert_eq!(commands[0], Command::Cancel { number: first });
    let second = calls(&commands)[0];
    // The late result of the first call does not count.
    assert_eq!(fencer.result(first, result("ok"), end), []);
    // That node is known to be gone at once.
    let commands = fencer.node_lost("n3", end);
    assert!(
        matches!(
            &commands[..],
            [Command::Finished {
                outcome: Outcome::Failed(_),
                ..
            }]
        ),
        "{commands:?}"
    );
    assert_eq!(fencer.result(second, result("ok"), end), []);
}

#[test]
fn requests_are_joined_tolerated_confirmed_and_limited() {
    let mut fencer = Fencer::default();
    let nothing = Duration::ZERO;
    let off = |target: &str| request(target, Goal::Off);
    let at = || scene(&["a:full"], &[], Goal::Off);
    assert_eq!(fencer.ask(off("n1"), at(), nothing), Ask::Running(1));
    assert_eq!(fencer.ask(off("N1"), at(), nothing), Ask::Joined(1));
    assert_eq!(
        fencer.ask(request("n1", Goal::On), at(), nothing),
        Ask::Running(2)
    );
    let call = calls(&fencer.tick(nothing))[0];
    // An operator has pulled the plug.
    let commands = fencer.confirm("n1", "n2", SECOND);
    assert_eq!(commands[0], Command::Cancel { number: call });
    let confirmed = Command::Finished {
        number: 1,
        outcome: Outcome::Confirmed,
    };
    assert_eq!(commands[1], confirmed);
    let entry = fencer.history().last_success("n1").expect("it is fenced");
    assert_eq!(
        (entry.delegate.as_deref(), entry.completed),
        (Some(HUMAN), Some(SECOND))
    );
    let tolerant = Request {
        tolerance: SECOND,
        ..off("n1")
    };
    let almost = 2 * SECOND - Duration::from_nanos(1);
    assert_eq!(fencer.ask(tolerant.clone(), at(), almost), Ask::Tolerated);
    assert_eq!(fencer.ask(tolerant, at(), 2 * SECOND), Ask::Running(3));
    // Nobody asked, and he says it nevertheless.
    fencer.confirm("n9", "n2", SECOND);
    assert!(fencer.history().last_success("n9").is_some());
    for index in 2..MAX_REQUESTS {
        let ask = fencer.ask(off(&format!("m{index}")), at(), nothing);
        assert!(matches!(ask, Ask::Running(_)), "{index}: {ask:?}");
    }
    assert_eq!(fencer.ask(off("one more"), at(), nothing), Ask::Refused);
}

#[test]
fn the_history_keeps_what_is_pending_and_forgets_the_oldest() {
    let mut fencer = Fencer::default();
    let pending = scene(&["a:full"], &[], Goal::Off);
    fencer.ask(request("n1", Goal::Off), pending, Duration::ZERO);
    for index in 0..MAX_HISTORY {
        let none = Scene::default();
        fencer.ask(request(&format!("m{index}"), Goal::Off), none, SECOND);
        fencer.tick(SECOND);
    }
    let entries: Vec<_> = fencer.history().iter().collect();
    assert_eq!(entries.len(), MAX_HISTORY);
    assert_eq!(
        (entries[0].target.as_str(), &entries[0].status),
        ("n1", &Status::Pending)
    );
    assert_eq!(entries[1].target, "m1", "m0 was the oldest that is over");
    let failed = Status::Failed("no device can fence m1".to_owned());
    assert_eq!(entries[1].status, failed);
    fencer.clean_up(Some("m1"));
    assert_eq!(fencer.history().iter().count(), MAX_HISTORY - 1);
    fencer.clean_up(None);
    assert_eq!(fencer.history().iter().count(), 1);
}

#[test]
fn goals_have_names() {
    for (text, expected) in [
        ("reboot", Some(Goal::Reboot)),
        ("off", Some(Goal::Off)),
        ("poweroff", Some(Goal::Off)),
        ("on", Some(Goal::On)),
        ("status", None),
    ] {
        assert_eq!(Goal::parse(text), expected, "{text}");
    }
    assert_eq!(Goal::Reboot.name(), Action::Reboot.name());
}
