//! A machine becomes a node as a whole, or not at all.

use std::os::unix::fs::PermissionsExt;

use cluster_keys::{create_authority, issue};
use pcsd_api::{KnownHosts, Secret};

use super::*;

/// A machine whose files are all in one folder.
struct Machine {
    folder: tempfile::TempDir,
    place: Place,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::of_environment();
        place.folder = folder.path().join("pcsd");
        place.configuration = folder.path().join("corosync.conf");
        place.cman_configuration = folder.path().join("cluster.conf");
        Self { folder, place }
    }

    fn configuration(&self, cluster: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "totem {{\nversion: 2\ncluster_name: {cluster}\n}}\nnodelist {{\nnode {{\nnodeid: 1\nname: a\n\
             ring0_addr: 10.0.0.1\n}}\n}}\nquorum {{\nprovider: corosync_votequorum\n}}\n\
             keel {{\ncertificates: {folder}/keys\ncib: {folder}/cib\n}}\n"
        )
    }

    fn bundle(&self, cluster: &str, replaces: Replaces) -> Bundle {
        Bundle {
            id: "a1".to_owned(),
            configuration: self.configuration(cluster),
            keys: Some(keys(cluster, 1)),
            hosts: KnownHosts::default(),
            replaces,
        }
    }

    fn prepare(&self, bundle: Bundle) -> Result<Prepared, Refusal> {
        prepare(&self.place, bundle, false)
    }

    /// The names of all files, with their modes where others cannot read them.
    fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
                let path = path.strip_prefix(self.folder.path()).unwrap();
                let secret = if mode == SECRET { " secret" } else { "" };
                names.push(format!("{}{secret}", path.display()));
            }
        }
        names.sort();
        names
    }
}

fn keys(cluster: &str, node: u32) -> NodeKeys {
    let authority = create_authority(cluster).unwrap();
    let issued = issue(&authority, cluster, node, "a").unwrap();
    NodeKeys {
        authority: authority.certificates_pem,
        authority_key: Secret::new(authority.key_pem),
        certificate: issued.certificate_pem,
        key: Secret::new(issued.key_pem),
    }
}

const NODE: [&str; 5] = [
    "corosync.conf",
    "keys/authority.key secret",
    "keys/authority.pem",
    "keys/node.key secret",
    "keys/node.pem",
];

#[test]
fn what_is_prepared_takes_effect_at_once_or_never() {
    let machine = Machine::new();
    let bundle = || machine.bundle("web", Replaces::Nothing);
    let prepared = machine.prepare(bundle()).unwrap();
    let beside = NODE.map(|name| match name.split_once(' ') {
        Some((name, secret)) => format!("{name}.{PREPARED} {secret}"),
        None => format!("{name}.{PREPARED}"),
    });
    assert_eq!(machine.files(), beside);
    prepared.abort();
    assert!(machine.files().is_empty());
    // What a pcsd left behind that died meanwhile is replaced.
    drop(machine.prepare(bundle()).unwrap());
    let prepared = machine.prepare(bundle()).unwrap();
    prepared.commit(&machine.place).unwrap();
    assert_eq!(machine.files(), NODE);
    assert_eq!(
        machine.place.configured().unwrap().cluster_name.value,
        "web"
    );
}

#[test]
fn who_is_a_node_becomes_another_on_demand_only() {
    let machine = Machine::new();
    let commit = |bundle| {
        machine
            .prepare(bundle)?
            .commit(&machine.place)
            .map_err(|_| unreachable!())
    };
    let kind = |done: Result<(), Refusal>| done.map_err(|refusal| refusal.kind);
    let join = |cluster: &str, replaces| kind(commit(machine.bundle(cluster, replaces)));
    let same = |cluster: &str| join(cluster, Replaces::SameCluster);
    assert_eq!(same("web"), Err(RefusalKind::Failed));
    assert_eq!(join("web", Replaces::Nothing), Ok(()));
    let cib = machine.folder.path().join("cib");
    fs::create_dir(&cib).unwrap();
    for name in ["cib-1.xml", "quorum-record", "notes"] {
        fs::write(cib.join(name), "").unwrap();
    }
    let before = machine.files();
    assert_eq!(join("db", Replaces::Nothing), Err(RefusalKind::HasCluster));
    assert_eq!(same("db"), Err(RefusalKind::Failed));
    assert_eq!(same("web"), Ok(()));
    assert_eq!(machine.files(), before);
    assert_eq!(join("db", Replaces::AnyCluster), Ok(()));
    let left: Vec<String> = machine
        .files()
        .into_iter()
        .filter(|it| it.starts_with("cib/"))
        .collect();
    assert_eq!(left, ["cib/notes"]);
    forget_cluster(&machine.place).unwrap();
    assert_eq!(machine.files(), ["cib/notes"]);
    // Once more is no error.
    forget_cluster(&machine.place).unwrap();
    let running = prepare(
        &machine.place,
        machine.bundle("web", Replaces::Nothing),
        true,
    );
    assert_eq!(
        running.err().map(|it| it.kind),
        Some(RefusalKind::HasCluster)
    );
}

#[test]
fn what_would_not_work_is_refused_before_anything_is_written() {
    let machine = Machine::new();
    let good = || machine.bundle("web", Replaces::Nothing);
    let with = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = good();
        change(&mut bundle);
        bundle
    };
    for (bundle, expected) in [
        (
            with(&|it| it.id.clear()),
            "an id is 1 to 64 letters and digits",
        ),
        (
            with(&|it| it.id = "../x".to_owned()),
            "an id is 1 to 64 letters and digits",
        ),
        (
            with(&|it| it.id = "x".repeat(MAX_ID_BYTES + 1)),
            "an id is 1 to 64",
        ),
        (
            with(&|it| it.configuration = "tokne: 1".to_owned()),
            "error",
        ),
        (with(&|it| it.keys = Some(keys("web", 7))), "node.pem"),
        (with(&|it| it.keys = Some(keys("db", 1))), "node.pem"),
        (
            with(&|it| {
                it.configuration = it.configuration.replace("10.0.0.1", "no.such.host.invalid")
            }),
            "Could not resolve host: no.such.host.invalid",
        ),
    ] {
        let refusal = machine.prepare(bundle).err().expect(expected);
        assert!(
            refusal.reason.contains(expected),
            "{expected}: {}",
            refusal.reason
        );
        assert!(machine.files().is_empty(), "{expected}");
    }
    let longest = with(&|it| it.id = "x".repeat(MAX_ID_BYTES));
    machine.prepare(longest).unwrap().abort();
}
