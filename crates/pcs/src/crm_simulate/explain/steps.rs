//! What is done with a resource, what it waits for, and what is in its way.

use scheduler::explain::{ActionView, Blocker, Origin, Root, Step};

use super::all;
use super::sources::refusal;

/// What an action does: `start on node1`.
pub(super) fn title(action: &ActionView) -> String {
    let Step {
        task, interval_ms, ..
    } = &action.step;
    let place = if action.nodes.is_empty() {
        String::new()
    } else {
        format!(" on {}", all(&action.nodes))
    };
    match (&**task, interval_ms) {
        ("monitor", 0) => format!("probe{place}: is it active there?"),
        _ => format!("{}{place}", what(task, *interval_ms)),
    }
}

fn what(task: &str, interval_ms: u32) -> String {
    match (task, interval_ms) {
        ("monitor", 0) => "probe".to_owned(),
        ("stonith", _) => "fencing".to_owned(),
        ("do_shutdown", _) => "shutdown".to_owned(),
        ("lrm_delete", _) => "removal from the history".to_owned(),
        ("clear_failcount", _) => "clearing of the fail count".to_owned(),
        ("migrate_to", _) => "live migration away from".to_owned(),
        ("migrate_from", _) => "live migration to".to_owned(),
        (task, 0) => task.to_owned(),
        (task, interval_ms) if interval_ms % 1000 == 0 => {
            format!("{task} every {} s", interval_ms / 1000)
        }
        (task, interval_ms) => format!("{task} every {interval_ms} ms"),
    }
}

/// An action of any resource: `start of ClusterIP on node1`.
pub(super) fn step(step: &Step) -> String {
    let mut words = what(&step.task, step.interval_ms);
    if let ("stonith" | "do_shutdown", Some(node)) = (&*step.task, &step.node) {
        return format!("{words} of {node}");
    }
    if let Some(resource) = &step.resource {
        words.push_str(" of ");
        words.push_str(resource);
    }
    if let Some(node) = &step.node {
        words.push_str(" on ");
        words.push_str(node);
    }
    words
}

/// Why one action is before another.
pub(super) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Constraint(id) => format!("order constraint {id}"),
        Origin::Restart => "it has to be down before it starts".to_owned(),
        Origin::Sequence => "one step after the other".to_owned(),
        Origin::Group(group) => format!("order of the members of group {group}"),
        Origin::Fencing => "only fencing makes sure that nothing runs there".to_owned(),
        Origin::Unfencing => "the node has to be unfenced first".to_owned(),
        Origin::Probe => "what is active where has to be known first".to_owned(),
        Origin::Container => "one runs by means of the other".to_owned(),
        Origin::Connection => "the connection to the node has to be there".to_owned(),
        Origin::Room => "room has to be made on the node".to_owned(),
        Origin::Instances(whole) => format!("order of the instances of {whole}"),
        Origin::Notification => "notifications come between".to_owned(),
        Origin::Shutdown => "the node goes down after that".to_owned(),
        Origin::Nature => "follows from what they are".to_owned(),
    }
}

/// Why an action is needed, from the words that the scheduler has for it.
pub(super) fn reason(text: &str) -> String {
    let of_other = |rest: &str, relation: &str| {
        let (resource, task) = rest.rsplit_once(' ')?;
        Some(format!("{task} of {resource} {relation}"))
    };
    let translated = if let Some(rest) = text.strip_prefix("required ") {
        of_other(rest, "is needed too")
    } else if let Some(rest) = text.strip_prefix("unrunnable ") {
        of_other(rest, "cannot be done")
    } else if let Some(rest) = text.strip_prefix("unmigrateable ") {
        of_other(rest, "cannot be part of a live migration")
    } else {
        None
    };
    translated.unwrap_or_else(|| match text {
        "node availability" => "no node is available for it".to_owned(),
        "resource definition change" => "its parameters have changed".to_owned(),
        "colocation" => "of a colocation".to_owned(),
        "no quorum" => "the cluster has no quorum".to_owned(),
        text => text.to_owned(),
    })
}

/// What is wrong at the root, in words that can follow "because".
pub(super) fn root(root: &Root) -> String {
    match root {
        Root::NoNode { resource, nodes } => {
            let refusals: Vec<String> = nodes
                .iter()
                .map(|view| format!("{}: {}", view.node, refusal(view)))
                .collect();
            format!("{resource} has no node ({})", refusals.join("; "))
        }
        Root::Unmanaged(resource) => format!("{resource} is not managed"),
        Root::BlockedByFailure(resource) => format!(
            "nothing may be done to {resource} after its failure (when that is repaired: \
             crm_resource --cleanup --resource {resource})"
        ),
        Root::Offline(node) => format!("{node} is offline"),
        Root::Pending(node) => format!("{node} is still joining"),
        Root::CannotFence(node) => format!(
            "{node} cannot be fenced (is fencing enabled, is there a device, is there quorum?)"
        ),
        Root::NoQuorum => "the cluster has no quorum".to_owned(),
        Root::TooFew { needed, possible } => {
            format!("{needed} instances have to run before, and {possible} can")
        }
        Root::Reason(text) => reason(text),
        Root::Unknown => "of something that is not on record".to_owned(),
    }
}

/// Why an action cannot be done, down to the root, in words that can follow "because".
pub(super) fn blocker(blocker: &Blocker) -> String {
    let mut words = String::new();
    for wait in &blocker.chain {
        words.push_str(&format!(
            "it needs the {} ({}), which cannot be done because ",
            step(&wait.step),
            origin(&wait.origin)
        ));
    }
    words.push_str(&root(&blocker.root));
    words
}
