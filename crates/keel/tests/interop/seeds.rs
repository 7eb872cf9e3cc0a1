//! The example configurations, unchanged, on machines like those that they were written for.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use crate::machines::{self, LIMIT, eventually};
use lab::{AddressSpec, Lab, NodeSpec, Output};

const HAPROXY: &str = "/etc/haproxy/haproxy.cfg";
const KEEPALIVED: &str = "/etc/keepalived/keepalived.conf";

fn example(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a command on a node to its end.
fn run(lab: &Lab, node: &str, argv: &[&str]) -> Output {
    lab.node(node).run(argv, LIMIT).unwrap()
}

#[track_caller]
fn succeed(lab: &Lab, node: &str, argv: &[&str]) -> String {
    let output = run(lab, node, argv);
    assert!(output.success(), "{argv:?} on {node}: {output:?}");
    output.stdout
}

/// What curl on the machine `client` gets: the head, an empty line, the body.
#[track_caller]
fn curl(lab: &Lab, words: &[&str]) -> String {
    let argv = [&["curl", "-sS", "-i", "--max-time", "10"], words].concat();
    succeed(lab, "client", &argv).replace('\r', "")
}

/// The value of a header, whatever the case of its name.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\n\n").next()?;
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn body(answer: &str) -> &str {
    let found = answer.split_once("\n\n");
    found.map_or("", |(_, body)| body.trim_end())
}

/// A web server on a node whose log holds what it was asked.
fn serve(lab: &Lab, node: &str, listen: &str) {
    let argv = ["keel", "lab", "web", "--print", "--listen", listen];
    lab.node(node)
        .spawn(&format!("web {listen}"), &argv)
        .unwrap();
}

/// Both files pass their check on the node that they are for.
#[track_caller]
fn expect_valid(lab: &Lab, node: &str) {
    succeed(lab, node, &["keel", "haproxy", "-c", "-f", HAPROXY]);
    succeed(lab, node, &["keel", "keepalived", "-t", "-f", KEEPALIVED]);
    let run = [
        "keel",
        "run",
        "--check",
        "--haproxy",
        HAPROXY,
        "--keepalived",
        KEEPALIVED,
    ];
    succeed(lab, node, &run);
}

/// Starts a node's balancer and address keeper under one supervisor.
fn start_as_one(lab: &Lab, node: &str) {
    let argv = [
        "keel",
        "run",
        "--haproxy",
        HAPROXY,
        "--keepalived",
        KEEPALIVED,
    ];
    lab.node(node).spawn("keel", &argv).unwrap();
}

/// Starts a node's balancer and address keeper as the two daemons that they replace.
#[track_caller]
fn start_as_two(lab: &Lab, node: &str) {
    succeed(lab, node, &["keel", "haproxy", "-f", HAPROXY]);
    succeed(lab, node, &["keel", "keepalived", "-f", KEEPALIVED]);
}

/// Waits until `node` alone has the address.
/// What the web server on `port` of `node` was asked, as soon as `part` is in it: it answers before its
/// log is written.
#[track_caller]
fn web_log(lab: &Lab, node: &str, port: u16, part: &str) -> String {
    eventually(&format!("{node} was asked {part:?}"), || {
        let log = lab.node(node).log(&format!("web 0.0.0.0:{port}")).unwrap();
        log.contains(part).then_some(log)
    })
}

#[track_caller]
fn wait_for_holder(lab: &Lab, address: Ipv4Addr, node: &str) {
    let steady = Duration::from_millis(1200);
    if let Err(error) = lab.wait_for_holder(address.into(), Some(node), steady, LIMIT) {
        panic!("{error}");
    }
}

#[test]
fn the_landlord_pair() {
    let Some(_) = testing_support::require_command("curl", "curl") else {
        return;
    };
    let node =
        |name: &str, end| NodeSpec::new(name).interface("eth1", "lan", [192, 168, 56, end], 24);
    let balancer = |name, end| {
        node(name, end)
            .user("haproxy")
            .sysctl("net.ipv4.ip_nonlocal_bind", "1")
            .file(HAPROXY, example("landlord/haproxy.cfg"))
            .file(
                KEEPALIVED,
                example(&format!("landlord/{name}/keepalived.conf")),
            )
    };
    let nodes = [
        balancer("fred", 201),
        balancer("ethyl", 202),
        node("client", 100),
    ];
    let Some(lab) = machines::on_one_switch(nodes) else {
        return;
    };
    for name in ["fred", "ethyl"] {
        serve(&lab, name, "0.0.0.0:8080");
        expect_valid(&lab, name);
    }
    start_as_one(&lab, "fred");
    start_as_two(&lab, "ethyl");
    let address = Ipv4Addr::new(192, 168, 56, 200);
    wait_for_holder(&lab, address, "fred");
    landlord_serves(&lab);
    landlord_shows_statistics(&lab);

    lab.kill_node("fred").unwrap();
    wait_for_holder(&lab, address, "ethyl");
    eventually("ethyl's balancer sends nobody to fred any more", || {
        let bodies = [(); 4].map(|()| body(&curl(&lab, &["http://192.168.56.200/"])).to_owned());
        bodies.iter().all(|body| body == "ethyl").then_some(())
    });
}

/// The file gives its servers no cookie value: as with HAProxy, each request goes to the next
/// server, and what a client has by that name is taken away from it.
fn landlord_serves(lab: &Lab) {
    let url = "http://192.168.56.200/a";
    let cookie = "Cookie: SERVERNAME=fred; other=1";
    // Each worker takes turns of its own.
    let mut served = BTreeSet::new();
    eventually("an answer of each server", || {
        let answer = curl(lab, &["-H", cookie, url]);
        let taken = "SERVERNAME=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/";
        assert_eq!(header(&answer, "set-cookie"), Some(taken), "{answer}");
        assert_eq!(header(&answer, "connection"), Some("close"), "{answer}");
        served.insert(body(&answer).to_owned());
        (served.len() == 2).then_some(())
    });

    let asked = web_log(lab, "fred", 8080, "X-Forwarded-For: 192.168.56.100");
    assert!(
        asked.contains("other=1") && !asked.contains("SERVERNAME"),
        "indirect: {asked}"
    );

    let two = [
        "-o",
        "/dev/null",
        "-o",
        "/dev/null",
        "-w",
        "%{num_connects} ",
        url,
        url,
    ];
    let argv = [&["curl", "-sS"][..], &two].concat();
    assert_eq!(
        succeed(lab, "client", &argv),
        "1 1 ",
        "httpclose: a connection each"
    );
}

fn landlord_shows_statistics(lab: &Lab) {
    let url = "http://192.168.56.200:8989/stats";
    let refused = curl(lab, &[url]);
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let realm = header(&refused, "www-authenticate");
    assert_eq!(realm, Some("Basic realm=\"HAProxy Statistics\""));
    let wrong = curl(lab, &["-u", "admin:wrong", url]);
    assert!(wrong.starts_with("HTTP/1.1 401 "), "{wrong}");
    let page = curl(lab, &["-u", "admin:admin", url]);
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    for part in ["cluster37", "fred", "ethyl"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let table = curl(lab, &["-u", "admin:admin", &format!("{url};csv")]);
    assert!(table.contains("\ncluster37,ethyl,"), "{table}");
}

#[test]
fn the_openstack_pair() {
    let Some(_) = testing_support::require_command("curl", "curl") else {
        return;
    };
    let node =
        |name: &str, end| NodeSpec::new(name).interface("eth0", "lan", [10, 224, 147, end], 24);
    let balancer = |name, end| {
        node(name, end)
            .user("haproxy")
            .sysctl("net.ipv4.ip_nonlocal_bind", "1")
            .file(HAPROXY, example("openstack/haproxy.cfg"))
            .file(
                KEEPALIVED,
                example(&format!("openstack/{name}/keepalived.conf")),
            )
    };
    let nodes = [
        balancer("host1", 166),
        balancer("host2", 167),
        node("web", 154),
        node("client", 100),
    ];
    let Some(lab) = machines::on_one_switch(nodes) else {
        return;
    };
    serve(&lab, "web", "0.0.0.0:80");
    for name in ["host1", "host2"] {
        expect_valid(&lab, name);
        let argv = [
            "keel",
            "lab",
            "echo",
            "--print",
            "--listen",
            "127.0.0.1:514",
        ];
        lab.node(name).spawn("syslog", &argv).unwrap();
    }
    start_as_two(&lab, "host1");
    start_as_one(&lab, "host2");
    wait_for_holder(&lab, Ipv4Addr::new(10, 224, 147, 208), "host1");
    for (path, backend) in [
        ("/", "app/app1"),
        ("/static/logo.svg", "static/static"),
        ("/STYLESHEETS/a", "static/static"),
        ("/photos/cat.JPG", "static/static"),
        ("/a.jpg.html", "app/app1"),
        ("/statics", "static/static"),
        ("/go?to=/static/a.png", "app/app1"),
    ] {
        let answer = curl(&lab, &[&format!("http://10.224.147.208:5000{path}")]);
        assert_eq!(body(&answer), "web", "{path}: {answer}");
        let line = format!(" main {backend} ");
        let request = format!("\"GET {path} HTTP/1.1\"");
        eventually(&format!("a log line of {path}, {backend}"), || {
            let log = lab.node("host1").log("syslog").unwrap();
            let mut lines = log.lines();
            lines
                .any(|found| found.contains(&request) && found.contains(&line))
                .then_some(())
        });
    }
    web_log(&lab, "web", 80, "X-Forwarded-For: 10.224.147.100");
    let two = [
        "-o",
        "/dev/null",
        "-o",
        "/dev/null",
        "-w",
        "%{num_connects} ",
    ];
    let urls = ["http://10.224.147.208:5000/"; 2];
    let argv = [&["curl", "-sS"][..], &two, &urls].concat();
    let connects = succeed(&lab, "client", &argv);
    assert_eq!(
        connects, "1 0 ",
        "http-server-close: the client's connection stays"
    );

    // As the file says: its own root, its own user, its own process number.
    let text = ask_stats_socket(&lab, "host1", "show info");
    for part in ["Name: HAProxy", "Maxconn: 4000", "node: host1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let about = "p=$(pgrep -x -n haproxy) && readlink /proc/$p/root && \
                 stat -c %U /proc/$p && test -s /var/run/haproxy.pid";
    let said = succeed(&lab, "host1", &["sh", "-c", about]);
    let user = if lab.rootless() { "root" } else { "haproxy" };
    assert_eq!(said, format!("/var/lib/haproxy\n{user}\n"));
}

/// curl's telnet is the one client of a text socket that is installed everywhere.
fn ask_stats_socket(lab: &Lab, node: &str, command: &str) -> String {
    let line = format!(
        "echo '{command}' | curl -sS --max-time 5 --unix-socket /var/lib/haproxy/stats \
         telnet://localhost"
    );
    succeed(lab, node, &["sh", "-c", &line])
}

/// The public port of each service behind 10.224.155.10 and the following addresses, and the port
/// of its servers.
const SERVICES: [(u16, u16); 11] = [
    (443, 8088),
    (443, 5000),
    (443, 35357),
    (443, 8774),
    (444, 6080),
    (443, 9292),
    (443, 9191),
    (443, 8080),
    (443, 9696),
    (443, 8004),
    (443, 8000),
];

#[test]
fn the_openstack_services() {
    let Some(_) = testing_support::require_command("curl", "curl") else {
        return;
    };
    let certificate =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../balancer/testdata/tls/both.pem");
    let at = |end| Ipv4Addr::new(10, 224, 155, end);
    let mut front = NodeSpec::new("front")
        .interface("eth0", "lan", at(1), 24)
        .user("haproxy")
        .file(HAPROXY, example("openstack/openstack-services.cfg"))
        .file(
            "/home/app/cert/appcert/app.crt",
            std::fs::read(certificate).unwrap(),
        );
    let more = |end| AddressSpec {
        address: at(end).into(),
        prefix_len: 24,
    };
    front.interfaces[0].addresses.extend((10..=20).map(more));
    let mut client = NodeSpec::new("client").interface("eth0", "lan", at(2), 24);
    let horizon: IpAddr = at(10).into();
    client.hosts.push((horizon, "horizon.app.com".to_owned()));
    let controller = |name, end| NodeSpec::new(name).interface("eth0", "lan", at(end), 24);
    let nodes = [
        front,
        client,
        controller("one", 101),
        controller("two", 102),
    ];
    let Some(lab) = machines::on_one_switch(nodes) else {
        return;
    };
    for (_, port) in SERVICES {
        for name in ["one", "two"] {
            serve(&lab, name, &format!("0.0.0.0:{port}"));
        }
    }
    succeed(&lab, "front", &["keel", "haproxy", "-c", "-f", HAPROXY]);
    succeed(&lab, "front", &["keel", "haproxy", "-f", HAPROXY]);
    for ((public, port), end) in SERVICES.into_iter().zip(10..) {
        let host = if end == 10 {
            "horizon.app.com"
        } else {
            &*at(end).to_string()
        };
        let path = format!("/through/{end}");
        let answer = curl(&lab, &["-k", &format!("https://{host}:{public}{path}")]);
        let cookie = header(&answer, "set-cookie").unwrap_or_default();
        assert!(cookie.starts_with("SERVERID="), "{answer}");
        let name = body(&answer);
        let forwarded = if end < 19 { "Protocol" } else { "Proto" };
        let log = web_log(&lab, name, port, &format!("GET {path} "));
        let asked = log.split("GET ").find(|head| head.starts_with(&path));
        let asked = asked.unwrap_or_default();
        for line in [
            format!("X-Forwarded-{forwarded}: https\r\n"),
            "X-Forwarded-For: 10.224.155.2\r\n".to_owned(),
        ] {
            assert!(
                format!("{asked}\r\n").contains(&line),
                "{path}: {line}: {asked}"
            );
        }
    }
    services_are_administered(&lab);
}

/// `stats admin if TRUE`: the page's form takes a server out.
fn services_are_administered(lab: &Lab) {
    let url = "http://10.224.155.1:9000/haproxy";
    let form = "s=horizon1&action=maint&b=horizon_server";
    let done = curl(lab, &["-u", "admin:password", "-d", form, url]);
    assert!(done.starts_with("HTTP/1.1 303 "), "{done}");
    let place = header(&done, "location").unwrap_or_default();
    assert!(place.contains("st=DONE"), "{done}");
    for _ in 0..3 {
        let answer = curl(lab, &["-k", "https://10.224.155.10/"]);
        assert_eq!(body(&answer), "two", "{answer}");
    }
}
