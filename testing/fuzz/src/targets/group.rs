//! What nodes and clients of the cluster send each other.

use std::time::Duration;

use bytes::Bytes;
use cluster_api::{Answer, Frame, Request};
use membership::{Commitment, Group, Incarnation, Member, NodeId, Output, Settings, Timing};

/// Frames of any kind, from nodes that are known, at any pace: the group survives them, keeps its
/// own place in its view, and does not ask to be woken in the past for ever.
///
/// The input is a list: a sender, a link and a length (one byte each, the length times four), the time
/// that passes (one byte, milliseconds), the frame.
pub fn group_frames(bytes: &[u8]) {
    let me = Member {
        node: NodeId(1),
        incarnation: Incarnation(1),
    };
    let mut now = Duration::from_secs(1);
    let settings = Settings {
        me,
        peers: vec![NodeId(2), NodeId(3)],
        links: vec![0, 1],
        timing: Timing::default(),
        commitment: Commitment::All,
        counter: 0,
        attachment: Bytes::new(),
    };
    let mut group = Group::new(settings, now).expect("the settings are good");
    for node in [2, 3] {
        group.link(now, NodeId(node), 0, true);
    }
    let mut rest = bytes;
    while let Some(([sender, link, len, pause], after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at((usize::from(*len) * 4).min(after.len()));
        rest = after;
        now += Duration::from_millis((*pause).into());
        let sender = NodeId(u32::from(sender % 4));
        let _ = group.receive(now, sender, link % 3, Bytes::copy_from_slice(frame));
        let _ = group.submit(Bytes::from_static(b"a message"));
        group.tick(now);
        while let Some(output) = group.poll() {
            if let Output::View(view) = output {
                assert!(view.members.contains_key(&me));
            }
        }
        group.flush(now);
        assert!(group.view().members.contains_key(&me));
    }
}

/// Whatever comes over the local socket is a request, an answer, or refused.
pub fn cluster_api(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some((frame, len))) = Frame::decode(rest) {
        assert_eq!(frame.encode(), rest[..len]);
        let _ = frame.parse::<Request>();
        let _ = frame.parse::<Answer>();
        rest = &rest[len..];
    }
}
