//! Configurations in one text, and what is said of them.

#![allow(dead_code, reason = "each test file uses a part")]

use corosync_config::{Configuration, Loaded, load, load_cluster_conf};
use diagnostics::{Sources, render_line};

fn rendered(loaded: Loaded, sources: &Sources) -> (Option<Configuration>, Vec<String>) {
    let messages = loaded.diagnostics.iter();
    let messages = messages.map(|message| render_line(sources, message));
    (loaded.configuration, messages.collect())
}

/// Reads a `corosync.conf` and renders what was said about it.
pub fn loaded(text: &str) -> (Option<Configuration>, Vec<String>) {
    let mut sources = Sources::new();
    rendered(load("c.conf", text, &mut sources), &sources)
}

/// Reads a `cluster.conf` and renders what was said about it.
pub fn loaded_cluster_conf(text: &str) -> (Option<Configuration>, Vec<String>) {
    let mut sources = Sources::new();
    let loaded = load_cluster_conf("cluster.conf", text, &mut sources);
    rendered(loaded, &sources)
}

/// A cluster of two nodes, the first of which is this machine for corosync, too.
pub struct Sample {
    pub totem: String,
    pub first_node: String,
    pub nodes: String,
    pub quorum: String,
    pub more: String,
}

impl Sample {
    pub fn new() -> Self {
        Self {
            totem: "version: 2\ncluster_name: sample\n".to_owned(),
            first_node: "name: n1\nnodeid: 1\nring0_addr: 127.0.0.1\n".to_owned(),
            nodes: node("name: n2\nnodeid: 2\nring0_addr: 127.0.0.2\n"),
            quorum: "provider: corosync_votequorum\n".to_owned(),
            more: String::new(),
        }
    }

    pub fn text(&self) -> String {
        let Self {
            totem,
            first_node,
            nodes,
            quorum,
            more,
        } = self;
        let first = node(first_node);
        format!("totem {{\n{totem}}}\nnodelist {{\n{first}{nodes}}}\nquorum {{\n{quorum}}}\n{more}")
    }
}

/// A `node` section with these lines in it.
pub fn node(lines: &str) -> String {
    format!("node {{\n{lines}}}\n")
}
