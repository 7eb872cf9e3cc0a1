//! Peers that come and go while the cluster runs, and connections that nobody needs twice.

use std::collections::BTreeMap;

use bytes::Bytes;
use cluster::transport::{Dropped, Event, Lost, Sent, SettingsError};

use crate::forged::{Identity, Stranger};
use crate::support::{CLUSTER, Plan};

#[tokio::test]
async fn a_node_is_added_and_taken_away() {
    let plan = Plan::new(3, 1);
    let mut settings = plan.settings(1);
    let all = settings.links[0].peers.clone();
    let two_only = BTreeMap::from([(2, all[&2])]);
    settings.links[0].peers = two_only.clone();
    let mut one = crate::support::Node::start(settings);
    let (mut two, mut three) = (plan.start(2), plan.start(3));
    one.connected(2, 0).await;
    two.connected(1, 0).await;
    three.connected(2, 0).await;
    assert_eq!(
        one.send(3, 0, Bytes::new()),
        Sent::Dropped(Dropped::NoSuchPath)
    );

    one.transport.set_peers(0, all).unwrap();
    one.connected(3, 0).await;
    three.connected(1, 0).await;

    one.transport.set_peers(0, two_only).unwrap();
    assert_eq!(one.disconnected().await, (3, 0, Lost::Removed));
    let (peer, _, why) = three.disconnected().await;
    assert_eq!(
        (peer, &*why.to_string()),
        (1, "the peer ended it: not configured here any more")
    );
    let status = one.transport.links();
    assert_eq!(status[0].paths.len(), 1);
    assert_eq!(status[0].paths[0].connections, 1);
    let _ = one.send(2, 0, Bytes::from_static(b"as before"));
    assert_eq!(&two.frame().await.3[..], b"as before");
}

#[tokio::test]
async fn a_node_that_was_taken_away_is_not_let_in_again() {
    let plan = Plan::new(2, 1);
    let mut one = plan.start(1);
    let mut two = plan.start(2);
    two.connected(1, 0).await;
    two.transport.set_peers(0, BTreeMap::new()).unwrap();
    assert_eq!(two.disconnected().await, (1, 0, Lost::Removed));
    assert_eq!(
        one.refused().await,
        "refused by the peer: node 1 is not configured on this link"
    );
    assert_eq!(
        two.transport.set_peers(1, BTreeMap::new()),
        Err(SettingsError::NoLink(1))
    );
    let own = BTreeMap::from([(2, plan.addresses[&(1, 0)])]);
    assert_eq!(
        two.transport.set_peers(0, own),
        Err(SettingsError::OwnPeer(0, 2))
    );
}

#[tokio::test]
async fn a_second_connection_of_one_process_takes_over_in_silence() {
    let plan = Plan::new(2, 1);
    let mut two = plan.start(2);
    let mut kept = Vec::new();
    for _ in 0..2 {
        let identity = Identity::issued(&plan.authority, CLUSTER, 1);
        let (endpoint, connection) = Stranger::with(Some(identity))
            .connect(plan.addresses[&(2, 0)])
            .await
            .unwrap();
        let mut stream = connection.open_uni().await.unwrap();
        // A greeting, and a frame of one byte.
        let records = [1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, b'x'];
        stream.write_all(&records).await.unwrap();
        two.frame().await;
        kept.push((endpoint, connection, stream));
    }
    // What still comes over the first one counts, until it has said that there is no more.
    let (_, first, mut stream) = kept.remove(0);
    stream.write_all(&[0, 0, 0, 1, b'y']).await.unwrap();
    assert_eq!(&two.frame().await.3[..], b"y");
    stream.finish().unwrap();
    let mut from_two = first.accept_uni().await.unwrap();
    assert_eq!(from_two.read_to_end(100).await.unwrap().len(), 12);
    let end = first.closed().await.to_string();
    assert!(end.contains("a newer connection"), "{end}");
    while let Some(event) = two.events.try_recv() {
        assert!(!matches!(event, Event::Disconnected { .. }), "{event:?}");
    }
    assert!(two.transport.is_connected(1, 0));
}
