//! `keel cluster status`, `quorum`, `members`, `links`, `cib`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use cluster_api::{
    Answer, Client, ClientError, Life, LinkStatus, MemberStatus, QuorumStatus, Request, Status,
};

use super::{failure, print_json};

/// A daemon that does not answer within this is reported as one that does not.
const LIMIT: Duration = Duration::from_secs(5);
/// The exit code where no daemon runs.
const NOTHING_RUNS: u8 = 3;

/// Options of `cib`.
#[derive(Debug, Args)]
pub(super) struct CibOptions {
    /// With everything that was acknowledged to anybody before: takes a round of the cluster
    #[arg(long)]
    ordered: bool,
}

fn ask(request: &Request) -> Result<Answer, ExitCode> {
    let asked = || -> Result<Answer, ClientError> {
        let mut client = Client::connect()?;
        client.limit(Some(LIMIT))?;
        client.ask(request)
    };
    match asked() {
        Ok(Answer::Refused(refusal)) => Err(failure(&refusal.reason)),
        Ok(answer) => Ok(answer),
        Err(error @ ClientError::NotRunning { .. }) => {
            eprintln!("keel cluster: {error}");
            Err(ExitCode::from(NOTHING_RUNS))
        }
        Err(error) => Err(failure(&error.to_string())),
    }
}

fn with_status(show: impl FnOnce(&Status) -> ExitCode) -> ExitCode {
    match ask(&Request::Status) {
        Ok(Answer::Status(status)) => show(&status),
        Ok(odd) => failure(&format!(
            "the daemon answers something else than its status: {odd:?}"
        )),
        Err(code) => code,
    }
}

fn code(well: bool) -> ExitCode {
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

pub(super) fn status(json: bool) -> ExitCode {
    with_status(|status| {
        if json {
            print_json(status);
        } else {
            print!("{}", status_text(status));
        }
        code(status.quorum.is_quorate && status.warnings.is_empty())
    })
}

pub(super) fn quorum(json: bool) -> ExitCode {
    with_status(|status| {
        if json {
            print_json(&status.quorum);
        } else {
            print!("{}", quorum_text(&status.quorum));
        }
        code(status.quorum.is_quorate)
    })
}

pub(super) fn members(json: bool) -> ExitCode {
    with_status(|status| {
        if json {
            print_json(&status.members);
        } else {
            print!("{}", members_text(&status.members, status.node));
        }
        ExitCode::SUCCESS
    })
}

pub(super) fn links(json: bool) -> ExitCode {
    with_status(|status| {
        if json {
            print_json(&status.links);
        } else {
            print!("{}", links_text(&status.links, &status.members));
        }
        ExitCode::SUCCESS
    })
}

pub(super) fn cib(options: &CibOptions) -> ExitCode {
    match ask(&Request::Cib {
        ordered: options.ordered,
    }) {
        Ok(Answer::Cib(cib)) => {
            print!("{}", cib.xml);
            ExitCode::SUCCESS
        }
        Ok(odd) => failure(&format!(
            "the daemon answers something else than its CIB: {odd:?}"
        )),
        Err(code) => code,
    }
}

fn status_text(status: &Status) -> String {
    let view = &status.view;
    let name = |node: u32| {
        status
            .members
            .iter()
            .find(|member| member.node == node)
            .map_or("?", |member| &member.name)
    };
    let names: Vec<&str> = view.members.iter().map(|node| name(*node)).collect();
    let mut text = format!(
        "Cluster {}, as {} (node {}) knows it\n\
         View {}.{}: {}; led by {} for {}\n",
        status.cluster,
        status.name,
        status.node,
        view.counter,
        view.leader,
        names.join(", "),
        name(view.leader),
        age(view.age_ms),
    );
    text += &quorum_text(&status.quorum);
    let cib = &status.cib;
    let agreed = if cib.is_established {
        "agreed by the view"
    } else {
        "not yet compared with the others"
    };
    text += &format!("CIB {}: {agreed}\n\n", cib.version);
    text += &members_text(&status.members, status.node);
    for warning in &status.warnings {
        text += &format!("Warning: {warning}\n");
    }
    text
}

fn age(ms: u64) -> String {
    match ms / 1000 {
        0 => format!("{ms} ms"),
        s @ 1..=119 => format!("{s} s"),
        s @ 120..=7199 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

fn quorum_text(quorum: &QuorumStatus) -> String {
    let verdict = match (quorum.is_quorate, quorum.is_exclusive) {
        (true, true) => "yes",
        (true, false) => "yes, and the other side of a cut would have it as well",
        (false, _) => "no",
    };
    let mut text = format!(
        "Quorum: {verdict} ({} of {} votes, {} needed",
        quorum.total_votes, quorum.expected_votes, quorum.needed
    );
    if let Some(witness) = &quorum.witness {
        text += &format!(
            "; the vote of the witness {}: {}",
            witness.host, witness.vote
        );
    }
    text += ")\n";
    for reason in &quorum.reasons {
        text += &format!("  {reason}\n");
    }
    text
}

fn members_text(members: &[MemberStatus], own: u32) -> String {
    let width = members
        .iter()
        .map(|member| member.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for member in members {
        let life = match member.life {
            Life::Member if member.node == own => "this node",
            Life::Member => "member",
            Life::Elsewhere => "heard, in another view",
            Life::Lost => "lost",
            Life::NeverSeen => "never heard",
        };
        let leads = if member.is_leader { ", leads" } else { "" };
        let votes = if member.votes == 1 {
            String::new()
        } else {
            format!(", {} votes", member.votes)
        };
        text += &format!(
            "{:>4}  {:width$}  {life}{leads}{votes}\n",
            member.node, member.name
        );
    }
    text
}

fn links_text(links: &[LinkStatus], members: &[MemberStatus]) -> String {
    let name = |node: u32| {
        members
            .iter()
            .find(|member| member.node == node)
            .map_or("?", |member| &member.name)
    };
    let mut text = String::new();
    for link in links {
        let bound = if link.is_bound {
            ""
        } else {
            ", which this machine does not have"
        };
        text += &format!("Link {} at {}{bound}\n", link.number, link.address);
        for path in &link.paths {
            let state = match (path.is_connected, path.is_in_use) {
                (true, true) => "up, in use",
                (true, false) => "up",
                (false, _) => "down",
            };
            text += &format!("  to {} at {}: {state}", name(path.node), path.address);
            if let Some(round_trip) = path.round_trip_us.filter(|_| path.is_connected) {
                text += &format!(
                    ", {:.2} ms there and back",
                    f64::from(u32::try_from(round_trip).unwrap_or(u32::MAX)) / 1000.0
                );
            }
            if path.dropped > 0 {
                text += &format!(", {} frames dropped", path.dropped);
            }
            if let Some(error) = path.last_error.as_ref().filter(|_| !path.is_connected) {
                text += &format!(" ({error})");
            }
            text += "\n";
        }
    }
    text
}
