//! `pcs status`, `pcs config`, `pcs cluster cib|verify`: the whole cluster for people.

use ::cib::schema;
use scheduler::Plan;
use scheduler::model::{NodeId, Variant};

use super::cib_edit::in_section;
use super::session::{Done, Refusal, Session};
use super::{config_text, constraint_text, fencing_levels};
use crate::crm_mon;
use crate::outline::Outline;
use crate::planned;
use crate::status::doubt::{Standing, doubt};
use crate::status::{View, nodes, text};

/// Does something with the cluster's state as the CIB tells it.
fn with_plan<T>(session: &Session<'_>, act: impl FnOnce(&Plan<'_>) -> T) -> Done<T> {
    planned::with_plan(&session.cib, session.now, |plan| act(plan))
        .map_err(|it| Refusal::said(it.to_string()))
}

/// Where a resource is active, if it is active somewhere.
pub(super) fn active_node(session: &Session<'_>, id: &str) -> Option<String> {
    with_plan(session, |plan| {
        let found = plan.roots.iter().copied();
        let mut all: Vec<_> = found.collect();
        let mut at = 0;
        while at < all.len() {
            let resource = all[at];
            if plan.resources[resource].id == id {
                let mut within = vec![resource];
                while let Some(one) = within.pop() {
                    if let Some(node) = plan.active_node(one) {
                        return Some(plan.nodes[node].name.to_owned());
                    }
                    within.extend(plan.resources[one].children.iter().copied());
                }
                return None;
            }
            all.extend(plan.resources[resource].children.iter().copied());
            at += 1;
        }
        None
    })
    .ok()
    .flatten()
}

/// `status [--full]`
pub(super) fn status(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let name = cluster_name(session);
    let page = crm_mon::page_of_pcs(
        session.cib.clone(),
        session.now,
        session.status.as_ref(),
        session.options.has("--full"),
        session.options.has("--hide-inactive"),
    );
    let page = page.map_err(|it| Refusal::said(it.to_string()))?;
    session.print(&format!("Cluster name: {name}"));
    warn_of_fencing(session);
    session.print_text(&page);
    if session.status.is_some() {
        super::cluster_config::end_of_status(session);
    }
    Ok(())
}

/// What this node cannot vouch for.
fn view(session: &Session<'_>, plan: &Plan<'_>) -> View {
    let standing = session.status.as_ref();
    let standing = standing.map(|it| Standing::new(it, &session.cib));
    View {
        doubt: standing.and_then(|it| doubt(&it, plan.options.no_quorum_policy)),
        ..View::default()
    }
}

fn cluster_name(session: &Session<'_>) -> String {
    let sets = in_section(&session.cib, "crm_config");
    let stored = sets
        .filter_map(|it| super::cib_edit::pair(it, "cluster-name"))
        .find_map(|it| it.attribute("value"));
    let status = session.status.as_ref();
    status
        .map(|it| it.cluster.clone())
        .or(stored.map(str::to_owned))
        .unwrap_or_default()
}

/// That nothing starts, where fencing is wanted and there is nothing to fence with.
fn warn_of_fencing(session: &mut Session<'_>) {
    let value = |name| {
        let mut sets = in_section(&session.cib, "crm_config");
        sets.find_map(|it| super::cib_edit::pair(it, name)?.attribute("value"))
    };
    let wanted = value("stonith-enabled").or(value("fencing-enabled"));
    let is_wanted = wanted
        .and_then(::cib::literal::parse_boolean)
        .unwrap_or(true);
    let has_device = super::cib_edit::resources(&session.cib).any(super::stonith::is_device);
    if is_wanted && !has_device {
        session.print("");
        session.print("WARNINGS:");
        session.print("No stonith devices and stonith-enabled is not false");
        session.print("");
    }
}

/// The lines about resources, of fence devices or of all others.
fn resource_lines(session: &Session<'_>, devices: bool, only: Option<&str>) -> Done<Vec<String>> {
    let body = with_plan(session, |plan| {
        let mut outline = Outline::new(false);
        text::write(&mut outline, plan, "", &view(session, plan));
        outline.into_text()
    })?;
    let lines = body
        .lines()
        .skip_while(|it| !it.ends_with("Full List of Resources:"))
        .skip(1);
    let lines = lines.take_while(|it| it.starts_with("    "));
    let mut shown = Vec::new();
    let mut is_shown = false;
    for line in lines {
        let line = line.strip_prefix("  ").unwrap_or(line);
        if let Some(item) = line.strip_prefix("  * ") {
            let is_device = item.contains("\t(stonith:");
            let name = item
                .trim_start_matches("Resource Group: ")
                .trim_start_matches("Clone Set: ");
            let name = name.split([':', ' ', '\t']).next().unwrap_or("");
            is_shown = is_device == devices && only.is_none_or(|it| it == name);
        }
        if is_shown && line != "  * No resources" {
            shown.push(line.to_owned());
        }
    }
    Ok(shown)
}

/// `resource [status [RESOURCE]]`, `status resources`
pub(super) fn resources(session: &mut Session<'_>, words: &[String]) -> Done {
    show_resources(session, words, false)
}

/// `stonith [status [DEVICE]]`
pub(super) fn devices(session: &mut Session<'_>, words: &[String]) -> Done {
    show_resources(session, words, true)
}

fn show_resources(session: &mut Session<'_>, words: &[String], devices: bool) -> Done {
    if words.len() > 1 {
        return Err(Refusal::Usage);
    }
    let only = words.first().map(String::as_str);
    if let Some(id) = only.filter(|id| super::cib_edit::resource(&session.cib, id).is_none()) {
        return Err(Refusal::said(format!(
            "resource or tag id '{id}' not found"
        )));
    }
    // What stands in something is shown with it.
    let top = only.and_then(|id| {
        let mut at = super::cib_edit::resource(&session.cib, id)?;
        while let Some(parent) = at.parent().filter(|it| it.name() != "resources") {
            at = parent;
        }
        at.id().map(str::to_owned)
    });
    let lines = resource_lines(session, devices, top.as_deref())?;
    if lines.is_empty() {
        let what = if devices {
            "stonith devices"
        } else {
            "resources"
        };
        session.print(&format!("NO {what} configured"));
    }
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

/// `resource show`, `stonith show`, as it was called: all of them by state, one by its configuration.
pub(super) fn old_show(session: &mut Session<'_>, words: &[String]) -> Done {
    session.deprecated(
        "This command has been replaced with 'pcs resource status' and 'pcs resource config'.",
    );
    if words.is_empty() && !session.options.has("--full") {
        return resources(session, words);
    }
    super::resource::config(session, words)
}

/// `stonith show`, as it was called.
pub(super) fn old_show_devices(session: &mut Session<'_>, words: &[String]) -> Done {
    session.deprecated(
        "This command has been replaced with 'pcs stonith status' and 'pcs stonith config'.",
    );
    if words.is_empty() && !session.options.has("--full") {
        return devices(session, words);
    }
    super::resource::stonith_config(session, words)
}

/// `status nodes`
pub(super) fn status_nodes(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    const STATES: [&str; 5] = [
        "Online",
        "Standby",
        "Standby with resource(s) running",
        "Maintenance",
        "Offline",
    ];
    let lines = with_plan(session, |plan| {
        let mut lines = Vec::new();
        for (title, is_meant) in [("Pacemaker Nodes", true), ("Pacemaker Remote Nodes", false)] {
            let mut lists: [Vec<&str>; 5] = Default::default();
            for &node in &plan.nodes_by_name {
                if (nodes::kind(plan, node) == nodes::Kind::Member) == is_meant {
                    lists[state(plan, node)].push(plan.nodes[node].name);
                }
            }
            lines.push(format!("{title}:"));
            for (state, names) in STATES.iter().zip(&lists) {
                lines.push(
                    format!(" {state}: {}", names.join(" "))
                        .trim_end()
                        .to_owned(),
                );
            }
        }
        lines
    })?;
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

fn state(plan: &Plan<'_>, node: NodeId) -> usize {
    let of = &plan.nodes[node];
    match (of.online, of.standby, of.maintenance) {
        (false, _, _) => 4,
        (true, true, _) if of.running.is_empty() => 1,
        (true, true, _) => 2,
        (true, false, true) => 3,
        (true, false, false) => 0,
    }
}

/// `status cluster`, `cluster status`
pub(super) fn status_cluster(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let lines = with_plan(session, |plan| {
        let all = plan.resources.iter();
        let count = all
            .filter(|(_, it)| matches!(it.variant, Variant::Primitive))
            .count();
        let mut outline = Outline::new(false);
        text::write(&mut outline, plan, "", &view(session, plan));
        let body = outline.into_text();
        let nodes = body
            .lines()
            .skip(1)
            .take_while(|it| !it.is_empty())
            .map(|it| {
                let it = it.strip_prefix("  ").unwrap_or(it);
                format!(" {}", it.strip_prefix("* ").unwrap_or(it))
            });
        let mut lines = vec![
            "Cluster Status:".to_owned(),
            " Cluster Summary:".to_owned(),
            format!("   * {} nodes configured", plan.nodes_by_name.len()),
            format!("   * {count} resource instances configured"),
        ];
        lines.extend(nodes);
        lines
    })?;
    lines.iter().for_each(|line| session.print(line));
    if session.status.is_some() {
        super::cluster_config::end_of_cluster_status(session);
    }
    Ok(())
}

/// `config [show]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let name = cluster_name(session);
    let all = in_section(&session.cib, "nodes").filter_map(|it| it.attribute("uname"));
    let names: Vec<&str> = all.collect();
    let mut lines = vec![
        format!("Cluster Name: {name}"),
        "Pacemaker Nodes:".to_owned(),
        format!(" {}", names.join(" ")),
        String::new(),
    ];
    let indented = |lines: Vec<String>| lines.into_iter().map(|it| format!("  {it}"));
    lines.push("Resources:".to_owned());
    lines.extend(indented(config_text::lines(&session.cib, false)));
    lines.push(String::new());
    lines.push("Stonith Devices:".to_owned());
    lines.extend(indented(config_text::lines(&session.cib, true)));
    lines.push("Fencing Levels:".to_owned());
    lines.extend(indented(fencing_levels::lines(session)));
    lines.push(String::new());
    lines.extend(constraint_text::lines(session, true));
    lines.push(String::new());
    lines.iter().for_each(|line| session.print(line));
    session.print("Resources Defaults:");
    super::defaults::of_resources(session, &[])?;
    session.print("Operations Defaults:");
    super::defaults::of_operations(session, &[])?;
    session.print("");
    super::property::config(session, &[])
}

/// `cluster cib`
pub(super) fn cib(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::said(
            "'pcs cluster cib' prints the CIB; redirect it to keep it in a file",
        ));
    }
    let text = session.cib.to_string();
    session.print_text(&text);
    Ok(())
}

/// `cluster verify`
pub(super) fn verify(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let problems: Vec<String> = match schema::validate(&session.cib) {
        Ok(violations) => violations.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    };
    for problem in &problems {
        session.error(&format!("invalid cib: {problem}"));
    }
    session.check()
}
