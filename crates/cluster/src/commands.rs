//! `keel cluster …`: the daemon, and what an operator asks it.

mod keys;
mod run;
mod show;
mod timing;
mod witness;

pub use witness::witness_command_line;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "keel cluster",
    about = "Who is in the cluster, whether it has quorum, and its CIB"
)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the daemon in the foreground
    Run(run::RunOptions),
    /// Say how the cluster is, as this node knows it
    #[command(
        after_help = "Exit codes: 0 this node may act, 1 it may not or something is wrong, 3 no daemon runs."
    )]
    Status(ShowOptions),
    /// Say whether this node may act, and why
    #[command(after_help = "Exit codes: 0 this node may act, 1 it may not, 3 no daemon runs.")]
    Quorum(ShowOptions),
    /// List the nodes
    Members(ShowOptions),
    /// List the links to the other nodes, and how they do
    Links(ShowOptions),
    /// Print the CIB
    Cib(show::CibOptions),
    /// Say how long a failover takes at worst, and which option each part comes from
    Timing(timing::TimingOptions),
    /// Make the certificates by which the nodes know each other
    #[command(subcommand)]
    Keys(keys::KeysVerb),
}

/// Which file, and which node of it.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The configuration [default: /etc/corosync/corosync.conf, or /etc/cluster/cluster.conf]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// The name or id of this node, where its addresses do not tell
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
}

impl Place {
    fn path(&self) -> PathBuf {
        self.file.clone().unwrap_or_else(crate::setup::default_path)
    }
}

/// How to print.
#[derive(Debug, Args)]
pub(super) struct ShowOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `keel cluster` with the words after `cluster`.
#[must_use]
pub fn command_line(words: Vec<OsString>) -> ExitCode {
    let words = std::iter::once(OsString::from("keel cluster")).chain(words);
    let verb = match CommandLine::try_parse_from(words) {
        Ok(line) => line.verb,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match verb {
        Verb::Run(options) => run::run(&options),
        Verb::Status(options) => show::status(options.json),
        Verb::Quorum(options) => show::quorum(options.json),
        Verb::Members(options) => show::members(options.json),
        Verb::Links(options) => show::links(options.json),
        Verb::Cib(options) => show::cib(&options),
        Verb::Timing(options) => timing::timing(&options),
        Verb::Keys(verb) => keys::keys(&verb),
    }
}

fn failure(text: &str) -> ExitCode {
    eprintln!("keel cluster: {}", text.trim_end());
    ExitCode::FAILURE
}

/// Prints a value as JSON.
fn print_json<T: serde::Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value).expect("keys are strings");
    println!("{text}");
}
