//! Keys in a folder: written, read, refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use cluster_keys::{
    Issued, Keys, KeysError, MAX_FILE_BYTES, create_authority, issue, provide, read_authority,
    write_authority, write_node,
};
use tempfile::TempDir;

const CLUSTER: &str = "web";

/// A folder with an authority and the keys of node 3.
fn folder() -> (TempDir, Issued) {
    let folder = tempfile::tempdir().unwrap();
    let authority = create_authority(CLUSTER).unwrap();
    let issued = issue(&authority, CLUSTER, 3, "alfa").unwrap();
    let key = Some(&*authority.key_pem);
    write_authority(folder.path(), &authority.certificates_pem, key).unwrap();
    write_node(folder.path(), &issued).unwrap();
    (folder, issued)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn keys_are_written_and_read() {
    let (folder, _) = folder();
    let keys = Keys::read(folder.path(), CLUSTER, 3).unwrap();
    assert_eq!(
        (keys.cluster(), keys.node(), keys.authorities()),
        (CLUSTER, 3, 1)
    );
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                mode(&entry.path()),
            )
        })
        .collect();
    names.sort();
    let expected = [
        ("authority.key", 0o600),
        ("authority.pem", 0o644),
        ("node.key", 0o600),
        ("node.pem", 0o644),
    ];
    assert!(
        names
            .iter()
            .map(|(name, mode)| (&**name, *mode))
            .eq(expected),
        "{names:?}"
    );

    // The authority that was written issues for more nodes, and two are trusted while one goes.
    let authority = read_authority(folder.path()).unwrap();
    let successor = create_authority(CLUSTER).unwrap();
    let both = authority.certificates_pem.clone() + &successor.certificates_pem;
    write_authority(folder.path(), &both, None).unwrap();
    write_node(
        folder.path(),
        &issue(&successor, CLUSTER, 3, "alfa").unwrap(),
    )
    .unwrap();
    let keys = Keys::read(folder.path(), CLUSTER, 3).unwrap();
    assert_eq!(keys.authorities(), 2);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let (folder, _) = folder();
    for file in ["node.key", "authority.key"] {
        let path = folder.path().join(file);
        for (mode, accepted) in [
            (0o600, true),
            (0o400, true),
            (0o640, false),
            (0o604, false),
            (0o660, false),
            (0o601, false),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let read = match file {
                "node.key" => Keys::read(folder.path(), CLUSTER, 3).map(drop),
                _ => read_authority(folder.path()).map(drop),
            };
            assert_eq!(read.is_ok(), accepted, "{file} {mode:o}");
            if let Err(error) = read {
                let expected = format!(
                    "{}: others can read this key (mode {mode:04o}, owner ",
                    path.display()
                );
                assert!(error.to_string().starts_with(&expected), "{error}");
            }
        }
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn what_is_no_key_is_refused_by_name() {
    let other = create_authority(CLUSTER).unwrap();
    let foreign = issue(&other, CLUSTER, 3, "alfa").unwrap();
    let large = "x".repeat(MAX_FILE_BYTES as usize + 1);
    let many = other.certificates_pem.repeat(9);
    for (file, text, expected) in [
        ("node.pem", "", "node.pem: there is no certificate in it"),
        (
            "node.pem",
            "nonsense",
            "node.pem: there is no certificate in it",
        ),
        (
            "node.key",
            "nonsense",
            "node.key: there is no key in it that is understood (PEM)",
        ),
        (
            "authority.pem",
            "",
            "authority.pem: there is no certificate in it",
        ),
        (
            "authority.pem",
            &many,
            "authority.pem: 9 certificates, more than 8",
        ),
        ("node.pem", &large, "node.pem: larger than 262144 bytes"),
        (
            "node.pem",
            &foreign.certificate_pem,
            "node.key is not the key of the certificate in node.pem",
        ),
        (
            "node.key",
            &foreign.key_pem,
            "node.key is not the key of the certificate in node.pem",
        ),
        (
            "authority.pem",
            &other.certificates_pem,
            "node.pem: the other nodes would refuse it: a certificate of an authority that this \
             cluster does not trust",
        ),
        (
            "node.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "node.key: ",
        ),
    ] {
        let (folder, _) = folder();
        fs::write(folder.path().join(file), text).unwrap();
        let error = Keys::read(folder.path(), CLUSTER, 3)
            .unwrap_err()
            .to_string();
        let error = error.rsplit('/').next().unwrap_or(&error);
        assert!(error.starts_with(expected), "{file}: {error}");
    }
    let (folder, _) = folder();
    for (cluster, node, expected) in [
        (
            "web",
            4,
            "node.pem: the other nodes would refuse it: the certificate of node 3 where node 4 was expected",
        ),
        (
            "db",
            3,
            "node.pem: the other nodes would refuse it: a certificate for another cluster: node-3.web.keel",
        ),
    ] {
        let error = Keys::read(folder.path(), cluster, node)
            .unwrap_err()
            .to_string();
        assert_eq!(error, expected);
    }
    fs::remove_file(folder.path().join("node.key")).unwrap();
    let error = Keys::read(folder.path(), CLUSTER, 3)
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("node.key: No such file or directory (os error 2)"),
        "{error}"
    );
}

#[test]
fn an_interrupted_replacement_is_finished() {
    let (folder, old) = folder();
    let authority = read_authority(folder.path()).unwrap();
    let new = issue(&authority, CLUSTER, 3, "alfa").unwrap();
    let at = |name: &str| folder.path().join(name);
    // As after a crash between the two renames.
    write_node(folder.path(), &new).unwrap();
    fs::write(at("node.pem"), &old.certificate_pem).unwrap();
    fs::write(at("node.pem.new"), &new.certificate_pem).unwrap();
    Keys::read(folder.path(), CLUSTER, 3).unwrap();
    assert_eq!(
        fs::read_to_string(at("node.pem")).unwrap(),
        new.certificate_pem
    );
    assert!(!at("node.pem.new").exists());
    // As after a crash before the first: the old ones are whole.
    write_node(folder.path(), &old).unwrap();
    fs::write(at("node.pem.new"), &new.certificate_pem).unwrap();
    Keys::read(folder.path(), CLUSTER, 3).unwrap();
    assert_eq!(
        fs::read_to_string(at("node.pem")).unwrap(),
        old.certificate_pem
    );
}

#[test]
fn a_key_is_never_written_through_a_link() {
    let (folder, issued) = folder();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("open");
    fs::write(&target, "").unwrap();
    symlink(&target, folder.path().join("node.key.new")).unwrap();
    write_node(folder.path(), &issued).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "");
    Keys::read(folder.path(), CLUSTER, 3).unwrap();
}

#[test]
fn only_the_clusters_own_authority_issues() {
    let authority = create_authority(CLUSTER).unwrap();
    let other = create_authority(CLUSTER).unwrap();
    let mixed = cluster_keys::Authority {
        certificates_pem: other.certificates_pem,
        key_pem: authority.key_pem.clone(),
    };
    let error = issue(&mixed, CLUSTER, 1, "alfa").err().unwrap();
    assert!(matches!(error, KeysError::ForeignAuthority), "{error}");
    let error = issue(&authority, CLUSTER, 0, "alfa").err().unwrap();
    assert!(matches!(error, KeysError::NodeZero), "{error}");
    // Whatever cluster and node are called.
    for name in ["", "ü\0\n\"", &"long ".repeat(100)] {
        let authority = create_authority(name).unwrap();
        let issued = issue(&authority, name, u32::MAX, name).unwrap();
        let authorities = &authority.certificates_pem;
        let (certificate, key) = (&issued.certificate_pem, &issued.key_pem);
        Keys::from_pem(name, u32::MAX, authorities, certificate, key).unwrap();
    }
}

#[test]
fn keys_are_made_once_with_the_authority_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("keys");
    let authority = create_authority(CLUSTER).unwrap();
    let made = |authority, node| provide(&own, authority, CLUSTER, node, "alfa").unwrap();
    assert!(made(&authority, 3));
    assert!(!made(&authority, 3));
    assert_eq!(Keys::read(&own, CLUSTER, 3).unwrap().node(), 3);
    // Another node, another authority: a file of another cluster of that name was copied here.
    assert!(made(&authority, 4));
    let other = create_authority(CLUSTER).unwrap();
    assert!(made(&other, 4));
    assert!(!made(&other, 4));
    // While keys are rotated, both are trusted.
    let both = authority.certificates_pem.clone() + &other.certificates_pem;
    write_authority(&own, &both, None).unwrap();
    assert!(!made(&other, 4));
}
