//! `keel lab VERB …`.

mod rehearse;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::{node, probe, room, web};

const USAGE: &str = "\
usage: keel lab VERB …

  demo [OPTIONS]            rehearse the landlord pair: two machines, one address, one client
  rehearse FILE [OPTIONS]   start the machines of a lab.toml, break them, print what it cost
  up FILE [--engine NAME]   start the machines and keep them until Ctrl-C

  options of demo and rehearse:
    --engine NAME     an engine of the file, or 'both' for all of them (default: keel)
    --runs N          play everything N times and print medians (default: 1)
    --fault NAME      play only this fault; may be given several times
    --json            print the figures as JSON on standard output, and nothing else there
    --keep-logs DIR   write every command's output to DIR

  on the machines of a lab:
  web --listen ADDRESS:PORT [--say NAME]    a small web server that answers with a name
  echo --listen ADDRESS:PORT [--say NAME]   the same for UDP datagrams
  probe --http ADDRESS:PORT|--udp ADDRESS:PORT [--host H] [--path P] [--pace-us N] [--timeout-ms N]
                                            ask until SIGTERM, then say what was seen
";

/// Runs `keel lab` with the words after `lab`. Exit code 0: all is well; 1: a fault exceeded a
/// limit, or something failed; 2: the command line is wrong.
pub fn command_line(arguments: Vec<OsString>) -> ExitCode {
    let words: Vec<String> = arguments
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let (verb, rest) = match words.split_first() {
        Some((verb, rest)) => (verb.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match verb {
        // The lab's own processes; nobody types these.
        "room" => return room::enter(),
        "room-init" => return room::live(),
        "node" => return node::live(),
        "demo" => rehearse::demo(rest),
        "rehearse" => rehearse::rehearse(rest),
        "up" => rehearse::up(rest),
        "probe" => {
            understood(probe::run::parse(rest)).and_then(|target| io(probe::run::run(target)))
        }
        "web" => understood(web::parse(rest)).and_then(|service| io(web::serve_http(&service))),
        "echo" => understood(web::parse(rest)).and_then(|service| io(web::serve_echo(&service))),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        unknown => Err(Failure::Usage(format!("unknown verb '{unknown}'"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("keel lab: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            rehearse::give_way_to_interruption();
            eprintln!("keel lab: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Why a verb did not end well.
enum Failure {
    /// The command line cannot be understood.
    Usage(String),
    /// It could be, but was not done, or not well enough.
    Failed(String),
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

type Outcome = Result<(), Failure>;

fn understood<T>(parsed: Result<T, String>) -> Result<T, Failure> {
    parsed.map_err(Failure::Usage)
}

fn io(outcome: std::io::Result<()>) -> Outcome {
    outcome.map_err(|error| Failure::Failed(error.to_string()))
}
