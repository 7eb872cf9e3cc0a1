//! Finding the history of a resource on a node, for questions about migrations.
//!
//! Only few histories hold migrations, so nothing is indexed before it is asked for.

use cib::hashed::HashMap;

use cib::xml::Element;

use super::entry::Entry;
use super::order::compare_age;
use super::outcome::{Execution, exit};
use crate::model::Plan;

/// `<lrm_resource>` elements by the name of the node and the id of the resource.
#[derive(Default)]
pub(in crate::status) struct HistoryIndex<'c> {
    nodes: HashMap<&'c str, HashMap<&'c str, Vec<Element<'c>>>>,
    is_filled: bool,
}

impl<'c> HistoryIndex<'c> {
    /// The entries of `resource` on the node called `node`.
    pub fn entries(&mut self, plan: &Plan<'c>, resource: &str, node: &str) -> Vec<Entry<'c>> {
        if !self.is_filled {
            self.is_filled = true;
            self.fill(plan);
        }
        let of_node = self.nodes.get(node);
        of_node
            .and_then(|of_node| of_node.get(resource))
            .into_iter()
            .flatten()
            .flat_map(|history| history.children_named("lrm_rsc_op"))
            .map(Entry::read)
            .collect()
    }

    fn fill(&mut self, plan: &Plan<'c>) {
        let states = plan.cib.child("status").into_iter();
        for state in states.flat_map(|status| status.children_named("node_state")) {
            let Some(name) = state.attribute("uname") else {
                continue;
            };
            let of_node = self.nodes.entry(name).or_default();
            for history in histories(state) {
                if let Some(id) = history.id() {
                    of_node.entry(id).or_default().push(history);
                }
            }
        }
    }

    /// The migration of `resource` on `node` from or to `peer`: `migrate_to` or `migrate_from`. If
    /// there are several, nothing is found.
    pub fn migration(
        &mut self,
        plan: &Plan<'c>,
        resource: &str,
        task: &str,
        node: &str,
        peer: &str,
    ) -> Option<Entry<'c>> {
        only(
            self.entries(plan, resource, node)
                .into_iter()
                .filter(|entry| {
                    let entry_peer = if task == "migrate_to" {
                        entry.migrate_target
                    } else {
                        entry.migrate_source
                    };
                    entry.task == Some(task) && entry_peer == Some(peer)
                }),
        )
    }

    /// Whether nothing is known of `resource` on `node`: no operation was completed there.
    pub fn is_unknown_on(&mut self, plan: &Plan<'c>, resource: &str, node: &str) -> bool {
        let unknown = exit::UNKNOWN.to_string();
        !self
            .entries(plan, resource, node)
            .iter()
            .any(|entry| entry.exit_text.is_some_and(|text| text != unknown))
    }

    /// Whether `resource` was started, stopped or migrated on `node` after `event`.
    pub fn is_changed_after(
        &mut self,
        plan: &Plan<'c>,
        resource: &str,
        node: &str,
        event: &Entry<'c>,
    ) -> bool {
        self.entries(plan, resource, node).iter().any(|entry| {
            let is_change = matches!(
                entry.task,
                Some("start" | "stop" | "migrate_to" | "migrate_from")
            );
            is_change && entry.xml != event.xml && compare_age(entry, event).is_gt()
        })
    }

    /// Whether a monitor found that `resource` was not running on `node` after `event`. If there
    /// are several monitors, none of them counts.
    pub fn is_found_inactive_after(
        &mut self,
        plan: &Plan<'c>,
        resource: &str,
        node: &str,
        event: &Entry<'c>,
    ) -> bool {
        let entries = self.entries(plan, resource, node);
        let is_monitor = |entry: &Entry<'c>| entry.task == Some("monitor");
        only(entries.into_iter().filter(is_monitor)).is_some_and(|monitor| {
            monitor.exit_status() == Some(exit::NOT_RUNNING)
                && monitor.execution() == Some(Execution::Done)
                && compare_age(&monitor, event).is_gt()
        })
    }
}

/// The histories of resources in a `<node_state>`.
pub(in crate::status) fn histories<'c>(
    state: Element<'c>,
) -> impl Iterator<Item = Element<'c>> + use<'c> {
    state
        .child("lrm")
        .and_then(|lrm| lrm.child("lrm_resources"))
        .into_iter()
        .flat_map(|section| section.children_named("lrm_resource"))
}

/// The only element of `items`; `None` if there is none, or more than one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}
