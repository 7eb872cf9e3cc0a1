//! What each command does to the elements.

use std::fmt::Write as _;

use ::cib::xml::{Document, Element, XmlId};

use super::request::{Pairs, Verb};
use crate::pcs::hosts::Authority;

const VERSION: &str = "config_version";

/// The elements of a cluster without nodes.
pub(super) fn create(name: &str, authority: &Authority) -> Document {
    let mut document = Document::new("cluster");
    let root = document.root().xml_id();
    document.set(root, VERSION, "1");
    document.set(root, "name", name);
    for element in ["fence_daemon", "clusternodes", "cman", "fencedevices"] {
        document.append(root, element);
    }
    let manager = document.append(root, "rm");
    for element in ["failoverdomains", "resources"] {
        document.append(manager, element);
    }
    let keel = document.append(root, "keel");
    document.set(keel, "authority", &body(&authority.certificate));
    document.set(keel, "authority_key", &body(authority.key.expose()));
    document
}

/// What stands between the lines of a PEM text, in one line.
fn body(pem: &str) -> String {
    pem.lines()
        .filter(|line| !line.starts_with('-'))
        .map(str::trim)
        .collect()
}

/// Carries out a command; what is to be printed.
pub(super) fn apply(document: &mut Document, verb: &Verb) -> Result<String, String> {
    let mut said = String::new();
    match verb {
        Verb::Help | Verb::Create { .. } | Verb::Print | Verb::Check | Verb::RaiseVersion => {}
        Verb::Version => {
            let version = document.root().attribute(VERSION).unwrap_or("0");
            let _ = writeln!(said, "{version}");
        }
        Verb::SetVersion(version) => {
            let root = document.root().xml_id();
            document.set(root, VERSION, &version.to_string());
        }
        Verb::Nodes => nodes(document).for_each(|node| said.push_str(&line(node, "name"))),
        Verb::AddNode { name, options } => {
            add_node(document, name, options)?;
            let _ = writeln!(said, "Node {name} added.");
        }
        Verb::RemoveNode { name } => {
            let node = node(document, name)?.xml_id();
            document.remove(node);
            let _ = writeln!(said, "Node {name} removed.");
        }
        Verb::Devices => devices(document).for_each(|it| said.push_str(&line(it, "name"))),
        Verb::AddDevice { name, options } => {
            if device(document, name).is_ok() {
                return Err(format!("Fence device '{name}' already exists."));
            }
            let list = section(document, "fencedevices");
            let device = document.append(list, "fencedevice");
            set_all(document, device, options);
            document.set(device, "name", name);
        }
        Verb::RemoveDevice { name } => {
            let device = device(document, name)?.xml_id();
            document.remove(device);
        }
        Verb::AddMethod { method, node } => {
            add_method(document, method, node)?;
            let _ = writeln!(said, "Method {method} added to {node}.");
        }
        Verb::RemoveMethod { method, node } => {
            let found = self::method(document, node, method)?.xml_id();
            document.remove(found);
            let _ = writeln!(said, "Method {method} removed from {node}.");
        }
        Verb::Steps { node } => said = steps(document, node.as_deref())?,
        Verb::AddStep {
            device,
            node,
            method,
            options,
        } => {
            self::device(document, device)?;
            let method = self::method(document, node, method)?.xml_id();
            let step = document.append(method, "device");
            document.set(step, "name", device);
            set_all(document, step, options);
        }
        Verb::RemoveStep {
            device,
            node,
            method,
        } => {
            let method = self::method(document, node, method)?;
            let all = method.children_named("device");
            let found: Vec<XmlId> = all
                .filter(|step| step.attribute("name") == Some(device))
                .map(Element::xml_id)
                .collect();
            if found.is_empty() {
                return Err(format!(
                    "Unable to find fence device '{device}' in that method."
                ));
            }
            found.into_iter().for_each(|step| document.remove(step));
        }
        Verb::Set { element, options } => {
            let element = section(document, element);
            let before = document.element(element).attributes();
            let before: Vec<String> = before.map(|(name, _)| name.to_owned()).collect();
            before.iter().for_each(|name| document.unset(element, name));
            set_all(document, element, options);
        }
        Verb::Multicast { address } => {
            let cman = section(document, "cman");
            let before = document
                .element(cman)
                .child("multicast")
                .map(Element::xml_id);
            if let Some(before) = before {
                document.remove(before);
            }
            if let Some(address) = address {
                let multicast = document.append(cman, "multicast");
                document.set(multicast, "addr", address);
            }
        }
    }
    Ok(said)
}

/// A changed file has a higher version, unless that was what was changed.
pub(super) fn raise_version(document: &mut Document, verb: &Verb) {
    if matches!(verb, Verb::SetVersion(_)) {
        return;
    }
    let root = document.root();
    let version = root
        .attribute(VERSION)
        .and_then(|it| it.parse::<u64>().ok());
    let next = version.unwrap_or(0).saturating_add(1);
    let root = root.xml_id();
    document.set(root, VERSION, &next.to_string());
}

fn add_node(document: &mut Document, name: &str, options: &Pairs) -> Result<(), String> {
    if node(document, name).is_ok() {
        return Err(format!("Node '{name}' already exists."));
    }
    let ids = nodes(document).filter_map(|node| node.attribute("nodeid")?.parse::<u32>().ok());
    let taken: Vec<u32> = ids.collect();
    let free = (1..).find(|id| !taken.contains(id)).unwrap_or(u32::MAX);
    let list = section(document, "clusternodes");
    let node = document.append(list, "clusternode");
    document.set(node, "name", name);
    document.set(node, "nodeid", &free.to_string());
    set_all(document, node, options);
    document.append(node, "fence");
    Ok(())
}

fn add_method(document: &mut Document, name: &str, node_name: &str) -> Result<(), String> {
    if method(document, node_name, name).is_ok() {
        return Err(format!("Method '{name}' already exists for {node_name}."));
    }
    let node = node(document, node_name)?;
    let fence = node.child("fence").map(Element::xml_id);
    let node = node.xml_id();
    let fence = fence.unwrap_or_else(|| document.append(node, "fence"));
    let method = document.append(fence, "method");
    document.set(method, "name", name);
    Ok(())
}

fn set_all(document: &mut Document, element: XmlId, options: &Pairs) {
    for (name, value) in options {
        document.set(element, name, value);
    }
}

/// The element of that name below the root, made where there is none.
fn section(document: &mut Document, name: &str) -> XmlId {
    let root = document.root();
    match root.child(name).map(Element::xml_id) {
        Some(found) => found,
        None => {
            let root = root.xml_id();
            document.append(root, name)
        }
    }
}

fn nodes(document: &Document) -> impl Iterator<Item = Element<'_>> {
    let list = document.root().child("clusternodes").into_iter();
    list.flat_map(|list| list.children_named("clusternode"))
}

fn devices(document: &Document) -> impl Iterator<Item = Element<'_>> {
    let list = document.root().child("fencedevices").into_iter();
    list.flat_map(|list| list.children_named("fencedevice"))
}

fn named<'d>(mut all: impl Iterator<Item = Element<'d>>, name: &str) -> Option<Element<'d>> {
    all.find(|element| element.attribute("name") == Some(name))
}

fn node<'d>(document: &'d Document, name: &str) -> Result<Element<'d>, String> {
    named(nodes(document), name).ok_or_else(|| format!("Unable to find node {name}."))
}

fn device<'d>(document: &'d Document, name: &str) -> Result<Element<'d>, String> {
    named(devices(document), name).ok_or_else(|| format!("Unable to find fence device {name}."))
}

fn method<'d>(document: &'d Document, node_name: &str, name: &str) -> Result<Element<'d>, String> {
    let fence = node(document, node_name)?.child("fence").into_iter();
    let methods = fence.flat_map(|fence| fence.children_named("method"));
    named(methods, name).ok_or_else(|| format!("Unable to find method {name} of node {node_name}."))
}

fn line(element: Element<'_>, name: &str) -> String {
    let mut line = format!("{}:", element.attribute(name).unwrap_or_default());
    for (option, value) in element.attributes().filter(|(option, _)| *option != name) {
        let _ = write!(line, " {option}={value}");
    }
    line + "\n"
}

fn steps(document: &Document, only: Option<&str>) -> Result<String, String> {
    let mut said = String::new();
    if let Some(name) = only {
        node(document, name)?;
    }
    let is_meant =
        |node: &Element<'_>| only.is_none_or(|name| node.attribute("name") == Some(name));
    for node in nodes(document).filter(is_meant) {
        let _ = writeln!(said, "{}", node.attribute("name").unwrap_or_default());
        let methods = node.child("fence").into_iter();
        for method in methods.flat_map(|fence| fence.children_named("method")) {
            let _ = writeln!(said, "  {}", method.attribute("name").unwrap_or_default());
            for step in method.children_named("device") {
                said.push_str("    ");
                said.push_str(&line(step, "name"));
            }
        }
    }
    Ok(said)
}
