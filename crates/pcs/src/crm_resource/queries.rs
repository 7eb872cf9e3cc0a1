//! What there is to know of resources.

use cib::digest;
use cib::xml::{Document, Element};
use scheduler::configuration::parameters;
use scheduler::model::{ResourceId, Role};
use scheduler::{Plan, expansion};

use super::options::Options;
use super::{find, not_found, required};
use crate::ExitCode;
use crate::exit;
use crate::outline::Outline;
use crate::planned::with_plan;
use crate::status::failures::number;
use crate::status::{Shape, failures, resources, text, xml};
use crate::tool::{Done, Failure, Workplace};

fn planned<T>(
    cib: &Document,
    workplace: &Workplace<'_>,
    act: impl FnOnce(&mut Plan<'_>) -> T,
) -> Done<T> {
    let done = with_plan(cib, workplace.now, act);
    done.map_err(|it| Failure::new(it.to_string(), ExitCode::CONFIGURATION))
}

/// `--list`
pub(super) fn list(workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let shape = Shape {
        pending: true,
        ..Shape::default()
    };
    let (text, resources) = planned(&cib, workplace, |plan| {
        let mut outline = Outline::new(false);
        text::write_resources(&mut outline, plan, &shape, false);
        let mut document = Document::new("all");
        let root = document.root().xml_id();
        xml::Writer::new(&mut document, plan, &shape).resources(root);
        (outline.into_text(), document)
    })?;
    workplace.reply.text(&text);
    workplace.reply.copies(resources.root().children());
    Ok(())
}

/// All primitives, in order.
fn primitives(plan: &Plan<'_>) -> Vec<ResourceId> {
    let mut all = Vec::new();
    let mut below: Vec<ResourceId> = plan.roots.iter().rev().copied().collect();
    while let Some(one) = below.pop() {
        let of = &plan.resources[one];
        if of.children.is_empty() && plan.is_primitive(one) {
            all.push(one);
        }
        below.extend(of.children.iter().rev());
    }
    all
}

/// `--list-raw`
pub(super) fn list_raw(workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let names: Vec<String> = planned(&cib, workplace, |plan| {
        let all = primitives(plan).into_iter();
        all.map(|it| plan.resources[it].id.clone()).collect()
    })?;
    for name in names {
        workplace.reply.line(&name);
        workplace.reply.element("resource", &[("id", &name)]);
    }
    Ok(())
}

/// The resource called so, or the instance.
fn resource(plan: &Plan<'_>, id: &str) -> Option<ResourceId> {
    plan.resource_by_id(id).or_else(|| {
        let mut all = plan.resources.iter();
        let found = all.find(|(it, _)| plan.printable_id(*it) == id);
        found.map(|(it, _)| it)
    })
}

/// `--locate`
pub(super) fn locate(id: &str, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let places = planned(&cib, workplace, |plan| {
        let mut places = Vec::new();
        let mut below = vec![resource(plan, id)?];
        // Instances of one clone have one name.
        let others = plan.resources.iter().map(|(it, _)| it);
        below.extend(others.filter(|&it| plan.printable_id(it) == id));
        while let Some(one) = below.pop() {
            let of = &plan.resources[one];
            below.extend(of.children.iter().rev());
            if !of.children.is_empty() {
                continue;
            }
            for &node in &of.active_on {
                let is_promoted = resources::displayed_role(plan, one) == Role::Promoted;
                let place = (plan.nodes[node].name.to_owned(), is_promoted);
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        Some(places)
    })?;
    let places = places.ok_or_else(|| not_found(id))?;
    let quiet = workplace.common.quiet;
    let list = workplace.reply.element("nodes", &[("resource", id)]);
    for (node, is_promoted) in &places {
        let role = if *is_promoted { " Promoted" } else { "" };
        if quiet {
            workplace.reply.line(node);
        } else {
            let line = format!("resource {id} is running on: {node}{role}");
            workplace.reply.line(line);
        }
        let state = if *is_promoted { "promoted" } else { "started" };
        let attributes = [("name", &**node), ("state", state)];
        workplace.reply.element_in(list, "node", &attributes);
    }
    if places.is_empty() && !quiet {
        let line = format!("resource {id} is NOT running");
        workplace.reply.line(line);
    }
    Ok(())
}

/// `--query-xml`, `--query-xml-raw`
pub(super) fn xml(id: &str, is_expanded: bool, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let expanded = expansion::expand(&cib);
    let element = find(if is_expanded { &expanded } else { &cib }, id)?;
    let text = Document::copy_of(element).to_string();
    let state = planned(&cib, workplace, |plan| {
        let resource = resource(plan, id).filter(|&it| plan.is_primitive(it))?;
        let of = &plan.resources[resource];
        let agent = resources::agent(of);
        let state = resources::displayed_state(plan, resource, true);
        let node = of.active_on.first().map(|&it| plan.nodes[it].name);
        let node = node.map_or(String::new(), |it| format!(" {it}"));
        Some(format!("{id}\t({agent}):\t {state}{node}"))
    })?;
    if let Some(state) = state.filter(|_| !workplace.common.quiet) {
        workplace.reply.line(state);
    }
    workplace.reply.line("Resource XML:");
    workplace.reply.text(&text);
    workplace
        .reply
        .text_element("resource_config", &[("id", id)], &text);
    Ok(())
}

/// `--list-operations`, `--list-all-operations`
pub(super) fn operations(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    let now = workplace.now;
    let lines: Vec<String> = planned(&cib, workplace, |plan| {
        let states = plan.cib.child("status").into_iter();
        let states = states.flat_map(|it| it.children_named("node_state").collect::<Vec<_>>());
        let mut lines = Vec::new();
        for state in states {
            let node = state.attribute("uname").unwrap_or("");
            let is_wanted = options.node.as_deref().is_none_or(|it| it == node);
            let operations = state.descendants().filter(|it| it.name() == "lrm_rsc_op");
            for operation in operations.filter(|_| is_wanted) {
                let name = operation.parent().and_then(Element::id).unwrap_or("");
                let bare = crate::history::without_instance(name);
                let wanted = options.resource.as_deref();
                if wanted.is_some_and(|it| it != name && it != bare) {
                    continue;
                }
                let about = resource(plan, name).map(|it| {
                    let agent = resources::agent(&plan.resources[it]);
                    let state = resources::displayed_state(plan, it, true);
                    format!("{name}\t({agent}):\t {state}")
                });
                let about = about.unwrap_or_else(|| name.to_owned());
                lines.push(format!("{about}: {}", told(operation, node, now)));
            }
        }
        lines
    })?;
    lines.iter().for_each(|line| workplace.reply.line(line));
    Ok(())
}

/// `D_start_0 (node=node1, call=5, rc=0, last-rc-change='…', exec=12ms): complete`
fn told(operation: Element<'_>, node: &str, now: cib::time::DateTime) -> String {
    let key = failures::key(operation).unwrap_or("unknown");
    let call = number(operation, "call-id");
    let result = number(operation, "rc-code");
    let mut facts = format!("node={node}, call={call}, rc={result}");
    let changed = number(operation, "last-rc-change");
    if changed > 0 {
        let changed = xml::local(now, changed).to_ctime_text();
        facts.push_str(&format!(", last-rc-change='{changed}'"));
    }
    if let Some(took_ms) = operation.attribute("exec-time") {
        facts.push_str(&format!(", exec={took_ms}ms"));
    }
    let status = match number(operation, "op-status") {
        0 => "complete".to_owned(),
        -1 => "pending".to_owned(),
        _ => failures::status_text(operation).to_owned(),
    };
    format!("{key} ({facts}): {status}")
}

/// `--constraints`
pub(super) fn constraints(id: &str, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    find(&cib, id)?;
    let configuration = cib.root().child("configuration");
    let section = configuration.and_then(|it| it.child("constraints"));
    let constraints = section.into_iter().flat_map(Element::children);
    for constraint in constraints {
        let attribute = |name| constraint.attribute(name).unwrap_or("");
        let line = match constraint.name() {
            "rsc_location" if attribute("rsc") == id => {
                let node = constraint.attribute("node");
                let node = node.unwrap_or("(rule)");
                let score = attribute("score");
                format!(
                    "* Location {id}: node {node} (score={score}, id={})",
                    attribute("id")
                )
            }
            "rsc_colocation" if attribute("rsc") == id => {
                let with = attribute("with-rsc");
                format!(
                    "* Resource {id} is colocated with: {with} (score={}, id={})",
                    attribute("score"),
                    attribute("id")
                )
            }
            "rsc_colocation" if attribute("with-rsc") == id => {
                let rsc = attribute("rsc");
                format!(
                    "* Resources colocated with {id}: {rsc} (score={}, id={})",
                    attribute("score"),
                    attribute("id")
                )
            }
            _ => continue,
        };
        workplace.reply.line(line);
    }
    Ok(())
}

/// `--why`
pub(super) fn why(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let cib = workplace.cib()?;
    if let Some(id) = &options.resource {
        find(&cib, id)?;
    }
    let told = planned(&cib, workplace, |plan| {
        let mut told = Vec::new();
        let ids: Vec<ResourceId> = match &options.resource {
            Some(id) => resource(plan, id).into_iter().collect(),
            None => plan.roots.clone(),
        };
        for id in ids {
            let name = plan.printable_id(id).to_owned();
            told.push((name, plan.is_active(id, false), reasons(plan, id)));
        }
        told
    })?;
    let list = workplace.reply.element("reason", &[]);
    for (id, is_running, reasons) in told {
        let state = if is_running { "running" } else { "not running" };
        workplace.reply.line(format!("Resource {id} is {state}"));
        let attributes = [
            ("id", &*id),
            ("running", if is_running { "true" } else { "false" }),
        ];
        let element = workplace.reply.element_in(list, "resource", &attributes);
        for reason in reasons {
            workplace.reply.line(format!("  * {reason}"));
            workplace
                .reply
                .element_in(element, "check", &[("reason", &reason)]);
        }
    }
    Ok(())
}

/// What holds a resource back, as far as its own options and history say.
fn reasons(plan: &Plan<'_>, id: ResourceId) -> Vec<String> {
    let of = &plan.resources[id];
    let mut reasons = Vec::new();
    if plan.is_disabled(id) {
        let name = plan.printable_id(id);
        reasons.push(format!(
            "Resource {name} is configured to be kept stopped (target-role=Stopped)"
        ));
    }
    if !of.managed {
        let name = plan.printable_id(id);
        reasons.push(format!("Resource {name} is not managed by the cluster"));
    }
    if of.blocked {
        reasons.push("It failed, and nothing more is done with it".to_owned());
    }
    if plan.options.maintenance {
        reasons.push("The cluster is in maintenance mode".to_owned());
    }
    for failed in &plan.failed_operations {
        if plan.top(failed.resource, true) != plan.top(id, true) {
            continue;
        }
        let node = plan.nodes[failed.node].name;
        let key = failures::key(failed.entry).unwrap_or("");
        let result = exit::text(number(failed.entry, "rc-code"));
        reasons.push(format!("{key} on {node} returned '{result}'"));
    }
    reasons
}

/// `--digests`
pub(super) fn digests(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let Some(node) = options.node.clone() else {
        return Err(Failure::usage("Must supply a node name with -N"));
    };
    let cib = workplace.cib()?;
    let digest = planned(&cib, workplace, |plan| {
        let resource = resource(plan, id)?;
        let node = plan.node_by_name(&node);
        let values = parameters(plan, resource, node);
        let mut pairs: Vec<(&str, &str)> = values
            .iter()
            .filter(|(name, _)| !digest::is_left_out(name))
            .collect();
        for (name, value) in &options.parameters {
            pairs.retain(|(own, _)| own != name);
            pairs.push((name, value));
        }
        pairs.sort_unstable();
        Some(digest::of_parameters(pairs))
    })?;
    let digest = digest.ok_or_else(|| not_found(id))?;
    workplace.reply.line(format!("{digest} (all parameters)"));
    workplace
        .reply
        .line(format!("{digest} (non-private parameters)"));
    let attributes = [("resource", id), ("node", &*node)];
    let element = workplace.reply.element("digests", &attributes);
    for kind in ["all", "nonprivate"] {
        let attributes = [("type", kind), ("hash", &*digest)];
        workplace.reply.element_in(element, "digest", &attributes);
    }
    Ok(())
}
