//! What an operator reads when a configuration cannot run, and that all that can be known is known
//! before anything starts.

use std::net::TcpListener;
use std::path::Path;

use super::*;
use crate::command_line;
use crate::listen::bind_all;

const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tls");

/// Loads one configuration text; `TLS` stands for the folder of certificates.
fn load_text(text: &str, options: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haproxy.cfg");
    std::fs::write(&file, text.replace("TLS/", &format!("{TLS}/"))).unwrap();
    let words = options.split_whitespace().map(str::to_owned);
    let words = words.chain(["-f".to_owned(), file.to_str().unwrap().to_owned()]);
    load(&command_line::parse(words).unwrap(), BTreeMap::new(), 1)
}

/// The messages, one a line, without the file's path.
fn messages(outcome: &Outcome) -> Vec<String> {
    let report = &outcome.report;
    let lines = report.diagnostics.iter().map(|message| {
        let line = diagnostics::render_line(&report.sources, message);
        match line.split_once("/haproxy.cfg:") {
            Some((_, rest)) => rest.to_owned(),
            None => line,
        }
    });
    lines.collect()
}

const HEAD: &str = "defaults
 mode http
 timeout connect 1s
 timeout client 1s
 timeout server 1s
";

#[test]
fn each_thing_that_is_wrong_is_said_with_its_place() {
    for (text, expected) in [
        (
            "global\n user nobody-of-this-name\n",
            "2:7: error: user 'nobody-of-this-name' does not exist on this machine (unknown user; ",
        ),
        (
            "global\n chroot /no/such/folder\n",
            "2:9: error: cannot chroot to /no/such/folder (no such folder)",
        ),
        (
            "listen a\n bind :80\n server s no-such-host.invalid:80\n",
            "3:11: error: could not resolve address 'no-such-host.invalid' (no such host; check ",
        ),
        (
            "listen a\n bind :443 ssl crt /no/such.pem\n",
            "2:20: error: unable to load certificate /no/such.pem: No such file or directory",
        ),
        (
            "listen a\n bind :443 ssl crt TLS/junk.pem\n",
            "junk.pem: it holds no certificate (it holds no certificate)",
        ),
        (
            "listen a\n bind :443 ssl crt TLS/keyless.pem\n",
            "keyless.pem: it holds no private key, and there is none in ",
        ),
        (
            "listen a\n bind :443 ssl crt TLS/mismatched.pem\n",
            "mismatched.pem: its private key does not belong to its certificate",
        ),
        (
            "listen a\n bind :443 ssl crt TLS/both.pem alpn h2\n",
            "error: protocol 'h2' of 'alpn' is known but not built yet",
        ),
        (
            "listen a\n bind :443 ssl crt TLS/both.pem ssl-max-ver TLSv1.1\n",
            "error: no TLS version is left to offer (TLSv1.2 and TLSv1.3 are spoken",
        ),
        (
            "listen a\n bind :80\n errorfile 503 /no/such.http\n",
            "unable to load error file /no/such.http: No such file or directory",
        ),
        (
            "listen a\n bind :80\n option httpchk\n http-check expect rstatus ([\n",
            "error: 'http-check expect' has no valid regular expression: ",
        ),
    ] {
        let outcome = load_text(&format!("{text}{HEAD}"), "");
        let got = messages(&outcome);
        assert!(
            got.iter().any(|line| line.contains(expected)),
            "{text}\nexpected {expected}\ngot {got:#?}"
        );
        assert!(outcome.prepared.is_none(), "{text}");
    }
}

#[test]
fn what_is_right_is_complete_for_the_balancer() {
    let text = format!(
        "{HEAD}listen a\n bind 127.0.0.1:8443 ssl crt TLS/both.pem crt TLS/split.pem alpn h2,http/1.1\n \
         bind 127.0.0.1:9000-9002\n server s localhost:80\n"
    );
    let outcome = load_text(&text, "-n 77 -c");
    let got = messages(&outcome);
    let here = outcome.prepared.unwrap_or_else(|| panic!("{got:#?}"));
    let keys = |prepared: &Prepared| -> Vec<String> {
        prepared.listeners.iter().map(|l| l.key.clone()).collect()
    };
    assert_eq!(
        keys(&here),
        [
            "127.0.0.1:8443",
            "127.0.0.1:9000",
            "127.0.0.1:9001",
            "127.0.0.1:9002"
        ]
    );
    let (there, report) = prepare(&outcome.bundle);
    let there = there.unwrap_or_else(|| panic!("{}", report.errors()));
    assert_eq!(keys(&there), keys(&here));
    assert_eq!(there.config.global.maxconn, Some(77));
    assert_eq!(there.tls.len(), 1);
    assert_eq!(there.tls[&(0, 0)].alpn_protocols, [b"http/1.1"]);
}

#[test]
fn a_folder_of_certificates_is_taken_whole() {
    let outcome = load_text(
        &format!("{HEAD}listen a\n bind :8443 ssl crt TLS/folder\n"),
        "-c",
    );
    let got = messages(&outcome);
    assert!(outcome.prepared.is_some(), "{got:#?}");
    assert_eq!(outcome.bundle.files.len(), 3);
}

#[test]
fn configuration_files_are_read_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["20.cfg", "10.cfg", ".hidden.cfg", "30.txt"] {
        std::fs::write(at(name), name).unwrap();
    }
    std::fs::write(at("single"), b"caf\xe9").unwrap();
    let names = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(|name| at(name)).collect();
        files::read_configuration(&paths).map(|texts| {
            let name = |path: String| {
                Path::new(&path)
                    .file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            };
            texts
                .into_iter()
                .map(|(path, _)| name(path))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(
        names(&["single", ""]).unwrap(),
        ["single", "10.cfg", "20.cfg"]
    );
    let problem = names(&["absent"]).unwrap_err();
    assert!(
        problem[0]
            .message
            .ends_with("absent: No such file or directory")
    );
}

#[test]
fn under_zero_warning_a_warning_refuses() {
    let text = "listen a\n mode tcp\n bind 127.0.0.1:80\n";
    let with_warning = load_text(text, "-c");
    assert_eq!(
        with_warning.report.diagnostics.worst(),
        Some(Severity::Warning)
    );
    assert!(with_warning.prepared.is_some());
    for outcome in [
        load_text(text, "-c -dW"),
        load_text(&format!("global\n zero-warning\n{text}"), "-c"),
    ] {
        assert!(outcome.prepared.is_none(), "{:#?}", messages(&outcome));
    }
}

#[test]
fn a_socket_that_cannot_be_had_leaves_nothing_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let unix = folder.path().join("s.sock");
    for (address, expected) in [
        (format!("127.0.0.1:{port}"), "(Address already in use)"),
        (
            "192.0.2.1:80".to_owned(),
            "(Cannot assign requested address)",
        ),
        (
            "/no/such/folder/s".to_owned(),
            "(No such file or directory)",
        ),
        ("fd@900".to_owned(), "(Bad file descriptor)"),
    ] {
        let text = format!(
            "{HEAD}listen a\n bind {}\n bind {address}\n",
            unix.display()
        );
        let outcome = load_text(&text, "-c");
        let got = messages(&outcome);
        let prepared = outcome.prepared.unwrap_or_else(|| panic!("{got:#?}"));
        let problems = bind_all(&prepared.listeners, |_| false, false).unwrap_err();
        let problem = problems.iter().next().unwrap();
        let start = "Starting proxy a: cannot bind socket ";
        assert!(problem.message.starts_with(start), "{}", problem.message);
        assert!(problem.message.contains(expected), "{}", problem.message);
        assert_eq!(
            outcome.report.sources.excerpt(problem.span.unwrap()),
            address
        );
        assert!(!unix.exists(), "{address}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn sockets_are_bound_as_their_lines_say() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let unix = folder.path().join("s.sock");
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    // What a process that was killed left behind.
    drop(std::os::unix::net::UnixListener::bind(&unix).unwrap());
    let text = format!(
        "{HEAD}listen a\n bind 127.0.0.1:{port}\n bind {} mode 600\n bind 192.0.2.1:80 transparent\n \
         bind abns@keel-test-{}\n",
        unix.display(),
        std::process::id()
    );
    let outcome = load_text(&text, "-c");
    let got = messages(&outcome);
    let prepared = outcome.prepared.unwrap_or_else(|| panic!("{got:#?}"));
    let bound = bind_all(&prepared.listeners, |_| false, false)
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(bound.len(), 4);
    std::os::unix::net::UnixStream::connect(&unix).unwrap();
    let mode = std::fs::metadata(&unix).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = bind_all(&prepared.listeners, |key| !key.contains("s.sock"), false).unwrap();
    assert_eq!(again.len(), 1, "only what is not held yet is bound");
}
