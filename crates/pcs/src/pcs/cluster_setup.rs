//! `cluster setup`: machines become a cluster, all of them or none.
//!
//! ```text
//! words ─► wish ─► corosync.conf, keys
//!                      │
//!   every host:  status ─► prepare ─► commit ─► enable ─► start
//!                            └─ one refuses: abort on all, nothing has changed
//! ```

mod configuration;
mod wish;

use corosync_config::{Configuration, MAX_LINKS};
use diagnostics::Sources;
use pcsd_api::{
    Answer, Bundle, CallError, KnownHosts, NodeKeys, NodeStatus, RefusalKind, Replaces, Request,
};

use super::cluster_life::wait_s;
use super::hosts::{Asked, failure_text, quoted};
use super::session::{Done, Refusal, Session};
use crate::files::reason;
pub(super) use configuration::{fit_two_node, node_section};
pub(super) use wish::{Wish, WishedNode, wished_nodes};

/// What is sent to every node, as it is called.
const FILES: [&str; 2] = ["cluster keys", "corosync.conf"];

/// `cluster setup NAME (NODE [addr=ADDRESS]...)... [transport …] [totem …] [quorum …]`, and as pcs 0.9
/// has it: `cluster setup --name NAME NODE[,ADDRESS]...`
pub(super) fn setup(session: &mut Session<'_>, words: &[String]) -> Done {
    let mut wish = Wish::parse(session, words)?;
    let is_local = session.options.value("--corosync_conf").is_some();
    if is_local {
        let alone = ["--start", "--enable", "--wait"];
        if let Some(option) = alone.into_iter().find(|it| session.options.has(it)) {
            return Err(Refusal::said(format!(
                "Cannot specify both '--corosync_conf' and '{option}'"
            )));
        }
    } else if session.options.has("--wait") && !session.options.has("--start") {
        return Err(Refusal::said(
            "Cannot specify '--wait' without specifying '--start'",
        ));
    }
    let wait_s = wait_s(session)?;
    let known = session.known_hosts()?;
    if !is_local {
        check_known(session, &wish, &known);
    }
    fill_addresses(session, &mut wish, &known);
    check_addresses(session, &wish);
    let text = wish.configuration(session)?;
    session.check()?;
    let configuration = check_text(&text)?;
    if let Some(path) = session.options.value("--corosync_conf") {
        return write_locally(session, path, &text);
    }
    let names = wish.names();
    check_hosts(session, &names, &known)?;
    distribute(session, &wish, &configuration, &text, &known)?;
    session.say("Cluster has been successfully set up.");
    if session.options.has("--enable") {
        session.say(&format!(
            "Enabling cluster on hosts: {}...",
            quoted_names(&names)
        ));
        all_done(session, &names, &Request::Enable)?;
    }
    if session.options.has("--start") {
        session.say(&format!(
            "Starting cluster on hosts: {}...",
            quoted_names(&names)
        ));
        let joined_within_ms = wait_s.map(|wait_s| wait_s.saturating_mul(1000));
        all_done(session, &names, &Request::Start { joined_within_ms })?;
    }
    if wait_s.is_some() {
        names
            .iter()
            .for_each(|node| session.say(&format!("{node}: Cluster started")));
    }
    Ok(())
}

pub(super) fn quoted_names(names: &[String]) -> String {
    quoted(names.iter().map(String::as_str))
}

fn check_known(session: &mut Session<'_>, wish: &Wish, known: &KnownHosts) {
    let names = wish.names();
    let unknown = names.iter().filter(|name| known.host(name).is_none());
    let unknown: Vec<&str> = unknown.map(String::as_str).collect();
    if unknown.is_empty() {
        return;
    }
    let (hosts, are, the) = match unknown.len() {
        1 => ("Host", "is", "the host"),
        _ => ("Hosts", "are", "the hosts"),
    };
    let list = unknown.join(" ");
    session.error(&format!(
        "{hosts} {} {are} not known to pcs, try to authenticate {the} using 'pcs host auth {list}' \
         command",
        quoted(unknown.iter().copied())
    ));
    if unknown.len() == names.len() {
        session.error("None of hosts is known to pcs.");
    }
}

/// Who has no address is where its pcsd is.
fn fill_addresses(session: &mut Session<'_>, wish: &mut Wish, known: &KnownHosts) {
    for node in wish
        .nodes
        .iter_mut()
        .filter(|node| node.addresses.is_empty())
    {
        let place = known
            .host(&node.name)
            .and_then(|host| host.destinations.first());
        let address = place.map_or(&node.name, |place| &place.address).clone();
        session.say(&format!(
            "No addresses specified for host '{}', using '{address}'",
            node.name
        ));
        node.addresses.push(address);
    }
}

fn check_addresses(session: &mut Session<'_>, wish: &Wish) {
    let most = usize::from(wish.max_links());
    for node in wish.nodes.iter().filter(|node| node.addresses.len() > most) {
        let allowed = match most {
            1 => "1 address".to_owned(),
            most => format!("At least 1 and at most {most} addresses"),
        };
        session.error(&format!(
            "{allowed} must be specified for a node, {} addresses specified for node '{}'",
            node.addresses.len(),
            node.name
        ));
    }
    let all = wish.nodes.iter().flat_map(|node| &node.addresses);
    let all: Vec<&str> = all.map(String::as_str).collect();
    let twice = all.iter().enumerate();
    let twice = twice.filter(|(at, address)| all[..*at].contains(address));
    let twice: Vec<&str> = twice.map(|(_, address)| *address).collect();
    if !twice.is_empty() {
        let list = quoted(twice);
        session.error(&format!(
            "Node addresses must be unique, duplicate addresses: {list}"
        ));
    }
    let unresolved = all
        .iter()
        .filter(|address| !session.hosts.is_resolved(address));
    let unresolved: Vec<&str> = unresolved.copied().collect();
    if !unresolved.is_empty() {
        session.objection(&format!(
            "Unable to resolve addresses: {}",
            quoted(unresolved)
        ));
    }
}

/// Reads what was written: nothing is sent that a daemon would refuse.
pub(super) fn check_text(text: &str) -> Done<Configuration> {
    let mut sources = Sources::default();
    let loaded = corosync_config::load("corosync.conf", text, &mut sources);
    loaded.configuration.ok_or_else(|| {
        let errors = loaded.diagnostics.iter();
        let rendered: String = errors
            .map(|message| diagnostics::render(&sources, message, false))
            .collect();
        Refusal::said(format!(
            "the configuration would not be valid\n{}",
            rendered.trim_end()
        ))
    })
}

fn write_locally(session: &mut Session<'_>, path: &str, text: &str) -> Done {
    if session.files.read(path).is_ok() && !session.options.has("--overwrite") {
        return Err(Refusal::said(format!(
            "corosync.conf file '{path}' already exists, use --overwrite to override"
        )));
    }
    let written = session.files.write(path, text);
    written.map_err(|it| {
        Refusal::said(format!(
            "Unable to write corosync.conf '{path}': {}",
            reason(&it)
        ))
    })
}

/// That each host answers, is itself, and is free.
fn check_hosts(session: &mut Session<'_>, names: &[String], known: &KnownHosts) -> Done {
    let certificate = |name: &String| known.host(name).map(|host| &host.certificate);
    for (at, name) in names.iter().enumerate() {
        let same = names[..at]
            .iter()
            .find(|other| certificate(other) == certificate(name));
        if let Some(other) = same {
            session.error(&format!("Hosts '{other}' and '{name}' are one machine"));
        }
    }
    let mut is_any_busy = false;
    for (name, asked) in session.ask_hosts(names, &Request::Status)? {
        match asked {
            Ok(Answer::Status(status)) => {
                if let Some(text) = busy_text(&status) {
                    is_any_busy = true;
                    match session.is_forced() {
                        true => session.warn(&format!("{name}: {text}")),
                        false => session.error(&format!("{name}: {text}")),
                    }
                }
            }
            Ok(other) => {
                session.error(&format!("{name}: {}", CallError::Odd(format!("{other:?}"))))
            }
            Err(error) => session.error(&format!("{name}: {}", failure_text(&name, &error))),
        }
    }
    if is_any_busy && !session.is_forced() {
        session.objection(
            "Some nodes are already in a cluster. Enforcing this will destroy existing cluster on \
             those nodes. You should remove the nodes from their clusters instead to keep the \
             clusters working properly",
        );
    }
    session.check()
}

pub(super) fn busy_text(status: &NodeStatus) -> Option<&'static str> {
    if status.is_running {
        return Some(
            "Running cluster services: 'keel cluster', the host seems to be in a cluster already",
        );
    }
    let text = "Cluster configuration files found, the host seems to be in a cluster already";
    status.cluster.is_some().then_some(text)
}

fn distribute(
    session: &mut Session<'_>,
    wish: &Wish,
    configuration: &Configuration,
    text: &str,
    known: &KnownHosts,
) -> Done {
    let names = wish.names();
    let made = session
        .hosts
        .make_keys(&wish.name, None, &ids(configuration));
    let keys = made.map_err(|it| Refusal::said(format!("Unable to make the nodes' keys: {it}")))?;
    let id = session.hosts.random_digits().map_err(Refusal::said)?;
    let hosts = known.only(names.iter().map(String::as_str));
    let replaces = match session.is_forced() {
        true => Replaces::AnyCluster,
        false => Replaces::Nothing,
    };
    if session.is_forced() {
        session.say(&format!(
            "Destroying cluster on hosts: {}...",
            quoted_names(&names)
        ));
    }
    session.say(&format!(
        "Sending {} to {}",
        quoted(FILES),
        quoted_names(&names)
    ));
    let bundle = |keys: NodeKeys| Bundle {
        id: id.clone(),
        configuration: text.to_owned(),
        keys: Some(keys),
        hosts: hosts.clone(),
        replaces,
    };
    let bundles = names
        .iter()
        .cloned()
        .zip(keys.into_iter().map(bundle))
        .collect();
    put_into_place(session, bundles, &FILES)
}

/// Ids and names of all nodes.
pub(super) fn ids(configuration: &Configuration) -> Vec<(u32, String)> {
    let nodes = configuration.nodes.iter();
    nodes
        .map(|node| (node.id.value, node.name.value.clone()))
        .collect()
}

/// Sends bundles and has them put into place: on all hosts, or on none.
pub(super) fn put_into_place(
    session: &mut Session<'_>,
    bundles: Vec<(String, Bundle)>,
    files: &[&str],
) -> Done {
    let names: Vec<String> = bundles.iter().map(|(name, _)| name.clone()).collect();
    let id = bundles
        .first()
        .map(|(_, bundle)| bundle.id.clone())
        .unwrap_or_default();
    let prepare = bundles
        .into_iter()
        .map(|(name, bundle)| (name, Request::Prepare(Box::new(bundle))));
    let prepared = session.ask_each(prepare.collect())?;
    let is_ready = prepared.iter().all(|(_, asked)| asked.is_ok());
    if !is_ready {
        errors(session, &prepared);
        // What cannot be reached now takes it away when it is asked to prepare again.
        session.ask_hosts(&names, &Request::Abort { id })?;
        return session.check();
    }
    let committed = session.ask_hosts(&names, &Request::Commit { id })?;
    for (name, _) in committed.iter().filter(|(_, asked)| asked.is_ok()) {
        for file in files {
            session.say(&format!(
                "{name}: successful distribution of the file '{file}'"
            ));
        }
    }
    errors(session, &committed);
    let is_partial = committed.iter().any(|(_, asked)| asked.is_err())
        && committed.iter().any(|(_, asked)| asked.is_ok());
    if is_partial {
        session.error(
            "some hosts have the new files and others do not: repair what is named above and repeat \
             the command with --force",
        );
    }
    session.check()
}

fn errors(session: &mut Session<'_>, asked: &[(String, Asked)]) {
    for (name, asked) in asked {
        if let Err(error) = asked {
            session.error(&format!("{name}: {}", failure_text(name, error)));
            if matches!(error, CallError::Refused(refusal) if refusal.kind == RefusalKind::HasCluster)
            {
                session.error(&format!("{name}: use --force to destroy that cluster"));
            }
        }
    }
}

pub(super) fn all_done(session: &mut Session<'_>, names: &[String], request: &Request) -> Done {
    let asked = session.ask_hosts(names, request)?;
    errors(session, &asked);
    session.check()
}

impl Wish {
    /// How many links the transport has, at most.
    fn max_links(&self) -> u8 {
        if self.is_knet() { MAX_LINKS } else { 1 }
    }
}
