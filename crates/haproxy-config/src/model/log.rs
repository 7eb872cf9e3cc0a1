//! Where log lines go and which they are.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Where log lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTarget {
    /// Host and port, a unix socket, or a stream.
    pub to: LogAddress,
    /// `len`, default 1024.
    pub len: u32,
    /// The syslog facility, 0 to 23.
    pub facility: u8,
    /// The heaviest-numbered level let through, 0 to 7; default 7.
    pub max_level: u8,
    /// Levels heavier than this are sent as this.
    pub min_level: u8,
    /// `format`.
    pub format: SyslogFormat,
}

/// The transport of a log target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogAddress {
    /// Syslog over UDP, default port 514.
    Udp(SocketAddr),
    /// The same towards a host still to be looked up: its name and the port.
    UdpName(String, u16),
    /// Syslog over a unix datagram socket.
    Unix(PathBuf),
    /// `stdout`, `stderr` or `fd@N`.
    Descriptor(i32),
}

/// The frame of a syslog message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyslogFormat {
    /// `rfc3164`; the default where `log-send-hostname` is written.
    Rfc3164,
    /// `local`, the default: RFC 3164 without the host name.
    #[default]
    Local,
    /// `rfc5424`.
    Rfc5424,
    /// `priority`: `<FACILITY AND LEVEL>` and the text.
    Priority,
    /// `raw`: the text alone.
    Raw,
    /// `short`: `<LEVEL>` and the text.
    Short,
    /// `timed`: `<LEVEL>`, the ISO date and the text.
    Timed,
    /// `iso`: the ISO date and the text.
    Iso,
}

/// Which line a connection or request leaves in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Nothing asked for: one short line a connection, `Connect from …`.
    #[default]
    Default,
    /// `option tcplog`.
    Tcp,
    /// `option httplog`.
    Http,
    /// `option httplog clf`.
    HttpClf,
}
