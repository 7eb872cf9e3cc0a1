//! Mounting.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use tokio::task::spawn_blocking;

use crate::executor::Settings;
use crate::native::programs::{find, run_program};
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};

use super::wanted::Wanted;
use super::{all_mounts, failed, listed_folder, ok};

/// fsck(8): from this exit code on, errors are left.
const ERRORS_LEFT: i32 = 4;

/// Mounts it; nothing, where it is mounted already.
pub(super) async fn start(
    settings: &Settings,
    operation: &Operation,
    wanted: &Wanted,
) -> Result<Outcome, Box<Outcome>> {
    let Some(folder) = &wanted.folder else {
        return Ok(Outcome::done(
            OcfCode::NotConfigured,
            "the parameter directory is required",
        ));
    };
    let mounts = all_mounts()?;
    let listed = listed_folder(folder, &mounts).await;
    let below = |point: &Path| point != listed && point.starts_with(&listed);
    if let Some(inner) = mounts.iter().find(|mount| below(&mount.point)) {
        let (inner, folder) = (inner.point.display(), folder.display());
        let reason = format!("{inner} is mounted below {folder}, which would hide it");
        return Ok(Outcome::done(OcfCode::NotConfigured, reason));
    }
    if mounts.iter().any(|mount| mount.point == listed) {
        return Ok(ok());
    }
    let run = Programs {
        settings,
        operation,
    };
    run.require_kind(&wanted.kind).await?;
    run.wait_for_device(wanted).await?;
    if wanted.is_block_device && wanted.is_checked {
        run.check(wanted).await?;
    }
    make_folder(folder).await?;
    run.forget_buffers(wanted).await?;
    run.mount(wanted, folder).await?;
    Ok(ok())
}

/// The programs that a mount needs, each within the operation's time.
pub(super) struct Programs<'o> {
    pub(super) settings: &'o Settings,
    pub(super) operation: &'o Operation,
}

impl Programs<'_> {
    async fn run(
        &self,
        name: &str,
        arguments: &[&str],
    ) -> Result<crate::native::programs::Ran, Box<Outcome>> {
        run_program(self.settings, name, arguments, self.operation.timeout).await
    }

    /// The kernel knows the kind of file system, or learns it.
    async fn require_kind(&self, kind: &str) -> Result<(), Box<Outcome>> {
        let name = match kind {
            "" | "none" => return Ok(()),
            "glusterfs" | "rozofs" => "fuse",
            "efs" => "nfs4",
            kind if kind.starts_with("fuse.") => "fuse",
            kind => kind,
        };
        if is_known(name) {
            return Ok(());
        }
        let loaded = self.run("modprobe", &[name]).await?;
        if loaded.succeeded() && is_known(name) {
            return Ok(());
        }
        let reason = format!("this machine's kernel knows no file system '{name}'");
        Err(Outcome::done(OcfCode::NotInstalled, reason).into())
    }

    /// A device that another node has just made may not be known here yet.
    async fn wait_for_device(&self, wanted: &Wanted) -> Result<(), Box<Outcome>> {
        let by_name = wanted.is_block_device.then(|| (&wanted.device.name).into());
        let Some(file) = wanted.device.file().or(by_name) else {
            return Ok(());
        };
        let is_there = || file == Path::new("/dev/null") || is_block_device(&file);
        if is_there() {
            return Ok(());
        }
        for (program, arguments) in [
            ("partprobe", vec![]),
            (
                "udevadm",
                vec![
                    "settle".to_owned(),
                    format!("--timeout={}", self.operation.timeout.as_secs()),
                    format!("--exit-if-exists={}", file.display()),
                ],
            ),
        ] {
            if find(program).is_some() {
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                // What they say does not matter: the device is there afterwards, or not.
                let _ = self.run(program, &arguments).await;
            }
        }
        if is_there() || !wanted.is_block_device {
            return Ok(());
        }
        let reason = format!("there is no device {}", file.display());
        Err(Outcome::done(OcfCode::NotInstalled, reason).into())
    }

    async fn check(&self, wanted: &Wanted) -> Result<(), Box<Outcome>> {
        let mut arguments = vec!["-p", wanted.device.name.as_str()];
        if !wanted.kind.is_empty() {
            arguments.splice(..0, ["-t", wanted.kind.as_str()]);
        }
        let checked = self.run("fsck", &arguments).await?;
        if checked.code < ERRORS_LEFT {
            return Ok(());
        }
        let device = &wanted.device.name;
        Err(failed(format!("fsck of {device}: {}", checked.last_words())).into())
    }

    /// What this machine remembers of a device that others write to.
    pub(super) async fn forget_buffers(&self, wanted: &Wanted) -> Result<(), Box<Outcome>> {
        if wanted.is_block_device && is_block_device(Path::new(&wanted.device.name)) {
            let arguments = ["--flushbufs", wanted.device.name.as_str()];
            if find("blockdev").is_some() {
                self.run("blockdev", &arguments).await?;
            }
        }
        Ok(())
    }

    async fn mount(&self, wanted: &Wanted, folder: &Path) -> Result<(), Box<Outcome>> {
        let folder = folder.to_string_lossy();
        let options = wanted.options.as_deref();
        let mut arguments = Vec::new();
        if !matches!(wanted.kind.as_str(), "" | "none") {
            arguments.extend(["-t", wanted.kind.as_str()]);
        }
        arguments.extend(options.into_iter().flat_map(|options| ["-o", options]));
        arguments.extend(wanted.device.option.as_deref());
        arguments.extend([wanted.device.name.as_str(), &folder]);
        let mounted = self.run("mount", &arguments).await?;
        if mounted.succeeded() {
            return Ok(());
        }
        let device = &wanted.device.name;
        let words = mounted.last_words();
        Err(failed(format!("{device} cannot be mounted on {folder}: {words}")).into())
    }
}

async fn make_folder(folder: &Path) -> Result<(), Box<Outcome>> {
    let given = folder.to_owned();
    let made = spawn_blocking(move || fs::create_dir_all(given)).await;
    match made {
        Ok(Ok(())) => Ok(()),
        other => {
            let why = match other {
                Ok(Err(error)) => error.to_string(),
                _cut => "it cannot be made".to_owned(),
            };
            let reason = format!("the folder {}: {why}", folder.display());
            Err(Outcome::done(OcfCode::NotInstalled, reason).into())
        }
    }
}

fn is_known(kind: &str) -> bool {
    let list = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    list.lines()
        .any(|line| line.split_whitespace().next_back() == Some(kind))
}

fn is_block_device(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.file_type().is_block_device())
}
