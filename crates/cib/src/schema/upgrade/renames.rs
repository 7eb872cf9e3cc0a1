//! Names and values that 3.0 does not have any more, and what became of them.
//!
//! Each [`Replacement`] says what becomes of a name, where the value (or the operation it belongs to)
//! matters only for that; the tables are tried for a matching value first.

use super::super::Importance;
use super::Upgrade;
use crate::xml::{Element, XmlId};

/// For which values a replacement counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// For all that no other replacement of the same name is for.
    Otherwise,
    /// For these.
    OneOf(&'static [&'static str]),
    /// For a value that begins so and has no comma; the beginning is left out.
    Prefix(&'static str),
}

/// What becomes of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replacement {
    /// The name.
    pub old: &'static str,
    /// The new name; none where it is left out.
    pub new: Option<&'static str>,
    /// For which values.
    pub case: Case,
    /// The new value, where it changes.
    pub value: Option<&'static str>,
    /// The section that it moves to.
    pub place: Option<&'static str>,
    /// What else there is to say, and how much it matters.
    pub remark: Option<(Importance, &'static str)>,
}

/// `old` is called `new`.
pub(super) const fn renamed(old: &'static str, new: &'static str) -> Replacement {
    Replacement {
        old,
        new: Some(new),
        case: Case::Otherwise,
        value: None,
        place: None,
        remark: None,
    }
}

/// `old` is left out.
pub(super) const fn dropped(old: &'static str, remark: &'static str) -> Replacement {
    Replacement {
        new: None,
        remark: Some((Importance::Info, remark)),
        ..renamed(old, "")
    }
}

/// `old` is called `new` and belongs to `place`.
pub(super) const fn moved(
    old: &'static str,
    new: &'static str,
    place: &'static str,
) -> Replacement {
    Replacement {
        place: Some(place),
        ..renamed(old, new)
    }
}

const THRESHOLD: &str = "migration-threshold can be configured instead";

/// A failure stickiness of minus infinity: the first failure moves the resource away.
const fn first_failure(old: &'static str) -> Replacement {
    Replacement {
        case: Case::OneOf(&["-INFINITY"]),
        value: Some("1"),
        ..renamed(old, "migration-threshold")
    }
}

/// A resource in a wrapper that there is not any more must not start without it.
const fn isolation(old: &'static str) -> Replacement {
    Replacement {
        value: Some("Stopped"),
        remark: Some((
            Importance::Warning,
            "i.e. resource at hand disabled; isolation wrappers obsoleted with bundle resources",
        )),
        ..renamed(old, "target-role")
    }
}

const META_ATTRIBUTES: &[Replacement] = &[
    isolation("isolation"),
    isolation("isolation-host"),
    isolation("isolation-instance"),
    isolation("isolation-wrapper"),
    first_failure("resource-failure-stickiness"),
    dropped("resource-failure-stickiness", THRESHOLD),
    first_failure("resource_failure_stickiness"),
    dropped("resource_failure_stickiness", THRESHOLD),
];

const INSTANCE_ATTRIBUTES: &[Replacement] = &[
    Replacement {
        new: None,
        ..renamed("pcmk_arg_map", "")
    },
    Replacement {
        case: Case::Prefix("port:"),
        ..renamed("pcmk_arg_map", "pcmk_host_argument")
    },
    renamed("pcmk_list_cmd", "pcmk_list_action"),
    renamed("pcmk_monitor_cmd", "pcmk_monitor_action"),
    renamed("pcmk_off_cmd", "pcmk_off_action"),
    renamed("pcmk_on_cmd", "pcmk_on_action"),
    renamed("pcmk_reboot_cmd", "pcmk_reboot_action"),
    renamed("pcmk_status_cmd", "pcmk_status_action"),
];

const COLOCATIONS: &[Replacement] = &[
    dropped("score-attribute", "was actually never in effect"),
    dropped("score-attribute-mangle", "was actually never in effect"),
];

const NODES: &[Replacement] = &[Replacement {
    case: Case::OneOf(&["normal"]),
    value: Some("member"),
    ..renamed("type", "type")
}];

/// Rewrites the type of a node.
pub(super) fn rewrite_node(upgrade: &mut Upgrade<'_>, node: XmlId) {
    let context = format!(
        "{} (id={})",
        upgrade.text(node, "uname").unwrap_or_default(),
        upgrade.id_of(node)
    );
    rewrite_attributes(upgrade, node, NODES, "Cluster node", &context);
}

/// Takes out what never had an effect in a colocation.
pub(super) fn rewrite_colocation(upgrade: &mut Upgrade<'_>, colocation: XmlId) {
    let context = upgrade.id_of(colocation);
    let prefix = "Constraints-colocation";
    rewrite_attributes(upgrade, colocation, COLOCATIONS, prefix, &context);
}

/// Rewrites a set of parameters of a resource.
pub(super) fn rewrite_parameters(upgrade: &mut Upgrade<'_>, set: XmlId) {
    rewrite_set(upgrade, set, INSTANCE_ATTRIBUTES, |upgrade, pair, what| {
        let context = upgrade.id_of(pair);
        upgrade.tell("Resource instance_attributes", &context, what);
    });
}

/// Rewrites a set of meta-attributes of a resource.
pub(super) fn rewrite_meta_attributes(upgrade: &mut Upgrade<'_>, set: XmlId) {
    rewrite_set(upgrade, set, META_ATTRIBUTES, |upgrade, pair, what| {
        let set = upgrade.element(pair).parent();
        let resource = set.and_then(Element::parent).and_then(Element::id);
        let context = format!(
            "{} (meta={})",
            resource.unwrap_or_default(),
            set.and_then(Element::id).unwrap_or_default()
        );
        upgrade.tell("Resource meta_attributes", &context, what);
    });
}

/// What becomes of `name` where it has this value.
pub(super) fn replacement<'t>(
    table: &'t [Replacement],
    name: &str,
    value: &str,
) -> Option<&'t Replacement> {
    let named = || table.iter().filter(|it| it.old == name);
    let is_for_value = |it: &&Replacement| match it.case {
        Case::Otherwise => false,
        Case::OneOf(values) => values.contains(&value),
        Case::Prefix(prefix) => value.starts_with(prefix) && !value.contains(','),
    };
    named()
        .find(is_for_value)
        .or_else(|| named().find(|it| matches!(it.case, Case::Otherwise)))
}

fn rewrite_attributes(
    upgrade: &mut Upgrade<'_>,
    element: XmlId,
    table: &[Replacement],
    prefix: &str,
    context: &str,
) {
    let found: Vec<_> = upgrade
        .element(element)
        .attributes()
        .filter_map(|(name, value)| replacement(table, name, value))
        .copied()
        .collect();
    for what in found {
        upgrade.tell(prefix, context, &what);
        match (what.new, what.value) {
            (None, _) => upgrade.cib.unset(element, what.old),
            (Some(new), Some(value)) => upgrade.cib.set(element, new, value),
            (Some(new), None) => upgrade.rename_attribute(element, what.old, new),
        }
    }
}

/// Rewrites the pairs of one set, which is left out if nothing of it remains. Of several pairs that
/// become the same one, the first remains.
fn rewrite_set(
    upgrade: &mut Upgrade<'_>,
    set: XmlId,
    table: &[Replacement],
    tell: impl Fn(&mut Upgrade<'_>, XmlId, &Replacement),
) {
    let mut done: Vec<&str> = Vec::new();
    for (pair, name, value) in upgrade.pairs(set) {
        let Some(what) = replacement(table, &name, &value) else {
            continue;
        };
        tell(upgrade, pair, what);
        match what.new {
            Some(new) if !done.contains(&new) => {
                done.push(new);
                upgrade.rewrite_pair(pair, &value, what);
            }
            _ => upgrade.cib.remove(pair),
        }
    }
    upgrade.remove_empty_set(set);
}

impl Upgrade<'_> {
    /// The pairs of a set, with their names and values.
    pub(super) fn pairs(&self, set: XmlId) -> Vec<(XmlId, String, String)> {
        let text = |pair: Element<'_>, name| pair.attribute(name).unwrap_or_default().to_owned();
        self.element(set)
            .children_named("nvpair")
            .map(|pair| (pair.xml_id(), text(pair, "name"), text(pair, "value")))
            .collect()
    }

    /// Gives a pair the name and value that `what` says.
    pub(super) fn rewrite_pair(&mut self, pair: XmlId, value: &str, what: &Replacement) {
        self.cib.set(pair, "name", what.new.unwrap_or(what.old));
        match (what.value, what.case) {
            (Some(value), _) => self.cib.set(pair, "value", value),
            (None, Case::Prefix(prefix)) => {
                let rest = value.strip_prefix(prefix).unwrap_or(value);
                self.cib.set(pair, "value", rest);
            }
            (None, _) => {}
        }
    }

    /// Takes out a set that has no pairs.
    pub(super) fn remove_empty_set(&mut self, set: XmlId) {
        if self.element(set).child("nvpair").is_none() {
            self.cib.remove(set);
        }
    }

    /// Tells what becomes of a name, as Pacemaker does.
    pub(super) fn tell(&mut self, prefix: &str, context: &str, what: &Replacement) {
        let mut text = format!("{prefix}: {context}: ");
        match (what.new, what.place) {
            (None, _) => text += &format!("dropping {}", what.old),
            (Some(new), Some(place)) => {
                text += &format!(
                    "moving {} under {place} as {new} unless already defined there",
                    what.old
                );
            }
            (Some(new), None) => {
                let verb = if new == what.old {
                    "keeping"
                } else {
                    "renaming"
                };
                text += &format!("{verb} {} as {new}", what.old);
            }
        }
        if let Some(value) = what.value {
            text += &format!(", redefined as {value}");
            if matches!(what.case, Case::OneOf(_)) {
                text.push(',');
            }
        }
        match what.case {
            Case::Otherwise => {}
            Case::OneOf(values) => text += &format!(" for matching {}", values.join("|")),
            Case::Prefix(prefix) => {
                text += &format!(" for matching {prefix} prefix that will, meanwhile, get dropped");
            }
        }
        let importance = what
            .remark
            .map_or(Importance::Debug, |(importance, _)| importance);
        self.note(importance, text);
        if let Some((importance, remark)) = what.remark {
            self.note(importance, format!("{prefix}: ... {remark}"));
        }
    }
}
