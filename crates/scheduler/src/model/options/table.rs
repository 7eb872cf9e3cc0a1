//! All cluster options: names, former names, which values they may have, and what holds without one.

use std::borrow::Cow;

use cib::Values;
use cib::literal::{parse_boolean, parse_milliseconds};

use super::Problem;
use crate::configuration::parse_integer;

/// What values an option may have.
#[derive(Clone, Copy, Debug)]
enum Domain {
    Text,
    Boolean,
    Duration,
    /// A number of 64 bits, or plus or minus `INFINITY`.
    Integer,
    /// An integer above zero, or `INFINITY`.
    PositiveInteger,
    /// A number, perhaps followed by `%`.
    Percentage,
    /// One of these words, in any case.
    Word(&'static [&'static str]),
}

/// What there is to know about an option.
struct Specification {
    name: &'static str,
    legacy_name: Option<&'static str>,
    domain: Domain,
    default: Option<&'static str>,
}

const fn option(
    name: &'static str,
    legacy_name: Option<&'static str>,
    domain: Domain,
    default: Option<&'static str>,
) -> Specification {
    Specification {
        name,
        legacy_name,
        domain,
        default,
    }
}

pub(super) const NO_QUORUM_POLICIES: [&str; 6] =
    ["stop", "freeze", "ignore", "demote", "fence", "suicide"];
pub(super) const FENCING_ACTIONS: [&str; 2] = ["reboot", "off"];
pub(super) const HEALTH_STRATEGIES: [&str; 5] = [
    "none",
    "migrate-on-red",
    "only-green",
    "progressive",
    "custom",
];
pub(super) const PLACEMENT_STRATEGIES: [&str; 4] =
    ["default", "utilization", "minimal", "balanced"];

/// All options that Pacemaker 3.0 knows, in its order, which is that of messages.
const OPTIONS: &[Specification] = &[
    option("dc-version", None, Domain::Text, None),
    option("cluster-infrastructure", None, Domain::Text, None),
    option("cluster-name", None, Domain::Text, None),
    option("dc-deadtime", None, Domain::Duration, Some("20s")),
    option(
        "cluster-recheck-interval",
        None,
        Domain::Duration,
        Some("15min"),
    ),
    option("election-timeout", None, Domain::Duration, Some("2min")),
    option("shutdown-escalation", None, Domain::Duration, Some("20min")),
    option(
        "join-integration-timeout",
        None,
        Domain::Duration,
        Some("3min"),
    ),
    option(
        "join-finalization-timeout",
        None,
        Domain::Duration,
        Some("30min"),
    ),
    option("transition-delay", None, Domain::Duration, Some("0s")),
    option(
        "no-quorum-policy",
        None,
        Domain::Word(&NO_QUORUM_POLICIES),
        Some("stop"),
    ),
    option("shutdown-lock", None, Domain::Boolean, Some("false")),
    option("shutdown-lock-limit", None, Domain::Duration, Some("0")),
    option("enable-acl", None, Domain::Boolean, Some("false")),
    option("symmetric-cluster", None, Domain::Boolean, Some("true")),
    option("maintenance-mode", None, Domain::Boolean, Some("false")),
    option(
        "start-failure-is-fatal",
        None,
        Domain::Boolean,
        Some("true"),
    ),
    option("enable-startup-probes", None, Domain::Boolean, Some("true")),
    option(
        "fence-remote-without-quorum",
        None,
        Domain::Boolean,
        Some("false"),
    ),
    option(
        "fencing-enabled",
        Some("stonith-enabled"),
        Domain::Boolean,
        Some("true"),
    ),
    option(
        "fencing-action",
        Some("stonith-action"),
        Domain::Word(&FENCING_ACTIONS),
        Some("reboot"),
    ),
    option(
        "fencing-reaction",
        Some("fence-reaction"),
        Domain::Text,
        Some("stop"),
    ),
    option(
        "fencing-timeout",
        Some("stonith-timeout"),
        Domain::Duration,
        Some("60s"),
    ),
    option("have-watchdog", None, Domain::Boolean, Some("false")),
    option(
        "fencing-watchdog-timeout",
        Some("stonith-watchdog-timeout"),
        Domain::Text,
        Some("0"),
    ),
    option(
        "fencing-max-attempts",
        Some("stonith-max-attempts"),
        Domain::PositiveInteger,
        Some("10"),
    ),
    option("concurrent-fencing", None, Domain::Boolean, Some("true")),
    option("startup-fencing", None, Domain::Boolean, Some("true")),
    option("priority-fencing-delay", None, Domain::Duration, Some("0")),
    option("node-pending-timeout", None, Domain::Duration, Some("0")),
    option("cluster-delay", None, Domain::Duration, Some("60s")),
    option("load-threshold", None, Domain::Percentage, Some("80%")),
    option("node-action-limit", None, Domain::Integer, Some("0")),
    option("batch-limit", None, Domain::Integer, Some("0")),
    option("migration-limit", None, Domain::Integer, Some("-1")),
    option("cluster-ipc-limit", None, Domain::Text, None),
    option("stop-all-resources", None, Domain::Boolean, Some("false")),
    option(
        "stop-removed-resources",
        Some("stop-orphan-resources"),
        Domain::Boolean,
        Some("true"),
    ),
    option(
        "cancel-removed-actions",
        Some("stop-orphan-actions"),
        Domain::Boolean,
        Some("true"),
    ),
    option("pe-error-series-max", None, Domain::Integer, Some("-1")),
    option("pe-warn-series-max", None, Domain::Integer, Some("5000")),
    option("pe-input-series-max", None, Domain::Integer, Some("4000")),
    option(
        "node-health-strategy",
        None,
        Domain::Word(&HEALTH_STRATEGIES),
        Some("none"),
    ),
    option("node-health-base", None, Domain::Integer, Some("0")),
    option("node-health-green", None, Domain::Integer, Some("0")),
    option("node-health-yellow", None, Domain::Integer, Some("0")),
    option("node-health-red", None, Domain::Integer, Some("-INFINITY")),
    option(
        "placement-strategy",
        None,
        Domain::Word(&PLACEMENT_STRATEGIES),
        Some("default"),
    ),
];

/// Puts current names for old ones, and defaults for what is missing or invalid.
pub(super) fn complete(all: &mut Values<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for specification in OPTIONS {
        let Specification {
            name,
            legacy_name,
            domain,
            default,
        } = *specification;
        if !all.contains(name)
            && let Some(legacy_name) = legacy_name
            && let Some(value) = all.get_cow(legacy_name).cloned()
        {
            problems.push(Problem::LegacyName(format!(
                "Support for legacy name '{legacy_name}' for cluster option '{name}' is \
                 deprecated and will be removed in a future release"
            )));
            all.set(name, value);
        }
        let is_usable = match all.get(name) {
            Some(value) if domain.contains(value) => true,
            Some(value) => {
                problems.push(Problem::Invalid(format!(
                    "Using default value for cluster option '{name}' because '{value}' is invalid"
                )));
                false
            }
            None => false,
        };
        if !is_usable && let Some(default) = default {
            all.set(name, Cow::Borrowed(default));
        }
    }
    problems
}

impl Domain {
    fn contains(self, value: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Boolean => parse_boolean(value).is_some(),
            Self::Duration => is_duration(value),
            Self::Integer => {
                matches!(value, "INFINITY" | "+INFINITY" | "-INFINITY")
                    || parse_integer(value).is_some()
            }
            Self::PositiveInteger => {
                matches!(value, "INFINITY" | "+INFINITY")
                    || parse_integer(value).is_some_and(|number| number > 0)
            }
            Self::Percentage => value
                .strip_suffix('%')
                .unwrap_or(value)
                .trim()
                .parse::<f64>()
                .is_ok_and(|number| number >= 0.0),
            Self::Word(words) => words.iter().any(|word| word.eq_ignore_ascii_case(value)),
        }
    }
}

fn is_duration(value: &str) -> bool {
    value.starts_with('P')
        || parse_milliseconds(value).is_some_and(|milliseconds| milliseconds >= 0)
}
