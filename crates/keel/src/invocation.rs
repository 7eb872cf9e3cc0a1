//! Which program was asked for: a peer's, by the name it was started under or by the first word, or
//! a verb of our own.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};

/// The hidden verb of the balancer's process.
pub const ROLE_BALANCER: &str = "role-balancer";
/// The hidden verb of the keeper's process.
pub const ROLE_KEEPER: &str = "role-keeper";

/// Peers whose commands will be spoken, and are not yet.
const NOT_BUILT: &[&str] = &["dashboard", "pacemakerd"];

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// HAProxy's command line.
    Haproxy(Vec<String>),
    /// keepalived's command line.
    Keepalived(Vec<String>),
    /// Pacemaker's `crm_mon`.
    CrmMon(Vec<String>),
    /// Another of Pacemaker's tools, by its name.
    PacemakerTool(String, Vec<String>),
    /// Pacemaker's `crm_simulate`.
    CrmSimulate(Vec<String>),
    /// Pacemaker's `crm_verify`.
    CrmVerify(Vec<String>),
    /// pcs's command line.
    Pcs(Vec<String>),
    /// `keel pcsd`, and pcs's daemon of that name.
    Pcsd(Vec<OsString>),
    /// The ccs of RHEL 6.
    Ccs(Vec<String>),
    /// An init script of the cluster, by its name, with its words.
    Service(String, Vec<String>),
    /// `keel run`.
    Run(RunOptions),
    /// `keel status`.
    Status(StatusOptions),
    /// `keel reload`.
    Reload(ReloadOptions),
    /// `keel lab`.
    Lab(Vec<OsString>),
    /// `keel cluster`.
    Cluster(Vec<OsString>),
    /// `keel witness`.
    Witness(Vec<OsString>),
    /// The balancer's process.
    RoleBalancer,
    /// The keeper's process.
    RoleKeeper(Vec<String>),
    /// A peer that is not spoken yet.
    NotBuilt(String),
    /// Print this, and end with that code.
    Print {
        /// The text.
        text: String,
        /// 0 goes to standard output, anything else to standard error.
        code: u8,
    },
}

/// The command line of our own verbs.
#[derive(Debug, Parser)]
#[command(
    name = "keel",
    version,
    about = "Load balancing and floating addresses from haproxy.cfg and keepalived.conf",
    after_help = "Started through a symbolic link named haproxy or keepalived, keel takes that \
                  program's own command line."
)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a balancer and an address keeper that know of each other
    Run(RunOptions),
    /// Say what runs, who is master, since when and why
    #[command(
        after_help = "Exit codes: 0 all is well, 1 something is not, 3 nothing runs, \
                            4 no supervisor could be asked."
    )]
    Status(StatusOptions),
    /// Read the configuration again, without dropping a connection or an address
    #[command(
        after_help = "Exit codes: 0 the new configuration is in force, 1 it was refused \
                            and the old one is, 3 nothing runs, 4 no supervisor could be asked."
    )]
    Reload(ReloadOptions),
    /// HAProxy's command line
    #[command(disable_help_flag = true)]
    Haproxy(Words),
    /// keepalived's command line
    #[command(disable_help_flag = true)]
    Keepalived(Words),
    /// Pacemaker's crm_mon: how is the cluster?
    #[command(name = "crm_mon", disable_help_flag = true)]
    CrmMon(Words),
    /// Pacemaker's crm_simulate: what would the cluster do?
    #[command(name = "crm_simulate", disable_help_flag = true)]
    CrmSimulate(Words),
    /// Pacemaker's crm_verify: is a configuration right?
    #[command(name = "crm_verify", disable_help_flag = true)]
    CrmVerify(Words),
    /// pcs's command line: the cluster's configuration
    #[command(disable_help_flag = true)]
    Pcs(Words),
    /// A cluster.conf of CMAN, made and changed in the words of RHEL 6
    #[command(disable_help_flag = true)]
    Ccs(Words),
    /// The daemon by which machines are made nodes, started and stopped
    #[command(disable_help_flag = true)]
    Pcsd(Words),
    /// Who is in the cluster, whether it has quorum, and its CIB
    #[command(disable_help_flag = true)]
    Cluster(Words),
    /// A vote for clusters that could be cut in equal halves
    #[command(disable_help_flag = true)]
    Witness(Words),
    /// Machines as namespaces, faults, probes: rehearse a failure
    #[command(disable_help_flag = true)]
    Lab(Words),
}

/// Words that somebody else reads.
#[derive(Debug, Args)]
struct Words {
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    words: Vec<OsString>,
}

/// `keel run`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(id = "roles", required = true, multiple = true)]
pub struct RunOptions {
    /// The balancer's configuration, a file or a folder; may be given several times
    #[arg(long, value_name = "FILE", group = "roles")]
    pub haproxy: Vec<PathBuf>,
    /// The address keeper's configuration
    #[arg(long, value_name = "FILE", group = "roles")]
    pub keepalived: Option<PathBuf>,
    /// Check both configurations, and end
    #[arg(long)]
    pub check: bool,
    /// Go to the background once everything serves
    #[arg(long)]
    pub daemon: bool,
    /// Write the supervisor's process number there
    #[arg(long, value_name = "FILE")]
    pub pidfile: Option<PathBuf>,
    /// End when a role dies, instead of starting it again
    #[arg(long)]
    pub dont_respawn: bool,
    /// Log what goes wrong only
    #[arg(long)]
    pub quiet: bool,
}

/// `keel status`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct StatusOptions {
    /// As one JSON document
    #[arg(long)]
    pub json: bool,
    /// Ask the supervisor of that process number only
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
}

/// `keel reload`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ReloadOptions {
    /// Tell the supervisor of that process number, where several run
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
}

/// Reads a command line, the program's name first.
pub fn read(words: Vec<OsString>) -> Invocation {
    let mut rest = words.clone().into_iter();
    let program = rest.next().unwrap_or_default();
    let rest: Vec<OsString> = rest.collect();
    let first = rest.first().map(|word| word.to_string_lossy().into_owned());
    match first.as_deref() {
        Some(ROLE_BALANCER) => return Invocation::RoleBalancer,
        Some(ROLE_KEEPER) => return Invocation::RoleKeeper(text(rest[1..].to_vec())),
        _ => {}
    }
    let program = Path::new(&program).file_name().unwrap_or_default();
    if let Some(invocation) = peer(program, &rest) {
        return invocation;
    }
    match first {
        Some(word) if !word.starts_with('-') => {
            if let Some(invocation) = peer(OsStr::new(&word), &rest[1..]) {
                return invocation;
            }
        }
        _ => {}
    }
    own(words)
}

/// A peer's command line is not ours to read, not even its `--help`.
fn peer(name: &OsStr, rest: &[OsString]) -> Option<Invocation> {
    let name = name.to_str()?;
    match name {
        "haproxy" => Some(Invocation::Haproxy(text(rest.to_vec()))),
        "keepalived" => Some(Invocation::Keepalived(text(rest.to_vec()))),
        "crm_mon" => Some(Invocation::CrmMon(text(rest.to_vec()))),
        "crm_simulate" => Some(Invocation::CrmSimulate(text(rest.to_vec()))),
        "crm_verify" => Some(Invocation::CrmVerify(text(rest.to_vec()))),
        "pcs" => Some(Invocation::Pcs(text(rest.to_vec()))),
        "pcsd" => Some(Invocation::Pcsd(rest.to_vec())),
        "ccs" => Some(Invocation::Ccs(text(rest.to_vec()))),
        _ if pcsd::CLUSTER_SERVICES.contains(&name) => {
            Some(Invocation::Service(name.to_owned(), text(rest.to_vec())))
        }
        "lab" => Some(Invocation::Lab(rest.to_vec())),
        _ if tools().any(|tool| tool == name) => Some(Invocation::PacemakerTool(
            name.to_owned(),
            text(rest.to_vec()),
        )),
        _ if NOT_BUILT.contains(&name) => Some(Invocation::NotBuilt(name.to_owned())),
        _ => None,
    }
}

/// Pacemaker's tools, by name.
fn tools() -> impl Iterator<Item = &'static str> {
    let small = pcs::TOOLS.iter().map(|(name, _)| *name);
    small.chain(pcs::AGENT_TOOLS.iter().map(|(name, _)| *name))
}

fn own(words: Vec<OsString>) -> Invocation {
    match CommandLine::try_parse_from(words) {
        Ok(CommandLine { verb }) => match verb {
            Verb::Run(options) => Invocation::Run(options),
            Verb::Status(options) => Invocation::Status(options),
            Verb::Reload(options) => Invocation::Reload(options),
            Verb::Haproxy(words) => Invocation::Haproxy(text(words.words)),
            Verb::Keepalived(words) => Invocation::Keepalived(text(words.words)),
            Verb::CrmMon(words) => Invocation::CrmMon(text(words.words)),
            Verb::CrmSimulate(words) => Invocation::CrmSimulate(text(words.words)),
            Verb::CrmVerify(words) => Invocation::CrmVerify(text(words.words)),
            Verb::Pcs(words) => Invocation::Pcs(text(words.words)),
            Verb::Pcsd(words) => Invocation::Pcsd(words.words),
            Verb::Ccs(words) => Invocation::Ccs(text(words.words)),
            Verb::Lab(words) => Invocation::Lab(words.words),
            Verb::Cluster(words) => Invocation::Cluster(words.words),
            Verb::Witness(words) => Invocation::Witness(words.words),
        },
        Err(error) => Invocation::Print {
            text: explain(&error),
            code: if error.use_stderr() { 2 } else { 0 },
        },
    }
}

/// clap's words, with the peers' among the suggestions.
fn explain(error: &clap::Error) -> String {
    let text = error.to_string();
    let written = match error.get(clap::error::ContextKind::InvalidSubcommand) {
        Some(clap::error::ContextValue::String(written)) => written,
        _ => return text,
    };
    let verbs = CommandLine::command();
    let names = verbs
        .get_subcommands()
        .map(clap::Command::get_name)
        .chain(NOT_BUILT.iter().copied())
        .chain(tools().map(|name| -> &str { name }));
    let hint = match diagnostics::nearest(written, names) {
        Some(name) => format!("\n  did you mean `keel {name}`?\n"),
        None => String::new(),
    };
    format!("error: keel has no verb '{written}'\n{hint}\nFor all verbs: keel --help\n")
}

fn text(words: Vec<OsString>) -> Vec<String> {
    let lossy = |word: OsString| word.to_string_lossy().into_owned();
    words.into_iter().map(lossy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoked(line: &str) -> Invocation {
        read(line.split_whitespace().map(OsString::from).collect())
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_peer_is_known_by_the_link_and_by_the_word() {
        let haproxy = Invocation::Haproxy(words(&["-f", "a.cfg", "-h"]));
        let keepalived = Invocation::Keepalived(words(&["-n", "--help"]));
        let simulate = Invocation::CrmSimulate(words(&["-x", "a", "-S"]));
        let pcs = Invocation::Pcs(words(&["-f", "a", "status"]));
        let verify = Invocation::CrmVerify(words(&["-x", "a", "-V"]));
        for (line, expected) in [
            ("/usr/sbin/haproxy -f a.cfg -h", &haproxy),
            ("keel haproxy -f a.cfg -h", &haproxy),
            ("./keepalived -n --help", &keepalived),
            ("/x/keel keepalived -n --help", &keepalived),
            ("haproxy", &Invocation::Haproxy(Vec::new())),
            ("keel pcs -f a status", &pcs),
            ("/usr/sbin/pcs -f a status", &pcs),
            ("keel crm_simulate -x a -S", &simulate),
            ("/usr/sbin/crm_simulate -x a -S", &simulate),
            ("keel crm_verify -x a -V", &verify),
            ("/usr/sbin/crm_verify -x a -V", &verify),
            ("crm_mon -1", &Invocation::CrmMon(words(&["-1"]))),
            (
                "/usr/sbin/crm_node -n",
                &Invocation::PacemakerTool("crm_node".to_owned(), words(&["-n"])),
            ),
            (
                "pacemakerd -F",
                &Invocation::NotBuilt("pacemakerd".to_owned()),
            ),
            (
                "keel ccs --lsnodes",
                &Invocation::Ccs(words(&["--lsnodes"])),
            ),
            (
                "/etc/init.d/cman start",
                &Invocation::Service("cman".to_owned(), words(&["start"])),
            ),
            ("/usr/sbin/pcsd", &Invocation::Pcsd(Vec::new())),
            (
                "keel pcsd password",
                &Invocation::Pcsd(vec!["password".into()]),
            ),
            ("haproxy role-balancer", &Invocation::RoleBalancer),
            (
                "keepalived role-keeper -n",
                &Invocation::RoleKeeper(words(&["-n"])),
            ),
            (
                "keel lab demo --json",
                &Invocation::Lab(vec!["demo".into(), "--json".into()]),
            ),
        ] {
            assert_eq!(&invoked(line), expected, "{line}");
        }
    }

    #[test]
    fn our_own_verbs_are_read() {
        let run = |haproxy: &[&str], keepalived: Option<&str>| RunOptions {
            haproxy: haproxy.iter().map(PathBuf::from).collect(),
            keepalived: keepalived.map(PathBuf::from),
            check: false,
            daemon: false,
            pidfile: None,
            dont_respawn: false,
            quiet: false,
        };
        for (line, expected) in [
            (
                "keel run --haproxy a --haproxy b --keepalived c",
                Invocation::Run(run(&["a", "b"], Some("c"))),
            ),
            (
                "keel status --json",
                Invocation::Status(StatusOptions {
                    json: true,
                    pid: None,
                }),
            ),
            (
                "keel reload --pid 7",
                Invocation::Reload(ReloadOptions { pid: Some(7) }),
            ),
        ] {
            assert_eq!(invoked(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_verb_is_answered_with_the_nearest() {
        for (line, part, expected_code) in [
            ("keel", "Usage: keel", 2),
            ("keel --help", "keepalived's command line", 0),
            ("keel run", "--haproxy", 2),
            ("keel stauts", "did you mean `keel status`?", 2),
            ("keel hapoxy -f x", "did you mean `keel haproxy`?", 2),
            ("keel crm_simulat", "did you mean `keel crm_simulate`?", 2),
            ("keel frobnicate", "keel has no verb 'frobnicate'", 2),
        ] {
            let Invocation::Print { text, code } = invoked(line) else {
                panic!("{line}");
            };
            assert!(text.contains(part), "{line}: {text}");
            assert_eq!(code, expected_code, "{line}");
        }
    }
}
