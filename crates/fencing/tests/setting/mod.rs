//! Requests and what is to be tried for them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cib::Values;
use cib::rules::Findings;
use cib::time::DateTime;
use cib::views::fencing_levels;
use cib::xml::Document;
use fencing::{DEFAULT_TIMEOUT, Goal, Metadata, Peer, Request, Scene};

pub const SECOND: Duration = Duration::from_secs(1);

pub fn request(target: &str, goal: Goal) -> Request {
    Request {
        target: target.to_owned(),
        goal,
        client: "controller".to_owned(),
        origin: "n2".to_owned(),
        delay: Some(Duration::ZERO),
        timeout: DEFAULT_TIMEOUT,
        tolerance: Duration::ZERO,
        dice: 0,
    }
}

/// What is to be tried for n1 with devices `ID:AGENT:NAME=VALUE&…` and levels of ids; n2 and n3 are
/// there. Agent `full` can do everything, `list` can list besides, `plain` can only switch off and
/// on, and `fabric` unfences.
pub fn scene(devices: &[&str], levels: &[&str], goal: Goal) -> Scene {
    let mut resources = String::new();
    for device in devices {
        let mut words = device.splitn(3, ':');
        let mut word = || words.next().unwrap_or_default();
        let (id, agent, attributes) = (word(), word(), word());
        let pairs = attributes
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let pairs: String = pairs
            .map(|(name, value)| format!("<nvpair id='{id}{name}' name='{name}' value='{value}'/>"))
            .collect();
        resources += &format!(
            "<primitive id='{id}' class='stonith' type='fence_{agent}'>\
             <instance_attributes id='{id}-i'>{pairs}</instance_attributes></primitive>"
        );
    }
    let topology: String = (1..)
        .zip(levels)
        .map(|(index, ids)| {
            format!("<fencing-level id='l{index}' target='n1' index='{index}' devices='{ids}'/>")
        })
        .collect();
    let cib = Document::parse(&format!(
        "<cib><configuration><resources>{resources}</resources>\
         <fencing-topology>{topology}</fencing-topology></configuration></cib>"
    ));
    let cib = cib.expect("well-formed");
    let mut findings = Findings::default();
    let devices = fencing::devices(&cib, &BTreeMap::new(), DateTime::default(), &mut findings);
    assert_eq!(findings.problems, []);
    let devices: Vec<_> = devices.into_iter().map(Arc::new).collect();
    let metadata = [
        (
            "fence_switch",
            "<action name='reboot'/><action name='off'/><action name='on'/>",
        ),
        (
            "fence_full",
            "<action name='reboot'/><action name='off'/><action name='on'/>",
        ),
        (
            "fence_list",
            "<action name='reboot'/><action name='list'/><action name='status'/>",
        ),
        ("fence_plain", "<action name='off'/><action name='on'/>"),
        (
            "fence_fabric",
            "<action name='off'/><action name='on' automatic='1'/>",
        ),
    ];
    let metadata = metadata.map(|(name, actions)| {
        let method = if name == "fence_switch" {
            "<parameter name='method'><content type='select' default='onoff'/></parameter>"
        } else {
            ""
        };
        let text = format!(
            "<resource-agent><parameters>{method}</parameters>\
             <actions>{actions}</actions></resource-agent>"
        );
        (
            name.to_owned(),
            Arc::new(Metadata::parse(&text).expect("metadata")),
        )
    });
    let peers = ["n2", "n3"].map(|name| Peer {
        name: name.to_owned(),
        monitors: Vec::new(),
    });
    let levels = fencing_levels::levels(&cib);
    let target = ("n1", &Values::new());
    Scene::new(target, goal, &devices, &metadata.into(), &levels, &peers)
}
