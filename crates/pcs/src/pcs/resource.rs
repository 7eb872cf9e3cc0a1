//! `pcs resource config|standards|providers|agents|list|describe`: what there is.

use ::cib::xml::Element;

use super::agents::AgentName;
use super::cib_edit::{self, in_section};
use super::config_text;
use super::resource_create::full_name;
use super::session::{Done, Refusal, Session};
use super::stonith::is_device;

/// `resource config [RESOURCE…]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    show(session, words, false)
}

/// `stonith config [DEVICE…]`
pub(super) fn stonith_config(session: &mut Session<'_>, words: &[String]) -> Done {
    show(session, words, true)?;
    if words.is_empty() {
        let lines = super::fencing_levels::lines(session);
        lines.iter().for_each(|line| session.print(line));
    }
    Ok(())
}

fn show(session: &mut Session<'_>, words: &[String], devices: bool) -> Done {
    let format = session
        .options
        .value("--output-format")
        .unwrap_or("text")
        .to_owned();
    if format != "text" && format != "json" {
        return Err(Refusal::said(format!(
            "Unknown value '{format}' for '--output-format' option. Supported values are: 'json', \
             'text'"
        )));
    }
    if words.is_empty() {
        if format == "json" {
            let all = in_section(&session.cib, "resources").filter(|it| is_device(*it) == devices);
            let all = config_text::json_of(all);
            session.print(&all.to_string());
            return Ok(());
        }
        let lines = config_text::lines(&session.cib, devices);
        lines.iter().for_each(|line| session.print(line));
        return Ok(());
    }
    let find = |id: &String| {
        let found = cib_edit::resource(&session.cib, id);
        found.filter(|it| is_device(*it) == devices)
    };
    let found: Vec<Element<'_>> = words.iter().filter_map(find).collect();
    let mut missing: Vec<String> = words
        .iter()
        .filter(|it| find(it).is_none())
        .cloned()
        .collect();
    missing.sort();
    let mut lines = Vec::new();
    if format == "json" {
        lines.push(config_text::json_of(found.iter().copied()).to_string());
    } else {
        found
            .iter()
            .for_each(|it| config_text::resource(*it, 0, &mut lines));
    }
    let is_none = found.is_empty();
    let what = if devices {
        "stonith device"
    } else {
        "resource"
    };
    for id in missing {
        session.warn(&format!("Unable to find {what} '{id}'"));
    }
    if is_none {
        let what = if devices {
            "stonith device"
        } else {
            "resource"
        };
        return Err(Refusal::said(format!("No {what} found")));
    }
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

/// `resource standards`
pub(super) fn standards(session: &mut Session<'_>, words: &[String]) -> Done {
    let all = session.agents.installed();
    let standards = all
        .into_iter()
        .map(|it| it.standard)
        .filter(|it| it != "stonith");
    list(session, words, standards.collect())
}

/// `resource providers`
pub(super) fn providers(session: &mut Session<'_>, words: &[String]) -> Done {
    let all = session.agents.installed();
    list(
        session,
        words,
        all.into_iter().filter_map(|it| it.provider).collect(),
    )
}

fn list(session: &mut Session<'_>, words: &[String], mut names: Vec<String>) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    names.sort();
    names.dedup();
    names.iter().for_each(|name| session.print(name));
    Ok(())
}

/// `resource agents [STANDARD[:PROVIDER]]`
pub(super) fn agents(session: &mut Session<'_>, words: &[String]) -> Done {
    let wanted = match words {
        [] => None,
        [wanted] => Some(wanted.split_once(':').unwrap_or((wanted, ""))),
        _ => return Err(Refusal::Usage),
    };
    let is_wanted = |it: &AgentName| {
        wanted.is_none_or(|(standard, provider)| {
            it.standard == standard
                && (provider.is_empty() || it.provider.as_deref() == Some(provider))
        })
    };
    let all = session.agents.installed();
    let names = all
        .into_iter()
        .filter(is_wanted)
        .map(|it| it.kind)
        .collect::<Vec<_>>();
    if names.is_empty() {
        return Err(Refusal::said(format!(
            "No agents available for {}",
            words.first().map_or("this machine", String::as_str)
        )));
    }
    list(session, &[], names)
}

/// `resource list [FILTER]`
pub(super) fn list_agents(session: &mut Session<'_>, words: &[String]) -> Done {
    list_matching(
        session,
        words,
        |it| it.standard != "stonith",
        AgentName::to_string,
    )
}

/// `stonith list [FILTER]`
pub(super) fn list_devices(session: &mut Session<'_>, words: &[String]) -> Done {
    list_matching(
        session,
        words,
        |it| it.standard == "stonith",
        |it| it.kind.clone(),
    )
}

fn list_matching(
    session: &mut Session<'_>,
    words: &[String],
    is_meant: impl Fn(&AgentName) -> bool,
    text: impl Fn(&AgentName) -> String,
) -> Done {
    if words.len() > 1 {
        return Err(Refusal::Usage);
    }
    let filter = words
        .first()
        .map(|it| it.to_lowercase())
        .unwrap_or_default();
    let all: Vec<AgentName> = session
        .agents
        .installed()
        .into_iter()
        .filter(|it| is_meant(it) && it.to_string().to_lowercase().contains(&filter))
        .collect();
    if all.is_empty() {
        return Err(Refusal::said(format!(
            "No agents match the filter '{filter}'"
        )));
    }
    for agent in all {
        let name = text(&agent);
        let says_more = !session.options.has("--nodesc");
        let metadata = says_more
            .then(|| session.agents.metadata(&agent).ok())
            .flatten();
        let description = metadata
            .map(|it| it.short_description)
            .filter(|it| !it.is_empty());
        match description {
            Some(description) => session.print(&format!("{name} - {description}")),
            None => session.print(&name),
        }
    }
    Ok(())
}

/// `resource describe AGENT`
pub(super) fn describe(session: &mut Session<'_>, words: &[String]) -> Done {
    let [written] = words else {
        return Err(Refusal::Usage);
    };
    let agent = full_name(session, written)?;
    describe_agent(session, &agent)
}

/// `stonith describe AGENT`
pub(super) fn describe_device(session: &mut Session<'_>, words: &[String]) -> Done {
    let [written] = words else {
        return Err(Refusal::Usage);
    };
    let kind = written.strip_prefix("stonith:").unwrap_or(written);
    describe_agent(session, &AgentName::new("stonith", None, kind))
}

fn describe_agent(session: &mut Session<'_>, agent: &AgentName) -> Done {
    let metadata = session.agents.metadata(agent).map_err(|reason| {
        Refusal::said(format!(
            "Agent '{agent}' is not installed or does not provide valid metadata: {reason}"
        ))
    })?;
    session.print(&format!("{agent} - {}", metadata.short_description));
    session.print("");
    if !metadata.long_description.is_empty() {
        session.print(&metadata.long_description);
        session.print("");
    }
    let all = session.options.has("--full");
    let shown = metadata
        .parameters
        .iter()
        .filter(|it| all || !it.is_deprecated);
    let title = if agent.standard == "stonith" {
        "Stonith options:"
    } else {
        "Resource options:"
    };
    session.print(title);
    for parameter in shown {
        let required = if parameter.is_required {
            " (required)"
        } else {
            ""
        };
        let unique = if parameter.unique_group.is_some() {
            " (unique)"
        } else {
            ""
        };
        let description = match parameter.short_description.as_str() {
            "" => "No description available",
            text => text,
        };
        session.print(&format!(
            "  {}{required}{unique}: {description}",
            parameter.name
        ));
    }
    session.print("");
    session.print("Default operations:");
    for operation in super::operations::complete(Vec::new(), Some(&metadata), false) {
        let options: Vec<String> = operation
            .options
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        session.print(&format!("  {}: {}", operation.name, options.join(" ")));
    }
    Ok(())
}
