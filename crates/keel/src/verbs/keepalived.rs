//! `keel keepalived`: keepalived's command line.

use std::path::Path;
use std::process::ExitCode;

use address_keeper::command_line::{HELP, Options, Request, parse};
use address_keeper::configuration;

use super::launch::{self, Launch};
use crate::shell::presence::Exclusive;
use crate::shell::signals::Personality;

/// Runs keepalived's command line.
pub fn keepalived(words: Vec<String>) -> ExitCode {
    match parse(words.iter().cloned()) {
        Ok(Request::Run(options)) => run(words, &options),
        Ok(Request::Test(options, file)) => test(&options, file.as_deref()),
        Ok(Request::Version) => {
            println!(
                "Keepalived's language, spoken by Evenkeel keel {} (this is not keepalived itself)",
                env!("CARGO_PKG_VERSION")
            );
            ExitCode::SUCCESS
        }
        Ok(Request::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => super::failure(&format!("keepalived: {error}\n\n{HELP}")),
    }
}

fn test(options: &Options, file: Option<&Path>) -> ExitCode {
    let check = configuration::check(options);
    let mut text = check.messages.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    match file {
        None => eprint!("{text}"),
        Some(path) => {
            if let Err(error) = std::fs::write(path, text) {
                return super::failure(&format!("keepalived: {}: {error}", path.display()));
            }
        }
    }
    if check.refused {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn run(words: Vec<String>, options: &Options) -> ExitCode {
    match launch::keeper_messages(&words) {
        Ok(messages) => eprint!("{messages}"),
        Err(messages) => return super::failure(&messages),
    }
    Launch {
        personality: Personality::Keepalived,
        daemon: !options.foreground,
        pidfile: Some((options.pid_file.clone(), Exclusive::Yes)),
        notify: true,
        replaces: Vec::new(),
        masters: Vec::new(),
        quiet: false,
        respawn: options.respawn,
        keeper: Some(words),
        balancer: None,
    }
    .run()
}
