//! `/etc/hosts` that leads a node to itself.

mod support;

use corosync_config::{MAX_TEXT_BYTES, hosts};
use diagnostics::{Sources, render, render_line};
use support::{Sample, loaded, node};

/// A node that is known by its name, and one whose address is written.
fn sample() -> Sample {
    let mut sample = Sample::new();
    sample.first_node = "name: HOST-1\nnodeid: 1\nring0_addr: host-1.example.org\n".to_owned();
    sample.nodes = node("name: HOST-2\nnodeid: 2\nring0_addr: 10.0.0.3\n");
    sample
}

fn messages(sample: &Sample, hosts: &str) -> Vec<String> {
    let configuration = loaded(&sample.text()).0.expect("no error");
    let mut sources = Sources::new();
    let messages = hosts::check(&configuration, "/etc/hosts", hosts, &mut sources);
    let messages = messages.iter();
    messages
        .map(|message| render_line(&sources, message))
        .collect()
}

#[test]
fn lines_that_resolve_a_node_to_the_machine_itself_are_told() {
    const ERROR: &str = "error: this line resolves node 'host-1.example.org' to 127.0.1.1";
    for (hosts, expected) in [
        (
            "127.0.1.1 host-1.example.org",
            vec![("/etc/hosts:1:1: ", ERROR)],
        ),
        (
            "\n# c\n  127.0.1.1\tx HOST-1.EXAMPLE.ORG # c\n",
            vec![(
                "/etc/hosts:3:3: ",
                "error: this line resolves node 'HOST-1.EXAMPLE.ORG'",
            )],
        ),
        (
            "::1 host-1.example.org",
            vec![(":1:1: ", "to ::1, where no other node can reach it")],
        ),
        (
            "::ffff:127.0.0.1 host-1.example.org",
            vec![(":1:1: ", "error: ")],
        ),
        (
            "127.0.1.1 HOST-1",
            vec![(":1:1: ", "warning: this line resolves node 'HOST-1'")],
        ),
        (
            "127.0.1.1 host-2 y\r\n",
            vec![(":1:1: ", "and write a line '10.0.0.3 host-2'")],
        ),
        (
            "127.0.1.1 host-1.example.org host-2",
            vec![("", ERROR), ("", "warning: ")],
        ),
        (
            "127.0.0.1 localhost\n10.0.0.2 host-1.example.org HOST-1\n10.0.0.3 HOST-2",
            vec![],
        ),
        ("# 127.0.1.1 HOST-1\n127.0.0.1 other # HOST-1\n", vec![]),
        ("", vec![]),
        ("nonsense HOST-1\n127.0.0.1\n", vec![]),
    ] {
        let found = messages(&sample(), hosts);
        assert_eq!(found.len(), expected.len(), "{hosts}\n{found:#?}");
        for (found, (place, words)) in found.iter().zip(expected) {
            assert!(found.contains(place) && found.contains(words), "{found}");
        }
    }
}

#[test]
fn a_node_alone_may_be_where_it_likes() {
    let mut sample = sample();
    sample.nodes.clear();
    assert!(messages(&sample, "127.0.1.1 host-1.example.org").is_empty());
}

#[test]
fn a_file_past_the_limit_is_not_checked() {
    let line = "127.0.1.1 host-2\n";
    let fill = |bytes: usize| line.to_owned() + &"\n".repeat(bytes - line.len());
    let [found] = <[String; 1]>::try_from(messages(&sample(), &fill(MAX_TEXT_BYTES))).expect("one");
    assert!(found.contains("resolves node"), "{found}");
    let [found] =
        <[String; 1]>::try_from(messages(&sample(), &fill(MAX_TEXT_BYTES + 1))).expect("one");
    assert!(found.contains("it is not checked"), "{found}");
}

#[test]
fn the_line_is_shown_with_what_to_write() {
    let configuration = loaded(&sample().text()).0.expect("no error");
    let mut sources = Sources::new();
    let text = "127.0.0.1\tlocalhost\n127.0.1.1\thost-1.example.org\thost-2\n";
    let messages = hosts::check(&configuration, "/etc/hosts", text, &mut sources);
    let messages = messages.iter();
    let drawn: Vec<String> = messages
        .map(|message| render(&sources, message, false))
        .collect();
    insta::assert_snapshot!(drawn.join("\n"));
}
