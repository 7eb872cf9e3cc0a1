//! Guests: resources that start a machine which is then a node of the cluster.
//!
//! - A primitive, alone or in a group, with the meta-attribute `remote-node` is a guest; its value
//!   is the name of the node. (Clones cannot be guests, nor connections to remote nodes.)
//! - Only what stands literally in the resource's own `<meta_attributes>` counts: no rules, no
//!   references, no templates. Of several values for a name the last one holds.
//! - The connection goes to the guest's node at `remote-addr` (by default, its name) and
//!   `remote-port`, within `remote-connect-timeout` (60 s); `remote-allow-migrate` says whether it
//!   moves live, and the guest's `is-managed` holds for it, too.

use cib::xml::{Document, Element};

use super::build::{Connection, connection};
use crate::configuration::is_remote_connection;

/// Appends the connections to guest nodes to the resources of `expanded`.
pub(super) fn expand(expanded: &mut Document, resources: Element<'_>) {
    for resource in resources.children() {
        match resource.name() {
            "primitive" if !is_remote_connection(resource) => {
                expand_one(expanded, resources, resource);
            }
            "group" => {
                for member in resource.children() {
                    expand_one(expanded, resources, member);
                }
            }
            _ => {}
        }
    }
}

fn expand_one(expanded: &mut Document, resources: Element<'_>, guest: Element<'_>) {
    let meta = |name: &str| {
        guest
            .children_named("meta_attributes")
            .flat_map(Element::children)
            .filter(|pair| pair.attribute("name") == Some(name))
            .last()
            .and_then(|pair| pair.attribute("value"))
    };
    let (Some(launcher), Some(name)) = (guest.id(), meta("remote-node")) else {
        return;
    };
    connection(
        expanded,
        resources.xml_id(),
        &Connection {
            name,
            launcher,
            allow_migrate: meta("remote-allow-migrate"),
            is_managed: meta("is-managed"),
            start_timeout: meta("remote-connect-timeout").or(Some("60s")),
            address: meta("remote-addr"),
            port: meta("remote-port"),
        },
    );
}
