//! A resource's operations: what is written in `op …`, what the agent proposes, and the elements.

use ::cib::xml::{Document, XmlId};

use super::agents::Metadata;
use super::cib_edit::{add_set, as_id, free_id};
use super::pairs::{self, Pairs, quoted};
use super::session::{Done, Refusal, Session};

/// What an operation may have.
const OPTIONS: &[&str] = &[
    "OCF_CHECK_LEVEL",
    "description",
    "enabled",
    "id",
    "interval",
    "interval-origin",
    "name",
    "on-fail",
    "record-pending",
    "role",
    "start-delay",
    "timeout",
];

/// Actions that are no operations of a resource's life.
const NO_OPERATIONS: &[&str] = &[
    "meta-data",
    "metadata",
    "methods",
    "status",
    "usage",
    "validate-all",
];

/// How often a resource is monitored where nobody says how often.
const MONITOR_INTERVAL: &str = "60s";

/// An operation: its name, and its options as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub name: String,
    pub options: Pairs,
}

/// Reads the words after `op`: names, each with its options.
pub(super) fn parse(session: &mut Session<'_>, words: &[String]) -> Done<Vec<Operation>> {
    let missing = || {
        Refusal::said("When using 'op' you must specify an operation name and at least one option")
    };
    let mut operations = Vec::new();
    let mut rest = words;
    while let Some((name, after)) = rest.split_first() {
        if name.contains('=') {
            return Err(Refusal::said(format!(
                "When using 'op' you must specify an operation name after 'op', not '{name}'"
            )));
        }
        let count = after.iter().take_while(|it| it.contains('=')).count();
        if count == 0 {
            return Err(missing());
        }
        let mut options = pairs::parse(&after[..count])?;
        modernize_role(session, &mut options);
        operations.push(Operation {
            name: name.clone(),
            options,
        });
        rest = &after[count..];
    }
    if operations.is_empty() {
        return Err(missing());
    }
    Ok(operations)
}

/// Roles have new names since Pacemaker 2.1.
pub(super) fn modernize_role(session: &mut Session<'_>, options: &mut Pairs) {
    let Some((_, role)) = options.iter_mut().find(|(name, _)| name == "role") else {
        return;
    };
    if let Some(new) = new_role(role) {
        session.deprecated(&format!(
            "Value '{role}' of option role is deprecated and should not be used, use '{new}' value \
             instead"
        ));
        *role = new.to_owned();
    }
}

/// The new name of a role that was called otherwise.
pub(super) fn new_role(role: &str) -> Option<&'static str> {
    match role.to_lowercase().as_str() {
        "master" => Some("Promoted"),
        "slave" => Some("Unpromoted"),
        _ => None,
    }
}

/// Reports what is wrong with operations.
pub(super) fn check(
    session: &mut Session<'_>,
    operations: &[Operation],
    metadata: Option<&Metadata>,
) {
    for operation in operations {
        let name = &operation.name;
        if let Some(metadata) = metadata {
            let known = metadata.operations.iter().map(|it| it.name.as_str());
            if !known.clone().any(|it| it == name) {
                let mut known: Vec<&str> = known.collect();
                known.sort_unstable();
                known.dedup();
                let known = quoted(known);
                session.objection(&format!(
                    "'{name}' is not a valid operation name value, use {known}"
                ));
            }
        }
        for (option, _) in &operation.options {
            if !OPTIONS.contains(&option.as_str()) {
                let allowed = quoted(OPTIONS.iter().copied());
                session.error(&format!(
                    "invalid resource operation option '{option}', allowed options are: {allowed}"
                ));
            }
        }
    }
    for (at, operation) in operations.iter().enumerate() {
        let interval = interval_of(operation);
        let same =
            |it: &&Operation| it.name == operation.name && same_interval(interval_of(it), interval);
        let is_first = operations[..at].iter().find(same).is_none();
        let others: Vec<&str> = operations.iter().filter(same).map(interval_of).collect();
        if is_first && others.len() > 1 {
            session.error(&format!(
                "multiple specification of the same operation with the same interval:\n{} with \
                 intervals {}",
                operation.name,
                others.join(", ")
            ));
        }
    }
}

fn interval_of(operation: &Operation) -> &str {
    pairs::get(&operation.options, "interval").unwrap_or(default_interval(&operation.name))
}

/// What an operation's interval is where it is not given.
pub(super) fn default_interval(name: &str) -> &'static str {
    if name == "monitor" {
        MONITOR_INTERVAL
    } else {
        "0s"
    }
}

/// Whether two texts name the same interval.
pub(super) fn same_interval(one: &str, other: &str) -> bool {
    let read = ::cib::time::parse_interval_ms;
    one == other || read(one).is_some_and(|it| Some(it) == read(other))
}

/// The operations that a new resource gets: those that were written, and what its agent proposes for
/// others; in the order of their names.
pub(super) fn complete(
    written: Vec<Operation>,
    metadata: Option<&Metadata>,
    monitor_only: bool,
) -> Vec<Operation> {
    let mut all = written;
    let mut proposed: Vec<Operation> = Vec::new();
    for default in metadata.into_iter().flat_map(|it| &it.operations) {
        let name = default.name.as_str();
        let is_written = all.iter().any(|it| it.name == name);
        if is_written || NO_OPERATIONS.contains(&name) || (monitor_only && name != "monitor") {
            continue;
        }
        let interval = default.interval.clone().filter(|_| name == "monitor");
        let interval = interval.unwrap_or_else(|| default_interval(name).to_owned());
        let is_same = |it: &Operation| it.name == name && same_interval(interval_of(it), &interval);
        if proposed.iter().any(is_same) {
            continue;
        }
        let mut options = vec![("interval".to_owned(), interval)];
        let more = [
            ("timeout", &default.timeout),
            ("role", &default.role),
            ("OCF_CHECK_LEVEL", &default.depth),
        ];
        for (option, value) in more {
            options.extend(value.clone().map(|value| (option.to_owned(), value)));
        }
        proposed.push(Operation {
            name: name.to_owned(),
            options,
        });
    }
    all.append(&mut proposed);
    if !all.iter().any(|it| it.name == "monitor") {
        all.push(Operation {
            name: "monitor".to_owned(),
            options: vec![("interval".to_owned(), MONITOR_INTERVAL.to_owned())],
        });
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// Appends the element of an operation of `resource` to `parent`.
pub(super) fn append(
    cib: &mut Document,
    parent: XmlId,
    resource: &str,
    operation: &Operation,
) -> XmlId {
    let element = cib.append(parent, "op");
    cib.set(element, "name", &operation.name);
    let mut options = operation.options.clone();
    let own_id = pairs::take(&mut options, "id");
    let depth = pairs::take(&mut options, "OCF_CHECK_LEVEL");
    if pairs::get(&options, "interval").is_none() {
        let interval = default_interval(&operation.name).to_owned();
        options.push(("interval".to_owned(), interval));
    }
    for (name, value) in &options {
        cib.set(element, name, value);
    }
    let interval = pairs::get(&options, "interval").unwrap_or("0s");
    let generated = as_id(&format!(
        "{resource}-{}-interval-{interval}",
        operation.name
    ));
    let id = own_id.unwrap_or_else(|| free_id(cib, &generated));
    cib.set(element, "id", &id);
    if let Some(depth) = depth {
        let pairs = vec![("OCF_CHECK_LEVEL".to_owned(), depth)];
        let set = format!("{id}-instance_attributes");
        add_set(cib, element, "instance_attributes", &set, &pairs);
    }
    element
}
