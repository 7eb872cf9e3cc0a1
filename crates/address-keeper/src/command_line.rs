//! keepalived's command line (keepalived(8)), understood.

use std::path::PathBuf;

use thiserror::Error;

/// Where the configuration is looked for.
pub const DEFAULT_CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";
/// Where the daemon's process number goes.
pub const DEFAULT_PID_FILE: &str = "/run/keepalived.pid";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Run.
    Run(Options),
    /// Check the configuration and end: `-t`. Messages go to the file, else to standard error.
    Test(Options, Option<PathBuf>),
    /// Print the version: `-v`.
    Version,
    /// Print the options: `-h`.
    Help,
}

/// How to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// `-f`.
    pub configuration: PathBuf,
    /// `-n`: stay in the foreground.
    pub foreground: bool,
    /// `-l`: log to standard error.
    pub log_to_console: bool,
    /// `-D`: log more.
    pub log_detail: bool,
    /// `-S`: the syslog facility, as its number.
    pub syslog_facility: u8,
    /// `-G`: do not log to syslog.
    pub no_syslog: bool,
    /// `-g`: log to that file.
    pub log_file: Option<PathBuf>,
    /// `-d`: log the configuration as understood.
    pub dump_configuration: bool,
    /// `-p`.
    pub pid_file: PathBuf,
    /// `-r`: where the process number of the address keeper goes.
    pub role_pid_file: Option<PathBuf>,
    /// Not `-R`: a role that dies is started again.
    pub respawn: bool,
    /// `-V`: leave the addresses on the machine at the end.
    pub keep_addresses: bool,
    /// `-i`: what `@id` lines of the configuration are compared with.
    pub config_id: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            configuration: DEFAULT_CONFIGURATION.into(),
            foreground: false,
            log_to_console: false,
            log_detail: false,
            syslog_facility: FACILITY_DAEMON,
            no_syslog: false,
            log_file: None,
            dump_configuration: false,
            pid_file: DEFAULT_PID_FILE.into(),
            role_pid_file: None,
            respawn: true,
            keep_addresses: false,
            config_id: None,
        }
    }
}

/// LOG_DAEMON of syslog(3).
const FACILITY_DAEMON: u8 = 3;
const FACILITY_USER: u8 = 1;
const FACILITY_LOCAL_0: u8 = 16;

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UsageError {
    /// No such option.
    #[error("unknown option '{0}'")]
    Unknown(String),
    /// keepalived has it, Evenkeel does not yet.
    #[error("option '{0}' is known but not built yet")]
    NotBuilt(String),
    /// A value is missing.
    #[error("option '{0}' needs a value")]
    MissingValue(String),
    /// A value where none belongs.
    #[error("option '{0}' takes no value")]
    UnwantedValue(String),
    /// A value that makes no sense.
    #[error("option '{option}': '{value}' is not {expected}")]
    BadValue {
        /// The option.
        option: String,
        /// The value.
        value: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// Words that belong to no option.
    #[error("unexpected argument '{0}'")]
    Unexpected(String),
}

/// What `-h` prints.
pub const HELP: &str = "\
Usage: keepalived [OPTION...]
  -f, --use-file=FILE          Use the specified configuration file
  -P, --vrrp                   Only run the VRRP subsystem
  -l, --log-console            Log messages to the local console
  -D, --log-detail             Detailed log messages
  -S, --log-facility=[0-7|local[0-7]|user|daemon]
                               Set the syslog facility
  -G, --no-syslog              Do not write to syslog
  -g, --log-file=FILE          Also log to FILE
  -n, --dont-fork              Do not fork the daemon process
  -d, --dump-conf              Log the configuration as understood
  -p, --pid=FILE               The daemon's pid file
  -r, --vrrp_pid=FILE          The address keeper's pid file
  -R, --dont-respawn           Do not restart a process that dies
  -V, --dont-release-vrrp      Leave the virtual addresses at the end
  -i, --config-id=ID           What @ID lines of the configuration name
  -t, --config-test[=LOG_FILE] Check the configuration and exit
  -v, --version                Display the version and exit
  -h, --help                   Display this help and exit
";

/// Whether an option has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    None,
    Required,
    Optional,
}

/// Short letter, long name, value. keepalived's options that are not built have no handler in
/// `Builder::set` and are told apart from unknown ones by standing here.
const OPTIONS: &[(Option<char>, &str, Value)] = &[
    (Some('f'), "use-file", Value::Required),
    (Some('P'), "vrrp", Value::None),
    (Some('C'), "check", Value::None),
    (Some('B'), "no_bfd", Value::None),
    (None, "all", Value::None),
    (Some('l'), "log-console", Value::None),
    (Some('D'), "log-detail", Value::None),
    (Some('S'), "log-facility", Value::Required),
    (Some('g'), "log-file", Value::Required),
    (None, "flush-log-file", Value::None),
    (Some('G'), "no-syslog", Value::None),
    (Some('X'), "release-vips", Value::None),
    (Some('V'), "dont-release-vrrp", Value::None),
    (Some('I'), "dont-release-ipvs", Value::None),
    (Some('R'), "dont-respawn", Value::None),
    (Some('n'), "dont-fork", Value::None),
    (Some('d'), "dump-conf", Value::None),
    (Some('p'), "pid", Value::Required),
    (Some('r'), "vrrp_pid", Value::Required),
    (Some('T'), "genhash", Value::None),
    (Some('c'), "checkers_pid", Value::Required),
    (Some('a'), "address-monitoring", Value::None),
    (Some('b'), "bfd_pid", Value::Required),
    (Some('s'), "namespace", Value::Required),
    (Some('e'), "all-config", Value::None),
    (Some('i'), "config-id", Value::Required),
    (Some('x'), "snmp", Value::None),
    (Some('A'), "snmp-agent-socket", Value::Required),
    (Some('u'), "umask", Value::Required),
    (Some('m'), "core-dump", Value::None),
    (Some('M'), "core-dump-pattern", Value::Optional),
    (None, "signum", Value::Required),
    (Some('t'), "config-test", Value::Optional),
    (None, "perf", Value::Optional),
    (None, "debug", Value::Optional),
    (None, "no-mem-check", Value::None),
    (Some('v'), "version", Value::None),
    (Some('h'), "help", Value::None),
];

/// Reads a command line without the program's name.
///
/// # Errors
///
/// The first word that cannot be understood.
pub fn parse<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Result<Request, UsageError> {
    let mut builder = Builder::default();
    let mut words = words.into_iter().map(Into::into).peekable();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            let (name, inline) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let (name, value) = find_long(name)?;
            let value = match (value, inline) {
                (Value::None, Some(_)) => return Err(UsageError::UnwantedValue(word)),
                (Value::Required, None) => Some(
                    words
                        .next()
                        .ok_or_else(|| UsageError::MissingValue(word.clone()))?,
                ),
                (_, inline) => inline,
            };
            builder.set(name, &word, value)?;
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            let mut letters = letters.chars();
            while let Some(letter) = letters.next() {
                let option = format!("-{letter}");
                let (name, value) = find_short(letter)?;
                let rest = letters.as_str();
                let value = match value {
                    Value::None => None,
                    Value::Optional => (!rest.is_empty()).then(|| rest.to_owned()),
                    Value::Required if rest.is_empty() => Some(
                        words
                            .next()
                            .ok_or_else(|| UsageError::MissingValue(option.clone()))?,
                    ),
                    Value::Required => Some(rest.to_owned()),
                };
                let took_rest = value.is_some();
                builder.set(name, &option, value)?;
                if took_rest {
                    break;
                }
            }
        } else {
            return Err(UsageError::Unexpected(word));
        }
    }
    Ok(builder.request())
}

/// Long options may be cut short as far as they stay unambiguous, as getopt_long(3) allows.
fn find_long(written: &str) -> Result<(&'static str, Value), UsageError> {
    let exact = OPTIONS.iter().find(|(_, name, _)| *name == written);
    let mut starting = OPTIONS
        .iter()
        .filter(|(_, name, _)| name.starts_with(written));
    let found = exact.or_else(|| match (starting.next(), starting.next()) {
        (Some(only), None) if !written.is_empty() => Some(only),
        _ => None,
    });
    let (_, name, value) = found.ok_or_else(|| UsageError::Unknown(format!("--{written}")))?;
    Ok((name, *value))
}

fn find_short(letter: char) -> Result<(&'static str, Value), UsageError> {
    let found = OPTIONS.iter().find(|(short, _, _)| *short == Some(letter));
    let (_, name, value) = found.ok_or_else(|| UsageError::Unknown(format!("-{letter}")))?;
    Ok((name, *value))
}

#[derive(Debug, Default)]
struct Builder {
    options: Options,
    test: Option<Option<PathBuf>>,
    version: bool,
    help: bool,
}

impl Builder {
    fn set(&mut self, name: &str, written: &str, value: Option<String>) -> Result<(), UsageError> {
        let options = &mut self.options;
        let text = || value.clone().unwrap_or_default();
        match name {
            "use-file" => options.configuration = text().into(),
            "log-console" => options.log_to_console = true,
            "log-detail" => options.log_detail = true,
            "log-facility" => options.syslog_facility = facility(written, &text())?,
            "no-syslog" => options.no_syslog = true,
            "log-file" => options.log_file = Some(text().into()),
            "dont-fork" => options.foreground = true,
            "dump-conf" => options.dump_configuration = true,
            "pid" => options.pid_file = text().into(),
            "vrrp_pid" => options.role_pid_file = Some(text().into()),
            "dont-respawn" => options.respawn = false,
            "dont-release-vrrp" => options.keep_addresses = true,
            "config-id" => options.config_id = Some(text()),
            "config-test" => self.test = Some(value.map(PathBuf::from)),
            "version" => self.version = true,
            "help" => self.help = true,
            // There is only VRRP here; each line is written at once; addresses are always released;
            // keepalived's memory checks are not ours to switch off.
            "vrrp" | "no_bfd" | "flush-log-file" | "release-vips" | "dont-release-ipvs"
            | "no-mem-check" => {}
            // The pid files of processes that do not run.
            "checkers_pid" | "bfd_pid" => {}
            _ => return Err(UsageError::NotBuilt(written.to_owned())),
        }
        Ok(())
    }

    fn request(self) -> Request {
        if self.help {
            Request::Help
        } else if self.version {
            Request::Version
        } else if let Some(file) = self.test {
            Request::Test(self.options, file)
        } else {
            Request::Run(self.options)
        }
    }
}

fn facility(option: &str, value: &str) -> Result<u8, UsageError> {
    let local = |digit: &str| match digit.as_bytes() {
        [digit @ b'0'..=b'7'] => Some(FACILITY_LOCAL_0 + (digit - b'0')),
        _ => None,
    };
    let found = match value {
        "user" => Some(FACILITY_USER),
        "daemon" => Some(FACILITY_DAEMON),
        _ => local(value.strip_prefix("local").unwrap_or(value)),
    };
    found.ok_or_else(|| UsageError::BadValue {
        option: option.to_owned(),
        value: value.to_owned(),
        expected: "0-7, local0-local7, user or daemon",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(options: Options) -> Result<Request, UsageError> {
        Ok(Request::Run(options))
    }

    #[test]
    fn each_line_is_understood_as_keepalived_does() {
        let default = Options::default;
        let check = |line: &str, expected| {
            assert_eq!(parse(line.split_whitespace()), expected, "{line}");
        };
        check("", run(default()));
        check(
            "-n -l -D -f /tmp/k.conf -p /tmp/k.pid",
            run(Options {
                foreground: true,
                log_to_console: true,
                log_detail: true,
                configuration: "/tmp/k.conf".into(),
                pid_file: "/tmp/k.pid".into(),
                ..default()
            }),
        );
        check(
            "-nlDPR -f/tmp/k.conf",
            run(Options {
                foreground: true,
                log_to_console: true,
                log_detail: true,
                respawn: false,
                configuration: "/tmp/k.conf".into(),
                ..default()
            }),
        );
        check(
            "--dont-fork --use-file=/k --vrrp_pid /r --log-facility=local3",
            run(Options {
                foreground: true,
                configuration: "/k".into(),
                role_pid_file: Some("/r".into()),
                syslog_facility: 19,
                ..default()
            }),
        );
        check(
            "--dont-f",
            run(Options {
                foreground: true,
                ..default()
            }),
        );
        check("-t", Ok(Request::Test(default(), None)));
        check(
            "--config-test=/tmp/out",
            Ok(Request::Test(default(), Some("/tmp/out".into()))),
        );
        check("-v -n", Ok(Request::Version));
        check("--help", Ok(Request::Help));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        let check = |line: &str, expected: &str| {
            let error = parse(line.split_whitespace()).expect_err(line);
            assert_eq!(error.to_string(), expected, "{line}");
        };
        check("-k", "unknown option '-k'");
        check("--nonsense", "unknown option '--nonsense'");
        check("--dont", "unknown option '--dont'");
        check("-f", "option '-f' needs a value");
        check("--dont-fork=1", "option '--dont-fork=1' takes no value");
        check("start", "unexpected argument 'start'");
        check("-C", "option '-C' is known but not built yet");
        check(
            "-S local9",
            "option '-S': 'local9' is not 0-7, local0-local7, user or daemon",
        );
    }
}
