//! `quorum`: who may act, and why; its options in `corosync.conf`.

use std::fmt::Write as _;

use cluster_api::{Answer, Life, Request, Status};
use corosync_config::text::Section;
use pcsd_api::{Bundle, Replaces};

use super::cluster_config::{is_json, object};
use super::cluster_setup::{check_text, fit_two_node, put_into_place};
use super::hosts::quoted;
use super::session::{Done, Refusal, Session};
use crate::store::ClusterStore;

/// The options of section `quorum` that are set here.
pub(super) const OPTIONS: [&str; 4] = [
    "auto_tie_breaker",
    "last_man_standing",
    "last_man_standing_window",
    "wait_for_all",
];

/// `quorum [config]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let (_, text) = session.configuration_text()?;
    let mut file = Section::parse(&text);
    let quorum = file.section("quorum");
    let option = |name: &str| Some((name.to_owned(), quorum.value(name)?.to_owned()));
    let options: Vec<(String, String)> = OPTIONS.into_iter().filter_map(option).collect();
    let device = quorum.sections.iter().find(|it| it.name == "device");
    if is_json(session)? {
        let device = device.map(device_json);
        let json = serde_json::json!({"options": object(&options), "device": device});
        session.print(&json.to_string());
        return Ok(());
    }
    session.print("Options:");
    print_pairs(session, 1, &options);
    if let Some(device) = device {
        session.print("Device:");
        print_pairs(session, 1, &device.settings);
        for part in &device.sections {
            session.print(&format!("  {}:", part.name));
            print_pairs(session, 2, &part.settings);
        }
    }
    Ok(())
}

fn print_pairs(session: &mut Session<'_>, depth: usize, pairs: &[(String, String)]) {
    for (name, value) in pairs {
        session.print(&format!(
            "{:indent$}{name}: {value}",
            "",
            indent = 2 * depth
        ));
    }
}

fn device_json(device: &Section) -> serde_json::Value {
    let mut json = object(&device.settings);
    for part in &device.sections {
        json[&part.name] = object(&part.settings);
    }
    json
}

/// `quorum status`, `status quorum`: as corosync-quorumtool(8) has it.
pub(super) fn status(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let status = ask(session, &Request::Status, "Unable to get quorum status")?;
    let Answer::Status(status) = status else {
        return Err(Refusal::said("Unable to get quorum status"));
    };
    if is_json(session)? {
        let json = serde_json::json!({
            "node": status.name,
            "quorum": status.quorum,
            "view": status.view,
            "members": status.members,
        });
        session.print(&json.to_string());
        return Ok(());
    }
    let date = session.now.to_ctime_text();
    session.print_text(&status_text(&status, &date));
    Ok(())
}

/// Asks the daemon of this machine.
fn ask(session: &Session<'_>, request: &Request, failure: &str) -> Done<Answer> {
    let answer = ClusterStore::at(session.files.daemon()).ask(request);
    match answer.map_err(|error| Refusal::said(format!("{failure}: {error}")))? {
        Answer::Refused(refusal) => Err(Refusal::said(format!("{failure}: {}", refusal.reason))),
        answer => Ok(answer),
    }
}

fn status_text(status: &Status, date: &str) -> String {
    let quorum = &status.quorum;
    let members: Vec<_> = status
        .members
        .iter()
        .filter(|member| member.life == Life::Member)
        .collect();
    let quorate = if quorum.is_quorate { "Yes" } else { "No" };
    let mut text = String::from("Quorum information\n------------------\n");
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{:<18}{value}", format!("{name}:"));
    };
    line("Date", &date);
    line("Quorum provider", &"keel");
    line("Nodes", &members.len());
    line("Node ID", &status.node);
    let ring = format!("{:x}.{:x}", status.view.leader, status.view.counter);
    line("Ring ID", &ring);
    line("Quorate", &quorate);
    text.push_str("\nVotequorum information\n----------------------\n");
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{:<18}{value}", format!("{name}:"));
    };
    line("Expected votes", &quorum.expected_votes);
    line("Highest expected", &quorum.expected_votes);
    line("Total votes", &quorum.total_votes);
    let blocked = if quorum.is_quorate {
        ""
    } else {
        " Activity blocked"
    };
    line("Quorum", &format!("{}{blocked}", quorum.needed));
    let mut flags = Vec::new();
    if quorum.is_quorate {
        flags.push("Quorate");
    }
    if quorum.witness.is_some() {
        flags.push("Qdevice");
    }
    line("Flags", &flags.join(" "));
    text.push_str("\nMembership information\n----------------------\n");
    let _ = writeln!(text, "{:>10} {:>10} Name", "Nodeid", "Votes");
    for member in members {
        let local = if member.node == status.node {
            " (local)"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "{:>10} {:>10} {}{local}",
            member.node, member.votes, member.name
        );
    }
    if !quorum.reasons.is_empty() {
        text.push('\n');
    }
    for reason in &quorum.reasons {
        let _ = writeln!(text, "{reason}");
    }
    text
}

/// `quorum expected-votes VOTES`
pub(super) fn expected_votes(session: &mut Session<'_>, words: &[String]) -> Done {
    let [text] = words else {
        return Err(Refusal::Usage);
    };
    let votes = text.parse().ok().filter(|votes| *votes > 0_u32);
    let votes = votes.ok_or_else(|| {
        Refusal::said(format!(
            "'{text}' is not a valid expected votes value, use positive integer"
        ))
    })?;
    let request = Request::ExpectedVotes {
        votes,
        // Who forces it vouches that no other part of the cluster is active.
        asserted: session.is_forced(),
    };
    ask(session, &request, "Unable to set expected votes").map(drop)
}

/// `quorum unblock [--force]`
pub(super) fn unblock(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let Answer::Status(status) = ask(session, &Request::Status, "unable to check quorum status")?
    else {
        return Err(Refusal::said("unable to check quorum status"));
    };
    if status.quorum.is_quorate {
        return Err(Refusal::said(
            "cluster is not waiting for nodes to establish quorum",
        ));
    }
    let absent = status.members.iter().filter(|it| it.life != Life::Member);
    let absent = quoted(absent.map(|member| member.name.as_str()));
    let warning = format!(
        "If node(s) {absent} are not powered off or they do have access to shared resources, data \
         corruption and/or cluster failure may occur"
    );
    if session.is_forced() {
        session.warn(&warning);
    } else {
        let question = format!("WARNING: {warning}\nAre you sure you want to continue? [y/N] ");
        let typed = session.hosts.question(&question, false);
        if !typed.is_ok_and(|it| ["y", "yes"].contains(&it.to_lowercase().as_str())) {
            return Err(Refusal::said("Canceled"));
        }
    }
    ask(
        session,
        &Request::Unblock,
        "unable to cancel waiting for nodes",
    )?;
    session.say("Waiting for nodes canceled");
    Ok(())
}

/// `quorum update OPTION=[VALUE]...`
pub(super) fn update(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    let mut changes = Vec::new();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) if OPTIONS.contains(&name) => {
                changes.push((name, Some(value).filter(|value| !value.is_empty())));
            }
            Some((name, _)) => session.error(&format!(
                "invalid quorum option '{name}', allowed options are: {}",
                quoted(OPTIONS)
            )),
            None => {
                return Err(Refusal::said(format!("missing value of '{word}' option")));
            }
        }
    }
    session.check()?;
    let nodes = session.node_names()?;
    check_stopped(session, &nodes)?;
    let (_, text) = session.configuration_text()?;
    let mut file = Section::parse(&text);
    let quorum = file.section("quorum");
    for (name, value) in changes {
        quorum.set(name, value);
    }
    fit_two_node(quorum, nodes.len());
    send(session, &mut file, &nodes)
}

/// That the daemon runs on none of the nodes: what is changed is read at its start.
fn check_stopped(session: &mut Session<'_>, nodes: &[String]) -> Done {
    use pcsd_api::Answer;
    session.say("Checking corosync is not running on nodes...");
    for (node, asked) in session.ask_hosts(nodes, &pcsd_api::Request::Status)? {
        match asked {
            Ok(Answer::Status(status)) if status.is_running => {
                session.error(&format!("{node}: corosync is running"));
            }
            Ok(_) => session.say(&format!("{node}: corosync is not running")),
            Err(error) => {
                session.error(&format!(
                    "{node}: {}",
                    super::hosts::failure_text(&node, &error)
                ));
            }
        }
    }
    session.check()
}

/// Has a changed configuration put into place on all nodes, or on none.
fn send(session: &mut Session<'_>, file: &mut Section, nodes: &[String]) -> Done {
    raise_version(file);
    send_text(session, file.to_string(), nodes)
}

/// `cluster sync [corosync]`: the configuration of this machine becomes that of all nodes.
pub(super) fn sync(session: &mut Session<'_>, words: &[String]) -> Done {
    if !(words.is_empty() || words == ["corosync"]) {
        return Err(Refusal::Usage);
    }
    let nodes = session.node_names()?;
    let (_, text) = session.configuration_text()?;
    send_text(session, text, &nodes)
}

fn send_text(session: &mut Session<'_>, text: String, nodes: &[String]) -> Done {
    check_text(&text)?;
    session.say("Sending updated corosync.conf to nodes...");
    let id = session.hosts.random_digits().map_err(Refusal::said)?;
    let bundle = Bundle {
        id,
        configuration: text,
        keys: None,
        hosts: pcsd_api::KnownHosts::default(),
        replaces: Replaces::SameCluster,
    };
    let bundles = nodes.iter().map(|node| (node.clone(), bundle.clone()));
    put_into_place(session, bundles.collect(), &[])?;
    nodes
        .iter()
        .for_each(|node| session.say(&format!("{node}: Succeeded")));
    Ok(())
}

/// A changed configuration has a higher version, where it has one.
pub(super) fn raise_version(file: &mut Section) {
    let totem = file.section("totem");
    let version = totem
        .value("config_version")
        .and_then(|it| it.parse::<u64>().ok());
    if let Some(version) = version {
        totem.set(
            "config_version",
            Some(&version.saturating_add(1).to_string()),
        );
    }
}
