//! What a machine's mount namespace is furnished with. Errors name the place.

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
pub fn mount_proc() -> io::Result<()> {
    let target = Path::new("/proc");
    let flags = HARMLESS | MsFlags::MS_NOEXEC;
    mount(Some("proc"), target, Some("proc"), flags, NOTHING).map_err(|error| at(target, error))
}

/// Mounts an empty memory file system, with the options of tmpfs(5) such as `size=1m,mode=755`.
pub fn mount_tmpfs(target: impl AsRef<Path>, options: &str) -> io::Result<()> {
    let target = target.as_ref();
    mount(
        Some("tmpfs"),
        target,
        Some("tmpfs"),
        HARMLESS,
        Some(options),
    )
    .map_err(|error| at(target, error))
}

/// Shows a file, or a folder with all that is mounted in it, at a second place, which exists.
pub fn mount_bind(source: impl AsRef<Path>, target: impl AsRef<Path>) -> io::Result<()> {
    let (source, target) = (source.as_ref(), target.as_ref());
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(source), target, NOTHING, flags, NOTHING).map_err(|error| at(target, error))
}

fn at(target: &Path, error: nix::Error) -> io::Error {
    let error = io::Error::from(error);
    io::Error::new(error.kind(), format!("{}: {error}", target.display()))
}
