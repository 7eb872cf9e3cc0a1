//! What a node sees of the file system: the computer's own, with the node's users, names and files
//! laid over it. Nothing of it reaches the disk.
//!
//! A folder that the node changes becomes a small file system in memory, filled with symbolic links
//! to what the computer has there. So any path can be laid over, by root and without root alike,
//! and a program finds everything else where it always was.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use system::namespace::{make_mounts_private, mount_bind, mount_proc, mount_tmpfs, write_sysctl};

use crate::protocol::NodeSpec;

/// The folder of the one program that is put before all others.
pub(crate) const PROGRAM_FOLDER: &str = "/run/keel-lab/bin";
/// That program.
pub(crate) const PROGRAM: &str = "/run/keel-lab/bin/keel";
/// The folder of the logs, in the room.
pub(crate) const LOG_FOLDER: &str = "/run/keel-lab/logs";
/// The computer's own file system, as a node sees it.
const HOST_FOLDER: &str = "/run/keel-lab/host";
/// Devices that a node has.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// The first number for users that the computer does not have.
const FIRST_NEW_USER: u32 = 61_000;
/// Folders that start empty on each node.
const EMPTY_FOLDERS: [&str; 10] = [
    "/etc/cluster",
    "/etc/corosync",
    "/etc/haproxy",
    "/etc/keel",
    "/etc/keepalived",
    "/tmp",
    "/var/lib/haproxy",
    "/var/lib/keel",
    "/var/log",
    "/var/tmp",
];

/// Prepares the room's own view: a `/run` of its own with the program and the logs.
pub(crate) fn prepare_room(program: &Path) -> io::Result<()> {
    make_mounts_private()?;
    let opened = File::open(program)?;
    mount_tmpfs("/run", "mode=755")?;
    fs::create_dir_all(PROGRAM_FOLDER)?;
    fs::create_dir_all(LOG_FOLDER)?;
    File::create(PROGRAM)?;
    mount_bind(descriptor_path(&opened), PROGRAM).map_err(|error| with_path(error, program))?;
    mount_proc()
}

/// Prepares a node's view. `rootless`: only one user number exists, so every user is number 0.
pub(crate) fn prepare_node(spec: &NodeSpec, rootless: bool) -> io::Result<()> {
    make_mounts_private()?;
    mount_proc()?;
    let programs = File::open(PROGRAM_FOLDER)?;
    let shared = spec
        .shared
        .iter()
        .map(|path| (path, path))
        .chain(&spec.kept);
    let shared = shared.map(|(path, on_host)| {
        let opened = File::open(on_host).map_err(|error| with_path(error, Path::new(on_host)))?;
        Ok((path, opened))
    });
    let shared = shared.collect::<io::Result<Vec<_>>>()?;
    mount_tmpfs("/run", "mode=755")?;
    fs::create_dir_all(HOST_FOLDER)?;
    fs::create_dir_all(PROGRAM_FOLDER)?;
    mount_bind("/", HOST_FOLDER)?;
    mount_bind(descriptor_path(&programs), PROGRAM_FOLDER)?;
    prepare_devices()?;
    for folder in EMPTY_FOLDERS {
        own_folder(Path::new(folder), Filled::No)?;
    }
    for folder in ["/tmp", "/var/tmp"] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o1777))?;
    }
    write_users(&spec.users, rootless)?;
    write_file("/etc/hostname", format!("{}\n", spec.name).as_bytes())?;
    write_file("/etc/hosts", hosts(spec).as_bytes())?;
    for (folder, size_mib) in &spec.disks {
        own_folder(Path::new(folder), Filled::No)?;
        mount_tmpfs(folder, &format!("size={size_mib}m"))?;
    }
    for (path, opened) in shared {
        own_folder(Path::new(path), Filled::No)?;
        mount_bind(descriptor_path(&opened), path)?;
    }
    for (path, content) in &spec.files {
        write_file(path, content)?;
    }
    spec.links.iter().try_for_each(|path| link_to_program(path))
}

/// Puts a symbolic link to the program at a path, whatever the computer has there.
fn link_to_program(path: &str) -> io::Result<()> {
    let path = absolute(path)?;
    if let Some(folder) = path.parent() {
        own_folder(folder, Filled::Yes)?;
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(with_path(error, &path)),
        _ => symlink(PROGRAM, &path),
    }
}

/// Writes a file of the node's own, whatever the computer has at that path. A script can be run.
pub(crate) fn write_file(path: &str, content: &[u8]) -> io::Result<()> {
    let path = absolute(path)?;
    if let Some(folder) = path.parent() {
        own_folder(folder, Filled::Yes)?;
    }
    if path.is_symlink() {
        fs::remove_file(&path)?;
    }
    fs::write(&path, content).map_err(|error| with_path(error, &path))?;
    let mode = if content.starts_with(b"#!") {
        0o755
    } else {
        0o644
    };
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
}

/// Kernel settings by their dotted name, such as `net.ipv4.ip_nonlocal_bind`.
pub(crate) fn write_sysctls(sysctls: &BTreeMap<String, String>) -> io::Result<()> {
    for (name, value) in sysctls {
        write_sysctl(name, value)
            .map_err(|error| io::Error::new(error.kind(), format!("sysctl {name}: {error}")))?;
    }
    Ok(())
}

/// Whether a folder of one's own starts with what the computer has there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filled {
    Yes,
    No,
}

/// Makes `folder` the node's own, and each folder above it that has to be for that.
fn own_folder(folder: &Path, filled: Filled) -> io::Result<()> {
    let folder = absolute(folder)?;
    let mut path = PathBuf::from("/");
    let depth = folder.components().count();
    for (index, component) in folder.components().enumerate().skip(1) {
        path.push(component);
        let last = index + 1 == depth;
        let fill = if last { filled } else { Filled::Yes };
        if path == Path::new("/run") || is_own(&path) {
            continue;
        }
        // The first folder below the root is mounted over; what lies in one of ours is replaced.
        if index == 1 {
            let mode = fs::metadata(&path).map_or(0o755, |found| found.permissions().mode());
            mount_tmpfs(&path, &format!("mode={:o}", mode & 0o7777))?;
        } else {
            if path.is_symlink() {
                fs::remove_file(&path)?;
            }
            fs::DirBuilder::new().mode(0o755).create(&path)?;
        }
        if fill == Filled::Yes {
            link_to_host(&path)?;
        }
    }
    Ok(())
}

/// Whether a path is a folder of the node's own already.
fn is_own(path: &Path) -> bool {
    !path.is_symlink() && path.is_dir() && differs_from_host(path)
}

/// Whether a path is another folder than the computer's of the same path.
fn differs_from_host(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    match (identity(path), identity(&host_path(path))) {
        (Ok(here), Ok(there)) => here != there,
        (Ok(_), Err(_)) => true,
        (Err(_), _) => false,
    }
}

fn host_path(path: &Path) -> PathBuf {
    Path::new(HOST_FOLDER).join(path.strip_prefix("/").unwrap_or(path))
}

fn link_to_host(folder: &Path) -> io::Result<()> {
    let source = host_path(folder);
    let Ok(entries) = fs::read_dir(&source) else {
        return Ok(());
    };
    for entry in entries {
        let name = entry?.file_name();
        symlink(source.join(&name), folder.join(&name))?;
    }
    Ok(())
}

fn prepare_devices() -> io::Result<()> {
    mount_tmpfs("/dev", "mode=755")?;
    for device in DEVICES {
        let place = Path::new("/dev").join(device);
        File::create(&place)?;
        // A computer without that device: the node has an empty file there.
        if host_path(&place).exists() {
            mount_bind(host_path(&place), &place)?;
        }
    }
    for folder in ["/dev/shm", "/dev/pts"] {
        fs::create_dir(folder)?;
    }
    mount_tmpfs("/dev/shm", "mode=1777")?;
    let terminals = Path::new("/dev/pts");
    if host_path(terminals).exists() {
        mount_bind(host_path(terminals), terminals)?;
        symlink("pts/ptmx", "/dev/ptmx")?;
    }
    for (name, target) in [
        ("fd", "fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ] {
        symlink(format!("/proc/self/{target}"), format!("/dev/{name}"))?;
    }
    Ok(())
}

fn hosts(spec: &NodeSpec) -> String {
    let mut text = String::from("127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
    for (address, name) in &spec.hosts {
        text.push_str(&format!("{address} {name}\n"));
    }
    text
}

fn write_users(users: &[String], rootless: bool) -> io::Result<()> {
    let passwd = fs::read_to_string(host_path(Path::new("/etc/passwd"))).unwrap_or_default();
    let group = fs::read_to_string(host_path(Path::new("/etc/group"))).unwrap_or_default();
    write_file(
        "/etc/passwd",
        with_users(&passwd, users, rootless, passwd_line).as_bytes(),
    )?;
    write_file(
        "/etc/group",
        with_users(&group, users, rootless, group_line).as_bytes(),
    )
}

fn passwd_line(user: &str, number: u32) -> String {
    format!("{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin")
}

fn group_line(group: &str, number: u32) -> String {
    format!("{group}:x:{number}:")
}

/// The table with a line for each of `users`: the computer's own line, or a new one. Without root
/// every one of them is number 0, the only number that exists there.
fn with_users(
    table: &str,
    users: &[String],
    rootless: bool,
    line: fn(&str, u32) -> String,
) -> String {
    let named = |text: &str, user: &str| text.split(':').next() == Some(user);
    let mut lines: Vec<String> = table
        .lines()
        .filter(|text| !(rootless && users.iter().any(|user| named(text, user))))
        .map(str::to_owned)
        .collect();
    for (user, number) in users.iter().zip(FIRST_NEW_USER..) {
        if !lines.iter().any(|text| named(text, user)) {
            lines.push(line(user, if rootless { 0 } else { number }));
        }
    }
    lines.join("\n") + "\n"
}

fn descriptor_path(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

fn absolute(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref();
    let plain = path
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if path.is_absolute() && plain {
        Ok(path.to_path_buf())
    } else {
        Err(with_path(io::ErrorKind::InvalidInput.into(), path))
    }
}

fn with_path(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_the_users_it_needs() {
        let table =
            "root:x:0:0:root:/root:/bin/bash\nhaproxy:x:110:117::/var/lib/haproxy:/bin/false\n";
        let users = ["haproxy".to_owned(), "web".to_owned()];
        assert_eq!(
            with_users(table, &users, false, passwd_line),
            format!("{table}web:x:61001:61001::/nonexistent:/usr/sbin/nologin\n"),
            "the computer's own line stays, a missing user is added"
        );
        assert_eq!(
            with_users("root:x:0:\nhaproxy:x:117:\n", &users, true, group_line),
            "root:x:0:\nhaproxy:x:0:\nweb:x:0:\n",
            "without root the only number is 0"
        );
    }

    #[test]
    fn paths_are_absolute_and_plain() {
        for (path, good) in [
            ("/etc/haproxy/haproxy.cfg", true),
            ("etc/x", false),
            ("/etc/../x", false),
        ] {
            assert_eq!(absolute(path).is_ok(), good, "{path}");
        }
    }
}
