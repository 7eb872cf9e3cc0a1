//! However a lab ends, nothing of it is left: no process, and with the last process no namespace.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PLAN: &str = r#"
address = "10.9.7.50"
switches = ["office"]
client = { interfaces = [{ name = "eth0", switch = "office", addresses = ["10.9.7.9/24"] }] }
engine.idle.commands = { sleep = "sleep 1000", nested = ["sh", "-c", "setsid sleep 1000 & wait"] }
probe = { udp = "10.9.7.50:7" }

[[node]]
name = "one"
interfaces = [{ name = "eth0", switch = "office", addresses = ["10.9.7.1/24"] }]

[[node]]
name = "two"
interfaces = [{ name = "eth0", switch = "office", addresses = ["10.9.7.2/24"] }]
"#;

/// A process that cannot be mistaken for a later one of the same number: its number and its start
/// (proc_pid_stat(5), field 22).
type Identity = (i32, String);

/// `keel lab up`, running.
struct Up {
    caller: Child,
    everything: BTreeSet<Identity>,
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.caller.kill();
        let _ = self.caller.wait();
    }
}

/// `None` (and a recorded skip) where this computer allows no lab.
fn up() -> Option<Up> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.toml");
    fs::write(&file, PLAN).unwrap();
    let mut caller = Command::new(env!("CARGO_BIN_EXE_keel"))
        .args(["lab", "up", "--engine", "idle"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(caller.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.starts_with("the machines run") {
            let everything = descendants(i32::try_from(caller.id()).unwrap());
            return Some(Up { caller, everything });
        }
        said.push(line);
    }
    caller.wait().unwrap();
    let reason = said
        .iter()
        .find_map(|line| line.split_once("no lab is possible here: "));
    let enable = said
        .iter()
        .find_map(|line| line.strip_prefix("to enable it: "));
    match (reason, enable) {
        (Some((_, reason)), Some(enable)) => {
            testing_support::skip(reason, enable);
            None
        }
        _ => panic!("the lab did not start:\n{}", said.join("\n")),
    }
}

fn descendants(pid: i32) -> BTreeSet<Identity> {
    let mut found = BTreeSet::new();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    for child in children.unwrap_or_default().split_whitespace() {
        let child = child.parse().unwrap();
        found.extend(identity(child));
        found.extend(descendants(child));
    }
    found
}

fn identity(pid: i32) -> Option<Identity> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    // The field after the name, the state, is the third.
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let start = fields.nth(22 - 4)?;
    (state != "Z").then(|| (pid, start.to_owned()))
}

fn left(of: &BTreeSet<Identity>) -> BTreeSet<Identity> {
    let lives = |(pid, start): &&Identity| identity(*pid).is_some_and(|(_, now)| now == *start);
    of.iter().filter(lives).cloned().collect()
}

/// Waits, because the kernel ends a killed lab in its own time.
fn assert_gone(everything: &BTreeSet<Identity>) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !left(everything).is_empty() {
        assert!(Instant::now() < deadline, "left: {:?}", left(everything));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn nothing_is_left_after_an_interruption() {
    let Some(mut up) = up() else { return };
    let processes = up.everything.len();
    // The room and its parent; three machines; three commands on two of them.
    assert!(processes >= 2 + 3 + 3 * 2, "{processes} processes");
    let caller = Pid::from_raw(i32::try_from(up.caller.id()).unwrap());
    kill(caller, Signal::SIGINT).unwrap();
    assert_eq!(up.caller.wait().unwrap().code(), Some(128 + 2));
    assert_eq!(left(&up.everything), BTreeSet::new(), "at once");
}

#[test]
fn nothing_is_left_after_the_caller_is_killed() {
    let Some(mut up) = up() else { return };
    up.caller.kill().unwrap();
    up.caller.wait().unwrap();
    assert_gone(&up.everything);
}

#[test]
fn nothing_is_left_after_the_lab_itself_crashes() {
    let Some(mut up) = up() else { return };
    let parent = descendants(i32::try_from(up.caller.id()).unwrap());
    let room = parent.iter().map(|(pid, _)| *pid).find(|pid| {
        let comm = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        comm.contains("room-init")
    });
    kill(Pid::from_raw(room.unwrap()), Signal::SIGKILL).unwrap();
    assert_gone(&up.everything);
    let end = up.caller.wait().unwrap();
    assert!(!end.success(), "the caller says that the lab is gone");
}
