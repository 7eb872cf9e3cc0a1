//! What `logging` says.

use diagnostics::{Span, Spanned};

/// `logging`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logging {
    /// `timestamp`; absent, hires.
    pub timestamp: Option<Spanned<Timestamp>>,
    /// Where messages go.
    pub targets: Targets,
    /// `logger_subsys`, in the order written.
    pub subsystems: Vec<Subsystem>,
}

/// Where messages go and which: for all, or for one subsystem.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// `to_stderr`; absent, yes.
    pub to_stderr: Option<Spanned<bool>>,
    /// `to_logfile`; absent, no.
    pub to_logfile: Option<Spanned<bool>>,
    /// `to_syslog`; absent, yes.
    pub to_syslog: Option<Spanned<bool>>,
    /// `logfile`: a path.
    pub logfile: Option<Spanned<String>>,
    /// `logfile_priority`; absent, info.
    pub logfile_priority: Option<Spanned<Priority>>,
    /// `syslog_facility` by its name; absent, daemon.
    pub syslog_facility: Option<Spanned<&'static str>>,
    /// `syslog_priority`; absent, info.
    pub syslog_priority: Option<Spanned<Priority>>,
    /// `debug`; absent, off.
    pub debug: Option<Spanned<Debug>>,
}

/// `logger_subsys`: what differs for one subsystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subsystem {
    /// `subsys`, such as `TOTEM` or `QDEVICE`.
    pub name: Spanned<String>,
    /// What is written for it; the rest is as for all.
    pub targets: Targets,
    /// Where it stands.
    pub span: Span,
}

/// `timestamp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timestamp {
    /// None.
    Off,
    /// To the second.
    Seconds,
    /// To the millisecond.
    Milliseconds,
}

/// `debug`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debug {
    /// No messages for developers.
    Off,
    /// Messages for developers.
    On,
    /// All of them.
    Trace,
}

/// A level of syslog(3), the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as in syslog(3)")]
pub enum Priority {
    Emerg,
    Alert,
    Crit,
    Err,
    Warning,
    Notice,
    Info,
    Debug,
}
