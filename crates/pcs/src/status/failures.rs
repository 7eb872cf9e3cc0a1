//! Failed operations of the history.

use cib::hashed::HashMap;

use cib::xml::Element;
use scheduler::Plan;
use scheduler::actions::parse_operation_key;
use scheduler::model::ResourceId;

/// The operation key of a history entry.
#[must_use]
pub fn key<'c>(entry: Element<'c>) -> Option<&'c str> {
    entry.attribute("operation_key").or_else(|| entry.id())
}

/// The number in attribute `name`, 0 where there is none.
#[must_use]
pub fn number(entry: Element<'_>, name: &str) -> i64 {
    entry
        .attribute(name)
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

/// Whether an entry is a probe that failed in a way which says that the resource is not there: that
/// is shown as its state rather than as a failure.
#[must_use]
pub fn is_masked_probe(entry: Element<'_>) -> bool {
    const NOT_INSTALLED: i64 = 5;
    const INVALID_PARAMETER: i64 = 2;
    const STATUS_NOT_INSTALLED: i64 = 7;
    entry.attribute("operation") == Some("monitor")
        && number(entry, "interval") == 0
        && (matches!(number(entry, "rc-code"), NOT_INSTALLED | INVALID_PARAMETER)
            || number(entry, "op-status") == STATUS_NOT_INSTALLED)
}

/// Probes that failed in that way, found by the resource's name in history.
#[derive(Clone, Debug, Default)]
pub struct FailedProbes<'c> {
    by_resource: HashMap<&'c str, Vec<Element<'c>>>,
}

impl<'c> FailedProbes<'c> {
    /// Those that `plan` knows.
    #[must_use]
    pub fn of(plan: &Plan<'c>) -> Self {
        let mut by_resource: HashMap<&str, Vec<Element<'_>>> = HashMap::default();
        for failed in &plan.failed_operations {
            if is_masked_probe(failed.entry)
                && let Some((resource, _, _)) = key(failed.entry).and_then(parse_operation_key)
            {
                by_resource.entry(resource).or_default().push(failed.entry);
            }
        }
        Self { by_resource }
    }

    /// The result of the first such probe of `resource` (of any instance, for one of a clone), on
    /// the node called `node` or, where that is not given, on any.
    #[must_use]
    pub fn result(&self, plan: &Plan<'_>, resource: ResourceId, node: Option<&str>) -> Option<i64> {
        if self.by_resource.is_empty() {
            return None;
        }
        let top = plan.top(resource, false);
        let instance = plan.resources[top].children.first();
        let name = match instance {
            Some(&instance) if plan.is_clone(top) => plan.resources[instance].xml.id()?,
            _ => &*plan.resources[resource].id,
        };
        self.by_resource
            .get(name)?
            .iter()
            .find(|entry| match (entry.attribute("on_node"), node) {
                (Some(on), Some(node)) => on.eq_ignore_ascii_case(node),
                (on, None) => on.is_some(),
                (None, Some(_)) => false,
            })
            .map(|entry| number(*entry, "rc-code"))
    }
}

/// What became of the execution of an entry's operation.
#[must_use]
pub fn status_text(entry: Element<'_>) -> &'static str {
    const TEXTS: &[&str] = &[
        "Pending",
        "Done",
        "Cancelled",
        "Timed out",
        "Unsupported",
        "Error",
        "Hard error",
        "Fatal error",
        "Not installed",
        "Internal communication failure",
        "Cannot execute now",
        "No fence device",
        "CIB secrets unavailable",
    ];
    // The first is -1.
    usize::try_from(number(entry, "op-status").saturating_add(1))
        .ok()
        .and_then(|index| TEXTS.get(index).copied())
        .unwrap_or("Unrecognized status (bug?)")
}
