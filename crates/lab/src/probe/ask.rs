//! One request and its answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Question;
use super::tally::Outcome;

/// The longest answer read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// The header by which our own web server says who it is.
pub(crate) const NAME_HEADER: &str = "X-Answered-By";
/// An echo is the datagram's eight-byte number and then the responder's name.
pub(crate) const ECHO_NUMBER_BYTES: usize = 8;

pub(crate) struct Asker {
    limit: Duration,
    way: Way,
}

enum Way {
    Http {
        address: SocketAddr,
        request: Vec<u8>,
    },
    Echo(Rc<Echoes>),
}

impl Asker {
    pub(crate) async fn new(question: Question, limit: Duration) -> io::Result<Self> {
        let way = match question {
            Question::Http {
                address,
                host,
                path,
            } => Way::Http {
                address,
                request: format!(
                    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: keel-lab-probe\r\n\
                     Accept: */*\r\nConnection: close\r\n\r\n"
                )
                .into_bytes(),
            },
            Question::Echo(address) => Way::Echo(Echoes::new(address).await?),
        };
        Ok(Self { limit, way })
    }

    pub(crate) async fn ask(&self) -> Outcome {
        let answer = async {
            match &self.way {
                Way::Http { address, request } => http(*address, request).await,
                Way::Echo(echoes) => echoes.ask().await,
            }
        };
        match timeout(self.limit, answer).await {
            Err(_) => Outcome::Late,
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => match error.kind() {
                io::ErrorKind::ConnectionRefused => Outcome::Refused,
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => Outcome::Broken,
                _ => Outcome::Other,
            },
        }
    }
}

async fn http(address: SocketAddr, request: &[u8]) -> io::Result<Outcome> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(request).await?;
    let mut answer = Vec::with_capacity(1024);
    while answer.len() < MAX_ANSWER_BYTES && !is_whole(&answer) {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    Ok(judge(&answer))
}

/// Whether the head has come and as much body as it announces. An answer without a length ends
/// with its connection.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    match text.split_once("\r\n\r\n") {
        Some((head, body)) => header(head, "Content-Length")
            .and_then(|length| length.parse().ok())
            .is_some_and(|length: usize| body.len() >= length),
        None => false,
    }
}

fn judge(answer: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Outcome::Broken;
    };
    let announced = header(head, "Content-Length").and_then(|length| length.parse().ok());
    if announced.is_some_and(|length: usize| body.len() < length) {
        return Outcome::Broken;
    }
    match head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
    {
        Some(0..500u16) => {
            let name = header(head, NAME_HEADER).or_else(|| body.lines().next());
            Outcome::Answered(name.unwrap_or_default().trim().to_owned())
        }
        Some(_) => Outcome::Status,
        None => Outcome::Other,
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Datagrams under way, by their number, over one socket.
struct Echoes {
    socket: UdpSocket,
    waiting: RefCell<HashMap<u64, oneshot::Sender<String>>>,
    next: RefCell<u64>,
}

impl Echoes {
    async fn new(address: SocketAddr) -> io::Result<Rc<Self>> {
        let any: SocketAddr = if address.is_ipv4() {
            (Ipv4Addr::UNSPECIFIED, 0).into()
        } else {
            (Ipv6Addr::UNSPECIFIED, 0).into()
        };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(address).await?;
        let echoes = Rc::new(Self {
            socket,
            waiting: RefCell::default(),
            next: RefCell::default(),
        });
        tokio::task::spawn_local(Rc::clone(&echoes).listen());
        Ok(echoes)
    }

    async fn listen(self: Rc<Self>) {
        let mut buffer = [0; 512];
        loop {
            // An error here is that of an earlier datagram (refused); its own time runs out.
            let Ok(len) = self.socket.recv(&mut buffer).await else {
                continue;
            };
            if let Some((number, name)) = buffer[..len].split_first_chunk::<ECHO_NUMBER_BYTES>()
                && let Some(answered) = self
                    .waiting
                    .borrow_mut()
                    .remove(&u64::from_be_bytes(*number))
            {
                let _ = answered.send(String::from_utf8_lossy(name).into_owned());
            }
        }
    }

    async fn ask(&self) -> io::Result<Outcome> {
        let number = {
            let mut next = self.next.borrow_mut();
            *next += 1;
            *next
        };
        let (answered, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert(number, answered);
        let _forget = Forget(self, number);
        self.socket.send(&number.to_be_bytes()).await?;
        let name = answer
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(Outcome::Answered(name))
    }
}

/// Forgets a datagram whose answer is no longer waited for.
struct Forget<'a>(&'a Echoes, u64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.waiting.borrow_mut().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_when_it_is_whole_and_below_500() {
        let answered = |who: &str| Outcome::Answered(who.to_owned());
        for (answer, expected) in [
            (
                "HTTP/1.1 200 OK\r\nx-answered-by: fred\r\n\r\n",
                answered("fred"),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nethyl",
                answered("ethyl"),
            ),
            ("HTTP/1.1 404 Not Found\r\n\r\nno\nsuch", answered("no")),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nethyl",
                Outcome::Broken,
            ),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", Outcome::Status),
            ("HTTP/1.1 200 OK\r\nContent-Len", Outcome::Broken),
            ("", Outcome::Broken),
            ("nonsense\r\n\r\n", Outcome::Other),
        ] {
            assert_eq!(judge(answer.as_bytes()), expected, "{answer:?}");
        }
    }
}
