//! Unmounting, with all that is mounted below, against the will of those who use it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use system::mounts::Mount;
use system::process::{Pidfd, Signal};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

use crate::executor::Settings;
use crate::native::daemon::wait_for_end;
use crate::native::programs::run_program;
use crate::operation::Operation;
use crate::outcome::{ExecutionStatus, Outcome};

use super::start::Programs;
use super::users::users_of;
use super::wanted::Wanted;
use super::{all_mounts, failed, listed_folder, ok};

/// How long a stop lasts that is to be fast, whatever time it has.
const FAST: Duration = Duration::from_secs(6);

/// How long users have after a signal before it is tried again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long is waited where nobody is seen who uses it.
const PACE: Duration = Duration::from_millis(100);

/// Unmounts it; nothing, where nothing is mounted.
pub(super) async fn stop(
    settings: &Settings,
    operation: &Operation,
    wanted: &Wanted,
) -> Result<Outcome, Box<Outcome>> {
    let Some(folder) = &wanted.folder else {
        return Ok(ok());
    };
    let mounts = all_mounts()?;
    let listed = listed_folder(folder, &mounts).await;
    let Some(own) = mounts.iter().rfind(|mount| mount.point == listed) else {
        return Ok(ok());
    };
    if operation.check_level == 20
        && let Some(file) = wanted.status_file(operation)
    {
        // One that cannot be removed, as on a file system that is read-only, does no harm.
        let _ = run_program(settings, "rm", &["-f", &file], PATIENCE).await;
    }
    let time = if wanted.stops_fast {
        FAST.min(operation.timeout)
    } else {
        // What is left is for the answer.
        operation.timeout * 9 / 10
    };
    let unmounting = Unmounting {
        settings,
        wanted,
        time,
    };
    for point in in_order(&mounts, own, wanted) {
        unmounting.unmount(&point).await?;
    }
    let programs = Programs {
        settings,
        operation,
    };
    programs.forget_buffers(wanted).await?;
    Ok(ok())
}

/// What is mounted below comes first, then other places of the same device, then the mount itself.
fn in_order(mounts: &[Mount], own: &Mount, wanted: &Wanted) -> Vec<PathBuf> {
    let below = |mount: &&Mount| mount.point != own.point && mount.point.starts_with(&own.point);
    let has_device = !own.device.starts_with("0:") && !wanted.is_bind() && wanted.may_have_device();
    let elsewhere =
        |mount: &&Mount| has_device && mount.device == own.device && mount.point != own.point;
    let points = |mounts: Vec<&Mount>| {
        let mut points: Vec<_> = mounts
            .into_iter()
            .map(|mount| mount.point.clone())
            .collect();
        points.sort_unstable_by(|a, b| b.cmp(a));
        points
    };
    let mut order = points(mounts.iter().filter(below).collect());
    let others = mounts
        .iter()
        .filter(|mount| elsewhere(mount) && !below(mount));
    order.extend(points(others.collect()));
    order.push(own.point.clone());
    order.dedup();
    order
}

struct Unmounting<'o> {
    settings: &'o Settings,
    wanted: &'o Wanted,
    /// For each place.
    time: Duration,
}

impl Unmounting<'_> {
    async fn unmount(&self, point: &Path) -> Result<(), Box<Outcome>> {
        let begun = Instant::now();
        loop {
            let left = self.time.saturating_sub(begun.elapsed());
            let refused = match self.try_once(point, left.max(PACE)).await {
                Err(hangs) if hangs.status == ExecutionStatus::Timeout => Some(hangs.exit_reason),
                other => other?,
            };
            if !all_mounts()?.iter().any(|mount| mount.point == *point) {
                return Ok(());
            }
            let Some(refused) = refused else {
                continue; // Something was mounted there twice.
            };
            if begun.elapsed() >= self.time {
                let point = point.display();
                return Err(failed(format!("{point} cannot be unmounted: {refused}")).into());
            }
            let signal = if begun.elapsed() < self.time / 2 {
                Signal::SIGTERM
            } else {
                Signal::SIGKILL
            };
            self.rid_of_users(point, signal).await;
        }
    }

    /// Why it is still mounted, in the program's words.
    async fn try_once(
        &self,
        point: &Path,
        limit: Duration,
    ) -> Result<Option<String>, Box<Outcome>> {
        let point = point.to_string_lossy();
        let mut arguments = vec![point.as_ref()];
        if self.wanted.is_of_server() {
            arguments.insert(0, "-f");
        }
        let unmounted = run_program(self.settings, "umount", &arguments, limit).await?;
        Ok((!unmounted.succeeded()).then(|| unmounted.last_words()))
    }

    /// Signals those who use the mount and waits a while for their end.
    async fn rid_of_users(&self, point: &Path, signal: Signal) {
        let users = if self.wanted.signals_users {
            let point = point.to_owned();
            spawn_blocking(move || users_of(&point))
                .await
                .unwrap_or_default()
        } else {
            Vec::new()
        };
        if users.is_empty() {
            sleep(PACE).await;
            return;
        }
        for user in &users {
            // One that has ended needs none.
            let _ = user.signal(signal);
        }
        let until = Instant::now() + PATIENCE;
        // Whoever is left is signalled again.
        let _ = timeout_at(until, all_end(users)).await;
    }
}

async fn all_end(users: Vec<Pidfd>) {
    for user in users {
        let _ = wait_for_end(user).await;
    }
}
