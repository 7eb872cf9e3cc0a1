//! Fuzz targets: one for every parser of bytes that come from outside.
//!
//! Owns: the list of targets with the seeds of each. Must never: hold a property of its own that a
//! crate's tests should state; a target asserts that input of any kind is survived, and what follows
//! for every input.
//!
//! ```text
//! cargo xtask fuzz TARGET ──► libFuzzer ──┐
//! tests: seeds, seeded mutations ─────────┴──► TARGETS[name](bytes)
//! ```

mod targets;

/// A parser under test.
pub struct Target {
    /// The name that `cargo xtask fuzz` takes.
    pub name: &'static str,
    /// Feeds it one input.
    pub run: fn(&[u8]),
    /// Inputs to start from.
    pub seeds: &'static [&'static [u8]],
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "haproxy-config",
        run: targets::haproxy_config,
        seeds: &[
            include_bytes!("../../../examples/landlord/haproxy.cfg"),
            include_bytes!("../../../examples/openstack/haproxy.cfg"),
            b".if feature(THREAD) && !streq(\"$A\",b)\nglobal\n.endif\nlisten a :80 # c\n",
        ],
    },
    Target {
        name: "keepalived-config",
        run: targets::keepalived_config,
        seeds: &[
            include_bytes!("../../../examples/landlord/fred/keepalived.conf"),
            include_bytes!("../../../examples/openstack/host1/keepalived.conf"),
            b"$A=1\n@x include y\nvrrp_instance ~SEQ(a, 1, 3) { interface ${_ENV B} }\n",
        ],
    },
    Target {
        name: "corosync-config",
        run: targets::corosync_config::corosync_conf,
        seeds: &[
            include_bytes!("../../../examples/cern/corosync.conf"),
            include_bytes!("../../../examples/active-standby/corosync.conf"),
            include_bytes!("../seeds/corosync.conf"),
        ],
    },
    Target {
        name: "cman-config",
        run: targets::corosync_config::cluster_conf,
        seeds: &[
            include_bytes!("../../../examples/abiquo/cluster.conf"),
            include_bytes!("../seeds/cluster.conf"),
        ],
    },
    Target {
        name: "hosts",
        run: targets::corosync_config::hosts,
        seeds: &[
            include_bytes!("../../../examples/active-standby/hosts"),
            b"127.0.1.1\tnode1 # x\n::1 node2\n::ffff:127.0.0.1 NODE1\r\n",
        ],
    },
    Target {
        name: "crm-mon",
        run: targets::cib::crm_mon,
        seeds: &[include_bytes!("../seeds/configuration.xml")],
    },
    Target {
        name: "crm-tools",
        run: targets::cib::crm_tools,
        seeds: &[
            b"crm_attribute -N node1 -n a -v a++ -l reboot\n<cib epoch='1'><configuration><nodes><node id='1' uname='node1'/></nodes></configuration><status/></cib>",
            b"cibadmin -M -c -X <nvpair_id='a'/>\n<cib epoch='1' validate-with='none'><configuration/></cib>",
            b"crm_failcount -D -r D -n monitor -I 10s\n<cib epoch='1'><configuration><resources><primitive id='D'/></resources></configuration><status><node_state id='1' uname='node1'><transient_attributes id='1'><instance_attributes id='s'><nvpair id='x' name='fail-count-D#monitor_10000' value='2'/></instance_attributes></transient_attributes><lrm id='1'><lrm_resources><lrm_resource id='D'/></lrm_resources></lrm></node_state></status></cib>",
            b"crm_ticket -t T -g -f\n<cib epoch='1'><configuration/></cib>",
            b"crmadmin -N remote\n<cib epoch='1'><configuration/></cib>",
        ],
    },
    Target {
        name: "agent-metadata",
        run: targets::agents::metadata,
        seeds: &[include_bytes!("../seeds/agent.xml")],
    },
    Target {
        name: "init-script",
        run: targets::agents::init_script,
        seeds: &[
            b"#!/bin/sh\n### BEGIN INIT INFO\n# Short-Description: a\n# Description: b\n#  c\n\
              ### END INIT INFO\n",
        ],
    },
    Target {
        name: "agent-name",
        run: targets::agents::name,
        seeds: &[b"ocf::heartbeat:IPaddr2", b"systemd:a@b:c", b"stonith:x"],
    },
    Target {
        name: "http-request",
        run: targets::http_request,
        seeds: &[
            b"GET /a?b=c HTTP/1.1\r\nHost: a\r\nCookie: x=y; z=w\r\n\r\n",
            b"POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 4\r\n\r\n",
        ],
    },
    Target {
        name: "http-response",
        run: targets::http_response,
        seeds: &[
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nSet-Cookie: a=b; path=/\r\n\r\nabc",
            b"HTTP/1.0 304 Not Modified\r\nConnection: close\r\n\r\n",
        ],
    },
    Target {
        name: "http-chunks",
        run: targets::http_chunks,
        seeds: &[
            b"3\r\nabc\r\n0\r\n\r\n",
            b"a;x=\"y\"\r\n0123456789\r\n0\r\nt: v\r\n\r\n",
        ],
    },
    Target {
        name: "vrrp-advertisement",
        run: targets::vrrp_advertisement,
        seeds: &[
            b"\x21\x25\x65\x01\x00\x01\xba\x52\xc0\xa8\x38\xc8\0\0\0\0\0\0\0\0",
            b"\x31\x33\x64\x01\x00\x01\x00\x00\x0a\x4d\x00\x32",
        ],
    },
    Target {
        name: "vrrp-hello",
        run: targets::vrrp_hello,
        seeds: &[b"keel\x01\x04\x25\x65"],
    },
    Target {
        name: "proxy-protocol",
        run: targets::proxy_protocol,
        seeds: &[
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1025 80\r\nGET",
            b"PROXY TCP6 2001:db8::1 2001:db8::2 1025 443\r\n",
            b"PROXY UNKNOWN x\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x04\x01\0\x50",
            b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
        ],
    },
    Target {
        name: "stats-command",
        run: targets::stats_command,
        seeds: &[
            b"set server h/s1 state maint; show stat -1 4 -1; prompt\n",
            b"add map x\\ y\\;z <<END",
        ],
    },
    Target {
        name: "rules",
        run: targets::rules,
        seeds: &[
            b" acl a path,lower -m beg -i /x -f /list\n use_backend %[req.hdr(x),lower] if a !{ src 10.0.0.0/8 } or METH_GET\n",
            b" http-request set-header X %[path,regsub(a,b,g)]%HM if { url_param(a) -m reg ^a+$ }\n http-request redirect prefix /a code 301 drop-query append-slash if TRUE\n",
            b" http-request replace-header A (.*)x \\1%[int(3),add(4)]\n http-request return status 200 content-type text/plain string \"%[src]\" if { dst_port 80:90 }\n",
            b" reqrep ^([^\\ ]*)\\ /a(.*) \\1\\ /b\\2\n reqidel ^X:\n http-response set-header Y %[status]\n tcp-request connection reject if { src -f /list }\n",
        ],
    },
    Target {
        name: "lab-plan",
        run: targets::lab_plan,
        seeds: &[
            include_bytes!("../../../examples/landlord/lab.toml"),
            b"address = \"192.0.2.1\"\nswitches = [\"a\"]\nnode = []\n[client]\ninterfaces = []\n[probe]\nurl = \"http://192.0.2.1/\"\n",
        ],
    },
    Target {
        name: "cib-document",
        run: targets::cib::document,
        seeds: &[
            include_bytes!("../seeds/configuration.xml"),
            include_bytes!("../seeds/remotes.xml"),
            include_bytes!("../seeds/old.xml"),
        ],
    },
    Target {
        name: "cib-patch",
        run: targets::cib::patches,
        seeds: &[
            b"<diff format='2'><version><source admin_epoch='0' epoch='1' num_updates='0'/><target admin_epoch='0' epoch='2' num_updates='0'/></version><change operation='delete' path='/cib/configuration/comment' position='0'/><change operation='modify' path='/cib'><change-list/><change-result><cib admin_epoch='0' epoch='2' num_updates='0'/></change-result></change><change operation='move' path=\"/cib/configuration/a[@id='2']\" position='0'/><change operation='create' path='/cib/configuration' position='1'><c/></change></diff>",
            b"<diff format='2'><change operation='delete' path=\"/cib/configuration/a[@id='1']\"/><change operation='create' path=\"/cib/configuration/a[@id='2']/b\" position='7'><!--x--></change></diff>",
        ],
    },
    Target {
        name: "cib-rule",
        run: targets::cib::rule,
        seeds: &[
            b"<rule id='r' boolean-op='or'><expression id='e' attribute='pingd' operation='gt' type='number' value='99'/><date_expression id='d' start='2005-001' end='2005-12-31 +01:00'><duration id='u' months='1' hours='-3'/></date_expression><rule id-ref='s'/></rule><rule id='s'><date_expression id='f' operation='date_spec'><date_spec id='g' hours='9-16' weekdays='-5' years='2005-'/></date_expression></rule>",
            b"<rule id='r'><rsc_expression id='e' class='ocf'/><op_expression id='o' name='monitor' interval='PT10S'/><expression id='x' attribute='%0%1' operation='not_defined'/></rule><set id='a' score='INFINITY'><nvpair id='n' name='x' value='1'/></set><set id-ref='a'/><set id='first'><rule id-ref='r'/><nvpair id-ref='n'/><nvpair id='m' name='x' value='#default'/></set>",
        ],
    },
    Target {
        name: "cib-texts",
        run: targets::cib::texts,
        seeds: &[
            b"2005-020T12:30:15 +01:30",
            b"2009-W53-7",
            b"20140507T2400Z",
            b"P1Y2M3W4DT5H6M7S/",
            b" -10.5 min",
            b"-INFINITY",
            b"/cib//*[@id = 'x' or not(nvpair[@name='y'])][last()]/.. | //@value",
        ],
    },
    Target {
        name: "crm-verify",
        run: targets::cib::crm_verify,
        seeds: &[include_bytes!("../seeds/configuration.xml")],
    },
    Target {
        name: "crm-mon",
        run: targets::cib::crm_mon,
        seeds: &[include_bytes!("../seeds/configuration.xml")],
    },
    Target {
        name: "crm-tools",
        run: targets::cib::crm_tools,
        seeds: &[
            b"crm_attribute -N node1 -n a -v a++ -l reboot\n<cib epoch='1'><configuration><nodes><node id='1' uname='node1'/></nodes></configuration><status/></cib>",
            b"cibadmin -M -c -X <nvpair_id='a'/>\n<cib epoch='1' validate-with='none'><configuration/></cib>",
            b"crm_failcount -D -r D -n monitor -I 10s\n<cib epoch='1'><configuration><resources><primitive id='D'/></resources></configuration><status><node_state id='1' uname='node1'><transient_attributes id='1'><instance_attributes id='s'><nvpair id='x' name='fail-count-D#monitor_10000' value='2'/></instance_attributes></transient_attributes><lrm id='1'><lrm_resources><lrm_resource id='D'/></lrm_resources></lrm></node_state></status></cib>",
            b"crm_ticket -t T -g -f\n<cib epoch='1'><configuration/></cib>",
            b"crmadmin -N remote\n<cib epoch='1'><configuration/></cib>",
        ],
    },
    Target {
        name: "agent-metadata",
        run: targets::cib::agent_metadata,
        seeds: &[
            b"<resource-agent name='a'><shortdesc>x</shortdesc><parameters><parameter name='ip' unique='1' required='1' obsoletes='ipaddr'><content type='string' default='y'/></parameter></parameters><actions><action name='monitor' interval='10s' timeout='20s' depth='10' role='Master'/></actions></resource-agent>",
        ],
    },
    Target {
        name: "crm-simulate",
        run: targets::cluster::crm_simulate,
        seeds: &[
            include_bytes!("../seeds/services.xml"),
            include_bytes!("../seeds/remotes.xml"),
            include_bytes!("../seeds/old.xml"),
        ],
    },
    Target {
        name: "cib-edits",
        run: targets::cluster::cib_edits,
        seeds: &[
            b"\0\x01\0\x20\x01\x06\x03\0\x30\x02\x10\x04\0\x18\0\x40",
            b"\x01\x01\0\x10\x01\x0b\0\0\x40\0\0\x05\0\x20\x01\x02",
            b"\x02\x03\0\x08\x01\x04\x02\0\x0c\x01\0",
        ],
    },
    Target {
        name: "fence-agent",
        run: targets::fencing::metadata,
        seeds: &[
            b"<?xml version='1.0'?><resource-agent name='fence_x' shortdesc='x'><longdesc>y</longdesc><parameters><parameter name='ip' required='1' obsoletes='ipaddr'><content type='select' default='a'><option value='a'/></content></parameter><parameter name='ipaddr' required='1' deprecated='1'/><parameter name='plug'/></parameters><actions><action name='on' automatic='1' on_target='1'/><action name='off'/></actions></resource-agent>",
            b"node1:1;node2:2,3 a=rack\\ 1\tb:10.0.0.1:623",
        ],
    },
    Target {
        name: "group-frames",
        run: targets::group::group_frames,
        seeds: &[
            b"\x02\x00\x1e\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01",
            b"\x03\x01\x10\xff\x01\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07",
        ],
    },
    Target {
        name: "corosync-frames",
        run: targets::group::corosync_frames,
        seeds: &[
            b"\x03\x05\x01\x08\0\0\0\0\0\0\0\x01\x03\0\0\0\0\0\0\0\0\0",
            b"\0\0\x07\x0d\x01\x08\0\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\x01\0\0\0\x07\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0x",
        ],
    },
    Target {
        name: "pcsd-api",
        run: targets::pcsd::frames,
        seeds: &[
            b"\x12\0\0\0{\"request\":\"stop\"}",
            b"\x4a\0\0\0{\"token\":\"t\",\"request\":{\"hosts\":{\"known\":{},\"forgotten\":[\"a\"]}}}",
        ],
    },
    Target {
        name: "host-address",
        run: targets::pcsd::address,
        seeds: &[b"[fd00::1]:99", b"node1:2224"],
    },
    Target {
        name: "cluster-api",
        run: targets::group::cluster_api,
        seeds: &[
            b"\x08\x00\x00\x00\x00\"status\"",
            b"\x19\x00\x00\x00\x00{\"cib\":{\"ordered\":true}}  \x01\x00\x00\x00\x01x",
        ],
    },
    Target {
        name: "controller",
        run: targets::controller::message,
        seeds: &[
            br#"{"joined":{"view":1}}"#,
            br#"{"cancel":{"node":1,"key":"3:1:0:1-1","resource":"A","task":"monitor","interval_ms":10000}}"#,
            br#"{"execute":{"node":1,"operation":{"key":"4:1:0:1-1","resource":"A","agent":{"class":"ocf","provider":"heartbeat","kind":"Dummy"},"task":"start","interval_ms":0,"timeout":{"secs":20,"nanos":0},"start_delay":{"secs":0,"nanos":0},"parameters":{"CRM_meta_timeout":"20000"}}}}"#,
            br#"{"done":{"resource":"A","task":"start","interval_ms":0,"key":"4:1:0:1-1","result":{"outcome":"done","code":0,"reason":"","took":{"secs":0,"nanos":1}}}}"#,
        ],
    },
    Target {
        name: "quorum",
        run: targets::quorum::quorum,
        seeds: &[
            b"\x01\x02\x00\x00\x00\x01\x00\x01\x00\x00\x00\x02\x00\x01\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x01\x00\x00\x00\x02\x01\x00\x00\x00\x02T\x0b\xe4\x00\x00\x00\x01\x00\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x00\x01\x03\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x02\x02\x00\x00\x00\x01\x03\x00\x01\x00\x00\x00\x02\x03\x00\x01\x00\x00\x00\x00\x02\x00\x00",
            b"\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x00\x01\x03\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x02\x02\x00\x00\x00\x01\x03\x00\x01\x00\x00\x00\x02\x03\x00\x01\x00\x00\x00\x00\x02",
            b"\x01\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            b"\x01\x04\x00\x00\x00\x03\x01",
        ],
    },
    Target {
        name: "quorum-witness",
        run: targets::quorum::witness,
        seeds: &[
            b"\x01\x05alpha\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x01\x02\x00\x00\x00\x01\x00\x00\x00\x02\x04\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x02\x00\x00\x00\x03\x01\x01\x00\x01\x00\x00\x00\x00w5\x94\x00",
            b"\x01\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x03\x01\x00\x00\x00\x00w5\x94\x00",
            b"\x01\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x03\x02\x04",
        ],
    },
    Target {
        name: "cluster-records",
        run: targets::transport::records,
        seeds: &[
            b"\x03\x01\0\0\x08\0\0\0\0\0\0\0\x09\0\0\0\x03abc\x02\0\0\0\0\0\0\0",
            b"\x01\0\x11\0\0abc",
            b"\x05\x01\0\0\x08\0\0\0\0\0\0\0\x09\0\x11\0\x01",
        ],
    },
    Target {
        name: "cluster-certificates",
        run: targets::transport::certificates,
        seeds: &[
            b"0\x82\x01\0\x30\x81\xa9\xa0\x03\x02\x01\x02\x02\x01\x01",
            b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n",
        ],
    },
    Target {
        name: "replica-message",
        run: targets::replica::message,
        seeds: &[
            // A change that raises the epoch; a read; a marker of the first view.
            b"\x01\x00\x01\0\0\0\0\0\0\0\x0b\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x08",
            b"\x01\x02\x05\0\0\0\0\0\0\0",
            b"\x01\x05\x01\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ],
    },
    Target {
        name: "replica-file",
        run: targets::replica::file,
        seeds: &[
            include_bytes!("../seeds/generation.xml"),
            include_bytes!("../seeds/promised"),
        ],
    },
];

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
