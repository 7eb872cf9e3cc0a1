//! The example files of the tree, read as they are.

use haproxy_config::{Load, Parsed, Text, parse};

fn example(path: &str) -> Parsed {
    let full = format!("{}/../../examples/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&full).unwrap_or_else(|error| panic!("{full}: {error}"));
    parse(Load {
        texts: vec![Text {
            name: path.to_owned(),
            text,
        }],
        ..Load::default()
    })
}

/// Messages, references and what the configuration says; places and what is off or absent are left
/// out.
fn shown(parsed: &Parsed) -> String {
    let mut lines: Vec<String> = messages(parsed);
    for reference in &parsed.references {
        lines.push(format!("{:?} {}", reference.kind, reference.path.display()));
    }
    let config = parsed.config.as_ref().expect("the example is accepted");
    lines.extend(said(&format!("{config:#?}")));
    lines.join("\n")
}

fn messages(parsed: &Parsed) -> Vec<String> {
    parsed
        .diagnostics
        .iter()
        .map(|message| diagnostics::render_line(&parsed.sources, message))
        .collect()
}

/// The lines of a debug text that say something, those of a wrapped single value joined.
fn said(text: &str) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut span_depth = None;
    for line in text.lines() {
        let content = line.trim_start();
        let depth = line.len() - content.len();
        if let Some(span) = span_depth {
            if depth == span {
                span_depth = None;
            }
            continue;
        }
        if content.starts_with("span: Span {") {
            span_depth = Some(depth);
        } else if matches!(content, ")" | "),") && kept.len() > 1 {
            let value = kept.pop().unwrap_or_default();
            let value = value.trim().trim_end_matches(',');
            match kept.last_mut() {
                Some(opening) if opening.ends_with('(') => {
                    opening.push_str(value);
                    opening.push_str(content);
                }
                _ => kept.extend([
                    format!("{}{value},", " ".repeat(depth + 4)),
                    line.to_owned(),
                ]),
            }
        } else if ![": None,", ": false,", ": [],"]
            .iter()
            .any(|off| content.ends_with(off))
        {
            kept.push(line.to_owned());
        }
    }
    kept
}

#[test]
fn the_landlord_pair() {
    let shown = shown(&example("landlord/haproxy.cfg"));
    insta::assert_snapshot!(shown);
}

#[test]
fn openstack() {
    let shown = shown(&example("openstack/haproxy.cfg"));
    insta::assert_snapshot!(shown);
}

#[test]
fn openstack_services() {
    let parsed = example("openstack/openstack-services.cfg");
    let shown = messages(&parsed).join("\n");
    insta::assert_snapshot!(shown);
    let config = parsed.config.expect("the example is accepted");
    assert_eq!(config.proxies.len(), 23);
    assert_eq!(parsed.references.len(), 1);
}
