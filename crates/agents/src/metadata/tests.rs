use super::*;

const AGENT: &str = r#"<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="test" version="0.2">
<version>1.1</version>
<longdesc lang="de">Lang</longdesc>
<longdesc lang="en">
At
length &lt;here&gt;.
</longdesc>
<shortdesc>Short</shortdesc>
<parameters>
<parameter name="ip" unique="1" required="1">
<shortdesc lang="en">Address</shortdesc>
<content type="string" default=""/>
</parameter>
<parameter name="login" required="1"><deprecated><replaced-with name="username"/><desc>Old.</desc></deprecated></parameter>
<parameter name="username" reloadable="1" unique-group="who"/>
<parameter name="mode"><content type="select" default="a"><option value="a"/><option value="b"/></content></parameter>
<unheard-of/>
</parameters>
<actions>
<action name="start" timeout="20s"/>
<action name="monitor" timeout="20" interval="10s" depth="10" role="Promoted" start-delay="1"/>
<action name="promote"/><action name="demote"/>
</actions>
</resource-agent>
"#;

#[test]
fn metadata_is_read() {
    insta::assert_debug_snapshot!(Metadata::parse(AGENT).unwrap());
    assert!(Metadata::parse(AGENT).unwrap().is_promotable());
}

#[test]
fn what_is_no_metadata_is_refused() {
    for (text, expected) in [
        ("", "the agent's metadata is not XML: line 1, column 1: "),
        (
            "usage: x",
            "the agent's metadata is not XML: line 1, column 1: ",
        ),
        (
            "<html/>",
            "the agent's metadata begins with <html>, not with <resource-agent>",
        ),
        (
            "<resource-agent><parameters><parameter/></parameters></resource-agent>",
            "the agent's metadata has a <parameter> without a name",
        ),
        (
            "<resource-agent><actions><action name=''/></actions></resource-agent>",
            "the agent's metadata has a <action> without a name",
        ),
    ] {
        let error = Metadata::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let least = Metadata::parse("<resource-agent/>").unwrap();
    assert_eq!(least.parameters, []);
    assert!(!least.is_promotable());
}

#[test]
fn parameters_are_checked_as_pcs_does() {
    let metadata = Metadata::parse(AGENT).unwrap();
    let allowed =
        "allowed options are: 'ip', 'login', 'mode', 'trace_file', 'trace_ra', 'username'";
    for (given, expected) in [
        (&["ip", "username"][..], &[][..]),
        (&["ip", "username", "trace_ra"], &[]),
        (
            &["ip", "login"],
            &[
                "resource option 'login' is deprecated and should not be used, use 'username' instead",
            ],
        ),
        (
            &["iq", "username"],
            &[
                &format!("invalid resource option 'iq', {allowed}; did you mean 'ip'?"),
                "required resource option 'ip' is missing",
            ],
        ),
        (
            &["ip", "qwertz", "login"],
            &[
                &format!("invalid resource option 'qwertz', {allowed}"),
                "resource option 'login' is deprecated and should not be used, use 'username' instead",
            ],
        ),
        (
            &[],
            &[
                "required resource option 'ip' is missing",
                "required resource option 'login' is missing",
            ],
        ),
    ] {
        let problems = metadata.check(given.iter().copied());
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts, expected, "{given:?}");
    }
}
