//! `pcs stonith fence|confirm|history`: operators' own fencing, through the daemon.

use ::cib::time::DateTime;
use cluster_api::{Answer, Fence, FencingEntry, FencingState, Request};

use super::session::{Done, Refusal, Session};
use crate::store::{StoreError, Target};

fn ask(session: &mut Session<'_>, request: &Request) -> Done<Answer> {
    let refused = |error: StoreError| Refusal::said(error.to_string());
    let mut target = Target::of(session.files);
    let Some(cluster) = target.cluster() else {
        return Err(Refusal::said(
            "fencing needs the running cluster, not a file",
        ));
    };
    match cluster.ask(request).map_err(refused)? {
        Answer::Refused(refusal) => Err(Refusal::said(refusal.reason)),
        answer => Ok(answer),
    }
}

/// `stonith fence NODE [--off]`
pub(super) fn fence(session: &mut Session<'_>, words: &[String]) -> Done {
    let [node] = words else {
        return Err(Refusal::said(
            "must specify one (and only one) node to fence",
        ));
    };
    let action = if session.options.has("--off") {
        "off"
    } else {
        "reboot"
    };
    let request = Request::Fence(Fence {
        target: node.clone(),
        action: action.to_owned(),
        client: "pcs".to_owned(),
        timeout_s: None,
        tolerance_s: 0,
        delay_s: 0,
    });
    ask(session, &request).map_err(|refusal| match refusal {
        Refusal::Said(reason) => Refusal::said(format!("unable to fence '{node}'\n{reason}")),
        other => other,
    })?;
    session.print(&format!("Node: {node} fenced"));
    Ok(())
}

/// `stonith confirm NODE [--force]`
pub(super) fn confirm(session: &mut Session<'_>, words: &[String]) -> Done {
    let [node] = words else {
        return Err(Refusal::said(
            "must specify one (and only one) node to confirm fenced",
        ));
    };
    if !session.is_forced() {
        session.say(&format!(
            "WARNING: If node '{node}' is not powered off or it does have access to shared \
             resources, data corruption and/or cluster failure may occur"
        ));
        let question = "Are you sure you want to continue? [y/N] ";
        let answer = session.hosts.question(question, false);
        let is_sure = answer.is_ok_and(|it| {
            let it = it.trim();
            it.eq_ignore_ascii_case("y") || it.eq_ignore_ascii_case("yes")
        });
        if !is_sure {
            return Err(Refusal::said(
                "nothing was done; use --force to confirm without being asked",
            ));
        }
    }
    let request = Request::ConfirmFenced {
        target: node.clone(),
    };
    ask(session, &request)?;
    session.print(&format!("Node: {node} confirmed fenced"));
    Ok(())
}

/// `stonith history [show [NODE]]`, `stonith history cleanup [NODE]`, `stonith history update`
pub(super) fn history(session: &mut Session<'_>, words: &[String]) -> Done {
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["show"] => show(session, None),
        ["show", node] => show(session, Some(node.to_owned())),
        ["cleanup"] => forget(session, None),
        ["cleanup", node] => forget(session, Some(node.to_owned())),
        // All nodes have one history.
        ["update"] => Ok(()),
        _ => Err(Refusal::Usage),
    }
}

fn forget(session: &mut Session<'_>, target: Option<String>) -> Done {
    let what = match &target {
        Some(node) => format!("node {node}"),
        None => "all nodes".to_owned(),
    };
    ask(session, &Request::ForgetFencing { target })?;
    session.print(&format!("cleaning up fencing-history for {what}"));
    Ok(())
}

fn show(session: &mut Session<'_>, target: Option<String>) -> Done {
    let answer = ask(session, &Request::FencingHistory { target })?;
    let Answer::FencingHistory(entries) = answer else {
        return Err(Refusal::said(
            "the cluster's daemon gives an answer that does not fit",
        ));
    };
    if entries.is_empty() {
        session.print("No fencing was recorded");
    }
    for entry in entries.iter().rev() {
        let line = line(entry, session.now);
        session.print(&line);
    }
    Ok(())
}

/// `reboot of node2 successful: delegate=node1, client=pcs, origin=node1, completed='…'`
pub(crate) fn line(entry: &FencingEntry, now: DateTime) -> String {
    let time = |epoch_s: i64| {
        let time = DateTime::from_epoch_s(epoch_s).with_offset_s(now.offset_s());
        time.to_ctime_text()
    };
    let FencingEntry {
        target,
        action,
        client,
        origin,
        ..
    } = entry;
    let delegate = entry
        .delegate
        .as_deref()
        .map(|it| format!("delegate={it}, "));
    let delegate = delegate.unwrap_or_default();
    let ended = time(entry.ended_s.unwrap_or(entry.began_s));
    match entry.state {
        FencingState::Pending => {
            format!("{action} of {target} pending: client={client}, origin={origin}")
        }
        FencingState::Success => format!(
            "{action} of {target} successful: {delegate}client={client}, origin={origin}, completed='{ended}'"
        ),
        FencingState::Failed => {
            let reason = entry.reason.as_deref().map(|it| format!(" ({it})"));
            let reason = reason.unwrap_or_default();
            format!(
                "{action} of {target} failed{reason}: {delegate}client={client}, origin={origin}, last-failed='{ended}'"
            )
        }
    }
}
