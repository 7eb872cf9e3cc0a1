//! `pcs property`: the cluster's options.

use diagnostics::nearest;

use super::cib_edit::{add_set, in_section, pair, section, set_pairs};
use super::pairs::{self, quoted};
use super::session::{Done, Refusal, Session};

/// The set that pcs keeps the options in.
const SET: &str = "cib-bootstrap-options";

/// What an option's value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Percentage,
    Time,
    Text,
    OneOf(&'static [&'static str]),
}

/// An option: its name, its default, what it must be, and whether it is the cluster's own to set.
struct Property(&'static str, &'static str, Kind, bool);

/// The options of pacemaker-schedulerd(7), pacemaker-controld(7) and pacemaker-based(7).
const PROPERTIES: &[Property] = &[
    Property("batch-limit", "0", Kind::Integer, false),
    Property("cluster-delay", "60s", Kind::Time, false),
    Property("cluster-ipc-limit", "500", Kind::Integer, false),
    Property("cluster-name", "", Kind::Text, true),
    Property("cluster-recheck-interval", "15min", Kind::Time, false),
    Property("concurrent-fencing", "false", Kind::Boolean, false),
    Property("dc-deadtime", "20s", Kind::Time, false),
    Property("election-timeout", "2min", Kind::Time, false),
    Property("enable-acl", "false", Kind::Boolean, false),
    Property("enable-startup-probes", "true", Kind::Boolean, false),
    Property(
        "fence-reaction",
        "stop",
        Kind::OneOf(&["stop", "panic"]),
        false,
    ),
    Property("have-watchdog", "false", Kind::Boolean, true),
    Property("join-finalization-timeout", "30min", Kind::Time, false),
    Property("join-integration-timeout", "3min", Kind::Time, false),
    Property("load-threshold", "80%", Kind::Percentage, false),
    Property("maintenance-mode", "false", Kind::Boolean, false),
    Property("migration-limit", "-1", Kind::Integer, false),
    Property(
        "no-quorum-policy",
        "stop",
        Kind::OneOf(QUORUM_POLICIES),
        false,
    ),
    Property("node-action-limit", "0", Kind::Integer, false),
    Property("node-health-base", "0", Kind::Integer, false),
    Property("node-health-green", "0", Kind::Integer, false),
    Property("node-health-red", "-INFINITY", Kind::Integer, false),
    Property(
        "node-health-strategy",
        "none",
        Kind::OneOf(HEALTH_STRATEGIES),
        false,
    ),
    Property("node-health-yellow", "0", Kind::Integer, false),
    Property("pe-error-series-max", "-1", Kind::Integer, false),
    Property("pe-input-series-max", "4000", Kind::Integer, false),
    Property("pe-warn-series-max", "5000", Kind::Integer, false),
    Property(
        "placement-strategy",
        "default",
        Kind::OneOf(PLACEMENTS),
        false,
    ),
    Property("priority-fencing-delay", "0", Kind::Time, false),
    Property("remove-after-stop", "false", Kind::Boolean, false),
    Property("shutdown-escalation", "20min", Kind::Time, false),
    Property("shutdown-lock", "false", Kind::Boolean, false),
    Property("shutdown-lock-limit", "0", Kind::Time, false),
    Property("start-failure-is-fatal", "true", Kind::Boolean, false),
    Property("startup-fencing", "true", Kind::Boolean, false),
    Property(
        "stonith-action",
        "reboot",
        Kind::OneOf(&["reboot", "off", "poweroff"]),
        false,
    ),
    Property("stonith-enabled", "true", Kind::Boolean, false),
    Property("stonith-max-attempts", "10", Kind::Integer, false),
    Property("stonith-timeout", "60s", Kind::Time, false),
    Property("stonith-watchdog-timeout", "0", Kind::Text, false),
    Property("stop-all-resources", "false", Kind::Boolean, false),
    Property("stop-orphan-actions", "true", Kind::Boolean, false),
    Property("stop-orphan-resources", "true", Kind::Boolean, false),
    Property("symmetric-cluster", "true", Kind::Boolean, false),
    Property("transition-delay", "0s", Kind::Time, false),
];
const QUORUM_POLICIES: &[&str] = &["stop", "freeze", "ignore", "demote", "suicide", "fence"];
const HEALTH_STRATEGIES: &[&str] = &[
    "none",
    "migrate-on-red",
    "only-green",
    "progressive",
    "custom",
];
const PLACEMENTS: &[&str] = &["default", "utilization", "minimal", "balanced"];
const BOOLEANS: &[&str] = &[
    "0", "1", "false", "n", "no", "off", "on", "true", "y", "yes",
];

/// `property set NAME=[VALUE]…`
pub(super) fn set(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    let wanted = pairs::parse(words)?;
    change(session, &wanted)
}

/// `property unset NAME…`
pub(super) fn unset(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    let wanted = words
        .iter()
        .map(|name| (name.clone(), String::new()))
        .collect();
    change(session, &wanted)
}

fn change(session: &mut Session<'_>, wanted: &pairs::Pairs) -> Done {
    let set = in_section(&session.cib, "crm_config").find(|it| it.name() == "cluster_property_set");
    let is_set = |name: &str| set.is_some_and(|it| pair(it, name).is_some());
    let id = set.and_then(|it| it.id()).unwrap_or(SET).to_owned();
    let set = set.map(|it| it.xml_id());
    let absent: Vec<&str> = wanted
        .iter()
        .filter(|(name, value)| value.is_empty() && !is_set(name))
        .map(|(name, _)| name.as_str())
        .collect();
    match absent.as_slice() {
        [] => {}
        [name] => session.objection(&format!(
            "Cannot remove property '{name}', it is not present in property set '{id}'"
        )),
        names => session.objection(&format!(
            "Cannot remove properties {}, they are not present in property set '{id}'",
            quoted(names.iter().copied())
        )),
    }
    for (name, value) in wanted.iter().filter(|(_, value)| !value.is_empty()) {
        check(session, name, value);
    }
    session.check()?;
    match set {
        Some(set) => set_pairs(&mut session.cib, set, wanted),
        None => {
            let section = section(&mut session.cib, "crm_config");
            add_set(
                &mut session.cib,
                section,
                "cluster_property_set",
                &id,
                wanted,
            );
        }
    }
    Ok(())
}

/// Reports what is wrong with an option.
fn check(session: &mut Session<'_>, name: &str, value: &str) {
    // Since Pacemaker 3.0 options of fencing have names of their own.
    let old_name = match name.strip_prefix("fencing-") {
        Some(rest) => format!("stonith-{rest}"),
        None => name.to_owned(),
    };
    let Some(Property(_, _, kind, is_own)) = PROPERTIES.iter().find(|it| it.0 == old_name) else {
        let settable = PROPERTIES.iter().filter(|it| !it.3).map(|it| it.0);
        let allowed = quoted(settable.clone());
        session.objection(&format!(
            "invalid cluster property option '{name}', allowed options are: {allowed}"
        ));
        if let Some(meant) = nearest(name, settable) {
            session.say(&format!("Did you mean '{meant}'?"));
        }
        return;
    };
    if *is_own {
        session.objection(&format!(
            "Cannot set property '{name}', it is maintained by the cluster itself"
        ));
    } else if let Some(expected) = kind.refuses(value) {
        session.objection(&format!(
            "'{value}' is not a valid {name} value, use {expected}"
        ));
        if let Kind::OneOf(values) = kind
            && let Some(meant) = nearest(value, values.iter().copied())
        {
            session.say(&format!("Did you mean '{meant}'?"));
        }
    }
}

impl Kind {
    /// What the value should be, where it is not.
    fn refuses(self, value: &str) -> Option<String> {
        let (is_fine, expected) = match self {
            Self::Boolean => (
                BOOLEANS.contains(&value.to_lowercase().as_str()),
                format!(
                    "a pacemaker boolean value: {}",
                    quoted(BOOLEANS.iter().copied())
                ),
            ),
            Self::Integer => (
                is_score(value),
                "an integer or INFINITY or -INFINITY".to_owned(),
            ),
            Self::Percentage => (
                value
                    .strip_suffix('%')
                    .is_some_and(|it| it.parse::<u32>().is_ok()),
                "a non-negative integer followed by '%' (e.g. 0%, 50%, 200%, ...)".to_owned(),
            ),
            Self::Time => (
                ::cib::time::parse_interval_ms(value).is_some(),
                "time interval (e.g. 1, 2s, 3m, 4h, ...)".to_owned(),
            ),
            Self::Text => (true, String::new()),
            Self::OneOf(values) => (values.contains(&value), quoted(values.iter().copied())),
        };
        (!is_fine).then_some(expected)
    }
}

fn is_score(value: &str) -> bool {
    matches!(value, "INFINITY" | "+INFINITY" | "-INFINITY") || value.parse::<i64>().is_ok()
}

/// `property [config [NAME | --all | --defaults]]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.len() > 1 {
        return Err(Refusal::Usage);
    }
    let has = |name| session.options.has(name);
    let mut values: Vec<(String, String)> = Vec::new();
    let defaults = PROPERTIES
        .iter()
        .map(|it| (it.0.to_owned(), it.1.to_owned()));
    let name = words.first().map(String::as_str);
    if has("--all") || has("--defaults") || name.is_some() {
        values.extend(defaults);
    }
    if !has("--defaults") {
        let sets = in_section(&session.cib, "crm_config");
        for set in sets.filter(|it| it.name() == "cluster_property_set") {
            for (name, value) in set
                .children_named("nvpair")
                .filter_map(|it| Some((it.attribute("name")?, it.attribute("value").unwrap_or(""))))
            {
                values.retain(|(known, _)| known != name);
                values.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    values.retain(|(it, _)| name.is_none_or(|name| it == name));
    values.sort();
    if session.options.value("--output-format") == Some("json") {
        let json: serde_json::Map<_, _> = values
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        session.print(&serde_json::json!({ "nvsets": [json] }).to_string());
        return Ok(());
    }
    session.print("Cluster Properties:");
    for (name, value) in values {
        session.print(&format!(" {name}: {value}"));
    }
    Ok(())
}

/// `property list|show`, as it was called.
pub(super) fn list(session: &mut Session<'_>, words: &[String]) -> Done {
    session.deprecated(
        "This command is deprecated and will be removed. Please use 'pcs property config' instead.",
    );
    config(session, words)
}
