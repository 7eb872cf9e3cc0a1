//! Parameters, meta-attributes and utilization of a resource.

use cib::xml::{Document, Element, XmlId, sanitized_id};
use scheduler::configuration::parameters;

use super::options::{Kind, Options};
use super::{find, not_found, required};
use crate::ExitCode;
use crate::planned::with_plan;
use crate::tool::{Done, Failure, Workplace};

impl Kind {
    fn set_name(self) -> &'static str {
        match self {
            Self::Parameter => "instance_attributes",
            Self::Meta => "meta_attributes",
            Self::Utilization => "utilization",
        }
    }
}

/// The value that holds now, defaults and rules considered.
pub(super) fn get(options: &Options, name: &str, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let cib = workplace.cib()?;
    find(&cib, id)?;
    let value = with_plan(&cib, workplace.now, |plan| {
        let resource = plan.resource_by_id(id).or_else(|| {
            let mut all = plan.resources.iter();
            all.find(|(it, _)| plan.printable_id(*it) == id)
                .map(|(it, _)| it)
        })?;
        let of = &plan.resources[resource];
        match options.kind {
            Kind::Meta => of.meta.get(name).map(str::to_owned),
            Kind::Utilization => of.utilization.get(name).map(str::to_owned),
            Kind::Parameter => {
                let node = of.active_on.first().copied();
                let values = parameters(plan, resource, node);
                values.get(name).map(str::to_owned)
            }
        }
    });
    let value = value.map_err(|it| Failure::new(it.to_string(), ExitCode::CONFIGURATION))?;
    let Some(value) = value else {
        return Err(Failure::new(
            format!("Attribute '{name}' not found for '{id}'"),
            ExitCode::NO_SUCH,
        ));
    };
    workplace.reply.line(&value);
    let attributes = [("name", "attributes"), ("count", "1")];
    let list = workplace.reply.element("list", &attributes);
    let item = [("name", name), ("value", &value)];
    workplace.reply.element_in(list, "item", &item);
    Ok(())
}

/// The pair that is meant, where it is there.
fn pair(owner: Element<'_>, options: &Options, name: &str) -> Option<XmlId> {
    let sets = owner.children_named(options.kind.set_name());
    let is_set = |it: &Element<'_>| options.set.as_ref().is_none_or(|id| it.id() == Some(id));
    let mut pairs = sets.filter(is_set).flat_map(Element::children);
    let is_it = |it: &Element<'_>| {
        let is_named = it.attribute("name") == Some(name);
        is_named && options.id.as_ref().is_none_or(|id| it.id() == Some(id))
    };
    pairs.find(is_it).map(Element::xml_id)
}

fn set_in(cib: &mut Document, owner: XmlId, options: &Options, name: &str, value: &str) -> String {
    let resource = cib.element(owner).id().unwrap_or("").to_owned();
    if let Some(pair) = pair(cib.element(owner), options, name) {
        cib.set(pair, "value", value);
        let id = cib.element(pair).id().unwrap_or("").to_owned();
        return format!("Set '{resource}' option: id={id} name={name} value={value}");
    }
    let kind = options.kind.set_name();
    let set_id = options.set.clone();
    let set_id = set_id.unwrap_or_else(|| format!("{resource}-{kind}"));
    let set = cib
        .element(owner)
        .children_named(kind)
        .find(|it| it.id() == Some(&set_id))
        .map(Element::xml_id);
    let set = set.unwrap_or_else(|| {
        let set = cib.append(owner, kind);
        cib.set(set, "id", &set_id);
        in_order(cib, owner, set);
        set
    });
    let pair = cib.append(set, "nvpair");
    let id = options.id.clone();
    let id = id.unwrap_or_else(|| sanitized_id(&format!("{set_id}-{name}")));
    for (name, value) in [("id", id.as_str()), ("name", name), ("value", value)] {
        cib.set(pair, name, value);
    }
    format!("Set '{resource}' option: id={id} set={set_id} name={name} value={value}")
}

/// Sets stand before what a group or clone is made of: the schema has it so.
fn in_order(cib: &mut Document, owner: XmlId, set: XmlId) {
    const PARTS: [&str; 3] = ["primitive", "group", "operations"];
    let mut children = cib.element(owner).children();
    let part = children.find(|it| PARTS.contains(&it.name()));
    let part = part.map(Element::xml_id);
    drop(children);
    if let Some(part) = part {
        cib.insert_before(set, part);
    }
}

/// Sets a value.
pub(super) fn set(options: &Options, name: &str, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let Some(value) = &options.value else {
        return Err(Failure::usage(
            "You need to supply a value with the -v option",
        ));
    };
    let line = workplace.edit(|cib| {
        let owner = find(cib, id)?.xml_id();
        Ok(set_in(cib, owner, options, name, value))
    })?;
    if !workplace.common.quiet {
        workplace.reply.line(line);
    }
    Ok(())
}

/// Deletes a value.
pub(super) fn delete(options: &Options, name: &str, workplace: &mut Workplace<'_>) -> Done {
    let id = required(options)?;
    let gone = workplace.edit(|cib| {
        let owner = find(cib, id).map_err(|_| not_found(id))?;
        let Some(pair) = pair(owner, options, name) else {
            return Ok(None);
        };
        let pair_id = cib.element(pair).id().unwrap_or("").to_owned();
        cib.remove(pair);
        Ok(Some(pair_id))
    })?;
    if let Some(pair) = gone.filter(|_| !workplace.common.quiet) {
        let line = format!("Deleted '{id}' option: id={pair} name={name}");
        workplace.reply.line(line);
    }
    Ok(())
}
