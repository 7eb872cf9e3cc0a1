//! The `crm_config` section, and what else the CIB says of the cluster as a whole.
//!
//! - The set `cib-bootstrap-options` goes before all others.
//! - `no-quorum-policy="fence"` needs fencing; and a partition that never had quorum (and is not
//!   told to panic) does not fence itself.
//! - Unfencing is in use as soon as any resource, or a default, says `requires="unfencing"` or
//!   `provides="unfencing"`, whether or not a rule makes it hold.

use cib::literal::parse_boolean;
use cib::rules::{Findings, Input};
use cib::xml::Element;
use cib::{Values, nvset};

use super::number::parse_integer;
use super::section;
use crate::graph::FEATURE_SET;
use crate::model::options::{Options, Problem};
use crate::model::{NoQuorumPolicy, Plan};
use crate::status::note_findings;

/// Options that are on their way out, with what is said where they are off.
const DEPRECATED_OFF: [(&str, &str); 4] = [
    (
        "enable-startup-probes",
        " Use a location constraint with resource-discovery=never instead to disable probes where \
         desired.",
    ),
    ("concurrent-fencing", ""),
    ("stop-removed-resources", ""),
    ("cancel-removed-actions", ""),
];

/// Reads the options into `plan`.
pub(super) fn unpack(plan: &mut Plan<'_>) {
    check_feature_set(plan);
    warn_of_node_rules(plan);
    let mut configured = Values::new();
    if let Some(section) = section(plan, "crm_config") {
        let input = Input {
            now: plan.now,
            ..Input::default()
        };
        let mut findings = Findings::default();
        nvset::collect(
            section,
            "cluster_property_set",
            Some("cib-bootstrap-options"),
            &input,
            &mut configured,
            &mut findings,
        );
        note_findings(plan, findings);
    }
    let (mut options, problems) = Options::new(configured);
    for problem in problems {
        match problem {
            Problem::Invalid(text) => plan.configuration_error(text),
            Problem::LegacyName(text) => plan.configuration_warning(text),
        }
    }
    options.quorate = is_true(plan.cib.attribute("have-quorum"));
    options.unfencing = uses_unfencing(plan);
    plan.options = options;
    settle_quorum_policy(plan);
    warn(plan);
}

fn settle_quorum_policy(plan: &mut Plan<'_>) {
    if plan.options.no_quorum_policy != NoQuorumPolicy::Fence {
        return;
    }
    let panics = plan
        .cib
        .attribute("no-quorum-panic")
        .and_then(parse_integer)
        .is_some_and(|panics| panics != 0);
    if !plan.options.fencing_enabled {
        plan.configuration_error(
            "Resetting no-quorum-policy to 'stop' because fencing is disabled",
        );
    } else if !panics && !plan.options.quorate {
        plan.notice("Resetting no-quorum-policy to 'stop': cluster has never had quorum");
    } else {
        return;
    }
    plan.options.no_quorum_policy = NoQuorumPolicy::Stop;
}

fn warn(plan: &mut Plan<'_>) {
    for (name, advice) in DEPRECATED_OFF {
        if !is_true(plan.options.all.get(name)) {
            plan.configuration_warning(format!(
                "Support for the {name} cluster property is deprecated and will be removed (and \
                 behave as true) in a future release.{advice}"
            ));
        }
    }
    if !plan.options.startup_fencing {
        plan.warning("Blind faith: not fencing unseen nodes");
    }
    match plan.options.no_quorum_policy {
        NoQuorumPolicy::Fence => plan.notice("On loss of quorum: Fence all remaining nodes"),
        NoQuorumPolicy::Ignore => plan.notice("On loss of quorum: Ignore"),
        NoQuorumPolicy::Stop | NoQuorumPolicy::Freeze | NoQuorumPolicy::Demote => {}
    }
    if !plan.options.quorate && plan.options.no_quorum_policy != NoQuorumPolicy::Ignore {
        plan.warning("Fencing and resource management disabled due to lack of quorum");
    }
}

fn is_true(value: Option<&str>) -> bool {
    value.and_then(parse_boolean) == Some(true)
}

fn uses_unfencing(plan: &Plan<'_>) -> bool {
    let anywhere = section(plan, "resources")
        .into_iter()
        .flat_map(Element::descendants)
        .filter(|element| element.name() == "meta_attributes");
    let by_default = section(plan, "rsc_defaults")
        .into_iter()
        .flat_map(|defaults| defaults.children_named("meta_attributes"));
    anywhere.chain(by_default).any(says_unfencing)
}

fn says_unfencing(meta_attributes: Element<'_>) -> bool {
    meta_attributes.children_named("nvpair").any(|pair| {
        matches!(pair.attribute("name"), Some("provides" | "requires"))
            && pair.attribute("value") == Some("unfencing")
    })
}

fn check_feature_set(plan: &mut Plan<'_>) {
    let numbers = |version: &str| -> Vec<i64> {
        version
            .split('.')
            .map(|number| parse_integer(number).unwrap_or(0))
            .collect()
    };
    if let Some(version) = plan.cib.attribute("crm_feature_set")
        && numbers(version) > numbers(FEATURE_SET)
    {
        plan.configuration_error(format!(
            "Can't process CIB with feature set '{version}' greater than our own '{FEATURE_SET}'"
        ));
    }
}

/// Rules of operations cannot depend on the node, because which operations there are is decided
/// before that.
fn warn_of_node_rules(plan: &mut Plan<'_>) {
    let has_expression = |element: Element<'_>| {
        element
            .descendants()
            .any(|inner| inner.name() == "expression")
    };
    let of_operations = section(plan, "resources")
        .into_iter()
        .flat_map(Element::descendants)
        .filter(|element| element.name() == "op");
    if section(plan, "op_defaults")
        .into_iter()
        .chain(of_operations)
        .any(has_expression)
    {
        plan.configuration_warning(
            "Support for rules with node attribute expressions in op or op_defaults is deprecated \
             and will be dropped in a future release",
        );
    }
}
