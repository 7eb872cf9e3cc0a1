//! `cluster node add|remove`: the nodes of a cluster that is stopped become others.
//!
//! A daemon knows the nodes that its configuration had when it started, and all must know the same: so
//! the cluster is stopped first, which is checked.

use corosync_config::Configuration;
use corosync_config::text::Section;
use pcsd_api::{Answer, Bundle, CallError, KnownHosts, NodeStatus, Replaces, Request, Secret};

use super::cluster_life::wait_s;
use super::cluster_setup::{
    WishedNode, all_done, busy_text, check_text, fit_two_node, node_section, put_into_place,
    quoted_names, wished_nodes,
};
use super::hosts::{Authority, failure_text, quoted};
use super::quorum::raise_version;
use super::session::{Done, Refusal, Session};
use crate::files::reason;

/// `cluster node add NODE [addr=ADDRESS]... [--start [--wait[=SECONDS]]] [--enable]`
pub(super) fn add(session: &mut Session<'_>, words: &[String]) -> Done {
    let Ok([mut node]) = <[WishedNode; 1]>::try_from(wished_nodes(words)?) else {
        return Err(Refusal::Usage);
    };
    if session.options.has("--wait") && !session.options.has("--start") {
        return Err(Refusal::said(
            "Cannot specify '--wait' without specifying '--start'",
        ));
    }
    let joined_within_ms = wait_s(session)?.map(|wait_s| wait_s.saturating_mul(1000));
    let (configuration, mut file) = present(session)?;
    let known = session.known_hosts()?;
    complete(session, &mut node, &known);
    check_new(session, &configuration, &node);
    session.check()?;
    let mut names = names_of(&configuration);
    check_free(session, &names, &node.name)?;

    let ids = configuration.nodes.iter().map(|node| node.id.value);
    let id = ids.max().unwrap_or(0).saturating_add(1);
    let section = node_section(&node.name, id, &node.addresses);
    file.section("nodelist").sections.push(section);
    fit_two_node(file.section("quorum"), names.len() + 1);
    let text = raised_text(&mut file)?;

    let authority = authority(session, &configuration)?;
    let cluster = &configuration.cluster_name.value;
    let made = session
        .hosts
        .make_keys(cluster, Some(&authority), &[(id, node.name.clone())]);
    let made = made.map_err(|it| Refusal::said(format!("Unable to make the node's keys: {it}")))?;
    names.push(node.name.clone());
    let bundle = Bundle {
        id: session.hosts.random_digits().map_err(Refusal::said)?,
        configuration: text,
        keys: None,
        hosts: known.only(names.iter().map(String::as_str)),
        replaces: Replaces::SameCluster,
    };
    let bundles = names.iter().map(|name| {
        let mut bundle = bundle.clone();
        if *name == node.name {
            bundle.keys = made.first().cloned();
            bundle.replaces = match session.is_forced() {
                true => Replaces::AnyCluster,
                false => Replaces::Nothing,
            };
        }
        (name.clone(), bundle)
    });
    let bundles = bundles.collect();
    session.say("Sending updated corosync.conf to nodes...");
    put_into_place(session, bundles, &[])?;
    names
        .iter()
        .for_each(|name| session.say(&format!("{name}: Succeeded")));
    let new = [node.name];
    if session.options.has("--enable") {
        session.say(&format!(
            "Enabling cluster on hosts: {}...",
            quoted_names(&new)
        ));
        all_done(session, &new, &Request::Enable)?;
    }
    if session.options.has("--start") {
        session.say(&format!(
            "Starting cluster on hosts: {}...",
            quoted_names(&new)
        ));
        all_done(session, &new, &Request::Start { joined_within_ms })?;
    }
    Ok(())
}

/// The cluster's configuration as it is, understood and as text.
fn present(session: &mut Session<'_>) -> Done<(Configuration, Section)> {
    let (path, text) = session.configuration_text()?;
    if text.trim_start().starts_with('<') {
        return Err(Refusal::said(format!(
            "{path} is a configuration of CMAN: use 'ccs --addnode' and 'ccs --rmnode', and copy it to all nodes"
        )));
    }
    Ok((session.configuration()?, Section::parse(&text)))
}

fn names_of(configuration: &Configuration) -> Vec<String> {
    let nodes = configuration.nodes.iter();
    nodes.map(|node| node.name.value.clone()).collect()
}

/// A node without addresses is where its pcsd is.
fn complete(session: &mut Session<'_>, node: &mut WishedNode, known: &KnownHosts) {
    let name = &node.name;
    let Some(host) = known.host(name) else {
        session.error(&format!(
            "Host '{name}' is not known to pcs, try to authenticate the host using 'pcs host auth \
             {name}' command"
        ));
        return;
    };
    if node.addresses.is_empty() {
        let place = host.destinations.first();
        let address = place.map_or(name, |place| &place.address).clone();
        session.say(&format!(
            "No addresses specified for host '{name}', using '{address}'"
        ));
        node.addresses.push(address);
    }
}

fn check_new(session: &mut Session<'_>, configuration: &Configuration, node: &WishedNode) {
    let taken = |what: &str, it: &str| {
        format!("Node {what} '{it}' is already used by existing nodes; please, use other {what}")
    };
    if configuration.node_named(&node.name).is_some() {
        session.error(&taken("name", &node.name));
    }
    let present: Vec<String> = configuration
        .nodes
        .iter()
        .flat_map(|node| {
            node.addresses
                .values()
                .map(|address| address.value.to_string())
        })
        .collect();
    for address in node.addresses.iter().filter(|it| present.contains(it)) {
        session.error(&taken("address", address));
    }
    let links = configuration.links.len();
    if node.addresses.len() != links {
        let es = if links == 1 { "" } else { "es" };
        session.error(&format!(
            "{links} address{es} must be specified for a node, {} addresses specified for node '{}'",
            node.addresses.len(),
            node.name
        ));
    }
    let unresolved: Vec<&String> = node
        .addresses
        .iter()
        .filter(|address| !session.hosts.is_resolved(address))
        .collect();
    if !unresolved.is_empty() {
        let list = quoted(unresolved.into_iter().map(String::as_str));
        session.objection(&format!("Unable to resolve addresses: {list}"));
    }
}

/// That the nodes that there are are stopped, and the new one is none.
fn check_free(session: &mut Session<'_>, present: &[String], new: &str) -> Done {
    check_stopped(session, present)?;
    match session
        .ask_hosts(&[new.to_owned()], &Request::Status)?
        .pop()
    {
        Some((_, Ok(Answer::Status(status)))) => {
            if let Some(text) = busy_text(&status) {
                session.objection(&format!("{new}: {text}"));
            }
        }
        Some((_, Err(error))) => session.error(&format!("{new}: {}", failure_text(new, &error))),
        _ => session.error(&format!(
            "{new}: {}",
            CallError::Odd("no status".to_owned())
        )),
    }
    session.check()
}

fn check_stopped(session: &mut Session<'_>, nodes: &[String]) -> Done {
    let is_running = |status: &NodeStatus| status.is_running;
    for (node, asked) in session.ask_hosts(nodes, &Request::Status)? {
        match asked {
            Ok(Answer::Status(status)) if is_running(&status) => session.error(&format!(
                "{node}: the cluster is running: its nodes are changed while it is stopped, use \
                 'pcs cluster stop --all'"
            )),
            Ok(_) => {}
            Err(error) => session.error(&format!("{node}: {}", failure_text(&node, &error))),
        }
    }
    session.check()
}

/// The authority that every node has.
fn authority(session: &mut Session<'_>, configuration: &Configuration) -> Done<Authority> {
    let folder = configuration.keel.certificates_folder();
    let mut read = |name: &str| {
        let path = format!("{folder}/{name}");
        match session.files.read(&path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => Err(Refusal::said(format!(
                "Unable to read {path}: {}: nodes are added where the cluster's authority is",
                reason(&error)
            ))),
        }
    };
    Ok(Authority {
        certificate: read("authority.pem")?,
        key: Secret::new(read("authority.key")?),
    })
}

fn raised_text(file: &mut Section) -> Done<String> {
    raise_version(file);
    let text = file.to_string();
    check_text(&text)?;
    Ok(text)
}

/// `cluster node remove|delete NODE... [--skip-offline]`
pub(super) fn remove(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    let (configuration, mut file) = present(session)?;
    let all = names_of(&configuration);
    for name in words.iter().filter(|name| !all.contains(name)) {
        session.error(&format!(
            "Node '{name}' does not appear to exist in configuration"
        ));
    }
    session.check()?;
    let stay: Vec<String> = all
        .into_iter()
        .filter(|name| !words.contains(name))
        .collect();
    if stay.is_empty() {
        return Err(Refusal::said(
            "No nodes would be left in the cluster, use 'pcs cluster destroy --all' to destroy it",
        ));
    }
    check_stopped(session, &stay)?;
    let may_be_offline = session.options.has("--skip-offline") || session.is_forced();
    for (name, asked) in session.ask_hosts(words, &Request::Status)? {
        if let Err(error) = asked {
            let text = format!("{name}: {}", failure_text(&name, &error));
            match may_be_offline {
                true => session.warn(&text),
                false => session.error(&format!("{text}, use --skip-offline to override")),
            }
        }
    }
    session.check()?;
    let is_gone = |node: &Section| {
        let name = node.value("name").or(node.value("ring0_addr"));
        name.is_some_and(|name| words.iter().any(|word| word == name))
    };
    file.section("nodelist")
        .sections
        .retain(|node| !is_gone(node));
    fit_two_node(file.section("quorum"), stay.len());
    let bundle = Bundle {
        id: session.hosts.random_digits().map_err(Refusal::said)?,
        configuration: raised_text(&mut file)?,
        keys: None,
        hosts: KnownHosts::default(),
        replaces: Replaces::SameCluster,
    };
    let bundles = stay.iter().map(|name| (name.clone(), bundle.clone()));
    session.say("Sending updated corosync.conf to nodes...");
    put_into_place(session, bundles.collect(), &[])?;
    stay.iter()
        .for_each(|name| session.say(&format!("{name}: Succeeded")));
    session.say(&format!(
        "Destroying cluster on hosts: {}...",
        quoted_names(words)
    ));
    for (name, asked) in session.ask_hosts(words, &Request::Destroy)? {
        match asked {
            Ok(_) => session.say(&format!("{name}: Successfully destroyed cluster")),
            Err(error) => session.warn(&format!(
                "{name}: {}: run 'pcs cluster destroy' there before it is started again",
                failure_text(&name, &error)
            )),
        }
    }
    Ok(())
}
