use std::io::{Read, Write};

use nix::sys::socket::{MsgFlags, send};

use super::*;

fn both_ends() -> (Channel, Channel) {
    let (ours, theirs) = Channel::pair().unwrap();
    let theirs = Channel::from_fd(theirs).unwrap();
    for end in [&ours, &theirs] {
        end.set_nonblocking(true).unwrap();
    }
    (ours, theirs)
}

/// How many descriptors this process has open on memory files or pipes: what these tests make.
fn marked_descriptors(mark: &str) -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.to_string_lossy().contains(mark))
        .count()
}

#[test]
fn bodies_of_every_size_arrive_whole_and_in_order() {
    let (ours, theirs) = both_ends();
    for length in [
        0,
        1,
        MAX_INLINE_BYTES - 1,
        MAX_INLINE_BYTES,
        MAX_INLINE_BYTES + 1,
        3 * 1024 * 1024,
    ] {
        let body: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        ours.send(&body, &[]).unwrap();
        let received = theirs.receive().unwrap().unwrap();
        assert!(received.body == body, "{length} bytes arrived altered");
        assert!(received.descriptors.is_empty());
    }
}

#[test]
fn a_message_past_a_limit_is_refused_before_anything_is_sent() {
    let (ours, theirs) = both_ends();
    let (reader, _writer) = io::pipe().unwrap();
    let too_many = vec![reader.as_fd(); MAX_DESCRIPTORS + 1];
    for (body, descriptors) in [
        (vec![0; MAX_BODY_BYTES + 1], &[][..]),
        (vec![], &too_many[..]),
    ] {
        let error = ours.send(&body, descriptors).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
    assert_eq!(
        theirs.receive().unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
}

#[test]
fn as_many_descriptors_as_allowed_arrive_beside_a_body_of_either_kind() {
    for length in [5, MAX_INLINE_BYTES + 1] {
        let (ours, theirs) = both_ends();
        let (mut reader, writer) = io::pipe().unwrap();
        ours.send(&vec![7; length], &vec![writer.as_fd(); MAX_DESCRIPTORS])
            .unwrap();
        drop(writer);
        let received = theirs.receive().unwrap().unwrap();
        assert_eq!(received.body.len(), length);
        assert_eq!(received.descriptors.len(), MAX_DESCRIPTORS);
        for descriptor in received.descriptors {
            let flags = fcntl(&descriptor, FcntlArg::F_GETFD).unwrap();
            assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
            std::fs::File::from(descriptor).write_all(b"x").unwrap();
        }
        let mut written = String::new();
        reader.read_to_string(&mut written).unwrap();
        assert_eq!(written.len(), MAX_DESCRIPTORS, "each was a working pipe");
    }
}

#[test]
fn garbage_is_refused_without_a_leak_and_the_channel_goes_on() {
    let (ours, theirs) = both_ends();
    let unsealed = nix::sys::memfd::memfd_create(
        c"keel-test-unsealed",
        nix::sys::memfd::MFdFlags::MFD_CLOEXEC,
    )
    .unwrap();
    let garbage: &[&[u8]] = &[
        b"x",
        &[KIND_INLINE; HEADER_BYTES],
        &header(KIND_INLINE, 1),
        &header(KIND_MEMORY_FILE, 0),
        &header(9, 0),
        &header(KIND_MEMORY_FILE, MAX_BODY_BYTES + 1),
        &vec![KIND_INLINE; HEADER_BYTES + MAX_INLINE_BYTES + 1],
    ];
    for bytes in garbage {
        passing::send(ours.as_fd(), bytes, &[], &[unsealed.as_fd()]).unwrap();
        let error = theirs.receive().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{bytes:?}");
    }
    assert_eq!(marked_descriptors("keel-test-unsealed"), 1, "only our own");
    ours.send(b"after", &[]).unwrap();
    assert_eq!(theirs.receive().unwrap().unwrap().body, b"after");
}

#[test]
fn a_memory_file_that_can_still_change_is_refused() {
    let (ours, theirs) = both_ends();
    let file = nix::sys::memfd::memfd_create(
        c"keel-test-open",
        nix::sys::memfd::MFdFlags::MFD_ALLOW_SEALING,
    )
    .unwrap();
    passing::send(
        ours.as_fd(),
        &header(KIND_MEMORY_FILE, 0),
        &[],
        &[file.as_fd()],
    )
    .unwrap();
    assert_eq!(
        theirs.receive().unwrap_err().kind(),
        io::ErrorKind::InvalidData
    );
}

#[test]
fn the_last_words_of_a_peer_are_read_before_its_end_is_told() {
    let (ours, theirs) = both_ends();
    theirs.send(b"never read by the peer", &[]).unwrap();
    ours.send(b"first", &[]).unwrap();
    ours.send(b"last", &[]).unwrap();
    drop(ours);
    assert_eq!(theirs.receive().unwrap().unwrap().body, b"first");
    assert_eq!(theirs.receive().unwrap().unwrap().body, b"last");
    assert!(theirs.receive().unwrap().is_none());
    assert_eq!(
        theirs.send(b"too late", &[]).unwrap_err().kind(),
        io::ErrorKind::BrokenPipe
    );
}

#[test]
fn a_peer_that_does_not_read_blocks_nobody() {
    let (ours, _theirs) = both_ends();
    let refused = (0..100_000).find_map(|_| ours.send(&[0; 1000], &[]).err());
    assert_eq!(
        refused.map(|error| error.kind()),
        Some(io::ErrorKind::WouldBlock)
    );
}

#[test]
fn only_a_channel_is_taken_for_one() {
    let (stream, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    let (pipe, _writer) = io::pipe().unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for descriptor in [OwnedFd::from(stream), pipe.into(), udp.into()] {
        let error = Channel::from_fd(descriptor).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}

#[test]
fn an_empty_packet_ends_the_conversation() {
    let (ours, theirs) = both_ends();
    send(ours.as_raw_fd(), &[], MsgFlags::empty()).unwrap();
    assert!(theirs.receive().unwrap().is_none());
}
