//! HAProxy's own command line, as typed options.
//!
//! The grammar is HAProxy's (management.txt, section 3): an option is one word, values are the
//! words that follow, and the letters after `-d` name one debugging switch.

use std::path::PathBuf;

use haproxy_config::CLAIMED_VERSION;

/// Everything that a HAProxy command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What is asked for.
    pub verb: Verb,
    /// `-f FILE|FOLDER` and the words after `--`, in order.
    pub files: Vec<PathBuf>,
    /// `-C`: the folder to change to before anything is read.
    pub folder: Option<PathBuf>,
    /// `-V`: say more; also takes back `-q`.
    pub verbose: bool,
    /// `-q`: say nothing.
    pub quiet: bool,
    /// `-d`: stay in the foreground and show what happens.
    pub debug: bool,
    /// `-D`: go to the background once started.
    pub daemon: bool,
    /// `-db`: stay in the foreground whatever the configuration says.
    pub foreground: bool,
    /// `-dW`: a warning is an error.
    pub warnings_are_errors: bool,
    /// `-dD`: remarks on suspicious lines as well.
    pub diagnostic_mode: bool,
    /// `-dr`: a server's name that cannot be resolved is no error.
    pub ignore_unresolved: bool,
    /// `-W` or `-Ws`: master-worker mode.
    pub master_worker: bool,
    /// `-Ws`: tell systemd (`NOTIFY_SOCKET`) once ready.
    pub systemd: bool,
    /// `-S ADDRESS[,option…]` words: sockets of the master's command line.
    pub master_sockets: Vec<String>,
    /// `-p`: wins over `pidfile` of `global`.
    pub pidfile: Option<PathBuf>,
    /// `-L`: the local peer's name.
    pub local_peer: Option<String>,
    /// `-n`: wins over `maxconn` of `global`.
    pub maxconn: Option<u32>,
    /// `-N`: the default `maxconn` of a frontend.
    pub default_maxconn: Option<u32>,
    /// `-m`: memory limit in MiB.
    pub memory_limit_mib: Option<u32>,
    /// `-sf` or `-st`: processes to end once ready.
    pub old_processes: Option<OldProcesses>,
    /// `-x`: a socket of the old process that hands over its listening sockets.
    pub takeover_socket: Option<PathBuf>,
}

/// What a command line asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Verb {
    /// Load the configuration and run.
    #[default]
    Run,
    /// `-c`: load the configuration, say whether it is valid, and end.
    Check,
    /// `-cc CONDITION`: exit 0 if true, 1 if false, 2 if it is no condition.
    EvaluateCondition(String),
    /// `-v`, `-vv`, `-vq`, `-vqs`, `-vqb`: print this text and end with 0.
    Print(VersionText),
    /// `-h`: print the usage and end with 0.
    Usage,
}

/// How much of the version is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionText {
    /// `-v`.
    Short,
    /// `-vv`.
    Build,
    /// `-vq` and `-vqs`: the version alone.
    Bare,
    /// `-vqb`: the branch alone.
    Branch,
}

/// Processes named by `-sf` or `-st`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldProcesses {
    /// `-sf`: let them finish (SIGUSR1); `-st`: end them at once (SIGTERM).
    pub finish: bool,
    /// Their process ids.
    pub pids: Vec<i32>,
}

/// Why a command line was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Nothing was asked for.
    #[error("no configuration file was named: use -f FILE")]
    NoFile,
    /// A word that is no option.
    #[error("unknown option '{0}'")]
    UnknownOption(String),
    /// A word that is no option where one must stand.
    #[error("unexpected word '{0}': a configuration file is named with -f")]
    UnexpectedWord(String),
    /// The option's value is missing.
    #[error("option '{0}' needs {1}")]
    MissingValue(String, &'static str),
    /// The option's value is not what it must be.
    #[error("'{value}' is not {expected} (option '{option}')")]
    InvalidValue {
        /// The option.
        option: String,
        /// What was written.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// HAProxy knows the option, this program has not built it.
    #[error("option '{0}' is known but not built yet")]
    NotBuilt(String),
}

/// Debugging switches that name a mechanism this program does not have, so that asking for less
/// of it changes nothing: poisoned memory (`-dM…`), forks (`-dI`), pollers (`-de`, `-dp`), splice,
/// fast-forward and zero-copy (`-dS`, `-dF`, `-dZ`), kTLS (`-dT`), SO_REUSEPORT groups (`-dR`),
/// the check of servers' certificates (`-dV`), other resolvers than the C library's (`-dG`).
const SWITCHES_WITHOUT_EFFECT: &[&str] =
    &["dI", "de", "dp", "dS", "dF", "dZ", "dT", "dR", "dV", "dG"];

/// Debugging switches of HAProxy that are not built.
const SWITCHES_NOT_BUILT: &[&str] = &["dA", "dC", "dK", "dL", "dc", "dt", "dk", "dv"];

/// Reads a command line, without the program's name.
///
/// # Errors
///
/// [`UsageError`]; print it with [`usage`] and exit 1.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Options, UsageError> {
    let mut words = arguments.into_iter().peekable();
    let mut options = Options::default();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-') else {
            return Err(UsageError::UnexpectedWord(word));
        };
        if flag == "-" {
            options.files.extend(words.by_ref().map(PathBuf::from));
            break;
        }
        if apply_switch(flag, &word, &mut options)? {
            continue;
        }
        if matches!(flag, "sf" | "st") {
            let mut pids = Vec::new();
            while let Some(pid) = words.next_if(|next| !next.starts_with('-')) {
                let id = number(&word, &pid, "a process id")?;
                if id == 0 {
                    return Err(invalid(&word, &pid, "a process id"));
                }
                pids.push(i32::try_from(id).map_err(|_| invalid(&word, &pid, "a process id"))?);
            }
            options.old_processes = Some(OldProcesses {
                finish: flag == "sf",
                pids,
            });
            continue;
        }
        let expected = value_of(flag).ok_or_else(|| UsageError::UnknownOption(word.clone()))?;
        let value = words
            .next()
            .ok_or_else(|| UsageError::MissingValue(word.clone(), expected))?;
        apply_value(flag, &word, value, &mut options)?;
    }
    if matches!(options.verb, Verb::Run | Verb::Check) && options.files.is_empty() {
        return Err(UsageError::NoFile);
    }
    Ok(options)
}

/// Applies an option that stands alone; `false` where the word is none of them.
fn apply_switch(flag: &str, word: &str, options: &mut Options) -> Result<bool, UsageError> {
    match flag {
        "v" => options.verb = Verb::Print(VersionText::Short),
        "vv" => options.verb = Verb::Print(VersionText::Build),
        "vq" | "vqs" => options.verb = Verb::Print(VersionText::Bare),
        "vqb" => options.verb = Verb::Print(VersionText::Branch),
        "h" | "-help" => options.verb = Verb::Usage,
        "c" => options.verb = Verb::Check,
        "V" => {
            options.verbose = true;
            options.quiet = false;
        }
        "q" => options.quiet = true,
        "d" => options.debug = true,
        "D" => options.daemon = true,
        "db" => options.foreground = true,
        "dW" => options.warnings_are_errors = true,
        "dD" => options.diagnostic_mode = true,
        "dr" => options.ignore_unresolved = true,
        "W" => options.master_worker = true,
        "Ws" => {
            options.master_worker = true;
            options.systemd = true;
            options.foreground = true;
        }
        "4" => return Err(UsageError::NotBuilt(word.to_owned())),
        _ if flag.starts_with("dM") || SWITCHES_WITHOUT_EFFECT.contains(&flag) => {}
        _ if SWITCHES_NOT_BUILT.iter().any(|s| flag.starts_with(s)) => {
            return Err(UsageError::NotBuilt(word.to_owned()));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// What the value of an option must be; `None` where the option is unknown.
fn value_of(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "f" => "a file or a folder",
        "C" => "a folder",
        "p" => "a file",
        "L" => "a name",
        "n" | "N" => "a number of connections",
        "m" => "a number of MiB",
        "x" => "the path of a unix socket",
        "S" => "an address",
        "cc" => "a condition",
        _ => return None,
    })
}

fn apply_value(
    flag: &str,
    word: &str,
    value: String,
    options: &mut Options,
) -> Result<(), UsageError> {
    match flag {
        "f" => options.files.push(value.into()),
        "C" => options.folder = Some(value.into()),
        "p" => options.pidfile = Some(value.into()),
        "L" => options.local_peer = Some(value),
        "n" => options.maxconn = Some(number(word, &value, "a number of connections")?),
        "N" => options.default_maxconn = Some(number(word, &value, "a number of connections")?),
        "m" => options.memory_limit_mib = Some(number(word, &value, "a number of MiB")?),
        "x" => options.takeover_socket = Some(value.into()),
        "S" => options.master_sockets.push(value),
        _ => options.verb = Verb::EvaluateCondition(value),
    }
    Ok(())
}

fn number(option: &str, value: &str, expected: &'static str) -> Result<u32, UsageError> {
    value.parse().map_err(|_| invalid(option, value, expected))
}

fn invalid(option: &str, value: &str, expected: &'static str) -> UsageError {
    UsageError::InvalidValue {
        option: option.to_owned(),
        value: value.to_owned(),
        expected,
    }
}

impl Options {
    /// The options that change what a configuration means, as the words that
    /// [`Options::from_configuration_words`] reads back on the other side of the channel.
    #[must_use]
    pub fn configuration_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut value = |flag: &str, value: Option<String>| {
            if let Some(value) = value {
                words.extend([flag.to_owned(), value]);
            }
        };
        value("-n", self.maxconn.map(|n| n.to_string()));
        value("-N", self.default_maxconn.map(|n| n.to_string()));
        value("-m", self.memory_limit_mib.map(|n| n.to_string()));
        value("-L", self.local_peer.clone());
        for (set, flag) in [
            (self.master_worker, "-W"),
            (self.debug, "-d"),
            (self.quiet, "-q"),
            (self.verbose, "-V"),
            (self.warnings_are_errors, "-dW"),
            (self.diagnostic_mode, "-dD"),
            (self.ignore_unresolved, "-dr"),
        ] {
            if set {
                words.push(flag.to_owned());
            }
        }
        words
    }

    /// Reads [`Options::configuration_words`] back.
    ///
    /// # Errors
    ///
    /// [`UsageError`] where the words are not such options.
    pub fn from_configuration_words(words: &[String]) -> Result<Self, UsageError> {
        let files = ["--".to_owned(), "bundle".to_owned()];
        parse(words.iter().cloned().chain(files))
    }
}

/// The text of `-v`, `-vv`, `-vq`, `-vqs` or `-vqb`, ending in a newline.
#[must_use]
pub fn version(text: VersionText) -> String {
    let short = format!(
        "HAProxy version {CLAIMED_VERSION} language, spoken by Evenkeel keel {} \
         (this is not HAProxy itself)\n",
        env!("CARGO_PKG_VERSION")
    );
    match text {
        VersionText::Short => short,
        VersionText::Bare => format!("{CLAIMED_VERSION}\n"),
        VersionText::Branch => {
            let version = CLAIMED_VERSION.to_string();
            format!("{}\n", version.split('-').next().unwrap_or(&version))
        }
        VersionText::Build => format!(
            "{short}\
             Build options :\n  \
               TARGET  = linux-glibc\n  \
               CC      = rustc\n\
             \n\
             Feature list : {}\n\
             \n\
             Default settings :\n  \
               bufsize = 16384, maxrewrite = 1024\n\
             \n\
             Built with multi-threading support.\n\
             Built with TLS library : rustls over aws-lc-rs\n\
             TLS library supports : TLSv1.2 TLSv1.3\n\
             \n\
             Available polling systems :\n   \
               io_uring : pref=400,  test result OK\n      \
                  epoll : pref=300,  test result OK\n",
            feature_list()
        ),
    }
}

/// HAProxy's build features, as its `-vv` lists them.
const KNOWN_FEATURES: &[&str] = &[
    "51DEGREES",
    "ACCEPT4",
    "BACKTRACE",
    "CPU_AFFINITY",
    "DEVICEATLAS",
    "EPOLL",
    "GETADDRINFO",
    "KQUEUE",
    "LINUX_SPLICE",
    "LINUX_TPROXY",
    "LUA",
    "NETFILTER",
    "NS",
    "OPENSSL",
    "OPENSSL_AWSLC",
    "OT",
    "PCRE",
    "PCRE2",
    "POLL",
    "PROMEX",
    "PTHREAD_EMULATION",
    "QUIC",
    "RT",
    "SLZ",
    "SSL",
    "SYSTEMD",
    "TFO",
    "THREAD",
    "TPROXY",
    "WURFL",
    "ZLIB",
];

/// The features that this program has (`+`) and has not (`-`), as `feature(NAME)` answers too.
fn feature_list() -> String {
    let built = crate::load::process_facts().features;
    let words: Vec<String> = KNOWN_FEATURES
        .iter()
        .map(|name| format!("{}{name}", if built.contains(*name) { '+' } else { '-' }))
        .collect();
    words.join(" ")
}

/// The usage text, ending in a newline; `program` is the name it was started under.
#[must_use]
pub fn usage(program: &str) -> String {
    format!(
        "{}Usage : {program} [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]
        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]
        -f names a configuration file, or a folder whose *.cfg files are read in order
        -c only checks the configuration and exits (0: valid); says so with -V
        -cc <condition> evaluates a condition and exits (0: true, 1: false)
        -v shows the version ; -vv shows how it was built ; -vq/-vqs/-vqb only the number
        -V says more ; -q says nothing
        -d debug mode: foreground, shows what happens ; -db only stays in the foreground
        -D goes to the background once started
        -W, -Ws master-worker mode, the second one with systemd's readiness
        -S <bind>[,<bind options>...] socket of the master's command line
        -C <dir> changes to the folder before anything is read
        -p <file> writes the process id into the file
        -n <number> limits the connections of the process
        -N <number> default limit of the connections of a frontend
        -m <MiB> limits the memory
        -L <name> name of the local peer
        -dW refuses a configuration with warnings
        -dr accepts servers whose name cannot be resolved
        -sf/-st <pid>* lets these processes finish / ends them, once started
        -x <unix socket> takes over the listening sockets of a running process
        -dD remarks on suspicious lines
        -dM[...] -dI -dV -dG -dR -de -dp -dS -dF -dZ -dT accepted, without effect here
",
        version(VersionText::Short)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Options, UsageError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_lines_of_service_files_and_test_runners_are_understood() {
        let run = |files: &[&str]| Options {
            files: files.iter().map(PathBuf::from).collect(),
            ..Options::default()
        };
        let cases = [
            ("-f a.cfg -f d", run(&["a.cfg", "d"])),
            ("-f a -- b c", run(&["a", "b", "c"])),
            (
                "-c -dM -dI -dW -f a -V",
                Options {
                    verb: Verb::Check,
                    warnings_are_errors: true,
                    verbose: true,
                    ..run(&["a"])
                },
            ),
            (
                "-d -dM -dI -dW -f a -L me",
                Options {
                    debug: true,
                    warnings_are_errors: true,
                    local_peer: Some("me".into()),
                    ..run(&["a"])
                },
            ),
            (
                "-Ws -S fd@5,level,admin -f a -p /run/x.pid",
                Options {
                    master_worker: true,
                    systemd: true,
                    foreground: true,
                    master_sockets: vec!["fd@5,level,admin".into()],
                    pidfile: Some("/run/x.pid".into()),
                    ..run(&["a"])
                },
            ),
            (
                "-D -f a -sf 12 13 -n 100",
                Options {
                    daemon: true,
                    old_processes: Some(OldProcesses {
                        finish: true,
                        pids: vec![12, 13],
                    }),
                    maxconn: Some(100),
                    ..run(&["a"])
                },
            ),
            (
                "-f a -st",
                Options {
                    old_processes: Some(OldProcesses::default()),
                    ..run(&["a"])
                },
            ),
            (
                "-cc true",
                Options {
                    verb: Verb::EvaluateCondition("true".into()),
                    ..Options::default()
                },
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(words(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn a_wrong_command_line_is_refused_with_the_word_at_fault() {
        for (line, expected) in [
            ("", "no configuration file was named: use -f FILE"),
            ("-c", "no configuration file was named: use -f FILE"),
            ("-f a -Z", "unknown option '-Z'"),
            ("-f a -dX", "unknown option '-dX'"),
            (
                "a.cfg",
                "unexpected word 'a.cfg': a configuration file is named with -f",
            ),
            ("-f", "option '-f' needs a file or a folder"),
            ("-f a -n", "option '-n' needs a number of connections"),
            (
                "-f a -n x",
                "'x' is not a number of connections (option '-n')",
            ),
            ("-f a -sf 0", "'0' is not a process id (option '-sf')"),
            ("-f a -dKall", "option '-dKall' is known but not built yet"),
        ] {
            assert_eq!(words(line).unwrap_err().to_string(), expected, "{line}");
        }
    }

    #[test]
    fn options_that_change_the_configuration_cross_the_channel() {
        let options = words("-f a -W -d -dW -n 10 -N 5 -m 64 -L me").unwrap();
        let back = Options::from_configuration_words(&options.configuration_words()).unwrap();
        assert_eq!(
            back,
            Options {
                files: vec!["bundle".into()],
                ..options
            }
        );
    }

    #[test]
    fn test_runners_find_version_and_target() {
        let text = version(VersionText::Build);
        let third = text.lines().next().unwrap().split(' ').nth(2);
        assert_eq!(third, Some(CLAIMED_VERSION.to_string().as_str()));
        assert_eq!(version(VersionText::Branch), "3.5\n");
        assert!(text.contains("\n  TARGET  = linux-glibc\n"));
    }
}
