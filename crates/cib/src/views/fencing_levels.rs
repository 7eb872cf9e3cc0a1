//! Fencing levels (`fencing-topology`): which devices are used for a node, and in which order.
//!
//! The devices of one level are used together; the next level is used if one of them fails.

use std::collections::BTreeMap;

use regex::Regex;

use crate::values::Values;
use crate::xml::Document;

/// Which nodes a level is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'c> {
    /// The node of that name.
    Node(&'c str),
    /// Nodes whose names match a regular expression.
    Pattern(&'c str),
    /// Nodes with that value of an attribute.
    Attribute {
        /// The attribute's name.
        name: &'c str,
        /// Its value.
        value: &'c str,
    },
}

/// Devices that are used together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level<'c> {
    /// The level's id.
    pub id: &'c str,
    /// Which nodes it is for.
    pub target: Target<'c>,
    /// Which of a node's levels it is: lower ones are tried first.
    pub index: u32,
    /// The devices, in order.
    pub devices: Vec<&'c str>,
}

/// All levels that are well-formed, in document order.
#[must_use]
pub fn levels(cib: &Document) -> Vec<Level<'_>> {
    let topology = cib
        .root()
        .child("configuration")
        .and_then(|it| it.child("fencing-topology"));
    let elements = topology.into_iter().flat_map(|it| {
        it.children()
            .filter(|child| child.name() == "fencing-level")
    });
    elements
        .filter_map(|element| {
            let attribute = |name| element.attribute(name);
            let target = match attribute("target") {
                Some(name) => Target::Node(name),
                None => match attribute("target-pattern") {
                    Some(pattern) => Target::Pattern(pattern),
                    None => Target::Attribute {
                        name: attribute("target-attribute")?,
                        value: attribute("target-value")?,
                    },
                },
            };
            let devices = attribute("devices")?.split(',').map(str::trim);
            Some(Level {
                id: element.id()?,
                target,
                index: attribute("index")?.trim().parse().ok()?,
                devices: devices.filter(|device| !device.is_empty()).collect(),
            })
        })
        .collect()
}

/// The devices for one node, by level: those of the levels that name the node; where there are none,
/// of those with a pattern; where there are none either, of those with an attribute.
#[must_use]
pub fn for_node<'c>(
    levels: &[Level<'c>],
    node: &str,
    attributes: &Values<'_>,
) -> BTreeMap<u32, Vec<&'c str>> {
    let names = |target: &Target<'_>| matches!(target, Target::Node(name) if *name == node);
    let matches = |target: &Target<'_>| match target {
        Target::Pattern(pattern) => Regex::new(pattern).is_ok_and(|it| it.is_match(node)),
        _ => false,
    };
    let has = |target: &Target<'_>| match target {
        Target::Attribute { name, value } => attributes.get(name) == Some(value),
        _ => false,
    };
    let kinds: [&dyn Fn(&Target<'_>) -> bool; 3] = [&names, &matches, &has];
    for is_for_node in kinds {
        let mut found: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for level in levels.iter().filter(|level| is_for_node(&level.target)) {
            found.entry(level.index).or_default().extend(&level.devices);
        }
        if !found.is_empty() {
            return found;
        }
    }
    BTreeMap::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices() {
        let cib = Document::parse(
            "<cib><configuration><fencing-topology>\
             <fencing-level id='1' target='a' index='2' devices='x'/>\
             <fencing-level id='2' target='a' index='1' devices='y, z'/>\
             <fencing-level id='3' target-pattern='^[ab]$' index='1' devices='p'/>\
             <fencing-level id='4' target-attribute='rack' target-value='1' index='1' devices='r'/>\
             <fencing-level id='5' target='c' devices='q'/>\
             </fencing-topology></configuration></cib>",
        )
        .expect("well-formed");
        let levels = levels(&cib);
        assert_eq!(levels.len(), 4);
        let mut attributes = Values::new();
        attributes.set("rack", "1");
        let check = |node, expected: &[(u32, &[&str])]| {
            let found = for_node(&levels, node, &attributes);
            let found: Vec<_> = found
                .iter()
                .map(|(index, it)| (*index, it.as_slice()))
                .collect();
            assert_eq!(found, expected, "{node}");
        };
        check("a", &[(1, &["y", "z"]), (2, &["x"])]);
        check("b", &[(1, &["p"])]);
        check("c", &[(1, &["r"])]);
    }
}
