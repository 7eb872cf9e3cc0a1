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

/// Frames of any kind from two processes of a CPG configuration, between changes of it: the group on
/// corosync survives them, and its views have rising names.
///
/// The input is a list: what comes (one byte: from which process, or a configuration), a length (one
/// byte, times four), the frame.
pub fn corosync_frames(bytes: &[u8]) {
    let process = |node| corosync_group::Process {
        node: NodeId(node),
        pid: 10,
    };
    let mut now = Duration::from_secs(1);
    let me = Member {
        node: NodeId(1),
        incarnation: Incarnation(8),
    };
    let settings = corosync_group::Settings {
        me,
        counter: 0,
        attachment: Bytes::new(),
        commitment: Commitment::All,
        votes: [(NodeId(1), 1), (NodeId(2), 1)].into(),
    };
    let mut group = corosync_group::CorosyncGroup::new(settings, now);
    let joined = corosync_group::Joined {
        process: process(1),
        patience: Duration::from_secs(1),
    };
    group.join(now, joined);
    group.configuration(now, [process(1), process(2)]);
    let mut last = group.view().id;
    let mut rest = bytes;
    while let Some(([what, length], tail)) = rest.split_first_chunk() {
        let (frame, tail) = tail.split_at((usize::from(*length) * 4).min(tail.len()));
        rest = tail;
        now += Duration::from_millis(u64::from(*what));
        match what % 8 {
            0 => group.configuration(now, [process(1)]),
            1 => group.configuration(now, [process(1), process(2)]),
            2 => drop(group.submit(Bytes::copy_from_slice(frame))),
            3..6 => group.deliver(now, process(2), Bytes::copy_from_slice(frame)),
            _ => group.deliver(now, process(1), Bytes::copy_from_slice(frame)),
        }
        group.tick(now);
        // What is its own comes back, as corosync has it.
        for _ in 0..4 {
            if let Some(own) = group.frame(now) {
                group.deliver(now, process(1), own);
            }
        }
        while let Some(output) = group.poll() {
            if let corosync_group::Output::View(view) = output {
                assert!(view.id > last, "{last} then {}", view.id);
                last = view.id;
            }
        }
    }
}
