//! From corosync.conf to what the daemon runs with: who this node is, where the others are, how fast
//! things are noticed.

mod addresses;
mod identity;
mod quorum_options;
mod timing;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use corosync_config::Configuration;
use corosync_config::model::{Acknowledge, MessageTransport};
use diagnostics::{Diagnostic, Diagnostics, Sources};
use membership::{Commitment, NodeId, Timing};

pub use timing::{Part, TimingReport};

/// What the daemon runs with.
#[derive(Debug)]
pub struct Setup {
    /// The configuration as written.
    pub configuration: Configuration,
    /// This node.
    pub node: NodeId,
    /// Names of all nodes.
    pub names: BTreeMap<NodeId, String>,
    /// The links, most preferred first.
    pub links: Vec<Link>,
    /// The times.
    pub timing: Timing,
    /// When a change is committed.
    pub commitment: Commitment,
    /// The options of quorum.
    pub quorum: quorum::Options,
    /// The folder of the keys.
    pub keys: PathBuf,
    /// The folder of the CIB.
    pub cib: PathBuf,
    /// How many generations of the CIB are kept, if the operator says so.
    pub generations: Option<usize>,
}

/// A link, with every node's address on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub number: u8,
    /// This node's address.
    pub listen: SocketAddr,
    /// The others'.
    pub peers: BTreeMap<NodeId, SocketAddr>,
}

/// Reads a configuration file, whichever of the two it is.
///
/// # Errors
/// The messages, rendered, where the file cannot be used.
pub fn read(path: &Path) -> Result<(Configuration, Sources), String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut sources = Sources::default();
    let name = path.display().to_string();
    let loaded = if text.trim_start().starts_with('<') {
        corosync_config::load_cluster_conf(&name, &text, &mut sources)
    } else {
        corosync_config::load(&name, &text, &mut sources)
    };
    let messages = render(&loaded.diagnostics, &sources);
    match loaded.configuration {
        Some(configuration) => {
            eprint!("{messages}");
            Ok((configuration, sources))
        }
        None => Err(messages),
    }
}

/// The configuration file of this machine.
#[must_use]
pub fn default_path() -> PathBuf {
    let corosync = Path::new(corosync_config::COROSYNC_CONF);
    let cman = Path::new(corosync_config::CLUSTER_CONF);
    if !corosync.exists() && cman.exists() {
        cman
    } else {
        corosync
    }
    .to_path_buf()
}

fn render(messages: &Diagnostics, sources: &Sources) -> String {
    messages
        .iter()
        .map(|message| diagnostics::render(sources, message, false))
        .collect()
}

impl Setup {
    /// Makes sense of a configuration on this machine. `wanted`: the name or id of this node, where
    /// it cannot be told from the machine's addresses.
    ///
    /// # Errors
    /// The messages, rendered.
    pub fn of(
        configuration: Configuration,
        sources: &Sources,
        wanted: Option<&str>,
    ) -> Result<Self, String> {
        let fail = |diagnostic: Diagnostic| diagnostics::render(sources, &diagnostic, false);
        check_hosts(&configuration, sources)?;
        let resolved = addresses::resolve(&configuration).map_err(fail)?;
        let node = identity::find(&configuration, &resolved, wanted).map_err(fail)?;
        let links = addresses::links(&configuration, &resolved, node);
        let quorum = quorum_options::of(&configuration).map_err(fail)?;
        let timing = timing::of(&configuration).map_err(fail)?;
        let keel = &configuration.keel;
        Ok(Self {
            node,
            names: configuration
                .nodes
                .iter()
                .map(|node| (NodeId(node.id.value), node.name.value.clone()))
                .collect(),
            links,
            timing,
            commitment: match keel.acknowledge() {
                Acknowledge::All => Commitment::All,
                Acknowledge::Quorum => Commitment::Votes,
            },
            quorum,
            keys: PathBuf::from(keel.certificates_folder()),
            cib: PathBuf::from(keel.cib_folder()),
            generations: keel
                .generations
                .as_ref()
                .and_then(|count| usize::try_from(count.value).ok()),
            configuration,
        })
    }

    /// The times that a configuration asks for.
    ///
    /// # Errors
    /// The message, rendered.
    pub fn timing_of(configuration: &Configuration, sources: &Sources) -> Result<Timing, String> {
        timing::of(configuration).map_err(|error| diagnostics::render(sources, &error, false))
    }

    /// The cluster's name.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.configuration.cluster_name.value
    }

    /// A node's name.
    #[must_use]
    pub fn name(&self, node: NodeId) -> &str {
        self.names.get(&node).map_or("?", String::as_str)
    }

    /// What carries the messages.
    #[must_use]
    pub fn transport(&self) -> MessageTransport {
        self.configuration.keel.transport()
    }
}

/// A node's name that /etc/hosts makes a loopback address is the classic reason why nodes do not find
/// each other.
fn check_hosts(configuration: &Configuration, sources: &Sources) -> Result<(), String> {
    const HOSTS: &str = "/etc/hosts";
    let Ok(text) = std::fs::read_to_string(HOSTS) else {
        return Ok(());
    };
    let mut sources = sources.clone();
    let diagnostics = corosync_config::hosts::check(configuration, HOSTS, &text, &mut sources);
    if diagnostics.has_errors() {
        Err(render(&diagnostics, &sources))
    } else {
        Ok(())
    }
}
