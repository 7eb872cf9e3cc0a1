//! `ocf:heartbeat:Dummy` and `ocf:pacemaker:Dummy`: a file that is there while the resource runs.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::sleep;

use crate::events::Events;
use crate::executor::Settings;
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::watch::Watch;

use super::file_watch::FileWatch;

/// Where Debian's and Red Hat's resource-agents keep such files (`HA_RSCTMP`).
const STATE_FOLDER: &str = "/run/resource-agents";

/// How long a monitor of level 10 takes.
const SLOW_MONITOR: Duration = Duration::from_secs(30);

/// `ocf:heartbeat:Dummy`.
pub(super) fn heartbeat(settings: &Settings, operation: &Operation) -> Outcome {
    let state = heartbeat_state(settings, operation);
    match operation.action.as_str() {
        "start" | "migrate_from" => touch(&state),
        "stop" | "migrate_to" => remove(&state),
        "monitor" if state.is_file() => ok(),
        "monitor" if operation.is_probe() => Outcome::done(OcfCode::NotRunning, ""),
        "monitor" => Outcome::done(
            OcfCode::NotRunning,
            format!("the state file {} is gone", state.display()),
        ),
        "reload" => ok(),
        "validate-all" => validate_folder(&state),
        _ => Outcome::done(OcfCode::Unimplemented, ""),
    }
}

fn heartbeat_state(settings: &Settings, operation: &Operation) -> PathBuf {
    let folder = settings.environment.get("HA_RSCTMP");
    let folder = folder.map_or(STATE_FOLDER, String::as_str);
    state_file(operation, folder, &operation.resource)
}

/// Events in place of polls: the state file of an `ocf:heartbeat:Dummy` is gone.
pub(super) fn watch_heartbeat(
    settings: &Settings,
    events: &Events,
    operation: &Operation,
) -> Option<Watch> {
    FileWatch::open(events, heartbeat_state(settings, operation), |state| {
        format!("the state file {} is gone", state.display())
    })
    .map(Watch::new)
}

/// The same of an `ocf:pacemaker:Dummy`. One whose monitors fail by themselves has to be polled.
pub(super) fn watch_pacemaker(events: &Events, operation: &Operation) -> Option<Watch> {
    if operation.check_level > 0 {
        return None;
    }
    FileWatch::open(events, pacemaker_state(operation), |_| String::new()).map(Watch::new)
}

/// What only the script of `ocf:pacemaker:Dummy` does: it writes its environment to a file.
pub(super) fn beyond(operation: &Operation) -> Option<String> {
    operation.given("envfile").map(|_| "envfile".to_owned())
}

/// `ocf:pacemaker:Dummy`, whose operations can be made slow or failing.
pub(super) async fn pacemaker(operation: &Operation) -> Outcome {
    let state = pacemaker_state(operation);
    match operation.action.as_str() {
        "start" | "migrate_from" | "reload-agent" => {
            pause(operation).await;
            let started = touch(&state);
            match operation.given("fail_start_on") {
                Some(host) if host == host_name() => Outcome::done(
                    OcfCode::Error,
                    "started, but reported as failed: fail_start_on names this node",
                ),
                _ => started,
            }
        }
        "stop" | "migrate_to" => {
            pause(operation).await;
            remove(&state)
        }
        "monitor" => {
            pause(operation).await;
            monitor(operation, &state).await
        }
        "reload" => ok(),
        "validate-all" => validate(operation, &state),
        _ => Outcome::done(OcfCode::Unimplemented, ""),
    }
}

fn pacemaker_state(operation: &Operation) -> PathBuf {
    let unique = operation.meta.get("globally-unique");
    let instance = if unique.is_some_and(|unique| unique == "false") {
        without_instance_number(&operation.resource)
    } else {
        &operation.resource
    };
    state_file(operation, "/run", instance)
}

/// A monitor of level 10 is slow, 20 fails one time in five, 30 always, and 40 ends with the code
/// that the state file holds.
async fn monitor(operation: &Operation, state: &Path) -> Outcome {
    if !state.is_file() {
        return Outcome::done(OcfCode::NotRunning, "");
    }
    match operation.check_level {
        10 => sleep(SLOW_MONITOR).await,
        20 if one_in_five() => {
            return Outcome::done(OcfCode::Error, "check level 20 fails one time in five");
        }
        30 => return Outcome::done(OcfCode::Error, "check level 30 always fails"),
        40 => {
            let written = fs::read_to_string(state).unwrap_or_default();
            if let Ok(code) = written.trim().parse::<u8>() {
                let reason = format!("check level 40: the state file says {code}");
                return Outcome::done(OcfCode::from(code), reason);
            }
        }
        _ => {}
    }
    ok()
}

fn validate(operation: &Operation, state: &Path) -> Outcome {
    let seconds = operation.given("op_sleep").unwrap_or("0");
    if seconds.parse::<u32>().is_err() {
        let reason = format!("op_sleep is a number of seconds, not '{seconds}'");
        return Outcome::done(OcfCode::NotConfigured, reason);
    }
    if operation.check_level == 10 {
        return validate_folder(state);
    }
    ok()
}

async fn pause(operation: &Operation) {
    let seconds = operation.given("op_sleep").unwrap_or("0");
    sleep(Duration::from_secs(
        seconds.parse::<u32>().unwrap_or(0).into(),
    ))
    .await;
}

fn state_file(operation: &Operation, folder: &str, instance: &str) -> PathBuf {
    match operation.given("state") {
        Some(state) => state.into(),
        None => Path::new(folder).join(format!("Dummy-{}.state", instance.replace('/', "_"))),
    }
}

/// `name:3` is `name`.
fn without_instance_number(resource: &str) -> &str {
    match resource.rsplit_once(':') {
        Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => resource,
    }
}

fn ok() -> Outcome {
    Outcome::done(OcfCode::Ok, "")
}

fn touch(state: &Path) -> Outcome {
    if let Some(folder) = state
        .parent()
        .filter(|folder| *folder == Path::new(STATE_FOLDER))
    {
        // It is missing where only this program is installed; what is wrong shows below.
        let _ = fs::create_dir(folder);
    }
    let opened = OpenOptions::new().create(true).append(true).open(state);
    answer(opened.map(drop), state)
}

fn remove(state: &Path) -> Outcome {
    match fs::remove_file(state) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => ok(),
        removed => answer(removed, state),
    }
}

fn validate_folder(state: &Path) -> Outcome {
    let folder = state.parent().unwrap_or(Path::new("/"));
    let writable = folder
        .metadata()
        .is_ok_and(|found| found.is_dir() && !found.permissions().readonly());
    if writable {
        return ok();
    }
    let reason = format!("the state file {} cannot be written", state.display());
    Outcome::done(OcfCode::InvalidParameter, reason)
}

fn answer(done: io::Result<()>, state: &Path) -> Outcome {
    match done {
        Ok(()) => ok(),
        Err(error) => Outcome::done(OcfCode::Error, format!("{}: {error}", state.display())),
    }
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// By the clock: nothing here needs to be unpredictable.
fn one_in_five() -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    (now.subsec_micros() / 7).is_multiple_of(5)
}
