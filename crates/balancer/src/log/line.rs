//! The text of a traffic line (configuration.txt, 8.2), to the byte.

use std::fmt::Write as _;
use std::time::SystemTime;

use haproxy_config::model::{LogFormat, Mode};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::log_record::LogRecord;

/// Characters that captured headers show as `#XX`, besides control and 8-bit ones.
const HEADER_ESCAPES: &str = "\"#{|}";
/// The same for the request line.
const REQUEST_ESCAPES: &str = "\"#";

/// The line without its end.
pub(super) fn text(record: &LogRecord, zone: &TimeZone) -> String {
    let mut line = Line {
        text: String::with_capacity(256),
        record,
        zone,
    };
    match record.frontend.log.format {
        LogFormat::Default => line.connect(),
        LogFormat::Tcp => line.tcp(),
        LogFormat::Http => line.http(),
        LogFormat::HttpClf => line.clf(),
    }
    line.text
}

struct Line<'a> {
    text: String,
    record: &'a LogRecord,
    zone: &'a TimeZone,
}

/// Appends formatted text.
macro_rules! put {
    ($line:expr, $($arguments:tt)*) => {
        write!($line.text, $($arguments)*).expect("a String takes every write")
    };
}

impl<'a> Line<'a> {
    /// No format asked for: `Connect from CLIENT to DESTINATION (NAME/MODE)`.
    fn connect(&mut self) {
        let frontend = &self.record.frontend;
        let mode = match frontend.mode {
            Mode::Http => "HTTP",
            Mode::Tcp => "TCP",
        };
        let name = &frontend.name;
        match (self.record.client, self.record.destination) {
            (Some(client), Some(destination)) => put!(
                self,
                "Connect from {}:{} to {}:{} ({name}/{mode})",
                client.ip(),
                client.port(),
                destination.ip(),
                destination.port()
            ),
            _ => put!(self, "Connect to unix:{} ({name}/{mode})", frontend.id),
        }
    }

    /// `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`
    fn tcp(&mut self) {
        self.client_and_place();
        let timers = self.record.timers;
        self.timer(timers.queue, '/');
        self.timer(timers.connect, '/');
        self.early_mark();
        put!(self, "{} ", timers.active);
        self.early_mark();
        put!(self, "{} ", self.record.bytes_out);
        self.termination(2);
        self.connections('/');
    }

    /// `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc
    /// %sq/%bq %hr %hs %{+Q}r`
    fn http(&mut self) {
        self.client_and_place();
        let record = self.record;
        let timers = record.timers;
        for timer in [
            timers.request,
            timers.queue,
            timers.connect,
            timers.response,
        ] {
            self.timer(timer, '/');
        }
        self.early_mark();
        put!(self, "{} {} ", timers.active, status(record));
        self.early_mark();
        put!(self, "{} ", record.bytes_out);
        for cookie in [&record.request_cookie, &record.response_cookie] {
            put!(self, "{} ", cookie.as_deref().unwrap_or("-"));
        }
        self.termination(4);
        self.connections('/');
        for captures in [&record.request_captures, &record.response_captures] {
            if !captures.is_empty() {
                self.text.push_str(" {");
                self.captured(captures, "|");
                self.text.push('}');
            }
        }
        self.text.push(' ');
        self.request_line();
    }

    /// `%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac
    /// %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl`
    fn clf(&mut self) {
        let record = self.record;
        let timers = record.timers;
        let (host, port) = self.client();
        let date = self.date("%d/%b/%Y:%H:%M:%S +0000", &TimeZone::UTC);
        put!(self, "{host} - - [{date}] ");
        self.request_line();
        let ms = millisecond(record.accepted);
        let early = if record.frontend.log.early { "+" } else { "" };
        put!(
            self,
            " {} {early}{} \"\" \"\" {port} {ms:03} \"{}\" \"{}\" \"{}\" ",
            status(record),
            record.bytes_out,
            self.frontend(),
            self.backend(),
            self.server()
        );
        for timer in [
            timers.request,
            timers.queue,
            timers.connect,
            timers.response,
        ] {
            self.timer(timer, ' ');
        }
        put!(self, "{early}{} ", timers.active);
        self.termination(4);
        self.connections(' ');
        for cookie in [&record.request_cookie, &record.response_cookie] {
            put!(self, " \"{}\"", cookie.as_deref().unwrap_or(""));
        }
        self.text.push(' ');
        for (number, captures) in [&record.request_captures, &record.response_captures]
            .into_iter()
            .filter(|captures| !captures.is_empty())
            .enumerate()
        {
            self.text.push_str(if number == 0 { "\"" } else { " \"" });
            self.captured(captures, "\" \"");
            self.text.push('"');
        }
    }

    /// `%ci:%cp [%t] %ft %b/%s ` with the blank at its end.
    fn client_and_place(&mut self) {
        let (host, port) = self.client();
        let date = self.date("%d/%b/%Y:%H:%M:%S", self.zone);
        let ms = millisecond(self.record.accepted);
        put!(
            self,
            "{host}:{port} [{date}.{ms:03}] {} {}/{} ",
            self.frontend(),
            self.backend(),
            self.server()
        );
    }

    fn client(&self) -> (String, u32) {
        match self.record.client {
            Some(client) => (client.ip().to_string(), client.port().into()),
            None => ("unix".to_owned(), self.record.frontend.id),
        }
    }

    fn frontend(&self) -> String {
        let secure = if self.record.tls { "~" } else { "" };
        format!("{}{secure}", self.record.frontend.name)
    }

    fn backend(&self) -> &'a str {
        let record = self.record;
        match &record.backend {
            Some(backend) => &backend.name,
            None => &record.frontend.name,
        }
    }

    fn server(&self) -> &'a str {
        let record = self.record;
        match &record.server {
            _ if record.from_stats => "<STATS>",
            Some(server) => &server.name,
            None => "<NOSRV>",
        }
    }

    fn date(&self, form: &str, zone: &TimeZone) -> String {
        Timestamp::try_from(self.record.accepted)
            .unwrap_or_default()
            .to_zoned(zone.clone())
            .strftime(form)
            .to_string()
    }

    fn timer(&mut self, timer: Option<u64>, end: char) {
        match timer {
            Some(ms) => put!(self, "{ms}{end}"),
            None => put!(self, "-1{end}"),
        }
    }

    /// `option logasap` marks figures that were not final.
    fn early_mark(&mut self) {
        if self.record.frontend.log.early {
            self.text.push('+');
        }
    }

    fn termination(&mut self, letters: usize) {
        self.text
            .extend(&self.record.termination.letters()[..letters]);
        self.text.push(' ');
    }

    /// `%ac/%fc/%bc/%sc/%rc %sq/%bq`
    fn connections(&mut self, between: char) {
        let record = self.record;
        let counts = record.connections;
        for count in [
            counts.process,
            counts.frontend,
            counts.backend,
            counts.server,
        ] {
            put!(self, "{count}{between}");
        }
        if record.redispatched {
            self.text.push('+');
        }
        put!(
            self,
            "{} {}{between}{}",
            record.retries,
            record.server_queue,
            record.backend_queue
        );
    }

    fn captured(&mut self, captures: &[Option<String>], between: &str) {
        for (number, value) in captures.iter().enumerate() {
            if number > 0 {
                self.text.push_str(between);
            }
            if let Some(value) = value {
                escape(value, HEADER_ESCAPES, &mut self.text);
            }
        }
    }

    fn request_line(&mut self) {
        self.text.push('"');
        escape(&self.record.request_line, REQUEST_ESCAPES, &mut self.text);
        self.text.push('"');
    }
}

fn status(record: &LogRecord) -> i32 {
    record.status.map_or(-1, i32::from)
}

fn millisecond(at: SystemTime) -> u32 {
    at.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_millis())
}

/// Control characters, 8-bit ones and those of `special` become `#XX`.
fn escape(value: &str, special: &str, into: &mut String) {
    for byte in value.bytes() {
        let character = char::from(byte);
        if !(0x20..0x7f).contains(&byte) || special.contains(character) {
            write!(into, "#{byte:02X}").expect("a String takes every write");
        } else {
            into.push(character);
        }
    }
}
