//! What a machine's mount namespace is furnished with.

use std::io;
use std::path::Path;

use nix::mount::{MsFlags, mount};

const NOTHING: Option<&str> = None;
const HARMLESS: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

/// Stops mounts of this mount namespace from spreading to others. Call it first in a new one.
pub fn make_mounts_private() -> io::Result<()> {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NOTHING, "/", NOTHING, flags, NOTHING)?;
    Ok(())
}

/// Mounts `/proc` for the calling process's process namespace.
pub fn mount_proc(target: &Path) -> io::Result<()> {
    let flags = HARMLESS | MsFlags::MS_NOEXEC;
    mount(Some("proc"), target, Some("proc"), flags, NOTHING)?;
    Ok(())
}

/// Mounts `/sys` for the calling process's network namespace.
pub fn mount_sys(target: &Path) -> io::Result<()> {
    let flags = HARMLESS | MsFlags::MS_NOEXEC;
    mount(Some("sysfs"), target, Some("sysfs"), flags, NOTHING)?;
    Ok(())
}

/// Mounts an empty memory file system of at most `limit_bytes`.
pub fn mount_tmpfs(target: &Path, limit_bytes: u64) -> io::Result<()> {
    let options = format!("size={limit_bytes},mode=0755");
    mount(
        Some("tmpfs"),
        target,
        Some("tmpfs"),
        HARMLESS,
        Some(options.as_str()),
    )?;
    Ok(())
}

/// Shows a file or folder at a second place, which exists.
pub fn mount_bind(source: &Path, target: &Path, read_only: bool) -> io::Result<()> {
    let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(source), target, NOTHING, bind, NOTHING)?;
    if read_only {
        // The first call ignores every flag but the kind of mount.
        let remount = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(NOTHING, target, NOTHING, remount, NOTHING)?;
    }
    Ok(())
}
