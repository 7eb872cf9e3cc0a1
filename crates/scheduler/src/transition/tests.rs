//! Which actions are made, and in which order: their numbers in the graph follow from it.
//!
//! An action reads `KEY@NODE`, in brackets if it is optional, `~` if no agent is asked, `!` if it
//! cannot be done.

use cib::time::DateTime;
use cib::xml::Document;

use crate::model::Plan;
use crate::{Wishes, assignment, constraints, expansion, read, status};

/// A cluster of the nodes `a` and `b`.
#[derive(Default)]
struct Cluster<'t> {
    options: &'t str,
    resources: &'t str,
    constraints: &'t str,
    /// What is known: `RESOURCE@NODE` is active there, `-RESOURCE@NODE` is not.
    known: &'t str,
    /// A node that was lost.
    lost: &'t str,
    /// A node that is asked to shut down.
    leaving: &'t str,
}

impl Cluster<'_> {
    fn cib(&self) -> Document {
        let text = format!(
            r#"<cib validate-with="pacemaker-3.7" have-quorum="1" crm_feature_set="3.16.2"
               dc-uuid="a"><configuration><crm_config><cluster_property_set id="options">{}
               </cluster_property_set></crm_config>
               <nodes><node id="a" uname="a"/><node id="b" uname="b"/></nodes>
               <resources>{}</resources><constraints>{}</constraints></configuration>
               <status>{}{}</status></cib>"#,
            self.options,
            self.resources,
            self.constraints,
            self.state("a"),
            self.state("b")
        );
        Document::parse(&text).expect("the test's own text is well-formed")
    }

    fn state(&self, node: &str) -> String {
        let membership = if node == self.lost {
            r#"in_ccm="false" crmd="offline" join="down" expected="member""#
        } else {
            r#"in_ccm="true" crmd="online" join="member" expected="member""#
        };
        let shutdown = if node == self.leaving {
            r#"<nvpair id="leave" name="shutdown" value="1"/>"#
        } else {
            ""
        };
        let history: String = self
            .known
            .split_whitespace()
            .filter_map(|place| place.split_once('@'))
            .filter(|&(_, at)| at == node)
            .map(|(id, _)| match id.strip_prefix('-') {
                Some(id) => history(id, "monitor", 7),
                None => history(id, "start", 0),
            })
            .collect();
        format!(
            r#"<node_state id="{node}" uname="{node}" {membership}><transient_attributes
               id="{node}"><instance_attributes id="{node}-t">{shutdown}</instance_attributes>
               </transient_attributes><lrm id="{node}"><lrm_resources>{history}</lrm_resources>
               </lrm></node_state>"#
        )
    }

    /// The actions that the transition stage makes of it.
    fn check(&self, expected: &[&str]) {
        let cib = expansion::expand(&self.cib());
        let mut plan = read(&cib, DateTime::from_epoch_s(1_000_000), Wishes::default());
        constraints::unpack(&mut plan);
        constraints::apply_node_criteria(&mut plan);
        constraints::imply(&mut plan);
        status::apply_configuration_changes(&mut plan);
        assignment::assign_all(&mut plan);
        super::schedule(&mut plan);
        assert_eq!(actions(&plan), expected);
    }
}

/// The digest of an operation without parameters.
const NO_PARAMETERS: &str = "f2317cad3d54cec5d7d7aa7d0bf35cf8";

fn history(id: &str, task: &str, result: i32) -> String {
    format!(
        r#"<lrm_resource id="{id}" class="ocf" provider="pacemaker" type="Dummy">
           <lrm_rsc_op id="{id}-{task}" operation="{task}" operation_key="{id}_{task}_0"
           interval="0" call-id="1" rc-code="{result}" op-status="0" crm_feature_set="3.16.2"
           op-digest="{NO_PARAMETERS}"
           transition-magic="0:{result};1:1:{result}:x" transition-key="1:1:{result}:x"/>
           </lrm_resource>"#
    )
}

fn actions(plan: &Plan<'_>) -> Vec<String> {
    plan.actions
        .values()
        .map(|of| {
            let node = of.node.map_or("", |node| plan.nodes[node].name);
            let pseudo = if of.pseudo { "~" } else { "" };
            let stuck = if of.runnable { "" } else { "!" };
            let text = format!("{stuck}{pseudo}{}@{node}", of.key);
            if of.optional {
                format!("[{text}]")
            } else {
                text
            }
        })
        .collect()
}

const NO_FENCING: &str = r#"<nvpair id="f" name="fencing-enabled" value="false"/>"#;
const SERVICE: &str = r#"<primitive id="r" class="ocf" provider="pacemaker" type="Dummy">
    <operations><op id="m" name="monitor" interval="10s"/></operations></primitive>"#;
const PREFERS_B: &str = r#"<rsc_location id="l" rsc="r" node="b" score="INFINITY"/>"#;

#[test]
fn what_is_unknown_is_probed_before_it_is_started() {
    let cluster = Cluster {
        options: NO_FENCING,
        resources: SERVICE,
        ..Cluster::default()
    };
    cluster.check(&[
        "r_monitor_0@a",
        "r_monitor_0@b",
        "r_start_0@a",
        "r_monitor_10000@a",
    ]);
}

#[test]
fn a_resource_that_stays_has_the_actions_of_a_restart_at_hand() {
    let cluster = Cluster {
        options: NO_FENCING,
        resources: SERVICE,
        known: "r@a -r@b",
        ..Cluster::default()
    };
    cluster.check(&["[r_stop_0@a]", "[r_start_0@a]", "r_monitor_10000@a"]);
}

#[test]
fn a_resource_moves_by_restart_or_live() {
    let restart = Cluster {
        options: NO_FENCING,
        resources: SERVICE,
        constraints: PREFERS_B,
        known: "r@a -r@b",
        ..Cluster::default()
    };
    restart.check(&["r_stop_0@a", "r_start_0@b", "r_monitor_10000@b"]);
    let mobile = SERVICE.replace(
        "<operations>",
        r#"<meta_attributes id="x"><nvpair id="y" name="allow-migrate" value="true"/>
           </meta_attributes><operations>"#,
    );
    let live = Cluster {
        resources: &mobile,
        ..restart
    };
    live.check(&[
        "r_stop_0@a",
        "~r_start_0@b",
        "r_monitor_10000@b",
        "[r_migrate_to_0@a]",
        "[r_migrate_from_0@b]",
    ]);
}

#[test]
fn recurring_checks_follow_the_role() {
    let checks = SERVICE.replace(
        "<operations>",
        r#"<operations><op id="s" name="monitor" interval="20s" role="Stopped"/>
           <op id="p" name="monitor" interval="30s" role="Promoted"/>"#,
    );
    let cluster = Cluster {
        options: NO_FENCING,
        resources: &checks,
        known: "r@a -r@b",
        ..Cluster::default()
    };
    cluster.check(&[
        "[r_stop_0@a]",
        "[r_start_0@a]",
        "r_monitor_20000@b",
        "r_monitor_10000@a",
    ]);
}

#[test]
fn a_clone_is_framed_by_points_in_the_order() {
    let clone = format!(r#"<clone id="c">{SERVICE}</clone>"#);
    let cluster = Cluster {
        options: NO_FENCING,
        resources: &clone,
        known: "r@a",
        ..Cluster::default()
    };
    cluster.check(&[
        "r:1_monitor_0@b",
        "[r:0_stop_0@a]",
        "[r:0_start_0@a]",
        "r:0_monitor_10000@a",
        "r:1_start_0@b",
        "r:1_monitor_10000@b",
        "~c_start_0@",
        "~c_running_0@",
        "[~c_stop_0@]",
        "[~c_stopped_0@]",
    ]);
}

#[test]
fn what_was_active_on_a_lost_node_is_stopped_by_fencing_it() {
    let with_device =
        format!(r#"{SERVICE}<primitive id="device" class="stonith" type="fence_dummy"/>"#);
    let cluster = Cluster {
        resources: &with_device,
        known: "r@b -r@a",
        lost: "b",
        ..Cluster::default()
    };
    cluster.check(&[
        "stonith-b-reboot@b",
        "device_monitor_0@a",
        "~r_stop_0@b",
        "r_start_0@a",
        "r_monitor_10000@a",
        "device_start_0@a",
    ]);
}

#[test]
fn a_node_shuts_down_after_its_stops() {
    let cluster = Cluster {
        options: NO_FENCING,
        resources: SERVICE,
        known: "r@b -r@a",
        leaving: "b",
        ..Cluster::default()
    };
    cluster.check(&[
        "r_stop_0@b",
        "r_start_0@a",
        "r_monitor_10000@a",
        "do_shutdown-b@b",
    ]);
}
