//! `cluster.conf` to model.

mod fencing;
mod nodes;

use diagnostics::{Diagnostics, SourceId, Sources, Span, Spanned};

use super::reading::{Language, Reading};
use super::settings::Settings;
use super::{check, each, logging, merged, totem};
use crate::keywords::CLUSTER_CONF;
use crate::model::{
    Configuration, Crypto, FenceDevice, Keel, Logging, MessageTransport, Node, Peer, Quorum,
    Subsystem, Times, Transport, WrittenAuthority,
};
use crate::read::Item;

/// Understands the elements of a `cluster.conf`; nothing where the cluster has no name or no node.
pub(crate) fn lower(
    items: &[Item],
    source: SourceId,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Configuration> {
    let language = Language::ClusterConf;
    let mut reading = Reading::new(sources, diagnostics, language, MessageTransport::Embedded);
    let top = reading.section(&CLUSTER_CONF, items);
    let start = Span {
        source,
        start: 0,
        end: 0,
    };
    let Some((cluster, span)) = merged(&top, "cluster", &mut reading) else {
        reading.error(start, "there is no element 'cluster'");
        return None;
    };
    let reading = &mut reading;
    let cman = merged(&cluster, "cman", reading);
    let listed = nodes::read(&cluster, span, reading);
    let devices = fencing::devices(&cluster, reading);
    if listed.is_whole {
        fencing::check(&listed.nodes, &devices, reading);
    }
    let quorum = quorum(cman.as_ref(), reading);
    let ports = ports(cman.as_ref(), &listed, reading);
    let transport = transport(cman.as_ref(), &listed.nodes, reading);
    let logging = logging_of(&cluster, reading);
    let (times, crypto) = totem_of(&cluster, reading);
    let keel = keel(&cluster, reading);
    let name = cluster_name(&cluster, span, reading)?;
    let config_version = cluster.number("config_version");
    let parts = Parts {
        name,
        config_version,
        transport,
        nodes: listed.nodes,
        quorum,
        logging,
        devices,
        keel,
    };
    let configuration = parts.complete(times, crypto, &ports);
    if listed.is_whole {
        check(&configuration, reading);
    }
    Some(configuration)
}

/// What `keel ccs` wrote for the nodes: with which authority they make their keys.
fn keel(cluster: &Settings<'_>, reading: &mut Reading<'_>) -> Keel {
    let Some((settings, span)) = merged(cluster, "keel", reading) else {
        return Keel::default();
    };
    let authority = match (settings.text("authority"), settings.text("authority_key")) {
        (Some(certificate), Some(key)) => Some(WrittenAuthority { certificate, key }),
        (None, None) => None,
        _ => {
            let message = "'authority' and 'authority_key' stand together or not at all";
            reading.error(span, message);
            None
        }
    };
    Keel {
        authority,
        ..Keel::default()
    }
}

fn cluster_name(
    cluster: &Settings<'_>,
    span: Span,
    reading: &mut Reading<'_>,
) -> Option<Spanned<String>> {
    if cluster.setting("name").is_none() {
        let help = "write 'name=\"NAME\"': two clusters on one network are told apart by it";
        reading.error_with_help(span, "this cluster has no name", help);
    }
    cluster.text("name")
}

fn quorum(cman: Option<&(Settings<'_>, Span)>, reading: &mut Reading<'_>) -> Quorum {
    let Some((cman, span)) = cman else {
        return Quorum::default();
    };
    let two_node = cman.switch("two_node").filter(|two_node| two_node.value);
    let expected_votes = cman.number("expected_votes");
    match &two_node {
        Some(two_node) => {
            let message = "'two_node' of CMAN lets one node start alone, so 'wait_for_all' is off: \
                           without fencing, both nodes can be active after a cut";
            reading.notice(two_node.span, message);
            Quorum {
                provider: Some(*span),
                wait_for_all: Some(Spanned::new(false, two_node.span)),
                two_node: Some(two_node.clone()),
                // CMAN writes 1 here for two nodes of one vote each: quorum, not votes.
                expected_votes: expected_votes.filter(|votes| votes.value > 1),
                ..Quorum::default()
            }
        }
        None => Quorum {
            provider: Some(*span),
            expected_votes,
            ..Quorum::default()
        },
    }
}

/// The ports that are written for link 0 and link 1.
fn ports(
    cman: Option<&(Settings<'_>, Span)>,
    listed: &nodes::Listed,
    reading: &mut Reading<'_>,
) -> [Option<Spanned<u16>>; 2] {
    let mut multicast = |name: &str| {
        let (settings, _) = merged(&cman?.0, name, reading)?;
        settings.number("port")
    };
    let (first, second) = (multicast("multicast"), multicast("altmulticast"));
    let written = cman.and_then(|(cman, _)| cman.number("port"));
    [
        written.or(first),
        listed.alternative_port.clone().or(second),
    ]
}

fn transport(
    cman: Option<&(Settings<'_>, Span)>,
    nodes: &[Node],
    reading: &mut Reading<'_>,
) -> Option<Spanned<Transport>> {
    let (cman, _) = cman?;
    let word = cman.one_of("transport", |word| word)?;
    let transport = match word.value {
        "rdma" => {
            let help = "leave 'transport' out";
            reading.error_with_help(word.span, "messages do not go over Infiniband", help);
            return None;
        }
        "udpu" => Transport::Udpu,
        multicast => {
            let message = format!(
                "'transport' {multicast} has no effect: messages go to each node's own address"
            );
            reading.notice(word.span, message);
            Transport::Udp
        }
    };
    // Two rings of CMAN are what two links of knet are now.
    let has_one_link = nodes.iter().all(|node| node.addresses.len() < 2);
    has_one_link.then(|| Spanned::new(transport, word.span))
}

fn logging_of(cluster: &Settings<'_>, reading: &mut Reading<'_>) -> Logging {
    let Some((settings, _)) = merged(cluster, "logging", reading) else {
        return Logging::default();
    };
    let mut subsystems = Vec::new();
    for (daemon, span) in each(&settings, "logging_daemon", reading) {
        let Some(name) = daemon.text("name") else {
            reading.error(span, "this logging_daemon has no name");
            continue;
        };
        match daemon.text("subsys").filter(|_| name.value == "corosync") {
            Some(subsystem) => subsystems.push(Subsystem {
                name: subsystem,
                targets: logging::targets(&daemon),
                span,
            }),
            None => {
                let message = format!("what is logged of '{}' is not told here", name.value);
                reading.notice(name.span, message);
            }
        }
    }
    Logging {
        timestamp: None,
        targets: logging::targets(&settings),
        subsystems,
    }
}

fn totem_of(cluster: &Settings<'_>, reading: &mut Reading<'_>) -> (Times, Crypto) {
    let Some((settings, _)) = merged(cluster, "totem", reading) else {
        return Default::default();
    };
    for word in ["transport", "cluster_name", "config_version"] {
        if let Some(setting) = settings.setting(word) {
            let message = format!("'{word}' stands in element 'cman' or 'cluster'");
            reading.error(setting.keyword.span, message);
        }
    }
    (totem::times(&settings), totem::crypto(&settings))
}

/// What was read of a `cluster.conf`.
struct Parts {
    name: Spanned<String>,
    config_version: Option<Spanned<u64>>,
    transport: Option<Spanned<Transport>>,
    nodes: Vec<Node>,
    quorum: Quorum,
    logging: Logging,
    devices: Vec<FenceDevice>,
    keel: Keel,
}

impl Parts {
    fn complete(
        self,
        times: Times,
        crypto: Crypto,
        ports: &[Option<Spanned<u16>>; 2],
    ) -> Configuration {
        let times = Times {
            defaults: Peer::Cman,
            ..times
        };
        let mut links = totem::links(&self.nodes, Vec::new()).0;
        for (link, port) in links.iter_mut().zip(ports) {
            link.port.clone_from(port);
        }
        Configuration {
            cluster_name: self.name,
            cluster_uuid: None,
            config_version: self.config_version,
            transport: self.transport,
            ip_version: None,
            link_mode: None,
            nodes: self.nodes,
            links,
            times,
            crypto,
            quorum: self.quorum,
            logging: self.logging,
            keel: self.keel,
            fence_devices: self.devices,
        }
    }
}
