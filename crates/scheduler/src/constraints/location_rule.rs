//! Rules of location constraints: which nodes get which score.
//!
//! * A rule has a `score`, or names a node attribute whose value is the score (`score-attribute`);
//!   nodes without the attribute are left out. In that name, `%0` to `%9` are what the
//!   constraint's `rsc-pattern` matched.
//! * The rule holds for each node for which its conditions do.

use std::borrow::Cow;

use cib::Score;
use cib::rules::{self, Findings, Input, expand_captures};
use cib::xml::Element;

use super::location::{self, Match, Request};
use super::reading::{Reader, parse_score};
use crate::model::{Candidate, Location, NodeId, Plan, ResourceId};
use crate::{configuration, status};

/// How a rule gives scores.
enum Scoring<'c> {
    /// The same to all nodes.
    Fixed(Score),
    /// The value of a node attribute.
    Attribute(Cow<'c, str>),
}

/// Reads `rule`, the first one of the constraint of `request`.
pub(super) fn unpack<'c>(
    reader: &mut Reader<'_, 'c>,
    request: &Request<'_, 'c>,
    rule: Element<'c>,
) {
    let Some(rule) = reader.resolve(rule) else {
        return;
    };
    let id = request.id;
    let Some(rule_id) = rule.id() else {
        reader.plan.configuration_error(format!(
            "Ignoring location constraint '{id}' because its rule has no id"
        ));
        return;
    };
    let role_text = rule.attribute("role");
    let Some(role) = location::parse_role(role_text) else {
        refuse(reader.plan, id, rule_id, "role", role_text);
        return;
    };
    let combine = rule.attribute("boolean-op");
    if combine.is_some_and(|text| !is_boolean_operator(text)) {
        refuse(reader.plan, id, rule_id, "boolean-op", combine);
        return;
    }
    let Some(scoring) = scoring(reader.plan, rule, rule_id, request.matched.as_ref()) else {
        return;
    };
    let probe_mode = location::probe_mode(reader.plan, request.constraint);
    let nodes = matching_nodes(reader.plan, request, rule, &scoring);
    location::add(
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

fn refuse(plan: &mut Plan<'_>, constraint: &str, rule: &str, attribute: &str, value: Option<&str>) {
    let value = value.unwrap_or_default();
    plan.configuration_error(format!(
        "Ignoring location constraint '{constraint}' because rule '{rule}' has invalid \
         {attribute} '{value}'"
    ));
}

fn is_boolean_operator(text: &str) -> bool {
    text.eq_ignore_ascii_case("and") || text.eq_ignore_ascii_case("or")
}

fn scoring<'c>(
    plan: &mut Plan<'c>,
    rule: Element<'c>,
    rule_id: &str,
    matched: Option<&Match<'_>>,
) -> Option<Scoring<'c>> {
    if let Some(attribute) = rule.attribute("score-attribute") {
        return Some(Scoring::Attribute(expand_captures(
            attribute,
            matched.map(Vec::as_slice),
        )));
    }
    let Some(text) = rule.attribute("score") else {
        plan.configuration_error(format!(
            "Ignoring location constraint rule {rule_id} because neither score nor \
             score-attribute was specified"
        ));
        return None;
    };
    let score = parse_score(plan, text);
    if score.is_none() {
        plan.configuration_error(format!(
            "Ignoring location constraint rule {rule_id} because '{text}' is not a valid score: \
             Bad input value provided"
        ));
    }
    score.map(Scoring::Fixed)
}

fn matching_nodes<'c>(
    plan: &mut Plan<'c>,
    request: &Request<'_, 'c>,
    rule: Element<'c>,
    scoring: &Scoring<'c>,
) -> Vec<Candidate> {
    let mut findings = Findings::default();
    let reads_parameters = rule.descendants().any(|part| {
        part.attribute("value-source") == Some("param") || part.attribute("id-ref").is_some()
    });
    let mut nodes = Vec::new();
    for node in plan.nodes.ids() {
        configuration::note_changes(plan, request.resource, Some(node));
        let parameters =
            reads_parameters.then(|| configuration::parameters(plan, request.resource, Some(node)));
        let input = Input {
            now: plan.now,
            node_attributes: Some(&plan.nodes[node].attributes),
            parameters: parameters.as_ref(),
            meta: Some(&plan.resources[request.resource].meta),
            captures: request.matched.as_deref(),
            ..Input::default()
        };
        if !rules::evaluate(rule, &input, &mut findings).holds() {
            continue;
        }
        let score = match scoring {
            Scoring::Fixed(score) => Some(*score),
            Scoring::Attribute(name) => attribute_score(plan, request, node, name),
        };
        nodes.extend(score.map(|score| Candidate::new(node, score)));
    }
    status::note_findings(plan, findings);
    nodes
}

/// The score that `node`'s attribute `name` says.
fn attribute_score(
    plan: &mut Plan<'_>,
    request: &Request<'_, '_>,
    node: NodeId,
    name: &str,
) -> Option<Score> {
    let text = attribute(plan, node, name, request.resource).filter(|text| !text.is_empty())?;
    let score = parse_score(plan, text);
    if score.is_none() {
        let text = format!(
            "Ignoring location {} for node {} because node attribute {name} value '{text}' is not \
             a valid score: Bad input value provided",
            request.id, plan.nodes[node].name
        );
        plan.warning(text);
    }
    score
}

/// Attribute `name` of `node`; where `resource` asks for it (`container-attribute-target`), of the
/// host on which a guest node runs.
fn attribute<'p>(
    plan: &'p Plan<'_>,
    node: NodeId,
    name: &str,
    resource: ResourceId,
) -> Option<&'p str> {
    let wants_host = plan.resources[resource]
        .meta
        .get("container-attribute-target")
        .is_some_and(|target| target.eq_ignore_ascii_case("host"));
    let node = if wants_host && plan.is_guest(node) {
        let launcher = plan.nodes[node]
            .connection
            .and_then(|connection| plan.resources[connection].launcher)?;
        *plan.resources[launcher].active_on.first()?
    } else {
        node
    };
    plan.nodes[node].attributes.get(name)
}
