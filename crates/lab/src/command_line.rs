//! `keel lab VERB …`.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::{node, probe, room, web};

const USAGE: &str = "\
usage: keel lab VERB …

  web --listen ADDRESS:PORT [--say NAME]     a small web server that answers with a name
  echo --listen ADDRESS:PORT [--say NAME]    the same for UDP datagrams
";

/// Runs `keel lab` with the words after `lab`.
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
        "node" => return node::enter(),
        "node-init" => return node::live(),
        "probe" => probe::run::parse(rest).and_then(|target| io(probe::run::run(target))),
        "web" => web::parse(rest).and_then(|service| io(web::serve_http(&service))),
        "echo" => web::parse(rest).and_then(|service| io(web::serve_echo(&service))),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        unknown => Err(format!("unknown verb '{unknown}'\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("keel lab: {message}");
            ExitCode::FAILURE
        }
    }
}

fn io(outcome: std::io::Result<()>) -> Result<(), String> {
    outcome.map_err(|error| error.to_string())
}
