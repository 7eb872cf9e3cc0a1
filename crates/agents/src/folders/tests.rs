use super::*;

/// A machine with a few agents, in a folder of its own.
fn machine() -> (tempfile::TempDir, AgentFolders) {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    for (path, mode) in [
        ("ocf/resource.d/heartbeat/IPaddr2", 0o755),
        ("ocf/resource.d/heartbeat/Dummy", 0o755),
        ("ocf/resource.d/heartbeat/.hidden", 0o755),
        ("ocf/resource.d/heartbeat/README", 0o644),
        ("ocf/resource.d/pacemaker/Dummy", 0o755),
        ("ocf/resource.d/pacemaker/ping", 0o755),
        ("init.d/tomcat", 0o755),
        ("init.d/README", 0o644),
        ("units/httpd.service", 0o644),
        ("units/tomcat.service", 0o644),
        ("units/openvpn@.service", 0o644),
        ("units/srv.mount", 0o644),
        ("units/httpd.service.d/x.conf", 0o644),
    ] {
        let path = at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let folders = AgentFolders {
        ocf_root: at("ocf"),
        init_scripts: at("init.d"),
        systemd_units: vec![at("absent"), at("units")],
        systemd_running: at("units"),
    };
    (root, folders)
}

fn without_systemd(folders: &AgentFolders) -> AgentFolders {
    AgentFolders {
        systemd_running: folders.ocf_root.join("absent"),
        ..folders.clone()
    }
}

fn texts(names: &[impl ToString]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_installed_is_listed() {
    let (_root, folders) = machine();
    assert_eq!(
        texts(&folders.standards()),
        ["lsb", "ocf", "service", "systemd"]
    );
    assert_eq!(folders.providers(), ["heartbeat", "pacemaker"]);
    assert_eq!(
        texts(&folders.agents(Standard::Ocf, None)),
        [
            "ocf:heartbeat:Dummy",
            "ocf:heartbeat:Filesystem",
            "ocf:heartbeat:IPaddr2",
            "ocf:heartbeat:apache",
            "ocf:heartbeat:haproxy",
            "ocf:pacemaker:Dummy",
            "ocf:pacemaker:ping"
        ]
    );
    assert_eq!(
        texts(&folders.agents(Standard::Ocf, Some("pacemaker"))),
        ["ocf:pacemaker:Dummy", "ocf:pacemaker:ping"]
    );
    assert_eq!(folders.agents(Standard::Ocf, Some("x")), []);
    assert_eq!(texts(&folders.agents(Standard::Lsb, None)), ["lsb:tomcat"]);
    assert_eq!(
        texts(&folders.agents(Standard::Systemd, None)),
        [
            "systemd:httpd",
            "systemd:openvpn@",
            "systemd:srv.mount",
            "systemd:tomcat"
        ]
    );
}

#[test]
fn without_systemd_there_are_no_units() {
    let (_root, folders) = machine();
    let folders = without_systemd(&folders);
    assert_eq!(texts(&folders.standards()), ["lsb", "ocf", "service"]);
    assert_eq!(folders.agents(Standard::Systemd, None), []);
    assert_eq!(
        texts(&folders.agents(Standard::Service, None)),
        ["service:tomcat"]
    );
}

#[test]
fn an_agent_is_found_by_its_full_name_or_by_its_last_part() {
    let (_root, folders) = machine();
    for (written, expected) in [
        ("ocf::heartbeat:IPaddr2", Ok("ocf:heartbeat:IPaddr2")),
        ("ipaddr2", Ok("ocf:heartbeat:IPaddr2")),
        ("ping", Ok("ocf:pacemaker:ping")),
        ("systemd:openvpn@office", Ok("systemd:openvpn@office")),
        (
            "Dummy",
            Err(
                "Multiple agents match 'Dummy', please specify full name: 'ocf:heartbeat:Dummy' or \
                 'ocf:pacemaker:Dummy'",
            ),
        ),
        (
            "tomcat",
            Err(
                "Multiple agents match 'tomcat', please specify full name: 'lsb:tomcat', \
                 'service:tomcat' or 'systemd:tomcat'",
            ),
        ),
        (
            "IPadr2",
            Err(
                "Unable to find agent 'IPadr2', try specifying its full name; did you mean 'IPaddr2'?",
            ),
        ),
        (
            "ocf:heartbeat:ping",
            Err(
                "Agent 'ocf:heartbeat:ping' is not installed or does not provide valid metadata; did \
                 you mean 'ocf:pacemaker:ping'?",
            ),
        ),
        (
            "ocf:hartbeat:IPaddr",
            Err(
                "Agent 'ocf:hartbeat:IPaddr' is not installed or does not provide valid metadata; did \
                 you mean 'ocf:heartbeat:IPaddr2'?",
            ),
        ),
        (
            "lsb:README",
            Err("Agent 'lsb:README' is not installed or does not provide valid metadata"),
        ),
    ] {
        let found = folders.find(written);
        let found = found
            .map(|name| name.to_string())
            .map_err(|error| error.to_string());
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found, expected, "{written}");
    }
}

#[test]
fn a_service_is_an_init_script_before_it_is_a_unit() {
    let (_root, folders) = machine();
    for (written, with, without) in [
        ("service:tomcat", Some("lsb:tomcat"), Some("lsb:tomcat")),
        ("service:httpd", Some("systemd:httpd"), None),
        ("service:x", None, None),
    ] {
        let name = written.parse().unwrap();
        let resolved =
            |folders: &AgentFolders| folders.resolve_service(&name).map(|name| name.to_string());
        assert_eq!(resolved(&folders).as_deref(), with, "{written}");
        assert_eq!(
            resolved(&without_systemd(&folders)).as_deref(),
            without,
            "{written}"
        );
    }
}
