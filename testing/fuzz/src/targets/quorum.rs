//! What nodes say to each other about quorum.

use quorum::witness::{Answer, Request, Ruling, Witness, WitnessLimits, hold_time};
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

/// Any bytes are a request, an answer, or neither; whatever is asked is answered, and the vote is
/// given once.
pub fn witness(bytes: &[u8]) {
    if let Ok(request) = Request::decode(bytes) {
        assert_eq!(request.encode(), bytes);
        arbitrate(request);
    }
    if let Ok(answer) = Answer::decode(bytes) {
        assert_eq!(answer.encode(), bytes);
    }
}

/// A node asks, and then another one of its cluster does in a view of its own.
fn arbitrate(mut request: Request) {
    let limits = WitnessLimits::default();
    let now = hold_time(limits.lease);
    let mut witness = Witness::new(limits, std::time::Duration::ZERO);
    let first = witness.handle(&request, now);
    assert_eq!(witness.handle(&request, now).number, first.number);
    let Some(other) = request.nodes.difference(&request.members).next().copied() else {
        return;
    };
    request.node = other;
    request.view.leader = other;
    request.members = [other].into();
    let second = witness.handle(&request, now);
    let granted = |answer: &Answer| matches!(answer.ruling, Ruling::Granted { .. });
    assert!(!(granted(&first) && granted(&second)));
    assert!(Answer::decode(&second.encode()).is_ok());
}
