//! `cluster start|stop|kill|enable|disable|destroy`: the life of the cluster's daemons.

use pcsd_api::{Answer, Quorum, Request};

use super::hosts::{Asked, failure_text, quoted};
use super::session::{Done, Refusal, Session};

/// How long `--wait` waits where it does not say, in seconds.
const DEFAULT_WAIT_S: u64 = 60;

/// Whose life it is about.
enum Whose {
    /// This machine's.
    Own,
    /// Those of these nodes.
    Of(Vec<String>),
}

fn whose(session: &mut Session<'_>, words: &[String]) -> Done<Whose> {
    match (words, session.options.has("--all")) {
        ([], false) => Ok(Whose::Own),
        ([], true) => Ok(Whose::Of(session.node_names()?)),
        (_, true) => Err(Refusal::said(
            "Cannot specify both --all and a list of nodes.",
        )),
        (words, false) => Ok(Whose::Of(words.to_vec())),
    }
}

/// `cluster start [--all | NODE...] [--wait[=SECONDS]]`
pub(super) fn start(session: &mut Session<'_>, words: &[String]) -> Done {
    let wait_s = wait_s(session)?;
    let joined_within_ms = wait_s.map(|wait_s| wait_s.saturating_mul(1000));
    let request = Request::Start { joined_within_ms };
    match whose(session, words)? {
        Whose::Own => {
            session.say("Starting Cluster...");
            if wait_s.is_some() {
                session.say("Waiting for node(s) to start...");
            }
            session.do_locally(&request, "Unable to start the cluster")?;
            if wait_s.is_some() {
                session.say("Started");
            }
            Ok(())
        }
        Whose::Of(nodes) => {
            let asked = session.ask_hosts(&nodes, &request)?;
            report(session, &asked, "Starting Cluster...", "start")?;
            if wait_s.is_some() {
                session.say("Waiting for node(s) to start...");
                nodes
                    .iter()
                    .for_each(|node| session.say(&format!("{node}: Started")));
            }
            Ok(())
        }
    }
}

/// What `--wait` says, in seconds.
pub(super) fn wait_s(session: &Session<'_>) -> Done<Option<u64>> {
    let Some(text) = session.options.value("--wait") else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(Some(DEFAULT_WAIT_S));
    }
    let wait_s = text.parse().ok().filter(|wait_s| *wait_s > 0);
    let wait_s = wait_s.ok_or_else(|| {
        Refusal::said(format!(
            "'{text}' is not a valid interval of time, use a positive integer"
        ))
    });
    wait_s.map(Some)
}

/// `cluster stop [--all | NODE...] [--force]`
pub(super) fn stop(session: &mut Session<'_>, words: &[String]) -> Done {
    let is_all = session.options.has("--all");
    match whose(session, words)? {
        Whose::Own => {
            stop_own_checked(session)?;
            session.say("Stopping Cluster (pacemaker)...");
            session.say("Stopping Cluster (corosync)...");
            session.do_locally(&Request::Stop, "Unable to stop the cluster")
        }
        Whose::Of(nodes) => {
            let all = session.node_names()?;
            let strange = nodes.iter().filter(|node| !all.contains(node));
            let strange: Vec<&str> = strange.map(String::as_str).collect();
            if !strange.is_empty() {
                let names = quoted(strange);
                return Err(Refusal::said(format!(
                    "nodes {names} do not appear to exist in configuration"
                )));
            }
            let leaves_some = all.iter().any(|node| !nodes.contains(node));
            if !is_all && leaves_some && !session.is_forced() {
                check_quorum(session, &all, &nodes)?;
            }
            let asked = session.ask_hosts(&nodes, &Request::Stop)?;
            report(session, &asked, "Stopping Cluster (pacemaker)...", "stop")?;
            nodes
                .iter()
                .for_each(|node| session.say(&format!("{node}: Stopping Cluster (corosync)...")));
            Ok(())
        }
    }
}

const WOULD_LOSE_QUORUM: &str = "will cause a loss of the quorum, use --force to override";

fn stop_own_checked(session: &mut Session<'_>) -> Done {
    if session.is_forced() {
        return Ok(());
    }
    let Some(status) = session.local_status() else {
        // That it does not answer is told by the request itself.
        return Ok(());
    };
    let Some(quorum) = status.quorum else {
        return Ok(());
    };
    // The node's own name is the one whose machine this is: of one machine alone there is no other.
    let names = session.node_names()?;
    let own = own_name(session, &names, &status.host);
    let lost = own.is_some_and(|own| quorum.is_lost_without(&[&own]));
    // The last one may go: there is nobody left who could lose anything.
    if lost && quorum.members.len() > 1 {
        return Err(Refusal::said(format!(
            "Stopping the node {WOULD_LOSE_QUORUM}"
        )));
    }
    Ok(())
}

/// Which node this machine is: by its name, else the one whose pcsd is this machine's.
fn own_name(session: &mut Session<'_>, names: &[String], host: &str) -> Option<String> {
    let short = host.split('.').next().unwrap_or_default();
    let by_name = names.iter().find(|name| *name == host || *name == short);
    if let Some(name) = by_name {
        return Some(name.clone());
    }
    let asked = session.ask_hosts(names, &Request::Status).ok()?;
    let is_own = |asked: &Asked| matches!(asked, Ok(Answer::Status(status)) if status.host == host);
    let found = asked.into_iter().find(|(_, asked)| is_own(asked));
    found.map(|(name, _)| name)
}

fn check_quorum(session: &mut Session<'_>, all: &[String], leaving: &[String]) -> Done {
    let leaving: Vec<&str> = leaving.iter().map(String::as_str).collect();
    let quorum = match session.local_status().and_then(|status| status.quorum) {
        Some(quorum) => Some(quorum),
        // This machine is not in the cluster now: those that are know.
        None => any_quorum(session, all)?,
    };
    if quorum.is_some_and(|quorum| quorum.is_lost_without(&leaving)) {
        return Err(Refusal::said(format!(
            "Stopping the node(s) {WOULD_LOSE_QUORUM}"
        )));
    }
    Ok(())
}

fn any_quorum(session: &mut Session<'_>, nodes: &[String]) -> Done<Option<Quorum>> {
    let asked = session.ask_hosts(nodes, &Request::Status)?;
    let quora = asked.into_iter().filter_map(|(_, asked)| match asked {
        Ok(Answer::Status(status)) => status.quorum,
        _ => None,
    });
    let mut quora: Vec<Quorum> = quora.collect();
    let quorate = quora.iter().position(|quorum| quorum.is_quorate);
    Ok(quorate.map(|at| quora.swap_remove(at)))
}

/// Says what came of a request to several nodes.
fn report(session: &mut Session<'_>, asked: &[(String, Asked)], done: &str, verb: &str) -> Done {
    let mut failures = Vec::new();
    for (node, asked) in asked {
        match asked {
            Ok(_) => session.say(&format!("{node}: {done}")),
            Err(error) => {
                let failure = format!("{node}: {}", failure_text(node, error));
                session.say(&failure);
                failures.push(failure);
            }
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    let failures = failures.join("\n");
    Err(Refusal::said(format!(
        "unable to {verb} all nodes\n{failures}"
    )))
}

/// `cluster kill`
pub(super) fn kill(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    session.do_locally(&Request::Kill, "Unable to kill the cluster")
}

/// `cluster enable [--all | NODE...]`
pub(super) fn enable(session: &mut Session<'_>, words: &[String]) -> Done {
    match whose(session, words)? {
        Whose::Own => session.do_locally(&Request::Enable, "Unable to enable the cluster"),
        Whose::Of(nodes) => {
            let asked = session.ask_hosts(&nodes, &Request::Enable)?;
            report(session, &asked, "Cluster Enabled", "enable")
        }
    }
}

/// `cluster disable [--all | NODE...]`
pub(super) fn disable(session: &mut Session<'_>, words: &[String]) -> Done {
    match whose(session, words)? {
        Whose::Own => session.do_locally(&Request::Disable, "Unable to disable the cluster"),
        Whose::Of(nodes) => {
            let asked = session.ask_hosts(&nodes, &Request::Disable)?;
            report(session, &asked, "Cluster Disabled", "disable")
        }
    }
}

/// `cluster destroy [--all]`
pub(super) fn destroy(session: &mut Session<'_>, words: &[String]) -> Done {
    match (words, session.options.has("--all")) {
        ([], false) => {
            session.say("Shutting down pacemaker/corosync services...");
            session.say("Killing any remaining services...");
            session.say("Removing all cluster configuration files...");
            session.do_locally(&Request::Destroy, "Unable to destroy the cluster")
        }
        ([], true) => {
            let nodes = session.node_names()?;
            let stopped = session.ask_hosts(&nodes, &Request::Stop)?;
            report(session, &stopped, "Stopping Cluster (pacemaker)...", "stop")?;
            let asked = session.ask_hosts(&nodes, &Request::Destroy)?;
            report(session, &asked, "Successfully destroyed cluster", "destroy")
        }
        _ => Err(Refusal::Usage),
    }
}
