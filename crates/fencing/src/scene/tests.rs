use super::*;

use cib::rules::Findings;
use cib::time::DateTime;
use cib::xml::Document;

/// Devices `NAME:AGENT:ATTRIBUTES`, where the last are `name=value`, divided by `&`.
fn device(text: &str) -> String {
    let mut words = text.splitn(3, ':');
    let mut word = || words.next().unwrap_or_default();
    let (id, agent, attributes) = (word(), word(), word());
    let pairs: String = attributes
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| format!("<nvpair id='{id}-{name}' name='{name}' value='{value}'/>"))
        .collect();
    format!(
        "<primitive id='{id}' class='stonith' type='fence_{agent}'>\
         <instance_attributes id='{id}-i'>{pairs}</instance_attributes></primitive>"
    )
}

fn metadata() -> BTreeMap<String, Arc<Metadata>> {
    [
        ("fence_x", ""),
        ("fence_scsi", "automatic='1' on_target='1'"),
        ("fence_san", "automatic='1'"),
    ]
    .map(|(name, on)| {
        let text =
            format!("<resource-agent><actions><action name='on' {on}/></actions></resource-agent>");
        (
            name.to_owned(),
            Arc::new(Metadata::parse(&text).expect("metadata")),
        )
    })
    .into()
}

/// The levels for node n1, `INDEX:DEVICE@EXECUTOR,EXECUTOR …` each; n3 monitors device `m`, and n1
/// to n3 are there.
fn check(goal: Goal, devices: &[&str], more: &str, expected: &[&str]) {
    let devices: String = devices.iter().map(|text| device(text)).collect();
    let text =
        format!("<cib><configuration><resources>{devices}</resources>{more}</configuration></cib>");
    let cib = Document::parse(&text).expect("well-formed");
    let names = ["n1", "n2", "n3"];
    let nodes = names.map(|node| (node.to_owned(), Values::new())).into();
    let found = crate::devices(&cib, &nodes, DateTime::default(), &mut Findings::default());
    let found: Vec<_> = found.into_iter().map(Arc::new).collect();
    let peers = names.map(|name| Peer {
        name: name.to_owned(),
        monitors: if name == "n3" {
            vec!["m".to_owned()]
        } else {
            Vec::new()
        },
    });
    let mut attributes = Values::new();
    attributes.set("rack", "1");
    let levels = fencing_levels::levels(&cib);
    let scene = Scene::new(
        ("n1", &attributes),
        goal,
        &found,
        &metadata(),
        &levels,
        &peers,
    );
    let shown = scene.levels.iter().map(|level| {
        let devices = level.devices.iter().map(|device| match device {
            Ok(it) => format!("{}@{}", it.device.id, it.executors.join(",")),
            Err(id) => format!("no {id}"),
        });
        let index = level
            .index
            .map_or_else(String::new, |index| format!("{index}:"));
        format!("{index}{}", devices.collect::<Vec<_>>().join(" "))
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{text}");
}

fn topology(levels: &[&str]) -> String {
    let levels: String = levels
        .iter()
        .enumerate()
        .map(|(number, level)| format!("<fencing-level id='f{number}' {level}/>"))
        .collect();
    format!("<fencing-topology>{levels}</fencing-topology>")
}

#[test]
fn without_topology_each_device_that_may_have_the_target_is_tried() {
    let reboot = |devices: &[&str], expected: &[&str]| check(Goal::Reboot, devices, "", expected);
    reboot(&[], &[]);
    reboot(&["a:x", "b:x"], &["a@n2,n3", "b@n2,n3"]);
    reboot(
        &["a:x:pcmk_host_list=n2", "b:x:pcmk_host_list=N1"],
        &["b@n2,n3"],
    );
    reboot(&["a:x:pcmk_host_map=n1:7"], &["a@n2,n3"]);
    reboot(&["a:x", "b:x:priority=2"], &["b@n2,n3", "a@n2,n3"]);
    reboot(&["m:x"], &["m@n3,n2"]);
}

#[test]
fn a_switch_of_another_machine_is_not_used_although_it_lists_the_target() {
    let reboot = |devices: &[&str], expected: &[&str]| check(Goal::Reboot, devices, "", expected);
    let both = "pcmk_host_list=n1,n2";
    let one = format!("first:x:{both}&ipaddr=n1-ipmi");
    let two = format!("second:x:{both}&ip=n2-ipmi");
    reboot(&[&two, &one], &["first@n2,n3"]);
    reboot(&[&two], &["second@n2,n3"]);
    let by_id = format!("fence-N2:x:{both}");
    reboot(&[&by_id, &one], &["first@n2,n3"]);
    // Whose map says how it calls them, and whose name is about none or both of them, may have both.
    let map = "rack-n2:x:pcmk_host_map=n1:1;n2:2";
    let tenth = format!("n20:x:{both}");
    let pair = format!("n1-n2:x:{both}");
    reboot(
        &[&one, map, &tenth, &pair],
        &["first@n2,n3", "rack-n2@n2,n3", "n20@n2,n3", "n1-n2@n2,n3"],
    );
}

#[test]
fn a_topology_says_which_devices_and_in_which_order() {
    let three = ["a:x", "b:x", "c:x"];
    let reboot = |levels: &[&str], expected: &[&str]| {
        check(Goal::Reboot, &three, &topology(levels), expected);
    };
    reboot(
        &[
            "target='n1' index='2' devices='c'",
            "target='n1' index='1' devices='b,a'",
        ],
        &["1:b@n2,n3 a@n2,n3", "2:c@n2,n3"],
    );
    reboot(
        &["target-pattern='^n' index='9' devices='b'"],
        &["9:b@n2,n3"],
    );
    reboot(
        &["target-attribute='rack' target-value='1' index='1' devices='c'"],
        &["1:c@n2,n3"],
    );
    reboot(&["target='n1' index='1' devices='gone'"], &["1:no gone"]);
    // No index that there is, and no level of this node: as without a topology.
    let all = ["a@n2,n3", "b@n2,n3", "c@n2,n3"];
    reboot(&["target='n1' index='10' devices='c'"], &all);
    reboot(&["target='n2' index='1' devices='c'"], &all);
}

#[test]
fn the_target_fences_itself_only_where_nobody_else_can() {
    let banned = |nodes: &[&str]| {
        let one = |node: &&str| {
            format!("<rsc_location id='l{node}' rsc='a' node='{node}' score='-INFINITY'/>")
        };
        format!(
            "<constraints>{}</constraints>",
            nodes.iter().map(one).collect::<String>()
        )
    };
    let off = |nodes: &[&str], expected| check(Goal::Off, &["a:x"], &banned(nodes), &[expected]);
    off(&[], "a@n2,n3");
    off(&["n2"], "a@n3");
    off(&["n2", "n3"], "a@n1");
    off(&["n1", "n2", "n3"], "a@");
}

#[test]
fn a_node_is_unfenced_with_every_device_that_unfences() {
    let on = |devices: &[&str], expected: &[&str]| check(Goal::On, devices, "", expected);
    on(&["a:x", "s:scsi", "f:san"], &["s@n1 f@n2,n3"]);
    on(&["a:x", "s:scsi:pcmk_host_list=n2"], &["a@n2,n3"]);
    on(&["a:x"], &["a@n2,n3"]);
}
