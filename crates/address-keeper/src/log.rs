//! Where the address keeper's messages go: syslog, the console, a file.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use crate::command_line::Options;

/// The name in front of syslog lines, as keepalived's VRRP process has it.
const TAG: &str = "Keepalived_vrrp";
/// LOG_INFO and LOG_WARNING of syslog(3).
const SEVERITY_INFO: u8 = 6;
const SEVERITY_WARNING: u8 = 4;
/// A longer line is cut: syslog daemons take no more.
const MAX_LINE_BYTES: usize = 1024;

/// The log of one process.
#[derive(Debug)]
pub struct Log {
    console: bool,
    detail: bool,
    syslog: Option<Syslog>,
    file: Option<RefCell<File>>,
}

#[derive(Debug)]
struct Syslog {
    facility: u8,
    socket: RefCell<Option<UnixDatagram>>,
}

impl Log {
    /// Opens what the options ask for. A file that cannot be opened is told on standard error; the
    /// console is used where there is nothing else.
    #[must_use]
    pub fn open(options: &Options) -> Self {
        let file = options.log_file.as_deref().and_then(open_file);
        let use_syslog = !options.no_syslog && !options.log_to_console;
        let syslog = use_syslog.then(|| Syslog {
            facility: options.syslog_facility,
            socket: RefCell::new(connect()),
        });
        let reaches_syslog = syslog
            .as_ref()
            .is_some_and(|syslog| syslog.socket.borrow().is_some());
        Self {
            console: options.log_to_console || (!reaches_syslog && file.is_none()),
            detail: options.log_detail,
            syslog,
            file: file.map(RefCell::new),
        }
    }

    /// Something an operator wants to know.
    pub fn info(&self, text: &str) {
        self.write(SEVERITY_INFO, text);
    }

    /// Something that needs attention.
    pub fn warning(&self, text: &str) {
        self.write(SEVERITY_WARNING, text);
    }

    /// Something that only `-D` shows.
    pub fn detail(&self, text: &str) {
        if self.detail {
            self.info(text);
        }
    }

    fn write(&self, severity: u8, text: &str) {
        let text = &text[..text.floor_char_boundary(MAX_LINE_BYTES)];
        let stamped = || format!("{:.6} {TAG}: {text}\n", jiff::Timestamp::now());
        // A log that cannot be written has nobody to be told to.
        if self.console {
            let _ = std::io::stderr().write_all(stamped().as_bytes());
        }
        if let Some(file) = &self.file {
            let _ = file.borrow_mut().write_all(stamped().as_bytes());
        }
        if let Some(syslog) = &self.syslog {
            syslog.write(severity, text);
        }
    }
}

impl Syslog {
    fn write(&self, severity: u8, text: &str) {
        let priority = self.facility * 8 + severity;
        let line = format!("<{priority}>{TAG}[{}]: {text}", std::process::id());
        let mut socket = self.socket.borrow_mut();
        let sent = socket
            .as_ref()
            .is_some_and(|socket| socket.send(line.as_bytes()).is_ok());
        if !sent {
            // The daemon was started again, or for the first time.
            *socket = connect();
            if let Some(socket) = socket.as_ref() {
                let _ = socket.send(line.as_bytes());
            }
        }
    }
}

fn open_file(path: &Path) -> Option<File> {
    let opened = File::options().append(true).create(true).open(path);
    opened
        .inspect_err(|error| eprintln!("log file {}: {error}", path.display()))
        .ok()
}

fn connect() -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    socket.connect("/dev/log").ok()?;
    Some(socket)
}
