//! What is done with resources: moved, kept off nodes, forgotten, restarted, waited for.

use std::time::Duration;

use cib::time::{self, parse_interval_ms};
use cib::xml::{Document, Element};
use scheduler::Plan;
use scheduler::model::{ResourceId, Role};

use super::options::Options;
use super::{find, not_found, required};
use crate::ExitCode;
use crate::history::{self, Selection};
use crate::moved::{self, Moved};
use crate::planned::with_plan;
use crate::settle::{self, DEFAULT_LIMIT, Ending};
use crate::tool::{Done, Failure, Workplace};

/// `--cleanup`, `--refresh`
pub(super) fn forget(options: &Options, only_failed: bool, workplace: &mut Workplace<'_>) -> Done {
    let interval_ms = match &options.interval {
        None => 0,
        Some(text) => parse_interval_ms(text)
            .ok_or_else(|| Failure::usage(format!("Invalid interval '{text}'")))?,
    };
    let selection = Selection {
        resource: options.resource.as_deref(),
        node: options.node.as_deref(),
        operation: options.operation.as_deref().map(|it| (it, interval_ms)),
        is_forced: options.force,
        only_failed,
    };
    let places = history::forget(workplace, &selection)?;
    for (resource, node) in places {
        let line = format!("Cleaned up {resource} on {node}");
        workplace.reply.line(line);
    }
    Ok(())
}

/// Where a resource (its promoted instances) is.
fn places(cib: &Document, options: &Options, workplace: &Workplace<'_>) -> Done<Vec<String>> {
    let id = required(options)?;
    let found = with_plan(cib, workplace.now, |plan| {
        let resource = plan.resource_by_id(id)?;
        Some(nodes(plan, resource, options.promoted))
    });
    let found = found.map_err(|it| Failure::new(it.to_string(), ExitCode::CONFIGURATION))?;
    found.ok_or_else(|| not_found(id))
}

fn nodes(plan: &Plan<'_>, resource: ResourceId, promoted: bool) -> Vec<String> {
    let mut below = vec![resource];
    let mut nodes = Vec::new();
    while let Some(one) = below.pop() {
        let of = &plan.resources[one];
        below.extend(&of.children);
        if !of.children.is_empty() || (promoted && of.role != Role::Promoted) {
            continue;
        }
        for &node in &of.active_on {
            let name = plan.nodes[node].name.to_owned();
            if !nodes.contains(&name) {
                nodes.push(name);
            }
        }
    }
    nodes
}

fn until(options: &Options, workplace: &mut Workplace<'_>) -> Done<Option<time::DateTime>> {
    let Some(text) = &options.lifetime else {
        return Ok(None);
    };
    let lifetime = time::Duration::parse(text).map_err(|_| {
        Failure::usage(format!(
            "Invalid duration specified: {text}\nPlease refer to \
             https://en.wikipedia.org/wiki/ISO_8601#Durations for examples of valid durations"
        ))
    })?;
    let until = lifetime.after(workplace.now.with_offset_s(0));
    let line = format!("Migration will take effect until: {until}");
    workplace.reply.line(line);
    Ok(Some(until))
}

fn check_node(cib: &Document, node: &str) -> Done {
    match crate::attributes::node_id(cib, node) {
        Some(_) => Ok(()),
        None => Err(Failure::new(
            format!("Node '{node}' not found"),
            ExitCode::NO_SUCH,
        )),
    }
}

/// `--move`
pub(super) fn move_away(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let cib = workplace.cib()?;
    find(&cib, id)?;
    let places = places(&cib, options, workplace)?;
    let Some(node) = &options.node else {
        return ban(options, workplace);
    };
    check_node(&cib, node)?;
    if places.contains(node) && !options.force {
        return Err(Failure::new(
            "Error performing operation: Requested item already exists",
            ExitCode::EXISTS,
        ));
    }
    let until = until(options, workplace)?;
    workplace.edit(|cib| {
        let ban = moved::ban_id(id, node);
        moved::take_out(cib, |it| it.id() == Some(&ban));
        moved::prefer(
            cib,
            &Moved {
                resource: id,
                node,
                promoted: options.promoted,
                until,
            },
        );
        Ok(())
    })
}

/// `--ban`
pub(super) fn ban(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let cib = workplace.cib()?;
    find(&cib, id)?;
    let node = match &options.node {
        Some(node) => node.clone(),
        None => match places(&cib, options, workplace)?.as_slice() {
            [one] => one.clone(),
            several => {
                let count = several.len();
                return Err(Failure::usage(format!(
                    "Resource '{id}' not moved: active in {count} locations.\nTo prevent '{id}' \
                     from running on a specific location, specify a node."
                )));
            }
        },
    };
    check_node(&cib, &node)?;
    let until = until(options, workplace)?;
    let constraint = workplace.edit(|cib| {
        moved::forget_preference(cib, id, &node);
        Ok(moved::ban(
            cib,
            &Moved {
                resource: id,
                node: &node,
                promoted: options.promoted,
                until,
            },
        ))
    })?;
    if until.is_none() && !workplace.common.quiet {
        let what = if options.promoted {
            "being promoted"
        } else {
            "running"
        };
        workplace.reply.line(format!(
            "WARNING: Creating rsc_location constraint '{constraint}' with a score of -INFINITY \
             for resource {id} on {node}.\n\tThis will prevent {id} from {what} on {node} until \
             the constraint is removed using the clear option or by editing the CIB with an \
             appropriate tool\n\tThis will be the case even if {node} is the last node in the \
             cluster"
        ));
    }
    Ok(())
}

/// `--clear`
pub(super) fn clear(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let only_expired = options.expired.then_some(workplace.now);
    let node = options.node.as_deref();
    let removed = workplace.edit(|cib| {
        find(cib, id)?;
        Ok(moved::clear(cib, id, node, only_expired))
    })?;
    for constraint in removed {
        workplace
            .reply
            .line(format!("Removing constraint: {constraint}"));
    }
    Ok(())
}

/// `--delete`
pub(super) fn delete(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let Some(kind) = &options.element else {
        return Err(Failure::usage(
            "You need to specify a resource type with -t",
        ));
    };
    workplace.edit(|cib| {
        let resource = find(cib, id)?;
        if resource.name() != kind {
            return Err(not_found(id));
        }
        let resource = resource.xml_id();
        cib.remove(resource);
        Ok(())
    })
}

fn limit(options: &Options) -> Done<Duration> {
    let Some(text) = &options.timeout else {
        return Ok(DEFAULT_LIMIT);
    };
    let limit_ms = parse_interval_ms(text)
        .ok_or_else(|| Failure::usage(format!("Invalid timeout '{text}'")))?;
    Ok(Duration::from_millis(u64::from(limit_ms)))
}

/// `--wait`
pub(super) fn wait(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let limit = limit(options)?;
    let ending = settle::wait(&mut workplace.target, workplace.files, workplace.now, limit)?;
    match ending {
        Ending::Settled => Ok(()),
        ending @ Ending::TimedOut(_) => {
            workplace.reply.line("Pending actions:");
            for line in ending.lines() {
                workplace.reply.line(line);
            }
            Err(Failure::new(
                "Error performing operation: Timeout occurred",
                ExitCode::TIMEOUT,
            ))
        }
    }
}

/// `--restart`: stopped, waited for, and let go again.
pub(super) fn restart(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let cib = workplace.cib()?;
    find(&cib, id)?;
    if places(&cib, options, workplace)?.is_empty() {
        return Err(Failure::new(
            format!("{id} is not running anywhere and so cannot be restarted"),
            ExitCode::ERROR,
        ));
    }
    let role = role_of(&cib, id);
    set_role(workplace, id, Some("Stopped"))?;
    let stopped = wait(options, workplace);
    // Whatever came of it, it is not to stay stopped.
    set_role(workplace, id, role.as_deref())?;
    stopped?;
    wait(options, workplace)
}

fn role_of(cib: &Document, id: &str) -> Option<String> {
    let sets = find(cib, id).ok()?.children_named("meta_attributes");
    let mut pairs = sets.flat_map(Element::children);
    let pair = pairs.find(|it| it.attribute("name") == Some("target-role"))?;
    pair.attribute("value").map(str::to_owned)
}

fn set_role(workplace: &mut Workplace<'_>, id: &str, role: Option<&str>) -> Done {
    let pairs = vec![("target-role".to_owned(), role.unwrap_or("").to_owned())];
    workplace.edit(|cib| {
        let owner = find(cib, id)?.xml_id();
        crate::pcs::update_meta(cib, owner, &pairs);
        Ok(())
    })
}

/// `--fail`: an operation that never ran has failed.
pub(super) fn fail(options: &Options, workplace: &mut Workplace<'_>) -> Done {
    const KEY: &str = "0:0:0:00000000-0000-0000-0000-000000000000";
    let id = required(options)?;
    let Some(node) = &options.node else {
        return Err(Failure::usage("Must supply a node name with -N"));
    };
    let now = workplace.now.epoch_s().to_string();
    workplace.edit(|cib| {
        let resource = find(cib, id)?.id().unwrap_or(id).to_owned();
        check_node(cib, node)?;
        let states = cib.root().child("status").into_iter();
        let state = states
            .flat_map(|it| it.children_named("node_state"))
            .find(|it| it.attribute("uname") == Some(node));
        let mut below = state.into_iter().flat_map(Element::descendants);
        let found = below.find(|it| {
            it.name() == "lrm_resource"
                && it.id().map(history::without_instance) == Some(resource.as_str())
        });
        let Some(found) = found.map(Element::xml_id) else {
            return Err(Failure::new(
                format!("Resource '{id}' has no history on node '{node}'"),
                ExitCode::NO_SUCH,
            ));
        };
        drop(below);
        let name = cib.element(found).id().unwrap_or(id).to_owned();
        let operation = cib.append(found, "lrm_rsc_op");
        let (key, magic) = (format!("{name}_asyncmon_0"), format!("0:1;{KEY}"));
        for (attribute, value) in [
            ("id", format!("{name}_last_failure_0").as_str()),
            ("operation_key", &key),
            ("operation", "asyncmon"),
            ("crm-debug-origin", "crm_resource"),
            ("transition-key", KEY),
            ("transition-magic", &magic),
            ("on_node", node),
            ("call-id", "0"),
            ("rc-code", "1"),
            ("op-status", "0"),
            ("interval", "0"),
            ("last-rc-change", &now),
            ("exit-reason", "simulated failure"),
        ] {
            cib.set(operation, attribute, value);
        }
        Ok(())
    })
}
