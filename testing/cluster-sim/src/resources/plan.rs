//! What a seed has the cluster run, and how agents and fence devices fare.

use std::collections::BTreeSet;
use std::time::Duration;

use dice::Dice;

/// The configuration, and what goes wrong besides nodes and networks.
#[derive(Clone, Debug)]
pub struct ResourcePlan {
    /// Merged into the configuration of the CIB.
    pub configuration: String,
    /// Nodes that are lost are fenced.
    pub has_fencing: bool,
    /// What is to run, once in the cluster.
    pub once: BTreeSet<String>,
    /// What is to run on every node.
    pub everywhere: BTreeSet<String>,
    /// Constraints may keep a resource from running.
    pub has_constraints: bool,
    /// Operations that fail, hang or end with another answer than the truth, in percent.
    pub failures_percent: u64,
    /// The longest operation that does not hang.
    pub longest_operation: Duration,
    /// Attempts of fencing that fail, in percent.
    pub fencing_failures_percent: u64,
    /// How long fencing takes, at most.
    pub longest_fencing: Duration,
    /// How long the scheduler takes, at most.
    pub longest_decision: Duration,
}

/// The device that fences; what it is called in the cluster.
pub(crate) const FENCE_DEVICE: &str = "fence";

impl ResourcePlan {
    pub(crate) fn from_dice(nodes: u32, dice: &mut Dice) -> Self {
        let has_fencing = dice.happens(75);
        let mut writer = Writer::default();
        let count = dice.within(1..7);
        let mut number = 0;
        while number < count {
            number += 1;
            match dice.within(0..10) {
                0..=5 => {
                    let resource = writer.primitive(number, dice);
                    writer.resources += &resource;
                    writer.alone.push(name(number));
                    writer.once.insert(name(number));
                }
                6..=7 => {
                    let members = dice.within(2..4);
                    writer.resources += &format!("<group id=\"g{number}\">");
                    let first = number;
                    for member in first..first + members {
                        let resource = writer.primitive(member, dice);
                        writer.resources += &resource;
                        writer.once.insert(name(member));
                    }
                    writer.resources += "</group>";
                    number += members - 1;
                }
                _ => {
                    let resource = writer.primitive(number, dice);
                    writer.resources += &format!("<clone id=\"c{number}\">{resource}</clone>");
                    writer.everywhere.insert(name(number));
                }
            }
        }
        let has_constraints = dice.happens(40);
        if has_constraints {
            writer.constraints(nodes, dice);
        }
        if has_fencing {
            writer.resources +=
                &format!("<primitive id=\"{FENCE_DEVICE}\" class=\"stonith\" type=\"fence_sim\"/>");
        }
        let policy = *dice.pick(&["stop", "stop", "stop", "freeze", "ignore"]);
        let options = [
            ("stonith-enabled", has_fencing.to_string()),
            ("no-quorum-policy", policy.to_owned()),
            ("start-failure-is-fatal", dice.happens(50).to_string()),
        ];
        let defaults = [
            (
                "migration-threshold",
                dice.pick(&["0", "1", "3"]).to_string(),
            ),
            (
                "resource-stickiness",
                dice.pick(&["0", "1", "100"]).to_string(),
            ),
        ];
        let configuration = format!(
            "<configuration><crm_config><cluster_property_set id=\"cib-bootstrap-options\">{}\
             </cluster_property_set></crm_config><resources>{}</resources><constraints>{}\
             </constraints><rsc_defaults><meta_attributes id=\"rsc-defaults\">{}</meta_attributes>\
             </rsc_defaults></configuration>",
            pairs("option", &options),
            writer.resources,
            writer.constraints,
            pairs("default", &defaults)
        );
        let millis = Duration::from_millis;
        Self {
            configuration,
            has_fencing,
            once: writer.once,
            everywhere: writer.everywhere,
            has_constraints,
            failures_percent: *dice.pick(&[0, 0, 2, 10, 30]),
            longest_operation: *dice.pick(&[millis(1), millis(50), millis(400)]),
            fencing_failures_percent: *dice.pick(&[0, 20, 60]),
            longest_fencing: *dice.pick(&[millis(20), millis(500), millis(4000)]),
            longest_decision: *dice.pick(&[millis(1), millis(20), millis(200)]),
        }
    }
}

fn name(number: u64) -> String {
    format!("r{number}")
}

fn pairs(prefix: &str, all: &[(&str, String)]) -> String {
    let pair = |(name, value): &(&str, String)| {
        format!("<nvpair id=\"{prefix}-{name}\" name=\"{name}\" value=\"{value}\"/>")
    };
    all.iter().map(pair).collect()
}

#[derive(Default)]
struct Writer {
    resources: String,
    constraints: String,
    /// Primitives that are in no group and no clone.
    alone: Vec<String>,
    once: BTreeSet<String>,
    everywhere: BTreeSet<String>,
}

impl Writer {
    fn primitive(&mut self, number: u64, dice: &mut Dice) -> String {
        let id = name(number);
        let interval_s = dice.within(1..6);
        let timeout_s = dice.within(1..4);
        let operations: String = [("start", 0), ("stop", 0), ("monitor", interval_s)]
            .map(|(name, interval_s)| {
                format!(
                    "<op id=\"{id}-{name}\" name=\"{name}\" interval=\"{interval_s}s\" \
                     timeout=\"{timeout_s}s\"/>"
                )
            })
            .concat();
        format!(
            "<primitive id=\"{id}\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\">\
             <operations>{operations}</operations></primitive>"
        )
    }

    /// Constraints that do not contradict each other: each resource depends on earlier ones alone.
    fn constraints(&mut self, nodes: u32, dice: &mut Dice) {
        for (number, later) in self.alone.iter().enumerate() {
            let node = dice.within(1..u64::from(nodes) + 1);
            let score = *dice.pick(&["INFINITY", "100", "-100", "-INFINITY"]);
            let earlier = match number {
                0 => None,
                _ => Some(dice.pick(&self.alone[..number]).clone()),
            };
            self.constraints += &match (dice.within(0..4), earlier) {
                (0, _) => format!(
                    "<rsc_location id=\"l{number}\" rsc=\"{later}\" node=\"node{node}\" \
                     score=\"{score}\"/>"
                ),
                (1, Some(earlier)) => format!(
                    "<rsc_colocation id=\"l{number}\" rsc=\"{later}\" with-rsc=\"{earlier}\" \
                     score=\"{score}\"/>"
                ),
                (2, Some(earlier)) => {
                    format!("<rsc_order id=\"l{number}\" first=\"{earlier}\" then=\"{later}\"/>")
                }
                _ => String::new(),
            };
        }
    }
}
