//! What strangers can do, and what they cannot.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use pcsd_api::{CallError, Destination, KnownHost, Secret, USER};

use super::*;
use crate::daemon::Daemon;
use crate::{ask_host, authenticate, own_certificate, password};

const PASSWORD: &str = "correct-horse";
const LIMIT: Duration = Duration::from_secs(5);

/// A pcsd with a folder of its own, for the life of the test's process.
struct Running {
    at: Destination,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::of_environment();
        place.folder = folder.path().join("pcsd");
        place.socket = folder.path().join("pcsd.sock");
        place.cluster_socket = folder.path().join("cluster.sock");
        place.configuration = folder.path().join("corosync.conf");
        place.cman_configuration = folder.path().join("cluster.conf");
        password::set(&place, &Secret::new(PASSWORD)).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let listener = listen(&[address], 0).unwrap().remove(0);
                tell.send(listener.local_addr().unwrap().port()).unwrap();
                let config = own_certificate::server_config(&place).unwrap();
                let desk = Desk::open(&place, Daemon::attend(&place).unwrap()).unwrap();
                let tls = TlsAcceptor::from(Arc::new(config));
                serve(listener, tls, Arc::new(desk), places()).await;
            });
        });
        Self {
            at: Destination {
                address: "127.0.0.1".to_owned(),
                port: told.recv().unwrap(),
            },
            _folder: folder,
        }
    }

    fn log_in(&self, password: &str) -> Result<KnownHost, CallError> {
        let at = std::slice::from_ref(&self.at);
        authenticate(at, USER, &Secret::new(password), None, LIMIT)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((self.at.address.as_str(), self.at.port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }
}

fn kind<T>(asked: Result<T, CallError>) -> Option<RefusalKind> {
    match asked {
        Err(CallError::Refused(refusal)) => Some(refusal.kind),
        _ => None,
    }
}

#[test]
fn the_password_opens_and_a_token_keeps_open() {
    let running = Running::start();
    assert_eq!(
        kind(running.log_in("wrong")),
        Some(RefusalKind::NotAuthorized)
    );
    let host = running.log_in(PASSWORD).unwrap();
    let status = ask_host(&host, &Request::Status, LIMIT).unwrap();
    assert!(matches!(status, Answer::Status(status) if !status.is_running));
    let with_token = |token: &str| KnownHost {
        token: Secret::new(token),
        ..host.clone()
    };
    for token in ["", "x", &host.token.expose()[1..]] {
        let asked = ask_host(&with_token(token), &Request::Status, LIMIT);
        assert_eq!(kind(asked), Some(RefusalKind::NotAuthorized), "{token}");
    }
    // Somebody else at that place does not get to see the token.
    let other = KnownHost {
        certificate: "00".repeat(32),
        ..host.clone()
    };
    let asked = ask_host(&other, &Request::Status, LIMIT);
    assert_eq!(asked, Err(CallError::OtherCertificate));
    let at = std::slice::from_ref(&running.at);
    let password = Secret::new(PASSWORD);
    let asked = authenticate(at, USER, &password, Some(&other.certificate), LIMIT);
    assert_eq!(asked, Err(CallError::OtherCertificate));
}

#[test]
fn passwords_are_not_tried_for_ever() {
    let running = Running::start();
    for _ in 0..5 {
        assert_eq!(
            kind(running.log_in("wrong")),
            Some(RefusalKind::NotAuthorized)
        );
    }
    assert_eq!(kind(running.log_in(PASSWORD)), Some(RefusalKind::Limit));
}

#[test]
fn a_stranger_is_read_so_far_only() {
    let running = Running::start();
    let host = running.log_in(PASSWORD).unwrap();
    // A greeting of the greatest length is still answered; one byte more is not.
    let call = |len: usize| {
        let room = len - r#"{"token":"","request":"status"}"#.len();
        KnownHost {
            token: Secret::new("x".repeat(room)),
            ..host.clone()
        }
    };
    let longest = ask_host(&call(MAX_GREETING_BYTES), &Request::Status, LIMIT);
    assert_eq!(kind(longest), Some(RefusalKind::NotAuthorized));
    let longer = ask_host(&call(MAX_GREETING_BYTES + 1), &Request::Status, LIMIT);
    assert!(
        matches!(longer, Err(CallError::Unreachable(_))),
        "{longer:?}"
    );
    // Whoever speaks no TLS is hung up on.
    let mut stream = running.connect();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(said.len() < 64, "{said:?}");
}

#[test]
fn there_is_room_for_so_many() {
    let running = Running::start();
    let mut waiting: Vec<TcpStream> = (0..MAX_CONNECTIONS).map(|_| running.connect()).collect();
    let refused = running.log_in(PASSWORD);
    assert!(
        matches!(refused, Err(CallError::Unreachable(_))),
        "{refused:?}"
    );
    waiting.pop();
    let end = std::time::Instant::now() + LIMIT;
    while running.log_in(PASSWORD).is_err() {
        assert!(std::time::Instant::now() < end, "the place is free again");
    }
}
