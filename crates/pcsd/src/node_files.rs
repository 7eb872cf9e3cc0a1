//! The files that make this machine a node: written beside what there is, put into place together, or
//! taken away.

use std::fs;
use std::io;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};

use cluster_keys::{AUTHORITY_CERTIFICATES, AUTHORITY_KEY, Keys, NODE_CERTIFICATE, NODE_KEY};
use corosync_config::Configuration;
use corosync_config::model::Address;
use diagnostics::Sources;
use pcsd_api::{Bundle, NodeKeys, Refusal, RefusalKind, Replaces};

use crate::Place;
use crate::daemon::ENABLED;
use crate::files::{self, PUBLIC, SECRET, Staged};
use crate::place::read;

/// What is added to the name of a file that lies ready: the same each time, so that one that was left
/// behind is replaced.
const PREPARED: &str = "prepared";
/// Where names are looked up first.
const HOSTS: &str = "/etc/hosts";
/// The longest [`Bundle::id`].
const MAX_ID_BYTES: usize = 64;
/// Files of the CIB's folder that are a cluster's: by their beginnings.
const CIB_FILES: [&str; 6] = [
    "cib-",
    "lost-",
    "corrupt-",
    "promised",
    "quorum-record",
    "lives",
];
/// The folder of logs that configurations name (`logging.logfile`), made where it is not there.
const LOG_FOLDERS: [&str; 2] = ["/var/log/corosync", "/var/log/cluster"];

/// What lies ready to be put into place.
pub(crate) struct Prepared {
    bundle: Bundle,
    files: Vec<Staged>,
}

/// Checks a bundle and writes it beside what there is.
///
/// # Errors
/// Why the machine cannot become that node; nothing is left behind then.
pub(crate) fn prepare(
    place: &Place,
    bundle: Bundle,
    is_running: bool,
) -> Result<Prepared, Refusal> {
    let failed = |reason: String| Refusal::new(RefusalKind::Failed, reason);
    let is_id = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if bundle.id.is_empty() || bundle.id.len() > MAX_ID_BYTES || !is_id(&bundle.id) {
        return Err(failed(format!(
            "an id is 1 to {MAX_ID_BYTES} letters and digits"
        )));
    }
    let configuration = read("corosync.conf", &bundle.configuration).map_err(failed)?;
    match bundle.replaces {
        Replaces::Nothing => is_no_node(place, is_running)?,
        Replaces::SameCluster => {
            let present = place.configured();
            let present = present.as_ref().map(|it| it.cluster_name.value.as_str());
            if present != Some(&configuration.cluster_name.value) {
                return Err(failed("this machine is no node of that cluster".to_owned()));
            }
        }
        Replaces::AnyCluster => {}
    }
    check_names(&configuration).map_err(failed)?;
    if let Some(keys) = &bundle.keys {
        check_keys(&configuration, keys).map_err(failed)?;
    }
    let mut files = Vec::new();
    match stage(place, &configuration, &bundle, &mut files) {
        Ok(()) => Ok(Prepared { bundle, files }),
        Err(error) => {
            files.iter().for_each(Staged::remove);
            Err(failed(error.to_string()))
        }
    }
}

/// That a machine has nothing of a cluster yet.
fn is_no_node(place: &Place, is_running: bool) -> Result<(), Refusal> {
    let has = |reason: &str| Err(Refusal::new(RefusalKind::HasCluster, reason));
    if is_running {
        return has(
            "Running cluster services: 'keel cluster', the host seems to be in a cluster already",
        );
    }
    if place.configuration.exists() || place.cman_configuration.exists() {
        return has("Cluster configuration files found, the host seems to be in a cluster already");
    }
    Ok(())
}

/// Every node must find every other where the others find it: a name that leads to the machine itself,
/// or nowhere, is told before anything depends on it.
fn check_names(configuration: &Configuration) -> Result<(), String> {
    let mut sources = Sources::default();
    if let Ok(text) = fs::read_to_string(HOSTS) {
        let messages = corosync_config::hosts::check(configuration, HOSTS, &text, &mut sources);
        if messages.has_errors() {
            let rendered = messages.iter();
            return Err(rendered
                .map(|message| diagnostics::render(&sources, message, false))
                .collect());
        }
    }
    let addresses = configuration
        .nodes
        .iter()
        .flat_map(|node| node.addresses.values());
    for address in addresses {
        if let Address::Host(name) = &address.value
            && (name.as_str(), 0).to_socket_addrs().is_err()
        {
            return Err(format!("Could not resolve host: {name}"));
        }
    }
    Ok(())
}

/// The keys must be those of one of the nodes, before anything depends on them.
fn check_keys(configuration: &Configuration, keys: &NodeKeys) -> Result<(), String> {
    let cluster = &configuration.cluster_name.value;
    let is_of = |node: u32| {
        let (certificate, key) = (&keys.certificate, keys.key.expose());
        Keys::from_pem(cluster, node, &keys.authority, certificate, key)
    };
    let mut why = "there are no nodes".to_owned();
    for node in &configuration.nodes {
        match is_of(node.id.value) {
            Ok(_) => return Ok(()),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

fn stage(
    place: &Place,
    configuration: &Configuration,
    bundle: &Bundle,
    files: &mut Vec<Staged>,
) -> io::Result<()> {
    let mut write = |path: PathBuf, text: &str, mode: u32| -> io::Result<()> {
        files.push(Staged::write(&path, text, mode, PREPARED)?);
        Ok(())
    };
    if let Some(keys) = &bundle.keys {
        let folder = PathBuf::from(configuration.keel.certificates_folder());
        write(
            folder.join(AUTHORITY_KEY),
            keys.authority_key.expose(),
            SECRET,
        )?;
        write(folder.join(AUTHORITY_CERTIFICATES), &keys.authority, PUBLIC)?;
        write(folder.join(NODE_KEY), keys.key.expose(), SECRET)?;
        write(folder.join(NODE_CERTIFICATE), &keys.certificate, PUBLIC)?;
    }
    // Last: without it the machine is no node.
    write(place.configuration.clone(), &bundle.configuration, PUBLIC)?;
    let log = configuration.logging.targets.logfile.as_ref();
    let folder = log.and_then(|path| Path::new(&path.value).parent());
    if let Some(folder) =
        folder.filter(|it| LOG_FOLDERS.iter().any(|known| Path::new(known) == *it))
    {
        fs::create_dir_all(folder)?;
    }
    Ok(())
}

impl Prepared {
    /// What was asked for.
    pub(crate) fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Puts everything into place. The daemon must not run where another cluster is replaced.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn commit(&self, place: &Place) -> io::Result<()> {
        // A machine that is no node may still have the CIB of a cluster that it was in once.
        if self.bundle.replaces != Replaces::SameCluster {
            forget_cluster(place)?;
        }
        self.files.iter().try_for_each(Staged::commit)
    }

    /// Takes away what lies ready.
    pub(crate) fn abort(&self) {
        self.files.iter().for_each(Staged::remove);
    }
}

/// Removes what makes this machine a node: configuration, keys, CIB. The daemon must not run.
///
/// # Errors
/// What the system says; the configuration goes first, so that half of it is no node.
pub(crate) fn forget_cluster(place: &Place) -> io::Result<()> {
    let configured = place.configured();
    let keel = configured.map(|it| it.keel).unwrap_or_default();
    files::remove(&place.file(ENABLED))?;
    files::remove(&place.configuration)?;
    files::remove(&place.cman_configuration)?;
    let keys = Path::new(keel.certificates_folder());
    for name in [
        NODE_CERTIFICATE,
        NODE_KEY,
        AUTHORITY_CERTIFICATES,
        AUTHORITY_KEY,
    ] {
        files::remove(&keys.join(name))?;
    }
    let folder = Path::new(keel.cib_folder());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| files::at(folder, error))?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if CIB_FILES
            .iter()
            .any(|beginning| name.starts_with(beginning))
        {
            files::remove(&folder.join(&*name))?;
        }
    }
    Ok(())
}

/// Takes away what an earlier pcsd had prepared when it died.
pub(crate) fn sweep(place: &Place) {
    let keel = place.configured().map(|it| it.keel).unwrap_or_default();
    let keys = Path::new(keel.certificates_folder());
    let names = [
        NODE_CERTIFICATE,
        NODE_KEY,
        AUTHORITY_CERTIFICATES,
        AUTHORITY_KEY,
    ];
    let paths = names.into_iter().map(|name| keys.join(name));
    for path in paths.chain([place.configuration.clone()]) {
        Staged::left_behind(&path, PREPARED).remove();
    }
}

#[cfg(test)]
mod tests;
