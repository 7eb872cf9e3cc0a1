//! `pcs resource debug-start|debug-stop|debug-promote|debug-demote|debug-monitor`: an agent is called
//! on this node, past the cluster, and what it prints is shown.

use crate::crm_resource;

use super::session::{Done, Refusal, Session};

/// `resource debug-start RESOURCE [--full]`
pub(super) fn start(session: &mut Session<'_>, words: &[String]) -> Done {
    call(session, words, "--force-start")
}

/// `resource debug-stop RESOURCE [--full]`
pub(super) fn stop(session: &mut Session<'_>, words: &[String]) -> Done {
    call(session, words, "--force-stop")
}

/// `resource debug-promote RESOURCE [--full]`
pub(super) fn promote(session: &mut Session<'_>, words: &[String]) -> Done {
    call(session, words, "--force-promote")
}

/// `resource debug-demote RESOURCE [--full]`
pub(super) fn demote(session: &mut Session<'_>, words: &[String]) -> Done {
    call(session, words, "--force-demote")
}

/// `resource debug-monitor RESOURCE [--full]`
pub(super) fn monitor(session: &mut Session<'_>, words: &[String]) -> Done {
    call(session, words, "--force-check")
}

fn call(session: &mut Session<'_>, words: &[String], action: &str) -> Done {
    let [id] = words else {
        return Err(Refusal::Usage);
    };
    let mut arguments = vec!["-r".to_owned(), id.clone(), action.to_owned()];
    if session.is_forced() {
        arguments.push("--force".to_owned());
    }
    let outcome = crm_resource::run(&arguments, session.now, session.files, session.agents);
    session.print_text(&outcome.standard_output);
    for line in outcome.standard_error.lines() {
        session.say(line);
    }
    match outcome.exit_code.0 {
        0 => Ok(()),
        _ => Err(Refusal::Quiet),
    }
}
