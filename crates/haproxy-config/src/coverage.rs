//! Nothing of the language is silently ignored: every word of the tables either changes the
//! configuration or is spoken of.

use diagnostics::Severity;

use crate::keywords::{BIND, GLOBAL, OPTIONS, PROXY, SECTIONS, SERVER};
use crate::{Load, Parsed, Text, parse};

/// Words that say what holds anyway: they switch off what is off.
const SAY_WHAT_HOLDS: [&str; 18] = [
    "check",
    "enabled",
    "http-keep-alive",
    "no-agent-check",
    "no-alpn",
    "no-backup",
    "no-check",
    "no-check-reuse-pool",
    "no-check-sni-auto",
    "no-check-ssl",
    "no-send-proxy",
    "no-send-proxy-v2",
    "no-send-proxy-v2-ssl",
    "no-send-proxy-v2-ssl-cn",
    "no-ssl",
    "no-sslv3",
    "no-strict-sni",
    "no-tfo",
];

fn load(text: &str) -> Parsed {
    parse(Load {
        texts: vec![Text {
            name: "a.cfg".to_owned(),
            text: text.to_owned(),
        }],
        ..Load::default()
    })
}

/// What a text configures, without the places of its words.
fn configured(parsed: &Parsed) -> String {
    let text = format!("{:?}", parsed.config);
    let mut kept = String::new();
    for (index, part) in text.split("span: Span {").enumerate() {
        kept.push_str(match (index, part.split_once(" }")) {
            (0, _) | (_, None) => part,
            (_, Some((_, rest))) => rest,
        });
    }
    kept
}

/// Checks that adding `line` to `before` is noticed, and that its word is known.
fn check(before: &str, word: &str, line: &str) {
    let without = load(before);
    let with = load(&format!("{before}{line}\n"));
    let new_messages = with.diagnostics.len() > without.diagnostics.len();
    assert!(
        new_messages || configured(&with) != configured(&without),
        "'{line}' is silently ignored"
    );
    for message in &with.diagnostics {
        let says_unknown = message
            .message
            .starts_with(&format!("unknown keyword '{word}'"))
            || message
                .message
                .starts_with(&format!("unknown option '{word}'"))
            || message
                .message
                .starts_with(&format!("unknown argument '{word}'"));
        assert!(!says_unknown, "{line}: {}", message.message);
    }
}

#[test]
fn every_keyword_is_noticed() {
    for (name, sections) in PROXY {
        let section = match sections.chars().last() {
            Some('B') => "backend a",
            Some('L') => "listen a",
            Some('F') => "frontend a",
            _ => "defaults a",
        };
        for arguments in ["", " x", " 7", " x x", " x len 7"] {
            if !SAY_WHAT_HOLDS.contains(name) {
                check(
                    &format!("{section}\n mode http\n"),
                    name,
                    &format!(" {name}{arguments}"),
                );
            }
        }
    }
    // `setenv` and its kin change what later lines see, not the configuration.
    for name in GLOBAL.iter().filter(|name| !name.ends_with("env")) {
        for arguments in ["", " x", " 1"] {
            check(
                "global\n stats socket /x\n",
                name,
                &format!(" {name}{arguments}"),
            );
        }
    }
    for name in SECTIONS {
        if !matches!(*name, "defaults" | "global") {
            check("", name, &format!("{name} x"));
        }
    }
}

#[test]
fn every_option_is_noticed() {
    for (name, ..) in OPTIONS {
        if SAY_WHAT_HOLDS.contains(name) {
            continue;
        }
        check("listen a\n mode http\n", name, &format!(" option {name}"));
        check("listen a\n mode http\n", name, &format!(" option {name} x"));
    }
}

#[test]
fn every_parameter_is_noticed() {
    for (table, before, line) in [
        (BIND, "frontend a\n", " bind :80"),
        (SERVER, "backend a\n", " server s :80 check"),
    ] {
        let plain = load(&format!("{before}{line}\n"));
        for (name, arguments) in table {
            if SAY_WHAT_HOLDS.contains(name) || name.starts_with("no-tlsv1") {
                continue;
            }
            let with = load(&format!(
                "{before}{line} {name}{}\n",
                " 7".repeat(*arguments)
            ));
            let new_messages = with.diagnostics.len() > plain.diagnostics.len()
                || with.diagnostics.worst() == Some(Severity::Error);
            assert!(
                new_messages || configured(&with) != configured(&plain),
                "'{name}' of '{line}' is silently ignored"
            );
            for message in &with.diagnostics {
                let unknown = format!("unknown argument '{name}'");
                assert!(
                    !message.message.starts_with(&unknown),
                    "{}",
                    message.message
                );
            }
        }
    }
}
