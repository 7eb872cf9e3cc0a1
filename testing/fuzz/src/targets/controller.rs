//! What controllers say to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::controller::{Controller, Identity, Message, Now, View};
use cib::xml::Document;

/// Any bytes are understood or refused; what is understood is written as it was read, and a controller
/// that hears it goes on.
pub fn message(bytes: &[u8]) {
    let Ok(message) = Message::decode(bytes) else {
        return;
    };
    if let Ok(encoded) = message.encode() {
        assert_eq!(Message::decode(&encoded).ok().as_ref(), Some(&message));
    }
    let identity = Identity {
        id: 1,
        name: "node1".to_owned(),
    };
    let nodes = BTreeMap::from([(1, "node1".to_owned())]);
    let now = Now::default();
    let mut controller = Controller::new(identity, 1, nodes, Arc::new(Document::new("cib")), now);
    controller.view(View {
        number: 1,
        leader: 1,
        members: [1].into(),
    });
    controller.established(now, true);
    controller.heard(now, 1, message);
    controller.tick(now);
    while controller.poll().is_some() {}
}
