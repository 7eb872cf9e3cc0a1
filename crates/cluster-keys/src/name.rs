//! The one name in a node's certificate: `node-<id>.<cluster>.keel`.

use sha2::{Digest, Sha256};

use crate::NodeId;

/// The longest name of a cluster that stands in certificates as it is, in bytes.
const MAX_PLAIN_BYTES: usize = 40;

/// What stands before the hash of a name that cannot stand as it is. No plain name begins so.
const HASHED: &str = "x-";

/// How many bytes of the SHA-256 of a name are kept: enough that nobody finds a second name for it.
const HASH_BYTES: usize = 20;

/// The name of `node` of `cluster` in its certificate, a DNS name whatever the cluster is called.
///
/// A cluster's name of lower-case letters, digits and inner hyphens stands as it is; for any other
/// one (corosync.conf(5) allows anything) its hash does: DNS names know no difference of case, and
/// have no room for more.
pub fn certificate_name(cluster: &str, node: NodeId) -> String {
    format!("node-{node}.{}.keel", label(cluster))
}

fn label(cluster: &str) -> String {
    let plain = (1..=MAX_PLAIN_BYTES).contains(&cluster.len())
        && cluster
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !cluster.starts_with(HASHED)
        && !cluster.starts_with('-')
        && !cluster.ends_with('-');
    if plain {
        return cluster.to_owned();
    }
    let hash = Sha256::digest(cluster.as_bytes());
    let digits = hash[..HASH_BYTES].iter().map(|byte| format!("{byte:02x}"));
    HASHED.to_owned() + &digits.collect::<String>()
}

/// What a name in a certificate says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A node of the cluster that was asked about.
    Node(NodeId),
    /// A node of another cluster.
    OtherCluster,
    /// Something else.
    Nothing,
}

/// Reads `name` from the point of view of `cluster`.
pub(super) fn read(name: &str, cluster: &str) -> Named {
    let mut parts = name.split('.');
    let (Some(node), Some(of), Some("keel"), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Named::Nothing;
    };
    let number = node.strip_prefix("node-").filter(|digits| {
        !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    match number.and_then(|digits| digits.parse().ok()) {
        Some(node) if of == label(cluster) => Named::Node(node),
        Some(_) => Named::OtherCluster,
        None => Named::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_called_anything_has_a_dns_name() {
        let longest = "a".repeat(MAX_PLAIN_BYTES);
        let too_long = "a".repeat(MAX_PLAIN_BYTES + 1);
        for (cluster, expected) in [
            ("web", "node-7.web.keel"),
            ("web-2", "node-7.web-2.keel"),
            (&longest, &*format!("node-7.{longest}.keel")),
            ("", "node-7.x-e3b0c44298fc1c149afbf4c8996fb92427ae41e4.keel"),
        ] {
            assert_eq!(certificate_name(cluster, 7), expected, "{cluster:?}");
        }
        for odd in [
            "Web", "x-web", "-web", "web-", "a.b", "a b", "ü", "a_b", "*", &too_long,
        ] {
            let name = certificate_name(odd, u32::MAX);
            assert!(name.starts_with("node-4294967295.x-"), "{odd:?}: {name}");
            assert!(
                rustls::pki_types::ServerName::try_from(name.as_str()).is_ok(),
                "{odd:?}: {name}"
            );
            assert_eq!(read(&name, odd), Named::Node(u32::MAX), "{odd:?}");
            assert_eq!(read(&name, "web"), Named::OtherCluster, "{odd:?}");
        }
    }

    #[test]
    fn only_exact_names_are_read() {
        for (name, expected) in [
            ("node-7.web.keel", Named::Node(7)),
            ("node-7.db.keel", Named::OtherCluster),
            ("node-07.web.keel", Named::Nothing),
            ("node-0.web.keel", Named::Nothing),
            ("node-+7.web.keel", Named::Nothing),
            ("node-.web.keel", Named::Nothing),
            ("node-4294967296.web.keel", Named::Nothing),
            ("7.web.keel", Named::Nothing),
            ("node-7.web", Named::Nothing),
            ("node-7.web.keel.example", Named::Nothing),
            ("www.example.com", Named::Nothing),
            ("*.web.keel", Named::Nothing),
        ] {
            assert_eq!(read(name, "web"), expected, "{name}");
        }
    }
}
