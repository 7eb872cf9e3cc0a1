//! A balancer on loopback and what stands around it: a web server that remembers what it was sent,
//! and a syslog server.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::machines::{LIMIT, eventually};

/// A `defaults` section with time limits that nothing reaches by accident.
pub const DEFAULTS: &str = "defaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n    \
                        timeout server 10s\n    timeout http-keep-alive 10s\n";

/// How long the answer to `/slow` takes.
pub const SLOW: Duration = Duration::from_millis(600);

/// The version that every page has: `If-None-Match` with it is answered 304.
pub const ETAG: &str = "\"v1\"";

/// A `haproxy`, ours or the real one, that listens at a port of its own.
pub struct Balancer {
    pub port: u16,
    child: Child,
    folder: TempDir,
}

impl Balancer {
    /// `keel haproxy` with a configuration in which `{port}` stands for a free port.
    #[track_caller]
    pub fn start(text: &str) -> Self {
        Self::of(Path::new(env!("CARGO_BIN_EXE_keel")), &["haproxy"], text)
    }

    /// The same with any program that takes HAProxy's command line after these words.
    #[track_caller]
    pub fn of(program: &Path, words: &[&str], text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let port = free_port();
        let file = folder.path().join("haproxy.cfg");
        fs::write(&file, text.replace("{port}", &port.to_string())).expect("a folder of our own");
        let log = fs::File::create(folder.path().join("log")).expect("a folder of our own");
        let child = Command::new(program)
            .args(words)
            .args(["-db", "-f"])
            .arg(&file)
            .env("KEEL_RUNTIME_DIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program is there");
        let mut balancer = Self {
            port,
            child,
            folder,
        };
        eventually("a balancer that listens", || {
            let ended = balancer.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "the balancer ended: {}", balancer.log());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        balancer
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // A keel's processes end with their supervisor.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the balancer said:\n{}", self.log());
        }
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

/// A web server that says what it was asked and by which name it is known: `NAME METHOD PATH
/// LENGTH-OF-BODY`.
pub struct Origin {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Origin {
    pub fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let memory = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let memory = Arc::clone(&memory);
                thread::spawn(move || Connection::new(stream, memory).answer_all(name));
            }
        });
        Self { address, seen }
    }

    /// The heads of all requests so far, each line as it came.
    pub fn seen(&self) -> String {
        let seen = self.seen.lock().expect("no holder of the lock panics");
        String::from_utf8_lossy(&seen).into_owned()
    }
}

struct Connection {
    reader: BufReader<TcpStream>,
    memory: Arc<Mutex<Vec<u8>>>,
}

impl Connection {
    fn new(stream: TcpStream, memory: Arc<Mutex<Vec<u8>>>) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        Self {
            reader: BufReader::new(stream),
            memory,
        }
    }

    fn answer_all(mut self, name: &str) {
        while let Some(head) = self.head() {
            if head.contains("\r\nexpect: 100-continue") {
                self.send("HTTP/1.1 100 Continue\r\n\r\n");
            }
            let length = self.body(&head);
            let mut words = head.split_whitespace();
            let method = words.next().unwrap_or_default().to_ascii_uppercase();
            let path = words.next().unwrap_or_default();
            if path == "/slow" {
                thread::sleep(SLOW);
            }
            let status = match path {
                "/missing" => "404 Not Found",
                _ if head.contains(&format!("\r\nif-none-match: {ETAG}")) => "304 Not Modified",
                _ => "200 OK",
            };
            let body = match status {
                "304 Not Modified" => String::new(),
                _ => format!("{name} {method} {path} {length}\n"),
            };
            let close = head.contains(" http/1.0\r\n") || head.contains("\r\nconnection: close");
            let connection = if close { "Connection: close\r\n" } else { "" };
            let cookie = match path {
                "/login" => "Set-Cookie: S=application; Path=/; HttpOnly\r\n",
                _ => "",
            };
            let length = match status {
                "304 Not Modified" => String::new(),
                _ => format!("Content-Length: {}\r\n", body.len()),
            };
            let body = if method == "HEAD" { "" } else { &body };
            self.send(&format!(
                "HTTP/1.1 {status}\r\nETag: {ETAG}\r\nX-Server: {name}\r\n{length}{cookie}{connection}\r\n{body}"
            ));
            if close {
                return;
            }
        }
    }

    /// The next head in small letters, with the empty line; `None` at the end of the stream.
    fn head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let start = head.len();
            let length = self.reader.read_until(b'\n', &mut head).ok()?;
            let mut memory = self.memory.lock().expect("no holder of the lock panics");
            memory.extend_from_slice(&head[start..]);
            if length == 0 {
                return None;
            }
        }
        Some(String::from_utf8_lossy(&head).to_ascii_lowercase())
    }

    /// Reads the body that the head announces; its length without the framing.
    fn body(&mut self, head: &str) -> usize {
        if !head.contains("\r\ntransfer-encoding: chunked") {
            let announced = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length = announced.and_then(|text| text.trim().parse().ok());
            return self.skip(length.unwrap_or(0));
        }
        let mut total = 0;
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).unwrap_or(0);
            let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
            total += self.skip(size);
            self.skip(2);
            if read == 0 || size == 0 {
                return total;
            }
        }
    }

    fn skip(&mut self, length: usize) -> usize {
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes).map_or(0, |()| length)
    }

    fn send(&mut self, text: &str) {
        // The other side may have gone away.
        let _ = self.reader.get_mut().write_all(text.as_bytes());
    }
}

/// A syslog server: a UDP socket of the test's own.
pub struct Syslog {
    socket: UdpSocket,
}

impl Syslog {
    pub fn open() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
        let limited = socket.set_read_timeout(Some(LIMIT));
        limited.expect("a time that is not zero");
        Self { socket }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }

    /// The line about the client's connection from that port.
    #[track_caller]
    pub fn line_about(&self, client_port: u16) -> String {
        let client = format!("]: 127.0.0.1:{client_port} ");
        let mut buffer = [0; 4096];
        loop {
            let read = self.socket.recv(&mut buffer).expect("a log line in time");
            let line = String::from_utf8_lossy(&buffer[..read]);
            if line.contains(&client) {
                return line.trim_end().to_owned();
            }
        }
    }
}

/// A conversation that is over.
pub struct Said {
    /// All that came back.
    pub answer: String,
    /// The client's port.
    pub client_port: u16,
}

/// Sends bytes on a connection of their own and waits until the other side closes.
#[track_caller]
pub fn say(port: u16, pieces: &[&[u8]]) -> Said {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect(address).expect("the balancer listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let limited = stream.set_read_timeout(Some(LIMIT));
    limited.expect("a time that is not zero");
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            thread::sleep(Duration::from_millis(20));
        }
        // It may have had enough already.
        let _ = stream.write_all(piece);
    }
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer)
        && error.kind() != std::io::ErrorKind::ConnectionReset
    {
        let answer = String::from_utf8_lossy(&answer);
        panic!("the connection stays open: {error}; so far: {answer:?}");
    }
    Said {
        answer: String::from_utf8_lossy(&answer).into_owned(),
        client_port: stream.local_addr().expect("it was connected").port(),
    }
}
