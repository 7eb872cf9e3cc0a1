//! `pcs resource move`: a resource goes to another node, and nothing is left of the move; and
//! `pcs resource restart`.
//!
//! A constraint is made, the cluster moves the resource, and the constraint is removed: stickiness
//! then keeps the resource where it is. Where it would go back at once, nothing is done.

use ::cib::xml::Document;
use scheduler::decide;

use super::session::{Done, Refusal, Session};
use super::{cib_edit, waiting};
use crate::ExitCode;
use crate::crm_resource;
use crate::moved::{self, Moved};
use crate::planned::with_plan;
use crate::settle::{self, DEFAULT_LIMIT, Ending};
use crate::store::{StoreError, Target};

/// `resource move RESOURCE [NODE] [--promoted] [--strict] [--wait[=N]]`
pub(super) fn move_resource(session: &mut Session<'_>, words: &[String]) -> Done {
    let (id, node) = match words {
        [id] => (id.as_str(), None),
        [id, node] => (id.as_str(), Some(node.as_str())),
        _ => return Err(Refusal::Usage),
    };
    let mut target = Target::of(session.files);
    session.cib = target.read(session.files).map_err(refused)?;
    check(session, id, node)?;
    let from = super::status::active_node(session, id);
    let Some(from) = from else {
        return Err(Refusal::said(format!(
            "Resource '{id}' is not running, so it cannot be moved"
        )));
    };
    if node == Some(&from) {
        return Err(Refusal::said(format!(
            "Unable to move resource '{id}': it is already running on node '{from}'"
        )));
    }
    let moves = Moves {
        id,
        node,
        from: &from,
        promoted: session.options.has("--promoted"),
    };
    foresee(session, &moves)?;
    let made = write(session, &mut target, |cib| moves.make(cib))?;
    session.say(&format!(
        "Location constraint to move resource '{id}' has been created"
    ));
    wait(session, &mut target)?;
    write(session, &mut target, |cib| {
        moved::take_out(cib, |it| it.id() == Some(&made))
    })?;
    session.say(&format!(
        "Location constraint created to move resource '{id}' has been removed"
    ));
    wait(session, &mut target)?;
    let cib = target.read(session.files).map_err(refused)?;
    session.cib = cib;
    let (sentence, _) = waiting::whereabouts(&session.cib, session.now, id);
    let is_there = super::status::active_node(session, id);
    let has_moved = match (&is_there, node) {
        (Some(there), Some(node)) => there == node,
        (there, None) => there.as_deref() != Some(&*from),
        (None, Some(_)) => false,
    };
    if !has_moved {
        return Err(Refusal::said(format!(
            "Unable to move resource '{id}': {sentence}"
        )));
    }
    session.say(&sentence);
    Ok(())
}

/// `resource restart RESOURCE [NODE] [--wait=N]`
pub(super) fn restart(session: &mut Session<'_>, words: &[String]) -> Done {
    let (id, node) = match words {
        [id] => (id, None),
        [id, node] => (id, Some(node)),
        _ => return Err(Refusal::Usage),
    };
    let mut arguments = vec!["-r".to_owned(), id.clone(), "--restart".to_owned()];
    if let Some(limit) = session.options.value("--wait").filter(|it| !it.is_empty()) {
        arguments.extend(["-T".to_owned(), limit.to_owned()]);
    }
    if let Some(node) = node {
        return Err(Refusal::said(format!(
            "a resource is restarted wherever it is active, not on '{node}' alone"
        )));
    }
    let outcome = crm_resource::run(&arguments, session.now, session.files, session.agents);
    session.print_text(&outcome.standard_output);
    if outcome.exit_code == ExitCode::OK {
        session.print(&format!("{id} successfully restarted"));
        return Ok(());
    }
    for line in outcome.standard_error.lines() {
        session.say(line);
    }
    Err(match outcome.exit_code {
        ExitCode::TIMEOUT => Refusal::TimedOut,
        _ => Refusal::said(format!("unable to restart '{id}'")),
    })
}

struct Moves<'m> {
    id: &'m str,
    node: Option<&'m str>,
    from: &'m str,
    promoted: bool,
}

impl Moves<'_> {
    /// Makes the constraint, and gives its id.
    fn make(&self, cib: &mut Document) -> String {
        let moved = Moved {
            resource: self.id,
            node: self.node.unwrap_or(self.from),
            promoted: self.promoted,
            until: None,
        };
        match self.node {
            Some(_) => moved::prefer(cib, &moved),
            None => moved::ban(cib, &moved),
        }
    }
}

fn refused(error: StoreError) -> Refusal {
    Refusal::said(error.to_string())
}

fn check(session: &mut Session<'_>, id: &str, node: Option<&str>) -> Done {
    let Some(element) = cib_edit::resource(&session.cib, id) else {
        return Err(Refusal::said(format!(
            "bundle/clone/group/resource '{id}' does not exist"
        )));
    };
    let promoted = session.options.has("--promoted");
    let is_cloned = cib_edit::is_clone(element) || cib_edit::clone_of(element).is_some();
    if is_cloned && !promoted {
        return Err(Refusal::said("cannot move cloned resources"));
    }
    if cib_edit::group_of(element).is_some() {
        return Err(Refusal::said(format!(
            "cannot move '{id}' alone, as it is in a group: move the group"
        )));
    }
    let unknown = node.filter(|it| !super::node::exists(&session.cib, it));
    unknown.map_or(Ok(()), |node| {
        Err(Refusal::said(format!(
            "Node '{node}' does not appear to exist in configuration"
        )))
    })
}

/// Refuses what would go back at once, or would not go at all.
fn foresee(session: &mut Session<'_>, moves: &Moves<'_>) -> Done {
    let placed = |cib: &Document| {
        with_plan(cib, session.now, |plan| {
            let _ = decide(plan);
            let resource = plan.resource_by_id(moves.id)?;
            let mut all = vec![resource];
            while let Some(one) = all.pop() {
                let of = &plan.resources[one];
                if of.children.is_empty() {
                    return of.assigned_to.map(|it| plan.nodes[it].name.to_owned());
                }
                all.extend(of.children.iter().rev());
            }
            None
        })
        .unwrap_or_default()
    };
    let mut with = session.cib.clone();
    let _ = moves.make(&mut with);
    let to = placed(&with);
    let goes = match moves.node {
        Some(node) => to.as_deref() == Some(node),
        None => to.as_deref().is_some_and(|it| it != moves.from),
    };
    if goes || moves.promoted {
        return Ok(());
    }
    Err(Refusal::said(format!(
        "Unable to move resource '{}': the cluster would {}; nothing was changed",
        moves.id,
        match to {
            Some(node) => format!("have it on node '{node}'"),
            None => "stop it".to_owned(),
        }
    )))
}

fn write<T>(
    session: &mut Session<'_>,
    target: &mut Target,
    mut act: impl FnMut(&mut Document) -> T,
) -> Done<T> {
    let done = target.edit(session.files, |cib| Ok::<T, StoreError>(act(cib)));
    done.map_err(refused)
}

fn wait(session: &mut Session<'_>, target: &mut Target) -> Done {
    let limit = waiting::limit(session.options).map_err(Refusal::said)?;
    session.say("Waiting for the cluster to apply configuration changes...");
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let ending = settle::wait(target, session.files, session.now, limit);
    match ending.map_err(|it| Refusal::said(it.text))? {
        Ending::Settled => Ok(()),
        ending @ Ending::TimedOut(_) => {
            session.say("Error: waiting timeout; this is waited for:");
            let lines = ending.lines();
            lines.iter().for_each(|line| session.say(line));
            Err(Refusal::TimedOut)
        }
    }
}
