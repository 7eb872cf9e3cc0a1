//! Who uses a mount.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use system::process::{Pid, Pidfd};

/// The processes that have a folder or file at or below `point` open, mapped, or as their root,
/// working folder or program, without this one. Only those of the same mount namespace: in another,
/// the same path may be something else.
///
/// All that is read is what the kernel says of processes: no file system is asked, so none that
/// hangs holds this up.
pub(super) fn users_of(point: &Path) -> Vec<Pidfd> {
    let own_namespace = fs::read_link("/proc/thread-self/ns/mnt").ok();
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers
        .filter(|number| u32::try_from(*number) != Ok(std::process::id()))
        .filter_map(|number| {
            // Opened before it is looked at, so that it is the same process.
            let process = Pidfd::open(Pid::from_raw(number)).ok()?;
            let folder = PathBuf::from(format!("/proc/{number}"));
            let namespace = fs::read_link(folder.join("ns/mnt")).ok();
            (namespace == own_namespace && uses(&folder, point)).then_some(process)
        })
        .collect()
}

/// Whether the process of that folder in `/proc` uses something at or below `point`.
fn uses(process: &Path, point: &Path) -> bool {
    let is_inside = |link: &Path| fs::read_link(link).is_ok_and(|path| path.starts_with(point));
    let own = ["cwd", "root", "exe"].map(|link| process.join(link));
    let open = fs::read_dir(process.join("fd"))
        .into_iter()
        .flatten()
        .flatten();
    own.iter().any(|link| is_inside(link))
        || open.into_iter().any(|entry| is_inside(&entry.path()))
        || maps(process, point)
}

/// `ADDRESSES MODE OFFSET DEVICE INODE   PATH`, a line for each mapping (proc_pid_maps(5)).
fn maps(process: &Path, point: &Path) -> bool {
    let Ok(file) = fs::File::open(process.join("maps")) else {
        return false;
    };
    BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| Some(line[line.find('/')?..].to_owned()))
        .any(|path| Path::new(OsStr::new(&path)).starts_with(point))
}
