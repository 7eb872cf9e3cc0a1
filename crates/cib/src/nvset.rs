//! Name-value sets (`meta_attributes`, `instance_attributes`, …): which pairs hold now.

use crate::rules::{Findings, Input};
use crate::values::Values;
use crate::xml::Element;

/// Adds to `into` what the sets called `set_name` (`meta_attributes`, `instance_attributes`,
/// `utilization`, `cluster_property_set`) directly below `parent` say, where their rules hold and
/// `into` says nothing yet. The set with the id `first` is taken before all others.
pub fn collect<'c>(
    parent: Element<'c>,
    set_name: &str,
    first: Option<&str>,
    input: &Input<'_>,
    into: &mut Values<'c>,
    findings: &mut Findings,
) {
    let _ = (parent, set_name, first, input, into, findings);
    todo!()
}
