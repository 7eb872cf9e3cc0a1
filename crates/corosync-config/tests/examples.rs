//! The example configurations of this repository, unchanged.

mod support;

use corosync_config::hosts;
use corosync_config::model::{Configuration, Peer, Transport};
use diagnostics::Sources;
use support::{loaded, loaded_cluster_conf};

const ABIQUO: &str = include_str!("../../../examples/abiquo/cluster.conf");
const ACTIVE_STANDBY: &str = include_str!("../../../examples/active-standby/corosync.conf");
const CERN: &str = include_str!("../../../examples/cern/corosync.conf");

fn names(configuration: &Configuration) -> Vec<(u32, &str, String)> {
    let nodes = configuration.nodes.iter();
    let row = nodes.map(|node| {
        let address = node.addresses[&0].value.to_string();
        (node.id.value, node.name.value.as_str(), address)
    });
    row.collect()
}

#[test]
fn what_pcs_writes_is_read_without_a_word() {
    for (text, name, transport, expected) in [
        (
            ACTIVE_STANDBY,
            "mycluster",
            Transport::Udpu,
            [(1, "node1", "node1"), (2, "node2", "node2")],
        ),
        (
            CERN,
            "name_cluster",
            Transport::Knet,
            [(1, "HOST-1", "10.0.0.2"), (2, "HOST-2", "10.0.0.3")],
        ),
    ] {
        let (configuration, messages) = loaded(text);
        assert!(messages.is_empty(), "{messages:#?}");
        let it = configuration.expect("no error");
        assert_eq!(it.cluster_name.value, name);
        assert_eq!(it.transport(), transport);
        let expected = expected.map(|(id, name, address)| (id, name, address.to_owned()));
        assert_eq!(names(&it), expected);
        assert!(it.quorum.two_node.is_some_and(|two_node| two_node.value));
        assert!(it.quorum.wait_for_all.is_none());
        assert_eq!(it.times.token_ms(2), 3000);
    }
}

#[test]
fn what_ccs_writes_is_read() {
    let (configuration, messages) = loaded_cluster_conf(ABIQUO);
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert!(
        messages[0].starts_with("cluster.conf:20:18: notice: 'two_node' of CMAN lets one node"),
        "{messages:#?}"
    );
    let it = configuration.expect("no error");
    assert_eq!(it.cluster_name.value, "pacemaker1");
    assert_eq!(
        it.config_version.as_ref().map(|version| version.value),
        Some(8)
    );
    let expected = ["rsha1", "rsha2"].map(str::to_owned);
    let [first, second] = expected;
    assert_eq!(names(&it), [(1, "rsha1", first), (2, "rsha2", second)]);
    assert_eq!(it.transport(), Transport::Udpu);
    let quorum = &it.quorum;
    assert!(
        quorum
            .two_node
            .as_ref()
            .is_some_and(|two_node| two_node.value)
    );
    assert!(
        quorum
            .wait_for_all
            .as_ref()
            .is_some_and(|waits| !waits.value)
    );
    assert!(quorum.expected_votes.is_none());
    assert_eq!(
        (it.times.defaults, it.times.token_ms(2)),
        (Peer::Cman, 10_000)
    );
    assert!(it.leaves_fencing_to_resource_manager());
    let [method] = it.nodes[1].fence_methods.as_slice() else {
        panic!("one method");
    };
    assert_eq!(method.name, "pcmk-redirect");
    let [step] = method.steps.as_slice() else {
        panic!("one step");
    };
    assert_eq!(step.device.value, "pcmk");
    let parameters = step.parameters.iter();
    let parameters: Vec<_> = parameters
        .map(|(name, value)| (name.as_str(), value.value.as_str()))
        .collect();
    assert_eq!(parameters, [("port", "rsha2")]);
}

#[test]
fn their_hosts_files_are_in_order() {
    let of_cluster = loaded_cluster_conf(ABIQUO).0.expect("no error");
    let of_pcs = loaded(ACTIVE_STANDBY).0.expect("no error");
    for (configuration, text) in [
        (of_cluster, include_str!("../../../examples/abiquo/hosts")),
        (
            of_pcs,
            include_str!("../../../examples/active-standby/hosts"),
        ),
    ] {
        let mut sources = Sources::new();
        let messages = hosts::check(&configuration, "/etc/hosts", text, &mut sources);
        assert!(messages.is_empty(), "{messages:#?}");
    }
}
