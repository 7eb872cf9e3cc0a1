//! The log: lines in HAProxy's formats, framed as syslog, sent by one thread that no worker ever
//! waits for.
//!
//! ```text
//! workers ── LogRecord ──┐            line           frame          delivery
//! control ── Notice ─────┴─ queue ──► text of 8.2 ──► <PRI>… ──► UDP, unix socket, descriptor
//! ```

mod delivery;
mod frame;
mod line;

pub use frame::Sender;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::SystemTime;

use haproxy_config::model::{Global, LogTarget};
use system::local_zone::local_zone;

use crate::log_record::{Cause, LogEntry, LogRecord};
use crate::state::ProcessState;
use delivery::Delivery;

/// Syslog levels (RFC 5424, 6.2.1) as the log uses them.
pub mod level {
    /// The system is unusable: a backend without servers.
    pub const EMERGENCY: u8 = 0;
    /// Action is needed at once: a server went down.
    pub const ALERT: u8 = 1;
    /// An error.
    pub const ERROR: u8 = 3;
    /// A warning.
    pub const WARNING: u8 = 4;
    /// Normal, but worth a note.
    pub const NOTICE: u8 = 5;
    /// Traffic.
    pub const INFO: u8 = 6;
}

/// Statuses from here on count as errors for `dontlog-normal` and `log-separate-errors`.
const FIRST_ERROR_STATUS: u16 = 500;

/// Starts the log thread. Sockets of `targets` are opened at once, while their paths can still be
/// reached; others when a line first needs them.
///
/// # Errors
///
/// The thread could not be made.
pub fn start(
    queue: Receiver<LogEntry>,
    sender: Sender,
    targets: &[LogTarget],
    process: Arc<ProcessState>,
) -> io::Result<()> {
    let mut writer = Writer {
        delivery: Delivery::default(),
        sender,
        process,
    };
    for target in targets {
        writer.delivery.open(&target.to);
    }
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || {
            for entry in queue {
                writer.write(entry);
            }
        })?;
    Ok(())
}

/// Who the lines come from: `log-tag`, `log-send-hostname`, the process id that operators know us
/// by, the machine's time zone. Look it up before a chroot. `console` asks for events on standard
/// error.
#[must_use]
pub fn sender_of(global: &Global, pid: u32, console: bool) -> Sender {
    let own_name = || nix::unistd::gethostname().ok()?.into_string().ok();
    Sender {
        tag: global
            .log_tag
            .clone()
            .unwrap_or_else(|| "haproxy".to_owned()),
        host: global
            .log_send_hostname
            .clone()
            .and_then(|name| name.or_else(own_name)),
        pid,
        zone: local_zone(),
        console,
    }
}

struct Writer {
    delivery: Delivery,
    sender: Sender,
    process: Arc<ProcessState>,
}

impl Writer {
    fn write(&mut self, entry: LogEntry) {
        match entry {
            LogEntry::Traffic(record) => self.traffic(&record),
            LogEntry::Notice(notice) => {
                self.show(notice.level, &notice.text);
                self.send(&notice.targets, notice.level, &notice.text);
            }
            // Whoever asked may have stopped waiting.
            LogEntry::Flush(done) => drop(done.try_send(())),
        }
    }

    /// Events are shown on standard error too, as HAProxy does unless it is quiet.
    fn show(&self, level: u8, text: &str) {
        if self.sender.console {
            let word = if level == level::EMERGENCY {
                "[ALERT]   "
            } else {
                "[WARNING] "
            };
            let line = format!("{word} ({}) : {text}\n", self.sender.pid);
            // A console that is gone is no reason to stop logging.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    fn traffic(&mut self, record: &LogRecord) {
        let settings = &record.frontend.log;
        let failed = failed(record);
        if settings.skip_normal && !failed {
            return;
        }
        let level = if failed && settings.errors_separate {
            level::ERROR
        } else {
            level::INFO
        };
        let text = line::text(record, &self.sender.zone);
        self.send(&settings.targets, level, &text);
    }

    fn send(&mut self, targets: &[LogTarget], level: u8, text: &str) {
        let now = SystemTime::now();
        for target in targets {
            if level > target.max_level {
                continue;
            }
            let line = self.sender.frame(target, level, text, now);
            if self.delivery.send(&target.to, &line).is_err() {
                self.process.log_dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Whether the session counts as an error (`option dontlog-normal`): a bad end, a redispatch, a
/// retry, or a status from 500 on.
fn failed(record: &LogRecord) -> bool {
    let cause = record.termination.cause;
    record.redispatched
        || !matches!(cause, Cause::None | Cause::Local)
        || (cause == Cause::None && record.retries > 0)
        || record
            .status
            .is_some_and(|status| status >= FIRST_ERROR_STATUS)
}

#[cfg(test)]
mod tests;
