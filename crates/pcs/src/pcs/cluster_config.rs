//! `cluster config`, and what is said of the daemons: `pcsd status`, the ends of `status` and
//! `cluster status`.

use corosync_config::text::Section;
use pcsd_api::{CallError, RefusalKind, Request};

use super::quorum;
use super::session::{Done, Refusal, Session};

/// Options of totem that are shown elsewhere.
const SHOWN_BEFORE: [&str; 4] = ["version", "cluster_name", "cluster_uuid", "transport"];
/// Options of the transport, by its kind.
const TRANSPORT: [&str; 4] = ["ip_version", "knet_pmtud_interval", "link_mode", "netmtu"];

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
    let text = config_text(Section::parse(&text));
    session.print_text(&text);
    Ok(())
}

fn config_text(mut file: Section) -> String {
    let nodes = file.section("nodelist").sections.clone();
    let quorum = file.section("quorum").clone();
    let totem = file.section("totem");
    let mut lines = Vec::new();
    let mut head = |name: &str, keyword: &str| {
        if let Some(value) = totem.value(keyword) {
            lines.push(format!("{name}: {value}"));
        }
    };
    head("Cluster Name", "cluster_name");
    head("Cluster UUID", "cluster_uuid");
    let transport = totem.value("transport").unwrap_or("knet").to_owned();
    lines.push(format!("Transport: {transport}"));
    lines.push("Nodes:".to_owned());
    let mut nodes: Vec<_> = nodes.iter().collect();
    nodes.sort_by_key(|node| node.value("name").map(str::to_owned));
    for node in nodes {
        lines.push(format!("  {}:", node.value("name").unwrap_or_default()));
        for (keyword, value) in &node.settings {
            let link = keyword
                .strip_prefix("ring")
                .and_then(|it| it.strip_suffix("_addr"));
            if let Some(link) = link {
                lines.push(format!("    Link {link} address: {value}"));
            }
        }
        lines.push(format!(
            "    nodeid: {}",
            node.value("nodeid").unwrap_or_default()
        ));
    }
    let is_knet = transport == "knet";
    let links = totem.sections.iter().filter(|it| it.name == "interface");
    let links: Vec<&Section> = links.collect();
    if !links.is_empty() {
        lines.push("Links:".to_owned());
    }
    for link in links {
        let number = link.value("linknumber").unwrap_or("0");
        lines.push(format!("  Link {number}:"));
        let mut options: Vec<(&str, &str)> = link
            .settings
            .iter()
            .map(|(name, value)| (name.strip_prefix("knet_").unwrap_or(name), value.as_str()))
            .filter(|(name, _)| is_knet || *name != "linknumber")
            .collect();
        options.sort_unstable();
        lines.extend(
            options
                .iter()
                .map(|(name, value)| format!("    {name}: {value}")),
        );
    }
    let mut part = |title: &str, options: Vec<(String, String)>| {
        let mut options = options;
        options.sort();
        if !options.is_empty() {
            lines.push(format!("{title} Options:"));
        }
        lines.extend(
            options
                .iter()
                .map(|(name, value)| format!("  {name}: {value}")),
        );
    };
    let settings = &totem.settings;
    let prefixed = |prefix: &str| -> Vec<(String, String)> {
        let found = settings.iter();
        let found = found.filter_map(|(name, value)| {
            Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))
        });
        found.collect()
    };
    let is_other = |name: &str| {
        SHOWN_BEFORE.contains(&name)
            || TRANSPORT.contains(&name)
            || name.starts_with("knet_compression_")
            || name.starts_with("crypto_")
    };
    let only = |is_meant: &dyn Fn(&str) -> bool, from: &[(String, String)]| {
        let found = from.iter().filter(|(name, _)| is_meant(name));
        found.cloned().collect::<Vec<_>>()
    };
    part(
        "Transport",
        only(&|name| TRANSPORT.contains(&name), settings),
    );
    part("Compression", prefixed("knet_compression_"));
    part("Crypto", prefixed("crypto_"));
    part("Totem", only(&|name| !is_other(name), settings));
    part(
        "Quorum",
        only(&|name| quorum::OPTIONS.contains(&name), &quorum.settings),
    );
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `pcsd status [NODE...]`, `status pcsd [NODE...]`
pub(super) fn pcsd_status(session: &mut Session<'_>, words: &[String]) -> Done {
    let nodes = match words {
        [] => session.node_names()?,
        words => words.to_vec(),
    };
    let (lines, are_online) = pcsd_lines(session, &nodes)?;
    lines.iter().for_each(|line| session.print(line));
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

fn pcsd_lines(session: &mut Session<'_>, nodes: &[String]) -> Done<(Vec<String>, bool)> {
    let asked = session.ask_hosts(nodes, &Request::Status)?;
    let are_online = asked.iter().all(|(_, asked)| asked.is_ok());
    let lines = asked.iter().map(|(node, asked)| {
        let state = match asked {
            Ok(_) => "Online",
            Err(CallError::Refused(refusal)) if refusal.kind == RefusalKind::NotAuthorized => {
                "Unable to authenticate"
            }
            Err(CallError::OtherCertificate) => "Unable to authenticate",
            Err(_) => "Offline",
        };
        format!("  {node}: {state}")
    });
    Ok((lines.collect(), are_online))
}

/// The end of `cluster status`: which machines can be asked to do something.
pub(super) fn end_of_cluster_status(session: &mut Session<'_>) {
    let lines = session
        .node_names()
        .and_then(|nodes| pcsd_lines(session, &nodes));
    // A machine that was not set up by pcs knows nobody, and has nothing to say here.
    if let Ok((lines, _)) = lines {
        session.print("");
        session.print("PCSD Status:");
        lines.iter().for_each(|line| session.print(line));
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
