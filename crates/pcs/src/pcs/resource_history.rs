//! `pcs resource cleanup|refresh|failcount`: what is remembered of operations, and forgetting it.

use ::cib::Score;
use ::cib::time::parse_interval_ms;
use ::cib::xml::Element;

use super::cib_edit;
use super::session::{Done, Refusal, Session};
use crate::history::{self, Selection};

/// `RESOURCE`, `node=`, `operation=`, `interval=` as these commands take them.
#[derive(Debug, Default)]
struct Filter {
    resource: Option<String>,
    node: Option<String>,
    operation: Option<String>,
    interval_ms: u32,
    has_interval: bool,
}

impl Filter {
    fn parse(session: &Session<'_>, words: &[String], with_operation: bool) -> Done<Self> {
        let mut filter = Self {
            node: session.options.value("--node").map(str::to_owned),
            ..Self::default()
        };
        for word in words {
            match word.split_once('=') {
                Some(("node", value)) => filter.node = Some(value.to_owned()),
                Some(("operation", value)) if with_operation => {
                    filter.operation = Some(value.to_owned());
                }
                Some(("interval", value)) if with_operation => {
                    filter.has_interval = true;
                    filter.interval_ms = parse_interval_ms(value).ok_or_else(|| {
                        Refusal::said(format!(
                            "'{value}' is not a valid interval value, use time interval (e.g. 1, \
                             2s, 3m, 4h, ...)"
                        ))
                    })?;
                }
                None if filter.resource.is_none() => filter.resource = Some(word.clone()),
                _ => return Err(Refusal::Usage),
            }
        }
        if filter.has_interval && filter.operation.is_none() {
            return Err(Refusal::said(
                "when specifying 'interval' you must also specify 'operation'",
            ));
        }
        Ok(filter)
    }

    fn operation(&self) -> Option<(&str, u32)> {
        self.operation.as_deref().map(|it| (it, self.interval_ms))
    }
}

/// `resource cleanup [RESOURCE] [node=NODE] [operation=OPERATION [interval=INTERVAL]] [--strict]`
pub(super) fn cleanup(session: &mut Session<'_>, words: &[String]) -> Done {
    let filter = Filter::parse(session, words, true)?;
    forget(session, &filter, true)
}

/// `resource refresh [RESOURCE] [node=NODE] [--strict]`
pub(super) fn refresh(session: &mut Session<'_>, words: &[String]) -> Done {
    let filter = Filter::parse(session, words, false)?;
    forget(session, &filter, false)
}

fn forget(session: &mut Session<'_>, filter: &Filter, only_failed: bool) -> Done {
    let selection = Selection {
        resource: filter.resource.as_deref(),
        node: filter.node.as_deref(),
        operation: filter.operation(),
        is_forced: session.options.has("--strict"),
        only_failed,
    };
    let selected = history::selected(&session.cib, &selection);
    let (places, queries) = selected.map_err(|failure| {
        Refusal::said(format!(
            "Unable to forget failed operations of resources\n{}",
            failure.text
        ))
    })?;
    history::remove(&mut session.cib, &queries).map_err(|it| Refusal::said(it.text))?;
    if places.is_empty() {
        session.say("Nothing to forget");
    }
    for (resource, node) in places {
        session.say(&format!("Cleaned up {resource} on {node}"));
    }
    Ok(())
}

/// One fail count.
struct Failures {
    resource: String,
    node: String,
    operation: String,
    interval_ms: u32,
    count: Score,
}

/// `resource failcount [show [RESOURCE] [node=NODE] [operation=OPERATION [interval=INTERVAL]]] [--full]`
pub(super) fn failcount(session: &mut Session<'_>, words: &[String]) -> Done {
    let words = match words {
        [first, rest @ ..] if first == "show" => rest,
        words => words,
    };
    let filter = Filter::parse(session, words, true)?;
    let known = |id: &str| cib_edit::resource(&session.cib, id).is_some();
    if let Some(id) = filter.resource.as_deref().filter(|it| !known(it)) {
        return Err(Refusal::said(format!("resource '{id}' does not exist")));
    }
    let mut all = collect(session, &filter);
    all.sort_by(|a, b| (&a.resource, &a.node).cmp(&(&b.resource, &b.node)));
    if all.is_empty() {
        let headline = headline("No failcounts", filter.resource.as_deref(), &filter);
        session.print(&headline);
        return Ok(());
    }
    let mut shown: Option<(String, String)> = None;
    let is_full = session.options.has("--full");
    for one in &all {
        if shown.as_ref().is_none_or(|(it, _)| *it != one.resource) {
            let headline = headline("Failcounts", Some(&one.resource), &filter);
            session.print(&headline);
        }
        let place = (one.resource.clone(), one.node.clone());
        let is_new = shown.as_ref() != Some(&place);
        if is_full {
            if is_new {
                session.print(&format!("  {}:", one.node));
            }
            let Failures {
                operation,
                interval_ms,
                count,
                ..
            } = one;
            session.print(&format!("    {operation} {interval_ms}ms: {count}"));
        } else if is_new {
            let same = all
                .iter()
                .filter(|it| it.resource == one.resource && it.node == one.node);
            let sum = same.fold(Score::ZERO, |sum, it| sum.plus(it.count));
            session.print(&format!("  {}: {sum}", one.node));
        }
        shown = Some(place);
    }
    Ok(())
}

fn headline(begin: &str, resource: Option<&str>, filter: &Filter) -> String {
    let mut parts = vec![begin.to_owned()];
    let has_filter = resource.is_some() || filter.operation.is_some() || filter.node.is_some();
    if has_filter {
        parts.push("for".to_owned());
    }
    if let Some(operation) = &filter.operation {
        parts.push(format!("operation '{operation}'"));
        if filter.has_interval {
            parts.push(format!("with interval '{}'", filter.interval_ms / 1000));
        }
    }
    if let Some(resource) = resource {
        let of = if filter.operation.is_some() {
            "of "
        } else {
            ""
        };
        parts.push(format!("{of}resource '{resource}'"));
    }
    if let Some(node) = &filter.node {
        parts.push(format!("on node '{node}'"));
    }
    parts.join(" ")
}

fn collect(session: &Session<'_>, filter: &Filter) -> Vec<Failures> {
    let states = session.cib.root().child("status").into_iter();
    let mut all = Vec::new();
    for state in states.flat_map(Element::children) {
        let node = state.attribute("uname").unwrap_or("");
        if filter.node.as_deref().is_some_and(|it| it != node) {
            continue;
        }
        let attributes = state.child("transient_attributes").into_iter();
        for pair in attributes.flat_map(Element::descendants) {
            let name = pair.attribute("name").unwrap_or("");
            let Some(counted) = name.strip_prefix("fail-count-") else {
                continue;
            };
            let (resource, task) = counted.rsplit_once('#').unwrap_or((counted, ""));
            let is_wanted = filter
                .resource
                .as_deref()
                .is_none_or(|it| history::without_instance(resource) == it)
                && history::is_fail_count(name, resource, filter.operation());
            if !is_wanted {
                continue;
            }
            let (operation, interval) = task.rsplit_once('_').unwrap_or((task, "0"));
            all.push(Failures {
                resource: history::without_instance(resource).to_owned(),
                node: node.to_owned(),
                operation: operation.to_owned(),
                interval_ms: interval.parse().unwrap_or(0),
                count: Score::parse_or(pair.attribute("value"), Score::ZERO),
            });
        }
    }
    all
}
