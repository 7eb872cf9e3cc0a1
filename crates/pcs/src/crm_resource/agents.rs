//! Agents: which there are, what they say of themselves, and calling them past the cluster.

use std::time::Duration;

use cib::time::parse_interval_ms;
use cib::xml::Document;
use scheduler::configuration::parameters;

use super::options::{Command, Options};
use super::{not_found, required};
use crate::exit;
use crate::pcs::agents::{AgentName, Agents, Call};
use crate::planned::with_plan;
use crate::tool::{Done, Failure, Workplace};
use crate::{ExitCode, status};

/// How long an action may take where the configuration says nothing (`action-timeout`).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// `--list-standards`, `--list-ocf-providers`, `--list-agents`, `--list-ocf-alternatives`
pub(super) fn list(
    command: &Command,
    workplace: &mut Workplace<'_>,
    agents: &mut dyn Agents,
) -> Done {
    let all = agents.installed().into_iter();
    let mut names: Vec<String> = match command {
        Command::ListStandards => all.map(|it| it.standard).collect(),
        Command::ListProviders => all.filter_map(|it| it.provider).collect(),
        Command::ListAlternatives(kind) => all
            .filter(|it| it.kind == *kind)
            .filter_map(|it| it.provider)
            .collect(),
        Command::ListAgents(wanted) => {
            let (standard, provider) = wanted.split_once(':').unwrap_or((wanted, ""));
            let is_wanted = |it: &AgentName| {
                (standard.is_empty() || it.standard == standard)
                    && (provider.is_empty() || it.provider.as_deref() == Some(provider))
            };
            all.filter(is_wanted).map(|it| it.kind).collect()
        }
        _ => Vec::new(),
    };
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(Failure::new("No agents found", ExitCode::NO_SUCH));
    }
    for name in names {
        workplace.reply.line(&name);
        workplace.reply.element("item", &[("name", &name)]);
    }
    Ok(())
}

/// `--show-metadata`
pub(super) fn metadata(name: &str, workplace: &mut Workplace<'_>, agents: &mut dyn Agents) -> Done {
    let agent = AgentName::parse(name).ok_or_else(|| {
        Failure::usage(format!(
            "'{name}' is no agent: CLASS[:PROVIDER]:TYPE is expected"
        ))
    })?;
    let text = agents.metadata_text(&agent).map_err(|reason| {
        Failure::new(
            format!("Metadata query for {name} failed: {reason}"),
            ExitCode::NO_SUCH,
        )
    })?;
    workplace.reply.text(&text);
    workplace
        .reply
        .text_element("metadata", &[("agent", name)], &text);
    Ok(())
}

/// `--force-start` and its like, `--validate`
pub(super) fn force(
    options: &Options,
    action: &str,
    workplace: &mut Workplace<'_>,
    agents: &mut dyn Agents,
) -> Done {
    let timeout = match &options.timeout {
        None => DEFAULT_TIMEOUT,
        Some(text) => parse_interval_ms(text)
            .map(|ms| Duration::from_millis(u64::from(ms)))
            .ok_or_else(|| Failure::usage(format!("Invalid timeout '{text}'")))?,
    };
    let (agent, instance, mut values) = match &options.agent {
        Some(kind) => {
            let class = options.class.as_deref().unwrap_or("ocf");
            let agent = AgentName::new(class, options.provider.as_deref(), kind);
            (agent, "test".to_owned(), Vec::new())
        }
        None => {
            let cib = workplace.cib()?;
            let node = workplace.node_name()?;
            configured(&cib, options, action, &node, workplace)?
        }
    };
    values.retain(|(name, _)| !options.parameters.iter().any(|(own, _)| own == name));
    values.extend(options.parameters.iter().cloned());
    let called = agents.call(&Call {
        agent: &agent,
        instance: &instance,
        action,
        level: &options.level,
        parameters: &values,
        timeout,
    });
    let answer = called.map_err(|reason| {
        Failure::new(
            format!("Operation {action} for {instance} ({agent}) could not be executed: {reason}"),
            ExitCode::ERROR,
        )
    })?;
    let result = exit::text(i64::from(answer.exit_code));
    workplace.reply.line(format!(
        "Operation {action} for {instance} ({agent}) returned: '{result}' ({})",
        answer.exit_code
    ));
    for (kind, text) in [("stdout", &answer.output), ("stderr", &answer.errors)] {
        for line in text.lines() {
            workplace.reply.line(format!(" >  {kind}: {line}"));
        }
    }
    let code = answer.exit_code.to_string();
    let attributes = [("action", action), ("rsc", &*instance), ("rc", &*code)];
    let element = workplace
        .reply
        .element("resource-agent-action", &attributes);
    let attributes = [("code", &*code), ("message", result)];
    workplace
        .reply
        .element_in(element, "agent-status", &attributes);
    match answer.exit_code {
        0 => Ok(()),
        code => Err(Failure::silent(ExitCode(code))),
    }
}

/// What is known of an agent that is to be called: its name, the resource, its parameters.
type Configured = (AgentName, String, Vec<(String, String)>);

fn configured(
    cib: &Document,
    options: &Options,
    action: &str,
    node: &str,
    workplace: &Workplace<'_>,
) -> Done<Configured> {
    let id = required(options)?;
    let found = with_plan(cib, workplace.now, |plan| {
        let resource = plan.resource_by_id(id).or_else(|| {
            let mut all = plan.resources.iter();
            let found = all.find(|(it, _)| plan.printable_id(*it) == id);
            found.map(|(it, _)| it)
        })?;
        let of = &plan.resources[resource];
        if !of.children.is_empty() {
            return Some(Err(format!(
                "{id} is made of several resources: name one of them"
            )));
        }
        let is_clone =
            plan.top(resource, false) != resource && plan.is_clone(plan.top(resource, false));
        let is_here = of.active_on.iter().any(|&it| plan.nodes[it].name == node);
        if is_clone && is_here && matches!(action, "start" | "demote" | "promote") && !options.force
        {
            return Some(Err(format!(
                "It is not safe to {action} {id} here: the cluster claims it is already active. \
                 Try setting target-role=Stopped first or specifying the force option"
            )));
        }
        let name = AgentName::parse(&status::resources::agent(of));
        let values = parameters(plan, resource, plan.node_by_name(node));
        let values = values.iter();
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        name.map(|name| {
            Ok((
                name,
                plan.printable_id(resource).to_owned(),
                values.collect(),
            ))
        })
    });
    let found = found.map_err(|it| Failure::new(it.to_string(), ExitCode::CONFIGURATION))?;
    match found {
        None => Err(not_found(id)),
        Some(Err(text)) => Err(Failure::new(text, ExitCode::UNSAFE)),
        Some(Ok(configured)) => Ok(configured),
    }
}
