//! What bundles imply, as elements.

use cib::hashed::HashSet;

use cib::xml::{Document, Element, XmlId};

use super::super::build::{
    self, Connection, connection, element, operation, pair, primitive, sanitized,
};
use super::{EXECUTOR, Port, Settings};

/// Expands the bundles among `resources`.
pub(in crate::expansion) fn expand(expanded: &mut Document, resources: Element<'_>) {
    let mut taken: HashSet<String> = HashSet::default();
    if resources.child("bundle").is_none() {
        return;
    }
    for resource in resources.children() {
        if resource.name() == "bundle"
            && let Some(settings) = Settings::read(resource)
            && (settings.primitive.is_none() || settings.is_reachable())
        {
            expand_one(expanded, resource.xml_id(), &settings, &mut taken);
        }
        taken.extend(
            resource
                .descendants()
                .filter_map(Element::id)
                .map(str::to_owned),
        );
    }
}

fn expand_one(
    expanded: &mut Document,
    bundle: XmlId,
    settings: &Settings<'_>,
    taken: &mut HashSet<String>,
) {
    if settings.primitive.is_some() {
        wrap_primitive(expanded, bundle, settings);
    }
    let addresses = settings.addresses();
    let host_options = settings.host_options(&addresses);
    for (number, address) in addresses.iter().enumerate() {
        let replica = expanded.append(bundle, "replica");
        if let Some(address) = address {
            expanded.set(replica, "ip", address);
        }
        let implied = Implied {
            settings,
            number,
            address: address.as_deref(),
            host_options: &host_options,
        };
        let container = implied.add_container(expanded, replica);
        implied.add_address(expanded, replica);
        implied.add_connection(expanded, replica, &container, taken);
    }
}

/// Puts the primitive inside into a clone with an instance for each replica.
fn wrap_primitive(expanded: &mut Document, bundle: XmlId, settings: &Settings<'_>) {
    let Some(primitive) = expanded.element(bundle).child("primitive") else {
        return;
    };
    let (primitive, bundle_id) = (primitive.xml_id(), settings.id);
    let promotable = settings.promoted_max > 0;
    let suffix = if promotable { "master" } else { "clone" };
    let id = format!("{bundle_id}-{suffix}");
    let clone = element(expanded, bundle, "clone", &id);

    let id = format!("{bundle_id}-clone-meta");
    let meta = element(expanded, clone, "meta_attributes", &id);
    let per_host = settings.max_per_host();
    let unique = if per_host > 1 { "true" } else { "false" };
    let mut add = |name: &str, value: &str| pair(expanded, meta, &id, name, value);
    add("ordered", "true");
    add("clone-max", &settings.replicas.to_string());
    add("clone-node-max", &per_host.to_string());
    add("globally-unique", unique);
    if promotable {
        add("promotable", "true");
        add("promoted-max", &settings.promoted_max.to_string());
    }
    let place = expanded.append(clone, "primitive");
    expanded.insert_before(primitive, place);
    expanded.remove(place);
}

/// A replica that is being spelled out.
struct Implied<'s> {
    settings: &'s Settings<'s>,
    number: usize,
    address: Option<&'s str>,
    host_options: &'s str,
}

impl Implied<'_> {
    /// Adds the container; says how it is called.
    fn add_container(&self, expanded: &mut Document, replica: XmlId) -> String {
        let settings = self.settings;
        let (bundle, technology) = (settings.id, settings.technology);
        let id = sanitized(&format!("{bundle}-{technology}-{}", self.number));
        let container = primitive(expanded, replica, &id, "heartbeat", technology);

        let set_id = format!("{bundle}-attributes-{}", self.number);
        let set = element(expanded, container, "instance_attributes", &set_id);
        let run_command = settings.container.attribute("run-command");
        let default_command = settings.primitive.is_some().then_some(EXECUTOR);
        let (run_options, directories) = self.run_options();
        let parameters = [
            ("image", settings.container.attribute("image")),
            ("allow_pull", Some("true")),
            ("force_kill", Some("false")),
            ("reuse", Some("false")),
            ("run_opts", Some(&*run_options)),
            ("mount_points", Some(&*directories)),
            ("run_cmd", run_command.or(default_command)),
            ("monitor_cmd", Some("/bin/true")),
        ];
        build::pairs(expanded, set, &set_id, &parameters);
        let operations = expanded.append(container, "operations");
        operation(expanded, operations, &id, "monitor", "60s", None);
        id
    }

    /// The options of the command that runs the container, each after a space; and the directories
    /// that have to be made before.
    ///
    /// The two spaces before the addresses, or the one at the end without them, are part of the
    /// value that Pacemaker makes: any other value would restart the container.
    fn run_options(&self) -> (String, String) {
        let settings = self.settings;
        let name = format!("{}-{}", settings.id, self.number);
        let network = settings.container.attribute("network");
        let mut options = Vec::new();
        let mut directories = Vec::new();
        if settings.technology == "docker" {
            options.push("--restart=no".to_owned());
        }
        if settings.has_addresses() {
            options.push(format!("-h {name}"));
        }
        options.push("-e PCMK_stderr=1".to_owned());
        if let Some(network) = network {
            options.push(format!("--net={network}"));
        }
        options.push(format!("-e PCMK_remote_port={}", settings.port()));
        for mount in settings.mounts() {
            let source = if mount.is_root {
                let directory = format!("{}/{name}", mount.source);
                directories.push(directory.clone());
                directory
            } else {
                mount.source.to_owned()
            };
            let suffix = mount.options.map(|options| format!(":{options}"));
            options.push(format!(
                "-v {source}:{}{}",
                mount.target,
                suffix.unwrap_or_default()
            ));
        }
        for Port { outside, inside } in settings.ports() {
            match self.address {
                Some(address) => options.push(format!("-p {address}:{outside}:{inside}")),
                None if network == Some("host") => {}
                None => options.push(format!("-p {outside}:{inside}")),
            }
        }
        options.extend(settings.container.attribute("options").map(str::to_owned));
        options.push(self.host_options.to_owned());
        (format!(" {}", options.join(" ")), directories.join(","))
    }

    /// Adds the address, if the replica has one.
    fn add_address(&self, expanded: &mut Document, replica: XmlId) {
        let Some(address) = self.address else { return };
        let settings = self.settings;
        let id = sanitized(&format!("{}-ip-{address}", settings.id));
        let resource = primitive(expanded, replica, &id, "heartbeat", "IPaddr2");
        let set_id = format!("{}-attributes-{}", settings.id, self.number);
        let set = element(expanded, resource, "instance_attributes", &set_id);
        let netmask = settings.of_network("host-netmask").unwrap_or("32");
        let parameters = [
            ("ip", Some(address)),
            ("nic", settings.of_network("host-interface")),
            ("cidr_netmask", Some(netmask)),
        ];
        build::pairs(expanded, set, &set_id, &parameters);
        let operations = expanded.append(resource, "operations");
        operation(expanded, operations, &id, "monitor", "60s", None);
    }

    /// Adds the connection to the agent executor, if there is a primitive to control.
    ///
    /// A container without an address is reached at that of its host: Pacemaker's agent knows it by
    /// the name `#uname`.
    fn add_connection(
        &self,
        expanded: &mut Document,
        replica: XmlId,
        container: &str,
        taken: &mut HashSet<String>,
    ) {
        let (settings, number) = (self.settings, self.number);
        let Some(primitive) = settings.primitive else {
            return;
        };
        let mut name = format!("{}-{number}", settings.id);
        if taken.contains(&name) {
            let inside = primitive.id().unwrap_or_default();
            name = format!("pcmk-internal-{inside}:{number}-remote-{number}");
        }
        connection(
            expanded,
            replica,
            &Connection {
                name: &name,
                launcher: container,
                allow_migrate: None,
                is_managed: None,
                start_timeout: None,
                address: self.address.or(Some("#uname")),
                port: Some(settings.port()),
            },
        );
        taken.insert(name);
    }
}
