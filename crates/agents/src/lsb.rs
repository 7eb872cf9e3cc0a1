//! Init scripts of the Linux Standard Base.

mod header;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::executor::{Settings, not_installed, outcome_of};
use crate::ocf::base_environment;
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::process_group::run;

pub use header::{MAX_HEADER_BYTES, init_script_metadata};

/// Runs the init script; a monitor is its `status`.
pub(crate) async fn carry_out(settings: &Settings, operation: &Operation) -> Outcome {
    let Some(script) = settings.folders.script(&operation.agent) else {
        return not_installed("no init script has that name");
    };
    if operation.action == "meta-data" {
        return describe(operation.agent.agent(), &script);
    }
    let is_monitor = operation.action == "monitor";
    let action = if is_monitor {
        "status"
    } else {
        operation.action.as_str()
    };
    let environment = base_environment(settings);
    let run = run(&script, &[action], &environment, operation.timeout).await;
    let is_status = action == "status";
    outcome_of(run, operation, move |code| {
        if is_status {
            status_meaning(code)
        } else {
            action_meaning(code)
        }
    })
}

/// The metadata of an init script, which has no such action itself.
fn describe(agent: &str, script: &Path) -> Outcome {
    let mut head = Vec::new();
    let read = File::open(script).and_then(|file| {
        let limit = u64::try_from(MAX_HEADER_BYTES).unwrap_or(u64::MAX);
        file.take(limit).read_to_end(&mut head)
    });
    match read {
        Ok(_bytes) => Outcome {
            output: init_script_metadata(agent, &String::from_utf8_lossy(&head)),
            ..Outcome::done(OcfCode::Ok, "")
        },
        Err(error) => not_installed(&format!("'lsb:{agent}' cannot be read: {error}")),
    }
}

/// What the exit code of `status` says (LSB, "Init Script Actions"): 1 and 2 are a dead process
/// that left a file, 3 is stopped, 4 unknown; 150 and 151 are Pacemaker's words for a script that
/// is missing or may not be run.
fn status_meaning(code: u8) -> OcfCode {
    match code {
        0 => OcfCode::Ok,
        1..=3 => OcfCode::NotRunning,
        150 => OcfCode::NotInstalled,
        151 => OcfCode::InsufficientPrivileges,
        _ => OcfCode::Error,
    }
}

/// What the exit code of any other action says: 1 to 7 are the same as in OCF, which took them over.
fn action_meaning(code: u8) -> OcfCode {
    match code {
        0..=7 => OcfCode::from(code),
        _ => OcfCode::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_read_as_the_standard_base_means_them() {
        for (code, status, action) in [
            (0, OcfCode::Ok, OcfCode::Ok),
            (1, OcfCode::NotRunning, OcfCode::Error),
            (2, OcfCode::NotRunning, OcfCode::InvalidParameter),
            (3, OcfCode::NotRunning, OcfCode::Unimplemented),
            (4, OcfCode::Error, OcfCode::InsufficientPrivileges),
            (5, OcfCode::Error, OcfCode::NotInstalled),
            (6, OcfCode::Error, OcfCode::NotConfigured),
            (7, OcfCode::Error, OcfCode::NotRunning),
            (8, OcfCode::Error, OcfCode::Error),
            (150, OcfCode::NotInstalled, OcfCode::Error),
            (151, OcfCode::InsufficientPrivileges, OcfCode::Error),
            (255, OcfCode::Error, OcfCode::Error),
        ] {
            assert_eq!(status_meaning(code), status, "status {code}");
            assert_eq!(action_meaning(code), action, "start {code}");
        }
    }
}
