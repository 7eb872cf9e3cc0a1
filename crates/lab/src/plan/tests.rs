use super::*;

const GOOD: &str = r#"
summary = "two nodes"
address = "192.0.2.50"
home = "fred"
switches = ["office"]

[client]
interfaces = [{ name = "eth1", switch = "office", addresses = ["192.0.2.9/24"] }]

[[node]]
name = "fred"
interfaces = [{ name = "eth1", switch = "office", addresses = ["192.0.2.1/24"] }]
files = { "/etc/haproxy/haproxy.cfg" = "haproxy.cfg" }
users = ["haproxy"]
sysctls = { "net.ipv4.ip_nonlocal_bind" = 1 }
disks_mib = { "/srv" = 4 }
commands = { web = "keel lab web --listen 0.0.0.0:8080" }

[engine.keel]
commands = { run = ["keel", "run"] }
parts = { balancer = { process = "haproxy" }, whole = { command = "run" } }

[probe]
url = "http://192.0.2.50/"

[[fault]]
name = "balancer killed"
do = "kill"
part = "balancer"
max_gap_ms = 100
"#;

fn parse(text: &str) -> Result<Plan> {
    Plan::parse("lab.toml", text, |file| match file {
        "haproxy.cfg" => Ok(b"global\n".to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    })
}

#[test]
fn a_plan_says_who_stands_where_and_what_breaks() {
    let plan = parse(GOOD).unwrap();
    let fred = &plan.nodes[0];
    assert_eq!(fred.files["/etc/haproxy/haproxy.cfg"], b"global\n");
    assert_eq!(fred.sysctls["net.ipv4.ip_nonlocal_bind"], "1");
    let commands = |node: &str| -> Vec<String> {
        let commands = plan.commands_of(node, &plan.engines["keel"]);
        commands.into_iter().map(|command| command.name).collect()
    };
    assert_eq!(commands("fred"), ["web", "run"]);
    assert_eq!(commands(CLIENT), [""; 0]);
    let fault = &plan.faults[0];
    let part = "balancer".to_owned();
    let signal = Signal::SIGKILL;
    assert_eq!(fault.action, Action::Signal { part, signal });
    assert_eq!(fault.limits.max_gap_ms, Some(100.0));
    assert_eq!(plan.probe.pace, Duration::from_millis(2));
}

#[test]
fn every_fault_has_its_words() {
    for (words, expected) in [
        (
            r#"do = "stop""#,
            Action::Signal {
                part: "whole".to_owned(),
                signal: Signal::SIGTERM,
            },
        ),
        (
            r#"do = "kill", part = "balancer", signal = "STOP""#,
            Action::Signal {
                part: "balancer".to_owned(),
                signal: Signal::SIGSTOP,
            },
        ),
        (r#"do = "pause""#, Action::Pause { part: None }),
        (r#"do = "node-death""#, Action::NodeDeath),
        (
            r#"do = "link-cut", interface = "eth1""#,
            Action::LinkCut {
                interface: Some("eth1".to_owned()),
            },
        ),
        (
            r#"do = "link-flap", times = 2, down_ms = 50"#,
            Action::LinkFlap {
                interface: None,
                times: 2,
                down: Duration::from_millis(50),
                up: Duration::from_millis(200),
            },
        ),
        (
            r#"do = "partition", groups = [["fred"], ["client"]]"#,
            Action::Partition {
                groups: vec![vec!["fred".to_owned()], vec!["client".to_owned()]],
            },
        ),
        (
            r#"do = "drop", percent = 30, match = "ip protocol 112""#,
            Action::Drop {
                percent: 30,
                matching: Some("ip protocol 112".to_owned()),
            },
        ),
        (
            r#"do = "fill-disk", path = "/srv""#,
            Action::FillDisk {
                path: "/srv".to_owned(),
            },
        ),
        (
            r#"do = "run", command = ["true"], undo = "a | b""#,
            Action::Run {
                argv: vec!["true".to_owned()],
                undo: ["sh", "-c", "a | b"].map(str::to_owned).to_vec(),
            },
        ),
    ] {
        let (before, _) = GOOD.split_once("[[fault]]").unwrap();
        // `fault` as an inline list must stand before the first table.
        let text = format!("fault = [{{ name = \"x\", {words} }}]\n{before}");
        assert_eq!(parse(&text).unwrap().faults[0].action, expected, "{words}");
    }
}

#[test]
fn a_mistake_is_named_with_its_place_and_what_was_meant() {
    for (good, bad, expected) in [
        (
            "home =",
            "hoem =",
            &["4:1", "unknown field `hoem`", "did you mean 'home'?"][..],
        ),
        (
            "home = \"fred\"",
            "home = \"fret\"",
            &["4:8", "no node 'fret'", "'fred'?"],
        ),
        (
            "switch = \"office\", addresses = [\"192.0.2.1/",
            "switch = \"offce\", addresses = [\"192.0.2.1/",
            &["12:41", "no switch 'offce'", "'office'?"],
        ),
        (
            "192.0.2.1/24",
            "192.0.2.1/33",
            &["'192.0.2.1/33' is no address such as"],
        ),
        (
            "\"192.0.2.50\"",
            "\"192.0.2.500\"",
            &["3:11", "'192.0.2.500' is not an IP address"],
        ),
        (
            "= \"haproxy.cfg\"",
            "= \"missing.cfg\"",
            &["13:40", "cannot read 'missing.cfg'"],
        ),
        (
            "\"/etc/haproxy/h",
            "\"etc/haproxy/h",
            &["is no absolute path"],
        ),
        (
            "command = \"run\"",
            "command = \"rum\"",
            &["no command 'rum'", "'run'?"],
        ),
        (
            "do = \"kill\"",
            "do = \"kil\"",
            &["28:6", "cannot do 'kil'", "did you mean 'kill'?"],
        ),
        (
            "part = \"balancer\"",
            "part = \"balance\"",
            &["engine 'keel' has no part 'balance'", "'balancer'?"],
        ),
        (
            "part = \"balancer\"",
            "path = \"/srv\"",
            &["'path' means nothing for 'kill'", "'kill' needs 'part'"],
        ),
        (
            "part = \"balancer\"",
            "part = \"balancer\"\nsignal = \"XX\"",
            &["'XX' is no signal"],
        ),
        (
            "http://192.0.2.50/",
            "https://192.0.2.50/",
            &["is no http://ADDRESS"],
        ),
        (
            "name = \"fred\"",
            "name = \"client\"",
            &["the name 'client' is taken"],
        ),
        (
            "name = \"fred\"",
            "name = \"fr ed\"",
            &["'fr ed' is no host name"],
        ),
        ("address =", "address", &["3:"]),
    ] {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good} stands in the text");
        let Err(Error::Plan(message)) = parse(&text) else {
            panic!("{bad} was accepted");
        };
        for part in expected {
            assert!(message.contains(part), "{part} is missing in\n{message}");
        }
    }
}
