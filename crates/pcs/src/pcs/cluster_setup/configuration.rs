//! A wish as `corosync.conf`, as pcs 0.11 writes it.

use corosync_config::text::Section;

use super::super::hosts::quoted;
use super::super::session::{Done, Refusal, Session};
use super::wish::{Pairs, Wish};

/// Options, with the beginning of the keyword that each becomes.
struct Allowed {
    /// What the options are called together.
    kind: &'static str,
    names: &'static [&'static str],
}

const KNET: Allowed = Allowed {
    kind: "knet transport",
    names: &["ip_version", "knet_pmtud_interval", "link_mode"],
};
const UDP: Allowed = Allowed {
    kind: "udp/udpu transport",
    names: &["ip_version", "netmtu"],
};
const KNET_LINK: Allowed = Allowed {
    kind: "link",
    names: &[
        "link_priority",
        "linknumber",
        "mcastport",
        "ping_interval",
        "ping_precision",
        "ping_timeout",
        "pong_count",
        "transport",
    ],
};
const UDP_LINK: Allowed = Allowed {
    kind: "link",
    names: &["bindnetaddr", "broadcast", "mcastaddr", "mcastport", "ttl"],
};
const COMPRESSION: Allowed = Allowed {
    kind: "compression",
    names: &["level", "model", "threshold"],
};
const CRYPTO: Allowed = Allowed {
    kind: "crypto",
    names: &["cipher", "hash", "model"],
};
const TOTEM: Allowed = Allowed {
    kind: "totem",
    names: &[
        "block_unlisted_ips",
        "consensus",
        "downcheck",
        "fail_recv_const",
        "heartbeat_failures_allowed",
        "hold",
        "join",
        "max_messages",
        "max_network_delay",
        "merge",
        "miss_count_const",
        "send_join",
        "seqno_unchanged_const",
        "token",
        "token_coefficient",
        "token_retransmit",
        "token_retransmits_before_loss_const",
        "window_size",
    ],
};
const QUORUM: Allowed = Allowed {
    kind: "quorum",
    names: &[
        "auto_tie_breaker",
        "last_man_standing",
        "last_man_standing_window",
        "wait_for_all",
    ],
};
/// Options of knet's links that have no prefix in the file.
const UNPREFIXED: [&str; 2] = ["linknumber", "mcastport"];

impl Allowed {
    fn check(&self, session: &mut Session<'_>, options: &Pairs) {
        let strange = options.iter().map(|(name, _)| name.as_str());
        let strange: Vec<&str> = strange.filter(|name| !self.names.contains(name)).collect();
        if strange.is_empty() {
            return;
        }
        let (options, kind) = (quoted(strange.iter().copied()), self.kind);
        let s = if strange.len() == 1 { "" } else { "s:" };
        let allowed = quoted(self.names.iter().copied());
        session.error(&format!(
            "invalid {kind} option{s} {options}, allowed options are: {allowed}"
        ));
    }
}

impl Wish {
    /// The text of the file. Options that there are not are reported.
    pub fn configuration(&self, session: &mut Session<'_>) -> Done<String> {
        if !["knet", "udp", "udpu"].contains(&self.transport.as_str()) {
            return Err(Refusal::said(format!(
                "'{}' is not a valid transport value, use 'knet', 'udp', 'udpu'",
                self.transport
            )));
        }
        let (transport, link) = match self.is_knet() {
            true => (KNET, KNET_LINK),
            false => (UDP, UDP_LINK),
        };
        transport.check(session, &self.transport_options);
        self.links
            .iter()
            .for_each(|options| link.check(session, options));
        COMPRESSION.check(session, &self.compression);
        CRYPTO.check(session, &self.crypto);
        TOTEM.check(session, &self.totem);
        QUORUM.check(session, &self.quorum);
        let is_knet_only = !self.compression.is_empty() || !self.crypto.is_empty();
        if is_knet_only && !self.is_knet() {
            session.error(&format!(
                "Options of compression and crypto cannot be used with transport '{}'",
                self.transport
            ));
        }
        let file = Section {
            sections: vec![
                self.totem(session)?,
                self.nodelist(),
                self.quorum(),
                logging(),
            ],
            ..Section::default()
        };
        Ok(file.to_string())
    }

    fn totem(&self, session: &mut Session<'_>) -> Done<Section> {
        let mut totem = Section::new("totem")
            .with("version", "2")
            .with("cluster_name", &self.name)
            .with("transport", &self.transport);
        let mut add = |prefix: &str, options: &Pairs| {
            for (name, value) in sorted(options) {
                totem.settings.push((format!("{prefix}{name}"), value));
            }
        };
        add("", &self.totem);
        add("", &self.transport_options);
        add("knet_compression_", &self.compression);
        if self.is_knet() {
            let mut crypto = self.crypto.clone();
            for (name, default) in [("cipher", "aes256"), ("hash", "sha256")] {
                if !crypto.iter().any(|(given, _)| given == name) {
                    crypto.push((name.to_owned(), default.to_owned()));
                }
            }
            add("crypto_", &crypto);
        }
        if !session.options.has("--no-cluster-uuid") {
            let uuid = session.hosts.random_digits().map_err(Refusal::said)?;
            totem.set("cluster_uuid", Some(&uuid));
        }
        totem.sections = self.interfaces()?;
        Ok(totem)
    }

    /// One section for each `link`, with the number that it names or the next one.
    fn interfaces(&self) -> Done<Vec<Section>> {
        let number_of = |options: &Pairs| {
            let named = options.iter().find(|(name, _)| name == "linknumber");
            named.map(|(_, number)| number.clone())
        };
        let named: Vec<String> = self.links.iter().filter_map(number_of).collect();
        let mut free = (0_u32..).map(|number| number.to_string());
        let mut free = free.by_ref().filter(|number| !named.contains(number));
        let mut sections = Vec::new();
        for options in &self.links {
            let number = number_of(options)
                .or_else(|| free.next())
                .unwrap_or_default();
            let mut all: Pairs = options
                .iter()
                .filter(|(name, _)| name != "linknumber")
                .cloned()
                .collect();
            all = all
                .into_iter()
                .map(|(name, value)| (self.link_keyword(&name), value))
                .collect();
            all.push(("linknumber".to_owned(), number.clone()));
            let mut section = Section::new("interface");
            section.settings = sorted(&all);
            sections.push((number, section));
        }
        sections.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(sections.into_iter().map(|(_, section)| section).collect())
    }

    fn link_keyword(&self, name: &str) -> String {
        if self.is_knet() && !UNPREFIXED.contains(&name) {
            format!("knet_{name}")
        } else {
            name.to_owned()
        }
    }

    fn nodelist(&self) -> Section {
        let nodes = self.nodes.iter().zip(1_u32..);
        let nodes = nodes.map(|(node, id)| node_section(&node.name, id, &node.addresses));
        Section {
            sections: nodes.collect(),
            ..Section::new("nodelist")
        }
    }

    fn quorum(&self) -> Section {
        let mut quorum = Section::new("quorum").with("provider", "corosync_votequorum");
        quorum.settings.extend(sorted(&self.quorum));
        fit_two_node(&mut quorum, self.nodes.len());
        quorum
    }
}

/// The section of a node.
pub(in super::super) fn node_section(name: &str, id: u32, addresses: &[String]) -> Section {
    let mut section = Section::new("node");
    for (link, address) in addresses.iter().enumerate() {
        section.set(&format!("ring{link}_addr"), Some(address));
    }
    section.with("name", name).with("nodeid", id.to_string())
}

/// Two nodes keep quorum without each other, unless a tie-breaker decides.
pub(in super::super) fn fit_two_node(quorum: &mut Section, nodes: usize) {
    let breaks_ties = quorum.value("auto_tie_breaker") == Some("1");
    let has_device = quorum.sections.iter().any(|it| it.name == "device");
    let is_two_node = nodes == 2 && !breaks_ties && !has_device;
    quorum.set("two_node", is_two_node.then_some("1"));
}

fn logging() -> Section {
    Section::new("logging")
        .with("to_logfile", "yes")
        .with("logfile", "/var/log/corosync/corosync.log")
        .with("to_syslog", "yes")
        .with("timestamp", "on")
}

fn sorted(options: &Pairs) -> Pairs {
    let mut sorted = options.clone();
    sorted.sort();
    sorted
}
