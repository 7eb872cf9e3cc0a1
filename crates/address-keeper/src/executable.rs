//! A configured command, made ready to run: who runs it, where its program lies, whether it is safe.
//!
//! keepalived.conf(5), "script_user" and "enable_script_security": scripts run as `script_user`,
//! else as `keepalived_script` where that user exists, else as root; with script security a program
//! that somebody other than root can alter is not run as root.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use keepalived_config::model::{Command, Global, ScriptUser};
use system::process::{Child, Privileges, RoleCommand, Stream, group, user};
use thiserror::Error;

/// Who runs scripts where nobody is named and the user exists.
const DEFAULT_USER: &str = "keepalived_script";
/// Where programs are looked for where the environment says nothing.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Why a command is not run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Unusable {
    #[error("program '{0}' not found")]
    NotFound(String),
    #[error("'{}' is not executable", .0.display())]
    NotExecutable(PathBuf),
    #[error("user '{0}' does not exist")]
    NoUser(String),
    #[error("group '{0}' does not exist")]
    NoGroup(String),
    #[error("script security: '{}' can be altered by others than root", .0.display())]
    Insecure(PathBuf),
}

/// A command ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Executable {
    program: PathBuf,
    words: Vec<String>,
    privileges: Option<Privileges>,
    /// It runs as root although others can alter it, which `enable_script_security` would forbid.
    pub(crate) is_risky: bool,
}

impl Executable {
    /// Makes a command ready. `arguments` are added to its own.
    pub(crate) fn prepare(
        command: &Command,
        global: &Global,
        arguments: &[String],
    ) -> Result<Self, Unusable> {
        let privileges = privileges(
            command.user.as_ref().or(global.script_user.as_ref()),
            global,
        )?;
        let program = find(&command.words[0])?;
        let resolved = std::fs::canonicalize(&program).unwrap_or_else(|_| program.clone());
        let metadata = std::fs::metadata(&resolved);
        if !metadata.is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0) {
            return Err(Unusable::NotExecutable(program));
        }
        let runs_as_root = nix::unistd::Uid::effective().is_root()
            && privileges.as_ref().is_none_or(|who| who.user == Some(0));
        let is_risky = runs_as_root && resolved.ancestors().any(others_can_alter);
        if is_risky && global.script_security {
            return Err(Unusable::Insecure(resolved));
        }
        let words = command.words.iter().chain(arguments).cloned().collect();
        let program = if global.keep_symlinks {
            program
        } else {
            resolved
        };
        Ok(Self {
            program,
            words,
            privileges,
            is_risky,
        })
    }

    /// Starts it as the leader of its own process group, without input and output.
    pub(crate) fn spawn(&self) -> std::io::Result<Child> {
        let mut command = RoleCommand::program(self.program.as_os_str(), &self.words[0])
            .arguments(&self.words[1..])
            .streams(Stream::Null, Stream::Null, Stream::Null)
            .own_group();
        if let Some(privileges) = &self.privileges {
            command = command.privileges(privileges.clone());
        }
        command.spawn()
    }
}

fn privileges(named: Option<&ScriptUser>, global: &Global) -> Result<Option<Privileges>, Unusable> {
    if !nix::unistd::Uid::effective().is_root() {
        return Ok(None);
    }
    let look_up = |name: &str| user(name).ok().flatten();
    let account = match named {
        Some(named) => {
            let name = &named.user.value;
            look_up(name).ok_or_else(|| Unusable::NoUser(name.clone()))?
        }
        None => match look_up(DEFAULT_USER) {
            Some(account) => account,
            None => return Ok(None),
        },
    };
    let own_group = match named.and_then(|named| named.group.as_ref()) {
        Some(name) => {
            let found = group(&name.value).ok().flatten();
            found.ok_or_else(|| Unusable::NoGroup(name.value.clone()))?
        }
        None => account.group,
    };
    let supplementary =
        global.supplementary_groups || named.is_some_and(|named| named.supplementary_groups);
    Ok(Some(Privileges {
        chroot: None,
        group: Some(own_group),
        user: Some(account.id),
        supplementary_groups: if supplementary {
            account.groups
        } else {
            vec![own_group]
        },
    }))
}

fn find(word: &str) -> Result<PathBuf, Unusable> {
    if word.contains('/') {
        return Ok(word.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(word));
    candidates
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Unusable::NotFound(word.to_owned()))
}

/// Whether somebody other than root can write a file or replace what lies in a folder. In a sticky
/// folder others can only add.
fn others_can_alter(path: &Path) -> bool {
    const OWNER_WRITES: u32 = 0o200;
    const GROUP_WRITES: u32 = 0o020;
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return true;
    };
    let mode = metadata.mode();
    let is_sticky_folder = metadata.is_dir() && mode & STICKY != 0;
    (metadata.uid() != 0 && mode & OWNER_WRITES != 0)
        || (metadata.gid() != 0 && mode & GROUP_WRITES != 0 && !is_sticky_folder)
        || (mode & OTHERS_WRITE != 0 && !is_sticky_folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::others_can_alter;

    #[test]
    fn script_security_looks_at_who_can_write() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let owned_by_root = nix::unistd::Uid::effective().is_root();
        let check = |name: &str, is_folder: bool, mode: u32, expected: bool| {
            let path = folder.path().join(name);
            if is_folder {
                std::fs::create_dir(&path).expect("made in a temporary folder");
            } else {
                std::fs::write(&path, "").expect("written in a temporary folder");
            }
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("our own file");
            // A file of another user than root is his to alter.
            assert_eq!(
                others_can_alter(&path),
                expected || !owned_by_root,
                "{name}"
            );
        };
        check("closed", false, 0o755, false);
        check("open", false, 0o757, true);
        check("shared", true, 0o757, true);
        check("sticky", true, 0o1777, false);
        assert!(others_can_alter(&folder.path().join("absent")));
    }
}
