//! `cluster.conf` of CMAN: what it means, and what is said of mistakes in it.

mod support;

use corosync_config::load_cluster_conf;
use corosync_config::model::{Address, Transport};
use diagnostics::{Sources, render};
use support::loaded_cluster_conf;

/// Two nodes, with `more` beside them.
fn cluster(more: &str) -> String {
    format!(
        "<cluster name=\"c\" config_version=\"1\">\n<clusternodes>\n\
         <clusternode name=\"a\" nodeid=\"1\"/>\n<clusternode name=\"b\" nodeid=\"2\"/>\n\
         </clusternodes>\n{more}\n</cluster>\n"
    )
}

/// Two nodes, the second as written.
fn second(node: &str) -> String {
    cluster("").replace("<clusternode name=\"b\" nodeid=\"2\"/>", node)
}

fn check_message(text: &str, expected: &str) {
    let (configuration, messages) = loaded_cluster_conf(text);
    assert!(
        messages.iter().any(|message| message.contains(expected)),
        "{text}\nexpected: {expected}\nfound: {messages:#?}"
    );
    let refused = messages.iter().any(|message| message.contains(": error: "));
    assert_eq!(configuration.is_none(), refused, "{text}\n{messages:#?}");
}

const FULL: &str = r#"<?xml version="1.0"?>
<cluster name="store" config_version="12" alias="Store">
  <cman expected_votes="4" port="6809" cluster_id="669"><multicast addr="239.192.0.1" ttl="2"/></cman>
  <totem token="20000" consensus="5000" secauth="on" rrp_mode="active"/>
  <clusternodes>
    <clusternode name="nd1" nodeid="1" votes="2">
      <altname name="nd1a" port="6811" mcast="239.192.0.2"/>
      <fence>
        <method name="power"><device name="ipmi1" action="reboot"/></method>
        <method name="switch"><device name="san" port="3"/><device name="san" port="4"/></method>
      </fence>
      <unfence><device name="san" port="3" action="on"/></unfence>
    </clusternode>
    <clusternode name="10.0.0.2" nodeid="2" weight="1"><altname name="10.1.0.2"/></clusternode>
  </clusternodes>
  <fencedevices>
    <fencedevice name="ipmi1" agent="fence_ipmilan" ipaddr="10.9.0.1" login="a" passwd="p&amp;q"/>
    <fencedevice name="san" agent="fence_scsi"/>
  </fencedevices>
  <logging debug="on" to_syslog="no"><logging_daemon name="corosync" subsys="TOTEM" debug="off"/><logging_daemon name="fenced" debug="on"/></logging>
  <fence_daemon post_join_delay="20"/>
  <dlm protocol="sctp"><lockspace name="x"/></dlm>
  <gfs_controld/>
  <rm><failoverdomains/></rm>
</cluster>
"#;

#[test]
fn every_part_of_a_full_file_is_there() {
    let (configuration, messages) = loaded_cluster_conf(FULL);
    insta::assert_snapshot!(messages.join("\n"));
    let it = configuration.expect("no error");
    assert_eq!(it.cluster_name.value, "store");
    assert_eq!(it.transport(), Transport::Knet, "two rings are two links");
    assert_eq!(
        it.quorum.expected_votes.as_ref().map(|votes| votes.value),
        Some(4)
    );
    assert_eq!(
        (it.times.token_ms(2), it.times.consensus_ms(2)),
        (20_000, 5000)
    );
    let links: Vec<_> = it
        .links
        .iter()
        .map(|link| (link.number, it.port(link)))
        .collect();
    assert_eq!(links, [(0, 6809), (1, 6811)]);
    let nodes: Vec<_> = it
        .nodes
        .iter()
        .map(|node| (node.id.value, node.votes(), node.fence_methods.len()))
        .collect();
    assert_eq!(nodes, [(1, 2, 2), (2, 1, 0)]);
    assert_eq!(
        it.nodes[0].addresses[&1].value,
        Address::Host("nd1a".to_owned())
    );
    assert!(matches!(it.nodes[1].addresses[&0].value, Address::Ip(_)));
    assert_eq!(it.nodes[0].fence_methods[1].steps.len(), 2);
    assert!(it.nodes[0].unfence.is_some());
    assert!(!it.leaves_fencing_to_resource_manager());
    let parameters: Vec<_> = it.fence_devices[0]
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.value.as_str()))
        .collect();
    assert_eq!(
        parameters,
        [("ipaddr", "10.9.0.1"), ("login", "a"), ("passwd", "p&q")]
    );
    assert_eq!(it.logging.subsystems.len(), 1);
}

#[test]
fn mistakes_are_shown_in_the_text() {
    let text = r#"<cluster name="c" config_version="1">
  <clusternodes>
    <clusternode name="a" nodeid="1">
      <fence><method name="m"><device name="impi"/></method><method name="n"/></fence>
    </clusternode>
    <clusternode name="a" nodeid="1" vote="2"/>
  </clusternodes>
  <fencedevices><fencedevice name="ipmi" agent="fence_ipmilan"/></fencedevices>
  <cman two_nodes="1"/>
  <quorumd label="q" votes="1"/>
  <rm><service name="web"><ip address="10.0.0.4"/></service></rm>
  <clusternodez/>
</cluster>
"#;
    let mut sources = Sources::new();
    let loaded = load_cluster_conf("/etc/cluster/cluster.conf", text, &mut sources);
    let messages = loaded.diagnostics.iter();
    let drawn: Vec<String> = messages
        .map(|message| render(&sources, message, false))
        .collect();
    insta::assert_snapshot!(drawn.join("\n"));
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    for (text, expected) in [
        ("", "there is no element 'cluster'"),
        ("<cluster", "this is not XML"),
        ("<cluster>", "<cluster> is never closed"),
        ("<cluster></clusters>", "this is not XML"),
        ("<cluster name=a/>", "this is not XML"),
        ("<cluster name='&x;'/>", "this is not XML"),
        (
            "<!DOCTYPE x><cluster/>",
            "a document type is not expected here",
        ),
        (
            "<cluster>text</cluster>",
            "text between elements means nothing here",
        ),
        (
            "<clusters/>",
            "unknown element 'clusters' at the top level (unknown element; did you mean 'cluster'?)",
        ),
        ("<cluster/>", "this cluster has no name"),
        ("<cluster name='c'/>", "there is no element 'clusternodes'"),
        (
            "<cluster name='c'><clusternodes/></cluster>",
            "there is no element 'clusternode'",
        ),
        (
            &second("<clusternode name='b'/>"),
            "cluster.conf:4:2: error: this clusternode has no nodeid (CMAN would not start without: write 'nodeid=\"2\"')",
        ),
        (
            &second("<clusternode nodeid='2'/>"),
            "this clusternode has no name",
        ),
        (
            &second("<clusternode name='b' nodeid='0'/>"),
            "is not a whole number from 1",
        ),
        (
            &second("<clusternode name='b' nodeid='1'/>"),
            "nodeid '1' is given twice, on lines 3 and 4",
        ),
        (
            &second("<clusternode name='A' nodeid='2'/>"),
            "name 'A' is given twice, on lines 3 and 4",
        ),
        (
            &second("<clusternode name='b' nodeid='2'><altname name='b2'/></clusternode>"),
            "node 'a' has no ring1_addr",
        ),
        (
            &second("<clusternode name='b' nodeid='2'><altname/></clusternode>"),
            "this altname has no name",
        ),
        (
            &cluster("<cman transport='rdma'/>"),
            "messages do not go over Infiniband",
        ),
        (
            &cluster("<cman transport='udpb'/>"),
            "'transport' udpb has no effect",
        ),
        (
            &cluster("<cman two_node='yes'/>"),
            "'yes' for 'two_node' is not 1 or 0",
        ),
        (
            &cluster("<cman port='0'/>"),
            "is not a whole number from 1 to 65535",
        ),
        (
            &cluster("<totem transport='udpu'/>"),
            "'transport' stands in element 'cman' or 'cluster'",
        ),
        (
            &cluster("<totem token='20'/>"),
            "'token' of 20 ms is below 30 ms",
        ),
        (
            &cluster("<totem><interface ringnumber='0'/></totem>"),
            "CMAN takes addresses and ports from",
        ),
        (
            &cluster("<quorumd label='x'/>"),
            "'quorumd' is not built: a witness on a third machine",
        ),
        (
            &cluster("<rm><service name='x'/></rm>"),
            "'rm' is not built: services of rgmanager become resources",
        ),
        (&cluster("<two_node/>"), "unknown element 'two_node'"),
        (
            &cluster("<cman name='x'/>"),
            "unknown attribute 'name' in element 'cman' (belongs elsewhere; it belongs in element 'cluster')",
        ),
        (
            &cluster("<fencedevices><fencedevice name='f'/></fencedevices>"),
            "this fencedevice has no agent",
        ),
        (
            &cluster(
                "<fencedevices><fencedevice name='f' agent='a'/><fencedevice name='f' agent='a'/></fencedevices>",
            ),
            "fencedevice 'f' is given twice",
        ),
        (
            &second(
                "<clusternode name='b' nodeid='2'><fence><method name='m'><device/></method></fence></clusternode>",
            ),
            "this device has no name",
        ),
        (
            &second("<clusternode name='b' nodeid='2'><fence><method/></fence></clusternode>"),
            "this method has no name",
        ),
    ] {
        check_message(text, expected);
    }
}

#[test]
fn a_redirection_to_a_node_that_there_is_not_is_told() {
    let text = include_str!("../../../examples/abiquo/cluster.conf");
    check_message(
        &text.replace("port=\"rsha2\"", "port=\"rhsa2\""),
        "error: there is no clusternode 'rhsa2' (did you mean 'rsha2'?)",
    );
}

#[test]
fn depth_of_elements_is_limited() {
    let of = |depth: usize| {
        let inner = depth - 2;
        cluster(&format!(
            "<dlm>{}{}</dlm>",
            "<a>".repeat(inner),
            "</a>".repeat(inner)
        ))
    };
    assert!(loaded_cluster_conf(&of(32)).0.is_some());
    check_message(&of(33), "elements stand more than 32 deep");
}
