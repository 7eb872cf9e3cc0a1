//! `pcs` as a whole: a CIB before, a command, what it says, and the CIB after.

mod no_hosts;

use std::collections::BTreeMap;

use cib::time::DateTime;
use cib::xml::Document;
use pcs::pcs::agents::{AgentName, Agents, Metadata};
use pcs::pcs::{Machine, run, support_table};
use pcs::{MemoryFiles, Outcome};

use no_hosts::NoHosts;

const EMPTY: &str = r#"<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/><nodes><node id="1" uname="node1"/><node id="2" uname="node2"/></nodes><resources/><constraints/></configuration><status/></cib>"#;

const ADDRESS: &str = r#"<resource-agent name="IPaddr2"><parameters>
<parameter name="ip" unique="1" required="1"><content type="string"/></parameter>
<parameter name="cidr_netmask"><content type="string"/></parameter></parameters>
<actions><action name="start" timeout="20s"/><action name="stop" timeout="20s"/>
<action name="status" timeout="20s" interval="10s"/>
<action name="monitor" timeout="20s" interval="10s" depth="0"/>
<action name="meta-data" timeout="5s"/></actions></resource-agent>"#;

const PLAIN: &str = r#"<resource-agent name="plain"><actions><action name="start" timeout="20s"/>
<action name="stop" timeout="20s"/><action name="monitor" timeout="20s" interval="10s"/></actions>
<parameters><parameter name="binpath"/><parameter name="conffile"/><parameter name="configfile"/>
<parameter name="statusurl"/><parameter name="host_list"/><parameter name="timeout"/>
<parameter name="attempts"/><parameter name="device"/><parameter name="directory"/>
<parameter name="fstype"/><parameter name="options"/></parameters></resource-agent>"#;

const FENCE: &str = r#"<resource-agent name="fence_ipmilan"><parameters>
<parameter name="action" required="1"/><parameter name="ip" required="1" obsoletes="ipaddr"/>
<parameter name="ipaddr" required="1" deprecated="1"/>
<parameter name="username" obsoletes="login"/><parameter name="login" deprecated="1"/>
<parameter name="password" obsoletes="passwd"/><parameter name="passwd" deprecated="1"/>
</parameters><actions><action name="on"/><action name="off"/><action name="monitor"/></actions>
</resource-agent>"#;

/// Agents that exist in this test only.
struct KnownAgents(BTreeMap<AgentName, &'static str>);

impl Default for KnownAgents {
    fn default() -> Self {
        let known = [
            ("ocf:heartbeat:IPaddr2", ADDRESS),
            ("ocf:heartbeat:haproxy", PLAIN),
            ("ocf:heartbeat:apache", PLAIN),
            ("ocf:heartbeat:Filesystem", PLAIN),
            ("ocf:heartbeat:Dummy", PLAIN),
            ("ocf:pacemaker:Dummy", PLAIN),
            ("ocf:pacemaker:ping", PLAIN),
            ("lsb:abiquo-tomcat", PLAIN),
            ("stonith:fence_ipmilan", FENCE),
        ];
        let known = known
            .into_iter()
            .map(|(name, text)| (AgentName::parse(name).expect("it is a full name"), text));
        Self(known.collect())
    }
}

impl Agents for KnownAgents {
    fn metadata(&mut self, agent: &AgentName) -> Result<Metadata, String> {
        let text = self.0.get(agent).ok_or("No such file or directory")?;
        Metadata::parse(text.as_bytes()).map_err(|error| error.to_string())
    }

    fn installed(&mut self) -> Vec<AgentName> {
        self.0.keys().cloned().collect()
    }
}

/// A CIB in memory that commands are run on.
struct Cluster {
    files: MemoryFiles,
    agents: KnownAgents,
}

impl Cluster {
    fn new() -> Self {
        let mut files = MemoryFiles::default();
        files.files.insert("cib".to_owned(), EMPTY.into());
        files
            .variables
            .insert("CIB_file".to_owned(), "cib".to_owned());
        Self {
            files,
            agents: KnownAgents::default(),
        }
    }

    fn run(&mut self, line: &str) -> Outcome {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut machine = Machine {
            files: &mut self.files,
            agents: &mut self.agents,
            hosts: &mut NoHosts,
            now: DateTime::from_epoch_s(1_700_000_000),
        };
        run(&words, &mut machine)
    }

    /// Runs commands that must all succeed.
    fn done(mut self, lines: &[&str]) -> Self {
        for line in lines {
            let outcome = self.run(line);
            assert_eq!(outcome.exit_code.0, 0, "{line}: {}", outcome.standard_error);
        }
        self
    }

    fn cib(&self) -> Document {
        Document::parse_without_text(self.files.text("cib").expect("it is there"))
            .expect("it is XML")
    }

    /// A section of the configuration in compact form.
    fn section(&self, name: &str) -> String {
        let cib = self.cib();
        let configuration = cib.root().child("configuration").expect("it is there");
        configuration
            .child(name)
            .map(|it| it.to_compact_text())
            .unwrap_or_default()
    }
}

#[test]
fn every_command_of_the_systems_of_operators_works() {
    let cern = Cluster::new().done(&[
        "property set no-quorum-policy=ignore",
        "stonith create HOST-1-fencing fence_ipmilan pcmk_host_list=HOST-1,HOST-2 ipaddr=HOST-1-ipmi login=clusterFence passwd=ADMIN_PASSWD op monitor interval=10s",
        "constraint location HOST-1-fencing prefers HOST-1=INFINITY --force",
        "resource create VIP ocf:heartbeat:IPaddr2 ip=10.0.0.4 cidr_netmask=25 op monitor interval=1s",
        "resource create haproxy ocf:heartbeat:haproxy binpath=/usr/sbin/haproxy conffile=/etc/haproxy/haproxy.cfg op monitor interval=10s",
        "resource group add HAproxyGroup VIP haproxy",
        "constraint order VIP then haproxy",
    ]);
    insta::assert_snapshot!("cern", cern.cib());
    let standby = Cluster::new().done(&[
        "property set stonith-enabled=false",
        "resource create ClusterIP ocf:heartbeat:IPaddr2 ip=192.168.125.10 cidr_netmask=32 op monitor interval=30s",
        "resource create WebSite ocf:heartbeat:apache configfile=/etc/httpd/conf/httpd.conf statusurl=http://localhost/server-status op monitor interval=1min",
        "constraint colocation add WebSite with ClusterIP INFINITY",
        "constraint order ClusterIP then WebSite",
        "constraint location WebSite prefers node1=50",
        "constraint location ClusterIP prefers node1=50",
        "constraint --full",
        "constraint remove location-WebSite-node1-50",
        "resource show",
        "status",
        "resource list",
        "resource standards",
        "resource providers",
    ]);
    insta::assert_snapshot!("active-standby", standby.cib());
    let abiquo = Cluster::new().done(&[
        "property set stonith-enabled=false",
        "property set no-quorum-policy=ignore",
        "resource defaults resource-stickiness=100",
        "resource create vm_repository ocf:heartbeat:Filesystem device=10.60.1.72:/opt/vm_repository directory=/opt/vm_repository fstype=nfs options=defaults",
        "resource create ClusterIP ocf:heartbeat:IPaddr2 ip=10.60.13.58 cidr_netmask=24",
        "resource create tomcat-service lsb:abiquo-tomcat",
        "resource group add abiquo_rs vm_repository ClusterIP tomcat-service",
        "resource create ping ocf:pacemaker:ping host_list=10.60.13.1 timeout=5 attempts=3",
        "resource clone ping connection",
        "constraint colocation add abiquo_rs with ping-clone score=INFINITY",
    ]);
    insta::assert_snapshot!("abiquo", abiquo.cib());
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    let mut cluster = Cluster::new().done(&[
        "resource create A ocf:pacemaker:Dummy",
        "resource create B ocf:pacemaker:Dummy --group G",
        "resource create P ocf:pacemaker:ping clone",
    ]);
    let before = cluster.cib().to_string();
    for (line, expected) in [
        (
            "property set stonith-enable=true",
            "Did you mean 'stonith-enabled'?",
        ),
        (
            "property set stonith-enabled=maybe",
            "'maybe' is not a valid stonith-enabled value",
        ),
        ("property unset nothing", "Cannot remove property 'nothing'"),
        (
            "resource create A ocf:pacemaker:Dummy",
            "'A' already exists",
        ),
        ("resource create X Dummy", "Multiple agents match 'Dummy'"),
        ("resource create X IPadr2", "Did you mean 'IPaddr2'?"),
        (
            "resource create X IPaddr2",
            "required resource option 'ip' is missing, use --force",
        ),
        (
            "resource create X ocf:pacemaker:Dummy op",
            "When using 'op' you must specify",
        ),
        (
            "resource create X ocf:pacemaker:Dummy op monitor onfail=stop",
            "invalid resource operation option 'onfail'",
        ),
        (
            "resource create 1a ocf:pacemaker:Dummy",
            "'1' is not a valid first character",
        ),
        ("resource lst", "did you mean 'pcs resource list'?"),
        ("resorce status", "did you mean 'pcs resource'?"),
        (
            "resource create X ocf:pacemaker:Dummy --disbled",
            "did you mean '--disabled'?",
        ),
        (
            "property set stonith-enabled=false --full",
            "Specified option '--full' is not supported",
        ),
        (
            "resource enable A --wait",
            "'--wait' waits for the running cluster",
        ),
        (
            "resource enable A -f cib --wait",
            "Cannot use '-f' together with '--wait'",
        ),
        ("resource cleanup none", "Resource 'none' not found"),
        (
            "resource cleanup A interval=5",
            "when specifying 'interval' you must also specify 'operation'",
        ),
        (
            "constraint location P prefers node1",
            "you should use the clone id: P-clone",
        ),
        (
            "constraint location A prefers node9",
            "Node(s) 'node9' do not seem to be in the cluster",
        ),
        (
            "constraint order A then nope",
            "Resource 'nope' does not exist",
        ),
        (
            "constraint remove nope",
            "Unable to find constraint - 'nope'",
        ),
        ("node standby nod1", "did you mean 'node1'?"),
        (
            "stonith level add 1 node1 nope",
            "Stonith resource(s) 'nope' do not exist, use --force",
        ),
    ] {
        let outcome = cluster.run(line);
        assert_eq!(outcome.exit_code.0, 1, "{line}");
        let said = &outcome.standard_error;
        assert!(said.contains(expected), "{line}: {said}");
        assert_eq!(cluster.cib().to_string(), before, "{line}");
    }
}

#[test]
fn edits() {
    let check = |lines: &[&str], section: &str, expected: &str| {
        let cluster =
            Cluster::new().done(&["resource create A ocf:pacemaker:Dummy --no-default-ops"]);
        assert_eq!(cluster.done(lines).section(section), expected, "{lines:?}");
    };
    const A: &str = r#"<primitive id="A" class="ocf" type="Dummy" provider="pacemaker"><operations><op name="monitor" interval="10s" timeout="20s" id="A-monitor-interval-10s"/></operations></primitive>"#;
    check(
        &["resource clone A", "resource unclone A-clone"],
        "resources",
        &format!("<resources>{A}</resources>"),
    );
    check(
        &["resource group add G A"],
        "resources",
        &format!(r#"<resources><group id="G">{A}</group></resources>"#),
    );
    check(
        &["resource group add G A", "resource ungroup G"],
        "resources",
        &format!("<resources>{A}</resources>"),
    );
    check(
        &["resource group add G A", "resource delete A"],
        "resources",
        "<resources/>",
    );
    check(
        &["resource disable A", "resource enable A"],
        "resources",
        &format!(
            "<resources>{}</resources>",
            A.replace(
                "<operations>",
                r#"<meta_attributes id="A-meta_attributes"/><operations>"#
            )
        ),
    );
    check(
        &["resource update A op monitor interval=7s"],
        "resources",
        &format!(
            "<resources>{}</resources>",
            A.replace(
                r#"interval="10s" timeout="20s" id="A-monitor-interval-10s""#,
                r#"interval="7s" id="A-monitor-interval-7s""#
            )
        ),
    );
    check(
        &[
            "constraint location A prefers node1=60",
            "constraint location A avoids node1",
        ],
        "constraints",
        r#"<constraints><rsc_location id="location-A-node1--INFINITY" rsc="A" node="node1" score="-INFINITY"/></constraints>"#,
    );
    check(
        &["constraint location A prefers node1", "resource delete A"],
        "constraints",
        "<constraints/>",
    );
    check(
        &["resource ban A node1", "resource clear A"],
        "constraints",
        "<constraints/>",
    );
    check(
        &[
            "node standby node1",
            "node unstandby node1",
            "node attribute node2 rack=1",
        ],
        "nodes",
        r#"<nodes><node id="1" uname="node1"><instance_attributes id="nodes-1"/></node><node id="2" uname="node2"><instance_attributes id="nodes-2"><nvpair id="nodes-2-rack" name="rack" value="1"/></instance_attributes></node></nodes>"#,
    );
    check(
        &[
            "resource defaults update a=1",
            "resource defaults update a=",
        ],
        "rsc_defaults",
        r#"<rsc_defaults><meta_attributes id="rsc_defaults-meta_attributes"/></rsc_defaults>"#,
    );
}

/// Set `UPDATE_DOCUMENTS` to write the table anew.
#[test]
fn the_table_of_commands_is_that_of_the_grammar() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pcs-support.md");
    let table = support_table();
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(path, &table).expect("it can be written");
    }
    let written = std::fs::read_to_string(path).expect("it is there");
    assert_eq!(written, table, "run this test with UPDATE_DOCUMENTS=1");
}
