//! The frame around a line: priority, time, host, tag, process id.

use std::time::SystemTime;

use haproxy_config::model::{LogTarget, SyslogFormat};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// RFC 3164, 4.1.2.
const RFC3164_TIME: &str = "%b %e %H:%M:%S";

/// RFC 3339 with microseconds.
const ISO_TIME: &str = "%Y-%m-%dT%H:%M:%S.%6f%:z";

/// Who the lines come from.
#[derive(Debug, Clone)]
pub struct Sender {
    /// `log-tag`.
    pub tag: String,
    /// `log-send-hostname`.
    pub host: Option<String>,
    /// The process id that operators know the balancer by.
    pub pid: u32,
    /// The zone of the times in the lines.
    pub zone: TimeZone,
    /// Events go to standard error too.
    pub console: bool,
}

impl Sender {
    /// A whole message, ending in a newline. The text is cut so that the message without the newline
    /// has at most `len` bytes.
    #[must_use]
    pub fn frame(&self, target: &LogTarget, level: u8, text: &str, now: SystemTime) -> Vec<u8> {
        let level = level.max(target.min_level);
        let priority = u16::from(target.facility) * 8 + u16::from(level);
        let (tag, pid) = (&self.tag, self.pid);
        let time = |form: &str| self.time(now, form);
        let mut message = match target.format {
            SyslogFormat::Rfc3164 => {
                let host = self
                    .host
                    .as_ref()
                    .map_or(String::new(), |h| format!("{h} "));
                format!("<{priority}>{} {host}{tag}[{pid}]: ", time(RFC3164_TIME))
            }
            SyslogFormat::Local => {
                format!("<{priority}>{} {tag}[{pid}]: ", time(RFC3164_TIME))
            }
            SyslogFormat::Rfc5424 => {
                let host = self.host.as_deref().unwrap_or("-");
                let time = time(ISO_TIME);
                format!("<{priority}>1 {time} {host} {tag} {pid} - - ")
            }
            SyslogFormat::Priority => format!("<{priority}>"),
            SyslogFormat::Raw => String::new(),
            SyslogFormat::Short => format!("<{level}>"),
            SyslogFormat::Timed => format!("<{level}>{} ", time(ISO_TIME)),
            SyslogFormat::Iso => format!("{} ", time(ISO_TIME)),
        }
        .into_bytes();
        message.extend_from_slice(text.as_bytes());
        message.truncate(target.len as usize);
        message.push(b'\n');
        message
    }

    fn time(&self, now: SystemTime, form: &str) -> String {
        Timestamp::try_from(now)
            .unwrap_or_default()
            .to_zoned(self.zone.clone())
            .strftime(form)
            .to_string()
    }
}
