//! The cluster's configuration, in both languages, and `/etc/hosts`.

use corosync_config::{Configuration, Loaded, load, load_cluster_conf};
use diagnostics::Sources;

use super::show;

/// Every message can be shown; what was understood answers every question without overflow.
fn check(loaded: &Loaded, sources: &Sources) {
    show(sources, &loaded.diagnostics);
    assert_eq!(
        loaded.configuration.is_none(),
        loaded.diagnostics.has_errors()
    );
    let Some(configuration) = &loaded.configuration else {
        return;
    };
    let nodes = configuration.nodes.len();
    assert!((1..=corosync_config::MAX_NODES).contains(&nodes));
    assert!((1..=usize::from(corosync_config::MAX_LINKS)).contains(&configuration.links.len()));
    let times = &configuration.times;
    let _ = (times.hold_ms(nodes), times.consensus_ms(nodes));
    for link in &configuration.links {
        let _ = configuration.port(link);
        let token_ms = times.token_ms(nodes);
        let _ = (
            link.ping_interval_ms(token_ms),
            link.ping_timeout_ms(token_ms),
        );
        let on_link =
            |node: &corosync_config::model::Node| node.addresses.contains_key(&link.number);
        assert!(configuration.nodes.iter().all(on_link));
    }
}

/// Any text is understood or refused.
pub fn corosync_conf(bytes: &[u8]) {
    let mut sources = Sources::new();
    let loaded = load("c.conf", &String::from_utf8_lossy(bytes), &mut sources);
    check(&loaded, &sources);
}

/// As for corosync.conf.
pub fn cluster_conf(bytes: &[u8]) {
    let mut sources = Sources::new();
    let loaded = load_cluster_conf("c.conf", &String::from_utf8_lossy(bytes), &mut sources);
    check(&loaded, &sources);
}

/// Any hosts file can be looked at.
pub fn hosts(bytes: &[u8]) {
    let text = include_str!("../../../../examples/active-standby/corosync.conf");
    let mut sources = Sources::new();
    let configuration: Configuration = load("c.conf", text, &mut sources)
        .configuration
        .expect("the example is understood");
    let text = String::from_utf8_lossy(bytes);
    let messages = corosync_config::hosts::check(&configuration, "hosts", &text, &mut sources);
    show(&sources, &messages);
}
