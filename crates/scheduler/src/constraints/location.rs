//! `<rsc_location>`: where resources should, or should not, run.
//!
//! * The resources are named (`rsc`), matched (`rsc-pattern`, an extended regular expression of
//!   which a leading `!` takes the opposite; only resources that are part of no other are matched),
//!   or listed in sets, whose `score` and `role` then win.
//! * `node` and `score` give one node a score; otherwise a rule says which nodes get which score
//!   (`location_rule`).
//! * The role: `Started` and `Unpromoted` mean any role, because an instance is unpromoted before
//!   it is promoted.
//! * `resource-discovery` says on which nodes the resource is probed.

use std::borrow::Cow;

use cib::xml::Element;
use regex::bytes::RegexBuilder;

use super::location_rule;
use super::reading::{Reader, parse_score};
use super::sets::{self, MISSING, Parties, Side};
use crate::model::{Candidate, Location, Plan, ProbeMode, ResourceId, Role};

/// What a pattern, and each group of it, matched in the id of a resource.
pub(super) type Match<'m> = Vec<Option<&'m str>>;

/// One resource's share of a constraint.
pub(super) struct Request<'r, 'c> {
    /// The constraint.
    pub constraint: Element<'c>,
    /// Its id.
    pub id: &'c str,
    /// The resource.
    pub resource: ResourceId,
    /// The role of a set.
    pub role: Option<&'c str>,
    /// The score of a set.
    pub score: Option<&'c str>,
    /// What the pattern matched.
    pub matched: Option<Match<'r>>,
}

/// Reads constraint `id`.
pub(super) fn unpack<'c>(reader: &mut Reader<'_, 'c>, constraint: Element<'c>, id: &'c str) {
    const SIDES: [Side; 1] = [Side {
        name: "rsc",
        detail: "role",
    }];
    match sets::parties(reader, constraint, id, &SIDES, false) {
        None => {}
        Some(Parties::Attributes) => {
            unpack_named(reader, constraint, id);
            unpack_pattern(reader, constraint, id);
        }
        Some(Parties::Sets(sets)) => {
            for set in sets {
                let Some(set_id) = set.id else {
                    reader.plan.configuration_error(format!(
                        "Ignoring resource_set without id in constraint '{id}'"
                    ));
                    return;
                };
                for member in &set.members {
                    let Some(resource) = member.resource else {
                        reader.plan.configuration_error(format!(
                            "{set_id}: No resource found for {}",
                            member.name
                        ));
                        return;
                    };
                    let request = Request {
                        constraint,
                        id,
                        resource,
                        role: set.role,
                        score: set.attribute("score"),
                        matched: None,
                    };
                    locate(reader, &request);
                }
            }
        }
    }
}

fn unpack_named<'c>(reader: &mut Reader<'_, 'c>, constraint: Element<'c>, id: &'c str) {
    let Some(name) = constraint.attribute("rsc") else {
        return;
    };
    let Some(resource) = reader.resource(name) else {
        reader.plan.configuration_warning(format!(
            "Ignoring constraint '{id}' because resource '{name}' does not exist"
        ));
        return;
    };
    let request = Request {
        constraint,
        id,
        resource,
        role: None,
        score: None,
        matched: None,
    };
    locate(reader, &request);
}

fn unpack_pattern<'c>(reader: &mut Reader<'_, 'c>, constraint: Element<'c>, id: &'c str) {
    let Some(pattern) = constraint.attribute("rsc-pattern") else {
        return;
    };
    let (pattern, inverted) = match pattern.strip_prefix('!') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let Ok(regex) = RegexBuilder::new(pattern).unicode(false).build() else {
        reader.plan.configuration_error(format!(
            "Ignoring constraint '{id}' because rsc-pattern has invalid value '{pattern}'"
        ));
        return;
    };
    for index in 0..reader.plan.roots.len() {
        let resource = reader.plan.roots[index];
        let name = reader.plan.resources[resource].id.clone();
        let matched: Option<Match<'_>> = regex.captures(name.as_bytes()).map(|captures| {
            captures
                .iter()
                .map(|group| name.get(group?.range()))
                .collect()
        });
        if matched.is_some() == inverted {
            continue;
        }
        let request = Request {
            constraint,
            id,
            resource,
            role: None,
            score: None,
            matched,
        };
        locate(reader, &request);
    }
}

fn locate<'c>(reader: &mut Reader<'_, 'c>, request: &Request<'_, 'c>) {
    let constraint = request.constraint;
    let score = request.score.or_else(|| constraint.attribute("score"));
    let (Some(node), Some(score)) = (constraint.attribute("node"), score) else {
        if let Some(rule) = constraint.child("rule") {
            location_rule::unpack(reader, request, rule);
        }
        return;
    };
    let Some(node) = reader.plan.node_by_name(node) else {
        return;
    };
    let id = request.id;
    let Some(score) = parse_score(reader.plan, score) else {
        reader.plan.configuration_error(format!(
            "Ignoring location constraint {id} because '{score}' is not a valid score"
        ));
        return;
    };
    let role = request.role.or_else(|| constraint.attribute("role"));
    let Some(role) = parse_role(reader.plan, role) else {
        reader.plan.configuration_error(format!(
            "Ignoring location constraint {id} because '{}' is not a valid role",
            role.unwrap_or(MISSING)
        ));
        return;
    };
    let probe_mode = probe_mode(reader.plan, constraint);
    let nodes = vec![Candidate::new(node, score)];
    add(
        reader.plan,
        Location {
            id: Cow::Borrowed(id),
            resource: request.resource,
            role,
            probe_mode,
            nodes,
        },
    );
}

/// The role that a location constraint is limited to, `Unknown` for any; `None` if `text` is no
/// role.
pub(super) fn parse_role(plan: &mut Plan<'_>, text: Option<&str>) -> Option<Role> {
    let text = text.unwrap_or("Started");
    plan.note_old_role(text);
    match Role::parse(text)? {
        Role::Unknown => None,
        Role::Started | Role::Unpromoted => Some(Role::Unknown),
        role @ (Role::Stopped | Role::Promoted) => Some(role),
    }
}

/// `resource-discovery` of `constraint`.
pub(super) fn probe_mode(plan: &mut Plan<'_>, constraint: Element<'_>) -> ProbeMode {
    let Some(text) = constraint.attribute("resource-discovery") else {
        return ProbeMode::Always;
    };
    let modes = [
        ("always", ProbeMode::Always),
        ("never", ProbeMode::Never),
        ("exclusive", ProbeMode::Exclusive),
    ];
    let mode = modes
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    if mode.is_none() {
        plan.configuration_error(format!(
            "Invalid resource-discovery value {text} in location constraint"
        ));
    }
    mode.map_or(ProbeMode::Always, |&(_, mode)| mode)
}

/// Adds a location constraint.
pub(super) fn add<'c>(plan: &mut Plan<'c>, location: Location<'c>) {
    let resource = location.resource;
    if location.probe_mode == ProbeMode::Exclusive {
        plan.resources[resource].exclusive_probes = true;
    }
    let id = plan.locations.push(location);
    plan.resources[resource].locations.push(id);
}
