//! Frames of all sizes between nodes.

use bytes::Bytes;
use cluster::transport::{Class, Dropped, Event, Lost, MAX_FRAME_BYTES, Sent};

use crate::support::{PATIENCE, Plan, frame, own_ipv6_address, pair};

#[tokio::test]
async fn frames_of_all_sizes_arrive_both_ways() {
    let plan = Plan::new(2, 1);
    let (mut one, mut two) = pair(&plan).await;
    for (len_bytes, class) in [
        (0, Class::Datagram),
        (1, Class::Datagram),
        (100, Class::Datagram),
        (1000, Class::Datagram),
        (64 << 10, Class::Stream),
        (MAX_FRAME_BYTES, Class::Stream),
    ] {
        let sent = frame(len_bytes, 1);
        assert_eq!(one.send(2, 0, sent.clone()), Sent::As(class));
        assert_eq!(two.frame().await, (1, 0, class, sent), "{len_bytes}");
        let sent = frame(len_bytes, 2);
        assert_eq!(two.send(1, 0, sent.clone()), Sent::As(class));
        assert_eq!(one.frame().await, (2, 0, class, sent), "{len_bytes}");
    }
    let status = one.transport.links();
    let path = &status[0].paths[0];
    assert_eq!((path.peer, path.connected, path.connections), (2, true, 1));
    assert_eq!((path.sent_frames, path.received_frames), (6, 6));
    assert_eq!(path.sent_bytes, path.received_bytes);
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json[0]["paths"][0]["peer"], 2);
}

#[tokio::test]
async fn frames_of_one_class_keep_their_order() {
    let plan = Plan::new(2, 1);
    let (one, mut two) = pair(&plan).await;
    for number in 0..50_u8 {
        let _ = one.send(2, 0, frame(20_000, number));
    }
    for number in 0..50_u8 {
        assert_eq!(two.frame().await.3, frame(20_000, number), "{number}");
    }
}

#[tokio::test]
async fn small_frames_do_not_wait_behind_large_ones() {
    let plan = Plan::new(2, 1);
    let (one, mut two) = pair(&plan).await;
    for _ in 0..7 {
        assert_eq!(one.send(2, 0, frame(1 << 20, 0)), Sent::As(Class::Stream));
    }
    let _ = one.send(2, 0, Bytes::from_static(b"heartbeat"));
    assert_eq!(two.frame().await.2, Class::Datagram);
    for _ in 0..7 {
        assert_eq!(two.frame().await.2, Class::Stream);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_at_once() {
    let plan = Plan::new(3, 1);
    let (one, _two) = pair(&plan).await;
    for (to, link, len_bytes, expected) in [
        (3, 0, 1, Dropped::NotConnected),
        (4, 0, 1, Dropped::NoSuchPath),
        (2, 1, 1, Dropped::NoSuchPath),
        (2, 0, MAX_FRAME_BYTES + 1, Dropped::TooLarge),
    ] {
        let sent = one.send(to, link, frame(len_bytes, 0));
        assert_eq!(sent, Sent::Dropped(expected), "{to} {link} {len_bytes}");
    }
    // 8 MiB wait; what is under way comes on top.
    let sent: Vec<_> = (0..30).map(|_| one.send(2, 0, frame(1 << 20, 0))).collect();
    assert_eq!(sent.last(), Some(&Sent::Dropped(Dropped::Full)));
    let path = &one.transport.links()[0].paths[0];
    assert!(
        path.dropped_full > 0 && path.dropped_too_large == 1,
        "{path:?}"
    );
}

#[tokio::test]
async fn eight_nodes_all_meet() {
    let plan = Plan::new(8, 1);
    let mut nodes: Vec<_> = (1..=8).map(|node| plan.start(node)).collect();
    for node in &mut nodes {
        for _ in 0..7 {
            node.wait("all others", |event| {
                matches!(event, Event::Connected { .. }).then_some(())
            })
            .await;
        }
    }
    for from in 0..nodes.len() {
        for to in (0..nodes.len()).filter(|to| *to != from) {
            let _ = nodes[from].send(to as u32 + 1, 0, vec![from as u8; 100]);
            let (peer, ..) = nodes[to].frame().await;
            assert_eq!(peer, from as u32 + 1);
        }
    }
}

#[tokio::test]
async fn a_link_that_ends_leaves_the_other_alone() {
    let plan = Plan::new(2, 2);
    let (mut one, mut two) = pair(&plan).await;
    one.transport.close_path(2, 0);
    assert_eq!(one.disconnected().await, (2, 0, Lost::Closed));
    let (peer, link, why) = two.disconnected().await;
    assert_eq!((peer, link), (1, 0), "{why}");
    let _ = one.send(2, 1, Bytes::from_static(b"over the other"));
    assert_eq!(two.frame().await.1, 1);
    // It is for a peer that does not answer: a healthy one is back soon.
    one.connected(2, 0).await;
    assert!(one.transport.is_connected(2, 0) && one.transport.is_connected(2, 1));
}

#[tokio::test]
async fn links_may_be_ipv6() {
    let mut plan = Plan::new(2, 2);
    for node in [1, 2] {
        plan.addresses.insert((node, 1), own_ipv6_address());
    }
    let (one, mut two) = pair(&plan).await;
    let _ = one.send(2, 1, Bytes::from_static(b"over IPv6"));
    assert_eq!(two.frame().await.1, 1);
}

#[tokio::test]
async fn a_farewell_is_heard_at_once() {
    let plan = Plan::new(2, 1);
    let (mut one, two) = pair(&plan).await;
    let begin = std::time::Instant::now();
    two.transport.shutdown().await;
    assert_eq!(one.disconnected().await, (2, 0, Lost::Stopped));
    assert!(begin.elapsed() < PATIENCE);
    let path = &one.transport.links()[0].paths[0];
    assert!(!path.connected);
}
