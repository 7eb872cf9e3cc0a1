//! What stands above everything else: who coordinates, quorum, version, times, counts, options.

use std::collections::BTreeSet;

use cib::time::DateTime;
use cib::xml::{Document, XmlId};
use cluster_api::Status;
use scheduler::Plan;
use scheduler::model::options::NoQuorumPolicy;

use super::options::Section;
use crate::outline::Outline;
use crate::status::Shape;
use crate::status::text::node_name;

/// The head of a status.
pub(super) struct Head<'p, 'c> {
    pub plan: &'p Plan<'c>,
    pub now: DateTime,
    /// What the daemon says, where a cluster runs.
    pub status: Option<&'p Status>,
}

impl Head<'_, '_> {
    fn option(&self, name: &str) -> Option<&str> {
        self.plan.options.all.get(name)
    }

    fn stack(&self) -> &str {
        let named = self.option("cluster-infrastructure");
        named
            .or(self.status.map(|it| it.transport.as_str()))
            .unwrap_or("unknown")
    }

    fn version(&self) -> Option<String> {
        let own = || format!("keel {}", env!("CARGO_PKG_VERSION"));
        let stored = self.option("dc-version").map(str::to_owned);
        stored.or(self.status.map(|_| own()))
    }

    fn is_quorate(&self) -> bool {
        self.status
            .map_or(self.plan.options.quorate, |it| it.quorum.is_quorate)
    }

    fn root(&self, name: &str) -> Option<&str> {
        self.plan.cib.attribute(name).filter(|it| !it.is_empty())
    }

    /// Says whether anything was written.
    pub fn write(&self, outline: &mut Outline, shown: &BTreeSet<Section>, shape: &Shape) -> bool {
        let mut lines = Vec::new();
        if shown.contains(&Section::Stack) {
            let running = self.status.map_or("", |_| " (Pacemaker is running)");
            lines.push(format!("Stack: {}{running}", self.stack()));
        }
        if shown.contains(&Section::Coordinator) {
            lines.push(self.coordinator(shape));
        }
        if shown.contains(&Section::Times) {
            let on = self
                .status
                .map_or(String::new(), |it| format!(" on {}", it.name));
            lines.push(format!("Last updated: {}{on}", self.now.to_ctime_text()));
            lines.push(format!("Last change:  {}", self.last_change()));
        }
        if shown.contains(&Section::Counts) {
            lines.extend(self.counts());
        }
        if shown.contains(&Section::Options) {
            lines.extend(self.options());
        }
        if let Some(doubt) = &shape.doubt {
            lines.push(format!("WARNING: {}", doubt.sentence()));
        }
        let mut is_written = !lines.is_empty();
        if is_written {
            outline.begin("Cluster Summary");
            lines.iter().for_each(|line| outline.item(line));
            outline.end();
        }
        if shown.contains(&Section::Maintenance) {
            is_written |= self.maintenance(outline);
        }
        is_written
    }

    fn coordinator(&self, shape: &Shape) -> String {
        let nodes = &self.plan.nodes_by_name;
        let Some(&node) = nodes.iter().find(|&&it| self.plan.nodes[it].is_dc) else {
            return "Current DC: NONE".to_owned();
        };
        let name = node_name(self.plan, node, shape);
        let version = self.version();
        let version = version.as_deref().unwrap_or("unknown");
        let quorum = if self.is_quorate() { "with" } else { "WITHOUT" };
        format!("Current DC: {name} (version {version}) - partition {quorum} quorum")
    }

    fn last_change(&self) -> String {
        let mut text = self.root("cib-last-written").unwrap_or("").to_owned();
        for (word, name) in [
            ("by", "update-user"),
            ("via", "update-client"),
            ("on", "update-origin"),
        ] {
            if let Some(value) = self.root(name) {
                text.push_str(&format!(" {word} {value}"));
            }
        }
        text
    }

    fn counts(&self) -> [String; 2] {
        let nodes = self.plan.nodes.len();
        let counts = self.plan.instance_counts();
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        let special = match (counts.disabled, counts.blocked) {
            (0, 0) => String::new(),
            (disabled, 0) => format!(" ({disabled} DISABLED)"),
            (0, blocked) => format!(" ({blocked} BLOCKED from further action due to failure)"),
            (disabled, blocked) => format!(
                " ({disabled} DISABLED, {blocked} BLOCKED from further action due to failure)"
            ),
        };
        [
            format!("{nodes} node{} configured", plural(nodes)),
            format!(
                "{} resource instance{} configured{special}",
                counts.all,
                plural(counts.all)
            ),
        ]
    }

    fn options(&self) -> [String; 3] {
        let options = &self.plan.options;
        let fencing = if options.fencing_enabled {
            "enabled"
        } else {
            "disabled"
        };
        let symmetric = if options.symmetric {
            "symmetric"
        } else {
            "asymmetric"
        };
        let policy = match options.no_quorum_policy {
            NoQuorumPolicy::Stop => "Stop ALL resources",
            NoQuorumPolicy::Freeze => "Freeze resources",
            NoQuorumPolicy::Ignore => "Ignore",
            NoQuorumPolicy::Demote => "Demote promotable resources and stop all other resources",
            NoQuorumPolicy::Fence => "Suicide",
        };
        [
            format!("STONITH of failed nodes {fencing}"),
            format!("Cluster is {symmetric}"),
            format!("No quorum policy: {policy}"),
        ]
    }

    fn maintenance(&self, outline: &mut Outline) -> bool {
        let options = &self.plan.options;
        let lines = if options.maintenance {
            [
                "\n              *** Resource management is DISABLED ***",
                "  The cluster will not attempt to start, stop or recover services",
            ]
        } else if options.stop_all {
            [
                "\n    *** Resource management is DISABLED ***",
                "  The cluster will keep all resources stopped",
            ]
        } else {
            return false;
        };
        lines.iter().for_each(|line| outline.line(line));
        true
    }

    /// The same for programs.
    pub fn append(&self, document: &mut Document, parent: XmlId, shown: &BTreeSet<Section>) {
        const SECTIONS: [Section; 5] = [
            Section::Stack,
            Section::Coordinator,
            Section::Times,
            Section::Counts,
            Section::Options,
        ];
        if !SECTIONS.iter().any(|it| shown.contains(it)) {
            return;
        }
        let summary = document.append(parent, "summary");
        for section in SECTIONS.iter().filter(|it| shown.contains(it)) {
            for (name, attributes) in self.elements(*section) {
                let element = document.append(summary, name);
                for (name, value) in attributes {
                    document.set(element, name, &value);
                }
            }
        }
    }

    fn elements(&self, section: Section) -> Vec<Described> {
        let options = &self.plan.options;
        let text = |value: bool| value.to_string();
        let counts = self.plan.instance_counts();
        let root = |name| self.root(name).unwrap_or("").to_owned();
        match section {
            Section::Stack => {
                let mut attributes = vec![("type", self.stack().to_owned())];
                if self.status.is_some() {
                    attributes.push(("pacemakerd-state", "running".to_owned()));
                }
                vec![("stack", attributes)]
            }
            Section::Coordinator => vec![("current_dc", self.coordinator_attributes())],
            Section::Times => {
                let mut updated = vec![("time", self.now.to_ctime_text())];
                updated.extend(self.status.map(|it| ("origin", it.name.clone())));
                let changed = vec![
                    ("time", root("cib-last-written")),
                    ("user", root("update-user")),
                    ("client", root("update-client")),
                    ("origin", root("update-origin")),
                ];
                vec![("last_update", updated), ("last_change", changed)]
            }
            Section::Counts => vec![
                (
                    "nodes_configured",
                    vec![("number", self.plan.nodes.len().to_string())],
                ),
                (
                    "resources_configured",
                    vec![
                        ("number", counts.all.to_string()),
                        ("disabled", counts.disabled.to_string()),
                        ("blocked", counts.blocked.to_string()),
                    ],
                ),
            ],
            _ => vec![(
                "cluster_options",
                vec![
                    ("stonith-enabled", text(options.fencing_enabled)),
                    ("symmetric-cluster", text(options.symmetric)),
                    ("no-quorum-policy", self.policy_name().to_owned()),
                    ("maintenance-mode", text(options.maintenance)),
                    ("stop-all-resources", text(options.stop_all)),
                    ("stonith-timeout-ms", options.fencing_timeout_ms.to_string()),
                    (
                        "priority-fencing-delay-ms",
                        options.priority_fencing_delay_ms.to_string(),
                    ),
                ],
            )],
        }
    }

    fn policy_name(&self) -> &'static str {
        match self.plan.options.no_quorum_policy {
            NoQuorumPolicy::Stop => "stop",
            NoQuorumPolicy::Freeze => "freeze",
            NoQuorumPolicy::Ignore => "ignore",
            NoQuorumPolicy::Demote => "demote",
            NoQuorumPolicy::Fence => "suicide",
        }
    }

    fn coordinator_attributes(&self) -> Vec<(&'static str, String)> {
        let nodes = self.plan.nodes_by_name.iter();
        let found = nodes.map(|&it| &self.plan.nodes[it]).find(|it| it.is_dc);
        let Some(node) = found else {
            return vec![("present", "false".to_owned())];
        };
        vec![
            ("present", "true".to_owned()),
            ("version", self.version().unwrap_or_default()),
            ("name", node.name.to_owned()),
            ("id", node.uuid.to_owned()),
            ("with_quorum", self.is_quorate().to_string()),
            ("mixed_version", "false".to_owned()),
        ]
    }

    /// The whole status in one line, and whether all is well.
    pub fn simple(&self) -> (String, bool) {
        let mut warnings = Vec::new();
        let (mut online, mut standby, mut maintenance) = (0, 0, 0);
        let nodes = self.plan.nodes_by_name.iter();
        let nodes: Vec<_> = nodes.map(|&it| &self.plan.nodes[it]).collect();
        if !nodes.iter().any(|it| it.is_dc) {
            warnings.push("No DC".to_owned());
        }
        for node in nodes {
            match (node.standby, node.maintenance, node.online) {
                (true, _, true) => standby += 1,
                (false, true, true) => maintenance += 1,
                (false, false, true) => online += 1,
                (_, _, false) => warnings.push(format!("offline node: {}", node.name)),
            }
        }
        if !warnings.is_empty() {
            return (format!("CLUSTER WARN: {}", warnings.join(", ")), false);
        }
        let mut text = format!(
            "CLUSTER OK: {online} node{} online",
            if online == 1 { "" } else { "s" }
        );
        for (number, what) in [(standby, "standby"), (maintenance, "maintenance")] {
            if number > 0 {
                let plural = if number == 1 { "" } else { "s" };
                text.push_str(&format!(", {number} {what} node{plural}"));
            }
        }
        let counts = self.plan.instance_counts();
        let plural = if counts.all == 1 { "" } else { "s" };
        let all = counts.all;
        text.push_str(&format!(", {all} resource instance{plural} configured"));
        (text, true)
    }
}

/// An element for programs: its name and attributes.
type Described = (&'static str, Vec<(&'static str, String)>);
