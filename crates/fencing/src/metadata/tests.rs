use super::*;

const IPMI: &str = r#"<?xml version="1.0" ?>
<resource-agent name="fence_ipmilan" shortdesc="Fence agent for IPMI" >
<longdesc>For machines with a BMC.</longdesc>
<parameters>
  <parameter name="action" unique="0" required="1"><content type="string" default="reboot" /></parameter>
  <parameter name="ip" unique="0" required="1" obsoletes="ipaddr">
    <getopt mixed="-a, --ip=[ip]" /><content type="string" />
    <shortdesc lang="en">Address of the device</shortdesc>
  </parameter>
  <parameter name="ipaddr" unique="0" required="1" deprecated="1"><content type="string" /></parameter>
  <parameter name="method" unique="0" required="0">
    <content type="select" default="onoff"><option value="onoff" /><option value="cycle" /></content>
  </parameter>
  <parameter name="plug" required="1" obsoletes="port" />
  <parameter name="port" required="0" deprecated="1" />
</parameters>
<actions>
  <action name="on" automatic="0"/><action name="off" /><action name="status" />
</actions>
</resource-agent>"#;

#[test]
fn an_agent_is_read() {
    let metadata = Metadata::parse(IPMI).expect("it is metadata");
    assert_eq!(metadata.name, "fence_ipmilan");
    assert_eq!(metadata.summary, "Fence agent for IPMI");
    assert_eq!(metadata.description, "For machines with a BMC.");
    let names: Vec<_> = metadata
        .parameters
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["action", "ip", "ipaddr", "method", "plug", "port"]);
    let ip = &metadata.parameters[1];
    assert!(ip.required && !ip.deprecated && ip.obsoletes.as_deref() == Some("ipaddr"));
    assert_eq!(ip.description, "Address of the device");
    let method = &metadata.parameters[3];
    assert_eq!(
        (method.kind.as_str(), method.default.as_deref()),
        ("select", Some("onoff"))
    );
    assert_eq!(method.choices, ["onoff", "cycle"]);
    assert!(metadata.can("off") && !metadata.can("reboot"));
    assert!(!metadata.unfences() && !metadata.on_target());
    assert_eq!(metadata.host_argument(), Some("port"));
}

#[test]
fn how_a_node_is_named_and_unfenced() {
    let check = |inside: &str, argument, unfences, on_target| {
        let text = format!("<resource-agent name='a'>{inside}</resource-agent>");
        let metadata = Metadata::parse(&text).expect("it is metadata");
        assert_eq!(metadata.host_argument(), argument, "{inside}");
        let on = (metadata.unfences(), metadata.on_target());
        assert_eq!(on, (unfences, on_target), "{inside}");
    };
    check("", None, false, false);
    check(
        "<parameters><parameter name='plug'/></parameters>",
        Some("plug"),
        false,
        false,
    );
    check(
        "<parameters><parameter name='nodename'/></parameters>",
        None,
        false,
        false,
    );
    check(
        "<actions><action name='on' automatic='1'/></actions>",
        None,
        true,
        false,
    );
    check(
        "<actions><action name='on' automatic='1' on_target='1'/></actions>",
        None,
        true,
        true,
    );
    check(
        "<actions><action name='off' automatic='1'/></actions>",
        None,
        false,
        false,
    );
}

#[test]
fn parameters_are_checked_by_their_old_and_new_names() {
    let metadata = Metadata::parse(IPMI).expect("it is metadata");
    let check = |names: &[&str], expected: &[&str]| {
        let shown = metadata
            .problems(names)
            .into_iter()
            .map(|problem| match problem {
                ParameterProblem::Unknown { name } => format!("unknown {name}"),
                ParameterProblem::Missing { name, old } => format!("missing {name} {old:?}"),
                ParameterProblem::Deprecated { name, new } => format!("old {name} {new:?}"),
            });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{names:?}");
    };
    check(&["ip"], &[]);
    check(&["ip", "pcmk_host_list", "method"], &[]);
    check(&["ipaddr"], &["old ipaddr Some(\"ip\")"]);
    check(&["ip", "ipadress"], &["unknown ipadress"]);
    check(&[], &["missing ip Some(\"ipaddr\")"]);
}

#[test]
fn what_is_no_metadata_is_refused() {
    let check = |text: &str, expected: &str| {
        let error = Metadata::parse(text)
            .expect_err("it is refused")
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check("", "the fence agent's metadata are not well-formed: ");
    check(
        "Traceback (most recent call last):",
        "the fence agent's metadata are not well-formed: ",
    );
    check(
        "<cib/>",
        "the fence agent's metadata begin with <cib>, not with <resource-agent>",
    );
    let longest = format!("<resource-agent>{}", " ".repeat(MAX_METADATA_BYTES));
    check(
        &longest,
        "the fence agent's metadata are 1048592 bytes; they can be 1048576",
    );
}
