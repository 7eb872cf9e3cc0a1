//! Each limit, at its edge and one past it.

mod support;

use corosync_config::model::Heuristics;
use corosync_config::{
    MAX_FENCE_DEVICES, MAX_MESSAGES, MAX_NODES, MAX_SETTINGS, MAX_TEXT_BYTES, keywords,
};
use support::{Sample, loaded, loaded_cluster_conf, node};

fn check(text: &str, within: bool, expected: &str) {
    let (configuration, messages) = loaded(text);
    assert_eq!(configuration.is_some(), within, "{messages:#?}");
    let told = messages.iter().any(|message| message.contains(expected));
    assert_eq!(told, !within, "{messages:#?}");
}

#[test]
fn size_of_the_text() {
    let text = Sample::new().text();
    let fill = |bytes: usize| text.clone() + &"\n".repeat(bytes - text.len());
    check(&fill(MAX_TEXT_BYTES), true, "bytes");
    check(
        &fill(MAX_TEXT_BYTES + 1),
        false,
        "c.conf has more than 1048576 bytes",
    );
}

#[test]
fn nodes() {
    let of = |count: usize| {
        let mut sample = Sample::new();
        sample.nodes = (2..=count)
            .map(|id| {
                node(&format!(
                    "name: n{id}\nnodeid: {id}\nring0_addr: 127.0.1.{id}\n"
                ))
            })
            .collect();
        sample.text()
    };
    check(&of(MAX_NODES), true, "nodes");
    check(&of(MAX_NODES + 1), false, "a cluster has at most 32 nodes");
}

#[test]
fn depth_of_sections() {
    // Deepest inside a section that is passed over unread.
    let of = |depth: usize| {
        let mut sample = Sample::new();
        let inner = depth - 2;
        let (open, close) = ("a {\n".repeat(inner), "}\n".repeat(inner));
        sample.more = format!("resources {{\nsystem {{\n{open}{close}}}\n}}\n");
        sample.text()
    };
    check(&of(8), true, "deep");
    check(&of(9), false, "sections stand more than 8 deep");
}

#[test]
fn names() {
    let named = |bytes: usize| {
        let mut sample = Sample::new();
        let name = "n".repeat(bytes);
        sample.nodes = node(&format!("name: {name}\nnodeid: 2\nring0_addr: 127.0.0.2\n"));
        sample.text()
    };
    let most = keywords::MAX_NODE_NAME_BYTES;
    check(&named(most), true, "name");
    check(
        &named(most + 1),
        false,
        "a node's name has at most 255 bytes",
    );
    let cluster = |bytes: usize| {
        let name = "c".repeat(bytes);
        Sample::new().text().replace("sample", &name)
    };
    let most = keywords::MAX_CLUSTER_NAME_BYTES;
    check(&cluster(most), true, "name");
    check(
        &cluster(most + 1),
        false,
        "a cluster's name has at most 255 bytes",
    );
}

#[test]
fn commands_of_heuristics() {
    let of = |count: usize| {
        let mut sample = Sample::new();
        let commands: String = (0..count)
            .map(|at| format!("exec_{at}: /bin/true\n"))
            .collect();
        sample.quorum += &format!(
            "device {{\nmodel: net\nnet {{\nhost: w\n}}\nheuristics {{\nmode: on\n{commands}}}\n}}\n"
        );
        sample.text()
    };
    check(&of(Heuristics::MAX_COMMANDS), true, "commands");
    check(
        &of(Heuristics::MAX_COMMANDS + 1),
        false,
        "heuristics have at most 32 commands",
    );
}

#[test]
fn keywords_of_a_section() {
    let of = |count: usize| {
        let mut sample = Sample::new();
        let commands: String = (0..count).map(|at| format!("exec_{at}: x\n")).collect();
        sample.quorum += &format!(
            "device {{\nmodel: net\nnet {{\nhost: w\n}}\nheuristics {{\n{commands}}}\n}}\n"
        );
        loaded(&sample.text()).1
    };
    let told = |count: usize| {
        let expected = "more than 256 keywords in one section";
        of(count)
            .iter()
            .filter(|message| message.contains(expected))
            .count()
    };
    assert_eq!(
        (
            told(MAX_SETTINGS),
            told(MAX_SETTINGS + 1),
            told(MAX_SETTINGS + 2)
        ),
        (0, 1, 1)
    );
}

#[test]
fn attributes_and_fence_devices() {
    let cluster = |devices: &str| {
        let node = "<clusternodes><clusternode name='a' nodeid='1'/></clusternodes>";
        let text =
            format!("<cluster name='c'>{node}<fencedevices>{devices}</fencedevices></cluster>");
        loaded_cluster_conf(&text)
    };
    // Two of the attributes are name and agent.
    let attributes = |count: usize| {
        let more: String = (2..count).map(|at| format!(" p{at}='x'")).collect();
        cluster(&format!("<fencedevice name='f' agent='a'{more}/>"))
    };
    assert!(attributes(MAX_SETTINGS).0.is_some());
    let (_, messages) = attributes(MAX_SETTINGS + 1);
    assert!(
        messages[0].contains("more than 256 attributes in one element"),
        "{messages:#?}"
    );
    let devices = |count: usize| {
        let device = |at| format!("<fencedevice name='f{at}' agent='a'/>");
        cluster(&(0..count).map(device).collect::<String>())
    };
    assert!(devices(MAX_FENCE_DEVICES).0.is_some());
    let (_, messages) = devices(MAX_FENCE_DEVICES + 1);
    assert!(
        messages[0].contains("there are at most 256 fencedevices"),
        "{messages:#?}"
    );
}

#[test]
fn messages() {
    let (_, messages) = loaded(&"x\n".repeat(MAX_MESSAGES + 10));
    assert_eq!(messages.len(), MAX_MESSAGES + 1);
    assert!(messages[MAX_MESSAGES].contains("the rest is left out"));
}
