//! The master's command line (HAProxy's `-S`): what HAProxy's master process answers, as far as it
//! has a meaning here.
//!
//! There is one process that holds everything and one that serves; `show proc` shows them as master
//! and worker. A worker's own commands (`@1 …`) are answered by its stats socket, and not here.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use balancer::listen::{ListenAddress, Listener, Owner, UnixOwnership, bind_all};
use diagnostics::{Sources, Span};

use super::line_server::{ClientId, Guard, LineServer};
use crate::supervision::Time;
use crate::supervision::report::Report;

/// What a line that is too long gets.
const REFUSAL: &str = "Line too long.\n";

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 10;

const HELP: &str = "\
The following commands are valid at this level:
  help        : this text
  reload      : read the configuration again, in place
  show proc   : the processes
  show version: the version
  quit        : disconnect
A worker's commands are given to its stats socket.
";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Answered by [`processes`].
    ShowProcesses,
    /// Answered by [`reloaded`].
    Reload,
    /// Answered by this.
    Text(String),
}

impl Request {
    fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["show", "proc"] => Self::ShowProcesses,
            ["reload"] => Self::Reload,
            ["show", "version"] => Self::Text(format!("{}\n", env!("CARGO_PKG_VERSION"))),
            ["help"] => Self::Text(HELP.to_owned()),
            ["quit"] | [] => Self::Text("\n".to_owned()),
            [word, ..] if word.starts_with('@') => Self::Text(format!(
                "'{word}': a worker's commands are known but not built here; give them to its \
                 stats socket.\n"
            )),
            [..] => Self::Text(format!("Unknown command: '{line}'\n{HELP}")),
        }
    }
}

/// One master socket.
#[derive(Debug)]
pub struct MasterSocket {
    server: LineServer,
}

impl MasterSocket {
    /// Opens what `-S` names: `ADDRESS[,mode MODE]`, where the level is always the operator's.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as one line.
    pub fn open(word: &str) -> Result<Self, String> {
        let socket = bind(word).map_err(|reason| format!("-S {word}: {reason}"))?;
        let server = LineServer::new(socket, Guard::Anyone, REFUSAL);
        let server = server.map_err(|error| format!("-S {word}: {error}"))?;
        Ok(Self { server })
    }

    /// What to wait for.
    pub fn server(&self) -> &LineServer {
        &self.server
    }

    /// The requests that came.
    pub fn round(&mut self, now: Time) -> Vec<(ClientId, Request)> {
        let lines = self.server.round(now);
        let parsed = |(client, line): (ClientId, String)| (client, Request::parse(&line));
        lines.into_iter().map(parsed).collect()
    }

    /// Answers a client, if it is still there.
    pub fn answer(&mut self, now: Time, client: ClientId, text: &str) {
        self.server.answer(now, client, text.as_bytes());
    }
}

fn bind(word: &str) -> Result<OwnedFd, String> {
    let mut parts = word.split(',');
    let written = parts.next().unwrap_or_default();
    let address = address(written).ok_or("this is no address that can be listened at")?;
    let mut unix = UnixOwnership::default();
    // `mode,600` and `mode 600` are both written.
    let options: Vec<&str> = parts.flat_map(str::split_whitespace).collect();
    for option in options.chunks(2) {
        match option {
            ["mode", mode] => {
                let mode = u32::from_str_radix(mode, 8);
                unix.mode = Some(mode.map_err(|_| "the mode is no octal number")?);
            }
            ["level", "admin" | "operator" | "user"] => {}
            [option, ..] => return Err(format!("option '{option}' is known but not built yet")),
            [] => {}
        }
    }
    let mut sources = Sources::new();
    let source = sources.add("-S", word);
    let listener = Listener {
        key: address.to_string(),
        owner: Owner::StatsSocket(0),
        address,
        backlog: BACKLOG,
        transparent: false,
        v6only: None,
        interface: None,
        defer_accept: false,
        shared: false,
        unix,
        span: Span {
            source,
            start: 0,
            end: u32::try_from(word.len()).unwrap_or(u32::MAX),
        },
        place: "the master's command line".to_owned(),
    };
    match bind_all(&[listener], |_| false, false) {
        Ok(bound) => {
            let first = bound.into_iter().next().expect("one was asked for");
            Ok(first.socket)
        }
        Err(problems) => {
            let messages: Vec<String> = problems.into_iter().map(|it| it.message).collect();
            Err(messages.join("; "))
        }
    }
}

fn address(written: &str) -> Option<ListenAddress> {
    let prefixed = written.split_once('@');
    match prefixed {
        Some(("fd", number)) => number.parse().ok().map(ListenAddress::Descriptor),
        Some(("unix", path)) => Some(ListenAddress::Unix(path.into())),
        Some(("abns", name)) => Some(ListenAddress::Abstract(name.to_owned())),
        Some(("ipv4" | "ipv6", rest)) => inet(rest),
        Some(_) => None,
        None if written.starts_with('/') => Some(ListenAddress::Unix(written.into())),
        None => inet(written),
    }
}

fn inet(written: &str) -> Option<ListenAddress> {
    let address: SocketAddr = written.parse().ok()?;
    Some(ListenAddress::Inet(address))
}

/// The table of `show proc`.
pub fn processes(report: &Report, version: &str) -> String {
    let row = |pid: i64, kind: &str, reloads: u64, uptime_s: f64| {
        let uptime = uptime(uptime_s);
        format!("{pid:<15} {kind:<15} {reloads:<15} {uptime:<15} {version}\n")
    };
    let mut text = format!(
        "{:<15} {:<15} {:<15} {:<15} {}\n",
        "#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"
    );
    let balancer = report.balancer.as_ref();
    let reloads = balancer.map_or(0, |it| it.generation.saturating_sub(1));
    text += &row(
        i64::from(std::process::id()),
        "master",
        reloads,
        report.uptime_s,
    );
    text += "# workers\n";
    if let Some(child) = balancer.map(|it| &it.child)
        && let Some(pid) = child.pid
    {
        text += &row(
            i64::from(pid),
            "worker",
            0,
            child.ready_for_s.unwrap_or(0.0),
        );
    }
    text + "# programs\n\n"
}

/// `0d00h01m07s`.
fn uptime(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!(
        "{}d{:02}h{:02}m{:02}s",
        whole / 86_400,
        whole / 3_600 % 24,
        whole / 60 % 60,
        whole % 60
    )
}

/// The answer to `reload`, as HAProxy gives it since 2.7.
pub fn reloaded(outcome: &Result<String, String>) -> String {
    match outcome {
        Ok(text) => format!("Success=1\n--\n{text}\n"),
        Err(reason) => format!("Success=0\n--\n{}\n", reason.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_on_a_bind_line() {
        let unix = |path: &str| Some(ListenAddress::Unix(path.into()));
        for (written, expected) in [
            ("/run/m.sock", unix("/run/m.sock")),
            ("unix@/run/m.sock", unix("/run/m.sock")),
            ("fd@5", Some(ListenAddress::Descriptor(5))),
            ("abns@m", Some(ListenAddress::Abstract("m".to_owned()))),
            ("127.0.0.1:99", inet("127.0.0.1:99")),
            ("ipv6@[::1]:99", inet("[::1]:99")),
            ("fd@x", None),
            ("quic4@127.0.0.1:99", None),
            ("", None),
        ] {
            assert_eq!(address(written), expected, "{written}");
        }
        for (word, expected) in [
            ("nowhere", "no address"),
            ("/none/m.sock,mode 9", "no octal number"),
            ("/none/m.sock,uid 9", "'uid' is known but not built"),
            ("/none/m.sock", "cannot bind"),
        ] {
            let error = MasterSocket::open(word).unwrap_err();
            assert!(error.contains(expected), "{word}: {error}");
        }
    }

    #[test]
    fn commands_are_known_or_explained() {
        for (line, expected) in [
            ("show proc", Request::ShowProcesses),
            (" reload ", Request::Reload),
            ("help", Request::Text(HELP.to_owned())),
            ("", Request::Text("\n".to_owned())),
        ] {
            assert_eq!(Request::parse(line), expected, "{line}");
        }
        for (line, part) in [
            ("@1 show info", "stats socket"),
            ("shwo", "Unknown command: 'shwo'"),
        ] {
            let Request::Text(text) = Request::parse(line) else {
                panic!("{line}");
            };
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn uptimes_are_written_as_haproxy_does() {
        for (seconds, expected) in [
            (0.9, "0d00h00m00s"),
            (67.0, "0d00h01m07s"),
            (93_784.0, "1d02h03m04s"),
        ] {
            assert_eq!(uptime(seconds), expected);
        }
    }
}
