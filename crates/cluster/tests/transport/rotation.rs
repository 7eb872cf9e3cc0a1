//! New keys while the cluster runs.

use cluster::keys::{Authority, Keys, create_authority, issue};
use cluster::transport::{Event, Lost, Sent};

use crate::support::{CLUSTER, Node, Plan, frame, keys, pair};

/// The keys of `node`, issued by `issuer`, with trust in `trusted`.
fn rotated(issuer: &Authority, trusted: &[&Authority], node: u32) -> Keys {
    let issued = issue(issuer, CLUSTER, node, "host").unwrap();
    let trusted: Vec<_> = trusted.iter().map(|a| &*a.certificates_pem).collect();
    Keys::from_pem(
        CLUSTER,
        node,
        &trusted.concat(),
        &issued.certificate_pem,
        &issued.key_pem,
    )
    .unwrap()
}

/// Frames both ways, of both classes, numbered; nothing but frames may come.
async fn talk(one: &mut Node, two: &mut Node, number: u8) {
    for len_bytes in [100, 40_000] {
        for (from, to) in [(&*one, 2), (&*two, 1)] {
            let sent = from.send(to, 0, frame(len_bytes, number));
            assert!(matches!(sent, Sent::As(_)), "{number}: {sent:?}");
        }
    }
    for node in [one, two] {
        for _ in 0..2 {
            match node.events.recv().await {
                Some(Event::Frame { bytes, .. }) => {
                    assert_eq!(bytes, frame(bytes.len(), number));
                }
                event => panic!("{event:?}"),
            }
        }
    }
}

/// Waits until a path is served by its `count`th connection.
async fn connections(node: &Node, count: u64) {
    while node.transport.links()[0].paths[0].connections < count {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_authority_is_replaced_without_a_lost_connection() {
    let plan = Plan::new(2, 1);
    let (mut one, mut two) = pair(&plan).await;
    let old = &plan.authority;
    let new = &create_authority(CLUSTER).unwrap();
    talk(&mut one, &mut two, 0).await;

    // Both authorities are trusted everywhere, before anybody has a certificate of the new one.
    one.transport.reload(rotated(old, &[old, new], 1)).unwrap();
    connections(&one, 2).await;
    connections(&two, 2).await;
    talk(&mut one, &mut two, 1).await;
    two.transport.reload(rotated(old, &[old, new], 2)).unwrap();
    // It is the other end that dials again, as it is asked to.
    connections(&one, 3).await;
    connections(&two, 3).await;
    talk(&mut one, &mut two, 2).await;

    // Certificates of the new one.
    one.transport.reload(rotated(new, &[old, new], 1)).unwrap();
    two.transport.reload(rotated(new, &[old, new], 2)).unwrap();
    connections(&one, 4).await;
    connections(&two, 4).await;
    for number in 3..20 {
        talk(&mut one, &mut two, number).await;
    }

    // And the old one goes.
    one.transport.reload(rotated(new, &[new], 1)).unwrap();
    two.transport.reload(rotated(new, &[new], 2)).unwrap();
    for number in 20..40 {
        talk(&mut one, &mut two, number).await;
    }
}

#[tokio::test]
async fn who_has_not_followed_is_shut_out() {
    let plan = Plan::new(2, 1);
    let (mut one, mut two) = pair(&plan).await;
    let new = create_authority(CLUSTER).unwrap();
    one.transport.reload(rotated(&new, &[&new], 1)).unwrap();
    let (peer, _, why) = one.disconnected().await;
    assert!(matches!((peer, &why), (2, Lost::Untrusted(_))), "{why}");
    two.disconnected().await;
    let said = one.refused().await;
    assert!(said.contains("does not trust"), "{said}");
    // And is let in again when it follows.
    two.transport.reload(rotated(&new, &[&new], 2)).unwrap();
    one.connected(2, 0).await;
    two.connected(1, 0).await;
}

#[tokio::test]
async fn keys_of_another_node_change_nothing() {
    let plan = Plan::new(2, 1);
    let (mut one, mut two) = pair(&plan).await;
    for foreign in [plan.keys(2), keys(&plan.authority, CLUSTER, 7)] {
        one.transport.reload(foreign).unwrap_err();
    }
    talk(&mut one, &mut two, 1).await;
    connections(&one, 1).await;
}
