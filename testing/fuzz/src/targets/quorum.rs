//! What nodes say to each other about quorum.

use quorum::{Attachment, Fact, NodeId, Options, Quorum, Record, Settings, Start, View, ViewId};

/// Any bytes are an attachment, a record and a fact, or none; what is read is written again as it
/// was, and a view of such members has a verdict.
pub fn quorum(bytes: &[u8]) {
    if let Ok(attachment) = Attachment::decode(bytes) {
        assert_eq!(attachment.encode(), bytes);
        judge(&attachment);
    }
    if let Ok(record) = Record::decode(bytes) {
        assert_eq!(record.encode(), bytes);
    }
    if let Ok(fact) = Fact::decode(bytes) {
        assert_eq!(fact.encode(), bytes);
    }
}

/// Whatever a member brings, the others go on.
fn judge(attachment: &Attachment) {
    let settings = Settings {
        expected_votes: Some(3),
        ..Settings::default()
    };
    let options = Options::try_from(settings).expect("these do not contradict themselves");
    let now = std::time::Duration::ZERO;
    let mut quorum = Quorum::new(1, options, Start::New);
    let own = quorum.attachment(now);
    let members: [(NodeId, Attachment); 2] = [(1, own), (2, attachment.clone())];
    let id = ViewId {
        counter: 1,
        leader: 1,
    };
    let view = View {
        id,
        members: members.into(),
    };
    quorum.view(view, now);
    for (sequence, fact) in [
        (1, Fact::Grow),
        (2, Fact::Shrink),
        (
            3,
            Fact::ExpectedVotes {
                votes: 2,
                asserted: true,
            },
        ),
    ] {
        quorum.deliver(sequence, fact, now);
        quorum.stable(sequence, now);
    }
    assert!(!quorum.verdict().reasons.is_empty());
}
