//! `ocf:heartbeat:Filesystem`: something mounted on a folder.
//!
//! ```text
//! parameters ──► Wanted ──► mount(8) ──► the kernel's list of mounts ──► monitor, watch
//!                             stop: umount(8), the mount's users signalled, again
//! ```
//!
//! A server or device that is dead holds those up who touch a mount. So this program looks at the
//! kernel's list alone, and leaves what may hang to other programs, which can be given up.

mod start;
mod stop;
mod users;
mod wanted;
mod watch;

use std::path::{Path, PathBuf};

use system::mounts::{Mount, mounts};
use tokio::task::spawn_blocking;

use crate::events::Events;
use crate::executor::Settings;
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::watch::Watch;

use super::programs::run_program;
use wanted::Wanted;
use watch::MountWatch;

/// What is read and written by the thorough monitors, in the words of dd(1).
const BLOCK_SIZE: &str = "bs=4k";

/// Carries one operation out.
pub(super) async fn carry_out(settings: &Settings, operation: &Operation) -> Outcome {
    let wanted = match Wanted::read(operation) {
        Ok(wanted) => wanted,
        Err(reason) => return Outcome::done(OcfCode::NotConfigured, reason),
    };
    let done = match operation.action.as_str() {
        "start" => start::start(settings, operation, &wanted).await,
        "stop" => stop::stop(settings, operation, &wanted).await,
        "monitor" => monitor(settings, operation, &wanted).await,
        "status" => is_mounted(operation, &wanted).await,
        "validate-all" => Ok(ok()),
        _ => Ok(Outcome::done(OcfCode::Unimplemented, "")),
    };
    done.unwrap_or_else(|failed| *failed)
}

/// Events in place of polls: nothing is mounted there any more. A monitor that reads or writes has to
/// be polled.
pub(super) fn watch(events: &Events, operation: &Operation) -> Option<Watch> {
    let wanted = Wanted::read(operation).ok()?;
    if operation.check_level > 0 {
        return None;
    }
    MountWatch::open(events, operation, wanted).map(Watch::new)
}

fn ok() -> Outcome {
    Outcome::done(OcfCode::Ok, "")
}

fn failed(reason: impl Into<String>) -> Outcome {
    Outcome::done(OcfCode::Error, reason)
}

/// All mounts of this machine, in the kernel's order.
fn all_mounts() -> Result<Vec<Mount>, Box<Outcome>> {
    mounts().map_err(|error| failed(format!("the list of mounts: {error}")).into())
}

/// The folder as the kernel lists it, without symbolic links. A folder that something is mounted on
/// under the given name is not touched: that could hang.
async fn listed_folder(folder: &Path, mounts: &[Mount]) -> PathBuf {
    if mounts.iter().any(|mount| mount.point == folder) {
        return folder.to_owned();
    }
    let given = folder.to_owned();
    let real = spawn_blocking(move || given.canonicalize()).await;
    match real {
        Ok(Ok(real)) => real,
        _absent_or_cut => folder.to_owned(),
    }
}

async fn monitor(
    settings: &Settings,
    operation: &Operation,
    wanted: &Wanted,
) -> Result<Outcome, Box<Outcome>> {
    let mounted = is_mounted(operation, wanted).await?;
    if mounted.code != OcfCode::Ok {
        return Ok(mounted);
    }
    match operation.check_level {
        0 => Ok(mounted),
        10 => read_device(settings, operation, wanted).await,
        20 => write_status_file(settings, operation, wanted).await,
        level => {
            let reason = format!("a monitor has level 0, 10 or 20, not {level}");
            Ok(Outcome::done(OcfCode::NotConfigured, reason))
        }
    }
}

async fn is_mounted(operation: &Operation, wanted: &Wanted) -> Result<Outcome, Box<Outcome>> {
    let Some(folder) = &wanted.folder else {
        return Ok(Outcome::done(OcfCode::NotRunning, ""));
    };
    let mounts = all_mounts()?;
    let listed = listed_folder(folder, &mounts).await;
    Ok(judge(operation, &listed, &mounts))
}

/// What a monitor says of that list.
fn judge(operation: &Operation, listed: &Path, mounts: &[Mount]) -> Outcome {
    if mounts.iter().any(|mount| mount.point == listed) {
        ok()
    } else if operation.is_probe() {
        Outcome::done(OcfCode::NotRunning, "")
    } else {
        let reason = format!("nothing is mounted on {}", listed.display());
        Outcome::done(OcfCode::NotRunning, reason)
    }
}

/// Level 10: the beginning of the device can be read, past all caches.
async fn read_device(
    settings: &Settings,
    operation: &Operation,
    wanted: &Wanted,
) -> Result<Outcome, Box<Outcome>> {
    if !wanted.is_block_device {
        return Ok(ok());
    }
    let input = format!("if={}", wanted.device.name);
    let arguments = [
        &input,
        "of=/dev/null",
        "iflag=direct",
        BLOCK_SIZE,
        "count=1",
    ];
    let read = run_program(settings, "dd", &arguments, operation.timeout).await?;
    Ok(if read.succeeded() {
        ok()
    } else {
        failed(format!(
            "{} cannot be read: {}",
            wanted.device.name,
            read.last_words()
        ))
    })
}

/// Level 20: a file can be written and read.
async fn write_status_file(
    settings: &Settings,
    operation: &Operation,
    wanted: &Wanted,
) -> Result<Outcome, Box<Outcome>> {
    let Some(file) = wanted.status_file(operation) else {
        return Ok(Outcome::done(OcfCode::NotRunning, ""));
    };
    // Network file systems know no writing past the cache.
    let flags = if wanted.is_block_device {
        "oflag=direct,sync"
    } else {
        "oflag=sync"
    };
    // A shell, so that whatever hangs is nobody else's: the folder, the writing or the reading.
    let script = r#"mkdir -p "${1%/*}" && printf '%s\n' "$2" | dd of="$1" "$3" "$4" conv=fsync,sync && cat "$1" > /dev/null"#;
    let arguments = [
        "-c",
        script,
        "sh",
        &file,
        &operation.resource,
        flags,
        BLOCK_SIZE,
    ];
    let written = run_program(settings, "sh", &arguments, operation.timeout).await?;
    Ok(if written.succeeded() {
        ok()
    } else {
        failed(format!(
            "the status file {file} cannot be written and read: {}",
            written.last_words()
        ))
    })
}

#[cfg(test)]
mod tests;
