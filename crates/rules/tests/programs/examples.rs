//! The configurations under `examples/` compile without a word and do what they say.

use std::collections::BTreeMap;

use diagnostics::Diagnostics;
use haproxy_config::model::Config;
use haproxy_config::{Load, Text, parse};
use rules::{Inputs, Programs, Request, Verdict, compile};

use crate::harness::{chosen, request, session};

fn programs(text: &str) -> (Config, Programs) {
    let parsed = parse(Load {
        texts: vec![Text {
            name: "haproxy.cfg".to_owned(),
            text: text.to_owned(),
        }],
        ..Load::default()
    });
    let config = parsed.config.expect("the example is valid");
    let mut diagnostics = Diagnostics::new();
    let inputs = Inputs {
        pattern_file: &|_| None,
        environment: &BTreeMap::new(),
        hostname: "fred",
    };
    let programs = compile(&config, &inputs, &mut diagnostics);
    assert_eq!(diagnostics, Diagnostics::new());
    (config, programs)
}

fn index(config: &Config, name: &str) -> usize {
    let is_named = |proxy: &haproxy_config::model::Proxy| proxy.name.value == name;
    config.proxies.iter().position(is_named).unwrap()
}

#[test]
fn the_landlord_pair_compiles() {
    programs(include_str!("../../../../examples/landlord/haproxy.cfg"));
}

#[test]
fn static_files_go_to_their_own_backend() {
    let (config, programs) = programs(include_str!("../../../../examples/openstack/haproxy.cfg"));
    let (main, files) = (index(&config, "main"), index(&config, "static"));
    for (target, expected) in [
        ("/static/x", Some(files)),
        ("/IMAGES/x", Some(files)),
        ("/a/logo.PNG", Some(files)),
        ("/index.html", None),
        ("/", None),
    ] {
        let first_line = format!("GET {target} HTTP/1.1");
        let found = chosen(&programs, main, &first_line, &["Host: h"]);
        assert_eq!(found, expected, "{target}");
    }
}

#[test]
fn the_old_reqadd_adds_its_line_and_the_stats_page_has_its_administrator() {
    let text = include_str!("../../../../examples/openstack/openstack-services.cfg");
    let (config, programs) = programs(text);
    let (mut head, original) = request("GET / HTTP/1.1", &["Host: h"]);
    let horizon = &programs.proxies[index(&config, "horizon_frontend")];
    assert_eq!(
        horizon.request(&session(), &mut head, &original),
        Verdict::Continue
    );
    let mut out = Vec::new();
    head.encode_into(&original, &mut out);
    assert_eq!(
        out,
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Protocol: https\r\n\r\n"
    );
    let request = Request {
        head: &head,
        original: &original,
    };
    let stats = &programs.proxies[index(&config, "stats")];
    assert!(stats.may_administer(&session(), request));
    assert!(!horizon.may_administer(&session(), request));
}
