//! Where everything is on this machine.

use std::env;
use std::path::{Path, PathBuf};

use corosync_config::Configuration;
use diagnostics::Sources;

/// Where things are.
#[derive(Debug, Clone)]
pub struct Place {
    /// What pcsd is to remember over a restart of the machine.
    pub folder: PathBuf,
    /// pcsd's own socket.
    pub socket: PathBuf,
    /// The socket of the cluster's daemon.
    pub cluster_socket: PathBuf,
    /// corosync.conf.
    pub configuration: PathBuf,
    /// CMAN's cluster.conf, which counts where there is no corosync.conf.
    pub cman_configuration: PathBuf,
}

impl Place {
    /// As the environment says, else the usual places.
    #[must_use]
    pub fn of_environment() -> Self {
        let path = |variable: &str, default: &str| {
            env::var_os(variable).map_or_else(|| PathBuf::from(default), PathBuf::from)
        };
        Self {
            folder: path(pcsd_api::FOLDER_VARIABLE, pcsd_api::FOLDER),
            socket: path(pcsd_api::SOCKET_VARIABLE, pcsd_api::SOCKET),
            cluster_socket: path(cluster_api::SOCKET_VARIABLE, cluster_api::SOCKET),
            configuration: PathBuf::from(corosync_config::COROSYNC_CONF),
            cman_configuration: PathBuf::from(corosync_config::CLUSTER_CONF),
        }
    }

    /// A file of pcsd's own.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file that a restart of the machine takes away.
    pub(crate) fn passing_file(&self, name: &str) -> PathBuf {
        let folder = self.socket.parent().unwrap_or(Path::new("/run"));
        folder.join(name)
    }

    /// The configuration that counts on this machine, where it has one that can be read.
    pub(crate) fn configured(&self) -> Option<Configuration> {
        let both = [&self.configuration, &self.cman_configuration];
        let path = both.into_iter().find(|path| path.exists())?;
        let text = std::fs::read_to_string(path).ok()?;
        read(&path.display().to_string(), &text).ok()
    }
}

/// Reads either kind of configuration.
///
/// # Errors
/// The messages, rendered.
pub(crate) fn read(name: &str, text: &str) -> Result<Configuration, String> {
    let mut sources = Sources::default();
    let loaded = if text.trim_start().starts_with('<') {
        corosync_config::load_cluster_conf(name, text, &mut sources)
    } else {
        corosync_config::load(name, text, &mut sources)
    };
    loaded.configuration.ok_or_else(|| {
        let messages = loaded.diagnostics.iter();
        messages
            .map(|message| diagnostics::render(&sources, message, false))
            .collect()
    })
}
