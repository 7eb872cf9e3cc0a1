//! A daemon for tests: a CIB behind the socket's language, and nothing else of a cluster.

use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use cib::CibVersion;
use cib::xml::Document;
use cluster_api::{
    Acknowledged, Answer, CibStatus, CibText, Durability, Edit, Event, Frame, Life, MemberStatus,
    QuorumStatus, Refusal, Request, Status, ViewStatus, read_frame,
};
use replica::execute::execute;
use replica::{Change, Expectation, Operation};

/// A daemon that listens until the test ends.
pub struct Daemon {
    /// Where it listens.
    pub socket: PathBuf,
    state: Arc<Mutex<State>>,
    _folder: tempfile::TempDir,
}

struct State {
    cib: Document,
    status: Status,
    subscribers: Vec<UnixStream>,
}

impl Daemon {
    /// A daemon of node1 with that CIB; node2 is what `life` says.
    pub fn start(cib: &str, life: Life) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let socket = folder.path().join("cluster.sock");
        let listener = UnixListener::bind(&socket).expect("the socket is free");
        let state = State {
            cib: Document::parse_without_text(cib).expect("it is XML"),
            status: status(life),
            subscribers: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self {
            socket,
            state,
            _folder: folder,
        }
    }

    /// The CIB as it is now.
    pub fn cib(&self) -> String {
        self.state.lock().expect("nobody panics").cib.to_string()
    }

    /// Somebody else changes the CIB.
    #[allow(dead_code, reason = "not every test needs it")]
    pub fn change(&self, edit: Edit) {
        let change = cluster_api::Change {
            if_version: None,
            edits: vec![edit],
        };
        let mut state = self.state.lock().expect("nobody panics");
        state.change(change);
    }
}

fn status(life: Life) -> Status {
    let member = |node, name: &str, life| MemberStatus {
        node,
        name: name.to_owned(),
        votes: 1,
        life,
        is_leader: node == 1,
        patience_ms: None,
    };
    let is_whole = life == Life::Member;
    Status {
        cluster: "test".to_owned(),
        node: 1,
        name: "node1".to_owned(),
        transport: "embedded".to_owned(),
        running_s: 1,
        view: ViewStatus {
            counter: 1,
            leader: 1,
            members: if is_whole { vec![1, 2] } else { vec![1] },
            is_operating: true,
            age_ms: 1,
        },
        quorum: QuorumStatus {
            is_quorate: is_whole,
            is_exclusive: is_whole,
            total_votes: 1 + u32::from(is_whole),
            expected_votes: 2,
            needed: 2,
            lease_ms: None,
            witness: None,
            reasons: Vec::new(),
        },
        cib: CibStatus {
            version: String::new(),
            is_established: true,
            is_durable: true,
            lost: Vec::new(),
        },
        members: vec![member(1, "node1", Life::Member), member(2, "node2", life)],
        links: Vec::new(),
        warnings: Vec::new(),
    }
}

fn serve(mut stream: UnixStream, state: &Mutex<State>) {
    while let Ok(frame) = read_frame(&mut stream) {
        let Ok(request) = frame.parse::<Request>() else {
            return;
        };
        let answer = {
            let mut state = state.lock().expect("nobody panics");
            if matches!(request, Request::Subscribe { .. }) {
                let second = stream.try_clone().expect("there are descriptors");
                state.subscribers.push(second);
            }
            state.answer(request)
        };
        if stream.write_all(&Frame::json(&answer).encode()).is_err() {
            return;
        }
    }
}

impl State {
    fn answer(&mut self, request: Request) -> Answer {
        match request {
            Request::Status => Answer::Status(Box::new(self.status.clone())),
            Request::Cib { .. } => Answer::Cib(CibText {
                xml: self.cib.to_string(),
                version: CibVersion::of(self.cib.root()).to_string(),
                is_established: true,
                is_exclusive: true,
            }),
            Request::Change(change) => self.change(change),
            Request::Subscribe { .. } => Answer::Done,
            _ => Answer::Refused(Refusal::new("not in a test")),
        }
    }

    fn change(&mut self, change: cluster_api::Change) -> Answer {
        let expectation = change.if_version.map(|text| match text.parse() {
            Ok(version) => Expectation::Version(version),
            Err(_) => {
                let (admin_epoch, epoch) = text.split_once('.').expect("it is a version");
                Expectation::Configuration {
                    admin_epoch: admin_epoch.parse().expect("it is a number"),
                    epoch: epoch.parse().expect("it is a number"),
                }
            }
        });
        let change = Change {
            expectation,
            origin: None,
            operations: change.edits.into_iter().map(operation).collect(),
        };
        let mut after = self.cib.clone();
        match execute(&mut after, &change) {
            Ok(effect) => {
                self.cib = after;
                let version = CibVersion::of(self.cib.root()).to_string();
                let event = Answer::Event(Event::Cib {
                    version: version.clone(),
                });
                let bytes = Frame::json(&event).encode();
                self.subscribers
                    .retain_mut(|it| it.write_all(&bytes).is_ok());
                Answer::Changed(Acknowledged {
                    version,
                    is_changed: effect.is_any(),
                    durability: Durability::ExclusiveQuorum,
                })
            }
            Err(error) => Answer::Refused(Refusal::new(error.to_string())),
        }
    }
}

fn operation(edit: Edit) -> Operation {
    match edit {
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
    }
}
