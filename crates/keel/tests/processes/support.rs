//! A keel under test: real processes on loopback, each wait bounded.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Nothing that is waited for takes longer on a machine that works.
pub const LIMIT: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(5);

/// Waits until `condition` yields a value.
#[track_caller]
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "this never came: {what}");
        thread::sleep(PACE);
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

/// A folder with files, and keel processes that keep their sockets in it.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder for the test"),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("the test's folder takes files");
        path
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("KEEL_RUNTIME_DIR", self.path("run"))
            .env_remove("NOTIFY_SOCKET")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs keel to its end.
    pub fn keel(&self, words: &[&str]) -> Output {
        self.run_to_end(Path::new(env!("CARGO_BIN_EXE_keel")), words)
    }

    pub fn run_to_end(&self, program: &Path, words: &[&str]) -> Output {
        let mut child = self
            .command(program)
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("keel starts");
        let end = Instant::now() + LIMIT;
        while child
            .try_wait()
            .expect("a child can be waited for")
            .is_none()
        {
            if Instant::now() >= end {
                let _ = child.kill();
                panic!("keel {words:?} does not end");
            }
            thread::sleep(PACE);
        }
        child.wait_with_output().expect("its output was kept")
    }

    /// Starts keel and waits until it is ready.
    #[track_caller]
    pub fn start(&self, words: &[&str]) -> Keel<'_> {
        let keel = self.spawn(Path::new(env!("CARGO_BIN_EXE_keel")), words, &[]);
        keel.wait_for_log("ready: ");
        keel
    }

    pub fn spawn(&self, program: &Path, words: &[&str], environment: &[(&str, &Path)]) -> Keel<'_> {
        let log = self.path(&format!("log-{}", free_port()));
        let file = fs::File::create(&log).expect("the test's folder takes files");
        let child = self
            .command(program)
            .args(words)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("keel starts");
        Keel {
            place: self,
            child,
            log,
        }
    }
}

/// A supervisor.
pub struct Keel<'a> {
    place: &'a Place,
    child: Child,
    log: PathBuf,
}

impl Keel<'_> {
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("process numbers are small")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    #[track_caller]
    pub fn wait_for_log(&self, part: &str) {
        let end = Instant::now() + LIMIT;
        while !self.log().contains(part) {
            let log = self.log();
            assert!(Instant::now() < end, "{part:?} never came in:\n{log}");
            thread::sleep(PACE);
        }
    }

    pub fn status(&self) -> Value {
        let pid = self.child.id().to_string();
        let output = self.place.keel(&["status", "--json", "--pid", &pid]);
        serde_json::from_slice(&output.stdout).expect("--json prints JSON")
    }

    pub fn balancer(&self) -> Value {
        self.status()[0]["balancer"].clone()
    }

    pub fn balancer_pid(&self) -> i32 {
        let pid = self.balancer()["pid"].as_i64();
        i32::try_from(pid.expect("a balancer runs")).expect("process numbers are small")
    }

    pub fn reload(&self) -> Output {
        let pid = self.child.id().to_string();
        self.place.keel(&["reload", "--pid", &pid])
    }

    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the supervisor's end", || {
            child.try_wait().expect("a child can be waited for")
        })
    }
}

impl Drop for Keel<'_> {
    fn drop(&mut self) {
        // The roles end with their supervisor.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("keel said:\n{}", self.log());
        }
    }
}

pub fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).expect("the process is there");
}

fn state(stat: &Path) -> Option<u8> {
    let stat = fs::read_to_string(stat).ok()?;
    stat.rsplit_once(") ")?.1.bytes().next()
}

pub fn is_alive(pid: i32) -> bool {
    let state = state(Path::new(&format!("/proc/{pid}/stat")));
    !matches!(state, None | Some(b'Z'))
}

/// Whether every thread is: a signal reaches them one by one.
pub fn is_stopped(pid: i32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process is there");
    tasks
        .flatten()
        .all(|task| state(&task.path().join("stat")) == Some(b'T'))
}

/// A web server of the test's own, which answers every request on a connection with `body`.
pub struct Origin {
    pub address: SocketAddr,
}

impl Origin {
    /// Requests for `/slow` are answered after that long.
    pub fn start(body: &'static str, slow: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || answer_all(stream, body, slow));
            }
        });
        Self { address }
    }
}

fn answer_all(mut stream: TcpStream, body: &str, slow: Duration) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        head.extend_from_slice(&buffer[..length]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        if head.starts_with(b"GET /slow") {
            thread::sleep(slow);
        }
        head.clear();
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Why a request failed.
#[derive(Debug)]
pub enum Failure {
    /// Nobody listened.
    Refused(io::Error),
    /// The connection ended before the answer did.
    Cut(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(formatter, "refused: {error}"),
            Self::Cut(error) => write!(formatter, "cut: {error}"),
        }
    }
}

pub fn listed(failures: &[Failure]) -> String {
    let lines: Vec<String> = failures.iter().map(Failure::to_string).collect();
    lines.join(", ")
}

/// Connects and asks once; the whole answer.
pub fn get(port: u16, path: &str) -> Result<String, Failure> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).map_err(Failure::Refused)?;
    let mut exchange = || {
        stream.set_read_timeout(Some(LIMIT))?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer)
    };
    exchange().map_err(Failure::Cut)
}

#[track_caller]
pub fn expect_body(port: u16, path: &str, body: &str) {
    let answer = get(port, path).expect("an answer");
    assert!(answer.ends_with(body), "{answer}");
}

/// A client that asks without a pause, on a new connection each time.
pub struct Flood {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: JoinHandle<Vec<Failure>>,
}

impl Flood {
    pub fn start(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let thread = {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            thread::spawn(move || {
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    match get(port, "/") {
                        Ok(answer) if answer.contains("200 OK") => {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(answer) => failures.push(Failure::Cut(io::Error::other(answer))),
                        Err(failure) => failures.push(failure),
                    }
                }
                failures
            })
        };
        Self {
            stop,
            answered,
            thread,
        }
    }

    /// Waits until some more requests were answered.
    #[track_caller]
    pub fn goes_on(&self) {
        let goal = self.answered.load(Ordering::Relaxed) + 20;
        eventually("answers to a client that asks on and on", || {
            (self.answered.load(Ordering::Relaxed) >= goal).then_some(())
        });
    }

    pub fn end(self) -> Vec<Failure> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the client does not panic")
    }
}

/// A configuration with one proxy, from a port to an origin.
pub fn proxy(port: u16, origin: &Origin) -> String {
    format!(
        "global\n    nbthread 2\n\
         defaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n    \
         timeout server 10s\n\
         listen web\n    bind 127.0.0.1:{port}\n    server origin {}\n",
        origin.address
    )
}
