//! Clusters of any size, as an operator might have grown them.
//!
//! The resources come in blocks of ten: a group of an address, a file system, a database and a
//! server; a clone; a promotable clone on as many nodes as are useful; and four single services.
//! Each block prefers a node of its own, its services stay with the group and start after it, and
//! two of the services keep away from each other. All is running where it should be, but for one
//! node in four, which is on standby: so there is something to move.

use std::fmt::Write as _;

/// How many instances a clone of a generated cluster has at most.
const INSTANCES: usize = 4;
/// How many resources of the configuration make a block.
const BLOCK: usize = 10;

/// The size of a generated cluster.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cluster {
    /// Nodes.
    pub(super) nodes: usize,
    /// Resources, parts of groups and clones counted as configured.
    pub(super) resources: usize,
}

/// A primitive of the status section: its name, where it runs, and whether it is promoted.
struct Running {
    id: String,
    node: usize,
    promoted: bool,
}

impl Cluster {
    /// The CIB.
    pub(super) fn to_xml(self) -> String {
        let mut running = Vec::new();
        let mut text = String::from(
            "<cib admin_epoch=\"0\" epoch=\"1\" num_updates=\"0\" validate-with=\"pacemaker-3.7\" \
             crm_feature_set=\"3.16.2\" have-quorum=\"1\" dc-uuid=\"1\">\n<configuration>\n",
        );
        self.options_and_nodes(&mut text);
        text.push_str("<resources>\n");
        for block in 0..self.blocks() {
            self.block(block, &mut text, &mut running);
        }
        text.push_str("</resources>\n<constraints>\n");
        for block in 0..self.blocks() {
            self.constraints(block, &mut text);
        }
        text.push_str("</constraints>\n</configuration>\n<status>\n");
        self.status(&running, &mut text);
        text.push_str("</status>\n</cib>\n");
        text
    }

    fn blocks(self) -> usize {
        self.resources.div_ceil(BLOCK)
    }

    /// The node that block `block` prefers, and the next ones for its clones' instances.
    fn node(self, block: usize, offset: usize) -> usize {
        (block + offset) % self.nodes
    }

    fn options_and_nodes(self, text: &mut String) {
        text.push_str("<crm_config>\n<cluster_property_set id=\"cib-bootstrap-options\">\n");
        for (name, value) in [
            ("stonith-enabled", "false"),
            ("no-quorum-policy", "stop"),
            ("dc-version", "2.1.5"),
            ("cluster-infrastructure", "corosync"),
        ] {
            put(
                text,
                format_args!("<nvpair id=\"option-{name}\" name=\"{name}\" value=\"{value}\"/>"),
            );
        }
        text.push_str("</cluster_property_set>\n</crm_config>\n<nodes>\n");
        for node in 0..self.nodes {
            let number = node + 1;
            put(
                text,
                format_args!("<node id=\"{number}\" uname=\"node{number}\">"),
            );
            if node % 4 == 3 {
                put(
                    text,
                    format_args!(
                        "<instance_attributes id=\"node{number}-attributes\"><nvpair id=\"node{number}-standby\" name=\"standby\" value=\"on\"/></instance_attributes>"
                    ),
                );
            }
            text.push_str("</node>\n");
        }
        text.push_str("</nodes>\n");
    }

    fn block(self, block: usize, text: &mut String, running: &mut Vec<Running>) {
        let home = self.node(block, 0);
        put(text, format_args!("<group id=\"group{block}\">"));
        for part in ["address", "disk", "database", "server"] {
            let id = format!("{part}{block}");
            primitive(text, &id);
            running.push(Running {
                id,
                node: home,
                promoted: false,
            });
        }
        text.push_str("</group>\n");

        let instances = INSTANCES.min(self.nodes);
        for (kind, promotable) in [("cache", false), ("replica", true)] {
            put(
                text,
                format_args!(
                    "<clone id=\"{kind}s{block}\"><meta_attributes id=\"{kind}s{block}-meta\">\
                 <nvpair id=\"{kind}s{block}-max\" name=\"clone-max\" value=\"{instances}\"/>\
                 <nvpair id=\"{kind}s{block}-interleave\" name=\"interleave\" value=\"true\"/>\
                 <nvpair id=\"{kind}s{block}-promotable\" name=\"promotable\" value=\"{promotable}\"/>\
                 </meta_attributes>"
                ),
            );
            primitive(text, &format!("{kind}{block}"));
            text.push_str("</clone>\n");
            running.extend((0..instances).map(|instance| Running {
                id: format!("{kind}{block}"),
                node: self.node(block, instance),
                promoted: promotable && instance == 0,
            }));
        }
        for service in 0..4 {
            let id = format!("service{block}-{service}");
            primitive(text, &id);
            running.push(Running {
                id,
                node: self.node(block, usize::from(service == 3)),
                promoted: false,
            });
        }
    }

    fn constraints(self, block: usize, text: &mut String) {
        let home = self.node(block, 0) + 1;
        put(
            text,
            format_args!(
                "<rsc_location id=\"home{block}\" rsc=\"group{block}\" node=\"node{home}\" score=\"100\"/>"
            ),
        );
        for service in 0..3 {
            put(
                text,
                format_args!(
                    "<rsc_colocation id=\"with{block}-{service}\" rsc=\"service{block}-{service}\" with-rsc=\"group{block}\" score=\"500\"/>"
                ),
            );
            put(
                text,
                format_args!(
                    "<rsc_order id=\"after{block}-{service}\" first=\"group{block}\" then=\"service{block}-{service}\" kind=\"Mandatory\"/>"
                ),
            );
        }
        put(
            text,
            format_args!(
                "<rsc_colocation id=\"apart{block}\" rsc=\"service{block}-3\" with-rsc=\"service{block}-0\" score=\"-200\"/>"
            ),
        );
        put(
            text,
            format_args!(
                "<rsc_order id=\"cache-first{block}\" first=\"caches{block}\" then=\"replicas{block}\" kind=\"Optional\"/>"
            ),
        );
    }

    fn status(self, running: &[Running], text: &mut String) {
        let mut by_node: Vec<Vec<&Running>> = (0..self.nodes).map(|_| Vec::new()).collect();
        for resource in running {
            by_node[resource.node].push(resource);
        }
        for (node, resources) in by_node.iter().enumerate() {
            let number = node + 1;
            put(
                text,
                format_args!(
                    "<node_state id=\"{number}\" uname=\"node{number}\" in_ccm=\"true\" crmd=\"online\" join=\"member\" expected=\"member\">"
                ),
            );
            put(text, format_args!("<lrm id=\"{number}\"><lrm_resources>"));
            for resource in resources {
                history(text, resource);
            }
            text.push_str("</lrm_resources></lrm>\n</node_state>\n");
        }
    }
}

fn primitive(text: &mut String, id: &str) {
    put(
        text,
        format_args!(
            "<primitive id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\"><operations>\
         <op id=\"{id}-monitor\" name=\"monitor\" interval=\"10s\" timeout=\"20s\"/></operations></primitive>"
        ),
    );
}

fn history(text: &mut String, Running { id, promoted, .. }: &Running) {
    put(
        text,
        format_args!(
            "<lrm_resource id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\">"
        ),
    );
    let mut operation = |call: usize, task: &str, interval: u32, code: u8| {
        let key = format_args!("6:1:{code}:00000000-0000-0000-0000-000000000000");
        // Of no parameters, and of a recurring operation's timeout of 20 seconds: without them
        // everything would be restarted.
        let digest = if interval == 0 {
            "f2317cad3d54cec5d7d7aa7d0bf35cf8"
        } else {
            "4811cef7f7f94e3a35a70be7916cb2fd"
        };
        let name = if interval == 0 && task != "monitor" {
            "last"
        } else {
            task
        };
        put(
            text,
            format_args!(
                "<lrm_rsc_op id=\"{id}_{name}_{interval}\" operation_key=\"{id}_{task}_{interval}\" operation=\"{task}\" \
             interval=\"{interval}\" call-id=\"{call}\" rc-code=\"{code}\" op-status=\"0\" transition-key=\"{key}\" \
             transition-magic=\"0:{code};{key}\" op-digest=\"{digest}\" crm_feature_set=\"3.16.2\"/>"
            ),
        );
    };
    if *promoted {
        operation(2, "promote", 0, 0);
        operation(3, "monitor", 10_000, 8);
    } else {
        operation(2, "start", 0, 0);
        operation(3, "monitor", 10_000, 0);
    }
    text.push_str("</lrm_resource>\n");
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::Cluster;

    #[test]
    fn a_generated_cluster_holds_as_many_nodes_and_primitives_as_asked() {
        let text = Cluster {
            nodes: 4,
            resources: 20,
        }
        .to_xml();
        assert_eq!(text.matches("<node id=").count(), 4);
        assert_eq!(text.matches("<primitive ").count(), 20);
    }
}
