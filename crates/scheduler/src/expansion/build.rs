//! Making the elements that implied resources consist of.

use cib::xml::{Document, XmlId};

/// Appends `<name id="…">` to `parent`.
pub(super) fn element(document: &mut Document, parent: XmlId, name: &str, id: &str) -> XmlId {
    let element = document.append(parent, name);
    document.set(element, "id", &sanitized(id));
    element
}

/// Appends a primitive of the class `ocf` to `parent`.
pub(super) fn primitive(
    document: &mut Document,
    parent: XmlId,
    id: &str,
    provider: &str,
    agent: &str,
) -> XmlId {
    let primitive = document.append(parent, "primitive");
    document.set(primitive, "id", id);
    document.set(primitive, "class", "ocf");
    document.set(primitive, "provider", provider);
    document.set(primitive, "type", agent);
    primitive
}

/// Appends a name and value to the set `parent`, which is called `set_id`.
pub(super) fn pair(document: &mut Document, parent: XmlId, set_id: &str, name: &str, value: &str) {
    let pair = element(document, parent, "nvpair", &format!("{set_id}-{name}"));
    document.set(pair, "name", name);
    document.set(pair, "value", value);
}

/// Appends an operation of `resource` to `parent`.
pub(super) fn operation(
    document: &mut Document,
    parent: XmlId,
    resource: &str,
    name: &str,
    interval: &str,
    timeout: Option<&str>,
) {
    let id = format!("{resource}-{name}-{interval}");
    let operation = element(document, parent, "op", &id);
    document.set(operation, "interval", interval);
    document.set(operation, "name", name);
    if let Some(timeout) = timeout {
        document.set(operation, "timeout", timeout);
    }
}

/// What the connection to a Pacemaker Remote node is made from.
pub(super) struct Connection<'t> {
    /// The name of the node, and of the connection.
    pub name: &'t str,
    /// The resource that launches the node.
    pub launcher: &'t str,
    /// `allow-migrate`.
    pub allow_migrate: Option<&'t str>,
    /// `is-managed`.
    pub is_managed: Option<&'t str>,
    /// The timeout of its start.
    pub start_timeout: Option<&'t str>,
    /// Where the node is reached.
    pub address: Option<&'t str>,
    /// … and on which port.
    pub port: Option<&'t str>,
}

/// Appends the connection to a Pacemaker Remote node to `parent`.
pub(super) fn connection(document: &mut Document, parent: XmlId, of: &Connection<'_>) {
    let name = of.name;
    let connection = primitive(document, parent, name, "pacemaker", "remote");

    let id = format!("{name}-meta_attributes");
    let set = element(document, connection, "meta_attributes", &id);
    let meta = [
        ("internal_rsc", Some("true")),
        ("container", Some(of.launcher)),
        ("allow-migrate", of.allow_migrate),
        ("is-managed", of.is_managed),
    ];
    pairs(document, set, &id, &meta);

    if of.address.is_some() || of.port.is_some() {
        let id = format!("{name}-instance_attributes");
        let set = element(document, connection, "instance_attributes", &id);
        pairs(
            document,
            set,
            &id,
            &[("addr", of.address), ("port", of.port)],
        );
    }

    let operations = document.append(connection, "operations");
    operation(document, operations, name, "monitor", "30s", Some("30s"));
    if let Some(timeout) = of.start_timeout {
        operation(document, operations, name, "start", "0", Some(timeout));
    }
}

/// Appends names and values, as far as they have one, to a set.
pub(super) fn pairs(
    document: &mut Document,
    set: XmlId,
    set_id: &str,
    pairs: &[(&str, Option<&str>)],
) {
    for &(name, value) in pairs {
        if let Some(value) = value {
            pair(document, set, set_id, name, value);
        }
    }
}

/// `id` with a dot for each byte of what an XML name cannot have; an underscore at the beginning.
pub(super) fn sanitized(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for (index, character) in id.char_indices() {
        let is_letter = matches!(character, ':' | '_') || character.is_alphabetic();
        let is_inner = matches!(character, '-' | '.' | '·') || character.is_numeric();
        if is_letter || (index > 0 && is_inner) {
            name.push(character);
        } else {
            let first = if index == 0 { "_" } else { "." };
            name.push_str(first);
            name.extend(std::iter::repeat_n('.', character.len_utf8() - 1));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::sanitized;

    #[test]
    fn ids_are_xml_names() {
        let check = |id, expected| assert_eq!(sanitized(id), expected);
        check("httpd-ip-192.168.122.131", "httpd-ip-192.168.122.131");
        check("1 a/b", "_.a.b");
        check("größe", "größe");
        check("a→b", "a...b");
    }
}
