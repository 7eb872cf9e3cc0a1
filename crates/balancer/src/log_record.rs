//! What a worker hands to the log writer for each connection or request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, SystemTime};

use haproxy_config::model::LogTarget;

use crate::snapshot::{Backend, Frontend, Server};
use crate::state::ProcessState;

/// Records that may wait for the log writer; further ones are dropped and counted
/// (`ProcessState::log_dropped`).
pub const LOG_QUEUE_MAX: usize = 8_192;

/// What goes to the log writer.
pub enum LogEntry {
    /// A connection or a request.
    Traffic(Box<LogRecord>),
    /// An event, such as a server that went down.
    Notice(Notice),
    /// Answered once everything before it is written.
    Flush(SyncSender<()>),
}

/// An event for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where to.
    pub targets: Vec<LogTarget>,
    /// The syslog level, 0 (emergency) to 7 (debug).
    pub level: u8,
    /// One line without its end.
    pub text: String,
}

/// The sending half, one clone for each worker.
#[derive(Clone)]
pub struct LogQueue {
    entries: SyncSender<LogEntry>,
    process: Arc<ProcessState>,
}

impl LogQueue {
    /// A queue and the end that the log writer reads.
    #[must_use]
    pub fn new(process: Arc<ProcessState>) -> (Self, Receiver<LogEntry>) {
        let (entries, receiver) = sync_channel(LOG_QUEUE_MAX);
        (Self { entries, process }, receiver)
    }

    /// Hands a record over; never waits.
    pub fn push(&self, record: Box<LogRecord>) {
        self.hand_over(LogEntry::Traffic(record));
    }

    /// Hands an event over; never waits. It is shown on the console too, where there is one.
    pub fn notice(&self, targets: &[LogTarget], level: u8, text: String) {
        self.hand_over(LogEntry::Notice(Notice {
            targets: targets.to_vec(),
            level,
            text,
        }));
    }

    /// Waits until everything handed over so far is written, at most that long. For the end of the
    /// process, never on a worker.
    pub fn flush(&self, limit: Duration) {
        let (done, written) = sync_channel(1);
        if self.entries.try_send(LogEntry::Flush(done)).is_ok() {
            // A writer that is stuck must not keep the process.
            let _ = written.recv_timeout(limit);
        }
    }

    fn hand_over(&self, entry: LogEntry) {
        match self.entries.try_send(entry) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.process.log_dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// One connection (`mode tcp`) or one request (`mode http`), as configuration.txt, 8.2 lists it.
#[derive(Clone)]
pub struct LogRecord {
    /// The frontend; its `log` says where to and in which form.
    pub frontend: Arc<Frontend>,
    /// The backend; none where the request never got one (`<NOSRV>` and the frontend's name).
    pub backend: Option<Arc<Backend>>,
    /// The server; none is `<NOSRV>`.
    pub server: Option<Arc<Server>>,
    /// An answer of the proxy itself (`<STATS>`).
    pub from_stats: bool,
    /// The client; none on a unix socket.
    pub client: Option<SocketAddr>,
    /// Where the client connected to.
    pub destination: Option<SocketAddr>,
    /// TLS on the client's side: adds `~` to the frontend's name.
    pub tls: bool,
    /// `mode http`: the request's first byte; `mode tcp`: the accept.
    pub accepted: SystemTime,
    /// Times in milliseconds.
    pub timers: Timers,
    /// The status sent to the client; none is -1.
    pub status: Option<u16>,
    /// Bytes sent to the client, heads included.
    pub bytes_out: u64,
    /// Bytes received from the client, heads included.
    pub bytes_in: u64,
    /// `capture cookie` in the request.
    pub request_cookie: Option<String>,
    /// `capture cookie` in the response.
    pub response_cookie: Option<String>,
    /// How the session ended.
    pub termination: Termination,
    /// Connections at once of the process, the frontend, the backend and the server when the
    /// session ended, this one included.
    pub connections: ConnectionCounts,
    /// How often connecting was tried again.
    pub retries: u32,
    /// The session went to another server than its cookie or first pick named (`+` before retries).
    pub redispatched: bool,
    /// How many waited before this one for the server.
    pub server_queue: u64,
    /// How many waited before this one for the backend.
    pub backend_queue: u64,
    /// `capture request header` values, in order of the lines.
    pub request_captures: Vec<Option<String>>,
    /// `capture response header` values.
    pub response_captures: Vec<Option<String>>,
    /// The request line as received, without its line end; `<BADREQ>` where it was none; empty in
    /// `mode tcp`.
    pub request_line: String,
}

/// The timers of configuration.txt, 8.4, in milliseconds; none is -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timers {
    /// Th: handshakes (PROXY protocol, TLS).
    pub handshake: u64,
    /// Ti: idle before the request on a kept-alive connection.
    pub idle: u64,
    /// TR: the client's time to send the request's head.
    pub request: Option<u64>,
    /// Tw: in queues.
    pub queue: Option<u64>,
    /// Tc: to connect to the server.
    pub connect: Option<u64>,
    /// Tr: the server's time to send the response's head.
    pub response: Option<u64>,
    /// Ta: from the request's first byte to the end (`mode tcp`: Tt, from the accept).
    pub active: u64,
}

/// Connection counts in a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnectionCounts {
    /// actconn.
    pub process: u64,
    /// feconn.
    pub frontend: u64,
    /// beconn.
    pub backend: u64,
    /// srv_conn.
    pub server: u64,
}

/// The four characters of configuration.txt, 8.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Termination {
    /// What ended the session first.
    pub cause: Cause,
    /// What was going on then.
    pub phase: Phase,
    /// What the client said about persistence: `N I D V E O U` or `-`.
    pub request_cookie: char,
    /// What the response did about persistence: `N I U P R D` or `-`.
    pub response_cookie: char,
}

impl Termination {
    /// A session that ended as it should.
    pub const NORMAL: Self = Self {
        cause: Cause::None,
        phase: Phase::None,
        request_cookie: '-',
        response_cookie: '-',
    };

    /// The four characters, `--NI` for example.
    #[must_use]
    pub fn letters(self) -> [char; 4] {
        [
            self.cause.letter(),
            self.phase.letter(),
            self.request_cookie,
            self.response_cookie,
        ]
    }

    /// Whether it ended as it should (`option dontlog-normal`).
    #[must_use]
    pub fn is_normal(self) -> bool {
        self.cause == Cause::None
    }
}

/// The first character: what ended the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// `-`: completed.
    None,
    /// `C`: the client aborted.
    Client,
    /// `S`: the server aborted or refused.
    Server,
    /// `P`: refused by the proxy (limit, rule, strictness).
    Proxy,
    /// `L`: answered by the proxy itself.
    Local,
    /// `R`: a resource ran out.
    Resource,
    /// `I`: an internal error.
    Internal,
    /// `D`: the server went down.
    Down,
    /// `U`: moved to an active server from a backup.
    Up,
    /// `K`: ended by the operator.
    Killed,
    /// `c`: the client's timeout.
    ClientTimeout,
    /// `s`: the server's timeout.
    ServerTimeout,
}

impl Cause {
    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::None => '-',
            Self::Client => 'C',
            Self::Server => 'S',
            Self::Proxy => 'P',
            Self::Local => 'L',
            Self::Resource => 'R',
            Self::Internal => 'I',
            Self::Down => 'D',
            Self::Up => 'U',
            Self::Killed => 'K',
            Self::ClientTimeout => 'c',
            Self::ServerTimeout => 's',
        }
    }
}

/// The second character: what was going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// `-`: after everything.
    None,
    /// `R`: waiting for the request.
    Request,
    /// `Q`: in a queue.
    Queue,
    /// `C`: connecting.
    Connect,
    /// `H`: waiting for the response's head.
    Headers,
    /// `D`: moving data.
    Data,
    /// `L`: sending the last data to the client.
    Last,
    /// `T`: tarpit.
    Tarpit,
}

impl Phase {
    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::None => '-',
            Self::Request => 'R',
            Self::Queue => 'Q',
            Self::Connect => 'C',
            Self::Headers => 'H',
            Self::Data => 'D',
            Self::Last => 'L',
            Self::Tarpit => 'T',
        }
    }
}
