use super::*;

fn metadata(inside: &str) -> Metadata {
    Metadata::parse(&format!("<resource-agent>{inside}</resource-agent>")).expect("metadata")
}

fn cib(inside: &str) -> Document {
    let text = format!("<cib><configuration>{inside}</configuration></cib>");
    Document::parse(&text).expect("well-formed")
}

fn all(inside: &str) -> (Vec<Device>, Vec<String>) {
    let cib = cib(inside);
    let nodes = ["n1", "n2"]
        .map(|node| (node.to_owned(), Values::new()))
        .into();
    let mut findings = Findings::default();
    let devices = devices(&cib, &nodes, DateTime::default(), &mut findings);
    let texts = findings.problems.into_iter().map(|problem| problem.text);
    (devices, texts.collect())
}

/// A device with these instance attributes, `name=value` each.
fn device(attributes: &[&str]) -> Device {
    let (mut devices, problems) = all(&resources(&primitive("d", attributes, "")));
    assert_eq!(problems, [""; 0]);
    devices.pop().expect("there is one")
}

fn resources(inside: &str) -> String {
    format!("<resources>{inside}</resources>")
}

fn primitive(id: &str, attributes: &[&str], more: &str) -> String {
    let pairs: String = attributes
        .iter()
        .enumerate()
        .map(|(number, pair)| {
            let (name, value) = pair.split_once('=').expect("name=value");
            format!("<nvpair id='{id}-{number}' name='{name}' value='{value}'/>")
        })
        .collect();
    format!(
        "<primitive id='{id}' class='stonith' type='fence_x'>\
         <instance_attributes id='{id}-i'>{pairs}</instance_attributes>{more}</primitive>"
    )
}

const S: fn(u64) -> Duration = Duration::from_secs;

#[test]
fn the_seeds_devices_are_read() {
    let cern = device(&[
        "pcmk_host_list=haproxy1",
        "ipaddr=192.0.2.11",
        "login=admin",
        "passwd=secret",
        "lanplus=1",
        "action=reboot",
    ]);
    assert_eq!((cern.id.as_str(), cern.agent.as_str()), ("d", "fence_x"));
    let names: Vec<_> = cern.parameters.names().collect();
    assert_eq!(
        names,
        ["ipaddr", "lanplus", "login", "passwd"],
        "what the agent is told"
    );
    assert!(cern.lists("HAPROXY1") && !cern.lists("haproxy2"));
    assert!(!format!("{cern:?}").contains("secret"));
}

#[test]
fn which_devices_there_are_and_in_which_order() {
    let check = |inside: &str, expected: &[&str]| {
        let (devices, _) = all(inside);
        let ids: Vec<_> = devices.iter().map(|device| device.id.as_str()).collect();
        assert_eq!(ids, expected, "{inside}");
    };
    let (a, b) = (primitive("a", &[], ""), primitive("b", &["priority=5"], ""));
    let other = "<primitive id='o' class='ocf' provider='heartbeat' type='Dummy'/>";
    check("", &[]);
    check(&resources(&format!("{a}{other}{b}")), &["b", "a"]);
    check(
        &resources(&format!(
            "<group id='g'>{a}</group><clone id='c'>{b}</clone>"
        )),
        &["b", "a"],
    );
    let meta = |role: &str| {
        let pair = format!("<nvpair id='r{role}' name='target-role' value='{role}'/>");
        format!("<meta_attributes id='m{role}'>{pair}</meta_attributes>")
    };
    let stopped = primitive("s", &[], &meta("Stopped"));
    check(&resources(&format!("{a}{stopped}")), &["a"]);
    check(
        &resources(&format!("<group id='g'>{a}{}</group>{b}", meta("stopped"))),
        &["b"],
    );
    let defaults = format!("<rsc_defaults>{}</rsc_defaults>", meta("Stopped"));
    let started = primitive("s", &[], &meta("Started"));
    check(
        &format!("{}{defaults}", resources(&format!("{a}{started}"))),
        &["s"],
    );
    let template = "<template id='t' class='stonith' type='fence_t'>\
                    <instance_attributes id='ti'><nvpair id='tp' name='priority' value='9'/>\
                    </instance_attributes></template><primitive id='p' template='t'/>";
    check(&resources(&format!("{a}{template}{b}")), &["p", "b", "a"]);
}

#[test]
fn who_must_not_use_a_device() {
    let check = |constraints: &str, expected: &[&str]| {
        let inside = format!(
            "{}<constraints>{constraints}</constraints>",
            resources(&format!(
                "<group id='g'>{}</group>",
                primitive("d", &[], "")
            ))
        );
        let (devices, _) = all(&inside);
        let banned: Vec<_> = devices[0].banned.iter().map(String::as_str).collect();
        assert_eq!(banned, expected, "{constraints}");
    };
    let location = |what: &str, score: &str| {
        format!("<rsc_location id='l{score}' {what} node='n1' score='{score}'/>")
    };
    check("", &[]);
    check(&location("rsc='d'", "-INFINITY"), &["n1"]);
    check(&location("rsc='d'", "-1"), &["n1"]);
    check(&location("rsc='g'", "-1"), &["n1"]);
    check(&location("rsc='other'", "-1"), &[]);
    check(&location("rsc='d'", "100"), &[]);
    check(
        &format!(
            "{}{}",
            location("rsc='d'", "100"),
            location("rsc='d'", "-1")
        ),
        &[],
    );
    check(&location("rsc-pattern='^d'", "-1"), &["n1"]);
    check(&location("rsc-pattern='!^(d|g)'", "-1"), &[]);
    let set = "<rsc_location id='l' node='n1' score='-1'>\
               <resource_set id='s'><resource_ref id='d'/></resource_set></rsc_location>";
    check(set, &["n1"]);
    let rule = "<rsc_location id='l' rsc='d'><rule id='r' score='-INFINITY'>\
                <expression id='e' attribute='#uname' operation='ne' value='n1'/></rule></rsc_location>";
    check(rule, &["n2"]);
}

#[test]
fn in_an_opt_in_cluster_only_named_nodes_use_a_device() {
    let (devices, _) = all(&format!(
        "<crm_config><cluster_property_set id='p'><nvpair id='y' name='symmetric-cluster' \
         value='false'/></cluster_property_set></crm_config>{}<constraints>\
         <rsc_location id='l' rsc='d' node='n2' score='0'/></constraints>",
        resources(&primitive("d", &[], ""))
    ));
    assert_eq!(devices[0].banned, ["n1".to_owned()].into());
}

#[test]
fn what_is_not_understood_is_reported_and_left() {
    let check = |attribute: &str, expected: &str| {
        let (devices, problems) = all(&resources(&primitive("d", &[attribute], "")));
        assert_eq!(problems, [expected], "{attribute}");
        assert_eq!(devices.len(), 1);
    };
    let list = "static-list, dynamic-list, status or none";
    check(
        "pcmk_host_check=static",
        &format!("d: 'static' for pcmk_host_check is not understood: {list} is expected"),
    );
    for name in ["pcmk_delay_max", "pcmk_delay_base", "pcmk_off_timeout"] {
        let text = format!("d: 'soon' for {name} is not understood: a time is expected");
        check(&format!("{name}=soon"), &text);
    }
    check(
        "pcmk_reboot_retries=x",
        "d: 'x' for pcmk_reboot_retries is not understood: a number is expected",
    );
}

#[test]
fn how_a_device_is_asked_which_nodes_it_has() {
    use HostCheck::{DynamicList, None, StaticList, Status};
    let all = "<actions><action name='list'/><action name='status'/></actions>";
    let status = "<actions><action name='status'/></actions>";
    for (attributes, agent, expected) in [
        (&["pcmk_host_list=n1"][..], all, &[StaticList][..]),
        (&["pcmk_host_map=n1:1"], all, &[StaticList]),
        (
            &["pcmk_host_check=status", "pcmk_host_list=n1"],
            all,
            &[Status],
        ),
        (&["pcmk_host_check=none"], all, &[None]),
        (&["pcmk_host_check=dynamic-list"], "", &[DynamicList]),
        (&[], all, &[DynamicList, Status]),
        (&[], status, &[Status]),
        (&[], "", &[None]),
    ] {
        let found = device(attributes).host_checks(&metadata(agent));
        assert_eq!(found, expected, "{attributes:?} {agent}");
    }
}

#[test]
fn a_target_is_found_in_what_the_agent_lists() {
    let check = |map: &str, printed: &str, expected| {
        let device = device(&[&format!("pcmk_host_map={map}")]);
        assert_eq!(
            device.finds("n1", printed),
            expected,
            "{map} in {printed:?}"
        );
    };
    check("", "", false);
    check("", "n1\nn2\n", true);
    check("", "1,N1\n2,n2\n", true);
    check("", "1,n2,ON\n", false);
    check("", "n1,\n", true);
    check("", "1,x,n1\n", false);
    check("", "n10,n11\n", false);
    check("n1:7", "n1,\n8,x\n", false);
    check("n1:7", "7,\n", true);
    check("", "N/A\n", false);
}

#[test]
fn what_an_agent_is_told_of_its_target() {
    let port = "<parameters><parameter name='port'/><parameter name='plug'/></parameters>";
    let plug = "<parameters><parameter name='plug'/></parameters>";
    for (attributes, agent, expected) in [
        (&[][..], port, "action=off nodename=n1 port=n1"),
        (&[], plug, "action=off nodename=n1 plug=n1"),
        (&[], "", "action=off nodename=n1"),
        (
            &["pcmk_host_map=n1:2,3"],
            port,
            "action=off nodename=n1 port=2,3",
        ),
        (&["port=7"], port, "action=off nodename=n1 port=7"),
        (&["plug=7"], port, "action=off nodename=n1 plug=7"),
        (&["port=dynamic"], port, "action=off nodename=n1 port=n1"),
        (&["pcmk_host_argument=none"], port, "action=off nodename=n1"),
        (
            &["pcmk_host_argument=uuid", "port=7"],
            port,
            "action=off nodename=n1 port=7 uuid=n1",
        ),
        (
            &["pcmk_off_action=poweroff"],
            port,
            "action=poweroff nodename=n1 port=n1",
        ),
        (
            &["action=reboot", "provides=unfencing"],
            "",
            "action=off nodename=n1",
        ),
    ] {
        let told = device(attributes).told(Action::Off, Some("n1"), &metadata(agent));
        let lines = told.lines().expect("they can be told");
        let words: Vec<_> = lines.expose().lines().collect();
        assert_eq!(words.join(" "), expected, "{attributes:?}");
    }
    let told = device(&["ip=::1"]).told(Action::Monitor, Some("n1"), &metadata(port));
    assert_eq!(
        told.names().collect::<Vec<_>>(),
        ["action", "ip"],
        "a monitor has no target"
    );
}

#[test]
fn an_agent_that_cannot_reboot_is_asked_for_off() {
    let can = |names: &str| metadata(&format!("<actions>{names}</actions>"));
    let (off, both) = (
        "<action name='off'/>",
        "<action name='off'/><action name='reboot'/>",
    );
    for (attributes, agent, expected) in [
        (&[][..], both, Action::Reboot),
        (&[], off, Action::Off),
        (&["pcmk_reboot_action=cycle"], off, Action::Reboot),
    ] {
        let found = device(attributes).translate(Action::Reboot, &can(agent));
        assert_eq!(found, expected, "{attributes:?} {agent}");
    }
}

#[test]
fn times_and_tries_of_each_action() {
    let device = device(&[
        "pcmk_off_timeout=90s",
        "pcmk_reboot_retries=5",
        "pcmk_on_retries=0",
        "pcmk_action_limit=-1",
    ]);
    for (action, timeout, attempts) in [
        (Action::Off, S(90), DEFAULT_ATTEMPTS),
        (Action::Reboot, S(60), 5),
        (Action::On, S(60), 1),
    ] {
        let found = (device.timeout(action, S(60)), device.attempts(action));
        assert_eq!(found, (timeout, attempts), "{action:?}");
    }
    assert_eq!(device.action_limit, None);
}

#[test]
fn delays() {
    for (attributes, dice, expected_ms, longest_ms) in [
        (&[][..], 7, 0, 0),
        (&["pcmk_delay_base=5"], 7, 5000, 5000),
        (&["pcmk_delay_base=n1:1s;n2:5"], 7, 1000, 1000),
        (&["pcmk_delay_base=n2:5"], 7, 0, 0),
        (&["pcmk_delay_max=10"], 7, 7, 10_000),
        (&["pcmk_delay_max=10"], 10_003, 3, 10_000),
        (
            &["pcmk_delay_base=2", "pcmk_delay_max=10"],
            9000,
            3000,
            10_000,
        ),
        (
            &["pcmk_delay_base=N1:2;n2:3", "pcmk_delay_max=10"],
            7999,
            9999,
            10_000,
        ),
        (
            &["pcmk_delay_base=20", "pcmk_delay_max=10"],
            9000,
            20_000,
            20_000,
        ),
    ] {
        let device = device(attributes);
        let found = (device.delay("n1", dice), device.longest_delay("n1"));
        let expected = (
            Duration::from_millis(expected_ms),
            Duration::from_millis(longest_ms),
        );
        assert_eq!(found, expected, "{attributes:?} {dice}");
    }
}
