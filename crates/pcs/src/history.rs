//! The history of operations and the fail counts that come of it: forgetting them.
//!
//! What is forgotten is one change of the CIB: the histories (`lrm_resource`) of a resource on nodes,
//! and the attributes `fail-count-RESOURCE#OPERATION_INTERVAL` and `last-failure-…` of these nodes.
//! The cluster then asks anew how the resource is.

use cib::query::Query;
use cib::xml::{Document, Element, XmlId};
use cluster_api::Edit;

use crate::ExitCode;
use crate::files::Files;
use crate::store::Target;
use crate::tool::{Done, Failure, Workplace};

/// What is to be forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection<'s> {
    /// The resource, and unless it is forced, everything that is in the same group, clone or bundle;
    /// all where none.
    pub resource: Option<&'s str>,
    /// The node; all where none.
    pub node: Option<&'s str>,
    /// The operation and its interval in milliseconds whose failures count; all where none.
    pub operation: Option<(&'s str, u32)>,
    /// The resource alone, as it is named.
    pub is_forced: bool,
    /// Only where something has failed.
    pub only_failed: bool,
}

/// A resource, as history knows it, and a node.
pub(crate) type Place = (String, String);

/// Forgets what is selected, and says of what: resources and nodes.
pub(crate) fn forget(workplace: &mut Workplace<'_>, selection: &Selection<'_>) -> Done<Vec<Place>> {
    forget_in(&mut workplace.target, workplace.files, selection)
}

/// The same, for commands that are no tools of Pacemaker's.
pub(crate) fn forget_in(
    target: &mut Target,
    files: &mut dyn Files,
    selection: &Selection<'_>,
) -> Done<Vec<Place>> {
    let cib = target.read(files)?;
    let (places, queries) = selected(&cib, selection)?;
    if queries.is_empty() {
        return Ok(places);
    }
    match target.cluster() {
        Some(cluster) => {
            let edits = queries.into_iter().map(|xpath| Edit::Delete { xpath });
            cluster.change(edits.collect())?;
        }
        None => target.edit(files, |cib| remove(cib, &queries))?,
    }
    Ok(places)
}

/// Removes what the queries find.
pub(crate) fn remove(cib: &mut Document, queries: &[String]) -> Done {
    for query in queries {
        let found = Query::parse(query).and_then(|query| {
            let found = query.select(cib)?;
            Ok(found
                .into_iter()
                .map(Element::xml_id)
                .collect::<Vec<XmlId>>())
        });
        let found = found.map_err(|error| Failure::new(error.to_string(), ExitCode::SOFTWARE))?;
        found.into_iter().for_each(|it| cib.remove(it));
    }
    Ok(())
}

/// Resources and nodes that are selected, and queries for what there is to be removed.
pub(crate) fn selected(
    cib: &Document,
    selection: &Selection<'_>,
) -> Done<(Vec<Place>, Vec<String>)> {
    let names = selection
        .resource
        .map(|id| Names::of(cib, id, selection.is_forced))
        .transpose()?;
    let states = cib.root().child("status");
    let states = states
        .into_iter()
        .flat_map(|it| it.children_named("node_state"));
    let is_node = |it: &Element<'_>| {
        let name = it.attribute("uname").unwrap_or("");
        selection
            .node
            .is_none_or(|node| name.eq_ignore_ascii_case(node))
    };
    let (mut places, mut queries) = (Vec::new(), Vec::new());
    let mut is_node_known = false;
    for state in states.filter(is_node) {
        is_node_known = true;
        let id = state.id().unwrap_or("");
        let node = state.attribute("uname").unwrap_or(id);
        let counts: Vec<&str> = fail_attributes(state).collect();
        for resource in histories(state) {
            let name = resource.id().unwrap_or("");
            if names.as_ref().is_some_and(|names| !names.has(name)) {
                continue;
            }
            let own: Vec<&&str> = counts
                .iter()
                .filter(|it| is_failure_of(it, name, selection.operation))
                .collect();
            if selection.only_failed && own.is_empty() && !has_failed(resource) {
                // A resource that is named is told of all the same.
                if selection.resource.is_some() {
                    places.push((name.to_owned(), node.to_owned()));
                }
                continue;
            }
            let place = format!("/cib/status/node_state[@id='{id}']");
            queries.push(format!(
                "{place}/lrm/lrm_resources/lrm_resource[@id='{name}']"
            ));
            for attribute in own {
                let attribute =
                    format!("{place}/transient_attributes//nvpair[@name='{attribute}']");
                if !queries.contains(&attribute) {
                    queries.push(attribute);
                }
            }
            places.push((name.to_owned(), node.to_owned()));
        }
    }
    match selection.node {
        Some(node) if !is_node_known && super::attributes::node_id(cib, node).is_none() => Err(
            Failure::new(format!("Node '{node}' not found"), ExitCode::NO_SUCH),
        ),
        _ => Ok((places, queries)),
    }
}

fn histories(state: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    let resources = state.child("lrm").and_then(|it| it.child("lrm_resources"));
    let resources = resources.into_iter();
    resources.flat_map(|it| it.children_named("lrm_resource"))
}

fn fail_attributes(state: Element<'_>) -> impl Iterator<Item = &str> {
    let attributes = state.child("transient_attributes").into_iter();
    let pairs = attributes.flat_map(Element::descendants);
    let names = pairs.filter_map(|it| it.attribute("name"));
    names.filter(|it| it.starts_with("fail-count-") || it.starts_with("last-failure-"))
}

/// Whether any operation of a history ended otherwise than it should have.
fn has_failed(history: Element<'_>) -> bool {
    history.children_named("lrm_rsc_op").any(|it| {
        let number = |name: &str| it.attribute(name).and_then(|it| it.parse::<i64>().ok());
        let is_probe =
            it.attribute("operation") == Some("monitor") && number("interval") == Some(0);
        let result = number("rc-code").unwrap_or(0);
        let expected: &[i64] = if is_probe {
            &[0, 7, 8, 190, 191, 193]
        } else {
            &[0, 8, 190, 191, 193]
        };
        it.id().is_some_and(|id| id.contains("_last_failure_"))
            || number("op-status").unwrap_or(0) > 1
            || !expected.contains(&result)
    })
}

/// Whether an attribute counts failures of `resource` (of any instance), and of that operation.
pub(crate) fn is_fail_count(name: &str, resource: &str, operation: Option<(&str, u32)>) -> bool {
    let counted = name.strip_prefix("fail-count-");
    counted.is_some_and(|it| is_of(it, resource, operation))
}

fn is_failure_of(name: &str, resource: &str, operation: Option<(&str, u32)>) -> bool {
    let counted = name
        .strip_prefix("fail-count-")
        .or_else(|| name.strip_prefix("last-failure-"));
    counted.is_some_and(|it| is_of(it, resource, operation))
}

fn is_of(counted: &str, resource: &str, operation: Option<(&str, u32)>) -> bool {
    let (own, task) = counted.rsplit_once('#').unwrap_or((counted, ""));
    let is_resource = without_instance(own) == without_instance(resource);
    is_resource
        && operation.is_none_or(|(name, interval_ms)| task == format!("{name}_{interval_ms}"))
}

/// The name without the number of an instance.
pub(crate) fn without_instance(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((name, number)) if number.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => name,
    }
}

/// Names under which history knows the parts of a resource.
#[derive(Debug, Default)]
struct Names {
    ids: Vec<String>,
    prefixes: Vec<String>,
}

impl Names {
    fn of(cib: &Document, id: &str, is_forced: bool) -> Done<Self> {
        let configuration = cib.root().child("configuration");
        let section = configuration.and_then(|it| it.child("resources"));
        let mut all = section.into_iter().flat_map(Element::descendants);
        let bare = without_instance(id);
        let found = all.find(|it| {
            let kinds = ["primitive", "group", "clone", "master", "bundle"];
            kinds.contains(&it.name()) && it.id() == Some(bare)
        });
        let Some(mut resource) = found else {
            // It may have left the configuration, and history still tell of it.
            let query = Query::parse("/cib/status/node_state/lrm/lrm_resources/lrm_resource");
            let known = query.and_then(|it| it.select(cib)).unwrap_or_default();
            if known.iter().any(|it| it.id() == Some(id)) {
                return Ok(Self {
                    ids: vec![id.to_owned()],
                    prefixes: Vec::new(),
                });
            }
            return Err(Failure::new(
                format!("Resource '{id}' not found"),
                ExitCode::NO_SUCH,
            ));
        };
        while !is_forced
            && let Some(parent) = resource.parent().filter(|it| it.name() != "resources")
        {
            resource = parent;
        }
        let mut names = Self::default();
        for part in resource.descendants() {
            let Some(id) = part.id() else { continue };
            match part.name() {
                "primitive" => names.ids.push(id.to_owned()),
                "bundle" => names.prefixes.push(format!("{id}-")),
                _ => {}
            }
        }
        Ok(names)
    }

    fn has(&self, name: &str) -> bool {
        let bare = without_instance(name);
        self.ids.iter().any(|id| id == bare || id == name)
            || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}
