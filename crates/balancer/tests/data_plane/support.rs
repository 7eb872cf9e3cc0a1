//! Origins, clients and a balancer between them, all in this process and on loopback.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::balancer::Balancer;
use ::balancer::log_record::{LogEntry, LogRecord};

/// Nothing in these tests waits longer than this.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What an origin does with a request.
pub enum Reply {
    /// Sends these bytes and waits for the next request.
    Send(String),
    /// Sends these bytes and closes.
    SendAndClose(String),
    /// Closes without a byte.
    Close,
    /// Sends these bytes and then nothing, until the other side closes.
    Stall(String),
    /// Sends these bytes, and from then on returns every byte that comes in.
    Echo(String),
}

/// A server that a closure speaks for.
pub struct Origin {
    pub address: SocketAddr,
    /// Connections accepted so far.
    pub connections: Arc<AtomicUsize>,
    /// Connections that have not ended.
    open: Arc<AtomicUsize>,
    /// Requests answered so far.
    pub requests: Arc<AtomicUsize>,
}

impl Origin {
    /// Calls `answer` with every request, head and body of `Content-Length`, as text.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let connections = Arc::new(AtomicUsize::new(0));
        let open = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(answer);
        std::thread::spawn({
            let (connections, requests) = (Arc::clone(&connections), Arc::clone(&requests));
            let open = Arc::clone(&open);
            move || {
                for stream in listener.incoming().flatten() {
                    connections.fetch_add(1, Ordering::SeqCst);
                    open.fetch_add(1, Ordering::SeqCst);
                    let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
                    let open = Arc::clone(&open);
                    std::thread::spawn(move || {
                        converse(stream, &*answer, &requests);
                        open.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            }
        });
        Self {
            address,
            connections,
            open,
            requests,
        }
    }

    /// Waits until the other side has closed all connections but so many.
    pub fn open_falls_to(&self, most: usize) {
        let until = Instant::now() + PATIENCE;
        while self.open.load(Ordering::SeqCst) > most {
            assert!(
                Instant::now() < until,
                "{} connections are open, {most} are enough",
                self.open.load(Ordering::SeqCst)
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// One that answers every request with 200 and this body.
    pub fn saying(body: &'static str) -> Self {
        Self::start(move |_| Reply::Send(ok(body)))
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&str) -> Reply, requests: &AtomicUsize) {
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a limit can be set");
    let mut received = Vec::new();
    while let Some(request) = read_message(&mut stream, &mut received) {
        requests.fetch_add(1, Ordering::SeqCst);
        let (bytes, then) = match answer(&request) {
            Reply::Send(bytes) => (bytes, None),
            Reply::SendAndClose(bytes) => (bytes, Some(false)),
            Reply::Close => return,
            Reply::Stall(bytes) => (bytes, Some(true)),
            Reply::Echo(bytes) => {
                let _ = stream.write_all(bytes.as_bytes());
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    let _ = stream.write_all(&buffer[..count]);
                }
                return;
            }
        };
        if stream.write_all(bytes.as_bytes()).is_err() {
            return;
        }
        match then {
            None => {}
            Some(false) => return,
            Some(true) => {
                let _ = stream.read(&mut [0; 1]);
                return;
            }
        }
    }
}

/// A whole 200 response.
pub fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads a head and the body that its Content-Length announces. None at the end of the stream.
fn read_message(stream: &mut TcpStream, received: &mut Vec<u8>) -> Option<String> {
    let mut buffer = [0; 16_384];
    loop {
        let text = String::from_utf8_lossy(received).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let len = end + 4 + content_length(&text[..end]);
            if received.len() >= len {
                let message = String::from_utf8_lossy(&received[..len]).into_owned();
                received.drain(..len);
                return Some(message);
            }
        }
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => received.extend_from_slice(&buffer[..count]),
            Ok(_) | Err(_) => return None,
        }
    }
}

fn content_length(head: &str) -> usize {
    if head.starts_with("HTTP/1.1 1") || head.starts_with("HTTP/1.1 204") {
        return 0;
    }
    head.lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        })
        .unwrap_or(0)
}

/// A client that speaks bytes.
pub struct Client {
    pub stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the balancer accepts");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a limit can be set");
        stream.set_nodelay(true).expect("no delay can be set");
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub fn send(&mut self, bytes: &str) -> &mut Self {
        self.stream
            .write_all(bytes.as_bytes())
            .expect("the balancer reads");
        self
    }

    /// The next response, head and body.
    pub fn response(&mut self) -> String {
        read_message(&mut self.stream, &mut self.received).unwrap_or_else(|| {
            panic!(
                "no response, only {:?}",
                String::from_utf8_lossy(&self.received)
            )
        })
    }

    /// Sends a GET and returns the response.
    pub fn get(&mut self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.response()
    }

    /// Everything up to the end of the stream.
    pub fn rest(&mut self) -> String {
        let mut rest = std::mem::take(&mut self.received);
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = self.stream.read(&mut buffer) {
            rest.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// So many bytes.
    pub fn exactly(&mut self, count: usize) -> String {
        let mut bytes: Vec<u8> = self
            .received
            .drain(..count.min(self.received.len()))
            .collect();
        let buffered = bytes.len();
        bytes.resize(count, 0);
        self.stream
            .read_exact(&mut bytes[buffered..])
            .expect("so many bytes come");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether the balancer has closed, without a further byte.
    pub fn is_closed(&mut self) -> bool {
        self.rest().is_empty()
    }

    pub fn close_sending(&mut self) -> &mut Self {
        self.stream
            .shutdown(Shutdown::Write)
            .expect("still connected");
        self
    }
}

/// A balancer for a configuration in which `{fe}` (`{fe2}`) stands for its own listening address.
pub struct Proxy {
    pub balancer: Balancer,
    pub address: SocketAddr,
    pub second: SocketAddr,
}

/// Time limits that no test reaches by accident.
pub const DEFAULTS: &str = "defaults\n  mode http\n  timeout connect 5s\n  timeout client 9s\n  \
                            timeout server 9s\n  timeout queue 9s\n";

impl Proxy {
    /// One worker.
    pub fn start(text: &str) -> Self {
        Self::with_workers(text, 1)
    }

    pub fn with_workers(text: &str, workers: usize) -> Self {
        let (first, address) = listening();
        let (second, second_address) = listening();
        let text = fill(text, address, second_address);
        let sockets = HashMap::from([
            (address.to_string(), Arc::new(first)),
            (second_address.to_string(), Arc::new(second)),
        ]);
        let balancer = Balancer::start(&text, workers, sockets);
        Self {
            balancer,
            address,
            second: second_address,
        }
    }

    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    pub fn reload(&mut self, text: &str) {
        let text = fill(text, self.address, self.second);
        self.balancer.reload(&text);
    }

    /// The next log record.
    pub fn record(&mut self) -> Box<LogRecord> {
        let records = self.balancer.records.as_ref().expect("kept");
        match records.recv_timeout(PATIENCE).expect("a log record comes") {
            LogEntry::Traffic(record) => record,
            LogEntry::Notice(_) | LogEntry::Flush(_) => panic!("no traffic"),
        }
    }
}

fn fill(text: &str, first: SocketAddr, second: SocketAddr) -> String {
    text.replace("{fe}", &first.to_string())
        .replace("{fe2}", &second.to_string())
}

fn listening() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener.into(), address)
}

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}: never");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The status of a response.
pub fn status(response: &str) -> u16 {
    response
        .get(9..12)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// The body of a response.
pub fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// A header's value.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
}
