//! The shape of the workspace: dependencies point downward only, and the crates that decide have
//! no way to do.

use std::path::{Path, PathBuf};

/// The layers, lowest first. A crate may depend on crates of lower layers only; within a layer, on
/// none.
const LAYERS: &[&[&str]] = &[
    &["diagnostics", "dice", "linearizability", "testing-support"],
    &[
        "system",
        "http",
        "haproxy-config",
        "keepalived-config",
        "corosync-config",
        "vrrp",
        "cib",
        "quorum",
        "cluster-api",
        "cluster-keys",
        "pcsd-api",
        "membership",
    ],
    &[
        "agents",
        "corosync-group",
        "fencing",
        "replica",
        "rules",
        "scheduler",
        "vrrp-sim",
    ],
    &["balancer", "address-keeper", "controller", "lab", "pcs"],
    &["cluster-node"],
    &[
        "cluster",
        "cluster-lab",
        "cluster-load",
        "cluster-sim",
        "pcsd",
    ],
    &["keel", "fuzz", "xtask"],
];

/// The crates without clock, sockets, files, threads, environment or randomness.
const PURE: &[&str] = &[
    "cib",
    "cluster-node",
    "controller",
    "corosync-config",
    "corosync-group",
    "diagnostics",
    "haproxy-config",
    "http",
    "keepalived-config",
    "membership",
    "quorum",
    "replica",
    "rules",
    "scheduler",
    "vrrp",
];

/// What a pure crate must not name in its sources.
const IMPURE_WORDS: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io::",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "thread::spawn",
    "thread_rng",
    "rand::rng",
];

/// Libraries that a pure crate may use besides our own pure crates.
const PURE_LIBRARIES: &[&str] = &[
    "aho-corasick",
    "annotate-snippets",
    "base64",
    "bitflags",
    "bytes",
    "foldhash",
    "hmac",
    "httparse",
    "md-5",
    "memchr",
    "quick-xml",
    "regex",
    "serde",
    "serde_json",
    "sha2",
    "smallvec",
    "strsim",
    "thiserror",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root")
        .to_path_buf()
}

/// Every member: its package name and its folder.
fn members() -> Vec<(String, PathBuf)> {
    let mut folders = vec![root().join("xtask")];
    for parent in ["crates", "testing"] {
        let entries = std::fs::read_dir(root().join(parent)).expect("the folder can be listed");
        folders.extend(entries.flatten().map(|entry| entry.path()));
    }
    folders.retain(|folder| folder.join("Cargo.toml").is_file());
    folders
        .into_iter()
        .map(|folder| (package_name(&manifest(&folder)), folder))
        .collect()
}

fn manifest(folder: &Path) -> toml::Table {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a member has a manifest");
    text.parse().expect("a member's manifest is TOML")
}

fn package_name(manifest: &toml::Table) -> String {
    manifest["package"]["name"]
        .as_str()
        .expect("a package has a name")
        .to_owned()
}

/// The names in `[dependencies]`, the import name `http1` read as its package `http`.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table
        .into_iter()
        .flat_map(toml::Table::keys)
        .map(|name| {
            if name == "http1" {
                "http".to_owned()
            } else {
                name.clone()
            }
        })
        .collect()
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

#[test]
fn every_member_has_a_layer() {
    let without: Vec<_> = members()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| layer(name).is_none())
        .collect();
    assert!(
        without.is_empty(),
        "name their layer in xtask/tests/structure.rs: {without:?}"
    );
}

#[test]
fn dependencies_point_downward() {
    let mut upward = Vec::new();
    for (name, folder) in members() {
        for dependency in dependencies(&manifest(&folder)) {
            if layer(&dependency).is_some_and(|below| Some(below) >= layer(&name)) {
                upward.push(format!("{name} → {dependency}"));
            }
        }
    }
    assert!(
        upward.is_empty(),
        "these depend upward or sideways: {upward:?}"
    );
}

#[test]
fn pure_crates_use_pure_libraries_only() {
    let mut impure = Vec::new();
    for (name, folder) in members()
        .into_iter()
        .filter(|(name, _)| PURE.contains(&name.as_str()))
    {
        for dependency in dependencies(&manifest(&folder)) {
            let dependency = dependency.as_str();
            if !PURE.contains(&dependency) && !PURE_LIBRARIES.contains(&dependency) {
                impure.push(format!("{name} → {dependency}"));
            }
        }
    }
    assert!(
        impure.is_empty(),
        "a crate that decides does no I/O: {impure:?}"
    );
}

#[test]
fn pure_crates_have_no_clock_socket_file_or_thread() {
    let mut found = Vec::new();
    for (_, folder) in members()
        .into_iter()
        .filter(|(name, _)| PURE.contains(&name.as_str()))
    {
        for file in rust_files(&folder.join("src")) {
            let text = std::fs::read_to_string(&file).expect("a source file can be read");
            for (number, line) in (1..).zip(text.lines()) {
                let code = line.split("//").next().unwrap_or("");
                if let Some(word) = IMPURE_WORDS.iter().find(|word| code.contains(**word)) {
                    found.push(format!("{}:{number}: {word}", file.display()));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "a crate that decides does no I/O:\n{}",
        found.join("\n")
    );
}

#[test]
fn unsafe_lives_in_system_alone() {
    let mut found = Vec::new();
    for (_, folder) in members().into_iter().filter(|(name, _)| name != "system") {
        for file in rust_files(&folder) {
            let text = std::fs::read_to_string(&file).expect("a source file can be read");
            if text.contains(concat!("allow(unsafe", "_code)")) {
                found.push(file.display().to_string());
            }
        }
    }
    assert!(
        found.is_empty(),
        "unsafe code outside crate system: {found:?}"
    );
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
