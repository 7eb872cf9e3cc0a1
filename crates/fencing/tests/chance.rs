//! Requests among devices that fail, hang and get lost at random: a node never counts as fenced
//! before every device of a level has cut it off, and every request ends.

mod setting;

use std::collections::BTreeSet;
use std::time::Duration;

use dice::Dice;
use fencing::{
    Action, Call, CallResult, Command, Fencer, Goal, Outcome, RESULT_GRACE, Request, Scene,
};
use setting::{SECOND, request, scene};

const SEEDS: u64 = 3000;

/// A fence device does what it was asked, or not, and says so, or nothing.
fn chance(dice: &mut Dice, call: &Call) -> (Option<CallResult>, Duration) {
    let success = CallResult::Success {
        output: dice.pick(&["n1,\n", "n7,\n", ""]).to_string(),
    };
    let failed = CallResult::Failed {
        reason: "exit code 1".to_owned(),
    };
    match dice.within(0..10) {
        0..=4 => (Some(success), SECOND),
        5 | 6 => (Some(failed), SECOND),
        7 => (Some(CallResult::TimedOut), call.timeout),
        8 => (Some(CallResult::Lost), SECOND),
        _ => (None, call.timeout + RESULT_GRACE),
    }
}

fn random_scene(dice: &mut Dice, goal: Goal) -> (Scene, Vec<&'static str>) {
    let agents = ["full", "list", "plain", "fabric"];
    let attributes = [
        "",
        "pcmk_host_list=n1",
        "pcmk_host_list=n7",
        "pcmk_delay_max=3",
    ];
    let devices = ["a", "b", "c"].map(|id| {
        let (agent, attribute) = (dice.pick(&agents), dice.pick(&attributes));
        format!("{id}:{agent}:{attribute}")
    });
    let levels: Vec<&str> = (0..dice.within(0..3))
        .map(|_| *dice.pick(&["a", "a,b", "b,c", "a,b,c", "gone", "c,gone"]))
        .collect();
    let devices = devices.each_ref().map(String::as_str);
    (scene(&devices, &levels, goal), levels)
}

/// Plays one request to its end.
fn play(seed: u64) {
    let mut dice = Dice::new(seed);
    let goal = *dice.pick(&[Goal::Reboot, Goal::Off]);
    let (scene, levels) = random_scene(&mut dice, goal);
    let mut fencer = Fencer::default();
    let mut now = Duration::ZERO;
    let request = Request {
        dice: dice.throw(),
        ..request("n1", goal)
    };
    fencer.ask(request, scene, now);
    let mut commands = fencer.tick(now);
    // The devices by which the node is off, as the agents said.
    let mut off: BTreeSet<String> = BTreeSet::new();
    let context = |off: &BTreeSet<String>| format!("seed {seed}, {levels:?}, off by {off:?}");
    for _ in 0..200 {
        let mut running = None;
        for command in commands {
            match command {
                Command::Call(call) => {
                    let all_off = levels.iter().any(|level| is_off(level, &off));
                    assert!(call.action != Action::On || all_off, "{}", context(&off));
                    running = Some(call);
                }
                Command::Cancel { .. } => {}
                Command::CutOff { .. } => {
                    let is_off = levels.iter().any(|level| is_off(level, &off));
                    assert!(is_off, "{}", context(&off));
                }
                Command::Finished { outcome, .. } => {
                    let safe = match levels.is_empty() {
                        true => !off.is_empty(),
                        false => levels.iter().any(|level| is_off(level, &off)),
                    };
                    let done = matches!(outcome, Outcome::Done(_));
                    assert!(!done || safe, "{}", context(&off));
                    assert_eq!(fencer.deadline(), None, "{}", context(&off));
                    return;
                }
            }
        }
        let Some(call) = running else {
            now = fencer.deadline().expect("it waits for something").max(now);
            commands = fencer.tick(now);
            continue;
        };
        let (result, took) = chance(&mut dice, &call);
        now += took;
        if matches!(result, Some(CallResult::Success { .. })) && call.action.cuts_off() {
            off.insert(call.device.clone());
        }
        commands = match result {
            Some(result) => fencer.result(call.number, result, now),
            None => fencer.tick(now),
        };
    }
    panic!("it does not end: {}", context(&off));
}

fn is_off(level: &str, off: &BTreeSet<String>) -> bool {
    level.split(',').all(|device| off.contains(device))
}

#[test]
fn a_node_counts_as_fenced_only_when_it_is_off() {
    (0..SEEDS).for_each(play);
}
