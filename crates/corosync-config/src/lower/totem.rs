//! `totem`: the cluster's name, its links and its times.

use diagnostics::{Span, Spanned};

use super::{Reading, Settings, each, merged};
use crate::model::{
    Cipher, Configuration, Crypto, Hash, IpVersion, Keel, Link, LinkMode, Logging, Node, Quorum,
    Times, Transport,
};
use crate::{MAX_LINKS, keywords::MAX_CLUSTER_NAME_BYTES};

/// `totem`, read.
#[derive(Default)]
pub(super) struct Totem {
    span: Option<Span>,
    cluster_name: Option<Spanned<String>>,
    cluster_uuid: Option<Spanned<String>>,
    config_version: Option<Spanned<u64>>,
    transport: Option<Spanned<Transport>>,
    ip_version: Option<Spanned<IpVersion>>,
    link_mode: Option<Spanned<LinkMode>>,
    times: Times,
    crypto: Crypto,
    interfaces: Vec<Link>,
}

pub(super) fn read(top: &Settings<'_>, reading: &mut Reading<'_>) -> Totem {
    let Some((settings, span)) = merged(top, "totem", reading) else {
        return Totem::default();
    };
    version(&settings, span, reading);
    Totem {
        span: Some(span),
        cluster_name: settings.text("cluster_name"),
        cluster_uuid: settings.text("cluster_uuid"),
        config_version: settings.number("config_version"),
        transport: transport(&settings, reading),
        ip_version: settings.one_of("ip_version", |word| match word {
            "ipv4" => IpVersion::V4,
            "ipv6" => IpVersion::V6,
            "ipv4-6" => IpVersion::V4Then6,
            _ => IpVersion::V6Then4,
        }),
        link_mode: settings.one_of("link_mode", |word| match word {
            "active" => LinkMode::Active,
            "rr" => LinkMode::RoundRobin,
            _ => LinkMode::Passive,
        }),
        times: times(&settings),
        crypto: crypto(&settings),
        interfaces: interfaces(&settings, reading),
    }
}

fn version(settings: &Settings<'_>, section: Span, reading: &mut Reading<'_>) {
    let version: Option<Spanned<u32>> = settings.number("version");
    match version {
        Some(version) if version.value == 2 => {}
        Some(version) => {
            let message = format!("version {} of totem is not known: it is 2", version.value);
            reading.error(version.span, message);
        }
        None if settings.setting("version").is_none() => {
            let message = "section 'totem' has no version";
            reading.error_with_help(section, message, "write 'version: 2'");
        }
        None => {}
    }
}

fn transport(settings: &Settings<'_>, reading: &mut Reading<'_>) -> Option<Spanned<Transport>> {
    let text = settings.text("transport")?;
    let transport = match text.value.as_str() {
        "knet" => Transport::Knet,
        "udpu" => Transport::Udpu,
        "udp" => {
            if reading.is_embedded() {
                let message = "'transport: udp' has no effect: messages go to each node's own \
                               address, not to a multicast group";
                reading.notice(text.span, message);
            }
            Transport::Udp
        }
        "sctp" => {
            let message = "'sctp' is no transport of totem, but one of knet's links";
            let help = "write 'transport: knet', and 'knet_transport: sctp' in section interface";
            reading.error_with_help(text.span, message, help);
            return None;
        }
        other => {
            let message = format!("'{other}' for 'transport' is not one of knet, udp and udpu");
            let message = diagnostics::Diagnostic::error(message).at(text.span);
            reading.tell(message.suggest(other, ["knet", "udp", "udpu"]));
            return None;
        }
    };
    Some(Spanned::new(transport, text.span))
}

pub(super) fn times(settings: &Settings<'_>) -> Times {
    Times {
        token_ms: settings.number("token"),
        token_coefficient_ms: settings.number("token_coefficient"),
        token_warning_percent: settings.number("token_warning"),
        token_retransmit_ms: settings.number("token_retransmit"),
        token_retransmits_before_loss: settings.number("token_retransmits_before_loss_const"),
        hold_ms: settings.number("hold"),
        join_ms: settings.number("join"),
        send_join_ms: settings.number("send_join"),
        consensus_ms: settings.number("consensus"),
        merge_ms: settings.number("merge"),
        downcheck_ms: settings.number("downcheck"),
        ..Times::default()
    }
}

pub(super) fn crypto(settings: &Settings<'_>) -> Crypto {
    Crypto {
        cipher: settings.one_of("crypto_cipher", |word| match word {
            "aes256" => Cipher::Aes256,
            "aes192" => Cipher::Aes192,
            "aes128" => Cipher::Aes128,
            _ => Cipher::None,
        }),
        hash: settings.one_of("crypto_hash", |word| match word {
            "md5" => Hash::Md5,
            "sha1" => Hash::Sha1,
            "sha256" => Hash::Sha256,
            "sha384" => Hash::Sha384,
            "sha512" => Hash::Sha512,
            _ => Hash::None,
        }),
        secauth: settings.switch("secauth"),
        model: settings.text("crypto_model"),
        keyfile: settings.text("keyfile"),
        key: settings.text("key"),
    }
}

fn interfaces(totem: &Settings<'_>, reading: &mut Reading<'_>) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for (settings, span) in each(totem, "interface", reading) {
        let number = link_number(&settings, reading);
        if let Some(number) = number.as_ref().filter(|number| number.value >= MAX_LINKS) {
            let most = MAX_LINKS - 1;
            let message = format!("there is no link {}: links are 0 to {most}", number.value);
            reading.error(number.span, message);
            continue;
        }
        let number = number.map_or(0, |number| number.value);
        let link = Link {
            number,
            link_priority: settings.number("knet_link_priority"),
            port: settings.number("mcastport").filter(|port| port.value > 0),
            ping_interval_ms: settings.number("knet_ping_interval"),
            ping_timeout_ms: settings.number("knet_ping_timeout"),
            pong_count: settings.number("knet_pong_count"),
            span: Some(span),
        };
        match links.iter_mut().find(|other| other.number == number) {
            Some(other) => {
                let line = other.span.map_or(0, |span| reading.line(span));
                let message =
                    format!("link {number} has an interface on line {line}: this one adds to it");
                reading.warning(span, message);
                let first = std::mem::replace(other, link);
                complete_link(other, first);
            }
            None => links.push(link),
        }
    }
    links
}

/// The number of an `interface`: `linknumber`, or `ringnumber` as it was called before.
fn link_number(settings: &Settings<'_>, reading: &mut Reading<'_>) -> Option<Spanned<u8>> {
    if let Some(setting) = settings.setting("ringnumber") {
        let message = "'ringnumber' is the old name of 'linknumber'";
        reading.notice(setting.keyword.span, message);
    }
    let number = settings.number("linknumber");
    number.or_else(|| settings.number("ringnumber"))
}

/// Fills in what the later of two sections for one link does not say.
fn complete_link(link: &mut Link, earlier: Link) {
    link.link_priority = link.link_priority.take().or(earlier.link_priority);
    link.port = link.port.take().or(earlier.port);
    link.ping_interval_ms = link.ping_interval_ms.take().or(earlier.ping_interval_ms);
    link.ping_timeout_ms = link.ping_timeout_ms.take().or(earlier.ping_timeout_ms);
    link.pong_count = link.pong_count.take().or(earlier.pong_count);
}

/// A link for each that a node has an address on, and the interfaces that none has.
pub(super) fn links(nodes: &[Node], mut interfaces: Vec<Link>) -> (Vec<Link>, Vec<Link>) {
    let has_address = |node: &Node, number| node.addresses.contains_key(&number);
    let links = (0..MAX_LINKS)
        .filter(|number| nodes.iter().any(|node| has_address(node, *number)))
        .map(|number| {
            let at = interfaces.iter().position(|link| link.number == number);
            at.map_or_else(|| Link::new(number), |at| interfaces.swap_remove(at))
        })
        .collect();
    (links, interfaces)
}

impl Totem {
    /// The cluster's name, with a message where there is none.
    pub(super) fn cluster_name(
        &self,
        start: Span,
        reading: &mut Reading<'_>,
    ) -> Option<Spanned<String>> {
        match &self.cluster_name {
            Some(name) if name.value.len() > MAX_CLUSTER_NAME_BYTES => {
                let message =
                    format!("a cluster's name has at most {MAX_CLUSTER_NAME_BYTES} bytes");
                reading.error(name.span, message);
            }
            Some(_) => {}
            None => {
                let message = match self.span {
                    Some(_) => "section 'totem' has no cluster_name",
                    None => "there is no section 'totem'",
                };
                let help = "write 'cluster_name: NAME' in section totem: two clusters on one \
                            network are told apart by it";
                reading.error_with_help(self.span.unwrap_or(start), message, help);
            }
        }
        self.cluster_name.clone()
    }

    /// Puts everything together: a link for each that a node has an address on.
    pub(super) fn complete(
        self,
        cluster_name: Spanned<String>,
        nodes: Vec<Node>,
        quorum: Quorum,
        logging: Logging,
        keel: Keel,
        reading: &mut Reading<'_>,
    ) -> Configuration {
        let (links, unused) = links(&nodes, self.interfaces);
        for link in unused.iter().filter(|_| !nodes.is_empty()) {
            if let Some(span) = link.span {
                let number = link.number;
                let message = format!("no node has a ring{number}_addr for this interface");
                reading.error(span, message);
            }
        }
        Configuration {
            cluster_name,
            cluster_uuid: self.cluster_uuid,
            config_version: self.config_version,
            transport: self.transport,
            ip_version: self.ip_version,
            link_mode: self.link_mode,
            nodes,
            links,
            times: self.times,
            crypto: self.crypto,
            quorum,
            logging,
            keel,
            fence_devices: Vec::new(),
        }
    }
}
