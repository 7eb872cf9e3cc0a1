//! Metadata for agents that have none of their own: init scripts and units of systemd.

use cib::xml::Document;

/// An action's name, its timeout and its interval, in seconds.
pub(crate) type MadeAction = (&'static str, &'static str, Option<&'static str>);

/// Metadata of an agent without parameters.
pub(crate) fn metadata_xml(agent: &str, short: &str, long: &str, actions: &[MadeAction]) -> String {
    let mut document = Document::new("resource-agent");
    let root = document.root().xml_id();
    document.set(root, "name", agent);
    document.set(root, "version", "0.1");
    for (name, text) in [("version", "1.0"), ("longdesc", long), ("shortdesc", short)] {
        let element = document.append(root, name);
        if name != "version" {
            document.set(element, "lang", "en");
        }
        document.append_text(element, text);
    }
    document.append(root, "parameters");
    let list = document.append(root, "actions");
    for (name, timeout, interval) in actions {
        let action = document.append(list, "action");
        document.set(action, "name", name);
        document.set(action, "timeout", timeout);
        if let Some(interval) = interval {
            document.set(action, "interval", interval);
        }
    }
    document.root().to_compact_text()
}
