//! `cluster config`, and what is said of the daemons: `pcsd status`, the ends of `status` and
//! `cluster status`.

use std::net::IpAddr;

use corosync_config::text::Section;
use serde_json::{Map, Value, json};

use pcsd_api::{CallError, RefusalKind, Request};

use super::quorum;
use super::session::{Done, Refusal, Session};

/// Options of totem that are shown elsewhere.
const SHOWN_BEFORE: [&str; 4] = ["version", "cluster_name", "cluster_uuid", "transport"];
/// Options of the transport, by its kind.
const TRANSPORT: [&str; 4] = ["ip_version", "knet_pmtud_interval", "link_mode", "netmtu"];

/// The beginnings of the keywords of compression and encryption.
const COMPRESSION: &str = "knet_compression_";
const CRYPTO: &str = "crypto_";

/// `cluster config [show]`
pub(super) fn show(session: &mut Session<'_>, words: &[String]) -> Done {
    match words {
        [] => {}
        [word] if word == "show" => {}
        _ => return Err(Refusal::Usage),
    }
    let (path, text) = session.configuration_text()?;
    if text.trim_start().starts_with('<') {
        return Err(Refusal::said(format!(
            "{path} is a configuration of CMAN: 'keel cluster status' says what comes of it"
        )));
    }
    let config = Config::of(Section::parse(&text));
    match is_json(session)? {
        true => session.print(&config.json().to_string()),
        false => session.print_text(&config.text()),
    }
    Ok(())
}

/// Whether the output is to be JSON.
pub(super) fn is_json(session: &Session<'_>) -> Done<bool> {
    match session.options.value("--output-format") {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(format) => Err(Refusal::said(format!(
            "Unknown value '{format}' for '--output-format' option. Supported values are: 'json', 'text'"
        ))),
    }
}

/// Options by name, sorted.
type Pairs = Vec<(String, String)>;

/// A configuration, sorted as it is shown.
struct Config {
    name: String,
    uuid: Option<String>,
    transport: String,
    nodes: Vec<ShownNode>,
    /// By number.
    links: Vec<(String, Pairs)>,
    transport_options: Pairs,
    compression: Pairs,
    crypto: Pairs,
    totem: Pairs,
    quorum: Pairs,
}

struct ShownNode {
    name: String,
    id: String,
    /// By the link's number.
    addresses: Pairs,
}

impl Config {
    fn of(mut file: Section) -> Self {
        let mut nodes: Vec<ShownNode> = file
            .section("nodelist")
            .sections
            .iter()
            .map(ShownNode::of)
            .collect();
        nodes.sort_by(|one, other| one.name.cmp(&other.name));
        let quorum = picked(&file.section("quorum").settings, |name| {
            quorum::OPTIONS.contains(&name).then_some(name)
        });
        let totem = file.section("totem");
        let value = |keyword: &str| totem.value(keyword).map(str::to_owned);
        let transport = value("transport").unwrap_or_else(|| "knet".to_owned());
        let is_knet = transport == "knet";
        let links = totem.sections.iter().filter(|it| it.name == "interface");
        let links = links.map(|link| {
            let options = picked(&link.settings, |name| {
                let is_shown = is_knet || name != "linknumber";
                is_shown.then_some(name.strip_prefix("knet_").unwrap_or(name))
            });
            (link.value("linknumber").unwrap_or("0").to_owned(), options)
        });
        let settings = &totem.settings;
        Self {
            name: value("cluster_name").unwrap_or_default(),
            uuid: value("cluster_uuid"),
            nodes,
            links: links.collect(),
            transport_options: picked(settings, |name| TRANSPORT.contains(&name).then_some(name)),
            compression: picked(settings, |name| name.strip_prefix(COMPRESSION)),
            crypto: picked(settings, |name| name.strip_prefix(CRYPTO)),
            totem: picked(settings, |name| {
                let is_shown_elsewhere = SHOWN_BEFORE.contains(&name)
                    || TRANSPORT.contains(&name)
                    || name.starts_with(COMPRESSION)
                    || name.starts_with(CRYPTO);
                (!is_shown_elsewhere).then_some(name)
            }),
            quorum,
            transport,
        }
    }

    fn text(&self) -> String {
        let mut lines = vec![format!("Cluster Name: {}", self.name)];
        lines.extend(
            self.uuid
                .as_ref()
                .map(|uuid| format!("Cluster UUID: {uuid}")),
        );
        lines.push(format!("Transport: {}", self.transport));
        lines.push("Nodes:".to_owned());
        for node in &self.nodes {
            lines.push(format!("  {}:", node.name));
            let addresses = node.addresses.iter();
            lines.extend(addresses.map(|(link, it)| format!("    Link {link} address: {it}")));
            lines.push(format!("    nodeid: {}", node.id));
        }
        if !self.links.is_empty() {
            lines.push("Links:".to_owned());
        }
        for (number, options) in &self.links {
            lines.push(format!("  Link {number}:"));
            lines.extend(
                options
                    .iter()
                    .map(|(name, value)| format!("    {name}: {value}")),
            );
        }
        for (title, options) in [
            ("Transport", &self.transport_options),
            ("Compression", &self.compression),
            ("Crypto", &self.crypto),
            ("Totem", &self.totem),
            ("Quorum", &self.quorum),
        ] {
            if !options.is_empty() {
                lines.push(format!("{title} Options:"));
            }
            lines.extend(
                options
                    .iter()
                    .map(|(name, value)| format!("  {name}: {value}")),
            );
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// In the shape that pcs gives it.
    fn json(&self) -> Value {
        let node = |node: &ShownNode| {
            let address = |(link, address): &(String, String)| json!({"addr": address, "link": link, "type": kind(address)});
            let addresses: Vec<Value> = node.addresses.iter().map(address).collect();
            json!({"name": node.name, "nodeid": node.id, "addrs": addresses})
        };
        let links = self.links.iter();
        let links: Map<String, Value> = links
            .map(|(number, options)| (number.clone(), object(options)))
            .collect();
        json!({
            "cluster_name": self.name,
            "cluster_uuid": self.uuid,
            "transport": self.transport.to_uppercase(),
            "totem_options": object(&self.totem),
            "transport_options": object(&self.transport_options),
            "compression_options": object(&self.compression),
            "crypto_options": object(&self.crypto),
            "nodes": self.nodes.iter().map(node).collect::<Vec<Value>>(),
            "links_options": links,
            "quorum_options": object(&self.quorum),
        })
    }
}

impl ShownNode {
    fn of(section: &Section) -> Self {
        let value = |keyword: &str| section.value(keyword).unwrap_or_default().to_owned();
        Self {
            name: value("name"),
            id: value("nodeid"),
            addresses: picked(&section.settings, |name| {
                name.strip_prefix("ring")?.strip_suffix("_addr")
            }),
        }
    }
}

/// What kind of address pcs calls it.
fn kind(address: &str) -> &'static str {
    match address.parse() {
        Ok(IpAddr::V4(_)) => "IPv4",
        Ok(IpAddr::V6(_)) => "IPv6",
        Err(_) => "FQDN",
    }
}

/// The settings that have a name here, sorted.
fn picked<'s>(
    settings: &'s [(String, String)],
    name_of: impl Fn(&'s str) -> Option<&'s str>,
) -> Pairs {
    let named = settings
        .iter()
        .filter_map(|(name, value)| Some((name_of(name)?.to_owned(), value.clone())));
    let mut named: Pairs = named.collect();
    named.sort();
    named
}

/// Options as an object.
pub(super) fn object(options: &[(String, String)]) -> Value {
    let members = options.iter();
    let members = members.map(|(name, value)| (name.clone(), Value::String(value.clone())));
    Value::Object(members.collect())
}

/// `pcsd status [NODE...]`, `status pcsd [NODE...]`
pub(super) fn pcsd_status(session: &mut Session<'_>, words: &[String]) -> Done {
    let nodes = match words {
        [] => session.node_names()?,
        words => words.to_vec(),
    };
    let is_json = is_json(session)?;
    let (states, are_online) = pcsd_states(session, &nodes)?;
    match is_json {
        true => session.print(&object(&states).to_string()),
        false => print_states(session, &states),
    }
    if are_online {
        Ok(())
    } else {
        Err(Refusal::Quiet)
    }
}

/// `cluster pcsd-status [NODE...]`
pub(super) fn old_pcsd_status(session: &mut Session<'_>, words: &[String]) -> Done {
    session.deprecated(
        "This command is deprecated and will be removed. Please use 'pcs pcsd status' or 'pcs \
         status pcsd' instead.",
    );
    pcsd_status(session, words)
}

/// Each node with what its pcsd answers, and whether all answer.
fn pcsd_states(session: &mut Session<'_>, nodes: &[String]) -> Done<(Pairs, bool)> {
    let asked = session.ask_hosts(nodes, &Request::Status)?;
    let are_online = asked.iter().all(|(_, asked)| asked.is_ok());
    let states = asked.into_iter().map(|(node, asked)| {
        let state = match asked {
            Ok(_) => "Online",
            Err(CallError::Refused(refusal)) if refusal.kind == RefusalKind::NotAuthorized => {
                "Unable to authenticate"
            }
            Err(CallError::OtherCertificate) => "Unable to authenticate",
            Err(_) => "Offline",
        };
        (node, state.to_owned())
    });
    Ok((states.collect(), are_online))
}

fn print_states(session: &mut Session<'_>, states: &[(String, String)]) {
    for (node, state) in states {
        session.print(&format!("  {node}: {state}"));
    }
}

/// The end of `cluster status`: which machines can be asked to do something.
pub(super) fn end_of_cluster_status(session: &mut Session<'_>) {
    let states = session
        .node_names()
        .and_then(|nodes| pcsd_states(session, &nodes));
    // A machine that was not set up by pcs knows nobody, and has nothing to say here.
    if let Ok((states, _)) = states {
        session.print("");
        session.print("PCSD Status:");
        print_states(session, &states);
    }
}

/// The end of `status`: the daemons of this machine, under the names that they have with pcs.
pub(super) fn end_of_status(session: &mut Session<'_>) {
    let status = session.local_status();
    let is_enabled = |is: bool| if is { "enabled" } else { "disabled" };
    // The cluster's daemon has just told how the cluster is.
    let daemon = is_enabled(status.as_ref().is_some_and(|it| it.is_enabled));
    let pcsd = match &status {
        Some(status) => format!("active/{}", is_enabled(status.is_managed)),
        None => "inactive/disabled".to_owned(),
    };
    session.print("");
    session.print("Daemon Status:");
    session.print(&format!("  corosync: active/{daemon}"));
    session.print(&format!("  pacemaker: active/{daemon}"));
    session.print(&format!("  pcsd: {pcsd}"));
}
