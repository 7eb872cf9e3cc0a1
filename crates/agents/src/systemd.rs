//! Units of systemd, over D-Bus (org.freedesktop.systemd1(5)).
//!
//! While the cluster runs a service, a drop-in in `/run` tells systemd not to restart it: who decides
//! about restarts is the cluster.

mod bus;
mod watch;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::executor::{Settings, not_installed};
use crate::folders::unit_name;
use crate::metadata::{MadeAction, metadata_xml};
use crate::operation::Operation;
use crate::outcome::{ExecutionStatus, OcfCode, Outcome};
use crate::watch::Watch;

use bus::{Problem, Systemd, Unit};
pub(crate) use watch::UnitEvents;
use watch::UnitWatch;

/// How often is looked whether a unit has come to rest.
const PACE: Duration = Duration::from_millis(20);

/// The name of the drop-in, in `/run/systemd/system/UNIT.d`.
const DROP_IN: &str = "50-keel.conf";

const DROP_IN_TEXT: &str = "# This service is run by a cluster, which restarts it where that is wanted.\n\
                            [Service]\nRestart=no\n";

/// What a unit can do for a cluster, and the times that Pacemaker suggests for it.
const ACTIONS: [MadeAction; 5] = [
    ("start", "100", None),
    ("stop", "100", None),
    ("status", "100", None),
    ("monitor", "100", Some("60")),
    ("meta-data", "5", None),
];

/// Carries one operation out within its time.
pub(crate) async fn carry_out(settings: &Settings, operation: &Operation) -> Outcome {
    if !settings.folders.systemd_runs() {
        return not_installed(&format!(
            "'{}' needs systemd, which does not run this machine",
            operation.agent
        ));
    }
    bounded(operation, dispatch(settings, operation)).await
}

/// Events in place of polls: systemd says that the unit's state has changed. `None` where systemd
/// does not run: a monitor says so.
pub(crate) fn watch(
    settings: &Settings,
    events: &Arc<UnitEvents>,
    operation: &Operation,
) -> Option<Watch> {
    let watch = || Watch::new(UnitWatch::new(Arc::clone(events), settings, operation));
    settings.folders.systemd_runs().then(watch)
}

/// What comes of `work`, which has the operation's time.
async fn bounded(
    operation: &Operation,
    work: impl Future<Output = Result<Outcome, Problem>>,
) -> Outcome {
    match timeout(operation.timeout, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(problem)) => {
            Outcome::immediate(problem.code(), problem.status(), problem.to_string())
        }
        Err(_elapsed) => Outcome::immediate(
            OcfCode::Error,
            ExecutionStatus::Timeout,
            format!(
                "{} did not complete within {:?}",
                operation.action, operation.timeout
            ),
        ),
    }
}

async fn dispatch(settings: &Settings, operation: &Operation) -> Result<Outcome, Problem> {
    let systemd = Systemd::connect(settings.system_bus.as_deref()).await?;
    let name = unit_name(operation.agent.agent());
    let unit = systemd.load(&name).await?;
    let drop_in = DropIn::of(settings, &name);
    match operation.action.as_str() {
        "start" => start(&systemd, &unit, &drop_in).await,
        "stop" => stop(&systemd, &unit, &drop_in).await,
        "monitor" | "status" => monitor(&systemd, &unit, operation).await,
        "reload" => {
            systemd.order("ReloadUnit", &unit).await?;
            monitor(&systemd, &unit, operation).await
        }
        "meta-data" => {
            let description = systemd.description(&unit).await?;
            let agent = operation.agent.agent();
            Ok(Outcome {
                output: metadata_xml(agent, &description, &description, &ACTIONS),
                ..Outcome::done(OcfCode::Ok, "")
            })
        }
        _ => Ok(Outcome::done(OcfCode::Unimplemented, "")),
    }
}

async fn start(systemd: &Systemd, unit: &Unit, drop_in: &DropIn) -> Result<Outcome, Problem> {
    if systemd.is_missing(unit).await? {
        return Ok(not_installed(&format!(
            "systemd knows no unit '{}'",
            unit.name
        )));
    }
    if drop_in.write()? {
        systemd.reread().await?;
    }
    systemd.order("StartUnit", unit).await?;
    let state = at_rest(systemd, unit).await?;
    Ok(if state == "active" {
        Outcome::done(OcfCode::Ok, "")
    } else {
        let reason = format!("the unit {} is {state} after its start", unit.name);
        Outcome::done(OcfCode::Error, reason)
    })
}

async fn stop(systemd: &Systemd, unit: &Unit, drop_in: &DropIn) -> Result<Outcome, Problem> {
    if !systemd.is_missing(unit).await? {
        systemd.order("StopUnit", unit).await?;
        let state = at_rest(systemd, unit).await?;
        if state == "active" {
            let reason = format!("the unit {} is {state} after its stop", unit.name);
            return Ok(Outcome::done(OcfCode::Error, reason));
        }
    }
    if drop_in.remove()? {
        systemd.reread().await?;
    }
    Ok(Outcome::done(OcfCode::Ok, ""))
}

async fn monitor(
    systemd: &Systemd,
    unit: &Unit,
    operation: &Operation,
) -> Result<Outcome, Problem> {
    let state = at_rest(systemd, unit).await?;
    Ok(if state == "active" {
        Outcome::done(OcfCode::Ok, "")
    } else if operation.is_probe() {
        Outcome::done(OcfCode::NotRunning, "")
    } else {
        let reason = format!("the unit {} is {state}", unit.name);
        Outcome::done(OcfCode::NotRunning, reason)
    })
}

/// Waits until the unit is neither starting nor stopping and no job for it waits; its state then. A
/// service that reads its configuration anew is active.
async fn at_rest(systemd: &Systemd, unit: &Unit) -> Result<String, Problem> {
    loop {
        let state = systemd.active_state(unit).await?;
        match state.as_str() {
            "activating" | "deactivating" => {}
            "reloading" | "refreshing" => return Ok("active".to_owned()),
            _ if systemd.has_job(unit).await? => {}
            _ => return Ok(state),
        }
        sleep(PACE).await;
    }
}

/// The file that keeps systemd from restarting a service.
struct DropIn {
    folder: PathBuf,
    is_service: bool,
}

impl DropIn {
    fn of(settings: &Settings, unit: &str) -> Self {
        Self {
            folder: settings.folders.systemd_running.join(format!("{unit}.d")),
            is_service: unit.ends_with(".service"),
        }
    }

    /// Writes it; whether it was not there before.
    fn write(&self) -> io::Result<bool> {
        let path = self.folder.join(DROP_IN);
        if !self.is_service || fs::read_to_string(&path).is_ok_and(|text| text == DROP_IN_TEXT) {
            return Ok(false);
        }
        fs::create_dir_all(&self.folder)?;
        fs::write(path, DROP_IN_TEXT)?;
        Ok(true)
    }

    /// Removes it, and its folder where nothing else is in it; whether it was there.
    fn remove(&self) -> io::Result<bool> {
        match fs::remove_file(self.folder.join(DROP_IN)) {
            Ok(()) => {
                // Others may have a drop-in there.
                let _ = fs::remove_dir(&self.folder);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
