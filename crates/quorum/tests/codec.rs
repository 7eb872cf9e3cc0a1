//! Attachments, records and facts as bytes: what is written is read, and nothing else is believed.

mod cluster;

use std::time::Duration;

use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use quorum::{
    Attachment, DecodeError, Electorate, Fact, MAX_ATTACHMENT_BYTES, MAX_NODES, MAX_OPEN,
    MAX_VOTES, Memory, Record, Settings, TieBreaker, ViewId,
};

fn electorate(number: u64) -> Electorate {
    let nodes = || (0..MAX_NODES as u32).map(|index| u32::MAX - index);
    Electorate {
        number,
        votes: nodes().map(|node| (node, MAX_VOTES)).collect(),
        expected_votes: MAX_NODES as u32 * MAX_VOTES,
        present: nodes().collect(),
    }
}

fn largest() -> Attachment {
    let nodes: Vec<u32> = electorate(0).present.into_iter().collect();
    Attachment {
        options: cluster::options(Settings {
            votes: electorate(0)
                .votes
                .into_keys()
                .map(|node| (node, 1))
                .collect(),
            auto_tie_breaker: Some(TieBreaker::Nodes(nodes)),
            last_man_standing: Some(Duration::from_secs(10)),
            ..Settings::default()
        }),
        votes: MAX_VOTES,
        waiting: true,
        leaving: true,
        memory: Memory::Kept,
        record: Record {
            formed: Some(electorate(1)),
            open: (0..MAX_OPEN as u64)
                .map(|index| electorate(index + 2))
                .collect(),
            asserted: Some(electorate(9)),
            tracked: 64,
        },
        last_quorate: Some(ViewId {
            counter: u64::MAX,
            leader: 7,
        }),
        witness: true,
    }
}

#[test]
fn the_largest_attachment_fits() {
    let attachment = largest();
    let bytes = attachment.encode();
    assert!(bytes.len() <= MAX_ATTACHMENT_BYTES, "{} bytes", bytes.len());
    assert_eq!(Attachment::decode(&bytes), Ok(attachment));
}

#[test]
fn every_cut_is_found() {
    let bytes = largest().encode();
    for len in 0..bytes.len() {
        assert!(
            Attachment::decode(&bytes[..len]).is_err(),
            "cut after {len}"
        );
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Attachment::decode(&longer), Err(DecodeError::Trailing));
    longer.resize(MAX_ATTACHMENT_BYTES + 1, 0);
    let limit_bytes = MAX_ATTACHMENT_BYTES;
    assert_eq!(
        Attachment::decode(&longer),
        Err(DecodeError::TooLong { limit_bytes })
    );
    let mut later = bytes;
    later[0] = 2;
    assert_eq!(Attachment::decode(&later), Err(DecodeError::Version(2)));
}

#[test]
fn facts_are_read_as_written() {
    for fact in [
        Fact::Grow,
        Fact::Shrink,
        Fact::Formed { number: 7 },
        Fact::Witness { vote: true },
        Fact::ExpectedVotes {
            votes: 3,
            asserted: false,
        },
        Fact::Unblock,
        Fact::Leaving { node: 4 },
    ] {
        assert_eq!(Fact::decode(&fact.encode()), Ok(fact));
    }
    assert_eq!(
        Fact::decode(&[1, 6, 0, 0, 0, 0]),
        Err(DecodeError::Field("node"))
    );
    assert_eq!(Fact::decode(&[1, 3, 2]), Err(DecodeError::Field("vote")));
    assert_eq!(Fact::decode(&[1, 99]), Err(DecodeError::Field("fact")));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut versioned = vec![1];
        versioned.extend(&bytes);
        for bytes in [&bytes, &versioned] {
            let _ = Attachment::decode(bytes);
            let _ = Record::decode(bytes);
            let _ = Fact::decode(bytes);
        }
    }

    #[test]
    fn a_changed_byte_gives_another_attachment_or_none(at in 0..3000usize, to in any::<u8>()) {
        let mut bytes = largest().encode();
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(attachment) = Attachment::decode(&bytes) {
            prop_assert_eq!(attachment.encode(), bytes);
        }
    }
}
