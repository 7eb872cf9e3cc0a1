//! Finding a part of a resource by name.
//!
//! A part is found where its id is the one wanted, or, as far as asked for:
//! - the id under which a node's history knows it;
//! - its id without the number of the instance, for all or only for anonymous instances.
//!
//! Parts are looked at from the outside in, in their order.

use crate::model::ids::{NodeId, ResourceId};
use crate::model::plan::Plan;

/// Which names, besides the id, a part may be found by; and which node counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// The id in a node's history.
    pub history: bool,
    /// The id without an instance's number.
    pub base_name: bool,
    /// The id without an instance's number, for instances of anonymous clones only.
    pub anonymous_base_name: bool,
    /// Only clones and their parts, by their id or by the one that the configuration has.
    pub clone_only: bool,
    /// A node is where the part is active now, rather than the one it was assigned to.
    pub current_node: bool,
}

/// The name of a resource without the number of an instance.
#[must_use]
pub fn base_name(id: &str) -> &str {
    match id.rsplit_once(':') {
        Some((base, number))
            if !base.is_empty()
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            base
        }
        _ => id,
    }
}

impl Plan<'_> {
    /// The first of `resource` and its parts that is called `id`, on `node` if that is given.
    #[must_use]
    pub fn find_part(
        &self,
        resource: ResourceId,
        id: &str,
        node: Option<NodeId>,
        how: Match,
    ) -> Option<ResourceId> {
        if self.is_called(resource, id, how)
            && node.is_none_or(|node| self.is_on(resource, node, how.current_node))
        {
            return Some(resource);
        }
        self.resources[resource]
            .children
            .iter()
            .find_map(|&part| self.find_part(part, id, node, how))
    }

    fn is_called(&self, resource: ResourceId, id: &str, how: Match) -> bool {
        let of = &self.resources[resource];
        if how.clone_only {
            return self.is_clone(self.top(resource, false))
                && (of.id == id || of.xml.id() == Some(id));
        }
        of.id == id
            || (how.history && of.history_id.as_deref() == Some(id))
            || ((how.base_name || (how.anonymous_base_name && !of.unique))
                && base_name(&of.id) == id)
    }

    /// Whether `resource` is active on `node` (`current`) or assigned to it.
    #[must_use]
    pub fn is_on(&self, resource: ResourceId, node: NodeId, current: bool) -> bool {
        let of = &self.resources[resource];
        if current {
            of.active_on.contains(&node)
        } else {
            of.assigned_to == Some(node)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::base_name;

    #[test]
    fn instances_share_the_name_of_what_they_are_instances_of() {
        let check = |id, expected| assert_eq!(base_name(id), expected);
        check("rsc", "rsc");
        check("rsc:0", "rsc");
        check("rsc:12", "rsc");
        check("rsc:a", "rsc:a");
        check("rsc:", "rsc:");
        check("a:1:2", "a:1");
        check(":1", ":1");
    }
}
