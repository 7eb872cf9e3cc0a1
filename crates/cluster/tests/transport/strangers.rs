//! Who is not a node of this cluster, or not the right one, is refused with the reason.
//!
//! Node 2 stands for the cluster. At the end of each case node 1, a real one, must still get in.

use cluster::keys::create_authority;

use crate::forged::{Dates, Identity, Stranger};
use crate::support::{CLUSTER, Plan};

/// What node 2 says of `stranger`, and what the stranger hears.
async fn dialled_by(plan: &Plan, stranger: Stranger) -> (String, String) {
    let mut two = plan.start(2);
    let heard = stranger.dial(plan.addresses[&(2, 0)]).await;
    let said = two.refused().await;
    assert!(!two.transport.is_connected(1, 0), "{said}");
    // The cluster goes on.
    let mut one = plan.start(1);
    one.connected(2, 0).await;
    two.connected(1, 0).await;
    one.stop().await;
    two.stop().await;
    (said, heard)
}

#[tokio::test]
async fn who_dials_without_a_valid_certificate_is_refused() {
    let plan = Plan::new(2, 1);
    let other = create_authority(CLUSTER).unwrap();
    let named = |name: &str| Identity::forge(&plan.authority, &[name], Dates::Timeless);
    let right = cluster::keys::certificate_name(CLUSTER, 1);
    for (what, stranger, expected) in [
        (
            "no certificate",
            Stranger::with(None),
            "peer sent no certificates",
        ),
        (
            "another authority",
            Stranger::with(Some(Identity::issued(&other, CLUSTER, 1))),
            "a certificate of an authority that this cluster does not trust",
        ),
        (
            "self-signed",
            Stranger::with(Some(Identity::self_signed(&right))),
            "a certificate of an authority that this cluster does not trust",
        ),
        (
            "the authority's own certificate",
            Stranger::with(Some(Identity::of_authority(&plan.authority))),
            "a certificate of an authority that this cluster does not trust",
        ),
        (
            "expired",
            Stranger::with(Some(Identity::forge(
                &plan.authority,
                &[&right],
                Dates::UntilYear(2029),
            ))),
            "a certificate whose dates do not cover 2030-01-01",
        ),
        (
            "another cluster",
            Stranger::with(Some(named("node-1.db.keel"))),
            "a certificate for another cluster: node-1.db.keel",
        ),
        (
            "no node",
            Stranger::with(Some(named("www.example.com"))),
            "a certificate that names no node of a cluster",
        ),
        (
            "two nodes",
            Stranger::with(Some(Identity::forge(
                &plan.authority,
                &[&right, &cluster::keys::certificate_name(CLUSTER, 3)],
                Dates::Timeless,
            ))),
            "a certificate that does not verify: it names two nodes",
        ),
        (
            "an unknown node",
            Stranger::with(Some(Identity::issued(&plan.authority, CLUSTER, 7))),
            "node 7 is not configured on this link",
        ),
        (
            "this node's own id",
            Stranger::with(Some(Identity::issued(&plan.authority, CLUSTER, 2))),
            "another machine or process claims to be node 2, which is this one",
        ),
        (
            "another protocol",
            Stranger {
                protocol: "keel-cluster/2",
                ..Stranger::with(Some(Identity::issued(&plan.authority, CLUSTER, 1)))
            },
            "peer doesn't support any known protocol",
        ),
    ] {
        let (said, heard) = dialled_by(&plan, stranger).await;
        assert!(said.starts_with(expected), "{what}: {said}");
        assert!(heard.contains(expected), "{what}: {heard}");
    }
}

/// What node 1 says when it dials node 2's address and `stranger` is there.
async fn accepted_by(plan: &Plan, stranger: Stranger) -> String {
    let mut one = plan.start(1);
    let endpoint = stranger.accept(plan.addresses[&(2, 0)]);
    let said = one.refused().await;
    assert!(!one.transport.is_connected(2, 0), "{said}");
    let path = &one.transport.links()[0].paths[0];
    assert_eq!(path.last_error.as_ref(), Some(&said));
    endpoint.close(0u32.into(), b"");
    one.stop().await;
    said
}

#[tokio::test]
async fn who_accepts_without_the_right_certificate_is_refused() {
    let other = create_authority(CLUSTER).unwrap();
    for (what, expected) in [
        (
            "another authority",
            "a certificate of an authority that this cluster does not trust",
        ),
        (
            "another node",
            "the certificate of node 3, which is not the one that was dialled",
        ),
        (
            "another protocol",
            "peer doesn't support any known protocol",
        ),
    ] {
        let plan = Plan::new(2, 1);
        let stranger = match what {
            "another authority" => Stranger::with(Some(Identity::issued(&other, CLUSTER, 2))),
            "another node" => Stranger::with(Some(Identity::issued(&plan.authority, CLUSTER, 3))),
            _ => Stranger {
                protocol: "keel-cluster/2",
                ..Stranger::with(Some(Identity::issued(&plan.authority, CLUSTER, 2)))
            },
        };
        let said = accepted_by(&plan, stranger).await;
        assert!(said.contains(expected), "{what}: {said}");
    }
}
