//! Those who send too much, and those who send nonsense.

use std::time::Duration;

use bytes::Bytes;
use cluster::transport::{Event, Limit, Link, Settings, SettingsError, Transport};
use tokio::net::UdpSocket;

use crate::forged::{Identity, Stranger};
use crate::support::{CLUSTER, Plan, own_ipv6_address, pair};

/// Somebody with a valid certificate of node 1, and bad manners.
async fn rude(plan: &Plan) -> (quinn::Endpoint, quinn::Connection, quinn::SendStream) {
    let identity = Identity::issued(&plan.authority, CLUSTER, 1);
    let (endpoint, connection) = Stranger::with(Some(identity))
        .connect(plan.addresses[&(2, 0)])
        .await
        .unwrap();
    let stream = connection.open_uni().await.unwrap();
    (endpoint, connection, stream)
}

const GREETING: &[u8] = &[1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 9];

#[tokio::test]
async fn what_is_not_the_protocol_ends_the_connection() {
    let too_large = [GREETING, &[0, 0x11, 0, 1]].concat();
    let unknown = [GREETING, &[9, 0, 0, 0]].concat();
    let twice = [GREETING, GREETING].concat();
    for (what, bytes, refused, expected) in [
        (
            "an oversized frame",
            &*too_large,
            false,
            "a frame of 1114113 bytes",
        ),
        (
            "an unknown record",
            &unknown,
            false,
            "a record of kind 9 with 0 bytes",
        ),
        ("two greetings", &twice, false, "a greeting where there"),
        ("no greeting", &[0, 0, 0, 0], true, "a greeting where there"),
        (
            "an oversized greeting",
            &[1, 255, 255, 255],
            true,
            "a record of kind 1 with 16777215 bytes",
        ),
    ] {
        let plan = Plan::new(2, 1);
        let mut two = plan.start(2);
        let (_endpoint, connection, mut stream) = rude(&plan).await;
        stream.write_all(bytes).await.unwrap();
        let said = if refused {
            two.refused().await
        } else {
            two.disconnected().await.2.to_string()
        };
        assert!(said.starts_with(expected), "{what}: {said}");
        let heard = connection.closed().await.to_string();
        assert!(heard.contains(expected), "{what}: {heard}");
        let mut one = plan.start(1);
        one.connected(2, 0).await;
    }
}

#[tokio::test]
async fn more_streams_than_one_are_not_to_be_had() {
    let plan = Plan::new(2, 1);
    let mut two = plan.start(2);
    let (_endpoint, connection, mut stream) = rude(&plan).await;
    stream.write_all(GREETING).await.unwrap();
    two.connected(1, 0).await;
    let wait = Duration::from_millis(200);
    assert!(
        tokio::time::timeout(wait, connection.open_uni())
            .await
            .is_err()
    );
    assert!(
        tokio::time::timeout(wait, connection.open_bi())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_peer_that_sends_too_much_loses_what_is_above() {
    let mut plan = Plan::new(2, 1);
    plan.limits.frames_per_second = 50;
    let (one, mut two) = pair(&plan).await;
    for _ in 0..200 {
        let _ = one.send(2, 0, Bytes::from_static(b"much"));
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    let (limit, times) = two
        .wait("the limit", |event| match event {
            Event::Limited { limit, times, .. } => Some((*limit, *times)),
            _ => None,
        })
        .await;
    assert_eq!((limit, times), (Limit::Frames, 1));
    let path = &two.transport.links()[0].paths[0];
    assert!(path.dropped_by_limit >= 1 && path.connected, "{path:?}");
}

#[tokio::test]
async fn a_stream_above_the_limit_waits_and_loses_nothing() {
    let mut plan = Plan::new(2, 1);
    plan.limits.bytes_per_second = 400_000;
    let (one, mut two) = pair(&plan).await;
    for number in 0..6_u8 {
        let _ = one.send(2, 0, vec![number; 100_000]);
    }
    for number in 0..6_u8 {
        assert_eq!(two.frame().await.3[0], number);
    }
}

#[tokio::test]
async fn a_layer_above_that_does_not_keep_up_bounds_what_waits() {
    let mut plan = Plan::new(2, 1);
    plan.limits.events = 16;
    plan.limits.event_bytes = 1 << 20;
    let (one, mut two) = pair(&plan).await;
    for _ in 0..100 {
        let _ = one.send(2, 0, vec![0; 100]);
        let _ = one.send(2, 0, vec![0; 200_000]);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let path = &two.transport.links()[0].paths[0];
    assert!(path.dropped_by_limit > 0, "{path:?}");
    assert!(path.received_bytes < 2_000_000, "{path:?}");
    // It goes on when the layer above does.
    for _ in 0..20 {
        two.frame().await;
    }
}

#[tokio::test]
async fn a_flood_of_attempts_is_bounded_and_peers_get_in() {
    let plan = Plan::new(3, 1);
    let mut two = plan.start(2);
    let address = plan.addresses[&(2, 0)];
    // The flood comes from the address that node 1 has, too.
    let from = plan.addresses[&(1, 0)].ip();
    let flood = tokio::spawn(async move {
        let mut attempts = tokio::task::JoinSet::new();
        for _ in 0..300 {
            attempts.spawn(async move {
                let wait = Duration::from_secs(2);
                let stranger = Stranger {
                    from,
                    ..Stranger::with(None)
                };
                let _ = tokio::time::timeout(wait, stranger.connect(address)).await;
            });
        }
        attempts.join_all().await;
    });
    two.wait("the limit", |event| {
        matches!(event, Event::Refused { why, .. } if why.to_string().starts_with("too many"))
            .then_some(())
    })
    .await;
    let mut one = plan.start(1);
    flood.await.unwrap();
    one.connected(2, 0).await;
    two.connected(1, 0).await;
    let refused = two.transport.links()[0].refused;
    assert!(refused.retries > 100, "{refused:?}");
    assert!(refused.attempts + refused.handshakes > 100, "{refused:?}");
}

#[tokio::test]
async fn packets_of_nonsense_do_nothing() {
    let plan = Plan::new(2, 1);
    let (one, mut two) = pair(&plan).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut nonsense = vec![Vec::new(), vec![0], vec![0xff; 1500], vec![0x40; 1200]];
    // First packets, by their form: of another version of QUIC, of this one, and retries.
    for first in [0xc0_u8, 0xd0, 0xe0, 0xf0] {
        for version in [0_u32, 1, 2, 0x0a0a_0a0a, 0xff00_001d] {
            for len_bytes in [7, 20, 1199, 1200, 1400] {
                let mut packet = vec![first];
                packet.extend(version.to_be_bytes());
                packet.extend([8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0]);
                packet.resize(len_bytes, 0x5a);
                nonsense.push(packet);
            }
        }
    }
    for packet in &nonsense {
        let _ = socket.send_to(packet, plan.addresses[&(2, 0)]).await;
        tokio::task::yield_now().await;
    }
    let _ = one.send(2, 0, Bytes::from_static(b"sense"));
    assert_eq!(&two.frame().await.3[..], b"sense");
    let status = two.transport.links();
    assert_eq!(status[0].paths[0].connections, 1);
    assert_eq!(status[0].paths[0].received_frames, 1);
}

#[tokio::test]
async fn settings_that_contradict_themselves_are_refused() {
    let plan = Plan::new(3, 2);
    let elsewhere = own_ipv6_address();
    type Edit = Box<dyn Fn(&mut Settings)>;
    let cases: Vec<(Edit, &str)> = vec![
        (Box::new(|s| s.own = 0), "0 is no node id"),
        (Box::new(|s| s.links.clear()), "0 links: there are 1 to 8"),
        (
            Box::new(|s| {
                let link = s.links[0].clone();
                s.links = vec![link; 9];
            }),
            "9 links: there are 1 to 8",
        ),
        (
            Box::new(|s| s.links[1].number = 8),
            "link 8: links are numbered 0 to 7",
        ),
        (Box::new(|s| s.links[1].number = 0), "link 0 is there twice"),
        (
            Box::new(|s| s.links[1].listen = s.links[0].listen),
            "links 0 and 1 have the same address 127.",
        ),
        (
            Box::new(|s| {
                let link: &mut Link = &mut s.links[0];
                link.peers.insert(1, "127.0.0.9:1".parse().unwrap());
            }),
            "link 0: node 1 is this node, not a peer of it",
        ),
        (
            Box::new(|s| {
                let link: &mut Link = &mut s.links[0];
                let address = link.peers[&2];
                link.peers.insert(3, address);
            }),
            "link 0: nodes 2 and 3 have the same address 127.",
        ),
        (
            Box::new(move |s| s.links[0].listen = elsewhere),
            "link 0: this node is at [::1]:",
        ),
        (
            Box::new(|s| s.cluster = "other".to_owned()),
            "the keys are those of node 1 of cluster \"My Cluster\"",
        ),
    ];
    for (edit, expected) in cases {
        let mut settings = plan.settings(1);
        edit(&mut settings);
        let error: SettingsError = settings.check().unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(Transport::start(settings).is_err());
    }
    let _one = plan.start(1);
    let taken = Transport::start(plan.settings(1)).err().unwrap();
    assert!(taken.to_string().starts_with("link 0: 127."), "{taken}");
}

#[tokio::test]
async fn an_address_that_is_not_there_yet_stops_nobody() {
    let mut plan = Plan::new(2, 2);
    // Of a range for documentation (RFC 5737): no machine has it.
    plan.addresses
        .insert((1, 1), "192.0.2.1:5405".parse().unwrap());
    let mut two = plan.start(2);
    let one = plan.start(1);
    two.connected(1, 0).await;
    let missing: Vec<_> = one
        .transport
        .links()
        .iter()
        .map(|l| l.address_missing)
        .collect();
    assert_eq!(missing, [false, true]);
}
