//! Scripts of the OCF resource agent API, 1.0 and 1.1.

use std::ffi::OsString;

use crate::capture::EXIT_REASON_PREFIX;
use crate::executor::{Settings, not_installed, outcome_of};
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::process_group::run;

/// Where scripts look for commands.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a script may learn of our own environment: language and time zone.
const PASSED_ON: [&str; 3] = ["LANG", "LC_ALL", "TZ"];

/// Runs the script with the action as its argument.
pub(crate) async fn carry_out(settings: &Settings, operation: &Operation) -> Outcome {
    let Some(script) = settings.folders.script(&operation.agent) else {
        return not_installed("an OCF agent has a provider");
    };
    let environment = environment(settings, operation);
    let run = run(
        &script,
        &[&operation.action],
        &environment,
        operation.timeout,
    )
    .await;
    outcome_of(run, operation, OcfCode::from)
}

/// Everything that a script finds in its environment (OCF resource agent API 1.1, "Parameters";
/// Pacemaker Administration, "OCF Resource Agents").
fn environment(settings: &Settings, operation: &Operation) -> Vec<(String, OsString)> {
    let mut all = base_environment(settings);
    let mut set = |name: &str, value: &str| all.push((name.to_owned(), value.into()));
    set("OCF_ROOT", &settings.folders.ocf_root.to_string_lossy());
    set("OCF_RA_VERSION_MAJOR", "1");
    set("OCF_RA_VERSION_MINOR", "1");
    set("OCF_EXIT_REASON_PREFIX", EXIT_REASON_PREFIX);
    set("OCF_RESOURCE_INSTANCE", &operation.resource);
    set("OCF_RESOURCE_TYPE", operation.agent.agent());
    set(
        "OCF_RESOURCE_PROVIDER",
        operation.agent.provider().unwrap_or_default(),
    );
    set("OCF_CHECK_LEVEL", &operation.check_level.to_string());
    for (name, value) in &operation.parameters {
        set(&format!("OCF_RESKEY_{name}"), value);
    }
    for (name, value) in meta_attributes(operation) {
        set(&format!("OCF_RESKEY_CRM_meta_{name}"), &value);
    }
    for (name, value) in &settings.environment {
        set(name, value);
    }
    all
}

/// What scripts of any standard find: where commands are, and that their log goes to us
/// (ocf-shellfuncs writes to standard error where no log is named).
pub(crate) fn base_environment(settings: &Settings) -> Vec<(String, OsString)> {
    let mut all: Vec<(String, OsString)> = PASSED_ON
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?)))
        .collect();
    let mut path = OsString::new();
    if let Some(commands) = &settings.commands {
        path.push(commands);
        path.push(":");
        all.push(("HA_SBIN_DIR".to_owned(), commands.into()));
    }
    path.push(PATH);
    all.push(("PATH".to_owned(), path));
    for (name, value) in [
        ("HOME", "/"),
        ("HA_LOGD", "no"),
        ("HA_use_logd", "no"),
        ("HA_debug", "0"),
    ] {
        all.push((name.to_owned(), value.into()));
    }
    all
}

/// The meta attributes under the names that shells can read, with the operation's own.
fn meta_attributes(operation: &Operation) -> Vec<(String, String)> {
    let name = operation
        .meta
        .iter()
        .map(|(name, value)| (name.replace('-', "_"), value.clone()));
    let mut all: Vec<_> = [
        ("name", operation.action.clone()),
        ("interval", operation.interval.as_millis().to_string()),
        ("timeout", operation.timeout.as_millis().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    all.extend(name);
    all
}

#[cfg(test)]
mod tests;
