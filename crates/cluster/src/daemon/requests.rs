//! What clients ask for.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use cib::CibVersion;
use cib::xml::Document;
use cluster_api::{
    Access, Acknowledged, Answer, CibText, Durability, Edit, Frame, Refusal, Request,
};
use corosync_config::model::MessageTransport;
use quorum::Fact;
use replica::{Change, Expectation, Operation, Origin, RequestId};

use super::{Daemon, access};
use crate::clients::ClientId;
use crate::clock;
use crate::group::GroupService;
use crate::resources::epoch_s;

impl<G: GroupService> Daemon<G> {
    pub(super) fn hear_session(&mut self, client: ClientId, frame: Frame) {
        let Some(session) = self.sessions.get(&client) else {
            return;
        };
        let access = session.access;
        let request = match frame {
            Frame::Message(payload) if session.joined => {
                self.node.send(Bytes::from(payload));
                return;
            }
            Frame::Message(_) => {
                self.refuse(client, "messages are taken after a request to join only");
                return;
            }
            Frame::Json(_) => match frame.parse::<Request>() {
                Ok(request) => request,
                Err(error) => {
                    self.refuse(client, &format!("the request is not understood: {error}"));
                    return;
                }
            },
        };
        if request.needs() == Access::Write && access != Access::Write {
            self.refuse(
                client,
                "this needs the rights of root or of the group haclient",
            );
            return;
        }
        self.carry_out(client, request);
    }

    fn carry_out(&mut self, client: ClientId, request: Request) {
        let now = clock::now();
        match request {
            Request::Status => {
                let status = self.status(now);
                self.answer(client, &Answer::Status(Box::new(status)));
            }
            Request::Cib { ordered } => {
                let read = if ordered {
                    replica::Request::Read
                } else {
                    replica::Request::ReadLocal
                };
                self.ask_replica(client, read);
            }
            Request::Change(change) => {
                match to_replica(change).and_then(|change| self.permitted(client, change)) {
                    Ok(change) => self.ask_replica(client, replica::Request::Change(change)),
                    Err(reason) => self.refuse(client, &reason),
                }
            }
            Request::Subscribe { topics } => {
                if let Some(session) = self.sessions.get_mut(&client) {
                    session
                        .topics
                        .extend(topics.into_iter().map(|topic| topic as u8));
                }
                self.answer(client, &Answer::Done);
            }
            Request::Join => {
                if let Some(session) = self.sessions.get_mut(&client) {
                    session.joined = true;
                }
                self.answer(client, &Answer::Done);
            }
            Request::ExpectedVotes { .. } | Request::Unblock
                if self.setup.transport() == MessageTransport::Corosync =>
            {
                self.refuse(
                    client,
                    "corosync's votequorum decides about quorum: see corosync-quorumtool(8)",
                );
            }
            Request::ExpectedVotes { votes, asserted } => {
                self.node.say(Fact::ExpectedVotes { votes, asserted });
                self.answer(client, &Answer::Done);
            }
            Request::Unblock => {
                self.node.say(Fact::Unblock);
                self.answer(client, &Answer::Done);
            }
            Request::ReloadKeys => {
                self.reload_keys();
                self.answer(client, &Answer::Done);
            }
            Request::Fence(fence) => self.fencing.fence_for(now, client, fence),
            Request::ConfirmFenced { target } => {
                self.fencing.confirm(target);
                self.answer(client, &Answer::Done);
            }
            Request::ForgetFencing { target } => {
                self.fencing.forget(target);
                self.answer(client, &Answer::Done);
            }
            Request::FencingHistory { target } => {
                let history = self.fencing.history(now, epoch_s(), target.as_deref());
                self.answer(client, &Answer::FencingHistory(history));
            }
            Request::Leave => {
                self.answer(client, &Answer::Done);
                self.leave_in_order("a client asked for it");
            }
        }
    }

    fn ask_replica(&mut self, client: ClientId, request: replica::Request) {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.asked.insert(id, client);
        self.node.request(id, request);
    }

    /// A change that the client may make, on the CIB that it was judged on, with its origin.
    fn permitted(&self, client: ClientId, mut change: Change) -> Result<Change, String> {
        let cib = self.node.replica().committed();
        change.origin = self.sessions.get(&client).map(|session| Origin {
            time: jiff::Zoned::now()
                .with_time_zone(system::local_zone::local_zone())
                .strftime("%a %b %e %H:%M:%S %Y")
                .to_string(),
            node: self.setup.name(self.setup.node).to_owned(),
            client: session.user.program.clone(),
            user: session.user.name.clone(),
        });
        if let Some(session) = self.sessions.get(&client)
            && let Some(permissions) = access::limits(cib, &session.user)
        {
            access::check(cib, &change, &permissions)?;
            let version = CibVersion::of(cib.root());
            change.expectation = Some(Expectation::Version(version));
        }
        Ok(change)
    }

    /// The CIB as the client may see it.
    fn seen_by(&self, client: ClientId, cib: &Arc<Document>) -> Result<String, String> {
        let session = self.sessions.get(&client);
        match session.and_then(|session| access::limits(cib, &session.user)) {
            Some(permissions) => access::readable(cib, &permissions).map(|cib| cib.to_string()),
            None => Ok(cib.to_string()),
        }
    }

    pub(super) fn answer_request(&mut self, request: RequestId, answer: replica::Answer) {
        let Some(client) = self.asked.remove(&request) else {
            return;
        };
        let answer = match answer {
            replica::Answer::Changed {
                version,
                is_changed,
                durability,
            } => Answer::Changed(Acknowledged {
                version: version.to_string(),
                is_changed,
                durability: match durability {
                    replica::Durability::ExclusiveQuorum => Durability::ExclusiveQuorum,
                    replica::Durability::WithoutQuorum => Durability::WithoutQuorum,
                },
            }),
            replica::Answer::Cib {
                document,
                is_established,
                standing,
            } => match self.seen_by(client, &document) {
                Ok(xml) => Answer::Cib(CibText {
                    xml,
                    version: CibVersion::of(document.root()).to_string(),
                    is_established,
                    is_exclusive: is_established && standing.quorate && standing.exclusive,
                }),
                Err(reason) => Answer::Refused(Refusal::new(reason)),
            },
            replica::Answer::Refused(refusal) => Answer::Refused(Refusal::new(refusal.to_string())),
            replica::Answer::Unknown { kept } => {
                let kept = kept.map_or(String::new(), |name| format!("; it is kept in {name}.xml"));
                Answer::Refused(Refusal {
                    reason: format!(
                        "the cluster split while the change was under way, and this part does not have it{kept}"
                    ),
                    is_unknown: true,
                })
            }
        };
        self.answer(client, &answer);
    }

    fn refuse(&mut self, client: ClientId, reason: &str) {
        self.answer(client, &Answer::Refused(Refusal::new(reason)));
    }

    pub(super) fn answer(&mut self, client: ClientId, answer: &Answer) {
        if let Some(session) = self.sessions.get(&client)
            && session
                .answers
                .try_send(Bytes::from(Frame::json(answer).encode()))
                .is_err()
        {
            self.sessions.remove(&client);
        }
    }

    /// A message of the group goes to all who have joined: the sender's id (u32, little-endian), then
    /// what it says.
    pub(super) fn pass_message(&mut self, sender: u32, payload: &Bytes) {
        if !self.sessions.values().any(|session| session.joined) {
            return;
        }
        let mut content = BytesMut::with_capacity(4 + payload.len());
        content.put_u32_le(sender);
        content.extend_from_slice(payload);
        let frame = Bytes::from(Frame::Message(content.to_vec()).encode());
        self.sessions.retain(|_, session| {
            !session.joined || session.answers.try_send(frame.clone()).is_ok()
        });
    }
}

fn to_replica(change: cluster_api::Change) -> Result<Change, String> {
    let expectation = change.if_version.as_deref().map(expectation).transpose()?;
    let operations = change.edits.into_iter().map(|edit| match edit {
        Edit::Create { parent, xml } => Operation::Create {
            parent,
            element: xml,
        },
        Edit::Modify { xml, may_create } => Operation::Modify {
            place: None,
            element: xml,
            may_create,
        },
        Edit::Replace { xml } => Operation::Replace {
            place: None,
            element: xml,
            is_forced: false,
        },
        Edit::Delete { xpath } => Operation::Delete {
            query: xpath,
            all: true,
        },
        Edit::Patch { xml } => Operation::Patch { patch: xml },
    });
    Ok(Change {
        expectation,
        origin: None,
        operations: operations.collect(),
    })
}

/// A whole version, or that of a configuration.
fn expectation(text: &str) -> Result<Expectation, String> {
    let misread =
        || format!("'{text}' is no version: admin_epoch.epoch.num_updates, or admin_epoch.epoch");
    let whole = match text.matches('.').count() {
        1 => format!("{text}.0"),
        _ => text.to_owned(),
    };
    let version: CibVersion = whole.parse().map_err(|_| misread())?;
    Ok(if whole == text {
        Expectation::Version(version)
    } else {
        Expectation::Configuration {
            admin_epoch: version.admin_epoch,
            epoch: version.epoch,
        }
    })
}
