//! What small configurations come to mean: merging, inheritance, defaults and old forms.

use std::collections::BTreeMap;
use std::time::Duration;

use haproxy_config::model::{Config, Proxy, RuleSet};
use haproxy_config::{Load, Parsed, Process, ReferenceKind, Text, evaluate, parse};

fn texts(texts: &[&str]) -> Parsed {
    parse(Load {
        texts: (1..)
            .zip(texts)
            .map(|(number, text)| Text {
                name: format!("{number}.cfg"),
                text: (*text).to_owned(),
            })
            .collect(),
        environment: [("OUTSIDE".to_owned(), "set".to_owned())].into(),
        process: Process::default(),
    })
}

fn config(text: &str) -> Config {
    let parsed = texts(&[text]);
    let messages: Vec<String> = parsed
        .diagnostics
        .iter()
        .map(|message| diagnostics::render_line(&parsed.sources, message))
        .collect();
    parsed
        .config
        .unwrap_or_else(|| panic!("{text}\n{messages:#?}"))
}

fn proxy(text: &str, name: &str) -> Proxy {
    let config = config(text);
    let mut proxies = config.proxies.into_iter();
    proxies
        .find(|proxy| proxy.name.value == name)
        .unwrap_or_else(|| panic!("no proxy '{name}' in\n{text}"))
}

#[test]
fn several_texts_and_several_globals_are_one_configuration() {
    let parsed = texts(&[
        "global\n maxconn 10\n log /dev/log local0\ndefaults\n mode http\n timeout client 1s\n",
        "global\n maxconn 20\n log 127.0.0.1 local1\nlisten a\n bind :80\n",
        "listen b\n bind :81\n log global\n",
    ]);
    let config = parsed.config.expect("accepted");
    assert_eq!(config.global.maxconn, Some(20));
    assert_eq!(config.global.log.len(), 2);
    let names: Vec<&str> = config
        .proxies
        .iter()
        .map(|p| p.name.value.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(config.proxies[1].log, config.global.log);
    assert_eq!(
        config.proxies[1].timeouts.client,
        Some(Duration::from_secs(1)),
        "defaults reach over the end of a file"
    );
}

#[test]
fn a_section_ends_with_its_file() {
    let parsed = texts(&["listen a\n bind :80\n", " mode http\n"]);
    assert!(parsed.config.is_none());
}

#[test]
fn defaults_are_inherited_from_the_last_or_the_named_section() {
    let text = "defaults one\n mode http\n retries 1\n acl a path /\n http-request deny if a\n\
        defaults two from one\n retries 2\n\
        defaults\n retries 5\n\
        backend x from one\nbackend y from two\nbackend z\n retries 7\nbackend w\n";
    for (name, retries, rules) in [("x", 1, 1), ("y", 2, 1), ("z", 7, 0), ("w", 5, 0)] {
        let proxy = proxy(text, name);
        assert_eq!(
            (proxy.retries, proxy.rules.len()),
            (retries, rules),
            "{name}"
        );
    }
}

#[test]
fn log_lines_add_up_until_no_log() {
    let head = "global\n log /dev/log local0\n log /dev/log local1\ndefaults\n log global\n";
    for (lines, expected) in [("", 2), (" log 127.0.0.1 local3\n", 3), (" no log\n", 0)] {
        let proxy = proxy(&format!("{head}backend a\n{lines}"), "a");
        assert_eq!(proxy.log.len(), expected, "{lines}");
    }
}

#[test]
fn options_are_set_unset_and_reset() {
    let head = "defaults\n mode http\n option redispatch\n option httpclose\n option forwardfor\n";
    let shown = |lines: &str| {
        let proxy = proxy(&format!("{head}backend a\n{lines}"), "a");
        format!(
            "{} {:?} {}",
            proxy.redispatch,
            proxy.connection_mode,
            proxy.forward_for.is_some()
        )
    };
    for (lines, expected) in [
        ("", "-1 Close true"),
        (" no option redispatch\n", "0 Close true"),
        (" option redispatch 2\n", "2 Close true"),
        (" no option httpclose\n", "-1 KeepAlive true"),
        (" default option httpclose\n", "-1 KeepAlive true"),
        (" no option http-server-close\n", "-1 Close true"),
        (" option http-server-close\n", "-1 ServerClose true"),
        (" option http-keep-alive\n", "-1 KeepAlive true"),
        (" no option forwardfor\n", "-1 Close false"),
    ] {
        assert_eq!(shown(lines), expected, "{lines}");
    }
}

#[test]
fn default_server_holds_for_the_servers_below_it() {
    let proxy = proxy(
        "defaults\n timeout connect 1s\n timeout server 1s\n default-server inter 5s\nbackend a\n \
         server s :1 check\n default-server weight 10 fall 7 check\n server t :2\n \
         server u :3 no-check weight 0 id 1\n",
        "a",
    );
    let shown: Vec<String> = proxy
        .servers
        .iter()
        .map(|server| {
            let check = server
                .check
                .as_ref()
                .map(|check| (check.inter.as_secs(), check.fall));
            format!("{} {} {check:?}", server.id, server.weight)
        })
        .collect();
    assert_eq!(shown, ["2 1 Some((5, 3))", "3 10 Some((5, 7))", "1 0 None"]);
}

#[test]
fn http_checks_are_put_together_from_their_lines() {
    let shown = |lines: &str| {
        let text = format!(
            "defaults\n mode http\n option httpchk GET /d\n http-check send hdr D d\n\
             backend a\n{lines}"
        );
        format!("{:?}", proxy(&text, "a").check)
    };
    for (lines, expected) in [
        (
            "",
            "method: \"GET\", uri: \"/d\", version: \"HTTP/1.0\", headers: [(\"D\", \"d\")]",
        ),
        (" option httpchk\n", "method: \"OPTIONS\", uri: \"/\""),
        (" option httpchk /x\n", "method: \"OPTIONS\", uri: \"/x\""),
        (
            " option httpchk HEAD /x HTTP/1.1\\r\\nHost:\\ www\n http-check send uri /y body z\n",
            "method: \"HEAD\", uri: \"/y\", version: \"HTTP/1.1\", headers: [(\"Host\", \"www\")], \
             body: Some(\"z\")",
        ),
        (
            " http-check expect ! status 200,300-399\n",
            "headers: [], body: None, expect: Some",
        ),
        (
            " http-check expect !status 200,300-399\n",
            "negated: true, pattern: Status([(200, 200), (300, 399)])",
        ),
    ] {
        let check = shown(lines);
        assert!(check.contains(expected), "{lines}: {check}");
    }
}

#[test]
fn old_header_lines_become_rules() {
    let rule = |line: &str| {
        let text = format!("defaults\n mode http\nbackend a\n {line}\n");
        let proxy = proxy(&text, "a");
        let rule = proxy.rules.first().expect("a rule");
        let words: Vec<&str> = rule.action.iter().map(|word| word.value.as_str()).collect();
        let set = match rule.set {
            RuleSet::HttpRequest => "request",
            RuleSet::HttpResponse => "response",
            _ => "other",
        };
        let condition = if rule.condition.is_some() { " if" } else { "" };
        format!("{set}: {}{condition}", words.join("|"))
    };
    for (line, expected) in [
        ("reqadd X-A:\\ b\\ c", "request: add-header|X-A|b c"),
        ("reqadd X-A:\\ 5% if TRUE", "request: add-header|X-A|5%% if"),
        ("rspadd X-A:b", "response: add-header|X-A|b"),
        ("reqdel ^A", "request: del-header-line|^A"),
        (
            "reqidel ^A unless TRUE",
            "request: del-header-line|-i|^A if",
        ),
        ("reqrep a b", "request: replace-header-line|a|b"),
        ("rspirep a b", "response: replace-header-line|-i|a|b"),
        ("reqideny a", "request: deny-header-line|-i|a"),
        ("rspdeny a", "response: deny-header-line|a"),
        ("reqallow a", "request: allow-header-line|a"),
        ("reqitarpit a", "request: tarpit-header-line|-i|a"),
        ("block if TRUE", "request: deny if"),
        (
            "redirect location / if TRUE",
            "request: redirect|location|/ if",
        ),
    ] {
        assert_eq!(rule(line), expected, "{line}");
    }
    assert!(
        texts(&["defaults d\n mode http\n http-request del-header-line x\n"])
            .config
            .is_none(),
        "the actions behind old lines cannot be written"
    );
}

#[test]
fn redirects_come_after_the_other_rules_of_a_request() {
    let proxy = proxy(
        "defaults\n mode http\nbackend a\n redirect location /x\n http-request deny\n",
        "a",
    );
    let actions: Vec<&str> = proxy
        .rules
        .iter()
        .map(|rule| rule.action[0].value.as_str())
        .collect();
    assert_eq!(actions, ["deny", "redirect"]);
}

#[test]
fn files_are_listed_once_with_their_purpose() {
    let parsed = texts(&[
        "global\n crt-base /certs\ndefaults d\n mode http\n timeout client 1s\n \
         errorfile 503 /e/503.http\n acl bad src -i -f /bad -f /worse\n\
         listen a from d\n bind :80 ssl crt a.pem crt /b.pem\n \
         use_backend b if { path -m beg -f file@/paths } || bad\n http-request deny if bad\n\
         backend b from d\n",
    ]);
    let found: Vec<String> = parsed
        .references
        .iter()
        .map(|reference| format!("{:?} {}", reference.kind, reference.path.display()))
        .collect();
    assert_eq!(
        found,
        [
            "Certificate /certs/a.pem",
            "Certificate /b.pem",
            "ErrorFile /e/503.http",
            "Patterns /bad",
            "Patterns /worse",
            "Patterns /paths",
        ]
    );
    let first = &parsed.references[0];
    assert_eq!(first.kind, ReferenceKind::Certificate);
    assert_eq!(parsed.sources.excerpt(first.span()), "a.pem");
}

#[test]
fn unix_bind_reaches_the_unix_sockets_of_bind_lines() {
    let proxy = proxy(
        "global\n unix-bind prefix /run/ mode 600 user www\n\
         listen a\n bind unix@x.sock\n bind /y.sock mode 660\n bind :80\n timeout client 1s\n",
        "a",
    );
    let shown: Vec<String> = proxy
        .binds
        .iter()
        .map(|bind| format!("{:?} {:?}", bind.address.value, bind.unix_mode))
        .collect();
    assert_eq!(shown[0], "Unix(\"/run/x.sock\") Some(384)");
    assert_eq!(shown[1], "Unix(\"/run//y.sock\") Some(432)");
    assert!(shown[2].ends_with("None"));
}

#[test]
fn the_environment_changes_line_by_line() {
    let parsed = texts(&[
        "global\n setenv A 1\n presetenv A 2\n presetenv B 3\n log-tag \"$A$B$OUTSIDE\"\n \
         unsetenv OUTSIDE\n log-send-hostname \"x$OUTSIDE\"\n resetenv A\n",
    ]);
    let global = parsed.config.expect("accepted").global;
    assert_eq!(global.log_tag.as_deref(), Some("13set"));
    assert_eq!(global.log_send_hostname, Some(Some("x".to_owned())));
    assert_eq!(
        parsed.environment,
        BTreeMap::from([("A".to_owned(), "1".to_owned())])
    );
}

#[test]
fn conditional_blocks_nest_to_the_limit() {
    // HAProxy's MAXNESTEDCONDS.
    const LIMIT: usize = 100;
    let nested = |depth: usize| {
        let text = format!(
            "{}global\n maxconn 5\n{}",
            ".if 1\n".repeat(depth),
            ".endif\n".repeat(depth)
        );
        texts(&[&text])
            .config
            .and_then(|config| config.global.maxconn)
    };
    assert_eq!(nested(LIMIT), Some(5));
    assert_eq!(nested(LIMIT + 1), None);
}

#[test]
fn expressions_of_the_command_line_are_cut_like_lines() {
    let environment = BTreeMap::from([("A".to_owned(), "b c".to_owned())]);
    let value = |text: &str| evaluate(text, &environment, &Process::default());
    assert_eq!(value("streq(\"$A\",'b c')"), Ok(true));
    assert_eq!(
        value("version_atleast(3.5-dev5)   &&   !version_atleast(3.6)"),
        Ok(true)
    );
    assert_eq!(value(""), Ok(false));
    assert!(value("\"").is_err());
    assert!(value("maybe").is_err());
}
