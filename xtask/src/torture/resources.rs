//! Resources under torture: an address and dummies, started and stopped by the cluster, and looked for
//! on the machines themselves.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use cluster_api::{Answer, Change, Edit, Request};
use cluster_lab::LabCluster;

use super::PACE;
use crate::Outcome;

/// The address that is a resource.
const ADDRESS: &str = "10.77.0.100";
/// How many dummies there are, besides those of a group.
const DUMMIES: u32 = 4;
/// After the cluster is whole again, each resource runs once within this.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// A command on a machine takes no longer.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// Has the cluster run the resources; nothing is changed where it does already.
pub fn configure(cluster: &LabCluster) -> Outcome {
    let dummies: String = names().iter().map(|name| dummy(name)).collect();
    let group = format!(
        "<group id=\"pair\">{}{}</group>",
        dummy("first"),
        dummy("second")
    );
    let address = format!(
        "<primitive id=\"address\" class=\"ocf\" provider=\"heartbeat\" type=\"IPaddr2\">\
         <instance_attributes id=\"address-i\"><nvpair id=\"address-ip\" name=\"ip\" value=\"{ADDRESS}\"/>\
         <nvpair id=\"address-mask\" name=\"cidr_netmask\" value=\"24\"/></instance_attributes>\
         <operations><op id=\"address-m\" name=\"monitor\" interval=\"5s\"/></operations></primitive>"
    );
    let edits = [
        "<crm_config><cluster_property_set id=\"torture\"><nvpair id=\"torture-fencing\" \
         name=\"stonith-enabled\" value=\"false\"/></cluster_property_set></crm_config>"
            .to_owned(),
        format!("<resources>{address}{group}{dummies}</resources>"),
    ];
    change(
        cluster,
        edits.map(|xml| Edit::Modify {
            xml,
            may_create: true,
        }),
    )
}

/// What failed in a round is forgotten, and everything is looked for anew.
pub fn refresh(cluster: &LabCluster) -> Outcome {
    let queries = [
        "/cib/status/node_state/lrm/lrm_resources/lrm_resource",
        "/cib/status/node_state/transient_attributes",
    ];
    change(
        cluster,
        queries.map(|xpath| Edit::Delete {
            xpath: xpath.to_owned(),
        }),
    )
}

fn change(cluster: &LabCluster, edits: impl IntoIterator<Item = Edit>) -> Outcome {
    let change = Request::Change(Change {
        if_version: None,
        edits: edits.into_iter().collect(),
    });
    let mut client = cluster.client(1).map_err(|error| error.to_string())?;
    match client.ask(&change).map_err(|error| error.to_string())? {
        Answer::Changed(_) => Ok(()),
        other => Err(format!("a whole cluster does not take a change: {other:?}")),
    }
}

/// Waits until each resource runs on one machine; how long it took.
///
/// # Errors
/// What runs nowhere or more than once, when the time is over.
pub fn wait_until_settled(cluster: &LabCluster) -> Result<Duration, String> {
    let began = Instant::now();
    loop {
        let wrong: Vec<String> = running(cluster)?
            .into_iter()
            .filter(|(_, nodes)| nodes.len() != 1)
            .map(|(name, nodes)| format!("{name} runs on {nodes:?}"))
            .collect();
        if wrong.is_empty() {
            return Ok(began.elapsed());
        }
        if began.elapsed() >= SETTLED_WITHIN {
            let wrong = wrong.join(", ");
            let limit = SETTLED_WITHIN.as_secs();
            return Err(format!("{limit} s after the cluster was whole: {wrong}"));
        }
        thread::sleep(PACE);
    }
}

/// Where each resource truly runs.
fn running(cluster: &LabCluster) -> Result<BTreeMap<String, Vec<u32>>, String> {
    let script = format!("ls {STATES}; ip -o address show to {ADDRESS} | grep -o {ADDRESS}; true");
    let all = names()
        .into_iter()
        .chain(["address", "first", "second"].map(str::to_owned));
    let mut running: BTreeMap<String, Vec<u32>> = all.map(|name| (name, Vec::new())).collect();
    for node in cluster.ids() {
        let output = cluster
            .node(node)
            .run(&["sh", "-c", &script], COMMAND_LIMIT)
            .map_err(|error| error.to_string())?;
        for line in output.stdout.lines() {
            let dummy = line.strip_prefix("Dummy-");
            let dummy = dummy.and_then(|rest| rest.strip_suffix(".state"));
            let name = match dummy {
                Some(name) => name,
                None if line == ADDRESS => "address",
                None => continue,
            };
            if let Some(nodes) = running.get_mut(name) {
                nodes.push(node);
            }
        }
    }
    Ok(running)
}

/// Where dummies keep what they have: a file for each that runs.
const STATES: &str = "/run/resource-agents";

fn names() -> Vec<String> {
    (1..=DUMMIES)
        .map(|number| format!("dummy{number}"))
        .collect()
}

fn dummy(name: &str) -> String {
    format!(
        "<primitive id=\"{name}\" class=\"ocf\" provider=\"heartbeat\" type=\"Dummy\">\
         <operations><op id=\"{name}-m\" name=\"monitor\" interval=\"5s\"/></operations></primitive>"
    )
}
