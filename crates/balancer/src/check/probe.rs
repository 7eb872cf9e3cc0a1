//! One check from connecting to its outcome.

use std::io;
use std::time::{Duration, Instant};

use compio::runtime::fd::PollFd;
use compio::time::timeout;
use haproxy_config::model::CheckMethod;
use nix::errno::Errno;
use socket2::{Domain, SockAddr, Socket, Type};

use super::http::{self, Verdict};
use super::{Plan, Target};
use crate::state::CheckOutcome;

/// Most bytes of an answer that are looked at (tune.bufsize's default).
const ANSWER_BYTES_MAX: usize = 16_384;

/// What a check found: the status, and an HTTP status and words where there are any.
struct Finding {
    passed: bool,
    status: &'static str,
    code: Option<u16>,
    detail: String,
}

impl Finding {
    fn new(passed: bool, status: &'static str) -> Self {
        Self {
            passed,
            status,
            code: None,
            detail: String::new(),
        }
    }

    fn because(status: &'static str, error: &io::Error) -> Self {
        Self {
            detail: crate::load::reason(error),
            ..Self::new(false, status)
        }
    }
}

/// Checks once; whether it passed, and what was found.
pub(super) async fn probe(plan: &Plan) -> (bool, CheckOutcome) {
    let began = Instant::now();
    let finding = match connect(plan).await {
        Ok(stream) => match &plan.method {
            CheckMethod::Tcp => Finding::new(true, "L4OK"),
            CheckMethod::Http(check) => {
                let limit = match (plan.limits.answer, plan.limits.total) {
                    (Some(answer), _) => answer,
                    (None, Some(total)) => total.saturating_sub(began.elapsed()),
                    (None, None) => plan.check.inter,
                };
                exchange(&stream, &http::request(check), limit, |answer, ended| {
                    http::judge(check, answer, ended)
                })
                .await
            }
        },
        Err(finding) => finding,
    };
    let outcome = CheckOutcome {
        status: Some(finding.status),
        code: finding.code,
        duration: began.elapsed(),
        detail: finding.detail,
    };
    (finding.passed, outcome)
}

async fn connect(plan: &Plan) -> Result<PollFd<Socket>, Finding> {
    let broken = |error: io::Error| Finding::because("SOCKERR", &error);
    let address = match &plan.target {
        Target::Inet(address) => SockAddr::from(*address),
        Target::Unix(path) => SockAddr::unix(path).map_err(broken)?,
        Target::Abstract(name) => SockAddr::unix(format!("\0{name}")).map_err(broken)?,
    };
    let socket = Socket::new(address.domain(), Type::STREAM, None).map_err(broken)?;
    socket.set_nonblocking(true).map_err(broken)?;
    if address.domain() != Domain::UNIX {
        // A check leaves no connection in TIME_WAIT, on neither side.
        socket.set_linger(Some(Duration::ZERO)).map_err(broken)?;
        if let Some(source) = plan.source {
            socket.bind(&source.into()).map_err(broken)?;
        }
    }
    let stream = PollFd::new(socket).map_err(broken)?;
    let refused = |error: io::Error| Finding::because("L4CON", &error);
    match stream.connect(&address) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {
            match timeout(plan.limits.connect, stream.connect_ready()).await {
                Ok(ready) => ready.map_err(refused)?,
                Err(_) => return Err(Finding::new(false, "L4TOUT")),
            }
        }
        Err(error) => return Err(refused(error)),
    }
    match stream.take_error() {
        Ok(None) => {}
        Ok(Some(error)) | Err(error) => return Err(refused(error)),
    }
    match timeout(plan.limits.connect, send(&stream, &plan.greeting)).await {
        Ok(sent) => sent.map_err(refused)?,
        Err(_) => return Err(Finding::new(false, "L4TOUT")),
    }
    Ok(stream)
}

/// Sends a request and reads until `judge` knows enough.
async fn exchange(
    stream: &PollFd<Socket>,
    request: &[u8],
    limit: Duration,
    judge: impl Fn(&[u8], bool) -> Verdict,
) -> Finding {
    let talk = async {
        send(stream, request).await?;
        let mut answer = Vec::new();
        loop {
            let ended = receive(stream, &mut answer).await? == 0;
            let full = answer.len() >= ANSWER_BYTES_MAX;
            match judge(&answer, ended || full) {
                Verdict::More => {}
                verdict => return Ok(verdict),
            }
            if ended || full {
                return Ok(Verdict::Invalid);
            }
        }
    };
    let verdict: io::Result<Verdict> = match timeout(limit, talk).await {
        Ok(verdict) => verdict,
        Err(_) => return Finding::new(false, "L7TOUT"),
    };
    match verdict {
        Ok(Verdict::Passed { code }) => Finding {
            code: Some(code),
            ..Finding::new(true, "L7OK")
        },
        Ok(Verdict::WrongStatus { code, words }) => Finding {
            code: Some(code),
            detail: words,
            ..Finding::new(false, "L7STS")
        },
        Ok(Verdict::WrongBody { code, words }) => Finding {
            code: Some(code),
            detail: words,
            ..Finding::new(false, "L7RSP")
        },
        Ok(Verdict::Invalid | Verdict::More) => Finding::new(false, "L7RSP"),
        Err(error) => Finding::because("SOCKERR", &error),
    }
}

async fn send(stream: &PollFd<Socket>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.send(bytes) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                stream.write_ready().await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn receive(stream: &PollFd<Socket>, into: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 4096];
    loop {
        let mut socket: &Socket = stream;
        match io::Read::read(&mut socket, &mut buffer) {
            Ok(read) => {
                into.extend_from_slice(&buffer[..read]);
                return Ok(read);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                stream.read_ready().await?;
            }
            Err(error) => return Err(error),
        }
    }
}
