//! What a cluster is made of, read: `corosync.conf` of corosync 3 and `cluster.conf` of CMAN, text
//! in, typed configuration and messages out.
//!
//! Owns: both languages, the table of every keyword and what each means here ([`keywords`]), the
//! rules that hold between keywords, and the times that follow from others ([`model::Times`]). Must
//! never: read a file, the clock or the network, or resolve a name: [`hosts`] is given the text of
//! `/etc/hosts`, and all other addresses are kept as written.
//!
//! ```text
//! corosync.conf ─► lines ────┐
//!                            ├─► sections ─► keyword table ─► settings ─► Configuration
//! cluster.conf ──► elements ─┘                                            Diagnostics
//! ```
//!
//! # One file for corosync and for keel
//!
//! Options of our own stand in a section `keel { … }` of `corosync.conf`. corosync 3.1 takes any
//! section and any keyword that it does not know without a word (tested with `corosync -t` of 3.1.7),
//! so the same file serves both. That silence is also why a mistyped keyword is an error here:
//! `tokne: 300` would otherwise leave the default in place.
//!
//! ```text
//! keel {
//!     transport: embedded          # or corosync: a running corosync carries the messages
//!     heartbeat_ms: 50             # how often nodes hear from each other
//!     detection_floor_ms: 200      # never take a node for dead sooner
//!     detection_ceiling_ms: 1000   # never later, however slow the network was
//!     port: 5405                   # UDP port of link 0; link N has this plus N
//!     certificates: /etc/keel/cluster
//!     cib: /var/lib/keel/cib
//!     acknowledge: all             # or quorum: how many disks before a change is acknowledged
//!     generations: 20              # how many earlier CIBs are kept
//! }
//! ```

pub mod hosts;
pub mod keywords;
mod lower;
pub mod model;
mod read;
pub mod text;

use std::cmp::Ordering;

use diagnostics::{Diagnostic, Diagnostics, Sources};
pub use model::Configuration;

/// Where corosync's configuration is.
pub const COROSYNC_CONF: &str = "/etc/corosync/corosync.conf";

/// Where CMAN's configuration is.
pub const CLUSTER_CONF: &str = "/etc/cluster/cluster.conf";

/// The largest configuration, in bytes; one of 32 nodes with 8 links each has about 20 KiB.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// The most nodes of a cluster.
pub const MAX_NODES: usize = 32;

/// The most links between nodes (`corosync.conf(5)`, `link_mode`).
pub const MAX_LINKS: u8 = 8;

/// The most keywords of a section, or attributes of an element; no section takes more than 60.
pub const MAX_SETTINGS: usize = 256;

/// The most fence devices of a `cluster.conf`: eight for each node.
pub const MAX_FENCE_DEVICES: usize = 256;

/// The most messages of a load; the rest is left out.
pub const MAX_MESSAGES: usize = 1000;

/// What a load yields: the configuration where no message is an error.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration, or nothing where a message is an error.
    pub configuration: Option<Configuration>,
    /// Every message, in the order found.
    pub diagnostics: Diagnostics,
}

impl Loaded {
    fn new(configuration: Option<Configuration>, diagnostics: Diagnostics) -> Self {
        Self {
            configuration: configuration.filter(|_| !diagnostics.has_errors()),
            diagnostics,
        }
    }
}

/// Reads a `corosync.conf`: its path, for messages, and its text, which is added to `sources`.
///
/// Source: `corosync.conf(5)`, `votequorum(5)`, `corosync-qdevice(8)`, and where they are silent the
/// verdict of `corosync -t`.
pub fn load(path: &str, text: &str, sources: &mut Sources) -> Loaded {
    let mut diagnostics = Diagnostics::new();
    let Some(source) = add(path, text, sources, &mut diagnostics) else {
        return Loaded::new(None, diagnostics);
    };
    let items = read::read(sources.text(source), source, &mut diagnostics);
    let configuration = lower::lower(&items, source, sources, &mut diagnostics);
    Loaded::new(configuration, diagnostics)
}

/// Reads a `cluster.conf` of CMAN, as RHEL 6 had it, into the same model.
///
/// Source: `cluster.conf(5)`, `cman(5)`, `fenced(8)` and the schema `cluster.rng` of cluster 3.
pub fn load_cluster_conf(path: &str, text: &str, sources: &mut Sources) -> Loaded {
    let mut diagnostics = Diagnostics::new();
    let Some(source) = add(path, text, sources, &mut diagnostics) else {
        return Loaded::new(None, diagnostics);
    };
    let items = read::xml::read(sources.text(source), source, &mut diagnostics);
    let configuration =
        items.and_then(|items| lower::cman::lower(&items, source, sources, &mut diagnostics));
    Loaded::new(configuration, diagnostics)
}

fn add(
    path: &str,
    text: &str,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<diagnostics::SourceId> {
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("{path} has more than {MAX_TEXT_BYTES} bytes");
        diagnostics.push(Diagnostic::error(message));
        return None;
    }
    Some(sources.add(path, text))
}

/// Adds a message, up to [`MAX_MESSAGES`].
fn tell(diagnostics: &mut Diagnostics, message: Diagnostic) {
    match diagnostics.len().cmp(&MAX_MESSAGES) {
        Ordering::Less => diagnostics.push(message),
        Ordering::Equal => {
            let message = format!("more than {MAX_MESSAGES} messages: the rest is left out");
            diagnostics.push(Diagnostic::error(message));
        }
        Ordering::Greater => {}
    }
}
