//! Meta-attributes of resources.
//!
//! The strongest source first:
//! 1. the number of an instance (`clone`), and the XML attributes of the resource's element
//!    (`class`, `id` and so on are meta-attributes, too);
//! 2. its `<meta_attributes>`;
//! 3. those of what it is part of, from the inside out;
//! 4. `<rsc_defaults>`;
//! 5. whatever else holds for what it is part of.
//!
//! Rules may ask for the time and for class, provider and type of the resource's agent; not for
//! node attributes, because meta-attributes hold on all nodes.

use cib::rules::{Findings, Input};
use cib::xml::Element;
use cib::{Values, nvset};

use super::section;
use crate::model::{Plan, ResourceId};
use crate::status::note_findings;

/// Sets the meta-attributes of `resource`.
pub(super) fn read(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    let (element, parent) = (of.xml, of.parent);
    let mut meta = Values::new();
    if let Some(instance) = of.instance {
        meta.set("clone", instance.to_string());
    }
    for (name, value) in element.attributes() {
        if !crate::expansion::is_mark(name) {
            meta.set_default(name, value);
        }
    }
    drop_explicit_defaults(plan, &mut meta);

    let mut source = Source::new(plan, element);
    source.add(element, &mut meta);
    let mut inherited = Values::new();
    let mut at = parent;
    while let Some(whole) = at {
        source.add(plan.resources[whole].xml, &mut inherited);
        at = plan.resources[whole].parent;
    }
    drop_explicit_defaults(plan, &mut inherited);
    meta.add_defaults(&inherited);
    if let Some(defaults) = section(plan, "rsc_defaults") {
        source.add(defaults, &mut meta);
    }
    if let Some(parent) = parent {
        meta.add_defaults(&plan.resources[parent].meta);
    }
    note_findings(plan, source.findings);
    plan.resources[resource].meta = meta;
}

/// Where sets are read with one resource's eyes.
struct Source<'c> {
    input: Input<'c>,
    findings: Findings,
}

impl<'c> Source<'c> {
    fn new(plan: &Plan<'_>, element: Element<'c>) -> Self {
        Self {
            input: Input {
                now: plan.now,
                class: element.attribute("class"),
                provider: element.attribute("provider"),
                agent: element.attribute("type"),
                ..Input::default()
            },
            findings: Findings::default(),
        }
    }

    fn add(&mut self, from: Element<'c>, into: &mut Values<'c>) {
        let findings = &mut self.findings;
        nvset::collect(from, "meta_attributes", None, &self.input, into, findings);
    }
}

/// Removes values that are an old way to say nothing.
fn drop_explicit_defaults(plan: &mut Plan<'_>, meta: &mut Values<'_>) {
    let is_default = |value: &str| value.eq_ignore_ascii_case("#default");
    let names: Vec<String> = meta
        .iter()
        .filter(|&(_, value)| is_default(value))
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in names {
        meta.remove(&name);
        plan.configuration_warning(format!(
            "Support for setting meta-attributes (such as {name}) to the explicit value \
             '#default' is deprecated and will be removed in a future release"
        ));
    }
}
