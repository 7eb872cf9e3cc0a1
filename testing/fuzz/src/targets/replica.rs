//! The replicated CIB: its messages and its files.

use std::collections::BTreeMap;

use bytes::Bytes;
use membership::{Incarnation, Member, NodeId, View, ViewId};
use replica::message::{Message, decode_change, encode_change};
use replica::store::{read_generation, read_promise, write_generation, write_promise};
use replica::{CibCopy, Generation, Output, Replica, Standing};

/// Any message is understood or left out, and the replica goes on; one that was understood is the same
/// once written again.
pub fn message(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(message) = Message::decode(bytes.clone()) {
        assert_eq!(message.encode(), bytes);
        if let Message::Change { change, .. } = message
            && let Ok(read) = decode_change(change.clone())
        {
            assert_eq!(encode_change(&read), change);
        }
    }
    if let Ok(copy) = CibCopy::decode(bytes.clone()) {
        let again = CibCopy::decode(copy.encode()).expect("what is written can be read");
        assert_eq!(again.fingerprint(), copy.fingerprint());
    }
    let member = |node| Member {
        node: NodeId(node),
        incarnation: Incarnation(1),
    };
    let (me, other) = (member(1), member(2));
    let mut replica = Replica::new(me, CibCopy::empty(), 0);
    let id = ViewId {
        counter: 1,
        leader: me,
    };
    let view = View {
        id,
        members: BTreeMap::from([(me, Bytes::new())]),
        together: vec![me],
    };
    let standing = Standing {
        quorate: true,
        exclusive: true,
    };
    replica.view(&view, standing);
    let mut seq = 0;
    run(&mut replica, me, &mut seq);
    assert!(replica.established().is_some());
    seq += 1;
    replica.deliver(seq, other, bytes);
    run(&mut replica, me, &mut seq);
    assert!(replica.established().is_some());
}

/// Carries out what the only member asks for.
fn run(replica: &mut Replica, me: Member, seq: &mut u64) {
    while let Some(output) = replica.poll() {
        match output {
            Output::Submit(message) => {
                *seq += 1;
                replica.deliver(*seq, me, message);
            }
            Output::Acknowledge(acknowledged) => replica.stable(acknowledged),
            Output::Write { id, .. } => replica.written(id, Ok(())),
            Output::Answer { .. } | Output::Changed(_) | Output::Report(_) => {}
        }
    }
}

/// Any file is read or refused; what was read is the same once written again.
pub fn file(bytes: &[u8]) {
    if let Ok(term) = read_promise(bytes) {
        assert_eq!(read_promise(&write_promise(term)), Ok(term));
    }
    let Ok((copy, promised)) = read_generation(bytes) else {
        return;
    };
    let written = write_generation(&Generation {
        document: copy.document.clone(),
        position: copy.position,
        promised,
        chain: copy.chain,
        history: copy.history.clone(),
    });
    let (again, _) = read_generation(&written).expect("what is written can be read");
    assert_eq!(again.fingerprint(), copy.fingerprint());
    assert_eq!(again.history, copy.history);
}
