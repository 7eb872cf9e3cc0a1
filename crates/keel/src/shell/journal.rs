//! One line per event, to standard error or, without one, to the system's log.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::supervision::Level;

/// Longer lines are cut: a pipe takes this much whole or not at all (PIPE_BUF), so that a reader
/// who stopped reading cannot stop the supervisor.
const LINE_BYTES_MAX: usize = 4_000;

/// Where the system's log listens.
const SYSLOG_SOCKET: &str = "/dev/log";

/// Facility `daemon` (RFC 3164, section 4.1.1).
const FACILITY: u8 = 3 << 3;

/// How lines look on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `[NOTICE]   (123) : text`, as HAProxy writes it.
    Haproxy,
    /// `NAME[123]: text`.
    Plain(&'static str),
}

/// The supervisor's log.
#[derive(Debug)]
pub struct Journal {
    style: Style,
    quiet: bool,
    syslog: Option<UnixDatagram>,
    detached: bool,
    lost: u64,
}

impl Journal {
    /// Writes to standard error; `quiet` leaves notices out.
    pub fn new(style: Style, quiet: bool) -> Self {
        Self {
            style,
            quiet,
            syslog: None,
            detached: false,
            lost: 0,
        }
    }

    /// From now on nobody reads standard error.
    pub fn detach(&mut self) {
        self.detached = true;
        self.syslog = UnixDatagram::unbound()
            .and_then(|socket| {
                socket.connect(SYSLOG_SOCKET)?;
                socket.set_nonblocking(true)?;
                Ok(socket)
            })
            .ok();
    }

    /// Writes a line. What cannot be written at once is lost, and counted in a later line.
    pub fn write(&mut self, level: Level, text: &str) {
        if self.quiet && level == Level::Notice {
            return;
        }
        let lost = match self.lost {
            0 => String::new(),
            lost => format!(" ({lost} lines before this one were lost: nobody read them)"),
        };
        let text = text.trim_end();
        let line = if self.detached {
            self.syslog_line(level, text)
        } else {
            self.style.line(level, text)
        };
        let written = self.send(&cut(format!("{line}{lost}")));
        self.lost = if written { 0 } else { self.lost + 1 };
    }

    fn syslog_line(&self, level: Level, text: &str) -> String {
        let severity = match level {
            Level::Error => 3,
            Level::Warning => 4,
            Level::Notice => 5,
        };
        let name = match self.style {
            Style::Haproxy => "haproxy",
            Style::Plain(name) => name,
        };
        let pid = std::process::id();
        format!("<{}>{name}[{pid}]: {text}", FACILITY | severity)
    }

    fn send(&self, line: &str) -> bool {
        if self.detached {
            let socket = self.syslog.as_ref();
            return socket.is_some_and(|socket| socket.send(line.as_bytes()).is_ok());
        }
        let error = std::io::stderr();
        let mut writable = [PollFd::new(error.as_fd(), PollFlags::POLLOUT)];
        matches!(poll(&mut writable, PollTimeout::ZERO), Ok(1))
            && error
                .lock()
                .write_all(format!("{line}\n").as_bytes())
                .is_ok()
    }
}

impl Style {
    fn line(self, level: Level, text: &str) -> String {
        let pid = std::process::id();
        match self {
            Self::Haproxy => {
                let word = match level {
                    Level::Notice => "[NOTICE]  ",
                    Level::Warning => "[WARNING] ",
                    Level::Error => "[ALERT]   ",
                };
                format!("{word} ({pid}) : {text}")
            }
            Self::Plain(name) => {
                let word = match level {
                    Level::Notice => "",
                    Level::Warning => "warning: ",
                    Level::Error => "error: ",
                };
                format!("{name}[{pid}]: {word}{text}")
            }
        }
    }
}

fn cut(mut line: String) -> String {
    if line.len() > LINE_BYTES_MAX {
        line.truncate(line.floor_char_boundary(LINE_BYTES_MAX));
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_personality_writes_as_its_peer_does() {
        let pid = std::process::id();
        let text = "port in use";
        for (style, level, expected) in [
            (
                Style::Haproxy,
                Level::Notice,
                format!("[NOTICE]   ({pid}) : {text}"),
            ),
            (
                Style::Haproxy,
                Level::Warning,
                format!("[WARNING]  ({pid}) : {text}"),
            ),
            (
                Style::Haproxy,
                Level::Error,
                format!("[ALERT]    ({pid}) : {text}"),
            ),
            (
                Style::Plain("keel"),
                Level::Notice,
                format!("keel[{pid}]: {text}"),
            ),
            (
                Style::Plain("keel"),
                Level::Error,
                format!("keel[{pid}]: error: {text}"),
            ),
        ] {
            assert_eq!(style.line(level, text), expected);
        }
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        assert_eq!(cut("é".repeat(2_000)).len(), LINE_BYTES_MAX);
        let cut = cut(format!("x{}", "é".repeat(2_000)));
        assert_eq!(cut.len(), LINE_BYTES_MAX - 1 + "…".len());
    }
}
