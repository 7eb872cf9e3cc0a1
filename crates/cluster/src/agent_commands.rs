//! What agents' scripts find of the cluster: `attrd_updater`, `crm_attribute` and their like, in a
//! folder of links to this program, and the way to this daemon.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use agents::Settings;
use cluster_api::SOCKET_VARIABLE;

/// The commands that scripts of resource-agents call.
const COMMANDS: [&str; 11] = [
    "attrd_updater",
    "cibadmin",
    "crm_attribute",
    "crm_failcount",
    "crm_master",
    "crm_mon",
    "crm_node",
    "crm_resource",
    "crm_standby",
    "crmadmin",
    "stonith_admin",
];

/// The settings of agents that belong to the daemon of this socket; the links are made anew, beside it.
/// Where they cannot be made, why.
pub fn settings(socket: &Path) -> (Settings, Option<String>) {
    let folder = socket.with_extension("commands");
    let (commands, problem) = match link(&folder) {
        Ok(()) => (Some(folder), None),
        Err(error) => {
            let folder = folder.display();
            let problem = format!("{folder}: {error}: agents' scripts find no crm_attribute there");
            (None, Some(problem))
        }
    };
    let socket = socket.display().to_string();
    let settings = Settings {
        commands,
        balancer: std::env::current_exe().ok(),
        environment: [(SOCKET_VARIABLE.to_owned(), socket)].into(),
        ..Settings::default()
    };
    (settings, problem)
}

fn link(folder: &Path) -> io::Result<()> {
    let program: PathBuf = std::env::current_exe()?;
    fs::create_dir_all(folder)?;
    for command in COMMANDS {
        let path = folder.join(command);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => symlink(&program, &path)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("cluster.sock");
        for _ in 0..2 {
            let (settings, problem) = settings(&socket);
            assert_eq!(problem, None);
            let link = settings.commands.unwrap().join("crm_attribute");
            assert_eq!(
                fs::read_link(link).unwrap(),
                std::env::current_exe().unwrap()
            );
        }
        let nowhere = Path::new("/proc/none/cluster.sock");
        assert!(settings(nowhere).1.is_some());
    }
}
